/** Inventions of learning: optimizers, rates, regions, initializers, stages, pipelines. */
import * as t from 'io-ts'
import { Elementary, Key } from '../../../lib/index.js'
import {
  Expectation,
  Field,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Points,
  Rate,
  Region,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../../src/index.js'
import * as Initializer from '../../../src/pipeline/initializer.js'
import * as laws from '../../../src/laws/index.js'
import { ofConcept, word, type Table } from './invention.js'

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

const optimizers: { readonly wrong: Table<Optimizing>; readonly right: Table<Optimizing> } = {
  wrong: {
    'Adam, v not corrected | it takes the steps of its recurrence': {
      rule: (g, m, v, n) => {
        const first = 0.9 * m + 0.1 * g
        const second = 0.999 * v + 0.001 * g * g
        return [(-0.1 * first) / (1 - pow(0.9, n + 1)) / (Math.sqrt(second) + 1e-8), first, second]
      },
      is: adam
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
}

// —— optimizers as a whole ——

type Memory = { readonly count: number }
interface Whole {
  readonly update: (gradient: P, count: number, params: P) => P
  readonly claims?: Partial<laws.OptimizerOptions>
}
const whole = ({ update, claims }: Whole, name: string): ReadonlyArray<laws.Law> =>
  laws.optimizer(
    Optimizer.define({
      name: word(name),
      about: name,
      memory: t.type({ count: t.number }),
      init: () => (): Memory => ({ count: 0 }),
      update:
        () =>
        (gradient, { count }, { params }) => [update(gradient, count, params), { count: count + 1 }]
    }),
    claims
  )
const scaled = (by: number): ((gradient: P) => P) => Params.mapValues(g => by * g)
const hidden = { calls: 0 }
const seen = new WeakSet()
const entries = (f: (g: number, i: number) => number): ((gradient: P) => P) =>
  Params.map<NdArray, NdArray>(array => ({ ...array, values: array.values.map(f) }))
const wholes: { readonly wrong: Table<Whole>; readonly right: Table<Whole> } = {
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
      update: entries((g, i) => (-g * (1 + i)) / 10),
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
      update: entries(g => (Math.abs(g) < 1e-3 ? 0 : -0.1 * g)),
      claims: { scaling: 'linear' }
    },
    'means that are said to be frozen | what is frozen keeps its bits': {
      update: scaled(-0.1),
      claims: { frozen: ['means'] }
    }
  },
  right: {
    'a rate of its own for each entry': {
      update: entries((g, i) => (-g * (1 + i)) / 10),
      claims: { scaling: 'linear' }
    },
    'noise, of a key that counts the steps': {
      update: (gradient, count) => {
        const z = Key.normal(64)(Key.child(count)(Key.fromSeed(3)))
        return entries((g, i) => -0.1 * g + 0.01 * z[i % 64])(gradient)
      }
    },
    'every third step, none': { update: (gradient, count) => scaled(count % 3 === 2 ? 0 : -0.1)(gradient) },
    'towards 0, whatever the gradient': { update: (_, __, params) => scaled(-0.01)(params) },
    'no step at all': { update: scaled(0), claims: { descends: 5, frozen: ['means'] } }
  }
}

// —— rates ——

interface Rated {
  readonly at: (step: number) => number
  readonly is?: Rate.Rate
}
const rated = ({ at, is }: Rated, name: string): ReadonlyArray<laws.Law> => {
  const own = Rate.define({ name: word(name), about: name, meaning: () => at })
  return [...laws.rate(own), ...(is === undefined ? [] : laws.same(own, is))]
}
const cosine = Rate.cosine({ rate: 0.1, steps: 100, warmUp: 10 })
const half = (n: number, from: number, to: number): number =>
  0.05 * (1 + Math.cos((Math.PI * (n - from)) / (to - from)))
const rates: { readonly wrong: Table<Rated>; readonly right: Table<Rated> } = {
  wrong: {
    'below 0 in the end | is no less than 0': { at: n => 0.1 - n / 1000 },
    'no number at first | is no less than 0': { at: n => 0.1 / n },
    'a root of what is negative | is no less than 0': { at: n => Math.sqrt(0.01 - n / 1e4) },
    'a cosine without its warm-up | the rates are the same': { at: n => (n >= 100 ? 0 : half(n, 0, 100)), is: cosine },
    'a whole cosine | the rates are the same': {
      at: n => (n >= 100 ? 0 : n < 10 ? (n + 1) / 100 : 0.05 * (1 + Math.cos((2 * Math.PI * (n - 10)) / 90))),
      is: cosine
    },
    'an exponential off by one | the rates are the same': {
      at: n => 0.1 * pow(0.5, (n + 1) / 10),
      is: Rate.exponential({ rate: 0.1, factor: 0.5, every: 10 })
    }
  },
  right: {
    'a cosine by hand': { at: n => (n >= 100 ? 0 : n < 10 ? (n + 1) / 100 : half(n, 10, 100)), is: cosine },
    'a sawtooth': { at: n => 0.1 * (1 - (n % 10) / 20) },
    'nothing for ten steps': { at: n => (n < 10 ? 0 : 0.1) },
    'a root by hand': { at: n => 0.1 / Math.sqrt(1 + n / 10), is: Rate.inverseSquareRoot({ rate: 0.1, after: 10 }) }
  }
}

// —— regions ——

interface Projected {
  readonly to: (x: Float64Array) => Float64Array
  readonly excess?: (x: ReadonlyArray<number>) => number
}
const projected = ({ to, excess }: Projected, name: string): ReadonlyArray<laws.Law> =>
  laws.region(Region.define({ name: word(name), about: name, meaning: () => ({ project: to }) }), excess && { excess })
const length = (x: ArrayLike<number>): number => Math.hypot(...Array.from(x))
const outOfBall = (x: ReadonlyArray<number>): number => length(x) - 1
const regions: { readonly wrong: Table<Projected>; readonly right: Table<Projected> } = {
  wrong: {
    'the sphere for the ball | what is inside stays': { to: x => (length(x) === 0 ? x : x.map(v => v / length(x))) },
    'a ball of twice the radius | a projection is inside': {
      to: x => (length(x) <= 2 ? x : x.map(v => (2 * v) / length(x))),
      excess: outOfBall
    },
    'scaled by the square of its length | a projection is the nearest point': {
      to: x => (length(x) <= 1 ? x : x.map(v => v / length(x) ** 2))
    },
    'a box for the ball | a projection is inside': {
      to: x => x.map(v => Math.max(-1, Math.min(1, v))),
      excess: outOfBall
    },
    'a reflection at the wall | a projection is the nearest point': { to: x => x.map(Math.abs) },
    'to whole numbers | projections bring nothing farther apart': { to: x => x.map(Math.round) },
    'scaled to a sum of 1 | projections bring nothing farther apart': {
      to: x => x.map(v => v / x.reduce((sum, other) => sum + other, 0))
    },
    'an entry too few | no point of the region is nearer': { to: x => x.slice(1) },
    'a box in single precision | what is inside stays': {
      to: x => x.map(v => Math.fround(Math.max(-1, Math.min(1, v))))
    },
    'far out is left | projections bring nothing farther apart': { to: x => x.map(v => (v > 1 && v < 100 ? 1 : v)) },
    'softmax for the simplex | a projection is the nearest point': {
      to: x => {
        const all = x.map(v => Elementary.exp(v - Math.max(...x)))
        return all.map(v => v / all.reduce((sum, other) => sum + other, 0))
      }
    }
  },
  right: {
    'a box by hand': { to: x => x.map(v => Math.max(-1, Math.min(1, v))) },
    'a ball by hand': { to: x => (length(x) <= 1 ? x : x.map(v => v / length(x))), excess: outOfBall },
    everything: { to: x => x },
    'the point 0': { to: x => x.map(() => 0) },
    'what is 0 but in the first entry': { to: x => x.map((v, i) => (i === 0 ? v : 0)) },
    'entries that are equal': { to: x => x.map(() => x.reduce((sum, v) => sum + v, 0) / x.length) }
  }
}

// —— initializers ——

interface Started {
  readonly centres: (points: Points.Points, count: number) => (key: Key.Key) => ReadonlyArray<ReadonlyArray<number>>
  readonly draws?: Initializer.Draws
  readonly moves?: boolean
  readonly turns?: boolean
  readonly is?: Initializer.Initializer
}
const started = (
  { centres, draws = 'always', moves = false, turns = false, is }: Started,
  name: string
): ReadonlyArray<laws.Law> => {
  const own = Initializer.defineCentres({
    name: word(name),
    about: name,
    meaning: () => ({
      draws,
      moves,
      turns,
      centres: ({ points, count }) => {
        const draw = centres(points, count)
        return key => Params.of({ centres: draw(key).map(row => Array.from(row)) }).centres
      }
    })
  })
  return [...laws.initializer(own, Score.spherical({ components: 2 })), ...(is === undefined ? [] : laws.same(own, is))]
}
const rowsOf = ({ rows, dim, values }: Points.Points): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: rows }, (_, i) => Array.from(values.subarray(i * dim, (i + 1) * dim)))
const apart = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => Math.hypot(...a.map((x, j) => x - b[j]))
/** Two rows, the second by its weight and its distance from the first to a power. */
const byDistance =
  (power: number, isWeighed = true): Started['centres'] =>
  points =>
  key => {
    const rows = rowsOf(points)
    const weights = rows.map((_, i) => (isWeighed ? (points.weights?.[i] ?? 1) : 1))
    const keys = Key.split(3)(key)
    const first = rows[Key.categorical(weights)(1)(keys[0])[0]]
    const masses = rows.map((row, i) => weights[i] * pow(apart(row, first), power))
    const drawn = masses.some(mass => mass > 0) ? Array.from(Key.categorical(masses)(2)(keys[1])) : [0, 0]
    const left = (at: number): number =>
      rows.reduce((sum, row, i) => sum + weights[i] * Math.min(apart(row, first) ** 2, apart(row, rows[at]) ** 2), 0)
    return [first, rows[left(drawn[1]) < left(drawn[0]) * (1 - 1e-9) ? drawn[1] : drawn[0]]]
  }
