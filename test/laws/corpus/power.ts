/** The power of the laws: which share of the wrong inventions of the corpus is caught, by which laws, and what is alarmed falsely. */
import fc from 'fast-check'
import { executedCases, notApplicableOf } from '../../../src/laws/check.js'
import type { Law } from '../../../src/laws/law.js'
import { vacuityReason } from '../../../src/laws/lawRows.js'
import type { Invention } from './index.js'

export interface Verdict extends Pick<Invention, 'concept' | 'name'> {
  readonly wrong: boolean
  readonly seed: number
  /** The laws that failed. */
  readonly by: ReadonlyArray<string>
  /** Of processor time. */
  readonly seconds: number
  /** Of the laws of what is right, as a report has them: how many are held, say nothing, or are claimed by nobody. */
  readonly reported?: { readonly held: number; readonly vacuous: number; readonly unheld: number }
}

/** Seconds that laws took, by name: what is cheap is asked first. */
type Costs = Map<string, number>

interface Asking {
  readonly numRuns?: number
  /** Whether every law is asked of what is wrong; else until one fails. */
  readonly all?: boolean
  readonly likely?: ReadonlyArray<string>
  readonly costs?: Costs
}

/** Seconds that this process has used. */
const processor = (): number => process.cpuUsage().user / 1e6

/** A few cases of each law come before many of any: most mistakes are seen by the first of them. */
const FEW = 6

/** Those that are likely to see it first, then the cheap; of what has not been timed, those of which few cases are enough come last. */
const inOrder = (
  laws: ReadonlyArray<Law>,
  { likely, costs }: Required<Pick<Asking, 'likely' | 'costs'>>
): ReadonlyArray<Law> => {
  const cost = ({ name, maxCases }: Law): number => costs.get(name) ?? (maxCases === undefined ? 0.01 : 1)
  return [...laws].sort(
    (a, b) => Number(likely.includes(b.name)) - Number(likely.includes(a.name)) || cost(a) - cost(b)
  )
}

/** By every law, or until one fails. */
export const verdictOf = (
  { concept, name, law, held }: Invention,
  seed: number,
  { numRuns = 100, all = true, likely = [], costs = new Map() }: Asking = {}
): Verdict => {
  const begun = processor()
  const wrong = law !== null
  const made = held()
  const laws = inOrder(made, { likely, costs })
  const exercised: Array<boolean> = []
  const fails =
    (numRuns: number) =>
    ({ name, property, says }: Law): boolean => {
      const begun = processor()
      const verbose = wrong ? fc.VerbosityLevel.None : fc.VerbosityLevel.VeryVerbose
      const { failed, executionSummary } = fc.check(property, { seed, numRuns, endOnFailure: true, verbose })
      if (says !== undefined && !wrong)
        exercised.push(vacuityReason(executedCases(executionSummary).map(says)) === null)
      costs.set(name, Math.max(costs.get(name) ?? 0, processor() - begun))
      return failed
    }
  const failing = all
    ? laws.filter(fails(numRuns))
    : [laws.find(fails(Math.min(FEW, numRuns))) ?? laws.find(fails(numRuns))].filter(law => law !== undefined)
  const verdict = { concept, name, wrong, seed, by: failing.map(law => law.name), seconds: processor() - begun }
  const spoken = exercised.filter(isSpoken => isSpoken).length
  return wrong
    ? verdict
    : {
        ...verdict,
        reported: { held: spoken, vacuous: exercised.length - spoken, unheld: notApplicableOf(made).length }
      }
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
    const wrong = of.filter(({ wrong }) => wrong)
    const right = of.filter(({ wrong }) => !wrong)
    const caught = wrong.filter(({ by }) => by.length > 0).length
    const alarms = right.filter(({ by }) => by.length > 0).length
    // By the first seed, which asks as many cases as a user does.
    const reports = right.filter(({ seed }) => seed === verdicts[0].seed).flatMap(({ reported }) => reported ?? [])
    const sum = (of: (report: (typeof reports)[number]) => number): string =>
      String(reports.reduce((sum, report) => sum + of(report), 0))
    return [
      name,
      String(Math.ceil(wrong.length / seeds)),
      percent(caught, wrong.length),
      String(Math.ceil(right.length / seeds)),
      String(alarms),
      sum(({ held }) => held),
      sum(({ vacuous }) => vacuous),
      sum(({ unheld }) => unheld)
    ]
  }
  const wrong = verdicts.filter(({ wrong }) => wrong)
  const laws = [...new Set(wrong.flatMap(({ by }) => by))]
  const escaped = [
    ...new Set(wrong.filter(({ by }) => by.length === 0).map(({ concept, name }) => `${concept}: ${name}`))
  ]
  return [
    tabled([
      ['concept', 'wrong', `caught, of ${seeds} seeds each`, 'right', 'false alarms', 'held', 'vacuous', 'not held'],
      ['---', ...Array.from({ length: 7 }, () => '--:')],
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

const costs: Costs = new Map()

/**
 * Every invention by one seed, given the verdicts of those before, as long as `goesOn`. Laws are asked of what is wrong until it is caught, or
 * all of them by the first seed where `all` says so; what is right is held to all.
 */
export const verdicts = (
  inventions: ReadonlyArray<Invention>,
  seed: number,
  before: ReadonlyArray<Verdict>,
  tell: (verdict: Verdict) => void,
  {
    all = false,
    numRuns = 100,
    concepts = [],
    goesOn = () => true
  }: Pick<Asking, 'all' | 'numRuns'> & {
    /** Those that are asked; all of no names. */
    readonly concepts?: ReadonlyArray<string>
    readonly goesOn?: () => boolean
  } = {}
): ReadonlyArray<Verdict> =>
  inventions.flatMap(invention => {
    if (concepts.length > 0 && !concepts.includes(invention.concept)) return []
    const known = before.filter(({ concept, name }) => concept === invention.concept && name === invention.name)
    const old = known.find(verdict => verdict.seed === seed)
    if (old === undefined && !goesOn()) return []
    const verdict =
      old ??
      verdictOf(invention, seed, {
        // What is right fails by chance alone, in few cases of many seeds as in many of one.
        numRuns: invention.law !== null || known.length === 0 ? numRuns : Math.ceil(numRuns / 10),
        all: invention.law === null || (all && known.length === 0),
        likely: known.flatMap(({ by }) => by),
        costs
      })
    tell(verdict)
    return [verdict]
  })
