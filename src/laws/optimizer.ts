/** Laws of optimizers: purity, symmetries, and what steps are for. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { scalarArray } from '../../lib/arrays/ndarray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { type NdArray } from '../../lib/index.js'
import { Case, Optimizer, Params } from '../index.js'
import { areSameBits, jsonRoundTrip } from './bits.js'
import { dotProduct, flattenParams, maxAbs } from './check.js'
import type { Laws } from './law.js'
import { dyadic, walks, walksWithNames, type Walk } from './arbitraries.js'
import {
  atLeast,
  atMost,
  declarationInfo,
  differs,
  equals,
  forAll,
  equalsRelatively as nearTo,
  ofRows,
  sameBits,
  type LawRelations
} from './lawRows.js'

type AnyParams = Params.Params<string>
type OptimizerState = Optimizer.AnyState<string>

interface GradientEvaluation {
  readonly value: number
  readonly gradient: AnyParams
}

type EvaluateParams = (params: AnyParams) => GradientEvaluation

/** An optimizer as functions. */
type OptimizerFunctions = ReturnType<typeof Optimizer.anyInterpret<string>>

/** How steps answer when every gradient is multiplied by c > 0: they are multiplied too, or they stay as they are. */
export type Scaling = 'linear' | 'invariant'

/** ½ xᵀAx with lo ≤ A ≤ hi, from |x_i| ≤ 4, is at most `within` after `steps`. */
export interface Convergence {
  readonly lo: number
  readonly hi: number
  readonly steps: number
  readonly within: number
}

export interface OptimizerOptions {
  /** Of the longest step of a walk, where sums are taken in another order, 1e-9 by default; elsewhere laws hold to the last bit. */
  readonly tolerance: number
  /** Whether permuted coordinates take permuted steps. */
  readonly coordinatesAlike: boolean
  /** Whether the step of an entry is the same under whichever name it goes. */
  readonly namesAlike: boolean
  readonly scaling: Scaling | null
  /** The step after `count` steps, 0 before the first, in closed form, where every gradient is the same number. */
  readonly constant: ((gradient: number, count: number) => number) | null
  /** Its steps along gradients of one entry, from a start, as plain arithmetic. */
  readonly recurrence: ((gradients: ReadonlyArray<number>, start: number) => ReadonlyArray<number>) | null
  /** The Lipschitz constant of the gradient up to which no step on a quadratic goes up. */
  readonly descends: number | null
  readonly converges: Convergence | null
  /** The names of parameters that stay as they are; walks have them. */
  readonly frozen: ReadonlyArray<string>
}

// —— walking ——

const paramsSum = Params.zipWith((a, b) => a + b)
const paramsDifference = Params.zipWith((a, b) => a - b)

/** An objective that has the given gradient at the given parameters: ⟨g, θ⟩ + ½|θ − θ_0|². */
const bowl =
  (gradient: AnyParams, at: AnyParams): EvaluateParams =>
  params => {
    const away = paramsDifference(params, at)
    return {
      value:
        dotProduct(flattenParams(gradient), flattenParams(params)) +
        dotProduct(flattenParams(away), flattenParams(away)) / 2,
      gradient: paramsSum(gradient, away)
    }
  }

/** Where a walk has led. */
interface Trail {
  readonly params: AnyParams
  readonly state: OptimizerState
  readonly steps: ReadonlyArray<AnyParams>
}

const beginTrail = ({ init }: OptimizerFunctions, params: AnyParams): Trail => ({
  params,
  state: init(params),
  steps: []
})

const updated = (
  { update }: OptimizerFunctions,
  gradient: AnyParams,
  state: OptimizerState,
  params: AnyParams,
  evaluate = bowl(gradient, params)
) => update(gradient, state, params, { ...evaluate(params), evaluate })

const advanceTrail =
  (machine: OptimizerFunctions, evaluate?: EvaluateParams) =>
  ({ params, state, steps }: Trail, gradient: AnyParams): Trail => {
    const [step, next] = updated(machine, gradient, state, params, evaluate)
    return { params: paramsSum(params, step), state: next, steps: [...steps, step] }
  }

