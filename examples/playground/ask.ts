/** Requests to the worker, which contains the library, and its replies. */
import type { Answer, Ask } from './engine.js'
import type { Question, Reply } from './worker.js'

// The page's program is also the worker's. Chromium starts no module from a page opened as a file.
const program = document.getElementById('program')?.textContent ?? ''
const worker = new Worker(URL.createObjectURL(new Blob([program], { type: 'text/javascript' })))
const pendingReplies = new Map<number, (reply: Reply) => void>()
let lastId = 0
worker.onmessage = ({ data }: MessageEvent<Reply>) => {
  pendingReplies.get(data.id)?.(data)
  pendingReplies.delete(data.id)
}
worker.onerror = ({ message }) => {
  for (const [id, reply] of pendingReplies)
    reply({ id, error: !message ? 'the library could not be started here' : message })
  pendingReplies.clear()
}
export const ask = <K extends keyof Ask>(kind: K, what: Ask[K]): Promise<Answer[K]> =>
  new Promise((resolve, reject) => {
    const question: Question<K> = { id: ++lastId, kind, ask: what }
    // The reply has this kind; the worker has the same types.
    pendingReplies.set(question.id, reply => {
      if ('error' in reply) reject(new Error(reply.error))
      else resolve(reply.answer as Answer[K])
    })
    worker.postMessage(question)
  })
