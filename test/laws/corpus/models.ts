/** Inventions of models: scores of mixtures, networks, steps of expectation–maximization, keys. */
import {
  abs,
  add,
  div,
  exp,
  expandDims,
  Key,
  log,
  matMul,
  mean,
  mul,
  neg,
  relu,
  softmax,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  tensor,
  type Tensor
} from '../../../lib/index.js'
import { ExpectationMaximization, Net, Params, Points, Score } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { ofConcept, ofTwelve, word } from './invention.js'

type Rows = (x: Tensor) => Tensor

// —— the pair, by hand ——

type Centre = Params.Tensors<'mean'>
type PairScore = (params: Centre, x: Tensor, level: Score.RowLevel) => Tensor
const pairOf = (apply: PairScore, name: string): Score.Score<'mean'> =>
  Score.custom({ name, shapes: dim => ({ mean: [dim] }), apply })
const twoOf = ({ mean }: Params.Params<'mean'>): ReturnType<NonNullable<laws.ScoreOptions<'mean'>['mixture']>> =>
  [1, -1].map(sign => ({ weight: 0.5, mean: Array.from(mean.values, c => sign * c), variance: 1 }))
const pair = (apply: PairScore, name: string): ReadonlyArray<laws.Law> =>
  laws.score(pairOf(apply, name), { mixture: twoOf, symmetries: { odd: true } })
const dot = (a: Tensor, b: Tensor): Tensor => sum(mul(a, b), 1, true)
const u = ({ alpha, sigma }: Score.RowLevel): Tensor => add(square(alpha), square(sigma))
const centre = ({ mean }: Centre, { alpha }: Score.RowLevel): Tensor => mul(alpha, expandDims(mean, 0))
const right: PairScore = (params, x, level) => {
  const c = centre(params, level)
  return div(sub(mul(c, tanh(div(dot(c, x), u(level)))), x), u(level))
}
const pairs = ofConcept('score', pair, {
  wrong: {
    'of the wrong sign | is the gradient of the log-density': (params, x, level) => neg(right(params, x, level)),
    'of the clean law at every level | is the gradient of the log-density': (params, x, level) =>
      right(params, x, { ...level, alpha: add(mul(0, level.alpha), 1), sigma: mul(0, level.sigma) }),
    'variance 1 at every level | is the gradient of the log-density': (params, x, level) => {
      const c = centre(params, level)
      return sub(mul(c, tanh(dot(c, x))), x)
    },
    'one of two components | is odd': (params, x, level) => div(sub(centre(params, level), x), u(level)),
    'hard for soft | divergence is the trace of the Jacobian': (params, x, level) => {
      const c = centre(params, level)
      return div(sub(mul(c, tanh(mul(1e3, dot(c, x)))), x), u(level))
    },
    'less the mean of the rows | sees each row alone, at its own level': (params, x, level) => {
      const s = right(params, x, level)
      return sub(s, mul(1e-3, mean(s, 0, true)))
    },
    'the level of the first row | sees each row alone, at its own level': (params, x, level) => {
      const first = (column: Tensor): Tensor => {
        const rows = x.shape[0] ?? 1
        const pick = tensor(
          Array.from({ length: rows }, (_, i) => (i === 0 ? 1 : 0)),
          [1, rows]
        )
        return add(mul(0, column), matMul(pick, column))
      }
      return right(params, x, { alpha: first(level.alpha), sigma: first(level.sigma) })
    },
    'a little even | is odd': (params, x, level) => add(right(params, x, level), 1e-6)
  },
  right: {
    'by tanh': right,
    'by shares': (params, x, level) => {
      const c = centre(params, level)
      const odds = div(mul(2, dot(c, x)), u(level))
      const shares = softmax(mul(odds, tensor([1, 0], [1, 2])), 1)
      const lean = sum(mul(shares, tensor([1, -1], [1, 2])), 1, true)
      return div(sub(mul(c, lean), x), u(level))
    },
    'by its two forces': (params, x, level) => {
      const c = centre(params, level)
      const side = tanh(div(dot(c, x), u(level)))
      const plus = add(1, side)
      const minus = sub(1, side)
      return div(add(mul(div(plus, 2), sub(c, x)), mul(div(minus, 2), sub(neg(c), x))), u(level))
    }
  }
})

// —— what is no mixture: students ——

interface Student {
  readonly apply: (x: Tensor, weights: Tensor, level: Score.RowLevel) => Tensor
}
const student = ({ apply }: Student, name: string): ReadonlyArray<laws.Law> =>
  laws.score(
    Score.custom({
      name,
      shapes: dim => ({ weights: [dim] }),
      apply: ({ weights }, x, level) => apply(x, expandDims(weights, 0), level)
    })
  )
