/**
 * Losses: an objective of a score on a schedule, and how its mean over the noise is taken. Two engines compute the same
 * number from the same noise: `interpreted`, any score and objective in the tensor vocabulary, op by op; and `compiled`, the same
 * as one program over the rows.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import * as Compiler from '../../lib/compiler/index.js'
import { compute, Key, valueAndGrad, type NdArray, type Tensor } from '../../lib/index.js'
import { keeping, lazy } from '../../lib/plain/iterate.js'
import { concatenated, size } from '../../lib/arrays/ndarray.js'
import {
  both,
  column,
  computed,
  every,
  keepingLast,
  pairs,
  part,
  type Numbers,
  type Stretches
} from '../../lib/rows/stretches.js'
import { Case } from '../core/index.js'
import * as Expectation from '../objective/expectation.js'
import * as Frame from '../mixture/em/frame.js'
import * as Nodes from '../mixture/nodes.js'
import { asTheyAre } from '../mixture/passRows.js'
import * as Projection from '../mixture/projection.js'
import * as Strands from '../../lib/rows/strands.js'
import * as Given from './given.js'
import * as Matching from './matching.js'
import * as Noise from './noise.js'
import { remembered } from '../../lib/plain/remembered.js'
import { meant } from './meant.js'
import * as Objective from '../objective/objective.js'
import * as Pairs from './pairwise.js'
import * as Parametrization from '../family/parametrization.js'
import * as Params from '../family/params.js'
import * as Place from '../data/place.js'
import * as Source from '../data/source.js'
import * as Problem from '../core/problem.js'
import type { Mixture } from '../mixture/mixture.js'
import { refuse } from '../../lib/plain/refuse.js'
import { clean } from '../schedule/dynamics.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as TimeLaw from '../objective/timeLaw.js'
import { noGradient, type ValueAndGradient } from './valueAndGradient.js'
import * as Weighting from '../objective/weighting.js'

export interface Loss<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  readonly expectation: Expectation.Expectation
}

export type { ValueAndGradient } from './valueAndGradient.js'

/** A way to compute a loss on data, and why it is, or is not, the one chosen. */
export interface LossPlan<P extends string> {
  readonly engine: 'compiled' | 'interpreted'
  readonly reason: string
  readonly evaluate: (params: Params.Params<P>, key: Key.Key) => ValueAndGradient<P>
  /** What its programs do for each row, by the term of the objective that each is of; none of what is interpreted. */
  readonly parts: () => ReadonlyArray<Part>
  /** The value alone, which costs no derivative. */
  readonly value: (params: Params.Params<P>, key: Key.Key) => number
}

/** A part of a loss that is one program. */
export interface Part extends Compiler.Profile {
  readonly term: string
}

export type Sample = Matching.Sample
type Direct = Matching.Direct

/** A term of the objective, with its noise drawn. */
export interface Drawn<T extends Objective.Term = Objective.Term> {
  readonly weight: number
  readonly term: T
  readonly samples: ReadonlyArray<Sample>
  /** Whether it is the same list again as often as the same nodes are asked for, since nothing is drawn. */
  readonly stays?: boolean
}

/** What both plans compute from: the objective's terms, and noise that depends on the key alone. */
interface Evaluation<T extends Objective.Term = Objective.Term> {
  readonly basis: Projection.Basis
  readonly terms: ReadonlyArray<Drawn<T>>
}

/** Whether data are met again, or are a batch that is drawn for one evaluation. */
type Use = 'often' | 'once'

/** A way to compute direct terms on data: as a sum over their rows. */
type Engine<P extends string> = (
  data: Source.Data
) => (params: Params.Params<P>, evaluation: Evaluation<Direct>) => Strands.Sum<ValueAndGradient<P>>

/** The product of two weights, each one for all rows or one a row. */
const product = (a: Numbers, b: Numbers): Numbers => both(a, b, (v, w) => v * w)

const noBasis: Projection.Basis = { rank: 0, vectors: new Float64Array(0), origin: new Float64Array(0) }

/** Whether an expectation draws only the noise that a mixture sees. */
const isProjected = (expectation: Expectation.Expectation): boolean => Expectation.draws(expectation) !== 'everywhere'

/** How numbers are held that are drawn for each row: in memory where the rows are, else as they are asked for. */
const held =
  (data: Source.Data) =>
  (numbers: Stretches): Numbers =>
    Source.isSource(data) ? keepingLast(numbers) : part(numbers, 0, numbers.rows)

/** The labels of the rows, each left out with a probability. */
const labelsOf = (data: Source.Data, dropout: number, key: () => Key.Key): Numbers | null => {
  if (dropout === 0) return null
  const labels = Matching.labelsOf(data)
  if (labels === null) return null
  const own = key()
  const drawn = computed(data.rows, (first, out) => {
    Key.fillUniform(first, out)(own)
  })
  return both(labels, held(data)(drawn), (label, u) => (u < dropout ? -1 : label))
}

/** A term that estimates another by what it draws, as that other. */
export const exactly = (term: Objective.Term): Objective.Term =>
  Objective.isMatching(term) && term.exact !== undefined ? Objective.terms(term.exact)[0].term : term

const timesIn =
  (schedule: Schedule.Schedule) =>
  ({ term }: Objective.Weighted): ReadonlyArray<number> =>
    Objective.isMatching(term) ? TimeLaw.quadrature(schedule, TimeLaw.NODES)(term.timeLaw).map(({ time }) => time) : []

/** The times of its noise, by nodes; none of terms that see none. */
export const timesOf = ({ schedule, objective }: Pick<Loss<string>, 'schedule' | 'objective'>): ReadonlyArray<number> =>
  Objective.terms(objective).flatMap(timesIn(schedule))

/** The noise levels of a loss, as nodes in time have them; terms that see no noise are at the data. */
export const levelsOf = <P extends string>({ schedule, objective }: Loss<P>): ReadonlyArray<Schedule.Level> =>
  Objective.terms(objective).flatMap(weighted =>
    Objective.isMatching(weighted.term)
      ? timesIn(schedule)(weighted).map(time => Schedule.level(time)(schedule))
      : [clean]
  )

