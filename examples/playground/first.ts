/** What stands in the page before its program runs: the first frame of each question, drawn when the page is written. */
import { Picture } from 'ornstein'
import { questions } from './questions/index.js'
import { charts, phoneSize, plotted, thinned, thumbnail } from './plot.js'
import { defaults, runKey, taken } from './questions/question.js'
import { framed, shownOf } from './shown.js'

/** Dots that the first picture on a phone has of a cloud, at most. */
const PHONE_ROWS = 160
const sizes = { picture: { width: 440, height: 500 }, panels: { width: 400, height: 500 } }

export const links = questions.map(({ number, name }) => ({ number, name }))
export const { styles } = Picture
/** The content of the page's parts, by their ids; `phone` has those that a phone has in another size. */
export const frames = Object.fromEntries(
  questions.map((question, i) => {
    const choice = defaults(question)
    const steps = question.opens?.step ?? 0
    const seen = { ...taken(question, choice, { steps }), blur: question.opens?.blur ?? 0, told: false, done: false }
    const view = question.view(seen)
    const { parts } = shownOf(question, view, seen, { sizes, said: null })
    const phone = {
      picture: thinned(plotted(view.picture, phoneSize(view.picture)).svg, PHONE_ROWS),
      panels: charts(view.panels, { width: 360, height: 138 })
    }
    const wide = framed(question, choice, questions.at(i + 1)?.number ?? null)
    return [question.number, { ...wide, ...parts, picture: thinned(parts.picture), phone }]
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
