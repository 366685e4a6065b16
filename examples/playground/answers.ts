/** Stored answers of questions whose runs take seconds, computed when the page is written. */
import { questions } from './questions/index.js'
import { defaults, runKey } from './questions/question.js'

/** Significant digits of a stored number, enough for pictures. */
const DIGITS = 4
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number'
    ? Number(value.toPrecision(DIGITS))
    : ArrayBuffer.isView(value)
      ? [...(value as Float64Array)]
      : value

/** Returns the answers as JSON, by number of the question and key of the run. */
export const answers = (): string =>
  JSON.stringify(
    Object.fromEntries(
      questions.flatMap(question => {
        const { stored } = question
        if (stored === undefined) return []
        const all = stored.choices.map(change => {
          const choice = { ...defaults(question), ...change }
          return [runKey(question, choice), stored.compute(choice)] as const
        })
        return [[question.number, Object.fromEntries(all)]]
      })
    ),
    rounded
  )