/** The terms of a loss, with their times where these are not drawn: the same on all data of a width, whether they are nodes or not. */
const termsOf = <P extends string>(
  { schedule, score, objective, expectation }: Loss<P>,
  isOfNodes: boolean,
  dim: number
) => {
  const { level } = Schedule.interpret(schedule)
  const weightOf = Weighting.interpret(schedule)
  const way = Expectation.interpret(expectation)
  const count = (way.where === 'line' && !isOfNodes ? way.timeNodes : undefined) ?? TimeLaw.NODES
  const deterministic = isOfNodes || Expectation.isDeterministic(expectation)
  return Objective.terms(objective).map(weighted => {
    const term = isOfNodes ? exactly(weighted.term) : weighted.term
    const weightings = weighted.weightings.map(weightOf)
    const at = leveled(level, weightings)
    return {
      ...weighted,
      term,
      at,
      ...(Objective.isMatching(term) && {
        isSame: deterministic || TimeLaw.isDeterministic(term.timeLaw),
        times: lazy(() => TimeLaw.quadrature(schedule, count)(term.timeLaw).map(at)),
        stays:
          way.where === 'line' &&
          weighted.labelDropout === 0 &&
          drawnBeside(Score.interpret(score), term, dim).length === 0
      }),
      /** Lists of samples by the nodes that they are of. */
      known: keeping<ReadonlyArray<Sample>>(NODES_KEPT)
    }
  })
}

/** The terms of a loss on data at parameters, with the noise of a key. */
type Drawing<P extends string> = (data: Source.Data) => (params: Params.Params<P>, key: Key.Key) => Evaluation

/** The terms of a loss at parameters, with the noise of a key. */
export const draw = <P extends string>(loss: Loss<P>): Drawing<P> => {
  const { schedule, score, expectation } = loss
  const way = Expectation.interpret(expectation)
  const projecting = isProjected(expectation) ? Score.interpret(score).family?.projection : undefined
  const seenAt = (
    { span, origin, seesNorm, slope, denoisingShare }: Score.Projection<P>,
    params: Params.Params<P>,
    dim: number
  ) => {
    const basis = Projection.basisOf(span(params), origin(params))
    const drawn = { dim, rank: basis.rank, antithetic: way.where === 'span' && way.antithetic }
    return {
      basis,
      seesNorm,
      slope: slope === null ? () => 0 : slope(params),
      // A quadrature has no variance to reduce.
      denoising: way.where === 'line' ? () => 0 : denoisingShare(params, drawn)
    }
  }
  const known = keeping<ReturnType<typeof termsOf>>(2)
  return data => {
    const nodes = Nodes.isNodes(data) ? data : null
    const of = (): ReturnType<typeof termsOf> => termsOf(loss, nodes !== null, data.dim)
    // Samples hold the nodes that they are of.
    const terms = nodes === null ? known(data.dim, of) : of()
    const unprojected = Float64Array.of(nodes === null ? 1 : 0)
    return (params, key) => {
      const projection = projecting === undefined || nodes !== null ? null : seenAt(projecting, params, data.dim)
      const drawsAt = (term: Objective.Term, { alpha, sigma }: Leveled, key: Key.Key): ReadonlyArray<Noise.Draw> =>
        nodes !== null || (Objective.isMatching(term) && TimeLaw.isClean(term.timeLaw))
          ? [{ weight: 1, noise: { _tag: 'None' } as const }]
          : Noise.draws(
              data,
              // Nodes are of times that all rows share.
              projection && {
                ...projection,
                slope: () => projection.slope({ alpha: first(alpha), sigma: first(sigma) })
              },
              key
            )(expectation)
      const samples = (
        { labelDropout, term }: Pick<(typeof terms)[number], 'labelDropout' | 'term'>,
        times: ReadonlyArray<Leveled>,
        own: Key.Key
      ): ReadonlyArray<Sample> => {
        const noiseKeys = Key.split(times.length)(labelled(own, 'noise'))
        return times
          .flatMap((at, level) => drawsAt(term, at, noiseKeys[level]).map(draw => ({ at, level, draw })))
          .map(({ at: { each, alpha, sigma, weight }, level, draw }, i) => ({
            alpha,
            sigma,
            weight: draw.weight === 1 ? weight : every(weight, w => w * draw.weight),
            noise: draw.noise,
            ...(nodes !== null && {
              nodes: { values: nodes.nodesAt({ alpha: first(alpha), sigma: first(sigma) }), stay: nodes.stay }
            }),
            denoising:
              projection === null
                ? unprojected
                : both(alpha, sigma, (alpha, sigma) => projection.denoising({ alpha, sigma })),
            level,
            ofTime: f => every(each, time => f(time, schedule)),
            probes: () => Key.child(i)(labelled(own, 'probes')),
            labels: labelsOf(data, labelDropout, () => Key.child(i)(labelled(own, 'labels')))
          }))
      }
      const keys = Key.split(terms.length)(key)
      return {
        basis: projection?.basis ?? noBasis,
        terms: terms.map((own, i) => {
          const { weight, term, times, stays = false, isSame, known } = own
          if (!Objective.isMatching(term) || times === undefined) return { weight, term, samples: [] }
          if (way.where !== 'line' || !stays) {
            const drawn =
              isSame === true
                ? times()
                : TimeLaw.drawing(schedule, data.rows, held(data))(labelled(keys[i], 'time'))(term.timeLaw).map(own.at)
            return { weight, term, samples: samples(own, drawn, keys[i]) }
          }
          const rules = times().map(({ alpha, sigma }) =>
            way.rule(projection?.slope({ alpha: first(alpha), sigma: first(sigma) }) ?? 0)
          )
          // A rule is told by how many nodes it has, and where the first is.
          const name = `${projection?.basis.rank}${rules.map(({ nodes }) => ` ${nodes.length} ${nodes[0]}`).join('')}`
          return { weight, term, stays, samples: known(name, () => samples(own, times(), keys[i])) }
        })
      }
    }
  }
}

/** Of so many different lists of nodes of a term the samples are kept. */
const NODES_KEPT = 64

/** What is drawn for the times, the noise, the directions and the labels of a term has a key of its own. */
const labelled = (key: Key.Key, name: 'time' | 'noise' | 'probes' | 'labels'): Key.Key => Key.named(name)(key)[name]

/** A time, or one a row, with its noise level, and all that it counts. */
interface Leveled extends Pick<Sample, 'alpha' | 'sigma' | 'weight'> {
  readonly each: Numbers
}

