/**
 * Unrolled: short runs as functions of where they start and of the numbers of their steps, with gradients of what they end at: learned rates,
 * learned optimizers, hypergradients (Maclaurin, Duvenaud & Adams 2015, arXiv 1502.03492).
 *
 * A step is an optimizer's, or written in the tensor vocabulary, θ′ = U(θ, ∇L(θ), memory, numbers). From the end back, λ′ = ∂f/∂θ′ gives by the step's own
 * derivative what it owes θ, memory and numbers, and ḡ, what it owes the gradient; of that θ gets the product with the Hessian, ∇²L(θ) ḡ, by
 * one program for all steps. What is kept of a run is where its steps began.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Expectation, Key, Objective, Params, Problem, Schedule, Score, Unrolled } from 'ornstein'
 * import { square, sum, valueAndGrad } from 'ornstein/float64'
 *
 * // Two steps down (m − ½)²/2 + constant, which is −log p of the points 0 and 1: m − ½ shrinks by 1 − rate at each.
 * const run = Problem.orThrow(
 *   Unrolled.of(
 *     { schedule: Schedule.ornsteinUhlenbeck, score: Score.spherical({ components: 1 }), objective: Objective.likelihood, expectation: Expectation.monteCarlo() },
 *     { steps: 2, step: Unrolled.descent, end: valueAndGrad(({ means }) => sum(square(means))) }
 *   )({ rows: 2, dim: 1, values: Float64Array.of(0, 1) })
 * )
 * const { value, gradient } = Problem.orThrow(run(Params.of({ means: [[1.5]] }), Params.of({ rates: [0.5, 0.5] }), Key.fromSeed(0)))
 * // of m² at m = ½ + ¼
 * assert.deepEqual([value, gradient.start.means.values[0]], [0.5625, 2 * 0.75 * 0.25])
 * assert.deepEqual([...gradient.numbers.rates.values], [-0.75, -0.75])
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import {
  add,
  compute,
  concat,
  fromNdArray,
  Key,
  mul,
  reshape,
  slice,
  sub,
  sum,
  valueAndGrad,
  type NdArray,
  type Tensor
} from '../../lib/index.js'
import { shown } from '../../lib/arrays/ndarray.js'
import { unfold } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Compile from '../derivatives/index.js'
import * as Hyperparameters from './hyperparameters.js'
import * as Leaves from '../optimizer/leaves.js'
import * as Objective from '../objective/objective.js'
import * as Optimizer from '../optimizer/optimizer.js'
import * as Params from '../family/params.js'
import * as Problem from '../core/problem.js'
import * as Score from '../score/score.js'
import type * as Source from '../data/source.js'

/** What a step sees. */
export interface At<P extends string, Q extends string, M extends string> {
  readonly params: Params.Tensors<P>
  /** Of the loss there. */
  readonly gradient: Params.Tensors<P>
  /** What the step before left, of the shapes that the run began with. */
  readonly memory: Params.Tensors<M>
  /** What is learned: rates, say, or the weights of an optimizer. */
  readonly numbers: Params.Tensors<Q>
  /** From 0. */
  readonly step: number
}

/** What a step comes to. */
export interface After<P extends string, M extends string> {
  readonly params: Params.Tensors<P>
  readonly memory: Params.Tensors<M>
}

export interface Description<P extends string, Q extends string, M extends string = never> {
  readonly steps: number
  /** A step in the tensor vocabulary. Projections stand at its end. */
  readonly step: (at: At<P, Q, M>) => After<P, M>
  /** A function of the last parameters, with its gradient: by `valueAndGrad`, or a loss of other data by `Compile.valueAndGrad`. */
  readonly end: (params: Params.Params<P>, key: Key.Key) => Compile.ValueAndGradient<P>
  /** The memory of the first step; none unless given. */
  readonly memory?: Params.Params<M>
}

