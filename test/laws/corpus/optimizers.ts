/** Inventions of optimizers: entry by entry, as a whole, and with what they say of themselves. */
import * as t from 'io-ts'
import { Elementary, Key } from '../../../lib/index.js'
import { Field, Optimizer, Params } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { about, ofConcept, word } from './invention.js'

type P = Params.Params<string>
type NdArray = P[string]

const { pow } = Elementary

// —— optimizers, one entry at a time ——

/** Step and memory from a gradient, two numbers of memory, how many steps came before, and where it is. */
type Rule = (g: number, m: number, v: number, n: number, x: number) => readonly [step: number, m: number, v: number]

const stepper = (rule: Rule, name: string): Optimizer.Optimizer =>
  Optimizer.define({
    name: word(name),
    about: name,
    fields: { rate: Field.positive({ default: 0.1 }) },
    memory: t.type({ count: t.number, first: Params.codec, second: Params.codec }),
    init: () => params => {
      const zero = Params.mapValues(() => 0)(params)
      return { count: 0, first: zero, second: zero }
    },
    update:
      () =>
      (gradient, { count, first, second }, { params }) => {
        const part = (at: 0 | 1 | 2): P =>
          Params.map<NdArray, NdArray>((g, key) => ({
            ...g,
            values: g.values.map(
              (value, i) => rule(value, first[key].values[i], second[key].values[i], count, params[key].values[i])[at]
            )
          }))(gradient)
        return [part(0), { count: count + 1, first: part(1), second: part(2) }]
      }
  })({ rate: 0.1 })

const along =
  (rule: Rule): NonNullable<laws.OptimizerOptions['recurrence']> =>
  (gradients, start) =>
    gradients.reduce<{ x: number; m: number; v: number; steps: ReadonlyArray<number> }>(
      ({ x, m, v, steps }, g, n) => {
        const [step, nextM, nextV] = rule(g, m, v, n, x)
        return { x: x + step, m: nextM, v: nextV, steps: [...steps, step] }
      },
      { x: start, m: 0, v: 0, steps: [] }
    ).steps

interface Optimizing {
  readonly rule: Rule
  /** What it is said to be. */
  readonly is?: Rule
  readonly claims?: Partial<laws.OptimizerOptions>
}
const optimizing = ({ rule, is, claims }: Optimizing, name: string): ReadonlyArray<laws.Law> =>
  laws.optimizer(stepper(rule, name), { ...(is && { recurrence: along(is) }), ...claims })

const adamWith =
  (b1: number, b2: number): Rule =>
  (g, m, v, n) => {
    const first = b1 * m + (1 - b1) * g
    const second = b2 * v + (1 - b2) * g * g
    const mean = first / (1 - pow(b1, n + 1))
    const square = second / (1 - pow(b2, n + 1))
    return [(-0.1 * mean) / (Math.sqrt(square) + 1e-8), first, second]
  }
const adam = adamWith(0.9, 0.999)
const adamW: Rule = (g, m, v, n, x) => {
  const [step, first, second] = adam(g, m, v, n, x)
  return [step - 0.1 * 0.01 * x, first, second]
}
const rms: Rule = (g, m, v) => {
  const second = 0.9 * v + 0.1 * g * g
  return [(-0.1 * g) / (Math.sqrt(second) + 1e-8), m, second]
}
const adagrad: Rule = (g, m, v) => [(-0.1 * g) / (Math.sqrt(v + g * g) + 1e-8), m, v + g * g]
const lion: Rule = (g, m, v) => [-0.1 * Math.sign(0.9 * m + 0.1 * g), 0.99 * m + 0.01 * g, v]
const plain: Rule = (g, m, v) => [-0.1 * g, m, v]
const momentum: Rule = (g, m, v) => [-0.1 * (0.9 * m + g), 0.9 * m + g, v]
/** Adan without its second moment: a momentum of gradients, and the difference of the last two. */
const adan: Rule = (g, m, v, n) => {
  const mean = 0.9 * m + 0.1 * g
  return [-0.1 * (mean + (n === 0 ? 0 : 0.9 * (g - v))), mean, g]
}