const leveled =
  (level: (time: number) => Schedule.Level, weightings: ReadonlyArray<(time: number) => number>) =>
  ({ time, weight }: TimeLaw.Times<Numbers>): Leveled => {
    const each: Numbers = typeof time === 'number' ? Float64Array.of(time) : time
    // A level may be a function of the user's: it is asked once a time.
    const [alpha, sigma] = pairs(each, time => {
      const { alpha, sigma } = level(time)
      return [alpha, sigma]
    })
    const own: Numbers = typeof weight === 'number' ? Float64Array.of(weight) : weight
    const all = weightings.reduce((all, weightAt) => product(all, every(each, weightAt)), own)
    return { each, alpha, sigma, weight: all }
  }

/** A number that all rows share. */
const first = (numbers: Numbers): number => column(numbers, 0, 1)[0]

const total = <P extends string>(
  params: Params.Params<P>,
  values: ReadonlyArray<ValueAndGradient<P>>
): ValueAndGradient<P> =>
  pipe(
    values,
    RA.matchLeft(
      () => ({ value: 0, gradient: Params.zeros(Params.shapes(params)) }),
      (first, others) =>
        others.reduce<ValueAndGradient<P>>(
          (sum, { value, gradient }) => ({
            value: sum.value + value,
            gradient: Params.zipWith((a, b) => a + b)(sum.gradient, gradient)
          }),
          first
        )
    )
  )

const scaled =
  (weight: number) =>
  <P extends string>(part: ValueAndGradient<P>): ValueAndGradient<P> =>
    weight === 1 ? part : { value: weight * part.value, gradient: Params.mapValues(g => weight * g)(part.gradient) }

// —— in the vocabulary ——

/** A loss and its gradient as numbers, one after another; and back. */
const numbersOf = <P extends string>({ value, gradient }: ValueAndGradient<P>): Float64Array => {
  const all = Params.packed(gradient)
  return new Float64Array(1 + all.length).map((_, i) => (i === 0 ? value : all[i - 1]))
}

const ofNumbers =
  <P extends string>(shapes: Params.Shapes<P>) =>
  (numbers: Float64Array): ValueAndGradient<P> => ({
    value: numbers[0],
    gradient: Params.unpacked(shapes)(numbers.subarray(1))
  })

/** By the interpreter, strand by strand: one computation is alive at a time, so that memory does not grow with rows, levels or draws. */
const interpreted =
  <P extends string>(score: Score.Score<P>, use: Use, differentiates: boolean): Engine<P> =>
  data => {
    const model = Score.interpret(score)
    const { rows } = data
    const own = Matching.data(data, use === 'often')
    const isWeighted = 'rowWeight' in own
    return (params, { basis, terms }) => {
      const shapes = Params.shapes(differentiates ? params : noGradient<P>())
      const parts = terms.flatMap<{ readonly weight: number; readonly term: Direct; readonly given: Given.Named }>(
        ({ weight, term, samples }) =>
          Objective.isMatching(term)
            ? samples.map(sample => ({ weight, term, given: Matching.given(model, term, sample, basis, data) }))
            : [{ weight, term, given: Matching.constantsOf(term) }]
      )
      const width = 1 + Params.sizeOf(shapes)
      return {
        rows,
        width,
        strands: Strands.each(rows, width, (first, count, into) => {
          const tensors = Given.tensors(first, count)
          // A mean over some of the rows counts as many of all.
          const share = isWeighted ? 1 : count / rows
          parts.forEach(({ weight, term, given }) => {
            const mean = (params: Params.Tensors<P>): Tensor =>
              Matching.mean(model, term)(params, tensors({ ...own, ...given }))
            const part = differentiates
              ? valueAndGrad<P>(mean)(params)
              : { value: compute(() => mean(Score.tensors(params))).values[0], gradient: noGradient<P>() }
            Strands.add(into, numbersOf(scaled(weight * share)(part)))
          })
        }),
        found: ofNumbers(shapes)
      }
    }
  }

/** By programs, each compiled once; what none can be made of is interpreted. */
const compiled = <P extends string>(
  score: Score.Score<P>,
  library: Compiler.Library,
  use: Use,
  differentiates: boolean
): Engine<P> => {
  const model = Score.interpret(score)
  const known = new WeakMap<object, ReturnType<typeof programs>>()
  const programs = (term: Direct): ((given: Given.Named) => Term['program']) => {
    const of = Matching.identity(term)
    const found =
      known.get(of) ??
      Given.bySignature(given =>
        programOf(model, library, Score.shapes(given.clean.shape[0])(score), term, given, differentiates)
      )
    known.set(of, found)
    return found
  }
  return data => {
    const own = Matching.data(data, use === 'often')
    const otherwise = lazy(() => interpreted(score, use, differentiates)(data))
    const ready = new WeakMap<ReadonlyArray<Sample>, ReadonlyArray<CalledTerm<P>>>()
    const readyFor = (drawn: Drawn<Direct>, basis: Projection.Basis): ReadonlyArray<CalledTerm<P>> => {
      const found = drawn.stays === true ? ready.get(drawn.samples) : undefined
      if (found !== undefined) return found
      const fresh = parts(model, programs(drawn.term), drawn, { basis, own, data }).map(term => {
        if (drawn.stays !== true)
          return { call: (params: Params.Params<P>) => Given.call(data.rows, params, term.given), ...term }
        const of = Given.caller(RR.difference(Noise.directions(basis, data))(term.given), data.rows)
        return {
          call: (params: Params.Params<P>, basis: Projection.Basis) => of(params, Noise.directions(basis, data)),
          ...term
        }
      })
      if (drawn.stays === true) ready.set(drawn.samples, fresh)
      return fresh
    }
    return (params, evaluation) => {
      const { basis, terms } = evaluation
      const sums = terms.flatMap(drawn => {
        const weigh = Strands.map(({ value, gradient }: Compiler.Result) =>
          // the parameters of the signature are those of the score
          scaled(drawn.weight)({ value, gradient: gradient as Params.Params<P> })
        )
        return readyFor(drawn, basis).map(({ program, call, samples }) =>
          E.isRight(program)
            ? weigh(program.right.sum(call(params, basis)))
            : otherwise()(params, { basis, terms: [{ ...drawn, samples }] })
        )
      })
      return sums.length === 1
        ? sums[0]
        : pipe(
            Strands.all(data.rows, sums),
            Strands.map(values => total(params, values))
          )
    }
  }
}