const students = ofConcept('student', student, {
  wrong: {
    'normalized over the batch | sees each row alone, at its own level': {
      apply: (x, w) => mul(w, sub(x, mean(x, 0, true)))
    },
    'infinite far out | is finite, a row for each row': { apply: (x, w) => mul(w, exp(square(x))) },
    'no number at 0 | divergence is the trace of the Jacobian': {
      apply: (x, w) => mul(w, div(x, sum(square(x), 1, true)))
    },
    'a logarithm of what may be negative | divergence is the trace of the Jacobian': {
      apply: (x, w) => mul(w, log(x))
    }
  },
  right: {
    linear: { apply: (x, w) => neg(mul(w, x)) },
    'of the level alone': { apply: (x, w, { sigma }) => add(mul(0, x), mul(w, sigma)) },
    'a soft step': { apply: (x, w) => tanh(mul(w, x)) },
    'nothing at all': { apply: x => mul(0, x) }
  }
})

// —— with kinks ——

type Kinked = (x: Tensor, weights: Tensor) => Tensor
const kinkedNetwork = (apply: Kinked, name: string): ReadonlyArray<laws.Law> =>
  laws.student(
    Score.custom({
      name,
      shapes: dim => ({ weights: [dim] }),
      apply: ({ weights }, x) => apply(x, expandDims(weights, 0))
    }),
    { smooth: false }
  )
const networks = ofConcept('network with kinks', kinkedNetwork, {
  wrong: {
    'ReLU of which one side is held still | divergence is a sum of slopes': (x, w) =>
      mul(w, add(relu(x), stopGradient(relu(neg(x))))),
    'weights held still beside ReLU | divergence is a sum of slopes': (x, w) => mul(w, stopGradient(relu(x))),
    'e^wx of each coordinate | is finite, a row for each row': (x, w) => exp(mul(w, x))
  },
  right: {
    'ReLU of each coordinate': (x, w) => mul(w, relu(x)),
    '|·| of each coordinate': (x, w) => mul(w, abs(x))
  }
})

// —— networks ——

const net = (apply: Rows, name: string): ReadonlyArray<laws.Law> =>
  laws.net(Net.define({ name: word(name), about: name, meaning: () => () => ({ apply: (_, x) => apply(x) }) }))
const nets = ofConcept('net', net, {
  wrong: {
    'normalized over the batch | sees each row alone, at its own level, with its own label': x =>
      sub(x, mean(x, 0, true)),
    'infinite far out | is finite, and as wide as it says': x => exp(exp(square(x))),
    'beyond all numbers for an outlier | is finite, and as wide as it says': x => exp(mul(1e-2, x)),
    'wider than it says | is finite, and as wide as it says': x =>
      matMul(x, tensor(new Float64Array((x.shape[1] ?? 1) * 7), [x.shape[1] ?? 1, 7])),
    'the greatest of the batch | sees each row alone, at its own level, with its own label': x =>
      sub(x, mul(1e-3, sum(x)))
  },
  right: {
    'as it comes': x => x,
    'with a kink': x => relu(x),
    'within each row': x => sub(x, mean(x, 1, true)),
    'doubled and bent': x => tanh(mul(2, x)),
    'cubed, whatever comes': x => mul(x, square(x))
  }
})

/** Parts that begin as the identity, by a gain for each column that begins at 0. */
type Gained = (gain: Tensor, x: Tensor) => Tensor
const gained = (apply: Gained, name: string): ReadonlyArray<laws.Law> =>
  laws.net(
    Net.define({
      name: word(name),
      about: name,
      meaning:
        () =>
        ({ width }) =>
          Net.withParameters({ gain: [width] }, { apply: ({ gain }, x) => apply(gain, x) })
    })
  )
const gains = ofConcept('net that begins as the identity', gained, {
  wrong: {
    'modulated by the mean of the batch | sees each row alone, at its own level, with its own label': (gain, x) =>
      mul(x, add(1, mul(gain, mean(x, 0, true)))),
    'centred over the batch, once it has learned | sees each row alone, at its own level, with its own label': (
      gain,
      x
    ) => sub(x, mul(gain, mean(x, 0, true)))
  },
  right: {
    'modulated by the mean of the row': (gain, x) => mul(x, add(1, mul(gain, mean(x, 1, true)))),
    'a residual of its own': (gain, x) => add(x, mul(gain, tanh(x)))
  }
})

// —— expectation–maximization ——

type Step = NonNullable<laws.EMOptions['step']>
const em = (step: Step): ReadonlyArray<laws.Law> => laws.em(Score.isotropic({ components: 2 }), { step })
const moved =
  (change: (next: number, before: number) => number): Step =>
  (family, floor, points) => {
    const step = ExpectationMaximization.step(family, floor, points)
    return params => {
      const next = step(params)
      return { ...next, params: Params.zipWith(change)(next.params, params) }
    }
  }
const valued =
  (change: (value: number, points: Points.Points) => number): Step =>
  (family, floor, points) => {
    const step = ExpectationMaximization.step(family, floor, points)
    return params => {
      const next = step(params)
      return { ...next, value: change(next.value, points) }
    }
  }
const onData =
  (change: (points: Points.Points) => Points.Points): Step =>
  (family, floor, points) =>
    ExpectationMaximization.step(family, floor, change(points))
