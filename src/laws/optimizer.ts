/** Laws of optimizers: the algebra of chains, purity, symmetries, and what steps are for. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { flow, pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as t from 'io-ts'
import * as Elementary from '../../lib/elementary.js'
import { type NdArray } from '../../lib/index.js'
import { Case, Optimizer, Params, Region } from '../index.js'
import { sameBits, throughText } from './bits.js'
import { dot, flat, greatest, held, holds, known, over } from './check.js'
import type { Law } from './Law.js'
import { dyadic, optimizers, walks, type Walk } from './pipelines.js'
import { codeOf } from './script.js'

type P = Params.Params<string>
type State = Optimizer.AnyState<string>

interface Evaluation {
  readonly value: number
  readonly gradient: P
}

type Evaluate = (params: P) => Evaluation

/** An optimizer as functions: what `Optimizer.anyInterpret` gives. */
export interface Machine {
  readonly init: (params: P) => State
  /** The context is the objective, for those optimizers that ask for more of it than its gradient. */
  readonly update: (
    gradient: P,
    state: State,
    params: P,
    context: Evaluation & { readonly evaluate: Evaluate }
  ) => readonly [P, State]
}

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
  /** The computation under test. */
  readonly interpret: (optimizer: Optimizer.Optimizer) => Machine
  readonly stateCodec: (optimizer: Optimizer.Optimizer) => t.Type<State, unknown>
  /** Parameters, and the gradients met on the way. */
  readonly walks: fc.Arbitrary<Walk>
  /** What the optimizer is chained with. */
  readonly others: fc.Arbitrary<Optimizer.Optimizer>
  /**
   * Of the longest step of a walk, where sums are taken in another order or ε is met; elsewhere laws hold to the last
   * bit.
   */
  readonly tolerance: number
  /** Whether permuted coordinates take permuted steps; by default where that is known of every part. */
  readonly coordinatesAlike: boolean
  /** Whether the step of an entry is the same under whichever name it goes; by default where that is known. */
  readonly namesAlike: boolean
  readonly scaling: Scaling | null
  /** The step after `count` steps, in closed form, where every gradient is the same number. */
  readonly constant: ((gradient: number, count: number) => number) | null
  /** Its steps along gradients of one entry, from a start, as plain arithmetic. */
  readonly recurrence: ((gradients: ReadonlyArray<number>, start: number) => ReadonlyArray<number>) | null
  /** The Lipschitz constant of the gradient up to which no step on a quadratic goes up. */
  readonly descends: number | null
  readonly converges: Convergence | null
  /** The names of `walks` whose parameters stay as they are. */
  readonly frozen: ReadonlyArray<string>
}

const defaults: Omit<OptimizerOptions, 'coordinatesAlike' | 'namesAlike'> = {
  interpret: Optimizer.anyInterpret,
  stateCodec: Optimizer.stateCodec,
  walks,
  others: optimizers,
  // Sums in another order differ by some 2⁻⁵² of their terms, which may cancel a hundredfold.
  tolerance: 1e-9,
  scaling: null,
  constant: null,
  recurrence: null,
  descends: null,
  converges: null,
  frozen: []
}

// —— claims ——

/** What is known of how an optimizer treats entries. */
interface Alike {
  readonly coordinates: boolean
  readonly names: boolean
  /** Whether it sums over entries: in another order it agrees up to rounding. */
  readonly sums: boolean
  /** Whether its steps jump where a number vanishes, so that a rounding may change them. */
  readonly jumps: boolean
}

const both = (a: Alike, b: Alike): Alike => ({
  coordinates: a.coordinates && b.coordinates,
  names: a.names && b.names,
  sums: a.sums || b.sums,
  jumps: a.jumps || b.jumps
})

/** Every entry by itself. */
const byEntry: Alike = { coordinates: true, names: true, sums: false, jumps: false }