const programOf = <P extends string>(
  model: Score.Model<P>,
  library: Compiler.Library,
  shapes: Params.Shapes<P>,
  term: Direct,
  given: Given.Named,
  differentiates = true
): E.Either<string, Compiler.Program> =>
  library.program(
    Matching.identity(term),
    Given.signature(shapes, given),
    ({ params, rows, constants }) => ({
      // the parameters of the signature are those of the score
      value: Matching.mean(model, term)(params as Params.Tensors<P>, { ...rows, ...constants })
    }),
    differentiates
  )

/** A part of a term that is one call of a program, and the samples that it is of. */
interface Term {
  readonly program: E.Either<string, Compiler.Program>
  readonly given: Given.Named
  readonly samples: ReadonlyArray<Sample>
}

/** A part of a term, and what it is called with. */
interface CalledTerm<P extends string> extends Term {
  readonly call: (params: Params.Params<P>, basis: Projection.Basis) => Compiler.Call
}

/** So many samples are one call of a program: as many as a cache holds, and of what is left fewer. */
const TOGETHER = [128, 16, 4] as const

/** How many are taken together, of so many. */
const together = (count: number): number => TOGETHER.find(n => n <= count) ?? Math.min(...TOGETHER)

/** The calls of a term: of levels and nodes that see the same rows, with the same noise or none that is drawn, as many as can be are one. */
const parts = <P extends string>(
  model: Score.Model<P>,
  programFor: (given: Given.Named) => Term['program'],
  { term, samples }: Drawn<Direct>,
  { basis, own, data }: { readonly basis: Projection.Basis; readonly own: Given.Named; readonly data: Source.Data }
): ReadonlyArray<Term> => {
  if (!Objective.isMatching(term)) {
    const given = Object.assign({}, own, Matching.constantsOf(term))
    return [{ program: programFor(given), given, samples: [] }]
  }
  const all = samples.map(sample => ({ sample, given: Matching.given(model, term, sample, basis, data, own) }))
  const alone = ({ sample, given }: (typeof all)[number]): Term => ({
    program: programFor(given),
    given,
    samples: [sample]
  })
  if (all.length === 1) return all.map(alone)
  const most = Math.max(...TOGETHER)
  return pipe(
    all,
    RA.chop(left => {
      const alike = pipe(
        left.slice(0, most),
        RA.takeLeftWhile(({ given }) => Given.isVersion(left[0].given)(given))
      )
      const size = together(alike.length)
      const [own, others] = [alike.slice(0, size), left.slice(Math.min(size, alike.length))]
      const one = own.length > 1 ? joined(own, size, programFor) : O.none
      return [O.isSome(one) ? [one.value] : own.map(alone), others]
    }),
    RA.flatten
  )
}

/** Samples as one call, with others of no weight where they are fewer than are taken together. */
const joined = (
  own: ReadonlyArray<{ readonly sample: Sample; readonly given: Given.Named }>,
  size: number,
  programFor: (given: Given.Named) => Term['program']
): O.Option<Term> => {
  const idle = { ...own[0].given, weight: Given.number(0) }
  const given = Given.versions([
    ...own.map(({ given }) => given),
    ...Array.from({ length: size - own.length }, () => idle)
  ])
  return pipe(
    O.some(programFor(given)),
    O.filter(E.isRight),
    O.map(program => ({ program, given, samples: own.map(({ sample }) => sample) }))
  )
}

const librariesIn = (precision: Compiler.Precision): ((score: Score.Score<string>) => Compiler.Library) =>
  remembered<Score.Score<string>, Compiler.Library>(() => Compiler.library(precision), meant)
const libraries = { float64: librariesIn('float64'), float32: librariesIn('float32') }

/** The programs of a score: what is compiled again, on other data, of another objective of the same rows or of an equal score, is there. */
export const libraryOf = (score: Score.Score<string>, precision: Compiler.Precision): Compiler.Library =>
  libraries[precision](score)

/** A program, and the term of the objective that it is of. */
interface Programmed {
  readonly term: string
  readonly program: Compiler.Program
}

const named =
  ({ of }: Objective.Term) =>
  (program: E.Either<string, Compiler.Program>): E.Either<string, Programmed> =>
    pipe(
      program,
      E.map(program => ({ term: Objective.show(of), program }))
    )

/** Rows that a trial of a program is drawn for: their number is no part of a program. */
const TRIAL = 8

/** What stands in the way of programs for a loss, or how they run: told by one of each kind, at parameters drawn anywhere. */
const trial = <P extends string>(
  loss: Loss<P>,
  data: Source.Data,
  library: Compiler.Library,
  use: Use
): E.Either<string, ReadonlyArray<Programmed>> => {
  const few = Nodes.isNodes(data)
    ? data.first(TRIAL)
    : Source.chosen(Array.from({ length: Math.min(TRIAL, data.rows) }, (_, i) => i))(data)
  const shapes = Score.shapes(data.dim)(loss.score)
  const keys = pipe(Key.fromSeed(0), Key.named('params', 'draws'))
  const params = Params.map<ReadonlyArray<number>, NdArray>((shape, name) => ({
    shape,
    values: Key.normal(size(shape))(Key.named(name)(keys.params)[name])
  }))(shapes)
  const model = Score.interpret(loss.score)
  const own = Matching.data(few, use === 'often')
  const { basis, terms } = draw(loss)(few)(params, keys.draws)
  const setting = { basis, own, data: few }
  const ofPairs = terms.filter(isPaired).flatMap(({ term, samples }) =>
    samples.slice(0, 1).flatMap(sample => {
      const given = { ...own, ...Matching.given(model, term, sample, basis, few) }
      const { said, gradient } = Pairs.programs(model, library, term, shapes, given)
      const { width } = Matching.readsOf(model, term, few.dim, false, false)
      return [said, gradient({ shape: [few.rows, width], values: new Float64Array(few.rows * width) })].map(named(term))
    })
  )
  return pipe(
    [
      ...terms
        .filter(isDirect)
        .flatMap(drawn =>
          parts(model, given => programOf(model, library, shapes, drawn.term, given), drawn, setting).map(
            ({ program }) => named(drawn.term)(program)
          )
        ),
      ...ofPairs
    ],
    E.sequenceArray
  )
}

// —— all terms ——

/** Whether it is one loss of the score. */
export const isDirect = (drawn: Drawn): drawn is Drawn<Direct> => !Objective.isPenalty(drawn.term) && !isPaired(drawn)

/** Whether it is a loss of pairs of rows. */
const isPaired = (drawn: Drawn): drawn is Drawn<Pairs.Paired> =>
  Objective.isMatching(drawn.term) && drawn.term.pairs !== undefined

