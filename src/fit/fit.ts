/** One call from data to a mixture: families and numbers of components are learned from the same data, and an information criterion chooses. `mixture` returns problems as values; `fit` throws them, for those who prefer that. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import { Key } from '../../lib/index.js'
import { flatMapped, last, lazy } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case } from '../core/index.js'
import * as Problem from '../core/problem.js'
import * as Setting from '../core/setting.js'
import * as Given from '../data/asGiven.js'
import * as Points from '../data/points.js'
import type * as Place from '../data/place.js'
import * as Source from '../data/source/source.js'
import * as Missing from '../mixture/em/missing.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import * as Score from '../score/score.js'
import * as Bootstrap from './bootstrap.js'
import * as Candidates from './candidates.js'
import * as CrossValidation from './crossValidation.js'
import * as Data from './scaledData.js'
import * as FixedComponents from './fixedComponents.js'
import * as Families from './familyNames.js'
import * as ModelBody from './modelBody.js'
import * as Settings from './fitSettings.js'
import * as Hint from './hint.js'
import type { Clusters } from '../mixture/merging.js'
import * as Overlapping from './overlapping.js'
import * as Learning from './learning.js'
import * as Starts from './starts.js'
import * as Stuck from './stuck.js'
import { summary } from './summary.js'
import * as Text from './text.js'
import { written } from './written.js'

export type { Unsupported } from '../mixture/em/support.js'
export type { Hint } from './hint.js'
export type { Starts } from './starts.js'
export type { Stuck } from './stuck.js'
export type { Candidate, Constructor, Criterion, Learned, Ranked, Refused } from './candidates.js'
export { families, familyOf, isFamilyName, type FamilyName } from './familyNames.js'

type Rows = Given.Rows

/** How far a fit has come: `done` of `of` candidates; the one of so many components of a family is next. */
export interface Progress {
  readonly family: string
  readonly components: number
  readonly done: number
  readonly of: number
}