const entries = ofConcept('optimizer of entries', optimizing, {
  wrong: {
    'Adam, v not corrected | it takes the steps of its recurrence': {
      rule: (g, m, v, n) => {
        const first = 0.9 * m + 0.1 * g
        const second = 0.999 * v + 0.001 * g * g
        return [(-0.1 * first) / (1 - pow(0.9, n + 1)) / (Math.sqrt(second) + 1e-8), first, second]
      },
      is: adam
    },
    'no step after the twelfth | it takes the steps of its recurrence': {
      rule: (g, m, v, n) => [n < 12 ? -0.1 * (0.9 * m + g) : 0, 0.9 * m + g, v],
      is: momentum
    },
    'the difference from the first gradient | it takes the steps of its recurrence': {
      rule: (g, m, v, n) => [adan(g, m, v, n, 0)[0], 0.9 * m + 0.1 * g, n === 0 ? g : v],
      is: adan
    },
    'a closed form counted from 1 | a constant gradient takes the steps of its closed form': {
      rule: momentum,
      claims: { constant: (g, n) => -g * (1 - 0.9 ** n) }
    },
    'signs, said to scale | scaled gradients take scaled steps': {
      rule: (g, m, v) => [-0.1 * Math.sign(g), m, v],
      claims: { scaling: 'linear' }
    },
    'clipped, said to scale | scaled gradients take scaled steps': {
      rule: (g, m, v) => [-0.1 * Math.max(-1, Math.min(1, g)), m, v],
      claims: { scaling: 'linear' }
    },
    'plain, said to know no scale | scaled gradients take the same steps': {
      rule: plain,
      claims: { scaling: 'invariant' }
    },
    'a rate of 3, said to descend | no step on a quadratic goes up': {
      rule: (g, m, v) => [-3 * g, m, v],
      claims: { descends: 1 }
    },
    'uphill, said to converge | the minimum of a strongly convex quadratic is reached': {
      rule: (g, m, v) => [0.1 * g, m, v],
      claims: { converges: { lo: 0.5, hi: 2, steps: 80, within: 1e-6 } }
    },
    'too slow to converge | the minimum of a strongly convex quadratic is reached': {
      rule: (g, m, v) => [-1e-3 * g, m, v],
      claims: { converges: { lo: 0.5, hi: 2, steps: 80, within: 1e-6 } }
    }
  },
  right: {
    'Adam by hand': { rule: adam, is: adam },
    'Adam by one factor': {
      rule: (g, m, v, n) => {
        const first = m + 0.1 * (g - m)
        const second = v + 0.001 * (g * g - v)
        const c = Math.sqrt(1 - pow(0.999, n + 1))
        return [((-0.1 * c) / (1 - pow(0.9, n + 1))) * (first / (Math.sqrt(second) + 1e-8 * c)), first, second]
      },
      is: adam
    },
    'AdamW by hand': { rule: adamW, is: adamW, claims: { coordinatesAlike: true, namesAlike: true } },
    'RMSProp by hand': { rule: rms, is: rms },
    'AdaGrad by hand': { rule: adagrad, is: adagrad },
    'Lion by hand': { rule: lion, is: lion },
    'momentum by hand, with its closed form': {
      rule: momentum,
      is: momentum,
      claims: { constant: (g, n) => -g * (1 - 0.9 ** (n + 1)) }
    },
    'momentum in another order': { rule: (g, m, v) => [-(0.09 * m + 0.1 * g), g + 0.9 * m, v], is: momentum },
    'the difference from the last gradient': { rule: adan, is: adan },
    'plain, with all its claims': {
      rule: plain,
      is: plain,
      claims: { scaling: 'linear', descends: 10, converges: { lo: 0.5, hi: 2, steps: 200, within: 1e-6 } }
    },
    'momentum that restarts every three steps': {
      rule: (g, m, v, n) => {
        const next = (n % 3 === 0 ? 0 : 0.9 * m) + g
        return [-0.1 * next, next, v]
      },
      claims: { scaling: 'linear' }
    },
    'a floor to the memory, with a kink': {
      rule: (g, m, v) => [-0.1 * Math.max(0, g) + 0.05 * Math.max(0, -g), m, v],
      claims: { scaling: 'linear', coordinatesAlike: true }
    }
  }
})

// —— optimizers as a whole ——

type Memory = { readonly count: number }
interface Whole {
  readonly update: (gradient: P, count: number, params: P) => P
  readonly claims?: Partial<laws.OptimizerOptions>
  /** By which it says that it multiplies a gradient. */
  readonly gain?: number
}
const whole = ({ update, claims, gain }: Whole, name: string): ReadonlyArray<laws.Law> =>
  laws.optimizer(
    Optimizer.define({
      name: word(name),
      about: name,
      memory: t.type({ count: t.number }),
      init: () => (): Memory => ({ count: 0 }),
      update:
        () =>
        (gradient, { count }, { params }) => [update(gradient, count, params), { count: count + 1 }],
      ...(gain !== undefined && { gain: () => () => gain })
    }),
    claims
  )
