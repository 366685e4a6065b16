/** Laws of optimizers: purity, symmetries, closed forms, descent, declared capabilities. */
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
  type LawBuilder,
  type LawRelations
} from './lawRows.js'

type AnyParams = Params.Params<string>
type OptimizerState = Optimizer.AnyState<string>
type OptimizerFunctions = ReturnType<typeof Optimizer.anyInterpret<string>>

/** Effect on steps of multiplying every gradient by c > 0: multiplied by c (`linear`), or unchanged (`invariant`). */
export type Scaling = 'linear' | 'invariant'

/** Claim that ½ xᵀAx with lo ≤ A ≤ hi is at most `within` after `steps` steps from |x_i| ≤ 4. */
export interface Convergence {
  readonly lo: number
  readonly hi: number
  readonly steps: number
  readonly within: number
}

export interface OptimizerOptions {
  /** Tolerance, relative to the longest step, of laws that reorder sums. Default: 1e-9. */
  readonly tolerance: number
  /** True if permuted coordinates take permuted steps. */
  readonly coordinatesAlike: boolean
  /** True if steps do not depend on names of parameters. */
  readonly namesAlike: boolean
  readonly scaling: Scaling | null
  /** Closed form of the step after `count` steps (from 0) if all gradients equal one number. */
  readonly constant: ((gradient: number, count: number) => number) | null
  /** Steps along gradients of one entry, in plain arithmetic. */
  readonly recurrence: ((gradients: ReadonlyArray<number>, start: number) => ReadonlyArray<number>) | null
  /** Largest Lipschitz constant of the gradient for which steps on a quadratic never increase it. */
  readonly descends: number | null
  readonly converges: Convergence | null
  /** Names of parameters that never change. */
  readonly frozen: ReadonlyArray<string>
}