/** How a run ended. */
export interface Ended<P extends string, Q extends string> {
  readonly value: number
  readonly params: Params.Params<P>
  /** Of the value, in where the run started and in the numbers of its steps. */
  readonly gradient: { readonly start: Params.Params<P>; readonly numbers: Params.Params<Q> }
}

/** Bytes that a run may keep: 256 MB. */
const MOST_BYTES = 268435456

/** θ ← θ − rates[step] ∇L, one rate a step. */
export const descent = <P extends string>({
  params,
  gradient,
  numbers: { rates },
  step
}: At<P, 'rates', never>): After<P, never> => ({
  params: Params.map<Tensor, Tensor>((x, name) =>
    sub(x, mul(reshape(slice(rates, [step], [1]), []), gradient[name as P]))
  )(params),
  memory: {}
})

/** What a step is a function of, in its order. */
const INPUTS = ['params', 'gradient', 'memory', 'numbers'] as const

type Arrays = Params.Params<string>
type Mapped = (all: Params.Tensors<string>) => Params.Tensors<string>

/** Where a run stands. Between steps it remembers something of any form, with arrays in it. */
interface State {
  readonly i: number
  readonly params: Arrays
  readonly memory: unknown
}

/** Steps of given numbers, as arrays and in the tensor vocabulary. */
interface Steps {
  /** What the first remembers, where a run starts. */
  readonly memory: unknown
  readonly take: (state: State, objective: (params: Arrays) => Compile.ValueAndGradient<string>) => Omit<State, 'i'>
  /** A step as a function of named tensors of all kinds, to parameters and memory. */
  readonly write: (state: State) => Mapped
  /** The arrays of a memory. */
  readonly arrays: (memory: unknown) => Arrays
  /** What the run ends with. */
  readonly answer: (state: State) => Arrays
}

type Step = (at: At<string, string, string>) => After<string, string>

/** Steps that are written in the tensor vocabulary. */
const written = (step: Step, memory: Arrays, numbers: Arrays): Steps => {
  const write =
    ({ i }: State): Mapped =>
    all => {
      const [params, gradient, memory, numbers] = INPUTS.map(kind => Leaves.ofKind(kind, all))
      return Leaves.joined({ ...step({ params, gradient, memory, numbers, step: i }) })
    }
  // What such steps remember is arrays by name.
  const arrays = (memory: unknown): Arrays => memory as Arrays
  return {
    memory,
    take: (state, objective) => {
      const { params, memory } = state
      const { gradient } = objective(params)
      const after = taken(write(state), Leaves.joined({ params, gradient, memory: arrays(memory), numbers }))
      return { params: Leaves.ofKind('params', after), memory: Leaves.ofKind('memory', after) }
    },
    write,
    arrays,
    answer: ({ params }) => params
  }
}

