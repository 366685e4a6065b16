/** Phase diagrams: the boundary, along the axes of a problem, at which an algorithm begins to succeed. */
import { groupBy } from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import { exp, log } from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import { leastSquares, logisticMidpoint } from './estimates.js'

/** Position of a cell: a number on each axis. */
export type At<A extends string> = Readonly<Record<A, number>>

/** Result of a cell's runs. Plain data, so that a diagram can be continued from JSON. */
export interface Cell<A extends string> {
  readonly at: At<A>
  readonly successes: number
  readonly runs: number
}

export interface Description<A extends string> {
  readonly axes: Readonly<Record<A, ReadonlyArray<number>>>
  readonly seeds: number
  /** Runs once and returns true on success. The key depends on the cell and the run alone. */
  readonly succeeds: (at: At<A>, key: Key.Key) => boolean
  readonly seed?: number
  /** Earlier results; cells with as many runs are not run again. */
  readonly known?: ReadonlyArray<Cell<A>>
  /** Runs only every `of`-th of the unknown cells, from `index`, so that several processes can share a diagram. */
  readonly part?: { readonly index: number; readonly of: number }
  /** Called with each cell after its runs. */
  readonly onCell?: (cell: Cell<A>) => void
}

/**
 * Position along one axis at which half of the runs succeed, others fixed: by logistic regression in its logarithm, with a 95 % interval.
 */
export interface Threshold<A extends string> {
  readonly at: Partial<At<A>>
  readonly value: number
  readonly low: number
  readonly high: number
  /** Slope of the log odds in the logarithm of the position. */
  readonly slope: number
  /** True if the threshold lies within the axis; otherwise it is extrapolated. */
  readonly inside: boolean
}

/** Power law of thresholds: constant · Π axis^exponent, with 95 % half-widths. */
export interface Exponents<A extends string> {
  readonly constant: number
  readonly of: Partial<Readonly<Record<A, { readonly value: number; readonly half: number }>>>
  /** Σ (residual/standard error)², which widens the half-widths if it exceeds the degrees of freedom. */
  readonly chiSquared: number
  readonly degrees: number
}

export interface Thresholds<A extends string> {
  readonly each: ReadonlyArray<Threshold<A>>
  /** Fits a power law in the named axes, by weighted least squares of log thresholds within the axis. */
  readonly exponents: (names: ReadonlyArray<A>) => Exponents<A>
  readonly table: () => string
}

export interface Diagram<A extends string> {
  readonly cells: ReadonlyArray<Cell<A>>
  /** Thresholds along an axis, multiplied by `unit` at each position if given, such as rows if the axis is a multiple of them. */
  readonly threshold: (along: A, unit?: (at: At<A>) => number) => Thresholds<A>
  /** Shares of success as bars (▁ none, █ all) along an axis; a line for each combination of the others. */
  readonly picture: (along: A) => string
}

/** Geometric sequence of `count` numbers from a to b. */
export const geometric = (a: number, b: number, count: number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, i) => a * exp((log(b / a) * i) / Math.max(1, count - 1)))

const NORMAL_97_5_QUANTILE = 1.959963984540054

const withoutAxisOf = <A extends string>(at: At<A>, along: A): Partial<At<A>> =>
  // A part of the original record.
  Object.fromEntries(Object.entries(at).filter(([name]) => name !== along)) as Partial<At<A>>

const namesWithValues = <A extends string>(at: Partial<At<A>>): string =>
  Object.entries<number | undefined>(at)
    .map(([name, x]) => `${name} ${x?.toPrecision(4)}`)
    .join(', ')

const cellLines = <A extends string>(cells: ReadonlyArray<Cell<A>>, along: A): ReadonlyArray<ReadonlyArray<Cell<A>>> =>
  Object.values(groupBy(({ at }: Cell<A>) => JSON.stringify(withoutAxisOf(at, along)))(cells))