/** On from a trail; reduce gives its callback the index too, which `advanceTrail` must not take for an objective. */
const onwards = (machine: OptimizerFunctions, from: Trail, gradients: ReadonlyArray<AnyParams>): Trail =>
  gradients.reduce((trail, gradient) => advanceTrail(machine)(trail, gradient), from)

const followWalk = (machine: OptimizerFunctions, { start, gradients }: Walk): Trail =>
  onwards(machine, beginTrail(machine, start), gradients)
const stepsOf = (machine: OptimizerFunctions, walk: Walk): ReadonlyArray<AnyParams> => followWalk(machine, walk).steps

/** The numbers of all parameters after each step of a walk. */
export const paramsAlongWalk = (
  optimizer: Optimizer.Optimizer,
  { start, gradients }: Walk
): ReadonlyArray<ReadonlyArray<number>> => {
  const machine = Optimizer.anyInterpret<string>(optimizer)
  return gradients.map((_, n) =>
    flattenParams(followWalk(machine, { start, gradients: gradients.slice(0, n + 1) }).params)
  )
}

const onWalk = (f: (params: AnyParams) => AnyParams, { start, gradients }: Walk): Walk => ({
  start: f(start),
  gradients: gradients.map(f)
})

/** The entries of every array backwards. */
const reverseEntries: (params: AnyParams) => AnyParams = Params.map<NdArray, NdArray>(({ shape, values }) => ({
  shape,
  values: values.slice().reverse()
}))

const vectorParams = (values: ReadonlyArray<number>): AnyParams => ({
  x: { shape: [values.length], values: Float64Array.from(values) }
})

/** Every entry under a name of its own, in order. */
const splitEntries = (params: AnyParams): AnyParams =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, { values }]) =>
      Array.from(values, (value, i) => [`${name}${i}`, scalarArray(value)])
    )
  )

const scaleEntries = (c: number): ((params: AnyParams) => AnyParams) => Params.mapValues(value => c * value)

/** Powers of two: they scale without rounding. */
const anyPowerOfTwo = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min, max }).map(Elementary.powerOfTwo)

// —— quadratics ——

/** ½ xᵀAx with the eigenvalues of A given, and its eigenvectors the axes reflected in the plane normal to `mirror`. */
interface QuadraticCase {
  readonly eigenvalues: ReadonlyArray<number>
  readonly mirror: ReadonlyArray<number>
  readonly start: ReadonlyArray<number>
}

const quadratics = (lo: number, hi: number): fc.Arbitrary<QuadraticCase> =>
  fc.integer({ min: 1, max: 4 }).chain(size => {
    const each = (one: fc.Arbitrary<number>) => fc.array(one, { minLength: size, maxLength: size })
    const coordinates = each(fc.integer({ min: -64, max: 64 }).map(n => n / 16))
    const eigenvalues = each(fc.integer({ min: 0, max: 64 }).map(n => lo + ((hi - lo) * n) / 64))
    return fc.record({ eigenvalues, mirror: coordinates, start: coordinates })
  })

/** ½ xᵀAx along the path that the optimizer takes on it, the start first. */
const valuesAlong = (
  machine: OptimizerFunctions,
  { eigenvalues, mirror, start }: QuadraticCase,
  count: number
): ReadonlyArray<number> => {
  const square = dotProduct(mirror, mirror)
  const reflected = (x: ReadonlyArray<number>): ReadonlyArray<number> =>
    square === 0 ? x : x.map((value, i) => value - ((2 * dotProduct(mirror, x)) / square) * mirror[i])
  const evaluate: EvaluateParams = params => {
    const gradient = reflected(reflected(flattenParams(params)).map((value, i) => eigenvalues[i] * value))
    return { value: dotProduct(flattenParams(params), gradient) / 2, gradient: vectorParams(gradient) }
  }
  const path = Array.from({ length: count }).reduce<ReadonlyArray<Trail>>(
    path => [
      ...path,
      advanceTrail(machine, evaluate)(
        { ...path[path.length - 1], steps: [] },
        evaluate(path[path.length - 1].params).gradient
      )
    ],
    [beginTrail(machine, vectorParams(start))]
  )
  return path.map(({ params }) => evaluate(params).value)
}

