/** Questions to the worker, which has the library, and its answers. */
import type { Answer, Ask } from './engine.js'
import type { Question, Reply } from './worker.js'

// The page's own program, which is the worker's as well. Chromium starts no module from a page that is a file.
const program = document.getElementById('program')?.textContent ?? ''
const worker = new Worker(URL.createObjectURL(new Blob([program], { type: 'text/javascript' })))
const waiting = new Map<number, (reply: Reply) => void>()
let asked = 0
worker.onmessage = ({ data }: MessageEvent<Reply>) => {
  waiting.get(data.id)?.(data)
  waiting.delete(data.id)
}
worker.onerror = ({ message }) => {
  for (const [id, reply] of waiting) reply({ id, error: !message ? 'the library could not be started here' : message })
  waiting.clear()
}
export const ask = <K extends keyof Ask>(kind: K, what: Ask[K]): Promise<Answer[K]> =>
  new Promise((resolve, reject) => {
    const question: Question<K> = { id: ++asked, kind, ask: what }
    // The reply to a question of this kind; the worker has the same types.
    waiting.set(question.id, reply => {
      if ('error' in reply) reject(new Error(reply.error))
      else resolve(reply.answer as Answer[K])
    })
    worker.postMessage(question)
  })