export interface Options extends Families.Compared {
  /** The same seed gives the same bits; 0 unless given. */
  readonly seed?: number | undefined
  /**
   * So many fits are made, under this seed and those that follow it, and the best by the criterion is kept; 1 unless given. Each takes as
   * long as one, and how many agree is told: see `Fit.starts`. What does not depend on the seed is the same in all.
   */
  readonly starts?: number | undefined
  /** How often each row counts, ≥ 0, instead of the weights that points carry; a row of weight 0 is left out. */
  readonly weights?: ArrayLike<number> | undefined
  /**
   * Whether columns are brought to mean 0 and standard deviation 1 to learn; true unless given. The mixture is in the data's
   * own units either way. Without it, what round components find depends on the units of the columns.
   */
  readonly standardize?: boolean | undefined
  /**
   * What to do with rows with missing cells, which hold NaN: 'refuse' unless given; 'em' learns from what they have, by
   * expectation–maximization over the conditional moments of what they have not. A row without cells is left out.
   */
  readonly missing?: 'refuse' | 'em' | undefined
  /** What the columns are called in tables and files; x1, x2, … unless given. */
  readonly columns?: ReadonlyArray<string> | undefined
  /**
   * The weak prior of Fraley & Raftery (2007), whose mean counts as so many rows; they take 0.01. The mixture is then the mode of the
   * posterior, and no component collapses on a few rows; log-likelihood and criteria are those of that mixture, without the
   * prior, as mclust has them: a little less likely than without. Its scale is of the columns as they are learned from.
   */
  readonly prior?: number | undefined
  /** Where sums over the rows are taken; here unless given, and so are those over rows with missing cells. */
  readonly place?: Place.Place | undefined
  /**
   * Ends the fit between two of its `states` where it is aborted, with a problem; the states of `states` then end. A fit that is not
   * left to others meanwhile, as `states` can be, hears what `onProgress` aborts alone.
   */
  readonly signal?: { readonly aborted: boolean } | undefined
  /** Called before each candidate is learned. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * What each row belongs to, and how surely: rows of the columns that the mixture is of, or of all that were given. Rows of another width
 * throw a RangeError.
 */
export interface Assign {
  (data: Points.Points | Rows): ReadonlyArray<Mixture.Membership>
  /** The same of each row of a source, in order and bit for bit; told as it is asked for, a stretch of rows in memory at a time. */
  (source: Source.Source): Iterable<Mixture.Membership>
}

/** What was chosen, and what it was chosen from. */
export interface Fit {
  /** In the data's own units, in the order of its means. */
  readonly mixture: Mixture.Mixture
  readonly family: string
  readonly components: number
  readonly columns: ReadonlyArray<string>
  /** Columns that hold the same number in every row, and were left out: they say nothing of components. */
  readonly leftOut: ReadonlyArray<string>
  /**
   * The likeliest candidate by the criterion of those with less of it than this one that were excluded, since a component is empty or
   * is kept from collapse by the minimum variance alone; null where there is none.
   */
  readonly excluded: Candidates.Ranked | null
  /** The numbers of the components that were known, in the order in which they were given; none unless `fixed` was. */
  readonly fixed: ReadonlyArray<number>
  /** The columns in which the floor holds up components, of the candidate that was excluded, or else of this one. */
  readonly narrow: ReadonlyArray<string>
  /** The mean of log p(x) over the rows, weighted where they carry weights. */
  readonly logLikelihood: number
  readonly bic: number
  readonly aic: number
  readonly icl: number
  /** −2 Σ w log p(x) of the rows, each by what was learned without its part of them; null unless it is the criterion. */
  readonly crossValidated: number | null
  readonly criterion: Candidates.Criterion
  /** Of several starts that of the one that was kept: with it one start gives the same. */
  readonly seed: number
  /** How many starts there were, and how many of them agree. Where few do, more may lead to a better one. */
  readonly starts: Starts.Starts
  /** How many rows the mean of the prior counts as; null where the likelihood alone was maximised. */
  readonly prior: number | null
  /** The share of the belief that is this one's, among all candidates: see `Ranked`. */
  readonly belief: number
  /** All that were learned, the best first: this one, in front. */
  readonly candidates: RNEA.ReadonlyNonEmptyArray<Candidates.Ranked>
  /** Those that could not be learned, and why. */
  readonly refused: ReadonlyArray<Candidates.Refused>
  /** The origin and unit of each column in which it was learned; null for the data's own. */
  readonly scaling: Points.Scaling | null
  readonly assign: Assign
  /** The model's file, which `ornstein evaluate`, `assign` and `sample` read, and `fromJSON`. */
  readonly toJSON: () => object
  /**
   * Whether heavy tails or a background would have a lower criterion: a few steps on few rows, when it is asked; null where they would not, where
   * `robust` compared them, of missing cells, and of rows that are not in memory.
   */
  readonly hint: () => Hint.Hint | null
  /**
   * Whether two components share one cluster while another covers two, and what their better place gains: a few moves on at most 4000 rows,
   * when it is asked; null where none gains, of missing cells, and of rows that are not in memory.
   */
  readonly stuck: () => Stuck.Stuck | null
  /**
   * The clusters that components form where some of them overlap (Baudry et al. 2010): a cluster that is not Gaussian takes several. Null
   * where components are apart, of missing cells, and of rows that are not in memory.
   */
  readonly overlapping: () => Clusters | null
  /** So many rows drawn from the mixture. */
  readonly sample: (rows: number) => (key: Key.Key) => Points.Points
  /**
   * Percentile intervals of weights, means and covariances over resamples of the rows (see `Bootstrap`); a source is read for them, and so
   * is still open. Invalid options, or a fit that resamples do not keep, throw a RangeError with the remedy.
   */
  readonly bootstrap: (options?: Bootstrap.Options) => Bootstrap.Bootstrap
  /** The components and the candidates, as text. */
  readonly table: () => string
}

/** What is not given is as the settings have it. */
const filled = ({
  components,
  criterion = Settings.criterionFor(components),
  seed = Settings.seed.otherwise,
  starts = Settings.starts.otherwise,
  missing = Settings.missing.otherwise
}: Options) => ({ criterion, seed, starts, missing })

const settings: Setting.Settings<Options> = {
  components: Setting.each(Settings.components, 'leave it out to choose from 1 to 9'),
  family: { problems: (field, given) => Families.list(given).flatMap(one => Families.familyProblems(field, one)) },
  criterion: Settings.criterion,
  robust: null,
  background: Settings.background,
  fixed: null,
  seed: Settings.seed,
  starts: Settings.starts,
  weights: null,
  standardize: null,
  missing: Settings.missing,
  columns: null,
  prior: Settings.prior,
  place: null,
  signal: null,
  onProgress: null
}

/** The problems of the options themselves. */
const problemsOf = (options: Options): ReadonlyArray<Problem.Problem> => {
  const asked: unknown = options
  if (typeof asked !== 'object' || asked === null)
    return [
      Problem.of('options', String(asked), 'an object of options', "give { components: 3, family: 'full' }, or none")
    ]
  const { fixed, robust, background } = options
  return [
    ...Setting.problems(settings, options),
    ...Problem.unless(
      fixed === undefined || (robust !== true && background === undefined),
      'fixed',
      'it',
      'available with robust or background',
      'leave one of them out: tails and a background are learned of components that are not known'
    )
  ]
}

/** Points with NaN in the cells that are missing. */
const withMissing = (data: Points.Points | Rows): E.Either<Problem.Problem, Points.Points> =>
  'rows' in data
    ? Points.validateSeen(data)
    : pipe(
        Points.fromRows(data.map(row => row.map(x => (Number.isNaN(x) ? 0 : x)))),
        E.map(points => ({ ...points, values: Float64Array.from(data.flat()) }))
      )

const emptyColumns = (data: Source.Data): ReadonlyArray<Problem.Problem> =>
  Missing.emptyColumns(data).map(j =>
    Problem.of(`column ${j + 1}`, 'all missing', 'a column with a number', 'leave the column out')
  )

/** The problems of a source; what else could be was looked at when its rows came. */
const problemsOfSource = (
  { missing = 'refuse', weights }: Options,
  source: Source.Source
): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(
    weights === undefined,
    'weights',
    'a list',
    'those that the source carries',
    'leave the option out'
  ),
  ...(missing === 'em' ? [] : Source.problems(source))
]