const alike: (optimizer: Optimizer.Optimizer) => Alike = (() => {
  const each = (): Alike => byEntry
  const jumping = (): Alike => ({ ...byEntry, jumps: true })
  const summing = (): Alike => ({ ...byEntry, sums: true })
  const withinNames = (): Alike => ({ ...byEntry, names: false, sums: true })
  // It decides by comparing numbers that two orders of a sum may put on either side.
  const deciding = (): Alike => ({ coordinates: false, names: false, sums: true, jumps: true })
  return flow(
    Case.known<Alike>(
      Case.when(Optimizer.scale, each),
      Case.when(Optimizer.zero, each),
      Case.when(Optimizer.scaleByRate, each),
      Case.when(Optimizer.trace, each),
      Case.when(Optimizer.nesterovTrace, each),
      Case.when(Optimizer.sign, jumping),
      Case.when(Optimizer.scaleByAdam, each),
      Case.when(Optimizer.scaleByAmsGrad, each),
      Case.when(Optimizer.scaleByNAdam, each),
      Case.when(Optimizer.scaleByRAdam, each),
      Case.when(Optimizer.scaleByRms, each),
      // The root of a difference that may cancel.
      Case.when(Optimizer.scaleByStandardDeviation, jumping),
      Case.when(Optimizer.scaleByAdagrad, each),
      Case.when(Optimizer.scaleByAdadelta, each),
      Case.when(Optimizer.scaleByLion, jumping),
      Case.when(Optimizer.scaleByPolyak, summing),
      Case.when(Optimizer.reduceOnPlateau, deciding),
      Case.when(Optimizer.scaleByLbfgs, deciding),
      Case.when(Optimizer.scaleByNewton, deciding),
      Case.when(Optimizer.lineSearch, deciding),
      Case.when(Optimizer.clipByValue, each),
      Case.when(Optimizer.clipByNorm, withinNames),
      Case.when(Optimizer.clipByGlobalNorm, summing),
      Case.when(Optimizer.weightDecay, each),
      Case.when(Optimizer.project, ({ region }) =>
        pipe(
          region,
          Case.known<Alike>(
            Case.when(Region.box, each),
            Case.when(Region.nonNegative, each),
            Case.when(Region.ball, withinNames),
            Case.when(Region.simplex, withinNames)
          ),
          O.getOrElse(deciding)
        )
      ),
      Case.when(Optimizer.average, each),
      Case.when(Optimizer.movingAverage, each),
      Case.when(Optimizer.lookahead, each),
      Case.when(Optimizer.only, ({ part }) => ({ ...alike(part), names: false })),
      Case.when(Optimizer.freeze, () => ({ ...byEntry, names: false })),
      Case.when(Optimizer.partition, ({ rules }) => ({
        ...Object.values<Optimizer.Optimizer>(rules)
          .map(rule => alike(rule))
          .reduce(both, byEntry),
        names: false
      })),
      Case.when(Optimizer.chain, ({ parts }) => parts.map(alike).reduce(both, byEntry))
    ),
    // Of one's own nothing is known but what the options claim.
    O.getOrElse(deciding)
  )
})()

/** Where what sums also jumps, two orders of a sum may take different steps. */
const alikeOf = (optimizer: Optimizer.Optimizer): Pick<OptimizerOptions, 'coordinatesAlike' | 'namesAlike'> => {
  const { coordinates, names, sums, jumps } = alike(optimizer)
  const safe = !(sums && jumps)
  return { coordinatesAlike: coordinates && safe, namesAlike: names && safe }
}

// —— walking ——

const plus = Params.zipWith((a, b) => a + b)

const minus = Params.zipWith((a, b) => a - b)

/** An objective that has the given gradient at the given parameters: ⟨g, θ⟩ + ½|θ − θ_0|². */
const bowl =
  (gradient: P, at: P): Evaluate =>
  params => {
    const away = minus(params, at)
    return {
      value: dot(flat(gradient), flat(params)) + dot(flat(away), flat(away)) / 2,
      gradient: plus(gradient, away)
    }
  }

const updated = (
  { update }: Machine,
  gradient: P,
  state: State,
  params: P,
  evaluate: Evaluate = bowl(gradient, params)
): readonly [P, State] => update(gradient, state, params, { ...evaluate(params), evaluate })

/** Where a walk has led. */
interface Trail {
  readonly params: P
  readonly state: State
  readonly steps: ReadonlyArray<P>
}

const begin = ({ init }: Machine, params: P): Trail => ({ params, state: init(params), steps: [] })

const advance =
  (machine: Machine, evaluate?: Evaluate) =>
  ({ params, state, steps }: Trail, gradient: P): Trail => {
    const [step, next] = updated(machine, gradient, state, params, evaluate)
    return { params: plus(params, step), state: next, steps: [...steps, step] }
  }

const follow = (machine: Machine, { start, gradients }: Walk): Trail =>
  // reduce gives its callback the index too, which `advance` must not take for an objective.
  gradients.reduce((trail, gradient) => advance(machine)(trail, gradient), begin(machine, start))

const stepsOf = (machine: Machine, walk: Walk): ReadonlyArray<P> => follow(machine, walk).steps