const about = (
  points: Points.Points,
  count: number,
  z: (at: number) => number
): ReadonlyArray<ReadonlyArray<number>> => {
  const mean = Points.mean(points)
  return Array.from({ length: count }, (_, k) => Array.from(mean, (m, j) => m + z(k * points.dim + j)))
}
const initializers: { readonly wrong: Table<Started>; readonly right: Table<Started> } = {
  wrong: {
    'the key ignored | the key determines the start': {
      centres: (points, count) => () => about(points, count, at => at),
      draws: 'always'
    },
    'the first rows, said to be drawn | some keys start others': {
      centres: (points, count) => () => rowsOf(points).slice(0, count),
      draws: 'sometimes',
      moves: true,
      turns: true
    },
    'one key for all | the key determines the start': {
      centres: (points, count) => () => about(points, count, at => Key.normal(64)(Key.fromSeed(1))[at % 64])
    },
    'one key for all centres | centres are apart': {
      centres: (points, count) => key => about(points, count, at => Key.normal(8)(key)[at % points.dim])
    },
    'all at the mean | some keys start others': {
      centres: (points, count) => () => about(points, count, () => 0),
      draws: 'sometimes'
    },
    'all at the mean, and never drawn | centres are apart': {
      centres: (points, count) => () => about(points, count, () => 0),
      draws: 'never',
      moves: true,
      turns: true
    },
    'the farthest first, rows of weight 0 among them | a row of weight 0 is none': {
      centres: points => key => {
        const rows = rowsOf(points)
        const first = rows[Key.categorical(points.weights ?? rows.map(() => 1))(1)(key)[0]]
        return [first, rows.reduce((far, row) => (apart(row, first) > apart(far, first) ? row : far))]
      },
      draws: 'sometimes',
      moves: true,
      turns: true
    },
    'a key, said not to be | the key determines the start': {
      centres: (points, count) => key => about(points, count, at => Key.normal(64)(key)[at % 64]),
      draws: 'never'
    },
    'no number where rows are equal | a start is finite on edge cases': {
      centres: (points, count) => key => {
        const { values, rows } = points
        const mean = values.reduce((sum, x) => sum + x, 0) / values.length
        const spread = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows
        return about(points, count, at => Key.normal(64)(key)[at % 64] / Math.sqrt(spread))
      }
    },
    'said to move, about 0 | a start moves with the data': {
      centres:
        ({ dim }, count) =>
        key =>
          Array.from({ length: count }, (_, k) =>
            Array.from({ length: dim }, (_, j) => Key.normal(64)(key)[(k * dim + j) % 64])
          ),
      moves: true
    },
    'said to turn, along an axis | a start turns with the data': {
      centres: (points, count) => () => about(points, count, at => (at % points.dim === 0 ? 1 + at : 0)),
      draws: 'never',
      moves: true,
      turns: true
    },
    'the least and the greatest of each coordinate, said to turn | a start turns with the data': {
      centres: points => () => {
        const rows = rowsOf(points)
        return [Math.min, Math.max].map(of => rows[0].map((_, j) => of(...rows.map(row => row[j]))))
      },
      draws: 'never',
      moves: true,
      turns: true
    },
    'any two rows | the starts are of one law': {
      centres: byDistance(0),
      draws: 'sometimes',
      moves: true,
      turns: true,
      is: Initializer.kMeansPlusPlus
    },
    'on a sphere of the radius squared | the starts are of one law': {
      centres: (points, count) => key => {
        const z = Key.normal(count * points.dim)(key)
        return about(points, count, at => {
          const k = Math.floor(at / points.dim)
          return (4 * z[at]) / length(z.subarray(k * points.dim, (k + 1) * points.dim))
        })
      },
      is: Initializer.onSphere({ radius: 2 })
    }
  },
  right: {
    'k-means++ by hand': {
      centres: byDistance(2),
      draws: 'sometimes',
      moves: true,
      turns: true,
      is: Initializer.kMeansPlusPlus
    },
    'k-means++ as first published': {
      centres: points => key => {
        const rows = rowsOf(points)
        const weights = rows.map((_, i) => points.weights?.[i] ?? 1)
        const keys = Key.split(2)(key)
        const first = rows[Key.categorical(weights)(1)(keys[0])[0]]
        const masses = rows.map((row, i) => weights[i] * apart(row, first) ** 2)
        return [first, masses.some(mass => mass > 0) ? rows[Key.categorical(masses)(1)(keys[1])[0]] : first]
      },
      draws: 'sometimes',
      moves: true,
      turns: true,
      is: Initializer.kMeansPlusPlusOf({ trials: 1 })
    },
    'normal by hand': {
      centres: (points, count) => key => about(points, count, at => 0.5 * Key.normal(64)(key)[at % 64]),
      moves: true,
      is: Initializer.gaussian({ scale: 0.5 })
    },
    'the least and the greatest': {
      centres: points => () => {
        const rows = rowsOf(points)
        return [Math.min, Math.max].map(of => rows[0].map((_, j) => of(...rows.map(row => row[j]))))
      },
      draws: 'never',
      moves: true
    },
    'the farthest first': {
      centres: points => key => {
        const all = rowsOf(points)
        const weights = points.weights ?? all.map(() => 1)
        const first = all[Key.categorical(weights)(1)(key)[0]]
        const rows = all.filter((_, i) => weights[i] > 0)
        return [first, rows.reduce((far, row) => (apart(row, first) > apart(far, first) ? row : far), first)]
      },
      draws: 'sometimes',
      moves: true,
      turns: true
    },
    'on a diagonal': {
      centres: (points, count) => () => about(points, count, at => Math.floor(at / points.dim)),
      draws: 'never',
      moves: true
    },
    'rows, with replacement': {
      centres: (points, count) => key => {
        const rows = rowsOf(points)
        return Array.from(Key.integers(rows.length)(count)(key), i => rows[i])
      },
      draws: 'sometimes',
      moves: true,
      turns: true
    }
  }
}

