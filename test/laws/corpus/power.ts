/** The power of the laws: which share of the wrong inventions of the corpus is caught, by which laws, and what is alarmed falsely. */
import fc from 'fast-check'
import type { Law } from '../../../src/laws/law.js'
import { corpus, type Invention } from './index.js'

export interface Verdict extends Pick<Invention, 'concept' | 'name' | 'wrong'> {
  readonly seed: number
  /** The laws that failed. */
  readonly by: ReadonlyArray<string>
}

/** Those that are likely to see it first, then those of which few cases are enough: these see most. */
const likelyFirst = (laws: ReadonlyArray<Law>, likely: ReadonlyArray<string>): ReadonlyArray<Law> =>
  [...laws].sort(
    (a, b) => Number(likely.includes(b.name)) - Number(likely.includes(a.name)) || (a.enough ?? 100) - (b.enough ?? 100)
  )

/** By every law, or until one fails. */
export const verdictOf = (
  { concept, name, wrong, held }: Invention,
  seed: number,
  {
    numRuns = 100,
    all = true,
    likely = []
  }: { readonly numRuns?: number; readonly all?: boolean; readonly likely?: ReadonlyArray<string> } = {}
): Verdict => {
  const laws = likelyFirst(held(), likely)
  const fails = ({ property }: Law): boolean => fc.check(property, { seed, numRuns, endOnFailure: true }).failed
  const failing = all ? laws.filter(fails) : [laws.find(fails)].filter(law => law !== undefined)
  return { concept, name, wrong, seed, by: failing.map(law => law.name) }
}

/** Rows of a table: cells between bars. */
const tabled = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows.map(cells => `| ${cells.join(' | ')} |`).join('\n')

const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${Math.round((1000 * part) / whole) / 10} %`

/** By concept: how many are caught of those that are wrong, and false alarms of those that are right; and by law. */
export const summary = (verdicts: ReadonlyArray<Verdict>): string => {
  const concepts = [...new Set(verdicts.map(({ concept }) => concept))]
  const seeds = new Set(verdicts.map(({ seed }) => seed)).size
  const line = (of: ReadonlyArray<Verdict>, name: string): ReadonlyArray<string> => {
    const [wrong, right] = [of.filter(({ wrong }) => wrong), of.filter(({ wrong }) => !wrong)]
    const caught = wrong.filter(({ by }) => by.length > 0).length
    const alarms = right.filter(({ by }) => by.length > 0).length
    return [
      name,
      String(wrong.length / seeds),
      percent(caught, wrong.length),
      String(right.length / seeds),
      String(alarms)
    ]
  }
  const wrong = verdicts.filter(({ wrong }) => wrong)
  const laws = [...new Set(wrong.flatMap(({ by }) => by))]
  const escaped = [
    ...new Set(wrong.filter(({ by }) => by.length === 0).map(({ concept, name }) => `${concept}: ${name}`))
  ]
  return [
    tabled([
      ['concept', 'wrong', `caught, of ${seeds} seeds each`, 'right', 'false alarms'],
      ['---', '--:', '--:', '--:', '--:'],
      ...concepts.map(concept =>
        line(
          verdicts.filter(verdict => verdict.concept === concept),
          concept
        )
      ),
      line(verdicts, 'all')
    ]),
    '',
    tabled([
      ['law', 'wrong ones it caught', 'false alarms'],
      ['---', '--:', '--:'],
      ...laws
        .map(law => {
          const caught = wrong.filter(({ by }) => by.includes(law))
          const alarms = verdicts.filter(({ wrong, by }) => !wrong && by.includes(law)).length
          return [law, new Set(caught.map(({ concept, name }) => `${concept} ${name}`)).size, alarms] as const
        })
        .sort(([, a], [, b]) => b - a)
        .map(row => row.map(String))
    ]),
    ...(escaped.length === 0 ? [] : ['', `Not caught by every seed: ${escaped.join('; ')}.`])
  ].join('\n')
}

/**
 * Every invention by one seed, given the verdicts of those before. The first seed asks every law of what is wrong, the others until it
 * is caught; what is right is held to all.
 */
export const verdicts = (
  seed: number,
  before: ReadonlyArray<Verdict>,
  tell: (verdict: Verdict) => void
): ReadonlyArray<Verdict> =>
  corpus.map(invention => {
    const known = before.filter(({ concept, name }) => concept === invention.concept && name === invention.name)
    const verdict =
      known.find(verdict => verdict.seed === seed) ??
      verdictOf(invention, seed, {
        all: known.length === 0 || !invention.wrong,
        likely: known.flatMap(({ by }) => by)
      })
    tell(verdict)
    return verdict
  })