const onWalk =
  (f: (params: P) => P) =>
  ({ start, gradients }: Walk): Walk => ({ start: f(start), gradients: gradients.map(f) })

/** The entries of every array backwards. */
const reversed = (params: P): P =>
  pipe(
    params,
    Params.map<NdArray, NdArray>(({ shape, values }) => ({ shape, values: values.slice().reverse() }))
  )

/** Every entry under a name of its own, in order. */
const split = (params: P): P =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, { values }]) =>
      Array.from(values, (value, i) => [`${name}${i}`, { shape: [], values: Float64Array.of(value) }])
    )
  )

const near =
  (tolerance: number) =>
  (a: number, b: number): boolean =>
    Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b)) + 1e-300

/** Whether as many steps are each the same by `same`; else the first that is not is told. */
const eachStep =
  (same: (a: P, b: P, all: ReadonlyArray<P>) => boolean) =>
  (found: ReadonlyArray<P>, wanted: ReadonlyArray<P>): boolean => {
    const at = found.findIndex((step, i) => !same(step, wanted[i], wanted))
    return (
      holds(found.length === wanted.length, () => `${found.length} steps are not ${wanted.length}`) &&
      holds(at < 0, () => `step ${at + 1} is ${Params.show(found[at])}, and ${Params.show(wanted[at])} was to be`)
    )
  }

const sameSteps = eachStep((a, b) => sameBits(a, b))

/**
 * Whether steps agree up to rounding, which is relative to the longest entry of any step: moving sums of what was long may
 * cancel.
 */
const nearSteps = (tolerance: number): ((a: ReadonlyArray<P>, b: ReadonlyArray<P>) => boolean) =>
  eachStep((a, b, all) => {
    const [found, wanted] = [flat(a), flat(b)]
    const size = greatest(all.flatMap(flat))
    return (
      sameBits(Params.shapes(a), Params.shapes(b)) &&
      found.every((value, j) => Object.is(value, wanted[j]) || Math.abs(value - wanted[j]) <= tolerance * size)
    )
  })

// —— quadratics ——

/** ½ xᵀAx with the eigenvalues of A given, and its eigenvectors the axes reflected in the plane normal to `mirror`. */
interface Quadratic {
  readonly eigenvalues: ReadonlyArray<number>
  readonly mirror: ReadonlyArray<number>
  readonly start: ReadonlyArray<number>
}

const quadratics = (lo: number, hi: number): fc.Arbitrary<Quadratic> =>
  fc.integer({ min: 1, max: 4 }).chain(size => {
    const each = (one: fc.Arbitrary<number>): fc.Arbitrary<ReadonlyArray<number>> =>
      fc.array(one, { minLength: size, maxLength: size })
    const coordinates = each(fc.integer({ min: -64, max: 64 }).map(n => n / 16))
    return fc.record({
      eigenvalues: each(fc.integer({ min: 0, max: 64 }).map(n => lo + ((hi - lo) * n) / 64)),
      mirror: coordinates,
      start: coordinates
    })
  })

const vector = (values: ReadonlyArray<number>): P => ({
  x: { shape: [values.length], values: Float64Array.from(values) }
})

const evaluateOn = ({ eigenvalues, mirror }: Quadratic): Evaluate => {
  const square = dot(mirror, mirror)
  const reflected = (x: ReadonlyArray<number>): ReadonlyArray<number> => {
    const along = square === 0 ? 0 : (2 * dot(mirror, x)) / square
    return x.map((value, i) => value - along * mirror[i])
  }
  return params => {
    const x = flat(params)
    const gradient = reflected(reflected(x).map((value, i) => eigenvalues[i] * value))
    return { value: dot(x, gradient) / 2, gradient: vector(gradient) }
  }
}

/** ½ xᵀAx along the path that the optimizer takes on it, the start first. */
const valuesAlong = (machine: Machine, quadratic: Quadratic, count: number): ReadonlyArray<number> => {
  const evaluate = evaluateOn(quadratic)
  return Array.from({ length: count }).reduce<readonly [Trail, ReadonlyArray<number>]>(
    ([trail, values]) => {
      const after = advance(machine, evaluate)({ ...trail, steps: [] }, evaluate(trail.params).gradient)
      return [after, [...values, evaluate(after.params).value]]
    },
    [begin(machine, vector(quadratic.start)), [evaluate(vector(quadratic.start)).value]]
  )[1]
}

// —— laws ——