/**
 * Returns the laws of an optimizer; scaling, closed forms, descent and convergence only if claimed.
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
  const subject = optimizerSubject(optimizer, options)
  return ofRows(
    Optimizer.show(optimizer),
    [
      stepsKeepShapes(subject),
      stateSurvivesJson(subject),
      updateIsPure(subject),
      permutesWithCoordinates(subject),
      ignoresNames(subject),
      scalesLinearly(subject),
      ignoresGradientScale(subject),
      followsClosedForm(subject),
      followsRecurrence(subject),
      descendsOnQuadratics(subject),
      convergesOnQuadratics(subject),
      keepsFrozenParams(subject),
      movesWithGainSign(subject),
      movesByGain(subject),
      estimateFollowsParams(subject),
      recallsObjective(subject)
    ],
    options
  )
}

const optimizerSubject = (optimizer: Optimizer.Optimizer, options: Partial<OptimizerOptions>) => {
  // Reordered sums differ by 2⁻⁵² of their terms, which may cancel a hundredfold: 1e-9.
  const { coordinatesAlike = false, namesAlike = false, frozen = [], tolerance = 1e-9 } = options
  const { scaling = null, constant = null, recurrence = null, descends = null, converges = null } = options
  const { gain, estimate, recall } = Case.meaning(optimizer)
  return {
    optimizer,
    functions: Optimizer.anyInterpret<string>(optimizer),
    ...{ coordinatesAlike, namesAlike, frozen, tolerance, scaling, constant, recurrence, descends, converges },
    ...{ gain, estimate, recall },
    hasGain: ['means', 'logits', 'logVariances'].some(name => !Number.isNaN(gain(null, name))),
    rounding: `To ${tolerance === 1e-9 ? '`tolerance`, 1e-9' : `\`tolerance\`, ${tolerance.toExponential()}`} of the longest entry of the steps, as sums may be in another order, and 2⁻⁵⁰ |θ|, as steps may be differences of parameters.`
  }
}
type OptimizerSubject = ReturnType<typeof optimizerSubject>

// —— laws of every optimizer ——

const onWalks = forAll(fc.record({ walk: walks }))
const onNonEmptyWalks = forAll(fc.record({ walk: walks.filter(({ gradients }) => gradients.length > 0) }))

const stepsKeepShapes = ({ functions }: OptimizerSubject): LawBuilder =>
  onWalks({
    name: 'steps have the names and shapes of the parameters',
    statement: '∀ gradients: every step has the names of the parameters, each with its shape and as many entries.',
    source: 'type of `Transformation`',
    says: ({ walk }) => {
      const sizes = Params.map<NdArray, unknown>(({ shape, values }) => [shape, values.length])
      return stepsAlong(functions, walk).map(step => sameBits(sizes(step), sizes(walk.start)))
    }
  })

const stateSurvivesJson = ({ optimizer, functions }: OptimizerSubject): LawBuilder =>
  forAll(fc.record({ walk: walks, n: fc.nat(8) }))({
    name: 'a state goes through JSON unchanged',
    quantity: 'state',
    statement: '∀ n: the state after n steps, written to JSON text and read again, makes the same steps, bit for bit.',
    source: 'a run stopped and resumed is the same run',
    says: ({ walk: { start, gradients }, n }) => {
      const before = followWalk(functions, { start, gradients: gradients.slice(0, n) })
      const rest = (state: OptimizerState): ReadonlyArray<AnyParams> =>
        continueTrail(functions, { ...before, state }, gradients.slice(n)).steps
      const codec = Optimizer.stateCodec<string>(optimizer)
      const read = codec.decode(jsonRoundTrip(codec.encode(before.state)))
      return E.isLeft(read) || !areSameBits(read.right, before.state)
        ? sameBits(read, before.state)
        : sameBits(rest(read.right), rest(before.state))
    }
  })

const updateIsPure = ({ functions }: OptimizerSubject): LawBuilder =>
  onWalks({
    name: 'update is pure',
    statement: 'the same gradient, state and parameters give the same step and state, and stay as they were.',
    source: 'definition of a function',
    says: ({ walk: { start, gradients } }) =>
      gradients.flatMap((gradient, n) => {
        const { state, params } = continueTrail(functions, beginTrail(functions, start), gradients.slice(0, n))
        const given = [gradient, state, params] as const
        const kept = structuredClone(given)
        const update = ([gradient, state, params]: typeof given) => updateOnce(functions, { gradient, state, params })
        const fresh = update(structuredClone(given))
        return [sameBits(update(given), fresh), sameBits(update(given), fresh), sameBits(given, kept)]
      })
  })

// —— symmetries ——

/**
 * Relations that steps agree to `tolerance` of the longest entry, as moving sums of long gradients may cancel, and to the rounding of
 * parameters scaled by c.
 */
const stepsAgree = (
  { tolerance }: OptimizerSubject,
  [found, wanted]: readonly [ReadonlyArray<AnyParams>, ReadonlyArray<AnyParams>],
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

const permutesWithCoordinates = (subject: OptimizerSubject): LawBuilder =>
  onWalks({
    name: 'permuted coordinates take permuted steps',
    statement: `for Π the reversal of every array: the steps along Πg from Πθ are Π of the steps along g from θ. ${subject.rounding}`,
    source: 'the optimizer knows no order of coordinates',
    claim: subject.coordinatesAlike,
    option: 'coordinatesAlike',
    says: ({ walk }) => commutesWith(subject, reverseEntries, walk)
  })

const ignoresNames = (subject: OptimizerSubject): LawBuilder =>
  onWalks({
    name: 'split parameters take split steps',
    statement: `the step of an entry is the same whether it has a name of its own or shares one with others. ${subject.rounding}`,
    source: 'names are for people',
    claim: subject.namesAlike,
    option: 'namesAlike',
    says: ({ walk }) => commutesWith(subject, splitEntries, walk)
  })

/** The steps along changed gradients from changed parameters are the changed steps. */
const commutesWith = (
  subject: OptimizerSubject,
  change: (params: AnyParams) => AnyParams,
  walk: Walk
): LawRelations => {
  const { start, gradients } = walk
  const found = stepsAlong(subject.functions, { start: change(start), gradients: gradients.map(change) })
  return stepsAgree(subject, [found, stepsAlong(subject.functions, walk).map(change)], walk)
}

/** Entries of every array in reverse order. */
const reverseEntries: (params: AnyParams) => AnyParams = Params.map<NdArray, NdArray>(({ shape, values }) => ({
  shape,
  values: values.slice().reverse()
}))

/** Every entry under a name of its own, in order. */
const splitEntries = (params: AnyParams): AnyParams =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, { values }]) =>
      Array.from(values, (value, i) => [`${name}${i}`, scalarArray(value)])
    )
  )

