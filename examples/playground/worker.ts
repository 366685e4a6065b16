/** The library's side of the page: one engine, in a thread of its own, that answers questions in their order. */
import { engine, type Answer, type Ask } from './engine.js'

/** A question with its number, by which its answer is known. */
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