const along = <A extends object>(cases: fc.Arbitrary<A>): ReturnType<typeof over<A>> => over(cases, codeOf)

/** What the laws of an optimizer share: it at work, and what is claimed of it. */
const settingOf = (optimizer: Optimizer.Optimizer, options: Partial<OptimizerOptions> = {}) => {
  const { interpret, stateCodec, walks, others, tolerance, ...claims } = {
    ...defaults,
    ...alikeOf(optimizer),
    ...options
  }
  const { chain } = Optimizer
  const o = interpret(optimizer)
  const agree = nearSteps(tolerance)
  // A power of two scales without rounding.
  const factors = (least: number, most: number): fc.Arbitrary<number> =>
    fc.integer({ min: least, max: most }).map(power => Elementary.powerOfTwo(power))
  const scaled = (c: number, { start, gradients }: Walk): Walk => ({
    start,
    gradients: gradients.map(gradient => Params.mapValues(g => c * g)(gradient))
  })

  const lawOf = along(fc.record({ walk: walks }))
  return { agree, chain, claims, factors, interpret, lawOf, o, optimizer, others, scaled, stateCodec, tolerance, walks }
}

type Setting = ReturnType<typeof settingOf>

const associative = ({ chain, interpret, optimizer, others, walks }: Setting): Law =>
  along(fc.record({ a: others, c: others, walk: walks }))({
    name: 'chaining is associative',
    statement: '∀ a, c: chain(chain(a, o), c) = chain(a, chain(o, c)) = chain(a, o, c), step by step, to the last bit.',
    source: 'definition of a monoid',
    check: ({ a, c, walk }) => {
      const flat = stepsOf(interpret(chain(a, optimizer, c)), walk)
      return (
        sameSteps(stepsOf(interpret(chain(chain(a, optimizer), c)), walk), flat) &&
        sameSteps(stepsOf(interpret(chain(a, chain(optimizer, c))), walk), flat)
      )
    }
  })

const identity = ({ chain, interpret, lawOf, o, optimizer }: Setting): Law =>
  lawOf({
    name: 'the empty chain is the identity of chaining',
    statement:
      'chain(chain(), o) = o = chain(o, chain()), step by step, to the last bit; chain() leaves gradients alone.',
    source: 'definition of a monoid',
    check: ({ walk }) => {
      const alone = stepsOf(o, walk)
      return (
        sameSteps(stepsOf(interpret(chain(chain(), optimizer)), walk), alone) &&
        sameSteps(stepsOf(interpret(chain(optimizer, chain())), walk), alone) &&
        sameSteps(stepsOf(interpret(chain()), walk), walk.gradients)
      )
    }
  })

const partsInTurn = ({ chain, interpret, o, optimizer, others, walks }: Setting): Law =>
  along(fc.record({ a: others, walk: walks }))({
    name: 'a chain applies its parts in turn',
    statement: '∀ a: the steps of chain(a, o) are those that o makes of the steps of a.',
    source: 'definition of `chain`',
    check: ({ a, walk: { start, gradients } }) => {
      const first = interpret(a)
      // Both parts see the parameters that the whole chain has moved, and the objective itself.
      const [, , , byHand] = gradients.reduce<readonly [P, State, State, ReadonlyArray<P>]>(
        ([params, ofFirst, ofO, steps], gradient) => {
          const [made, nextFirst] = updated(first, gradient, ofFirst, params)
          const [step, nextO] = updated(o, made, ofO, params, bowl(gradient, params))
          return [plus(params, step), nextFirst, nextO, [...steps, step]]
        },
        [start, first.init(start), o.init(start), []]
      )
      return sameSteps(stepsOf(interpret(chain(a, optimizer)), { start, gradients }), byHand)
    }
  })

const shapesOfParams = ({ lawOf, o }: Setting): Law =>
  lawOf({
    name: 'steps have the names and shapes of the parameters',
    statement: '∀ gradients: every step has the names of the parameters, each with its shape and as many entries.',
    source: 'type of `Transformation`',
    check: ({ walk }) =>
      stepsOf(o, walk).every(
        step =>
          sameBits(Params.shapes(step), Params.shapes(walk.start)) &&
          Params.names(step).every(name => step[name].values.length === walk.start[name].values.length)
      )
  })

