/**
 * Unrolled: short optimization runs as functions of their start and of the numbers of their steps, with gradients of their end, for learned
 * rates, learned optimizers and hypergradients (Maclaurin, Duvenaud & Adams 2015, arXiv 1502.03492). Backwards from the end, the
 * vector–Jacobian product of a step θ′ = U(θ, ∇L(θ), memory, numbers) with λ′ = ∂f/∂θ′ gives the adjoints of θ, memory, numbers, and ḡ of
 * the gradient. The adjoint of θ also receives the Hessian–vector product ∇²L(θ) ḡ. Parameters and memory before each step are stored.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score } from 'ornstein'
 * import { square, sum, valueAndGrad } from 'ornstein/float64'
 *
 * // Two steps down (m − ½)²/2 + constant, which is −log p of the points 0 and 1: m − ½ shrinks by 1 − rate at each.
 * const run = Problem.orThrow(
 *   Compile.unrolled(
 *     { schedule: Schedule.ornsteinUhlenbeck, score: Score.spherical({ components: 1 }), objective: Objective.likelihood, expectation: Expectation.monteCarlo() },
 *     { steps: 2, step: Compile.descent, end: valueAndGrad(({ means }) => sum(square(means))) }
 *   )({ rows: 2, dim: 1, values: Float64Array.of(0, 1) })
 * )
 * const { value, gradient } = Problem.orThrow(run(Params.of({ means: [[1.5]] }), Params.of({ rates: [0.5, 0.5] }), Key.fromSeed(0)))
 * // of m² at m = ½ + ¼
 * assert.deepEqual([value, gradient.start.means.values[0]], [0.5625, 2 * 0.75 * 0.25])
 * assert.deepEqual([...gradient.numbers.rates.values], [-0.75, -0.75])
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
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
import { unfoldIterable } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Compile from './index.js'
import { argumentWithFields } from '../core/order.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import * as Score from '../score/score.js'
import { toData, type DataLike } from '../data/dataArgument.js'

export interface At<P extends string, Q extends string, M extends string> {
  readonly params: Params.Tensors<P>
  /** Gradient of the loss at `params`. */
  readonly gradient: Params.Tensors<P>
  /** Memory after the previous step, with the shapes of the initial memory. */
  readonly memory: Params.Tensors<M>
  /** Learned numbers, such as rates or the weights of an optimizer. */
  readonly numbers: Params.Tensors<Q>
  /** Index of the step, from 0. */
  readonly step: number
}

export interface After<P extends string, M extends string> {
  readonly params: Params.Tensors<P>
  readonly memory: Params.Tensors<M>
}

export interface UnrolledDescription<P extends string, Q extends string, M extends string = never> {
  readonly steps: number
  /** Step in the tensor vocabulary; projections are its last operation. */
  readonly step: (at: At<P, Q, M>) => After<P, M>
  /** Value and gradient at the last parameters: by `valueAndGrad`, or by `Compile.valueAndGrad` of a loss on other data. */
  readonly end: (params: Params.Params<P>, key: Key.Key) => Compile.ValueAndGradient<P>
  /** Memory of the first step. Default: none. */
  readonly memory?: Params.Params<M>
}

export interface Ended<P extends string, Q extends string> {
  readonly value: number
  readonly params: Params.Params<P>
  /** Gradient in the start and the numbers of the steps. */
  readonly gradient: { readonly start: Params.Params<P>; readonly numbers: Params.Params<Q> }
}

/** Memory for stored iterates, above which a run is refused: 256 MB. */
const MAX_STORED_BYTES = 268435456

/** One step of gradient descent, θ ← θ − rates[step] ∇L, with a rate for each step. */
export const descent = <P extends string>(at: At<P, 'rates', never>): After<P, never> => {
  const call = 'Compile.unrolled(loss, { steps, step: Compile.descent, end })'
  const { params, gradient, numbers, step } = argumentWithFields(
    at,
    ['params', 'gradient', 'numbers'],
    'where a step starts',
    call
  )
  return {
    params: Params.map<Tensor, Tensor>((x, name) =>
      sub(x, mul(reshape(slice(numbers.rates, [step], [1]), []), gradient[name as P]))
    )(params),
    memory: {}
  }
}