const scalesLinearly = (subject: OptimizerSubject): LawBuilder =>
  forAll(fc.record({ walk: walks, c: anyPowerOfTwo(-30, 30) }))({
    name: 'scaled gradients take scaled steps',
    statement: `∀ c from 2⁻³⁰ to 2³⁰: the steps along c·g are c times the steps along g. ${subject.rounding}`,
    source: 'linearity',
    claim: subject.scaling === 'linear',
    option: 'scaling',
    says: ({ walk, c }) => {
      const wanted = stepsAlong(subject.functions, walk).map(scaleEntries(c))
      return stepsAgree(subject, [stepsAlong(subject.functions, scaleGradients(c, walk)), wanted], walk, c)
    }
  })

const ignoresGradientScale = (subject: OptimizerSubject): LawBuilder =>
  forAll(fc.record({ walk: walks, c: anyPowerOfTwo(-3, 6) }))({
    name: 'scaled gradients take the same steps',
    statement: `∀ c from 2⁻³ to 2⁶: the steps along c·g are the steps along g, to a fifth, and those along 2³⁰ c·g those along 2³⁰ g, where ε is not seen. ${subject.rounding}`,
    source: 'Kingma & Ba 2015, section 2.1',
    claim: subject.scaling === 'invariant',
    option: 'scaling',
    says: ({ walk, c }) => {
      const far = Elementary.powerOfTwo(30)
      const steps = (by: number): ReadonlyArray<AnyParams> => stepsAlong(subject.functions, scaleGradients(by, walk))
      const [once, little] = [steps(1), steps(c)].map(all => all.map(flattenParams))
      return [
        equals({ steps: little }, { steps: once }, 0.2 * maxAbs(once.flat())),
        stepsAgree(subject, [steps(far * c), steps(far)], walk)
      ]
    }
  })

/** Powers of two, which scale without rounding. */
const anyPowerOfTwo = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min, max }).map(Elementary.powerOfTwo)

const scaleEntries = (c: number): ((params: AnyParams) => AnyParams) => Params.mapValues(value => c * value)

const scaleGradients = (c: number, { start, gradients }: Walk): Walk => ({
  start,
  gradients: gradients.map(scaleEntries(c))
})

// —— formulas ——

const followsClosedForm = ({ functions, constant, tolerance }: OptimizerSubject): LawBuilder =>
  forAll(fc.record({ gradient: dyadic(-4, 4), length: fc.integer({ min: 1, max: 12 }) }))({
    name: 'a constant gradient takes the steps of its closed form',
    quantity: 'step',
    statement: 'where every gradient is g, the step after n steps, n = 0, 1, …, is the closed form at (g, n).',
    source: 'geometric sums; a bias-corrected mean of a constant is that constant',
    claim: constant,
    option: 'constant',
    says: ({ gradient, length }, closedForm) =>
      stepsAlong(functions, {
        start: vectorParams([1]),
        gradients: Array.from({ length }, () => vectorParams([gradient]))
      }).map((step, n) => {
        const found = step.x.values[0]
        const wanted = closedForm(gradient, n)
        return equals(found, wanted, tolerance * Math.max(Math.abs(found), Math.abs(wanted)) + 1e-300)
      })
  })

const followsRecurrence = (subject: OptimizerSubject): LawBuilder =>
  forAll(
    fc.record({
      start: dyadic(-4, 4),
      gradients: fc.array(dyadic(-8, 8), { minLength: 1, maxLength: 120, size: 'max' })
    })
  )({
    name: 'it takes the steps of its recurrence',
    statement: `∀ x, g_1 … g_n of one entry: its steps are those of the stated recurrence. ${subject.rounding}`,
    source: 'the stated formula',
    claim: subject.recurrence,
    option: 'recurrence',
    says: ({ start, gradients }, recurrence) => {
      const walk = { start: vectorParams([start]), gradients: gradients.map(g => vectorParams([g])) }
      const wanted = recurrence(gradients, start).map(step => vectorParams([step]))
      return stepsAgree(subject, [stepsAlong(subject.functions, walk), wanted], walk)
    }
  })