/** The terms that are one loss of the score, as a sum over the rows: what another process takes strands of (see `Sums`). */
export const summed = <P extends string>(
  loss: Loss<P>,
  engine: LossPlan<P>['engine'],
  precision: Compiler.Precision,
  about: Source.Data
): ((params: Params.Params<P>, key: Key.Key) => Strands.Sum<ValueAndGradient<P>>) => {
  const circumstances = { library: libraryOf(loss.score, precision), use: 'often' } as const
  const [draws, whole] = [draw(loss)(about), engineOf(loss, engine, circumstances)(about)]
  return (params, key) => {
    const { basis, terms } = draws(params, key)
    return whole(params, { basis, terms: terms.filter(isDirect) })
  }
}

/** What it needs for that beside the rows: the words of the loss and how it is computed, the key of the noise and the parameters. */
const asked =
  <P extends string>(
    { schedule, score, objective, expectation }: Loss<P>,
    engine: LossPlan<P>['engine'],
    precision: Compiler.Precision,
    middle: Float64Array | null
  ) =>
  (params: Params.Params<P>, { k0, k1 }: Key.Key): Place.Asked => ({
    sum: {
      name: 'loss',
      schedule: Case.encode(schedule),
      score: Case.encode(score),
      objective: Case.encode(objective),
      expectation: Case.encode(expectation),
      engine,
      precision,
      middle: middle && Array.from(middle)
    },
    numbers: concatenated([Float64Array.of(k0, k1), Params.packed(params)])
  })

/** Data and parameters as terms see them: about the middle of the data, except for what may look at the data themselves. */
export const framed = <P extends string>({
  score,
  objective
}: Loss<P>): ((data: Source.Data) => Frame.Frame<P, Source.Data>) => {
  const stays = Objective.terms(objective).some(({ term }) => !Objective.isPenalty(term) && term.moves !== true)
  const model = Score.interpret(score)
  return data => (stays || Nodes.isNodes(data) ? Frame.unmoved<P, Source.Data>(data) : Frame.ofModel(model, data))
}

/** A value that is none, where rows cannot resolve the students. */
export const nothing = <P extends string>(params: Params.Params<P>): ValueAndGradient<P> => ({
  value: NaN,
  gradient: Params.mapValues(() => NaN)(params)
})

/** The mixture that parameters of a score are; `problems` refuses populations of scores that are none. */
export const mixtureIn = <P extends string>(score: Score.Score<P>): ((params: Params.Params<P>) => Mixture) =>
  Score.interpret(score).family?.toMixture ??
  (() => refuse('a population is met by the score of a mixture; compile the loss'))

/** How far two values with their gradients are from each other, beside 1 and their size. */
const apart = <P extends string>(a: ValueAndGradient<P>, b: ValueAndGradient<P>): number =>
  Math.max(
    Math.abs(a.value - b.value) / (1 + Math.abs(b.value)),
    Params.norm(Params.zipWith((x, y: number) => x - y)(a.gradient, b.gradient)) / (1 + Params.norm(b.gradient))
  )

/** An evaluation; with other terms than those of the loss, one for each, where these differ in constants alone. */
type Evaluate<P extends string> = (
  params: Params.Params<P>,
  key: Key.Key,
  others?: ReadonlyArray<Objective.Term>
) => ValueAndGradient<P>

/** Where nodes follow the students: those that resolve the parameters. */
const following = <P extends string>(
  by: LossPlan<P>['engine'],
  loss: Loss<P>,
  population: Nodes.Population,
  circumstances: EvaluationOptions
): Evaluate<P> => {
  const levels = levelsOf(loss)
  const mixtureOf = mixtureIn(loss.score)
  const on = (resolved: Nodes.Population['resolved'], of: (term: Objective.Term) => boolean): Evaluate<P> => {
    const known = new WeakMap<Nodes.Nodes, Evaluate<P>>()
    const there = onRows(by, loss, { ...circumstances, place: Place.here }, of)
    const trusted = Nodes.trusted(resolved, apart<P>)
    return (params, key, others) =>
      pipe(
        trusted(mixtureOf(params), levels, nodes => {
          const evaluate = known.get(nodes) ?? there(nodes)
          known.set(nodes, evaluate)
          return evaluate(params, key, others)
        }),
        E.getOrElse(() => nothing(params))
      )
  }
  const terms = Objective.terms(loss.objective)
  const parts = [
    ...(terms.every(({ term }) => isOverStudent(term)) ? [] : [on(population.resolved, term => !isOverStudent(term))]),
    ...(terms.some(({ term }) => isOverStudent(term)) ? [on(population.ofStudents, isOverStudent)] : [])
  ]
  return (params, key, others) =>
    total(
      params,
      parts.map(evaluate => evaluate(params, key, others))
    )
}

/** Whether the mean of a term is over the student's own distribution. */
export const isOverStudent = (term: Objective.Term): boolean => Objective.isMatching(term) && term.overStudent === true

/** The whole objective by one engine. */
export const evaluator = <P extends string>(
  by: LossPlan<P>['engine'],
  loss: Loss<P>,
  data: Source.Data,
  circumstances: EvaluationOptions
): Evaluate<P> =>
  Nodes.isPopulation(data) ? following(by, loss, data, circumstances) : onRows(by, loss, circumstances)(data)

/** The value alone; pairs of rows have both at once. */
const valueOf = <P extends string>(
  by: LossPlan<P>['engine'],
  loss: Loss<P>,
  data: Source.Data,
  circumstances: EvaluationOptions
): LossPlan<P>['value'] => {
  const evaluate = lazy(() => evaluator(by, loss, data, { ...circumstances, differentiates: hasPairs(loss) }))
  return (params, key) => evaluate()(params, key).value
}