/** Steps of an optimizer, some of whose numbers are given: one for all steps, or one a step. */
const stepped = (
  optimizer: Optimizer.Optimizer,
  subject: Optimizer.Subject,
  steps: number,
  start: Arrays,
  numbers: Arrays
): E.Either<Problem.Problems, Steps> => {
  const learned = Hyperparameters.of(optimizer)
  const isOne = Object.values(numbers).every(({ shape }) => shape.length === 0)
  const own = RA.makeBy(isOne ? Math.min(1, steps) : steps, i =>
    learned.renumbered(Params.map<NdArray, number>(({ shape, values }) => values[shape.length === 0 ? 0 : i])(numbers))
  )
  const at = (i: number): Optimizer.Optimizer => own[isOne ? 0 : i]
  const begin = (optimizer: Optimizer.Optimizer): unknown => Optimizer.anyInterpret<string>(optimizer).init(start)
  const misgiven = Object.entries<NdArray>(numbers).flatMap(([name, { shape }]) => [
    ...(learned.names.length > 0
      ? Problem.oneOf('numbers', name, learned.names)
      : [Problem.of('numbers', name, `a number of ${Optimizer.show(optimizer)}, which has none`, 'leave it out')]),
    ...Problem.unless(
      shape.length === 0 || (shape.length === 1 && shape[0] === steps),
      `numbers.${name}`,
      shown(shape),
      `one number, or one for each of ${steps} steps`,
      'give a number'
    )
  ])
  return pipe(
    Problem.faultless(misgiven, null),
    E.flatMap(() => Problem.faultless(own.flatMap(Optimizer.problems).map(Problem.within('numbers')), null)),
    E.map(() => ({
      memory: begin(own.length === 0 ? optimizer : own[0]),
      take: ({ i, params, memory }, objective) => {
        const taken = Optimizer.step(at(i), objective, subject)({ params, state: memory })
        return { params: taken.params, memory: taken.state }
      },
      write: ({ i, memory }) => {
        const write = learned.inTensors(at(i))
        return all => {
          const [params, gradient, arrays, own] = INPUTS.map(kind => Leaves.ofKind(kind, all))
          const [step, after] = write(
            Params.map<Tensor, Tensor>(x => (x.rank === 0 ? x : reshape(slice(x, [i], [1]), [])))(own)
          )(gradient, Leaves.filled(memory, arrays), { params })
          return Leaves.joined({
            params: Params.map<Tensor, Tensor>((x, name) => add(x, step[name]))(params),
            memory: Leaves.at<Tensor>(arrays, after)
          })
        }
      },
      arrays: Leaves.of,
      answer: ({ params, memory }) => Optimizer.estimate(optimizer, params, memory)
    }))
  )
}

/** The problems of a run that would keep too much. */
const oversized = (steps: number, kept: number): ReadonlyArray<Problem.Problem> =>
  Number.isSafeInteger(steps) && steps >= 0
    ? Problem.unless(
        8 * steps * kept <= MOST_BYTES,
        'steps',
        `${steps} steps, each of ${kept} numbers that are kept, ${8 * steps * kept} bytes,`,
        `at most ${MOST_BYTES} bytes`,
        `take at most ${Math.floor(MOST_BYTES / 8 / kept)} steps`
      )
    : [Problem.of('steps', steps, 'a whole number ≥ 0', 'try 10')]

/** What a step comes to, as arrays; throws where these have not the names and shapes that it began with. */
const taken = (step: Mapped, inputs: Arrays): Arrays => {
  const wanted = Params.shapes(
    Leaves.joined({ params: Leaves.ofKind('params', inputs), memory: Leaves.ofKind('memory', inputs) })
  )
  const all = compute(() => {
    const after = step(Params.map(fromNdArray)(inputs))
    const shapes = Params.map<Tensor, ReadonlyArray<number>>(({ shape }) => shape)(after)
    const wrong = [...new Set([...Params.names(wanted), ...Params.names(shapes)])].find(
      name => JSON.stringify(wanted[name]) !== JSON.stringify(shapes[name])
    )
    if (wrong !== undefined)
      return refuse(
        `step: ${wrong} is of shape ${JSON.stringify(shapes[wrong] ?? null)} after it, not ${JSON.stringify(wanted[wrong] ?? null)}; return what it was given, changed`
      )
    return concat(Params.names(wanted).map(name => reshape(after[name], [-1])))
  })
  return Params.unpacked(wanted)(all.values)
}

/** ⟨what a step comes to, what is owed to it⟩ */
const against = (after: Readonly<Record<string, Tensor>>, owed: Arrays): Tensor =>
  Object.entries(after)
    .map(([name, x]) => sum(mul(x, fromNdArray(owed[name]))))
    .reduce((a, b) => add(a, b))

const plus = Params.zipWith((a, b) => a + b)
const nothing = Params.mapValues(() => 0)

/** What is owed to arrays by others of which each is one of them. */
const owedTo = (arrays: Arrays, others: Arrays, owed: Arrays): Arrays =>
  Object.entries(others).reduce<Arrays>((all, [name, other]) => {
    const [own] = Object.entries(arrays).find(([, one]) => one === other) ?? []
    return own === undefined ? all : { ...all, ...plus<string>({ [own]: all[own] }, { [own]: owed[name] }) }
  }, nothing(arrays))