// —— stages and pipelines ——

const calls = { count: 0 }
interface Staged {
  readonly step: (params: P, count: number, key: Key.Key) => P
}
const staged = ({ step }: Staged, name: string): ReadonlyArray<laws.Law> =>
  laws.stage(
    Stage.define({
      name: word(name),
      about: name,
      meaning: () => ({
        stops: { steps: 3 },
        ...Stage.steps(t.type({ count: t.number }), () => ({
          begin: () => ({ count: 0 }),
          step: (params, { count }, key) => ({
            value: 0,
            params: step(params, count, key),
            memory: { count: count + 1 }
          })
        }))
      })
    })
  )
const stages: { readonly wrong: Table<Staged>; readonly right: Table<Staged> } = {
  wrong: {
    'a count that outlives it | goes on from text with the same bits': {
      step: params => {
        calls.count += 1
        return Params.mapValues(x => x + calls.count)(params)
      }
    },
    'a key of its own, the next each time | goes on from text with the same bits': {
      step: params => {
        calls.count += 1
        return Params.mapValues(x => x + Key.uniform(1)(Key.fromSeed(calls.count))[0])(params)
      }
    }
  },
  right: {
    halving: { step: Params.mapValues(x => x / 2) },
    'noise by its key': { step: (params, _, key) => Params.mapValues(x => x + Key.normal(1)(key)[0])(params) },
    'nothing at all': { step: params => params }
  }
}