const onRows = <P extends string>(
  by: LossPlan<P>['engine'],
  loss: Loss<P>,
  circumstances: EvaluationOptions,
  of: (term: Objective.Term) => boolean = () => true
): ((data: Source.Data) => Evaluate<P>) => {
  const { library, place, differentiates = true } = circumstances
  const [engine, drawing, frame] = [engineOf(loss, by, circumstances), draw(loss), framed(loss)]
  return data => {
    const { points: about, middle, enter } = frame(data)
    const anew = drawing(about)
    // Nodes draw nothing, and so are the same for all parameters and keys.
    const once = lazy(() => anew(Params.zeros(Score.shapes(data.dim)(loss.score)), Key.fromSeed(0)))
    const draws: typeof anew = Nodes.isNodes(about) ? once : anew
    const whole = engine(about)
    const question = asked(loss, by, library.precision, middle)
    const rows = lazy(() => Matching.data(about, circumstances.use === 'often'))
    const paired = (
      params: Params.Params<P>,
      basis: Projection.Basis,
      { weight, term, samples }: Drawn<Pairs.Paired>
    ): ReadonlyArray<ValueAndGradient<P>> => {
      const model = Score.interpret(loss.score)
      const evaluate = Pairs.evaluated(model, by === 'compiled' ? library : null, term, about.rows, differentiates)
      return samples.map(sample => {
        // `problems` refuses what is not of one level and weight.
        const [own] = column(sample.weight, 0, 1)
        return scaled(weight * own)(
          evaluate(params, { ...rows(), ...Matching.given(model, term, sample, basis, about) })
        )
      })
    }
    return (params, key, others) => {
      const { here, basis, terms, sum } = Strands.kept(() => {
        const here = enter(params)
        const { basis, terms: own } = draws(here, key)
        const terms = (
          others === undefined ? own : own.map((drawn, i) => ({ ...drawn, term: others[i], stays: false }))
        ).filter(({ term }) => of(term))
        const direct = terms.filter(isDirect)
        return { here, basis, terms, sum: direct.length > 0 ? [whole(here, { basis, terms: direct })] : [] }
      })
      return total(params, [
        ...sum.map(one => place.taken(one, () => question(here, key))),
        ...terms.flatMap(drawn => {
          const { term, weight } = drawn
          if (isPaired(drawn)) return paired(here, basis, drawn)
          if (!Objective.isPenalty(term)) return []
          const { value, gradient } = term.penalty(params)
          // A penalty gives a gradient in the parameters that it is given.
          const own = gradient as Params.Params<P>
          return [scaled(weight)({ value, gradient: differentiates ? own : noGradient<P>() })]
        })
      ])
    }
  }
}

/** What does not change meanwhile. */
export const unchanging = (data: Source.Data): Source.Data => (Nodes.isPopulation(data) ? data : asTheyAre(data))

/** A plan on batches of the rows. */
export interface Batched<P extends string> extends Omit<LossPlan<P>, 'evaluate' | 'value' | 'parts'> {
  /** Over rows of these numbers; over rows drawn from the key, where none are given. */
  readonly evaluate: (params: Params.Params<P>, key: Key.Key, rows?: Int32Array) => ValueAndGradient<P>
}

/** The chosen plan on a batch of the rows: on those that are asked for, or drawn again from the key of each evaluation. */
export const batched = <P extends string>(
  loss: Loss<P>,
  data: Source.Data,
  batch: number,
  { evaluations = Infinity, precision = 'float64' }: Partial<Pick<Circumstances, 'evaluations' | 'precision'>> = {}
): Batched<P> => {
  // A batch is a few rows, which whoever leads has at hand.
  const once = { library: libraryOf(loss.score, precision), use: 'once', place: Place.here } as const
  const [{ engine, reason }] = plans(loss, data, { evaluations, ...once })
  const of = onRows(engine, loss, once)
  return {
    engine,
    reason: `${reason}; on ${batch} ${Source.isSource(data) && data.draw !== undefined ? 'new' : `of ${data.rows}`} rows a step`,
    evaluate: (params, key, rows) => {
      const keys = pipe(key, Key.named('rows', 'loss'))
      const { points } = Source.batch(batch, rows)(keys.rows)(data)
      return of(points)(params, keys.loss)
    }
  }
}

/** Compiling takes tens of milliseconds: fewer evaluations of few numbers are over before. */
const WORTH_COMPILING = { evaluations: 10, numbers: 100000 }

/** What the choice of a plan looks at beside the loss. */
export interface Circumstances {
  /** How often a loss will be evaluated. */
  readonly evaluations: number
  /** Of programs, of the precision asked for unless given. */
  readonly library: Compiler.Library
  readonly precision: Compiler.Precision
  readonly use: Use
  /** Where sums over the rows are taken. */
  readonly place: Place.Place
}

/** How an evaluation is taken. */
interface EvaluationOptions extends Pick<Circumstances, 'library' | 'use' | 'place'> {
  /** So unless said otherwise. */
  readonly differentiates?: boolean
}

const engineOf = <P extends string>(
  { score }: Loss<P>,
  engine: LossPlan<P>['engine'],
  { library, use, differentiates = true }: Omit<EvaluationOptions, 'place'>
): Engine<P> =>
  engine === 'compiled' ? compiled(score, library, use, differentiates) : interpreted(score, use, differentiates)

const hasPairs = <P extends string>({ objective }: Loss<P>): boolean =>
  Objective.terms(objective).some(({ term }) => Objective.isMatching(term) && term.pairs !== undefined)

/** All ways to compute a loss on data, the chosen one first. They differ by rounding alone. */
export const plans = <P extends string>(
  loss: Loss<P>,
  data: Source.Data,
  {
    evaluations = Infinity,
    precision = 'float64',
    library = libraryOf(loss.score, precision),
    use = 'often',
    place = Place.here
  }: Partial<Circumstances> = {}
): RNEA.ReadonlyNonEmptyArray<LossPlan<P>> => {
  const isSingle = library.precision === 'float32'
  const plan = (
    engine: LossPlan<P>['engine'],
    reason: string,
    programs: ReadonlyArray<Programmed> = []
  ): LossPlan<P> => ({
    engine,
    reason,
    parts: () => programs.map(({ term, program }) => ({ term, ...program.profile() })),
    evaluate: evaluator(engine, loss, data, { library, use, place }),
    value: valueOf(engine, loss, data, { library, use, place: Place.here })
  })
  return !isSingle && evaluations < WORTH_COMPILING.evaluations && data.rows * data.dim < WORTH_COMPILING.numbers
    ? [plan('interpreted', `${evaluations} evaluations are over before it is compiled`)]
    : pipe(
        E.tryCatch(() => trial(loss, data, library, use), String),
        E.flatten,
        E.fold(
          (refusal): RNEA.ReadonlyNonEmptyArray<LossPlan<P>> => [plan('interpreted', `it is not compiled: ${refusal}`)],
          programs => [
            plan(
              'compiled',
              `one program over the rows, gradient and all${hasPairs(loss) ? ', pairs of rows op by op' : ''}${isSingle ? ', in float32' : ''}${Compiler.how(
                programs.map(({ program }) => program),
                data.rows
              )}${
                !Nodes.isPopulation(data)
                  ? ''
                  : data.shifts === null
                    ? '; rows are nodes of the population, as many as the parameters require'
                    : `; rows are ${data.rule} for each component, with a standard error: Population.estimate`
              }`,
              programs
            ),
            plan('interpreted', 'serves every score and objective, slower')
          ]
        )
      )
}