/** How steps are taken from a start by their numbers; or why not, from parameters of these shapes. */
const wayOf = <P extends string, Q extends string, M extends string>(
  { schedule, objective }: Compile.Loss<P>,
  { steps, step, ...own }: ByOptimizer<P> | Description<P, Q, M>,
  shapes: Params.Shapes<P>
): E.Either<Problem.Problems, (start: Arrays, numbers: Arrays) => E.Either<Problem.Problems, Steps>> => {
  const kept = (memory: Arrays): ReadonlyArray<Problem.Problem> =>
    oversized(steps, Params.sizeOf(shapes) + Params.sizeOf(Params.shapes(memory)))
  if (Optimizer.concept.is(step)) {
    const subject = Objective.subject(schedule)(objective)
    const memory: unknown = Optimizer.anyInterpret<string>(step).init(Params.zeros(shapes))
    return Problem.faultless(
      [
        ...Optimizer.problems(step).map(Problem.within('step')),
        ...Hyperparameters.unwritten(step, Params.zeros<string>(shapes)),
        ...Optimizer.incompatibilities({ shapes, random: null, subject })(step),
        ...kept(Leaves.of(memory))
      ],
      (start, numbers) => stepped(step, subject, steps, start, numbers)
    )
  }
  const memory: Arrays = ('memory' in own ? own.memory : undefined) ?? {}
  return Problem.faultless(kept(memory), (_, numbers) => E.right(written(step, memory, numbers)))
}

type Runs<P extends string, Q extends string> = (
  start: Params.Params<P>,
  numbers: Params.Params<Q>,
  key: Key.Key
) => E.Either<Problem.Problems, Ended<P, Q>>

/** The steps of an optimizer, whose learned numbers go by the names of its fields. */
export interface ByOptimizer<P extends string> extends Pick<Description<P, never>, 'steps' | 'end'> {
  readonly step: Optimizer.Optimizer
}

/**
 * A short run on a loss of data: a function of its start, the numbers of its steps and a key, with the gradient of its end in both. Step i
 * meets the noise of a key of its own. Exact to rounding, where the loss has Hessian–vector products: what `Compile.hessianVector` refuses is
 * refused, and a run whose steps would keep more than 256 MB. A run that comes to what is not finite is a problem.
 *
 * Of an optimizer it is the run of a pipeline with one `Stage.descend` of these steps from that start, bit for bit, and ends with its average where
 * it keeps one. Its numbers go by the names of fields (`rate`, `beta1`, those of a `Rate`), each one number or one a step; a part that is not
 * written in the tensor vocabulary, as a line search, is refused.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Expectation, Key, Objective, Optimizer, Params, Problem, Schedule, Score, Unrolled } from 'ornstein'
 * import { sum, valueAndGrad } from 'ornstein/float64'
 *
 * // Momentum down m²/2 + constant, with rate r and decay d: from 1 to (1 + d − r)(1 − r) − d.
 * const run = Problem.orThrow(
 *   Unrolled.of(
 *     { schedule: Schedule.ornsteinUhlenbeck, score: Score.spherical({ components: 1 }), objective: Objective.likelihood, expectation: Expectation.monteCarlo() },
 *     { steps: 2, step: Optimizer.momentum({ rate: 0.5, decay: 0.5 }), end: valueAndGrad(({ means }) => sum(means)) }
 *   )({ rows: 1, dim: 1, values: Float64Array.of(0) })
 * )
 * const { value, gradient } = Problem.orThrow(run(Params.of({ means: [[1]] }), Params.of({ decay: 0.5, rate: 0.5 }), Key.fromSeed(0)))
 * assert.deepEqual([value, gradient.numbers], [0, Params.of({ decay: -0.5, rate: -1.5 })])
 */
export function of<P extends string>(
  loss: Compile.Loss<P>,
  by: ByOptimizer<P>
): (
  data: Source.Data
) => E.Either<
  Compile.CompileErrors,
  <Q extends string>(
    start: Params.Params<P>,
    numbers: Params.Params<Q>,
    key: Key.Key
  ) => E.Either<Problem.Problems, Ended<P, Q>>