/** Which rows of how many a batch of two takes. */
type Chosen = (rows: number, key: Key.Key) => Int32Array
const batched = (chosen: Chosen, name: string): ReadonlyArray<laws.Law> =>
  laws.stage(
    Stage.define({
      name: word(name),
      about: name,
      meaning: () => ({
        stops: { steps: 3 },
        loss: {
          objective: Objective.denoising(TimeLaw.at(0.3)),
          expectation: Expectation.monteCarlo(),
          batch: 2
        },
        ...Stage.steps(t.null, ({ evaluate, points }) => ({
          begin: () => null,
          step: (params, _, key) => {
            const { value, gradient } = evaluate(params, key, chosen(points.rows, key))
            return { value, params: Params.zipWith((p, g: number) => p - 0.1 * g)(params, gradient), memory: null }
          }
        }))
      })
    })
  )
const batches: { readonly wrong: Table<Chosen>; readonly right: Table<Chosen> } = {
  wrong: {
    'never the last row | every row is met as often as any other': (rows, key) => Key.integers(rows - 1)(2)(key),
    'a row and the next | every row is met as often as any other': (rows, key) => {
      const [row] = Key.integers(rows - 1)(1)(key)
      return Int32Array.of(row, row + 1)
    }
  },
  right: {
    'any two': (rows, key) => Key.integers(rows)(2)(key),
    'two of a permutation': (rows, key) => Int32Array.from(Key.permutation(rows)(key).slice(0, 2))
  }
}