const scaled = (by: number): ((gradient: P) => P) => Params.mapValues(g => by * g)
const hidden = { calls: 0 }
const seen = new WeakSet()
const eachEntry = (f: (g: number, i: number) => number): ((gradient: P) => P) =>
  Params.map<NdArray, NdArray>(array => ({ ...array, values: array.values.map(f) }))
const wholes = ofConcept('optimizer', whole, {
  wrong: {
    'a count outside the memory | a state goes through JSON unchanged': {
      update: gradient => {
        hidden.calls += 1
        return scaled(-1 / hidden.calls)(gradient)
      }
    },
    'what it has seen is known by reference | a state goes through JSON unchanged': {
      update: gradient => {
        const again = seen.has(gradient)
        seen.add(gradient)
        return scaled(again ? -1 : -2)(gradient)
      }
    },
    'the gradient is written over | a state goes through JSON unchanged': {
      update: gradient => {
        for (const { values } of Object.values(gradient)) values.forEach((g, i) => (values[i] = 2 * g))
        return scaled(-0.1)(gradient)
      }
    },
    'the first name alone | steps have the names and shapes of the parameters': {
      update: gradient => {
        const [name] = Object.keys(gradient)
        return { [name]: gradient[name] }
      }
    },
    'every array a list | steps have the names and shapes of the parameters': {
      update: Params.map<NdArray, NdArray>(({ values }) => ({
        shape: [values.length, 1, 1],
        values: values.map(g => -g)
      }))
    },
    'an entry too few | steps have the names and shapes of the parameters': {
      update: Params.map<NdArray, NdArray>(array => ({ ...array, values: array.values.slice(1) }))
    },
    'a rate of its own for each entry, said to know no order | permuted coordinates take permuted steps': {
      update: eachEntry((g, i) => (-g * (1 + i)) / 10),
      claims: { coordinatesAlike: true }
    },
    'a rate by names, said to know none | split parameters take split steps': {
      update: gradient =>
        Params.map<NdArray, NdArray>((array, name) => ({
          ...array,
          values: array.values.map(g => -g * name.length)
        }))(gradient),
      claims: { namesAlike: true }
    },
    'divided by the size of each array, said to know no names | split parameters take split steps': {
      update: Params.map<NdArray, NdArray>(array => ({
        ...array,
        values: array.values.map(g => -g / array.values.length)
      })),
      claims: { namesAlike: true }
    },
    'a floor below which nothing moves, said to be linear | scaled gradients take scaled steps': {
      update: eachEntry(g => (Math.abs(g) < 1e-3 ? 0 : -0.1 * g)),
      claims: { scaling: 'linear' }
    },
    'descent that turns around after three steps | its ‘gain’ is what it stands for': {
      update: (gradient, count) => scaled(count < 3 ? -1 : 1)(gradient),
      gain: -1
    },
    'descent that climbs where gradients are long | its ‘gain’ is what it stands for': {
      update: gradient => scaled(Params.norm(gradient) < 100 ? -1 : 1)(gradient),
      gain: -1
    },
    'no gain of what moves | its ‘gain’ is what it stands for': { update: scaled(-0.1), gain: 0 },
    'means that are said to be frozen | what is frozen keeps its bits': {
      update: scaled(-0.1),
      claims: { frozen: ['means'] }
    }
  },
  right: {
    'a rate of its own for each entry': {
      update: eachEntry((g, i) => (-g * (1 + i)) / 10),
      claims: { scaling: 'linear' }
    },
    'descent that says so': { update: scaled(-1), gain: -1 },
    'a gain of what climbs': { update: scaled(0.1), gain: 1 },
    'noise, of a key that counts the steps': {
      update: (gradient, count) => {
        const z = Key.normal(64)(Key.child(count)(Key.fromSeed(3)))
        return eachEntry((g, i) => -0.1 * g + 0.01 * z[i % 64])(gradient)
      }
    },
    'every third step, none': { update: (gradient, count) => scaled(count % 3 === 2 ? 0 : -0.1)(gradient) },
    'towards 0, whatever the gradient': { update: (_, __, params) => scaled(-0.01)(params) },
    'no step at all': { update: scaled(0), claims: { descends: 5, frozen: ['means'] } }
  }
})

// —— optimizers that say more of themselves than their steps ——

