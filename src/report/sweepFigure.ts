/**
 * The picture of a sweep: of each table a panel, in it a row for each choice: how far the log-likelihood of each seed lies below the best
 * of the table, the mean with its interval, and how many seeds reach the best.
 */
import { show } from '../choice/table.js'
import { of, type Picture } from '../picture/drawing.js'
import * as Marks from '../picture/mark.js'
import { besides, panelIn, type Panel } from '../picture/panel.js'
import * as Scale from '../picture/scale.js'
import { wide, type Xy } from '../picture/svg.js'

/** What a fit of a sweep came to. */
export interface Swept {
  readonly data: string
  readonly fit: string
  readonly result?: { readonly logLikelihood: number } | undefined
}

const WIDTH = 640
const ROW = 34
/** Log-likelihoods per row that are nearer are the same. */
const SAME = 1e-6

interface Outcome {
  readonly name: string
  /** Of each seed that is done: its log-likelihood per row, less the best of the table. */
  readonly differences: ReadonlyArray<number>
  readonly seeds: number
}

/** Student's quantile at 0.975: Abramowitz & Stegun 26.7.5, right to 1 % from 3 degrees of freedom on. */
const quantile = (degrees: number): number => {
  const terms = [1.95996, 2.37227, 2.8225, 2.55585, 1.58953]
  return terms.reduceRight((sum, term) => term + sum / degrees, 0)
}

/** The mean of values, and half of its 95 % interval by Student's t; null with fewer than four. */
export const interval = (values: ReadonlyArray<number>): { readonly mean: number; readonly half: number } | null => {
  const count = values.length
  if (count < 4) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (count - 1)
  return { mean, half: quantile(count - 1) * Math.sqrt(variance / count) }
}

/** Seeds of one value, and how many they are: those that one mark would hide. */
const tallied = (
  values: ReadonlyArray<number>,
  width: number
): ReadonlyArray<readonly [value: number, count: number]> =>
  [...values]
    .sort((a, b) => b - a)
    .reduce<ReadonlyArray<readonly [number, number]>>((found, value) => {
      const last = found.at(-1)
      return last !== undefined && last[0] - value <= width
        ? [...found.slice(0, -1), [last[0], last[1] + 1]]
        : [...found, [value, 1]]
    }, [])

const reached = ({ differences, seeds }: Outcome): string =>
  `best in ${differences.filter(value => value >= -SAME).length} of ${differences.length}` +
  (differences.length < seeds ? `, ${seeds - differences.length} failed` : '')

const panelOf = (data: string, outcomes: ReadonlyArray<Outcome>, isLast: boolean): Panel => {
  const all = outcomes.flatMap(({ differences }) => differences)
  const ends = outcomes.flatMap(({ differences }) => {
    const found = interval(differences)
    return found === null ? [] : [found.mean - found.half, found.mean + found.half]
  })
  const domain = Scale.extent(all.length === 0 ? [0, 1] : [0, ...all, ...ends], 0.05)
  const near = (domain[1] - domain[0]) / 60
  return {
    title: data,
    x: { title: isLast ? 'log-likelihood per row, less the best of the table' : '', domain, count: 6 },
    y: {
      scale: Scale.reversed(Scale.bands(outcomes.map(({ name }) => name)))
    },
    marks: outcomes.flatMap((outcome, k) => {
      const { differences } = outcome
      const found = interval(differences)
      const groups = tallied(differences, near)
      return [
        ...(found === null || found.half === 0
          ? []
          : [
              Marks.intervals([{ at: k + 0.25, low: found.mean - found.half, high: found.mean + found.half }], {
                across: 'x',
                k
              }),
              Marks.line(
                [
                  [found.mean, k + 0.12],
                  [found.mean, k + 0.38]
                ],
                { k }
              )
            ]),
        Marks.dots(
          groups.map(([value]): Xy => [value, k - 0.12]),
          { k, r: 4 }
        ),
        ...groups.filter(([, count]) => count > 1).map(([value, count]) => Marks.words([value, k - 0.36], `×${count}`)),
        Marks.words([domain[1], k], `  ${reached(outcome)}`, { anchor: 'start' })
      ]
    })
  }
}

export const spread = (lines: ReadonlyArray<Swept>): Picture => {
  const names = [...new Set(lines.map(({ fit }) => fit))]
  const tables = [...new Set(lines.map(({ data }) => data))]
  const outcomes = tables.map(data => {
    const own = lines.filter(one => one.data === data)
    const best = Math.max(...own.flatMap(({ result }) => (result === undefined ? [] : [result.logLikelihood])))
    return names.map((name): Outcome => {
      const runs = own.filter(({ fit }) => fit === name)
      return {
        name,
        seeds: runs.length,
        differences: runs.flatMap(({ result }) => (result === undefined ? [] : [result.logLikelihood - best]))
      }
    })
  })
  const panels = tables.map((data, i) => panelOf(data, outcomes[i], i === tables.length - 1))
  const left = 6 + Math.max(...panels.map(panel => besides(panel)))
  const right = 24 + Math.max(...outcomes.flat().map(outcome => wide(reached(outcome))))
  const height = ROW * names.length
  const each = height + 62
  const done = lines.filter(({ result }) => result !== undefined).length
  return of(
    {
      width: WIDTH,
      height: tables.length * each + 20,
      body: panels
        .map((panel, i) => panelIn(panel, { left, top: 26 + i * each, width: WIDTH - left - right, height }))
        .join('')
    },
    {
      name: 'sweep',
      title: 'Log-likelihoods of a sweep',
      description:
        `${done} of ${lines.length} fits. ` +
        tables
          .map(
            (data, i) =>
              `${data}: ${outcomes[i]
                .map(outcome => {
                  const found = interval(outcome.differences)
                  return `${outcome.name} ${reached(outcome)}${found === null ? '' : `, on average ${show(found.mean, 3)} from the best`}`
                })
                .join('; ')}`
          )
          .join('. '),
      note: 'A mark for each seed, or for several (×) of one value; below it the mean and its 95 % interval, from four seeds on.'
    }
  )
}