/**
 * The laws of an optimizer. What is true of every optimizer is always held; what an optimizer claims beyond that (how it
 * scales, its closed form where gradients are constant, where it descends and converges) is held where the options
 * claim it.
 *
 * @example
 * import fc from 'fast-check'
 * import { Optimizer } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const held = laws.optimizer(Optimizer.momentum({ rate: 0.1 }), { scaling: 'linear' })
 * held.forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 5 })
 * })
 */
export const optimizer = (optimizer: Optimizer.Optimizer, options: Partial<OptimizerOptions> = {}): Laws => {
  // Sums in another order differ by some 2⁻⁵² of their terms, which may cancel a hundredfold: 1e-9.
  const { coordinatesAlike = false, namesAlike = false, frozen = [], tolerance = 1e-9 } = options
  const { scaling = null, constant = null, recurrence = null, descends = null, converges = null } = options
  const o = Optimizer.anyInterpret<string>(optimizer)
  const rounding = `To ${tolerance === 1e-9 ? '`tolerance`, 1e-9' : `\`tolerance\`, ${tolerance.toExponential()}`} of the longest entry of the steps, as sums may be in another order, and 2⁻⁵⁰ |θ|, as steps may be differences of parameters.`
  /** To `tolerance` of the longest entry of any step, as moving sums of what was long may cancel; and the rounding of parameters, c-fold. */
  const near = (
    found: ReadonlyArray<AnyParams>,
    wanted: ReadonlyArray<AnyParams>,
    { start }: Pick<Walk, 'start'>,
    c = 1
  ): LawRelations => [
    sameBits(found.map(Params.shapes), wanted.map(Params.shapes)),
    equals(
      { steps: found.map(flattenParams) },
      { steps: wanted.map(flattenParams) },
      tolerance * maxAbs(wanted.flatMap(flattenParams)) +
        Elementary.powerOfTwo(-50) * Math.max(1, c) * maxAbs(flattenParams(start))
    )
  ]
  const scaled = (c: number, { start, gradients }: Walk): Walk => ({ start, gradients: gradients.map(scaleEntries(c)) })
  const onWalks = forAll(fc.record({ walk: walks }))
  const onSteps = forAll(fc.record({ walk: walks.filter(({ gradients }) => gradients.length > 0) }))
  const { gain, estimate, recall } = Case.meaning(optimizer)
  const hasGain = ['means', 'logits', 'logVariances'].some(name => !Number.isNaN(gain(null, name)))
  const { lo = 0, hi = 0 } = converges ?? {}

  const code = Optimizer.show(optimizer)
  return ofRows(
    code,
    [
      onWalks({
        name: 'steps have the names and shapes of the parameters',
        statement: '∀ gradients: every step has the names of the parameters, each with its shape and as many entries.',
        source: 'type of `Transformation`',
        says: ({ walk }) => {
          const sizes = Params.map<NdArray, unknown>(({ shape, values }) => [shape, values.length])
          return stepsOf(o, walk).map(step => sameBits(sizes(step), sizes(walk.start)))
        }
      }),
      forAll(fc.record({ walk: walks, n: fc.nat(8) }))({
        name: 'a state goes through JSON unchanged',
        quantity: 'state',
        statement:
          '∀ n: the state after n steps, written to JSON text and read again, makes the same steps, bit for bit.',
        source: 'a run stopped and resumed is the same run',
        says: ({ walk: { start, gradients }, n }) => {
          const before = followWalk(o, { start, gradients: gradients.slice(0, n) })
          const rest = (state: OptimizerState): ReadonlyArray<AnyParams> =>
            onwards(o, { ...before, state }, gradients.slice(n)).steps
          const codec = Optimizer.stateCodec<string>(optimizer)
          const read = codec.decode(jsonRoundTrip(codec.encode(before.state)))
          return E.isLeft(read) || !areSameBits(read.right, before.state)
            ? sameBits(read, before.state)
            : sameBits(rest(read.right), rest(before.state))
        }
      }),
      onWalks({
        name: 'update is pure',
        statement: 'the same gradient, state and parameters give the same step and state, and stay as they were.',
        source: 'definition of a function',
        says: ({ walk: { start, gradients } }) =>
          gradients.flatMap((gradient, n) => {
            const { state, params } = onwards(o, beginTrail(o, start), gradients.slice(0, n))
            const given = [gradient, state, params] as const
            const kept = structuredClone(given)
            const fresh = updated(o, ...structuredClone(given))
            return [sameBits(updated(o, ...given), fresh), sameBits(updated(o, ...given), fresh), sameBits(given, kept)]
          })
      }),
      onWalks({
        name: 'permuted coordinates take permuted steps',
        statement: `for Π the reversal of every array: the steps along Πg from Πθ are Π of the steps along g from θ. ${rounding}`,
        source: 'the optimizer knows no order of coordinates',
        claim: coordinatesAlike,
        option: 'coordinatesAlike',
        says: ({ walk }) => near(stepsOf(o, onWalk(reverseEntries, walk)), stepsOf(o, walk).map(reverseEntries), walk)
      }),
      onWalks({
        name: 'split parameters take split steps',
        statement: `the step of an entry is the same whether it has a name of its own or shares one with others. ${rounding}`,
        source: 'names are for people',
        claim: namesAlike,
        option: 'namesAlike',
        says: ({ walk }) => near(stepsOf(o, onWalk(splitEntries, walk)), stepsOf(o, walk).map(splitEntries), walk)
      }),
      forAll(fc.record({ walk: walks, c: anyPowerOfTwo(-30, 30) }))({
        name: 'scaled gradients take scaled steps',
        statement: `∀ c from 2⁻³⁰ to 2³⁰: the steps along c·g are c times the steps along g. ${rounding}`,
        source: 'linearity',
        claim: scaling === 'linear',
        option: 'scaling',
        says: ({ walk, c }) => near(stepsOf(o, scaled(c, walk)), stepsOf(o, walk).map(scaleEntries(c)), walk, c)
      }),
      forAll(fc.record({ walk: walks, c: anyPowerOfTwo(-3, 6) }))({
        name: 'scaled gradients take the same steps',
        statement: `∀ c from 2⁻³ to 2⁶: the steps along c·g are the steps along g, to a fifth, and those along 2³⁰ c·g those along 2³⁰ g, where ε is not seen. ${rounding}`,
        source: 'Kingma & Ba 2015, section 2.1',
        claim: scaling === 'invariant',
        option: 'scaling',
        says: ({ walk, c }) => {
          const far = Elementary.powerOfTwo(30)
          const steps = (by: number): ReadonlyArray<AnyParams> => stepsOf(o, scaled(by, walk))
          const [once, little] = [steps(1), steps(c)].map(all => all.map(flattenParams))
          return [
            equals({ steps: little }, { steps: once }, 0.2 * maxAbs(once.flat())),
            near(steps(far * c), steps(far), walk)
          ]
        }
      }),
      forAll(fc.record({ gradient: dyadic(-4, 4), length: fc.integer({ min: 1, max: 12 }) }))({
        name: 'a constant gradient takes the steps of its closed form',
        quantity: 'step',
        statement: 'where every gradient is g, the step after n steps, n = 0, 1, …, is the closed form at (g, n).',
        source: 'geometric sums; a bias-corrected mean of a constant is that constant',
        claim: constant,
        option: 'constant',
        says: ({ gradient, length }, closedForm) =>
          stepsOf(o, {
            start: vectorParams([1]),
            gradients: Array.from({ length }, () => vectorParams([gradient]))
          }).map((step, n) => {
            const found = step.x.values[0]
            const wanted = closedForm(gradient, n)
            return equals(found, wanted, tolerance * Math.max(Math.abs(found), Math.abs(wanted)) + 1e-300)
          })
      }),
      forAll(
        fc.record({
          start: dyadic(-4, 4),
          gradients: fc.array(dyadic(-8, 8), { minLength: 1, maxLength: 120, size: 'max' })
        })
      )({
        name: 'it takes the steps of its recurrence',
        statement: `∀ x, g_1 … g_n of one entry: its steps are those of the stated recurrence. ${rounding}`,
        source: 'the stated formula',
        claim: recurrence,
        option: 'recurrence',
        says: ({ start, gradients }, stated) =>
          near(
            stepsOf(o, { start: vectorParams([start]), gradients: gradients.map(g => vectorParams([g])) }),
            stated(gradients, start).map(step => vectorParams([step])),
            { start: vectorParams([start]) }
          )
      }),
      forAll(quadratics(0, descends ?? 0))({
        name: 'no step on a quadratic goes up',
        quantity: 'f after the step',
        statement: lipschitz => `∀ symmetric A, 0 ≤ A ≤ ${lipschitz}, ∀ x: f(x + step) ≤ f(x) for f = ½ xᵀAx.`,
        source: 'descent lemma: f(x − rate·g) ≤ f(x) − rate(1 − L·rate/2)|g|² (Nesterov 2004, section 1.2.3)',
        claim: descends,
        option: 'descends',
        says: quadratic => {
          const values = valuesAlong(o, quadratic, 8)
          // Rounding: some units in the last place of the first and largest value.
          return atMost(values.slice(1), values.slice(0, -1), 1e-13 * values[0])
        }
      }),
      forAll(quadratics(lo, hi))({
        name: 'the minimum of a strongly convex quadratic is reached',
        quantity: 'f after the last step',
        statement: ({ steps, within }) =>
          `∀ symmetric A, ${lo} ≤ A ≤ ${hi}: from |x_i| ≤ 4, after ${steps} steps ½ xᵀAx ≤ ${within}.`,
        source: 'a strongly convex function has one minimum, here 0',
        claim: converges,
        option: 'converges',
        says: (quadratic, { steps, within }) => atMost(valuesAlong(o, quadratic, steps)[steps], within)
      }),
      forAll(fc.record({ walk: walksWithNames(frozen) }))({
        name: 'what is frozen keeps its bits',
        statement: names => `∀ gradients: what is frozen (${names.join(', ')}) stays as it is, to the last bit.`,
        source: 'definition of `freeze`',
        claim: frozen.length > 0 && frozen,
        option: 'frozen',
        says: ({ walk }, names) =>
          names
            .filter(name => name in walk.start)
            .map(name => sameBits(followWalk(o, walk).params[name], walk.start[name]))
      }),
      onSteps({
        ...declarationInfo('gain'),
        statement:
          '∀ g: from θ = 0 and no memory the step along g, and along 1e6 g, less that along 0 goes with g as the sign of the gain says, gain · ⟨step(g) − step(0), g⟩ ≥ 0, and is 0 where the gain is 0; with the memory of some steps it is so along g/1000. (A projection moves what lies outside without any gradient.) To 2⁻⁴⁸ Σ|g| times the longest entries of both steps.',
        claim: hasGain,
        says: ({ walk: { start, gradients } }) => {
          const zero = scaleEntries(0)(start)
          const along = (
            state: OptimizerState,
            gradient: AnyParams,
            gainOf: (name: string) => number
          ): LawRelations => {
            const [found, none] = [gradient, zero].map(g => updated(o, g, state, zero)[0])
            const moved = paramsDifference(found, none)
            return Params.names(moved).map((name): LawRelations => {
              const own = gainOf(name)
              if (own === 0) return equals(moved[name].values, 0)
              const product = dotProduct(moved[name].values, gradient[name].values)
              // Both steps are rounded before they are subtracted.
              const length = maxAbs(found[name].values) + maxAbs(none[name].values)
              const terms = gradient[name].values.reduce((sum, g) => sum + Math.abs(g), 0)
              const rounding = Elementary.powerOfTwo(-48) * length * terms
              return (
                !Number.isNaN(own) &&
                atLeast({ [`gain · ⟨step, g⟩ of ${name}`]: Math.sign(own) * product }, 0, rounding)
              )
            })
          }
          const later = gradients.reduce((state, gradient) => updated(o, gradient, state, zero)[1], o.init(zero))
          return [
            [1, 1e6].map(far => along(o.init(zero), scaleEntries(far)(gradients[0]), name => gain(null, name))),
            // Where the objective decides, it is what the last step had, and of 0 nothing follows.
            along(later, scaleEntries(1e-3)(gradients[0]), name => gain(later, name) || NaN)
          ]
        }
      }),
      onSteps({
        name: 'its ‘gain’ is the factor of its steps',
        statement:
          '∀ g: where a step leaves the memory as it is, the step of a name is its gain times g. To 1e-12 of the longest entry.',
        source: 'definition of ‘gain’',
        maxCases: 20,
        claim: hasGain && scaling === 'linear' && coordinatesAlike && namesAlike,
        reason: hasGain ? 'claim `scaling: linear`, `coordinatesAlike` and `namesAlike`' : 'it declares no ‘gain’',
        says: ({ walk: { start, gradients } }) => {
          const [gradient] = gradients
          const state = o.init(start)
          const [step, after] = updated(o, gradient, state, start)
          return (
            areSameBits(after, state) &&
            Params.names(start).map(name => {
              const wanted = scaleEntries(gain(state, name))(gradient)[name].values
              return equals(
                { [`step of ${name}`]: step[name].values },
                { [`step of ${name}`]: wanted },
                1e-12 * maxAbs(wanted)
              )
            })
          )
        }
      }),
      onSteps({
        ...declarationInfo('estimate'),
        statement:
          '∀ gradients: where every step moves the parameters, what it takes for the answer after eight of them is not where they began; and where eight gradients of 0 do not move them, it is the parameters. To 1e-12 of the greatest: a mean of equal numbers is rounded.',
        claim: estimate,
        says: ({ walk: { start, gradients } }) => {
          const trails = Array.from({ length: 8 }, (_, i) => gradients[i % gradients.length]).reduce<
            ReadonlyArray<Trail>
          >((all, gradient) => [...all, advanceTrail(o)(all[all.length - 1], gradient)], [beginTrail(o, start)])
          const { params, state } = trails[8]
          const answer = Optimizer.estimate(optimizer, params, state)
          const zero = scaleEntries(0)(start)
          const still = onwards(
            o,
            beginTrail(o, start),
            Array.from({ length: 8 }, () => zero)
          )
          const stays = still.steps.every(step => maxAbs(flattenParams(step)) === 0)
          const kept = flattenParams(Optimizer.estimate(optimizer, still.params, still.state))
          return [
            Params.names(start)
              .filter(name => trails.slice(1).every(({ params }) => !areSameBits(params[name], start[name])))
              .map(name => differs(answer[name], start[name])),
            stays &&
              equals({ answer: kept }, { answer: flattenParams(still.params) }, 1e-12 * maxAbs(flattenParams(start)))
          ]
        }
      }),
      onSteps({
        ...declarationInfo('recall'),
        statement:
          '∀ gradients: what it recalls of the objective where a step has led, is the objective there. To 1e-12 (1 + |f| + |∇f|).',
        claim: recall,
        says: ({ walk: { start, gradients } }, recall) => {
          const evaluate = bowl(gradients[0], start)
          const { params, state } = advanceTrail(o, evaluate)(beginTrail(o, start), gradients[0])
          const found = recall(params, state)
          if (found === null) return []
          const wanted = evaluate(params)
          return nearTo(
            [found.value, ...flattenParams(found.gradient)],
            [wanted.value, ...flattenParams(wanted.gradient)],
            1e-12
          )
        }
      })
    ],
    options
  )
}