const averaged = (keeps: number): Optimizer.Optimizer =>
  Optimizer.define({
    name: 'ownAverage',
    about,
    memory: t.type({ mean: Params.codec }),
    init: () => params => ({ mean: params }),
    update:
      () =>
      (gradient, { mean }, { params }) => {
        const step = Params.mapValues(g => -0.1 * g)(gradient)
        const next = Params.zipWith((a, b) => a + b)(params, step)
        return [step, { mean: Params.zipWith((m, x) => keeps * m + (1 - keeps) * x)(mean, next) }]
      },
    estimate:
      () =>
      (_, { mean }) =>
        mean
  })
/** Of what it remembers, the direction: a step of length 1 along the momentum of each name. */
const normalized = Optimizer.define({
  name: 'ownNormalized',
  about,
  memory: t.type({ m: Params.codec }),
  init: () => params => ({ m: Params.mapValues(() => 0)(params) }),
  update:
    () =>
    (gradient, { m }) => {
      const next = Params.zipWith((a, b) => 0.9 * a + b)(m, gradient)
      const unit = Params.map<NdArray, NdArray>(array => {
        const length = Math.hypot(...array.values)
        return { ...array, values: array.values.map(x => (length === 0 ? 0 : x / length)) }
      })
      return [unit(next), { m: next }]
    },
  gain: () => () => 1
})
/** It remembers nothing, gives a tenth of the gradient against it, and takes something else for the answer. */
const answering = (answer: (params: P) => P): Optimizer.Optimizer =>
  Optimizer.define({
    name: 'ownAnswer',
    about,
    memory: t.null,
    init: () => () => null,
    update: () => gradient => [Params.mapValues(g => -0.1 * g)(gradient), null],
    estimate: () => answer,
    afterRate: true
  })
const estimating = ofConcept('optimizer that remembers', (value: Optimizer.Optimizer) => laws.of(value), {
  wrong: {
    'the objective where a step began, said to be where it has led | its ‘recall’ is what it stands for':
      Optimizer.define({
        name: 'late',
        about: 'remembers the place before',
        memory: t.unknown,
        init: () => () => null,
        update: () => (g, _, place) => [
          Params.mapValues(x => -0.1 * x)(g),
          { value: place.value, gradient: place.gradient }
        ],
        recall: () => (_, memory) => memory as { value: number; gradient: Params.Params<string> }
      }),
    'a million, whatever was learned | its ‘estimate’ is what it stands for': answering(Params.mapValues(() => 1e6)),
    'a thousandth more than was learned | its ‘estimate’ is what it stands for': answering(
      Params.mapValues(x => 1.001 * x)
    ),
    'an average that is never advanced | its ‘estimate’ is what it stands for': averaged(1)
  },
  right: {
    'a moving average': averaged(0.9),
    'what was learned': answering(params => params),
    'momentum of length 1': normalized,
    'a state of lists, with −0 among its numbers': laws.ofFunction.optax('aggregated', {
      init: params => [0, 0.9].map(() => params.map(() => 0)),
      update: (gradients, memories: ReadonlyArray<ReadonlyArray<number>>) => {
        const next = memories.map((m, k) => m.map((x, i) => [0, 0.9][k] * x - gradients[i]))
        return [gradients.map((_, i) => 0.05 * (next[0][i] + next[1][i])), next]
      }
    })
  }
})

// —— optimizers that remember nothing ——

interface Factored {
  readonly factor: number
  readonly gain: number
}
const factored = ({ factor, gain }: Factored, name: string): ReadonlyArray<laws.Law> =>
  laws.optimizer(
    Optimizer.chain(
      Optimizer.define({
        name: word(name),
        about: name,
        memory: t.null,
        init: () => () => null,
        update: () => gradient => [scaled(factor)(gradient), null],
        gain: () => () => gain
      }),
      Optimizer.scale(-0.1)
    ),
    { scaling: 'linear', namesAlike: true, coordinatesAlike: true }
  )
const factors = ofConcept('optimizer that remembers nothing', factored, {
  wrong: {
    'three times the gradient, said to be a thousandth | its ‘gain’ is the factor of its steps': {
      factor: 3,
      gain: 0.001
    },
    'a gain that is off by a millionth | its ‘gain’ is the factor of its steps': { factor: 3, gain: 3 + 3e-6 }
  },
  right: { 'three times the gradient': { factor: 3, gain: 3 }, 'against the gradient': { factor: -0.5, gain: -0.5 } }
})

export const optimizers = [...entries, ...wholes, ...estimating, ...factors]