const throughJson = ({ o, optimizer, stateCodec, walks }: Setting): Law =>
  along(fc.record({ walk: walks, n: fc.nat(8) }))({
    name: 'a state goes through JSON unchanged',
    statement: '∀ n: the state after n steps, written to JSON text and read again, makes the same steps, bit for bit.',
    source: 'a run stopped and resumed is the same run',
    check: ({ walk: { start, gradients }, n }) => {
      const before = follow(o, { start, gradients: gradients.slice(0, n) })
      const rest = (state: State): ReadonlyArray<P> =>
        gradients.slice(n).reduce((trail, gradient) => advance(o)(trail, gradient), { ...before, state }).steps
      const codec = stateCodec(optimizer)
      return pipe(
        codec.decode(throughText(codec.encode(before.state))),
        E.match(
          () => false,
          read => sameBits(read, before.state) && sameBits(rest(read), rest(before.state))
        )
      )
    }
  })

const pure = ({ lawOf, o }: Setting): Law =>
  lawOf({
    name: 'update is pure',
    statement: 'the same gradient, state and parameters give the same step and state, and stay as they were.',
    source: 'definition of a function',
    check: ({ walk: { start, gradients } }) => {
      const [, holds] = gradients.reduce<readonly [Trail, boolean]>(
        ([trail, holds], gradient) => {
          const given = [gradient, trail.state, trail.params] as const
          const kept = structuredClone(given)
          const fresh = updated(o, ...structuredClone(given))
          const [once, again] = [updated(o, ...given), updated(o, ...given)]
          const pure = sameBits(once, fresh) && sameBits(again, fresh) && sameBits(given, kept)
          return [advance(o)(trail, gradient), holds && pure]
        },
        [begin(o, start), true]
      )
      return holds
    }
  })

const noRate = ({ chain, interpret, lawOf, optimizer }: Setting): Law =>
  lawOf({
    name: 'no rate, no step',
    statement: 'chain(o, scale(0)) leaves the parameters where they are.',
    source: 'θ + 0 = θ',
    check: ({ walk }) =>
      stepsOf(interpret(chain(optimizer, Optimizer.scale(0))), walk).every(step => flat(step).every(s => s === 0))
  })

const permuted = ({ agree, claims, lawOf, o }: Setting): Law | false =>
  claims.coordinatesAlike &&
  lawOf({
    name: 'permuted coordinates take permuted steps',
    statement:
      'for Π the reversal of every array: the steps along Πg from Πθ are Π of the steps along g from θ. To `tolerance`, 1e-9 of the longest entry of the steps: sums in another order.',
    source: 'the optimizer knows no order of coordinates',
    check: ({ walk }) => agree(stepsOf(o, onWalk(reversed)(walk)), stepsOf(o, walk).map(reversed))
  })

const splitNames = ({ agree, claims, lawOf, o }: Setting): Law | false =>
  claims.namesAlike &&
  lawOf({
    name: 'split parameters take split steps',
    statement:
      'the step of an entry is the same whether it has a name of its own or shares one with others. To `tolerance`, 1e-9 of the longest entry of the steps: sums in another order.',
    source: 'names are for people',
    check: ({ walk }) => agree(stepsOf(o, onWalk(split)(walk)), stepsOf(o, walk).map(split))
  })

const scaledSteps = ({ agree, claims, factors, o, scaled, walks }: Setting): Law | false =>
  claims.scaling === 'linear' &&
  along(fc.record({ walk: walks, c: factors(-30, 30) }))({
    name: 'scaled gradients take scaled steps',
    statement:
      '∀ c from 2⁻³⁰ to 2³⁰: the steps along c·g are c times the steps along g. To `tolerance`, 1e-9 of the longest entry of the steps: sums in another order.',
    source: 'linearity',
    check: ({ walk, c }) =>
      agree(
        stepsOf(o, scaled(c, walk)),
        stepsOf(o, walk).map(step => Params.mapValues(s => c * s)(step))
      )
  })

const sameScaled = ({ agree, claims, factors, o, scaled, walks }: Setting): Law | false =>
  claims.scaling === 'invariant' &&
  // Of lesser gradients ε is seen.
  along(fc.record({ walk: walks, c: factors(-3, 6) }))({
    name: 'scaled gradients take the same steps',
    statement: '∀ c > 0: the steps along c·g are the steps along g, up to ε.',
    source: 'Kingma & Ba 2015, section 2.1',
    check: ({ walk, c }) => agree(stepsOf(o, scaled(c, walk)), stepsOf(o, walk))
  })

