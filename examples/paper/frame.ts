/** What a program of the paper gives: what it measured, and how that is told. */
import { Compile, type Picture, type Pipeline, type Points, Problem } from 'ornstein'

/** `quick` shows in seconds that the claim holds; `full` is what docs/paper.md tells. */
export type Budget = 'quick' | 'full'

/** A number and its 95 % confidence interval. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
  /** From how many trials. */
  readonly trials: number
}

/** The normal quantile at 0.975. */
const Z = 1.959963984540054

/** Successes among trials, with the interval of Wilson (1927). */
export const share = (successes: number, trials: number): Estimate => {
  const p = successes / trials
  const scale = 1 + Z ** 2 / trials
  const centre = (p + Z ** 2 / (2 * trials)) / scale
  const half = (Z / scale) * Math.sqrt((p * (1 - p)) / trials + Z ** 2 / (4 * trials ** 2))
  // At 0 and at all successes the ends are exact: rounding must not move them.
  const low = successes === 0 ? 0 : centre - half
  const high = successes === trials ? 1 : centre + half
  return { value: p, low, high, trials }
}

/** Student's quantile at 0.975: Abramowitz & Stegun 26.7.5, right to 3e-4 relative from 4 degrees of freedom on. */
export const studentQuantile = (degrees: number): number =>
  [
    Z,
    (Z ** 3 + Z) / 4,
    (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96,
    (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384,
    (79 * Z ** 9 + 776 * Z ** 7 + 1482 * Z ** 5 - 1920 * Z ** 3 - 945 * Z) / 92160
  ].reduce((sum, term, power) => sum + term / degrees ** power, 0)

const average = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** The mean of at least five independent values, with Student's interval. */
export const mean = (values: ReadonlyArray<number>): Estimate => {
  const centre = average(values)
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1)
  const half = studentQuantile(values.length - 1) * Math.sqrt(variance / values.length)
  return { value: centre, low: centre - half, high: centre + half, trials: values.length }
}

/** The geometric mean of at least five positive values (ratios, say), with Student's interval of the logarithms. */
export const geometricMean = (values: ReadonlyArray<number>): Estimate => {
  const { value, low, high, trials } = mean(values.map(Math.log))
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high), trials }
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2
}

export type Cell = string | number | Estimate

export interface Table {
  readonly caption: string
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<Cell>>
}

export interface Figure {
  /** The file is docs/paper/<program>-<name>.svg. */
  readonly name: string
  /** What a reader who does not see it should know. */
  readonly description: string
  readonly caption: string
  readonly drawn: Picture.Drawn
}

/** What a program gives: `measured` is what tests assert on, the rest is what people read. */
export interface Report<M> {
  readonly title: string
  /** In our own words, with its place in the paper. */
  readonly claim: string
  /** Problems, numbers of rows, seeds, what counts as success: paragraphs. */
  readonly setting: ReadonlyArray<string>
  /** Computed from the numbers. */
  readonly findings: ReadonlyArray<string>
  readonly tables: ReadonlyArray<Table>
  readonly figures: ReadonlyArray<Figure>
  readonly measured: M
}

export type Main<M> = (budget: Budget) => Report<M>

/** A program that compiles; a pipeline of ours that is refused is a mistake of ours, and says which. */
export const compiled =
  <P extends string>(pipeline: Pipeline.Pipeline<P>) =>
  (points: Points.Points): Compile.Program<P> =>
    Problem.orThrow(Compile.pipeline(pipeline)(points))

/** A number as people read it. */
export const show = (x: number, digits = 3): string =>
  x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e6)
    ? x.toExponential(digits - 1)
    : Number.isInteger(x)
      ? String(x)
      : x.toPrecision(digits).includes('e')
        ? x.toFixed(0)
        : x.toPrecision(digits)

/** An estimate with its interval, all to the same decimals. */
export const showEstimate = ({ value, low, high }: Estimate): string => {
  if (!Number.isFinite(value)) return '–'
  const size = Math.max(Math.abs(value), Math.abs(high - low))
  const decimals = size === 0 ? 2 : Math.min(Math.max(2 - Math.floor(Math.log10(size)), 0), 6)
  const of = (x: number): string => x.toFixed(decimals)
  return `${of(value)} [${of(low)}, ${of(high)}]`
}

export const showCell = (cell: Cell): string =>
  typeof cell === 'string' ? cell : typeof cell === 'number' ? show(cell) : showEstimate(cell)