type RecordOf<A> = Readonly<Record<string, A>>
type AnyParams = Params.Params<string>

/** Flattens records of several kinds into one, each name prefixed by its kind. */
const joinKinds = <A>(kinds: RecordOf<RecordOf<A>>): RecordOf<A> =>
  Object.fromEntries(
    Object.entries(kinds).flatMap(([kind, all]) => Object.entries(all).map(([name, a]) => [`${kind} ${name}`, a]))
  )
/** Selects the entries of one kind, under their own names. */
const selectKind = <A>(kind: string, all: RecordOf<A>): RecordOf<A> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, a]) => (name.startsWith(`${kind} `) ? [[name.slice(kind.length + 1), a]] : []))
  )

/** Step from the named tensors of all kinds to parameters and memory. */
type FlatTensorStep = (all: Params.Tensors<string>) => Params.Tensors<string>

/** Problems of a number of steps that is invalid or requires too much memory. */
const storageProblems = (steps: number, numbersPerStep: number): ReadonlyArray<Problem.Problem> =>
  Number.isSafeInteger(steps) && steps >= 0
    ? Problem.unless(
        8 * steps * numbersPerStep <= MAX_STORED_BYTES,
        'steps',
        `${steps} steps, each of ${numbersPerStep} numbers that are kept, ${8 * steps * numbersPerStep} bytes,`,
        `at most ${MAX_STORED_BYTES} bytes`,
        `take at most ${Math.floor(MAX_STORED_BYTES / 8 / numbersPerStep)} steps`
      )
    : [Problem.of('steps', steps, 'a whole number ≥ 0', 'try 10')]

/**
 * Parameters and memory after a step, as arrays.
 *
 * @throws RangeError if names or shapes differ from those before
 */