const isSource = (data: Source.Data | Rows): data is Source.Source => 'rows' in data && Source.isSource(data)

const held = (options: Options, data: Points.Points | Rows): E.Either<Problem.Problem, Points.Points> =>
  pipe(
    options.missing === 'em' ? withMissing(data) : 'rows' in data ? Points.validate(data) : Points.fromRows(data),
    E.flatMap(points => (options.weights === undefined ? E.right(points) : Points.weighted(options.weights)(points)))
  )

/** The rows that count: those of weight 0 and those without cells have no part in a fit. */
const read = (options: Options, given: Source.Data | Rows): E.Either<Problem.Problems, Source.Data> =>
  pipe(
    Given.given(given),
    E.mapLeft(Problem.alone),
    E.flatMap((data): E.Either<Problem.Problems, Source.Data> =>
      isSource(data)
        ? Problem.faultless(problemsOfSource(options, data), data)
        : pipe(held(options, data), E.mapLeft(Problem.alone))
    ),
    E.map(Source.counting),
    E.flatMap(data => Problem.faultless(options.missing === 'em' ? emptyColumns(data) : [], data))
  )

/** Of how many columns given which were learned from. */
interface Columns {
  readonly given: number
  readonly places: ReadonlyArray<number>
}

const assigning = (mixture: Mixture.Mixture, missing: Options['missing'], columns: Columns | null): Assign => {
  const said = (points: Points.Points): ReadonlyArray<Mixture.Membership> =>
    points.dim === Mixture.dim(mixture)
      ? Mixture.memberships(points)(mixture)
      : points.dim === columns?.given
        ? Mixture.memberships(Source.columns(columns.places)(points))(mixture)
        : refuse(`points: ${points.dim} columns are not ${Mixture.dim(mixture)}; give those that the mixture is of`)
  function assign(data: Points.Points | Rows): ReadonlyArray<Mixture.Membership>
  function assign(source: Source.Source): Iterable<Mixture.Membership>
  function assign(given: Source.Data | Rows): Iterable<Mixture.Membership> {
    const data = Problem.orThrow(Given.given(given))
    if (isSource(data)) return flatMapped(Source.pieces(data), said)
    return said(Problem.orThrow(held({ missing }, data)))
  }
  return assign
}

const columnsOf = ({ columns }: Options, dim: number): E.Either<Problem.Problems, ReadonlyArray<string>> =>
  Problem.faultless(
    Problem.unless(
      columns === undefined || columns.length === dim,
      'columns',
      `a list of ${columns?.length ?? 0}`,
      `a list of ${dim}, a name for each column`,
      'leave it out'
    ),
    columns ?? RA.makeBy(dim, j => `x${j + 1}`)
  )