const pipeline = (
  initializer: Initializer.Initializer,
  ...stages: ReadonlyArray<Stage.Stage>
): Pipeline.Pipeline<string> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    initializer,
    stages
  })
const em = (steps: number): Stage.Stage => Stage.expectationMaximization({ steps })
const base = pipeline(Initializer.fromData, em(2), em(3))
const pipelines: {
  readonly wrong: Table<Pipeline.Pipeline<string>>
  readonly right: Table<Pipeline.Pipeline<string>>
} = {
  wrong: {
    'a step too few | the ends are the same': pipeline(Initializer.fromData, em(2), em(2)),
    'another start | the ends are the same': pipeline(Initializer.kMeansPlusPlus, em(2), em(3)),
    'no second stage | the ends are the same': pipeline(Initializer.fromData, em(2))
  },
  right: {
    'the same in sequence': pipeline(Initializer.fromData, Stage.sequence([em(2), em(3)])),
    'the empty sequence between': pipeline(Initializer.fromData, em(2), Stage.sequence([]), em(3))
  }
}

export const learning = [
  ...ofConcept('optimizer of entries', optimizers, optimizing),
  ...ofConcept('optimizer', wholes, whole),
  ...ofConcept('rate', rates, rated),
  ...ofConcept('region', regions, projected),
  ...ofConcept('initializer', initializers, started),
  ...ofConcept('stage', stages, staged),
  ...ofConcept('stage of batches', batches, batched),
  ...ofConcept('pipeline', pipelines, own => laws.same(own, base))
]
