/** HTML of the page's parts for a question, also for the first frame. */
import { charts, classOf, legend, plotPicture, type Plotted } from './plot.js'
import type { Ask, Choice, Question, Seen, Table, View } from './questions/question.js'

/** Meanings by word, from docs/glossary.md; defined by the bundler. */
declare const GLOSSARY: Readonly<Record<string, string>>
export const meaningOf = (word: string): string => (typeof GLOSSARY === 'undefined' ? '' : GLOSSARY[word])

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
/** Word of the glossary in a text: `{word}`, or `{shown text|word}`. */
export const wordPattern = /\{(?:([^{}|]+)\|)?([^{}|]+)\}/g
/** HTML of a text: `*…*` is emphasis, `{…}` a word of the glossary. */
export const markupHtml = (text: string): string =>
  escaped(text)
    .replace(/(^|[\s(*])-(?=\d)/g, '$1−')
    // Keeps a formula on one line.
    .replace(/(\bt|\|c\|) = (?=\d)/g, '$1\u2060\u00a0=\u00a0')
    .replace(/\*([^*]+)\*/g, '<b>$1</b>')
    .replace(
      wordPattern,
      (_, shown: string | undefined, word: string) =>
        `<button type="button" class="term" data-term="${word.toLowerCase()}">${shown ?? word}</button>`
    )

export interface Sizes {
  readonly picture: { readonly width: number; readonly height: number }
  readonly panels: { readonly width: number; readonly height: number }
}

const askHtml = ({ text, options }: Ask): string =>
  `<legend>${escaped(text)}</legend><div class="chips">${options
    .map(([value, label]) => `<label><input type="radio" name="guess" value="${value}" />${escaped(label)}</label>`)
    .join('')}</div>`

const tableHtml = ({ head, rows, now }: Table): string =>
  `<table><thead><tr>${head.map(cell => `<th scope="col">${escaped(cell)}</th>`).join('')}</tr></thead><tbody>${rows
    .map(
      ({ name, look, cells }, r) =>
        `<tr class="${classOf(look)}"><th scope="row">${escaped(name)}</th>${cells
          .map(
            (cell, c) =>
              `<td><button type="button" data-cell="${r},${c}" aria-pressed="${r === now[0] && c === now[1]}">${escaped(cell)}</button></td>`
          )
          .join('')}</tr>`
    )
    .join('')}</tbody></table>`

/** Compares the reader's prediction with the answer; empty without a prediction. */
const verdictText = ({ options }: Ask, said: string | null, answer: string): string => {
  const label = (value: string | null): string =>
    options.find(([each]) => each === value)?.[1].replace(/^[A-Z](?![A-Z])/, first => first.toLowerCase()) ?? ''
  return said === null ? '' : `*You said “${label(said)}”: ${said === answer ? 'yes' : `no, ${label(answer)}`}.* `
}

/** Link to the next question, or from the last one to the end. */
const nextLink = (leads: string, next: string | null): string =>
  `<a href="#${next === null ? 'end' : `question=${next}`}">${escaped(leads)} →</a>`

/** Radio buttons for clean and noised points; empty if the question has no noise. */
const noiseSwitch = ({ hasNoise, opens }: Question): string =>
  hasNoise === false
    ? ''
    : (['clean', 'noised'] as const)
        .map(points => {
          const isChosen = (points === 'noised') === (opens?.blur === 1)
          return `<label><input type="radio" name="points" value="${points}"${isChosen ? ' checked' : ''} />${points}</label>`
        })
        .join('')

/** Parts that depend on the question and choice only, by id; `next` is the number of the next question. */
export const questionParts = (asking: Question, choice: Choice, next: string | null): Record<string, string> => ({
  question: escaped(asking.question),
  lead: markupHtml(asking.lead),
  next: nextLink(asking.leads, next),
  statement: markupHtml(asking.statement),
  ask: askHtml(asking.ask(choice)),
  switch: noiseSwitch(asking),
  tries: asking.tries
    .map(
      ({ text, asks }, i) =>
        `<button type="button" data-try="${i}">${markupHtml(text)}<span>${markupHtml(asks)}</span></button>`
    )
    .join('')
})

/** Parts that change with the run and its step, by id; and the plot, for its maps to pixels. */
export const viewParts = (
  { ask, unit, first, steps, place }: Question,
  { picture, panels, table, now, answer, happened, why }: View,
  seen: Seen<unknown, unknown>,
  { sizes, said }: { readonly sizes: Sizes; readonly said: string | null }
): { readonly parts: Record<string, string>; readonly plot: Plotted } => {
  const { step, choice, done, told } = seen
  const isKnown = told && (done || ask(choice).atOnce === true)
  const plot = plotPicture(picture, sizes.picture)
  return {
    plot,
    parts: {
      picture: plot.svg,
      caption: markupHtml(picture.caption),
      panels: charts(panels, sizes.panels),
      legend: legend(panels),
      says: `<p>${markupHtml(now)}</p>${isKnown ? `<p>${markupHtml(verdictText(ask(choice), said, answer) + happened)}</p>` : ''}`,
      counts: table === undefined ? '' : tableHtml(table),
      why: isKnown ? markupHtml(why) : '<span class="later">After your answer and the run.</span>',
      at: `${place === undefined ? `${unit} ${step + (first ?? 0)} of ${steps(choice) + (first ?? 0)}` : place(seen)}${done ? '' : ' …'}`
    }
  }
}