// —— quadratics ——

const descendsOnQuadratics = ({ functions, descends }: OptimizerSubject): LawBuilder =>
  forAll(quadratics(0, descends ?? 0))({
    name: 'no step on a quadratic goes up',
    quantity: 'f after the step',
    statement: lipschitz => `∀ symmetric A, 0 ≤ A ≤ ${lipschitz}, ∀ x: f(x + step) ≤ f(x) for f = ½ xᵀAx.`,
    source: 'descent lemma: f(x − rate·g) ≤ f(x) − rate(1 − L·rate/2)|g|² (Nesterov 2004, section 1.2.3)',
    claim: descends,
    option: 'descends',
    says: quadratic => {
      const values = valuesAlong(functions, quadratic, 8)
      // Rounding: some units in the last place of the first and largest value.
      return atMost(values.slice(1), values.slice(0, -1), 1e-13 * values[0])
    }
  })

const convergesOnQuadratics = ({ functions, converges }: OptimizerSubject): LawBuilder => {
  const { lo = 0, hi = 0 } = converges ?? {}
  return forAll(quadratics(lo, hi))({
    name: 'the minimum of a strongly convex quadratic is reached',
    quantity: 'f after the last step',
    statement: ({ steps, within }) =>
      `∀ symmetric A, ${lo} ≤ A ≤ ${hi}: from |x_i| ≤ 4, after ${steps} steps ½ xᵀAx ≤ ${within}.`,
    source: 'a strongly convex function has one minimum, here 0',
    claim: converges,
    option: 'converges',
    says: (quadratic, { steps, within }) => atMost(valuesAlong(functions, quadratic, steps)[steps], within)
  })
}

/** ½ xᵀAx; the eigenvectors of A are the axes reflected in the hyperplane normal to `mirror`. */
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

/** Values of ½ xᵀAx at the start and after each of `count` steps. */
const valuesAlong = (
  functions: OptimizerFunctions,
  { eigenvalues, mirror, start }: QuadraticCase,
  count: number
): ReadonlyArray<number> => {
  const square = dotProduct(mirror, mirror)
  const reflect = (x: ReadonlyArray<number>): ReadonlyArray<number> =>
    square === 0 ? x : x.map((value, i) => value - ((2 * dotProduct(mirror, x)) / square) * mirror[i])
  const evaluate: EvaluateParams = params => {
    const gradient = reflect(reflect(flattenParams(params)).map((value, i) => eigenvalues[i] * value))
    return { value: dotProduct(flattenParams(params), gradient) / 2, gradient: vectorParams(gradient) }
  }
  const path = Array.from({ length: count }).reduce<ReadonlyArray<Trail>>(
    path => [
      ...path,
      advanceTrail(functions, evaluate)(
        { ...path[path.length - 1], steps: [] },
        evaluate(path[path.length - 1].params).gradient
      )
    ],
    [beginTrail(functions, vectorParams(start))]
  )
  return path.map(({ params }) => evaluate(params).value)
}

// —— declarations ——

const keepsFrozenParams = ({ functions, frozen }: OptimizerSubject): LawBuilder =>
  forAll(fc.record({ walk: walksWithNames(frozen) }))({
    name: 'what is frozen keeps its bits',
    statement: names => `∀ gradients: what is frozen (${names.join(', ')}) stays as it is, to the last bit.`,
    source: 'definition of `freeze`',
    claim: frozen.length > 0 && frozen,
    option: 'frozen',
    says: ({ walk }, names) =>
      names
        .filter(name => name in walk.start)
        .map(name => sameBits(followWalk(functions, walk).params[name], walk.start[name]))
  })