/** What rows are given that is theirs at every key. */
const OF_DATA = ['clean', 'rowWeight', 'partner', 'label']

/** Whether a loss may be another function at another key: its programs say what they draw, and read of what is drawn. */
export const isRandom = <P extends string>(loss: Loss<P>, data: Source.Data): boolean => {
  if (Nodes.isNodes(data) || Expectation.isDeterministic(loss.expectation)) return false
  const terms = Objective.terms(loss.objective)
  const matching = terms.filter(({ term }) => Objective.isMatching(term))
  if (matching.length === 0) return false
  if (isProjected(loss.expectation) || hasPairs(loss)) return true
  if (matching.some(({ labelDropout }) => labelDropout > 0)) return true
  const [{ engine, parts }] = plans(loss, data)
  return (
    engine !== 'compiled' ||
    parts().some(({ draws, reads }) => draws > 0 || reads.some(name => !OF_DATA.includes(name)))
  )
}

/** The parts of a loss that need double precision: those that do not say that single is enough. */
export const needingDouble = <P extends string>({
  score,
  objective,
  expectation
}: Loss<P>): ReadonlyArray<Problem.Problem> => {
  const refused = (value: string, domain: string, remedy: string): Problem.Problem =>
    Problem.of('precision', `'float32' of ${value}`, domain, `${remedy}leave precision out`)
  const way = Expectation.interpret(expectation)
  return [
    ...(Score.interpret(score).family === undefined
      ? []
      : [refused(Score.show(score), "'float64', as of a mixture, whose densities are differences", '')]),
    ...(way.where === 'everywhere' && way.float32 === true
      ? []
      : [
          refused(
            Expectation.show(expectation),
            "'float64', as of all but noise drawn again",
            'use Expectation.monteCarlo(), or '
          )
        ]),
    ...Objective.terms(objective).flatMap(({ term }) =>
      Objective.isPenalty(term) || (Objective.isMatching(term) && term.float32 === true)
        ? []
        : [
            refused(
              Objective.show(term.of),
              "'float64', as of what does not say float32: true",
              'say so where it is defined, if its rows are no differences of large numbers, or '
            )
          ]
    )
  ]
}

/** What a term's own function reads of a row; none where it cannot be told, since it throws. */
const readsOf = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  dim: number,
  isOnNodes = false
): O.Option<Matching.Reads> =>
  O.tryCatch(() => Matching.readsOf(model, term, dim, term.measuredIn !== undefined, isOnNodes))

/** What does not go with losses over pairs of so many rows. */
export const pairProblems = <P extends string>(
  { schedule, score, objective }: Pick<Loss<P>, 'schedule' | 'score' | 'objective'>,
  data: Source.Data,
  rows: number
): ReadonlyArray<Problem.Problem> =>
  Objective.terms(objective).flatMap(({ term, weightings }) => {
    if (!Objective.isMatching(term) || term.pairs === undefined) return []
    const printed = Objective.show(term.of)
    const unless = (holds: boolean, value: string, domain: string, remedy: string): ReadonlyArray<Problem.Problem> =>
      Problem.unless(holds, 'objective', `${printed} ${value}`, domain, remedy)
    const width = pipe(
      readsOf(Score.interpret(score), term, data.dim),
      O.match(
        () => 1,
        ({ width }) => width
      )
    )
    const most = Math.floor((1 + Math.sqrt(1 + (4 * Pairs.MOST) / width)) / 2)
    return [
      ...unless(
        O.isSome(TimeLaw.only(schedule)(term.timeLaw)) && weightings.length === 0,
        'over several noise levels or with a weighting',
        'at one noise level, which both rows of a pair have',
        'use TimeLaw.at(t), and a number as weight'
      ),
      ...unless(
        (!Nodes.isPopulation(data) && data.weights === undefined) || (Source.isSource(data) && data.weights === null),
        'of rows with weights',
        'of rows that count alike, as pairs do',
        'leave the weights out'
      ),
      ...unless(
        rows >= 2 && Pairs.sizeOf(rows, width) <= Pairs.MOST,
        `on ${rows} rows of ${width} numbers, ${Pairs.sizeOf(rows, width)} at once,`,
        `of 2 to ${most} rows, whose pairs are at most ${Pairs.MOST} numbers`,
        `give the stage a batch of at most ${most} rows`
      )
    ]
  })

/** What a term draws from the key beside the noise, in words. */
export const drawnBeside = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  dim: number
): ReadonlyArray<string> =>
  pipe(
    readsOf(model, term, dim),
    O.fold(
      () => [],
      ({ probes }) => [
        ...(probes.noise > 0 ? ['further noise'] : []),
        ...(probes.normal + probes.rademacher > 0 ? ['the directions of a divergence'] : [])
      ]
    )
  )

/** Whether all that a term reads is there, of a model. */
export const isRead = <P extends string>(model: Score.Model<P>, term: Objective.Term, dim: number): boolean =>
  !Objective.isMatching(term) || O.isSome(readsOf(model, term, dim))

/** Whether a term reads the row that belongs to each row. */
export const readsPartner = <P extends string>(model: Score.Model<P>, term: Objective.Term, dim: number): boolean =>
  Objective.isMatching(term) &&
  pipe(
    readsOf(model, term, dim),
    O.exists(({ names }) => names.has('partner'))
  )

/** That a term noises rows of a family that is of time 0 only, and why it is. */
const noised = <P extends string>(score: Score.Score<P>, term: Objective.Term): ReadonlyArray<Problem.Problem> => {
  const reason = Score.interpret(score).family?.onlyClean
  return Problem.unless(
    reason === undefined || !Objective.isMatching(term),
    'objective',
    `${Objective.show(term.of)} of ${Score.show(score)}`,
    `without noise, since ${reason}`,
    'use Objective.likelihood, or Stage.expectationMaximization'
  )
}

/**
 * What of an objective does not go with the score, the schedule or the expectation; nothing, while the descriptions
 * themselves have problems.
 */