const fitThresholds = <A extends string>(
  cells: ReadonlyArray<Cell<A>>,
  along: A,
  unit: (at: At<A>) => number
): Thresholds<A> => {
  const fitted = cellLines(cells, along).map(own => {
    const trials = own.map(({ at, successes, runs }) => ({ x: unit(at), successes, runs }))
    const found = logisticMidpoint(trials)
    const xs = trials.map(({ x }) => x)
    const value = exp(found.log)
    const threshold: Threshold<A> = {
      at: withoutAxisOf(own[0].at, along),
      value,
      low: exp(found.log - NORMAL_97_5_QUANTILE * found.error),
      high: exp(found.log + NORMAL_97_5_QUANTILE * found.error),
      slope: found.slope,
      inside: found.slope > 0 && value >= Math.min(...xs) && value <= Math.max(...xs)
    }
    return { threshold, error: found.error }
  })
  return {
    each: fitted.map(({ threshold }) => threshold),
    exponents: of => {
      const own = fitted.filter(({ threshold }) => threshold.inside)
      if (own.length <= of.length)
        return refuse(`Phase: ${own.length} thresholds within the axis, for ${of.length + 1} numbers; widen the axis`)
      const rows = own.map(({ threshold: { at } }) => [1, ...of.map(name => log(at[name] ?? NaN))])
      const { coefficients, inverse, chiSquared } = leastSquares(
        rows,
        own.map(({ threshold }) => log(threshold.value)),
        own.map(({ error }) => 1 / (error * error))
      )
      const degrees = own.length - of.length - 1
      const scale = Math.max(1, chiSquared / Math.max(1, degrees))
      return {
        constant: exp(coefficients[0]),
        // The axes named by the caller.
        of: Object.fromEntries(
          of.map((name, j) => [
            name,
            { value: coefficients[j + 1], half: NORMAL_97_5_QUANTILE * Math.sqrt(scale * inverse(j + 1, j + 1)) }
          ])
        ) as Exponents<A>['of'],
        chiSquared,
        degrees
      }
    },
    table: () =>
      fitted
        .map(({ threshold: { at, value, low, high, inside } }) =>
          inside
            ? `${namesWithValues(at)}: ${value.toPrecision(3)} [${low.toPrecision(3)}, ${high.toPrecision(3)}]`
            : `${namesWithValues(at)}: outside of the axis`
        )
        .join('\n')
  }
}

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/**
 * Phase diagram: runs each cell of a grid a number of times, and estimates thresholds along an axis. Each cell has its own keys, so cells
 * may be run in parts, by other processes, and passed as `known`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Phase } from 'ornstein'
 *
 * // Is the mean of so many numbers above half their mean? The threshold is as 1/mean².
 * const diagram = Phase.diagram({
 *   axes: { rows: Phase.geometric(1, 256, 9), mean: [0.25, 0.5, 1] },
 *   seeds: 60,
 *   succeeds: ({ rows, mean }, key) => {
 *     const n = Math.round(rows)
 *     const noise = Key.normal(n)(key).reduce((sum, z) => sum + z, 0) / n
 *     return Math.abs(noise) < 0.5 * mean
 *   }
 * })
 * const { of } = diagram.threshold('rows').exponents(['mean'])
 * assert.ok(of.mean !== undefined && Math.abs(of.mean.value + 2) < 0.4)
 */
export const diagram = <const A extends string>({
  axes,
  seeds,
  succeeds,
  seed = 0,
  known = [],
  part = { index: 0, of: 1 },
  onCell = () => undefined
}: Description<A>): Diagram<A> => {
  const places = Object.entries<ReadonlyArray<number>>(axes).reduce<ReadonlyArray<At<A>>>(
    (all, [name, xs]) => all.flatMap(at => xs.map(x => ({ ...at, [name]: x }))),
    [{} as At<A>]
  )
  const found = new Map(known.map(cell => [JSON.stringify(cell.at), cell]))
  const cells = places.flatMap((at, i): ReadonlyArray<Cell<A>> => {
    const name = JSON.stringify(at)
    const before = found.get(name)
    if (before !== undefined && before.runs >= seeds) return [before]
    if (i % part.of !== part.index) return []
    const own = Key.named(name)(Key.fromSeed(seed))[name]
    const successes = Array.from({ length: seeds }, (_, i) => succeeds(at, Key.child(i)(own))).filter(Boolean).length
    const cell = { at, successes, runs: seeds }
    onCell(cell)
    return [cell]
  })
  return {
    cells,
    threshold: (along, unit = at => at[along]) => fitThresholds(cells, along, unit),
    picture: along =>
      cellLines(cells, along)
        .map(own => {
          const bars = own.map(({ successes, runs }) => BARS[Math.min(7, Math.floor((8 * successes) / runs))])
          return `${bars.join('')}  ${namesWithValues(withoutAxisOf(own[0].at, along))}`
        })
        .join('\n')
  }
}