const named =
  (wanted: string, change: (x: number) => number): Step =>
  (family, floor, points) => {
    const step = ExpectationMaximization.step(family, floor, points)
    return params => {
      const next = step(params)
      return {
        ...next,
        params: Params.map<
          (typeof next.params)[string & keyof typeof next.params],
          (typeof next.params)[string & keyof typeof next.params]
        >((array, name) => (name === wanted ? { ...array, values: array.values.map(change) } : array))(next.params)
      }
    }
  }
const steps = ofConcept('expectation–maximization', em, {
  wrong: {
    'a step and a half | no variance falls below its floor': moved((next, before) => next + 0.5 * (next - before)),
    'no step | a step takes what is greatest of Q': moved((_, before) => before),
    'the value of the wrong sign | the value of a step is the likelihood where it begins': valued(value => -value),
    'the value summed over the rows | the value of a step is the likelihood where it begins': valued(
      (value, { rows }) => value * rows
    ),
    'the value without its constant | the value of a step is the likelihood where it begins': valued(
      (value, { dim }) => value - (dim / 2) * 1.8378770664093453
    ),
    'variances by n − 1 | the truth is a fixed point of both': named('logVariances', v => v + 0.1)
  },
  right: {
    'as it is': ExpectationMaximization.step,
    'of rows in another order': onData(points =>
      Points.select(Array.from({ length: points.rows }, (_, i) => points.rows - 1 - i))(points)
    )
  }
})

// —— keys ——

type Source = laws.Source
const key = (source: Partial<Source>): ReadonlyArray<laws.Law> => laws.key({ source: { ...Key, ...source } })
const inOrder = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i)
const keys = ofConcept('key', key, {
  wrong: {
    'children that are the key itself | splitting does not depend on how many': { child: () => key => key },
    'the next by counting | splitting does not depend on how many': {
      child: i => key => ({ ...key, k0: key.k0 + i + 1 })
    },
    'a split that depends on how many | splitting does not depend on how many': {
      split: n => key => Key.split(n)(Key.child(n)(key))
    },
    'labels by their length | a stream depends on its label alone': {
      named: ((...labels: ReadonlyArray<string>) =>
        (key: Key.Key) =>
          Object.fromEntries(labels.map(label => [label, Key.child(label.length)(key)]))) as Source['named']
    },
    'labels whatever their case | a stream depends on its label alone': {
      named: ((...labels: ReadonlyArray<string>) =>
        (key: Key.Key) =>
          Object.fromEntries(
            labels.map(label => [label, Key.named(label.toLowerCase())(key)[label.toLowerCase()]])
          )) as Source['named']
    },
    'draws on [−½, ½) | uniform draws are uniform': { uniform: n => key => Key.uniform(n)(key).map(x => x - 0.5) },
    'draws squared | uniform draws are uniform': { uniform: n => key => Key.uniform(n)(key).map(x => x * x) },
    'normals a tenth too long | normal draws are normal': { normal: n => key => Key.normal(n)(key).map(z => 1.2 * z) },
    'uniform for normal | normal draws are normal': {
      normal: n => key => Key.uniform(n)(key).map(x => Math.sqrt(12) * (x - 0.5))
    },
    'normals of twelve uniforms | normal draws are normal': {
      normal: n => key => ofTwelve(n, Key.uniform(12 * n)(key))
    },
    'uniforms of 32 bits | uniform draws are uniform': {
      uniform: n => key => Key.uniform(n)(key).map(u => Math.floor(u * 2 ** 32) / 2 ** 32)
    },
    'orders by draws of three bits | every place of a permutation is uniform': {
      permutation: n => key => {
        const drawn = Key.uniform(n)(key).map(u => Math.floor(8 * u))
        return inOrder(n).sort((a, b) => drawn[a] - drawn[b])
      }
    },
    'a shuffle that swaps with any | every place of a permutation is uniform': {
      permutation: n => key => {
        const drawn = Key.uniform(n)(key)
        const order = inOrder(n)
        drawn.forEach((u, i) => {
          const j = Math.floor(n * u)
          const kept = order[i]
          order[i] = order[j]
          order[j] = kept
        })
        return order
      }
    },
    'normals of which each shares a uniform with the next | a draw knows nothing of the one before': {
      normal: n => key => {
        const u = Key.uniform(n + 1)(key)
        return Float64Array.from(
          { length: n },
          (_, i) => Math.sqrt(-2 * Math.log(1 - u[i])) * Math.cos(2 * Math.PI * u[i + 1])
        )
      }
    },
    'normals by another stream when there are more | more draws begin with fewer': {
      normal: n => key => Key.normal(n)(Key.child(n)(key))
    },
    'a permutation with a place twice | every place of a permutation is uniform': {
      permutation: n => key => Key.permutation(n)(key).map((i, at) => (at === 0 ? 0 : i))
    }
  },
  right: {
    'the library’s': {},
    'a permutation the other way': { permutation: n => key => Key.permutation(n)(key).slice().reverse() },
    'normals of the other sign': { normal: n => key => Key.normal(n)(key).map(z => -z) }
  }
})

export const models = [...pairs, ...students, ...networks, ...nets, ...gains, ...steps, ...keys]
