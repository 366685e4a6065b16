/** What the page says and shows of a question, as the content of its parts: the page’s first frame is made of it as well. */
import { charts, classOf, legend, plotted, type Plotted } from './plot.js'
import type { Ask, Choice, Question, Seen, Table, View } from './questions/question.js'

/** The glossary of docs/glossary.md, which the bundler puts here: what each word means. */
declare const GLOSSARY: Readonly<Record<string, string>>
export const meaningOf = (word: string): string => (typeof GLOSSARY === 'undefined' ? '' : GLOSSARY[word])

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
/** A word of the glossary in a text: `{word}`, or `{as it stands there|word}`. */
export const wordPattern = /\{(?:([^{}|]+)\|)?([^{}|]+)\}/g
/** `*…*` is emphasis, `{…}` a word of the glossary; the rest is text. */
export const marked = (text: string): string =>
  escaped(text)
    .replace(/(^|[\s(*])-(?=\d)/g, '$1−')
    // A formula is not broken.
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

const asked = ({ text, options }: Ask): string =>
  `<legend>${escaped(text)}</legend><div class="chips">${options
    .map(([value, label]) => `<label><input type="radio" name="guess" value="${value}" />${escaped(label)}</label>`)
    .join('')}</div>`

const tabled = ({ head, rows, now }: Table): string =>
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

/** What was said beside what it was. */
const verdict = ({ options }: Ask, said: string | null, answer: string): string => {
  const label = (value: string | null): string =>
    options.find(([each]) => each === value)?.[1].replace(/^[A-Z](?![A-Z])/, first => first.toLowerCase()) ?? ''
  return said === null ? '' : `*You said “${label(said)}”: ${said === answer ? 'yes' : `no, ${label(answer)}`}.* `
}

/** The way on: to the next question, or from the last one to the end. */
const nextOf = (leads: string, next: string | null): string =>
  `<a href="#${next === null ? 'end' : `question=${next}`}">${escaped(leads)} →</a>`

/** The parts of the page that a question alone decides, by their ids; `next` is the number of the question after it. */
export const framed = (
  { question, lead, statement, tries, ask, leads }: Question,
  choice: Choice,
  next: string | null
): Record<string, string> => ({
  question: escaped(question),
  lead: marked(lead),
  next: nextOf(leads, next),
  statement: marked(statement),
  ask: asked(ask(choice)),
  tries: tries
    .map(
      ({ text, asks }, i) =>
        `<button type="button" data-try="${i}">${marked(text)}<span>${marked(asks)}</span></button>`
    )
    .join('')
})

/** Those that change with the run and its step; and where the picture has put the plane. */
export const shownOf = (
  { ask, unit, first, steps, place }: Question,
  { picture, panels, table, now, answer, happened, why }: View,
  seen: Seen<unknown, unknown>,
  { sizes, said }: { readonly sizes: Sizes; readonly said: string | null }
): { readonly parts: Record<string, string>; readonly plot: Plotted } => {
  const { step, choice, done, told } = seen
  const isKnown = told && (done || ask(choice).atOnce === true)
  const plot = plotted(picture, sizes.picture)
  return {
    plot,
    parts: {
      picture: plot.svg,
      caption: marked(picture.caption),
      panels: charts(panels, sizes.panels),
      legend: legend(panels),
      says: `<p>${marked(now)}</p>${isKnown ? `<p>${marked(verdict(ask(choice), said, answer) + happened)}</p>` : ''}`,
      counts: table === undefined ? '' : tabled(table),
      why: isKnown ? marked(why) : '<span class="later">After your answer and the run.</span>',
      at: `${place === undefined ? `${unit} ${step + (first ?? 0)} of ${steps(choice) + (first ?? 0)}` : place(seen)}${done ? '' : ' …'}`
    }
  }
}
