/** The answers of questions whose runs take seconds, computed when the page is written by the code that the page runs for other choices. */
import { questions } from './questions/index.js'
import { defaults, runKey } from './questions/question.js'

/** Significant digits of a stored number: as many as a picture shows. */
const DIGITS = 4
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number'
    ? Number(value.toPrecision(DIGITS))
    : ArrayBuffer.isView(value)
      ? [...(value as Float64Array)]
      : value

/** By the number of the question, and by what its run depends on. */
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