const inClosedForm = ({ claims, o, tolerance }: Setting): ReadonlyArray<Law> =>
  known(O.fromNullable(claims.constant), closedForm =>
    along(
      fc.record({
        gradient: fc.integer({ min: -64, max: 64 }).map(n => n / 16),
        length: fc.integer({ min: 1, max: 12 })
      })
    )({
      name: 'a constant gradient takes the steps of its closed form',
      statement: 'where every gradient is g, step n is the closed form at (g, n).',
      source: 'geometric sums; a bias-corrected mean of a constant is that constant',
      check: ({ gradient, length }) => {
        const gradients = Array.from({ length }, () => vector([gradient]))
        return stepsOf(o, { start: vector([1]), gradients }).every((step, n) =>
          holds(
            near(tolerance)(step.x.values[0], closedForm(gradient, n)),
            () => `step ${n} is ${step.x.values[0]}, and ${closedForm(gradient, n)} in closed form`
          )
        )
      }
    })
  )

const byRecurrence = ({ agree, claims, o }: Setting): ReadonlyArray<Law> =>
  known(O.fromNullable(claims.recurrence), recurrence =>
    along(
      fc.record({
        start: dyadic(-4, 4),
        gradients: fc.array(dyadic(-8, 8), { minLength: 1, maxLength: 40, size: 'max' })
      })
    )({
      name: 'it takes the steps of its recurrence',
      statement:
        '∀ x, g_1 … g_n of one entry: its steps are those of the stated recurrence. To `tolerance`, 1e-9 of the longest step: sums in another order.',
      source: 'the stated formula',
      check: ({ start, gradients }) =>
        agree(
          stepsOf(o, { start: vector([start]), gradients: gradients.map(g => vector([g])) }),
          recurrence(gradients, start).map(step => vector([step]))
        )
    })
  )

const neverUp = ({ claims, o }: Setting): ReadonlyArray<Law> =>
  known(O.fromNullable(claims.descends), lipschitz =>
    along(quadratics(0, lipschitz))({
      name: 'no step on a quadratic goes up',
      statement: `∀ symmetric A, 0 ≤ A ≤ ${lipschitz}, ∀ x: f(x + step) ≤ f(x) for f = ½ xᵀAx.`,
      source: 'descent lemma: f(x − rate·g) ≤ f(x) − rate(1 − L·rate/2)|g|² (Nesterov 2004, section 1.2.3)',
      check: quadratic => {
        const values = valuesAlong(o, quadratic, 8)
        // Rounding: some units in the last place of the first and largest value.
        return values.every((value, i) => i === 0 || value <= values[i - 1] + 1e-13 * values[0])
      }
    })
  )

const reachesMinimum = ({ claims, o }: Setting): ReadonlyArray<Law> =>
  known(O.fromNullable(claims.converges), ({ lo, hi, steps, within }) =>
    along(quadratics(lo, hi))({
      name: 'the minimum of a strongly convex quadratic is reached',
      statement: `∀ symmetric A, ${lo} ≤ A ≤ ${hi}: from |x_i| ≤ 4, after ${steps} steps ½ xᵀAx ≤ ${within}.`,
      source: 'a strongly convex function has one minimum, here 0',
      check: quadratic => {
        const end = valuesAlong(o, quadratic, steps)[steps]
        return holds(end <= within, () => `½ xᵀAx is ${end} after ${steps} steps, not within ${within}`)
      }
    })
  )

const keepsFrozen = ({ claims, lawOf, o }: Setting): Law | false =>
  claims.frozen.length > 0 &&
  lawOf({
    name: 'what is frozen keeps its bits',
    statement: `∀ gradients: ${claims.frozen.join(', ')} stay as they are, to the last bit.`,
    source: 'definition of `freeze`',
    check: ({ walk }) => {
      const { params } = follow(o, walk)
      return claims.frozen.every(name => !(name in params) || sameBits(params[name], walk.start[name]))
    }
  })

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
 *   fc.assert(property, { seed: 1, numRuns: 10 })
 * })
 */
export const optimizer = (
  optimizer: Optimizer.Optimizer,
  options: Partial<OptimizerOptions> = {}
): ReadonlyArray<Law> => {
  const setting = settingOf(optimizer, options)

  return held([
    associative(setting),
    identity(setting),
    partsInTurn(setting),
    shapesOfParams(setting),
    throughJson(setting),
    pure(setting),
    noRate(setting),
    permuted(setting),
    splitNames(setting),
    scaledSteps(setting),
    sameScaled(setting),
    inClosedForm(setting),
    byRecurrence(setting),
    neverUp(setting),
    reachesMinimum(setting),
    keepsFrozen(setting)
  ])
}
