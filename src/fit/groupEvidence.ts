/** Evidence that a table has groups: its best mixture of several components against one cluster. */
import { criterionValue, isDegenerate, isSupported, type RankedCandidate } from './candidates.js'
import type { SingleCluster } from './singleCluster.js'

export interface GroupEvidence {
  /** Model of one cluster with the lowest ICLc. */
  readonly singleCluster: SingleCluster
  /** ICLc of one cluster, minus that of the best candidate with several components; negative if one cluster describes the rows better. */
  readonly difference: number
  /**
   * Upper bound of the share of tables without groups whose difference is at least this large, from simulated tables of 6 to 300 rows
   * (docs/how-many-groups.md).
   */
  readonly chance: number
}

/**
 * Differences, and an upper bound (95 %) of the share of simulated tables without groups at least as large. Of 966 tables of one normal,
 * correlated, box, ball, log-normal or t(3) cluster, with 6 to 300 rows and 1 to 10 columns, 14 reached 0 and 4 reached 4.
 */
const CALIBRATION: ReadonlyArray<{ readonly difference: number; readonly chance: number }> = [
  { difference: 4, chance: 0.01 },
  { difference: 0, chance: 0.03 }
]

const chanceOf = (difference: number): number => CALIBRATION.find(one => difference >= one.difference)?.chance ?? 1

/** Returns the evidence; null without a model of one cluster or a valid candidate with several components. */
export const groupEvidence = (
  singleCluster: SingleCluster | null,
  candidates: ReadonlyArray<RankedCandidate>
): GroupEvidence | null => {
  const values = candidates
    .filter(candidate => candidate.components > 1 && !isDegenerate(candidate) && isSupported(candidate))
    .map(({ statistics }) => criterionValue('iclc', statistics))
  if (singleCluster === null || values.length === 0) return null
  const difference = singleCluster.value - Math.min(...values)
  return { singleCluster, difference, chance: chanceOf(difference) }
}

const ONE_CLUSTER_NAMES: Readonly<Record<SingleCluster['shape'], string>> = {
  normal: 'one normal cluster',
  'log-normal': 'one log-normal cluster',
  'Student-t': 'one cluster with heavy tails (Student-t)',
  box: 'one uniform box',
  ellipsoid: 'one uniform ellipsoid'
}

/** Rows below which a single group is ascribed to their small number. */
const FEW_ROWS = 20

/** Explains why the number of groups is, or is not, more than one. */
export const evidenceSentence = (
  { singleCluster, chance }: GroupEvidence,
  { components, rows }: { readonly components: number; readonly rows: number }
): string => {
  if (components > 1)
    return `Tables of this size without any groups show a difference this large in fewer than ${Math.round(100 * chance)} of 100 cases.`
  if (rows < FEW_ROWS) return `${rows} rows are too few to tell groups from chance; shown is one group.`
  return `No groups: ${ONE_CLUSTER_NAMES[singleCluster.shape]} describes the rows better than several groups do.`
}