const made = (
  options: Options,
  given: ReadonlyArray<string>,
  places: ReadonlyArray<number>,
  { scaling, own }: Data.Data,
  candidates: RNEA.ReadonlyNonEmptyArray<Candidates.Ranked>,
  refused: ReadonlyArray<Candidates.Refused>
): Fit => {
  const [{ mixture, family, components, statistics, belief, pipeline, steps, isSettled, minimumVariance, fixed }] =
    candidates
  const { logLikelihood, bic, aic, icl, crossValidated = null } = statistics
  const { criterion, seed, missing } = filled(options)
  const { prior = null } = options
  const columns = places.map(j => given[j])
  const leftOut = given.filter((_, j) => !places.includes(j))
  const excluded = Candidates.setAside(criterion, candidates)
  const narrow = (excluded ?? candidates[0]).narrow.map(j => columns[j])
  return {
    mixture,
    family,
    components,
    columns,
    leftOut,
    excluded,
    fixed,
    narrow,
    logLikelihood,
    bic,
    aic,
    icl,
    crossValidated,
    criterion,
    seed,
    starts: Starts.alone,
    prior,
    belief,
    candidates,
    refused,
    scaling,
    assign: assigning(mixture, missing, { given: given.length, places }),
    hint: () =>
      options.robust === true || options.background !== undefined || !Source.isHeld(own)
        ? null
        : Hint.of({
            chosen: { score: pipeline.score, mixture },
            others: Hint.others(candidates),
            families: Hint.families(candidates),
            points: own,
            scaling,
            criterion,
            prior,
            minimumVariance,
            isHeld: Hint.isHeld(criterion, candidates)
          }),
    stuck: () =>
      Source.isHeld(own)
        ? Stuck.of({ score: pipeline.score, mixture, points: own, scaling, prior, minimumVariance, fixed })
        : null,
    overlapping: () => (Source.isHeld(own) ? Overlapping.of(own, mixture) : null),
    sample: rows => key => Mixture.sample(rows)(key)(mixture),
    bootstrap: asked =>
      Problem.orThrow(Bootstrap.of(asked)({ mixture, pipeline, scaling, prior, minimumVariance, fixed }, own)),
    table: () => summary({ columns, criterion, candidates, leftOut, excluded, narrow, fixed, refused }),
    toJSON: () =>
      written({
        family: Text.word(family),
        columns,
        mixture,
        scaling,
        seed,
        prior,
        recipe: 'grown',
        pipeline: Case.encode(pipeline),
        statistics,
        steps,
        fixed,
        converged: isSettled
      })
  }
}

/** A fit on its way. */
export interface State {
  /** Which candidate is learned next; null where those that are learned are taken further. */
  readonly next: Progress | null
  /**
   * Of a single candidate that is found except for its last steps: the pipeline of these, on the data as they were scaled. To run
   * it with the seed's key gives what the next states give, and such a run can be watched, stopped and resumed. Else null.
   */
  readonly rest: Pipeline.Pipeline<string> | null
  /** The best of the candidates that are learned; problems where none is. It is put together when it is first asked for. */
  readonly fit: () => E.Either<Problem.Problems, Fit>
}

/**
 * All that a fit comes to on its way, each computed when it is asked for: where it is left, `fit` is the best until then. The
 * last is what `mixture` gives. Of more than 4000 rows there is one after each pass over all of them; until a
 * candidate has had those, its likelihood is the one expected from a sample.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Fit, Key, Mixture, Problem } from 'ornstein'
 *
 * const points = Mixture.sample(200)(Key.fromSeed(1))(Mixture.of({ means: [[-4], [4]] }))
 * const states = [...Problem.orThrow(Fit.states({ components: [1, 2], family: 'isotropic' })(points))]
 * assert.equal(states[0].next?.components, 1)
 * assert.equal(Problem.orThrow(states[1].fit()).components, 1)
 * assert.equal(Problem.orThrow(states[states.length - 1].fit()).components, 2)
 */
