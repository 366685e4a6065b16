/** Result of a fit: mixture, candidates, and tests that run on demand. */
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import type { Key } from '../../lib/index.js'
import { Case } from '../core/index.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import type { Clusters } from '../mixture/merging.js'
import * as Mixture from '../mixture/mixture.js'
import { assignTo, type Assign } from './assign.js'
import * as Bootstrap from './bootstrap.js'
import { bestExcluded, type Criterion, type FailedCandidate, type RankedCandidate } from './candidates.js'
import { findHint, involvesMinVariance, type Hint } from './hint.js'
import { findLocalOptimum, type LocalOptimum } from './localOptimum.js'
import type { ResolvedOptions } from './resolveOptions.js'
import { mergeOverlapping } from './overlapping.js'
import { groupEvidence, type GroupEvidence } from './groupEvidence.js'
import type { SingleCluster } from './singleCluster.js'
import { singleStart, type Starts } from './restarts.js'
import { fitSummary } from './summary.js'
import * as Text from './text.js'
import type { TrainingData } from './trainingData.js'
import { writtenFit } from './written.js'

export interface Fit {
  /** In the original units, sorted by means. */
  readonly mixture: Mixture.Mixture
  readonly family: string
  readonly components: number
  readonly columns: ReadonlyArray<string>
  /** Constant columns, which are not fitted. */
  readonly leftOut: ReadonlyArray<string>
  /**
   * Candidate with the lowest criterion, if excluded because a component is empty or kept from collapsing by the minimum variance alone;
   * otherwise null.
   */
  readonly excluded: RankedCandidate | null
  /** Components given by the option `fixed`, in the given order. */
  readonly fixed: ReadonlyArray<number>
  /** Columns at the minimum variance in components of the excluded candidate, if there is one, otherwise of this one. */
  readonly minVarianceColumns: ReadonlyArray<string>
  /** Weighted mean of log p(x) over the rows. */
  readonly logLikelihood: number
  readonly bic: number
  readonly aic: number
  readonly icl: number
  /** ICL corrected for few cells per parameter: see `Statistics`. */
  readonly iclc: number
  /** Evidence for several groups against one; null unless ICLc compared one component with several. */
  readonly evidence: GroupEvidence | null
  /** −2 Σ w log p(x), each row by a fit without its fold; null unless it is the criterion. */
  readonly crossValidated: number | null
  readonly criterion: Criterion
  /** Seed of the best start, which alone gives an equal fit. */
  readonly seed: number
  /** If few starts agree, more may find a better fit. */
  readonly starts: Starts
  /** In rows; null for maximum likelihood. */
  readonly prior: number | null
  /** Approximate posterior probability of the candidate (see `Ranked`). */
  readonly posterior: number
  /** All fitted candidates, best first; the first is this one. */
  readonly candidates: RNEA.ReadonlyNonEmptyArray<RankedCandidate>
  readonly refused: ReadonlyArray<FailedCandidate>
  /** Null if columns were not scaled during the fit. */
  readonly scaling: Points.Scaling | null
  readonly assign: Assign
  /** Returns the contents of the model file (see `fromJSON`). */
  readonly toJSON: () => object
  /**
   * Tests by a few EM iterations if heavy tails or a background lower the criterion. Null if not, if `robust` compared them, with missing
   * cells, and for sources.
   */
  readonly robustnessHint: () => Hint | null
  /**
   * Tests by a few moves on at most 4000 rows if two components share one cluster while another covers two. Null if not, with missing
   * cells, and for sources.
   */
  readonly localOptimum: () => LocalOptimum | null
  /** Merges overlapping components into clusters (Baudry et al. 2010). Null if none overlap, with missing cells, and for sources. */
  readonly overlapping: () => Clusters | null
  readonly sample: (rows: number) => (key: Key.Key) => Points.Points
  /**
   * Returns percentile intervals over resamples of the rows; a source must still be open. Throws a RangeError for invalid options, and if
   * too few resamples keep all components.
   */
  readonly bootstrap: (options?: Bootstrap.Options) => Bootstrap.Bootstrap
  /** Returns the components and the candidates as text. */
  readonly table: () => string
}