export const problems = <P extends string>(
  { schedule, score, objective, expectation }: Loss<P>,
  data: Source.Data
): ReadonlyArray<Problem.Problem> => {
  const { dim } = data
  if (Schedule.problems(schedule).length + Objective.problems(schedule)(objective).length > 0) return []
  const { predicts } = Score.interpret(score)
  const shapes = Score.shapes(dim)(score)
  const weightOf = Weighting.interpret(schedule)
  const { level } = Schedule.interpret(schedule)

  const finite = (
    term: Objective.Matching,
    weightings: ReadonlyArray<Weighting.Weighting>
  ): ReadonlyArray<Problem.Problem> => {
    const parametrization = term.measuredIn ?? predicts
    const weigh = weightings.map(weightOf)
    const weights = TimeLaw.quadrature(
      schedule,
      TimeLaw.NODES
    )(term.timeLaw).map(({ time }) => ({
      time,
      weight: weigh.reduce(
        (product, at) => product * at(time),
        Parametrization.weight(predicts, parametrization)(level(time))
      )
    }))
    const wrong = weights.find(({ weight }) => !Number.isFinite(weight))
    return wrong === undefined
      ? []
      : [
          Problem.of(
            'objective.timeLaw',
            `the weight ${wrong.weight} at time ${wrong.time}`,
            'finite',
            'keep clear of the end of the schedule, or weigh it otherwise'
          )
        ]
  }
  const { family } = Score.interpret(score)
  const sized = (term: Objective.Matching): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      !(
        family?.unitVariance === false &&
        TimeLaw.assumesUnitVariance(Nodes.isNodes(data) || Expectation.isDeterministic(expectation))(term.timeLaw)
      ),
      'objective.timeLaw',
      `${TimeLaw.show(term.timeLaw)} of ${Score.show(score)}`,
      'one with leastVariance, since variances are learned and its nodes lie by the least of them',
      'give TimeLaw.likelihood the minimum variance, such as leastVariance: 1e-3'
    )
  const plainNoise = (term: Objective.Matching, labelDropout: number): ReadonlyArray<Problem.Problem> => {
    const anew = !isProjected(expectation) && !Expectation.isDeterministic(expectation)
    const refused = (allowed: string, remedy: string): ReadonlyArray<Problem.Problem> => [
      Problem.of('expectation', `${Expectation.show(expectation)} of ${Objective.show(term.of)}`, allowed, remedy)
    ]
    if (anew) return []
    if (term.exact !== undefined)
      return refused(
        isProjected(expectation)
          ? 'plain noise, without which the divergence is exact'
          : 'plain noise drawn again, as the directions are',
        'leave out divergence, or use Expectation.monteCarlo()'
      )
    const drawn = [
      ...drawnBeside(Score.interpret(score), term, dim),
      ...(labelDropout > 0 ? ['the labels that are left out'] : [])
    ]
    return drawn.length === 0 || (isProjected(expectation) && labelDropout === 0)
      ? []
      : refused(`plain noise drawn again, as is ${drawn.join(', and ')}`, 'use Expectation.monteCarlo()')
  }
  /** Where there is no noise, nothing may read it. */
  const unnoised = (term: Objective.Matching): ReadonlyArray<Problem.Problem> => {
    const read = pipe(
      readsOf(Score.interpret(score), term, dim),
      O.match(
        () => [],
        ({ names }) => Matching.lacking(term, false).filter(name => names.has(name))
      )
    )
    return Problem.unless(
      read.length === 0,
      'objective',
      `${Objective.show(term.of)}, which reads ${read.join(', ')},`,
      `a function of the data ${TimeLaw.formula(term.timeLaw)}`,
      'read clean, score and noises(k), or take TimeLaw.at(0.1)'
    )
  }
  /** On the nodes of a population no noise is drawn. */
  const noiseless = (term: Objective.Matching, labelDropout: number): ReadonlyArray<Problem.Problem> => {
    const exact = exactly(term)
    const lacks = Objective.isMatching(exact) ? Matching.lacking(exact, true) : []
    const names = pipe(
      Objective.isMatching(exact) ? O.some(exact) : O.none,
      O.chain(exact => {
        const on = (isOnNodes: boolean): O.Option<Matching.Reads> =>
          readsOf(Score.interpret(score), exact, dim, isOnNodes)
        // What takes the rest of a row and reads in it what nodes lack throws there.
        return O.orElse(() => on(false))(on(true))
      }),
      O.match(
        () => [],
        ({ names, probes }): ReadonlyArray<string> => [
          ...lacks.filter(name => names.has(name)),
          ...(probes.noise > 0 ? ['noises'] : []),
          ...(probes.normal + probes.rademacher > 0 ? ['directions'] : [])
        ]
      )
    )
    return [
      ...Problem.unless(
        family?.toMixture !== undefined,
        'score',
        `${Score.show(score)} on a population`,
        'that of a mixture of Gaussians, whose parameters say how many nodes they require',
        'sample points: Mixture.sample(rows)(key)(mixture)'
      ),
      ...Problem.unless(
        names.length === 0 && labelDropout === 0,
        'objective',
        `${Objective.show(term.of)}, which reads ${[...names, ...(labelDropout > 0 ? ['labels'] : [])].join(', ')}, on a population`,
        'a function of x_t, of which the nodes are',
        'write it by score and noisy, or sample points: Mixture.sample(rows)(key)(mixture)'
      )
    ]
  }
  const dense = (term: Objective.Matching): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      family !== undefined ||
        !pipe(
          readsOf(Score.interpret(score), term, dim),
          O.exists(({ density }) => density)
        ),
      'objective',
      `logDensityAt in ${Objective.show(term.of)} of ${Score.show(score)}`,
      'of the score of a mixture, which has a density',
      'use scoreAt, or the score of a mixture'
    )
  return Objective.terms(objective).flatMap(({ term, weightings, labelDropout }) => [
    ...noised(score, term),
    ...(term.unfit?.(shapes, Score.show(score), dim) ?? []),
    ...(Objective.isMatching(term)
      ? [
          ...finite(term, weightings),
          ...sized(term),
          ...(Nodes.isNodes(data)
            ? noiseless(term, labelDropout)
            : [
                ...plainNoise(term, labelDropout),
                ...unnoised(term),
                ...Problem.unless(
                  !isOverStudent(term),
                  'objective',
                  `${Objective.show(term.of)} on points`,
                  'on a population, whose nodes follow the student',
                  'give Population.of(mixture) as the data'
                )
              ]),
          ...dense(term)
        ]
      : [])
  ])
}