export const states =
  (options: Options = {}) =>
  (data: Source.Data | Rows): E.Either<Problem.Problems, Iterable<State>> =>
    pipe(
      Problem.faultless(problemsOf(options), undefined),
      E.flatMap(() => read(options, data)),
      E.bindTo('own'),
      E.tap(({ own }) =>
        Problem.faultless(
          options.fixed === undefined
            ? []
            : FixedComponents.problems(
                options.fixed,
                own.dim,
                Families.list(options.components ?? Math.max(1, own.rows))
              ),
          undefined
        )
      ),
      E.bind('columns', ({ own }) => columnsOf(options, own.dim)),
      E.let('places', ({ own }) => Data.varying(own)),
      E.bind('data', ({ own, columns, places }) =>
        pipe(
          // A row may have cells in columns alone that are left out.
          places.length === own.dim ? own : Source.counting(Source.columns(places)(own)),
          Data.scaled(
            options.standardize ?? true,
            places.map(j => columns[j])
          )
        )
      ),
      E.map(({ columns, places, data }) => ({
        *[Symbol.iterator]() {
          const isAborted = (): boolean => options.signal?.aborted === true
          try {
            if (isAborted()) return
            for (const state of statesOfStarts(options, columns, places, data)) {
              yield state
              if (isAborted()) return
            }
          } finally {
            data.close()
          }
        }
      }))
    )

/** The states of one start after another, the best of all that is learned in each. */
function* statesOfStarts(
  options: Options,
  columns: ReadonlyArray<string>,
  places: ReadonlyArray<number>,
  data: Data.Data
): Generator<State> {
  const { onProgress } = options
  const { seed, starts } = filled(options)
  if (starts === 1) {
    yield* statesOf(options, columns, places, data)
    return
  }
  let done: ReadonlyArray<Fit> = []
  for (let start = 0; start < starts; start++) {
    const inAll = (progress: Progress): Progress => ({
      ...progress,
      done: start * progress.of + progress.done,
      of: starts * progress.of
    })
    const own: Options = {
      ...options,
      seed: seed + start,
      onProgress:
        onProgress &&
        (progress => {
          onProgress(inAll(progress))
        })
    }
    const before = done
    let alone: State['fit'] = () => E.left([nothing])
    for (const { next, fit } of statesOf(own, columns, places, data)) {
      alone = fit
      yield {
        next: next && inAll(next),
        rest: null,
        fit: lazy(() => {
          const found = fit()
          const all = E.isRight(found) ? [...before, found.right] : before
          return RA.isNonEmpty(all) ? E.right(Starts.best(all[0], all.slice(1))) : found
        })
      }
    }
    const found = alone()
    if (E.isRight(found)) done = [...done, found.right]
  }
}

/** The states of candidates that are learned. */
function* statesOf(
  options: Options,
  columns: ReadonlyArray<string>,
  places: ReadonlyArray<number>,
  data: Data.Data
): Generator<State> {
  const { prior = null, place, onProgress } = options
  const { seed, criterion } = filled(options)
  const lines = Families.linesOf(options, data, places)
  const requested = lines.flatMap(({ family, counts }) =>
    counts.map(components => ({ family: Score.nameOf(family({ components })), components }))
  )
  const key = Key.fromSeed(seed)
  const isHeld = criterion === 'crossValidated'
  /** How far it has come, `before` passes over all candidates being done, and so many in this one. */
  const progressOf = (next: Learning.Progress['next'], before: number, learned = 0): Progress | null => {
    const place = requested.findIndex(one => one.family === next?.family && one.components === next.components)
    const all = (isHeld ? CrossValidation.FOLDS + 1 : 1) * requested.length
    const progress = next && {
      ...next,
      // Beyond what was asked the range goes on.
      done: place < 0 ? Math.max(all, learned) : before * requested.length + place,
      of: place < 0 ? Math.max(all, learned) + 1 : all
    }
    if (progress !== null) onProgress?.(progress)
    return progress
  }
  let held: Data.Held | undefined
  if (isHeld) {
    const parts = CrossValidation.learning(data.own, {
      columns: places.map(j => columns[j]),
      standardize: options.standardize ?? true,
      key,
      prior,
      place
    })(lines)
    for (const step of parts) {
      held = step.held
      yield { next: progressOf(step.next, step.fold), rest: null, fit: () => E.left([nothing]) }
    }
  }
  const known = held === undefined ? data : { ...data, held }
  for (const { next, candidates: tried, rest } of Learning.learning(known, key, { criterion, prior }, place)(lines))
    yield {
      next: progressOf(next, isHeld ? CrossValidation.FOLDS : 0, tried.length),
      rest,
      fit: lazy(() => {
        const refused = tried.filter((one): one is Candidates.Refused => one._tag === 'Refused')
        const candidates = Candidates.ranked(criterion)(tried)
        const [first = nothing, ...others] = reasons(refused)
        return RA.isNonEmpty(candidates)
          ? E.right(made(options, columns, places, data, candidates, refused))
          : E.left<Problem.Problems, Fit>([first, ...others])
      })
    }
}

