/** First frame of each question, drawn when the page is written and shown until its program runs. */
import { Picture } from 'ornstein'
import { questions } from './questions/index.js'
import { charts, inWholePixels, phoneSize, plotPicture, thumbnail } from './plot.js'
import { defaults, runKey, runQuestion } from './questions/question.js'
import { questionParts, viewParts } from './shown.js'

const sizes = { picture: { width: 440, height: 500 }, panels: { width: 400, height: 500 } }

export const links = questions.map(({ number, name }) => ({ number, name }))
export const { styles } = Picture
/** HTML of the page's parts by question and id; `phone` replaces those of another size on a phone. */
export const frames = Object.fromEntries(
  questions.map((question, i) => {
    const choice = defaults(question)
    const steps = question.opens?.step ?? 0
    const seen = {
      ...runQuestion(question, choice, { steps }),
      blur: question.opens?.blur ?? 0,
      told: false,
      done: false
    }
    const view = question.view(seen)
    const { parts } = viewParts(question, view, seen, { sizes, said: null })
    const phone = {
      picture: inWholePixels(plotPicture(view.picture, phoneSize(view.picture)).svg),
      panels: charts(view.panels, { width: 360, height: 138 })
    }
    const wide = questionParts(question, choice, questions.at(i + 1)?.number ?? null)
    return [question.number, { ...wide, ...parts, picture: inWholePixels(parts.picture), phone }]
  })
)

/** Returns a small picture of each question's finding, by number; `stored` are the stored answers. */
export const thumbs = (
  stored: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>
): Record<string, string> =>
  Object.fromEntries(
    questions.map(question => {
      const { number, finding = {} } = question
      const choice = defaults(question)
      const end = runQuestion(question, choice, { stored: stored[number]?.[runKey(question, choice)] })
      const last = { ...end, blur: finding.blur ?? 0 }
      const step = finding.step ?? question.view(last).rests ?? last.step
      return [number, thumbnail(question.view({ ...last, step }).picture)]
    })
  )