export interface FitContext {
  readonly options: ResolvedOptions
  readonly data: TrainingData
  readonly columns: ReadonlyArray<string>
  readonly usedColumns: ReadonlyArray<number>
}

export interface RankedChoice extends Pick<Fit, 'candidates' | 'refused'> {
  /** Null if several components were not compared with one cluster. */
  readonly singleCluster: SingleCluster | null
}

/** Returns the fit that selects the first of the ranked candidates. */
export const toFit = (context: FitContext, { candidates, refused, singleCluster }: RankedChoice): Fit => {
  const { options, data, usedColumns } = context
  const { criterion, seed, prior, missing } = options
  const [best] = candidates
  const { mixture, family, components, statistics, posterior, pipeline, minimumVariance, fixed } = best
  const { logLikelihood, bic, aic, icl, iclc, crossValidated = null } = statistics
  const evidence = groupEvidence(singleCluster, candidates)
  const columns = usedColumns.map(j => context.columns[j])
  const leftOut = context.columns.filter((_, j) => !usedColumns.includes(j))
  const excluded = bestExcluded(criterion, candidates)
  const minVarianceColumns = (excluded ?? best).minVarianceColumns.map(j => columns[j])
  return {
    mixture,
    family,
    components,
    columns,
    leftOut,
    excluded,
    fixed,
    minVarianceColumns,
    logLikelihood,
    bic,
    aic,
    icl,
    iclc,
    crossValidated,
    evidence,
    criterion,
    seed,
    starts: singleStart,
    prior,
    posterior,
    candidates,
    refused,
    scaling: data.scaling,
    assign: assignTo(mixture, { missing, columns: { given: context.columns.length, used: usedColumns } }),
    ...diagnosticsOf(context, candidates),
    sample: rows => key => Mixture.sample(rows)(key)(mixture),
    bootstrap: settings => {
      const fit = { mixture, pipeline, scaling: data.scaling, prior, minimumVariance, fixed }
      return Problem.orThrow(Bootstrap.of(settings)(fit, data.original))
    },
    table: () =>
      fitSummary({ columns, criterion, evidence, candidates, leftOut, excluded, minVarianceColumns, fixed, refused }),
    toJSON: () => toModelFile(best, { columns, scaling: data.scaling, seed, prior })
  }
}

/** Tests that run when called, on rows in memory. */
const diagnosticsOf = (
  { options, data }: FitContext,
  candidates: RNEA.ReadonlyNonEmptyArray<RankedCandidate>
): Pick<Fit, 'robustnessHint' | 'localOptimum' | 'overlapping'> => {
  const { criterion, prior, robust, background } = options
  const { original, scaling } = data
  const [{ mixture, pipeline, minimumVariance, fixed }] = candidates
  if (!Source.isInMemory(original))
    return { robustnessHint: () => null, localOptimum: () => null, overlapping: () => null }
  const tested = { points: original, scaling, prior, minimumVariance }
  return {
    robustnessHint: () =>
      robust === true || background !== undefined
        ? null
        : findHint({
            ...tested,
            chosen: { score: pipeline.score, mixture },
            ranked: candidates,
            criterion,
            involvesMinVariance: involvesMinVariance(criterion, candidates)
          }),
    localOptimum: () => findLocalOptimum({ ...tested, score: pipeline.score, mixture, fixed }),
    overlapping: () => mergeOverlapping(original, mixture)
  }
}

const toModelFile = (
  { family, mixture, pipeline, statistics, steps, fixed, isConverged }: RankedCandidate,
  settings: Pick<Fit, 'columns' | 'scaling' | 'seed' | 'prior'>
): object =>
  writtenFit({
    ...settings,
    family: Text.commandLineName(family),
    mixture,
    recipe: 'grown',
    pipeline: Case.encode(pipeline),
    statistics,
    steps,
    fixed,
    converged: isConverged
  })