const movesWithGainSign = (subject: OptimizerSubject): LawBuilder =>
  onNonEmptyWalks({
    ...declarationInfo('gain'),
    statement:
      '∀ g: from θ = 0 and no memory the step along g, and along 1e6 g, less that along 0 goes with g as the sign of the gain says, gain · ⟨step(g) − step(0), g⟩ ≥ 0, and is 0 where the gain is 0; with the memory of some steps it is so along g/1000. (A projection moves what lies outside without any gradient.) To 2⁻⁴⁸ Σ|g| times the longest entries of both steps.',
    claim: subject.hasGain,
    says: ({ walk: { start, gradients } }) => {
      const { functions, gain } = subject
      const zero = scaleEntries(0)(start)
      const later = gradients.reduce(
        (state, gradient) => updateOnce(functions, { gradient, state, params: zero })[1],
        functions.init(zero)
      )
      return [
        [1, 1e6].map(far =>
          gainSignHolds(functions, functions.init(zero), scaleEntries(far)(gradients[0]), name => gain(null, name))
        ),
        // If the objective decides, the gain is that of the last step; a gain of 0 allows any step.
        gainSignHolds(functions, later, scaleEntries(1e-3)(gradients[0]), name => gain(later, name) || NaN)
      ]
    }
  })

/** Relations of steps from θ = 0: gain · ⟨step(g) − step(0), g⟩ ≥ 0 for each parameter whose gain is a number, and step(g) = step(0) if it is 0. */
const gainSignHolds = (
  functions: OptimizerFunctions,
  state: OptimizerState,
  gradient: AnyParams,
  gainOf: (name: string) => number
): LawRelations => {
  const zero = scaleEntries(0)(gradient)
  const [found, none] = [gradient, zero].map(g => updateOnce(functions, { gradient: g, state, params: zero })[0])
  const moved = paramsDifference(found, none)
  return Params.names(moved).map((name): LawRelations => {
    const gain = gainOf(name)
    if (gain === 0) return equals(moved[name].values, 0)
    const product = dotProduct(moved[name].values, gradient[name].values)
    // Both steps are rounded before they are subtracted.
    const length = maxAbs(found[name].values) + maxAbs(none[name].values)
    const terms = gradient[name].values.reduce((sum, g) => sum + Math.abs(g), 0)
    const rounding = Elementary.powerOfTwo(-48) * length * terms
    return !Number.isNaN(gain) && atLeast({ [`gain · ⟨step, g⟩ of ${name}`]: Math.sign(gain) * product }, 0, rounding)
  })
}