const evaluateStep = (step: FlatTensorStep, state: AnyParams, rest: AnyParams): AnyParams => {
  const wanted = Params.shapes(state)
  const all = compute(() => {
    const after = step(Params.map(fromNdArray)({ ...state, ...rest }))
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

/** Scalar product ⟨result of a step, its adjoint⟩. */
const adjointProduct = (after: Params.Tensors<string>, adjoint: AnyParams): Tensor =>
  Object.entries(after)
    .map(([name, x]) => sum(mul(x, fromNdArray(adjoint[name]))))
    .reduce((a, b) => add(a, b))

const addArrays = Params.zipWith((a, b) => a + b)
const zerosLike = Params.mapValues(() => 0)

/** Step `i` of a run on flat records; the user's step returns the names that it receives. */
const flatStep =
  (step: (at: At<string, string, string>) => After<string, string>) =>
  (i: number): FlatTensorStep =>
  all => {
    const [params, gradient, memory, numbers] = ['params', 'gradient', 'memory', 'numbers'].map(kind =>
      selectKind(kind, all)
    )
    return joinKinds<Tensor>({ ...step({ params, gradient, memory, numbers, step: i }) })
  }

interface StepsOfRun {
  readonly write: (i: number) => FlatTensorStep
  /** Gradient at a state, and the learned numbers. */
  readonly rest: (i: number, state: AnyParams) => AnyParams
  /** ∇²L(state) · direction, with the noise of step `i`. */
  readonly product: (i: number, state: AnyParams, direction: AnyParams) => AnyParams
}

/** States from `begin` on, up to `count` steps; ends after the first state that is not finite. */
const statesOfRun = ({ write, rest }: StepsOfRun, begin: AnyParams, count: number): ReadonlyArray<AnyParams> => {
  const run = unfoldIterable({ i: 0, state: begin }, ({ i, state }) =>
    i < count && Params.isFiniteParams(state)
      ? { i: i + 1, state: evaluateStep(write(i), state, rest(i, state)) }
      : null
  )
  return Array.from(run, ({ state }) => state)
}

interface Adjoints {
  /** Adjoint of parameters and memory. */
  readonly state: AnyParams
  /** Gradient of the learned numbers, summed over the steps so far. */
  readonly numbers: AnyParams
}

/** Adjoints of the start and of the numbers, backwards through the states before each step. */
const adjointsOfRun = (
  { write, rest, product }: StepsOfRun,
  states: ReadonlyArray<AnyParams>,
  end: Adjoints
): Adjoints =>
  states.reduceRight<Adjoints>((adjoint, state, i) => {
    const inputs: AnyParams = valueAndGrad<string>(all => adjointProduct(write(i)(all), adjoint.state))({
      ...state,
      ...rest(i, state)
    }).gradient
    const curved = product(i, state, selectKind('gradient', inputs))
    return {
      state: joinKinds<NdArray>({
        params: addArrays<string>(selectKind('params', inputs), curved),
        memory: selectKind('memory', inputs)
      }),
      numbers: addArrays<string>(adjoint.numbers, selectKind('numbers', inputs))
    }
  }, end)

/**
 * Compiles a short run on a loss: a function of its start, the numbers of its steps and a key, with the gradient of its end in both, exact
 * to rounding if the loss has Hessian–vector products. Step i uses noise of a separate key. Problems are those of `Compile.hessianVector`,
 * and runs that would store more than 256 MB or become non-finite.
 */
export const of =
  <P extends string, Q extends string, M extends string = never>(
    loss: Compile.Loss<P>,
    description: UnrolledDescription<P, Q, M>
  ): ((
    data: DataLike
  ) => E.Either<
    Compile.CompileErrors,
    (start: Params.Params<P>, numbers: Params.Params<Q>, key: Key.Key) => E.Either<Problem.Problems, Ended<P, Q>>
  >) =>
  given => {
    const call = 'Compile.unrolled(loss, { steps, step, end })(data)'
    const data = toData(given, call)
    if (E.isLeft(data)) return E.left([data.left])
    const { steps, step, end, memory } = argumentWithFields(
      description,
      ['steps', 'step', 'end'],
      'what a run does',
      call
    )
    const remembered: AnyParams = memory ?? {}
    const numbersPerStep =
      Params.paramsSize(Score.shapes(data.right.dim)(loss.score)) + Params.paramsSize(Params.shapes(remembered))
    const write = flatStep(step)
    const paramsOf = (state: AnyParams): Params.Params<P> => selectKind('params', state) as Params.Params<P>
    return pipe(
      E.Do,
      E.bind('evaluate', () => Compile.valueAndGrad(loss, { evaluations: steps })(data.right)),
      E.bind('product', () => Compile.hessianVector(loss)(data.right)),
      E.bind('_', () => Problem.faultless(storageProblems(steps, numbersPerStep), null)),
      E.map(({ evaluate, product }) => (start, numbers, key) => {
        const keys = pipe(key, Key.named('steps', 'end'))
        // the keys of a run with one stage
        const keyAt = (i: number): Key.Key => pipe(keys.steps, Key.child(0), Key.child(i))
        const stepsOfRun: StepsOfRun = {
          write,
          rest: (i, state) => joinKinds<NdArray>({ gradient: evaluate(paramsOf(state), keyAt(i)).gradient, numbers }),
          product: (i, state, direction) => product(paramsOf(state), direction as Params.Params<P>, keyAt(i))
        }
        const begin = joinKinds<NdArray>({ params: start, memory: remembered })
        const states = statesOfRun(stepsOfRun, begin, steps)
        const last = states[states.length - 1]
        const found = Params.whereInfinite(last)
        if (found !== null)
          return E.left(Problem.singleProblem(Problem.of(`step ${states.length - 1}`, found, 'finite', UNROLL_REMEDY)))
        const { value, gradient } = end(paramsOf(last), keys.end)
        const adjoint = adjointsOfRun(stepsOfRun, states.slice(0, -1), {
          state: joinKinds<NdArray>({ params: gradient, memory: zerosLike(remembered) }),
          numbers: zerosLike<string>(numbers)
        })
        return Number.isFinite(value) && Params.isFiniteParams(adjoint.state) && Params.isFiniteParams(adjoint.numbers)
          ? E.right({
              value,
              params: paramsOf(last),
              gradient: { start: paramsOf(adjoint.state), numbers: adjoint.numbers as Params.Params<Q> }
            })
          : E.left(Problem.singleProblem(Problem.of('the end', value, 'finite, with its gradient', UNROLL_REMEDY)))
      })
    )
  }

const UNROLL_REMEDY = 'try smaller rates, fewer steps or a start nearer to the data'
