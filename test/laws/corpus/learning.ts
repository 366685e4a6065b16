/** Inventions of learning: rates, regions, initializers, stages, pipelines. */
import * as t from 'io-ts'
import { Elementary, Key } from '../../../lib/index.js'
import {
  type Case,
  Expectation,
  Objective,
  Params,
  Pipeline,
  Points,
  Rate,
  Region,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  Weighting
} from '../../../src/index.js'
import * as Initializer from '../../../src/pipeline/initializer.js'
import * as laws from '../../../src/laws/index.js'
import { ofConcept, word } from './invention.js'

type P = Params.Params<string>

const { pow } = Elementary

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
const rates = ofConcept('rate', rated, {
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
})

// —— regions ——

interface Projected {
  readonly to: (x: Float64Array) => Float64Array
  readonly excess?: (x: ReadonlyArray<number>) => number
}
const projected = ({ to, excess }: Projected, name: string): ReadonlyArray<laws.Law> =>
  laws.region(Region.define({ name: word(name), about: name, meaning: () => ({ project: to }) }), excess && { excess })
const length = (x: ArrayLike<number>): number => Math.hypot(...Array.from(x))
const sizeOf = (x: ArrayLike<number>): number => Array.from(x).reduce((total, each) => total + Math.abs(each), 0)
const times = (x: Float64Array, by: number): Float64Array => x.map(each => by * each)
const ballAfterBox = (x: Float64Array): Float64Array => {
  const inBox = x.map(each => Math.max(-0.8, Math.min(0.8, each)))
  return times(inBox, 1 / Math.max(1, length(inBox)))
}
/** x less what of it is the same in size in all coordinates, of which Σ|x_i| ≤ 1 leaves so much. */
const softened = (x: Float64Array): Float64Array => {
  const sizes = Array.from(x, Math.abs).sort((a, b) => b - a)
  const least = sizes.reduce(
    ({ sum, threshold }, size, i) => {
      const rest = (sum + size - 1) / (i + 1)
      return { sum: sum + size, threshold: size > rest ? rest : threshold }
    },
    { sum: 0, threshold: 0 }
  )
  return sizeOf(x) <= 1 ? x.slice() : x.map(each => Math.sign(each) * Math.max(0, Math.abs(each) - least.threshold))
}
/** The cone |u| ≤ t of x = (u, t), as it is beside the polar one, of which all comes to 0. */
const cone = (x: Float64Array): Float64Array => {
  const u = x.subarray(0, -1)
  const height = x[x.length - 1]
  const size = length(u)
  if (size <= height) return x.slice()
  if (size <= -height) return x.map(() => 0)
  const middle = (size + height) / 2
  return Float64Array.from([...times(u, middle / size), middle])
}
const outOfBall = (x: ReadonlyArray<number>): number => length(x) - 1
const regions = ofConcept('region', projected, {
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
    'a box that writes over its argument | what is inside stays': {
      to: x => {
        x.forEach((value, i) => {
          x[i] = Math.min(1, Math.max(-1, value))
        })
        return x
      }
    },
    'the ball after the box | no point of the region is nearer': {
      to: ballAfterBox,
      excess: x => Math.max(length(x) - 1, ...x.map(a => Math.abs(a) - 0.8))
    },
    'Σ|x| ≤ 1 by scaling | no point of the region is nearer': {
      to: x => times(x, 1 / Math.max(1, sizeOf(x))),
      excess: x => sizeOf(x) - 1
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
    'Σ|x| ≤ 1': { to: softened, excess: x => sizeOf(x) - 1 },
    'a cone of second order': { to: cone, excess: x => length(x.slice(0, -1)) - x[x.length - 1] },
    'what sums to 1 at most': {
      to: x => {
        const over = x.reduce((total, value) => total + value, 0) - 1
        return over > 0 ? x.map(value => value - over / x.length) : x
      }
    },
    everything: { to: x => x },
    'the point 0': { to: x => x.map(() => 0) },
    'what is 0 but in the first entry': { to: x => x.map((v, i) => (i === 0 ? v : 0)) },
    'entries that are equal': { to: x => x.map(() => x.reduce((sum, v) => sum + v, 0) / x.length) }
  }
})

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
const firstOf = (
  points: Points.Points,
  count: number,
  order: ArrayLike<number>
): ReadonlyArray<ReadonlyArray<number>> => {
  const rows = rowsOf(points)
  return Array.from({ length: count }, (_, i) => rows[order[i % rows.length]])
}
/** Rows of weight 0 come last: they are none. */
const byFirstColumn = ({ rows, dim, values, weights }: Points.Points): ReadonlyArray<number> => {
  const isNone = (i: number): number => Number(weights?.[i] === 0)
  return Array.from({ length: rows }, (_, i) => i).sort(
    (a, b) => isNone(a) - isNone(b) || values[a * dim] - values[b * dim]
  )
}
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
const initializers = ofConcept('initializer', started, {
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
    'the first rows | a start does not know the order of the rows': {
      centres: (points, count) => () =>
        firstOf(
          points,
          count,
          rowsOf(points).map((_, i) => i)
        ),
      draws: 'never'
    },
    'rows drawn whatever their weights | the starts are of one law': {
      centres: (points, count) => key => firstOf(points, count, Key.permutation(points.rows)(key)),
      draws: 'sometimes',
      is: Initializer.fromData
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
    'by the first column': {
      centres: (points, count) => () => firstOf(points, count, byFirstColumn(points)),
      draws: 'never'
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
})

// —— stages and pipelines ——

const calls = { count: 0 }
interface Staged {
  readonly step: (params: P, count: number, key: Key.Key) => P
  readonly value?: number
  readonly finish?: (params: P) => P
}
const staged = ({ step, value = 0, finish }: Staged, name: string): ReadonlyArray<laws.Law> =>
  laws.stage(
    Stage.define({
      name: word(name),
      about: name,
      meaning: () => ({
        stops: { steps: 3 },
        ...Stage.steps(t.type({ count: t.number }), () => ({
          begin: () => ({ count: 0 }),
          step: (params, { count }, key) => ({
            value,
            params: step(params, count, key),
            memory: { count: count + 1 }
          }),
          ...(finish && { finish })
        }))
      })
    })
  )
const stages = ofConcept('stage', staged, {
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
    },
    'a value that is no number | takes its first step, and keeps names and shapes': { step: p => p, value: NaN },
    'ends with parameters of another name | takes its first step, and keeps names and shapes': {
      step: params => params,
      finish: () => Params.of({ other: [1] })
    },
    'adds a parameter | takes its first step, and keeps names and shapes': {
      step: params => ({ ...params, ...Params.of({ other: [1] }) })
    }
  },
  right: {
    halving: { step: Params.mapValues(x => x / 2) },
    'noise by its key': { step: (params, _, key) => Params.mapValues(x => x + Key.normal(1)(key)[0])(params) },
    'nothing at all': { step: params => params },
    'ends with half': { step: params => params, finish: Params.mapValues(x => x / 2) }
  }
})

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
          objective: Objective.denoising(NoiseLevels.at(0.3)),
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
const batches = ofConcept('stage of batches', batched, {
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
})

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
const pipelines = ofConcept('pipeline', (own: Pipeline.Pipeline<string>) => laws.same(own, base), {
  wrong: {
    'a step too few | the ends are the same': pipeline(Initializer.fromData, em(2), em(2)),
    'another start | the ends are the same': pipeline(Initializer.kMeansPlusPlus, em(2), em(3)),
    'no second stage | the ends are the same': pipeline(Initializer.fromData, em(2))
  },
  right: {
    'the same in sequence': pipeline(Initializer.fromData, Stage.sequence([em(2), em(3)])),
    'the empty sequence between': pipeline(Initializer.fromData, em(2), Stage.sequence([]), em(3))
  }
})

// —— what is declared of a value alone ——

const declared = ofConcept('declared', (value: Case.AnyValue) => laws.of(value), {
  wrong: {
    'the SNR, said to be 1 everywhere | its ‘everywhere’ is what it stands for': Weighting.define({
      name: 'declared',
      about: '',
      meaning: () => ({ everywhere: 1, weigh: () => time => time })
    }),
    'what starts otherwise from a source | its ‘streams’ is what it stands for': Initializer.defineCentres({
      name: 'declared',
      about: '',
      meaning: () => ({
        draws: 'always',
        streams: true,
        centres:
          ({ data, count }) =>
          () => ({
            shape: [count, data.dim],
            values: Float64Array.from({ length: count * data.dim }, (_, i) => i + ('values' in data ? 0 : 0.5))
          })
      })
    })
  },
  right: { 'the constant 1, everywhere': Weighting.constant(1) }
})

export const learning = [
  ...[...rates, ...regions, ...initializers],
  ...[...stages, ...batches, ...pipelines, ...declared]
]