>
export function of<P extends string, Q extends string, M extends string = never>(
  loss: Compile.Loss<P>,
  by: Description<P, Q, M>
): (data: Source.Data) => E.Either<Compile.CompileErrors, Runs<P, Q>>
export function of<P extends string, Q extends string, M extends string>(
  loss: Compile.Loss<P>,
  by: ByOptimizer<P> | Description<P, Q, M>
): (data: Source.Data) => E.Either<Compile.CompileErrors, Runs<P, Q>> {
  const { steps, end } = by
  return data =>
    pipe(
      E.Do,
      E.bind('evaluate', () => Compile.valueAndGrad(loss, { evaluations: steps })(data)),
      E.bind('product', () => Compile.hessianVector(loss)(data)),
      E.bind('way', () => wayOf(loss, by, Score.shapes(data.dim)(loss.score))),
      E.map(({ evaluate, product, way }) => {
        // Steps, and the loss, work with whatever names there are, and hand back those that they were given.
        const ofLoss = (params: Arrays): Params.Params<P> => params as Params.Params<P>
        return (start, numbers, key) => {
          const keys = pipe(key, Key.named('steps', 'end'))
          // As a run of one stage has them.
          const keyAt = (i: number): Key.Key => pipe(keys.steps, Key.child(0), Key.child(i))
          const objective = (i: number) => (params: Arrays) => evaluate(ofLoss(params), keyAt(i))
          return pipe(
            way(start, numbers),
            E.flatMap(({ memory, take, write, arrays, answer }): E.Either<Problem.Problems, Ended<P, Q>> => {
              const arraysOf = (state: State): Arrays =>
                Leaves.joined({ params: state.params, memory: arrays(state.memory) })
              const states = [
                ...unfold<State>({ i: 0, params: start, memory }, state =>
                  state.i < steps && Params.isFinite(arraysOf(state))
                    ? { i: state.i + 1, ...take(state, objective(state.i)) }
                    : null
                )
              ]
              const last = states[states.length - 1]
              const found = Params.whereInfinite(arraysOf(last))
              if (found !== null) return E.left(Problem.alone(Problem.of(`step ${last.i}`, found, 'finite', REMEDY)))
              const params = answer(last)
              const { value, gradient } = end(ofLoss(params), keys.end)
              const { owed, sum } = states.slice(0, -1).reduceRight(
                ({ owed, sum }, state) => {
                  const { gradient } = objective(state.i)(state.params)
                  const inputs: Arrays = valueAndGrad<string>(all => against(write(state)(all), owed))({
                    ...arraysOf(state),
                    ...Leaves.joined({ gradient, numbers })
                  }).gradient
                  const [params, direction, memory] = INPUTS.map(kind => Leaves.ofKind(kind, inputs))
                  const curved = product(ofLoss(state.params), ofLoss(direction), keyAt(state.i))
                  return {
                    owed: Leaves.joined({ params: plus<string>(params, curved), memory }),
                    sum: plus<string>(sum, Leaves.ofKind('numbers', inputs))
                  }
                },
                { owed: owedTo(arraysOf(last), params, gradient), sum: nothing<string>(numbers) }
              )
              // What is remembered at first may be where the run starts.
              const slopes = plus<string>(
                Leaves.ofKind('params', owed),
                owedTo(start, arrays(memory), Leaves.ofKind('memory', owed))
              )
              return Number.isFinite(value) && Params.isFinite(owed) && Params.isFinite(sum)
                ? E.right({
                    value,
                    params: ofLoss(params),
                    gradient: { start: ofLoss(slopes), numbers: sum as Params.Params<Q> }
                  })
                : E.left(Problem.alone(Problem.of('the end', value, 'finite, with its gradient', REMEDY)))
            })
          )
        }
      })
    )
}

const REMEDY = 'try smaller rates, fewer steps or a start nearer to the data'