const movesByGain = (subject: OptimizerSubject): LawBuilder => {
  const { functions, gain, hasGain, scaling, coordinatesAlike, namesAlike } = subject
  return onNonEmptyWalks({
    name: 'its ‘gain’ is the factor of its steps',
    statement:
      '∀ g: where a step leaves the memory as it is, the step of a name is its gain times g. To 1e-12 of the longest entry.',
    source: 'definition of ‘gain’',
    maxCases: 20,
    claim: hasGain && scaling === 'linear' && coordinatesAlike && namesAlike,
    reason: hasGain ? 'claim `scaling: linear`, `coordinatesAlike` and `namesAlike`' : 'it declares no ‘gain’',
    says: ({ walk: { start, gradients } }) => {
      const [gradient] = gradients
      const state = functions.init(start)
      const [step, after] = updateOnce(functions, { gradient, state, params: start })
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
  })
}

const estimateFollowsParams = ({ optimizer, functions, estimate }: OptimizerSubject): LawBuilder =>
  onNonEmptyWalks({
    ...declarationInfo('estimate'),
    statement:
      '∀ gradients: where every step moves the parameters, what it takes for the answer after eight of them is not where they began; and where eight gradients of 0 do not move them, it is the parameters. To 1e-12 of the greatest: a mean of equal numbers is rounded.',
    claim: estimate,
    says: ({ walk: { start, gradients } }) => {
      const trails = Array.from({ length: 8 }, (_, i) => gradients[i % gradients.length]).reduce<ReadonlyArray<Trail>>(
        (all, gradient) => [...all, advanceTrail(functions)(all[all.length - 1], gradient)],
        [beginTrail(functions, start)]
      )
      const { params, state } = trails[8]
      const answer = Optimizer.estimate(optimizer, params, state)
      const zero = scaleEntries(0)(start)
      const unmoved = continueTrail(
        functions,
        beginTrail(functions, start),
        Array.from({ length: 8 }, () => zero)
      )
      const isUnmoved = unmoved.steps.every(step => maxAbs(flattenParams(step)) === 0)
      const kept = flattenParams(Optimizer.estimate(optimizer, unmoved.params, unmoved.state))
      return [
        Params.names(start)
          .filter(name => trails.slice(1).every(({ params }) => !areSameBits(params[name], start[name])))
          .map(name => differs(answer[name], start[name])),
        isUnmoved &&
          equals({ answer: kept }, { answer: flattenParams(unmoved.params) }, 1e-12 * maxAbs(flattenParams(start)))
      ]
    }
  })

const recallsObjective = ({ functions, recall }: OptimizerSubject): LawBuilder =>
  onNonEmptyWalks({
    ...declarationInfo('recall'),
    statement:
      '∀ gradients: what it recalls of the objective where a step has led, is the objective there. To 1e-12 (1 + |f| + |∇f|).',
    claim: recall,
    says: ({ walk: { start, gradients } }, recall) => {
      const evaluate = quadraticObjective(gradients[0], start)
      const { params, state } = advanceTrail(functions, evaluate)(beginTrail(functions, start), gradients[0])
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

// —— running an optimizer along given gradients ——

type EvaluateParams = (params: AnyParams) => { readonly value: number; readonly gradient: AnyParams }

interface Trail {
  readonly params: AnyParams
  readonly state: OptimizerState
  readonly steps: ReadonlyArray<AnyParams>
}

const paramsSum = Params.zipWith((a, b) => a + b)
const paramsDifference = Params.zipWith((a, b) => a - b)

/** ⟨g, θ⟩ + ½|θ − θ_0|², whose gradient at θ_0 is g. */
const quadraticObjective =
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

const vectorParams = (values: ReadonlyArray<number>): AnyParams => ({
  x: { shape: [values.length], values: Float64Array.from(values) }
})

interface UpdateArguments {
  readonly gradient: AnyParams
  readonly state: OptimizerState
  readonly params: AnyParams
  /** Default: a quadratic with this gradient. */
  readonly evaluate?: EvaluateParams | undefined
}

const updateOnce = (
  { update }: OptimizerFunctions,
  { gradient, state, params, evaluate = quadraticObjective(gradient, params) }: UpdateArguments
) => update(gradient, state, params, { ...evaluate(params), evaluate })

const beginTrail = ({ init }: OptimizerFunctions, params: AnyParams): Trail => ({
  params,
  state: init(params),
  steps: []
})

const advanceTrail =
  (functions: OptimizerFunctions, evaluate?: EvaluateParams) =>
  ({ params, state, steps }: Trail, gradient: AnyParams): Trail => {
    const [step, next] = updateOnce(functions, { gradient, state, params, evaluate })
    return { params: paramsSum(params, step), state: next, steps: [...steps, step] }
  }

const continueTrail = (functions: OptimizerFunctions, from: Trail, gradients: ReadonlyArray<AnyParams>): Trail =>
  gradients.reduce((trail, gradient) => advanceTrail(functions)(trail, gradient), from)

const followWalk = (functions: OptimizerFunctions, { start, gradients }: Walk): Trail =>
  continueTrail(functions, beginTrail(functions, start), gradients)

const stepsAlong = (functions: OptimizerFunctions, walk: Walk): ReadonlyArray<AnyParams> =>
  followWalk(functions, walk).steps

/** Entries of all parameters after each step of a walk. */
export const paramsAlongWalk = (
  optimizer: Optimizer.Optimizer,
  { start, gradients }: Walk
): ReadonlyArray<ReadonlyArray<number>> => {
  const functions = Optimizer.anyInterpret<string>(optimizer)
  return gradients.map((_, n) =>
    flattenParams(followWalk(functions, { start, gradients: gradients.slice(0, n + 1) }).params)
  )
}
