/** Detects components that describe the tails of another component. */
import * as Mixture from '../mixture/index.js'

/** Minimum ratio of the widths of tail and core in the widest column. */
const MIN_WIDTH_RATIO = 3

const MIN_OTHER_RATIO = 0.7

/** Maximum distance of the centres in every column, in standard deviations of the tail. */
const MAX_CENTRE_DISTANCE = 0.5

interface ProbableTail {
  readonly tail: number
  readonly core: number
  /** Column with the largest ratio of standard deviations, and that ratio. */
  readonly column: number
  readonly ratio: number
}

/**
 * Returns the components with the centre of a heavier one and several times its width, each with its heaviest core; empty for t
 * distributions.
 */
export const findProbableTails = (mixture: Mixture.Mixture): ReadonlyArray<ProbableTail> => {
  if (mixture.tails !== undefined) return []
  const { means, variances } = Mixture.marginals(mixture)
  const { weights } = mixture
  const compare = (tail: number, core: number): ReadonlyArray<ProbableTail> => {
    const ratios = variances[tail].map((variance, j) => Math.sqrt(variance / variances[core][j]))
    const ratio = Math.max(...ratios)
    const isConcentric = means[tail].every(
      (mean, j) => Math.abs(mean - means[core][j]) <= MAX_CENTRE_DISTANCE * Math.sqrt(variances[tail][j])
    )
    const isTail =
      weights[tail] < weights[core] &&
      isConcentric &&
      ratio >= MIN_WIDTH_RATIO &&
      ratios.every(other => other >= MIN_OTHER_RATIO)
    return isTail ? [{ tail, core, column: ratios.indexOf(ratio), ratio }] : []
  }
  const heaviestFirst = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a])
  return Array.from(weights.keys()).flatMap(tail => heaviestFirst.flatMap(core => compare(tail, core)).slice(0, 1))
}

/** “Component 2 has the centre of component 1 and is 5 times as wide in jumps: …” */
export const probableTailSentence = (
  { tail, core, column, ratio }: ProbableTail,
  columns: ReadonlyArray<string>
): string =>
  `Component ${tail + 1} has the centre of component ${core + 1} and is ${ratio.toPrecision(2)} times as wide in ${columns[column]}: ` +
  `it is probably the tail of component ${core + 1}, not a cluster.`