/** Why nothing could be learned: of the fewest components, and each reason once, whichever family it is of. */
const reasons = (refused: ReadonlyArray<Candidates.Refused>): ReadonlyArray<Problem.Problem> => {
  const least = refused.reduce((count, { components }) => Math.min(count, components), Infinity)
  const few = refused.filter(({ components }) => components === least)
  const domain = ({ family, problem }: Candidates.Refused): string => problem.domain.replace(family, '')
  return few
    .filter((one, i) => few.findIndex(other => domain(other) === domain(one)) === i)
    .map(({ problem }) => problem)
}

/** The problem of a fit whose signal was aborted. */
const aborted = Problem.of(
  'signal',
  'aborted',
  'one that lets the fit go on',
  'take the last of Fit.states for the best until then'
)

/** The problem of a fit that was stopped before its first candidate. */
const nothing = Problem.of('fit', 'no candidate', 'learned yet', 'let it go on')

/**
 * The mixture of the data: its family and its number of components are chosen by an information criterion among all that the
 * options leave open; or all that is wrong, at once. A family is grown from one component on, and what may be the best is
 * settled by expectation–maximization and moves; a family that cannot be grown is learned by `Recipe.annealed`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Fit, Key, Mixture, Source } from 'ornstein'
 *
 * const truth = Mixture.of({ means: [[-4, 0], [4, 0], [0, 6]] })
 * const points = Mixture.sample(300)(Key.fromSeed(1))(truth)
 * const found = pipe(points, Fit.mixture({ components: [2, 3] }))
 * assert.ok(E.isRight(found))
 * assert.equal(found.right.components, 3)
 *
 * // rows that need not be in memory: the same bits
 * const streamed = pipe(Source.of(points), Fit.mixture({ components: [2, 3] }))
 * assert.ok(E.isRight(streamed))
 * assert.deepEqual(streamed.right.mixture, found.right.mixture)
 */
export const mixture =
  (options: Options = {}) =>
  (data: Source.Data | Rows): E.Either<Problem.Problems, Fit> =>
    pipe(
      states(options)(data),
      E.map(last),
      E.flatMap(state =>
        options.signal?.aborted === true
          ? E.left<Problem.Problems, Fit>([aborted])
          : (state?.fit() ?? E.left<Problem.Problems, Fit>([nothing]))
      )
    )

/** What a file keeps of a fit. */
export interface Kept extends Pick<Fit, 'mixture' | 'family' | 'components' | 'columns' | 'assign' | 'sample'> {
  /** Null of a mixture that was learned elsewhere. */
  readonly logLikelihood: number | null
  readonly bic: number | null
}

/**
 * What `toJSON`, or `ornstein fit --out`, wrote: its mixture bit for bit, ready to assign rows and to draw some.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Fit, fit } from 'ornstein'
 *
 * const model = fit([[1.1], [0.9], [1], [5.1], [4.9], [5]], { components: 2 })
 * const read = Fit.fromJSON(JSON.parse(JSON.stringify(model)))
 * assert.ok(E.isRight(read))
 * assert.deepEqual(read.right.assign([[0.8]]), model.assign([[0.8]]))
 */
export const fromJSON = (json: unknown): E.Either<Problem.Problems, Kept> =>
  pipe(
    json,
    ModelBody.read('json', 'json'),
    E.map((body): Kept => {
      const mixture = ModelBody.mixtureOf(body)
      const { family, columns, fit } = body
      return {
        mixture,
        family: family.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        components: Mixture.components(mixture),
        columns,
        logLikelihood: fit?.logLikelihood ?? null,
        bic: fit?.bic ?? null,
        assign: assigning(mixture, undefined, null),
        sample: rows => key => Mixture.sample(rows)(key)(mixture)
      }
    })
  )

/**
 * The mixture of the data: its family and its number of components are chosen by an information criterion among all that the
 * options leave open. Problems are thrown, as a RangeError that tells them all; `Fit.mixture` returns them as values.
 */
export const fit = (data: Source.Data | Rows, options: Options = {}): Fit => Problem.orThrow(mixture(options)(data))
