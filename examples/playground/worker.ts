/** Worker: one engine in its own thread, which replies to requests in order. */
import { engine, type Answer, type Ask } from './engine.js'

/** Request with a number, which its reply has too. */
export interface Question<K extends keyof Ask = keyof Ask> {
  readonly id: number
  readonly kind: K
  readonly ask: Ask[K]
}

export type Reply<K extends keyof Ask = keyof Ask> =
  | { readonly id: number; readonly answer: Answer[K] }
  | { readonly id: number; readonly error: string }

const { answer } = engine()

self.onmessage = ({ data }: MessageEvent<Question>): void => {
  const reply = (): Reply => {
    try {
      return { id: data.id, answer: answer(data.kind, data.ask) }
    } catch (error) {
      return { id: data.id, error: error instanceof Error ? error.message : String(error) }
    }
  }
  self.postMessage(reply())
}
