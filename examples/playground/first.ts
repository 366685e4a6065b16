/** What stands in the page before its program runs: the first frame of each question, drawn when the page is written. */
import { Picture } from 'ornstein'
import { questions } from './questions/index.js'
import { thumbnail } from './plot.js'
import { defaults, runKey, taken } from './questions/question.js'
import { framed, shownOf } from './shown.js'

const sizes = { picture: { width: 440, height: 500 }, panels: { width: 400, height: 500 } }

export const links = questions.map(({ number, name }) => ({ number, name }))
export const { styles } = Picture
/** The content of the page's parts, by their ids. */
export const frames = Object.fromEntries(
  questions.map((question, i) => {
    const choice = defaults(question)
    const steps = question.opens?.step ?? 0
    const seen = { ...taken(question, choice, { steps }), blur: question.opens?.blur ?? 0, told: false, done: false }
    const shown = shownOf(question, question.view(seen), seen, { sizes, said: null })
    return [question.number, { ...framed(question, choice, questions.at(i + 1)?.number ?? null), ...shown.parts }]
  })
)

/** What each question found, as a small picture, by its number; `stored` are the answers that take seconds. */
export const thumbs = (
  stored: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>
): Record<string, string> =>
  Object.fromEntries(
    questions.map(question => {
      const { number, finding = {} } = question
      const choice = defaults(question)
      const end = taken(question, choice, { stored: stored[number]?.[runKey(question, choice)] })
      const last = { ...end, blur: finding.blur ?? 0 }
      const step = finding.step ?? question.view(last).rests ?? last.step
      return [number, thumbnail(question.view({ ...last, step }).picture)]
    })
  )
