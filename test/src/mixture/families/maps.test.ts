/** What follows of two maps: compared with what families state beyond, and held to be right of a family that the library does not know. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add,
  div,
  exp,
  expandDims,
  log,
  logSoftmax,
  mul,
  square,
  sub,
  sum,
  type NdArray
} from '../../../../lib/index.js'
import { Covariance, ExpectationMaximization, Key, Mixture, type Points } from '../../../../src/index.js'
import * as Params from '../../../../src/core/params.js'
import * as Score from '../../../../src/score/score.js'
import * as laws from '../../../../src/laws/index.js'
import { allHold } from '../../../laws/holds.js'
import { ofVocabulary } from './families.js'
import { isSlow } from '../../../cases.js'
import { there } from '../../../there.js'

const count = 3
const dim = 4
const truth = Mixture.of({
  means: [[0, 0, 0, 0], [4, 1, 0, 2], [-3, 4, 1, 0]], // prettier-ignore
  weights: [0.2, 0.3, 0.5],
  covariances: [
    [[4, 1, 0, 0], [1, 2, 0.5, 0], [0, 0.5, 1, 0], [0, 0, 0, 0.3]], // prettier-ignore
    [[1, 0.2, 0, 0], [0.2, 0.6, 0.1, 0], [0, 0.1, 0.4, 0], [0, 0, 0, 2]], // prettier-ignore
    [[2, -0.7, 0, 0.3], [-0.7, 1, 0, 0], [0, 0, 3, 1], [0.3, 0, 1, 1.5]] // prettier-ignore
  ]
})
const plain = Mixture.sample(300)(Key.fromSeed(3))(truth)
const data = {
  'whole rows': plain,
  'weighted rows': { ...plain, weights: Key.uniform(plain.rows)(Key.fromSeed(4)) },
  'missing cells': { ...plain, values: plain.values.map((x, at) => (at % 7 === 3 ? NaN : x)) }
}
const centres = { shape: [count, dim], values: Float64Array.of(0, 0, 1, 0, 3, 1, 0, 1, -2, 3, 0, 0) }

const familyOf = <P extends string>(score: Score.Score<P>): Score.Family<P> => there(Score.interpret(score).family)

const entries = (mixture: Mixture.Mixture): ReadonlyArray<number> => [
  ...mixture.means.values,
  ...mixture.weights,
  ...Mixture.covariances(mixture).values
]
/**
 * Five steps round 1e-15 times the condition of the covariances, at most 14 in `truth` and less when noisy; where rows are divided, a step
 * takes up to ten times an error of the last.
 */
const TOLERANCE = 1e-10
const near = (found: ReadonlyArray<number>, wanted: ReadonlyArray<number>): void => {
  expect(found.length).toBe(wanted.length)
  expect(Math.max(...found.map((x, i) => Math.abs(x - wanted[i])))).toBeLessThan(TOLERANCE)
}

/** Five steps from the centres. */
const steps = (
  family: Score.Family<string>,
  {
    points,
    floor = 1e-6,
    level,
    prior = null
  }: {
    readonly points: Points.Points
    readonly floor?: number
    readonly level?: { readonly alpha: number; readonly sigma: number }
    readonly prior?: number | null
  }
): { readonly values: ReadonlyArray<number>; readonly params: Params.Params<string> } => {
  const start = there(Score.startOf(family, dim)).fromCentres(centres, 2)
  const step = (
    params: Params.Params<string>,
    i: number
  ): ReturnType<ReturnType<typeof ExpectationMaximization.step>> =>
    level
      ? ExpectationMaximization.noisyStep(family, floor, points, level)(params, Key.fromSeed(i))
      : ExpectationMaximization.step(family, floor, points, prior)(params)
  return [0, 1, 2, 3, 4].reduce<ReturnType<typeof steps>>(
    ({ values, params }, i) => {
      const taken = step(params, i)
      return { values: [...values, taken.value], params: taken.params }
    },
    { values: [], params: start }
  )
}

// —— the library's families once more ——

// lowRank has inner steps, and its way back is no projection on factors.
// Mixtures of any covariances are looked at one by one. Tails and a background are learned from reweighted rows, which two maps do not know.
const exact = ofVocabulary(count).filter(
  ({ name, family }) =>
    !['lowRank', 'mixture', 'withTails', 'withBackground', 'withFixed'].includes(name) && family.toMixture !== undefined
)
/** Those whose M-step is exact too, but at a floor or a noise level no projection of what is clipped. */
const inPart = (['VEI', 'EVI', 'EEV', 'VEV', 'EVV'] as const).map(name => {
  const score: Score.Score<string> = Score.mixture({ components: count, covariance: Covariance.named(name) })
  return { name, score, family: familyOf(score) }
})

it('there are seven whose M-step is exact', () => {
  expect(exact.map(({ name }) => name).sort()).toEqual(
    ['diagonal', 'full', 'isotropic', 'spherical', 'tied', 'tiedDiagonal', 'tiedIsotropic'] // prettier-ignore
  )
})

describe.each([...exact, ...inPart])('$name by its two maps alone', ({ name, score, family: theirs }) => {
  const mine = (more: object): Score.Family<string> =>
    familyOf(
      Score.family({
        name: 'mapped',
        about: 'a family of two maps',
        formula: () => '',
        parameters: () => Score.interpret(score).shapes,
        degreesOfFreedom: () => Score.interpret(score).degreesOfFreedom,
        components: () => theirs.components,
        toMixture: () => there(theirs.toMixture),
        fromMixture: () => there(theirs.fromMixture),
        ...more
      })
    )
  const told = mine({
    moments: () => there(theirs.mStep),
    ...(theirs.unitVariance && { unitVariance: true }),
    closedUnder: ['shift', 'scale']
  })
  const of = (params: Params.Params<string>): ReadonlyArray<number> => entries(there(theirs.toMixture)(params))

  const isExact = exact.some(one => one.name === name)

  it.each([
    ['the data', { points: data['whole rows'] }],
    ['weighted rows', { points: data['weighted rows'] }],
    ['missing cells', { points: data['missing cells'] }],
    ['a prior', { points: data['whole rows'], prior: 0.01 }],
    ['a prior and missing cells', { points: data['missing cells'], prior: 0.01 }]
  ])('takes the same steps: %s', (_, asked) => {
    near(of(steps(told, asked).params), of(steps(theirs, asked).params))
  })

  it.runIf(isExact).each([
    ['a floor', { points: data['whole rows'], floor: 0.8 }],
    ['a noise level', { points: data['whole rows'], level: { alpha: 0.8, sigma: 0.6 } }],
    ['a noise level and a floor', { points: data['whole rows'], level: { alpha: 0.8, sigma: 0.6 }, floor: 0.8 }]
  ])('takes the same steps: %s', (_, asked) => {
    near(of(steps(told, asked).params), of(steps(theirs, asked).params))
  })

  it.runIf(isExact)('takes them of all second moments too', () => {
    const asked = { points: data['whole rows'], floor: 0.8 }
    near(of(steps(mine({}), asked).params), of(steps(theirs, asked).params))
  })

  it('starts, is shifted and scaled, and is as far apart', () => {
    const started = (family: Score.Family<string>): Params.Params<string> =>
      there(Score.startOf(family, dim)).fromCentres(centres, 2)
    const from = started(theirs)
    const to = steps(theirs, { points: plain }).params
    near(of(started(told)), of(from))
    near(
      [there(told.distance)(from, to), there(told.distance)(to, from)],
      [there(theirs.distance)(from, to), there(theirs.distance)(to, from)]
    )
    const by = Float64Array.of(2, 0.5, 3, 1)
    near(of(there(told.shifted)(by)(to)), of(there(theirs.shifted)(by)(to)))
    if (theirs.scaled !== undefined) near(of(there(told.scaled)(by)(to)), of(theirs.scaled(by)(to)))
  })

  it.runIf(isExact)('keeps a component without mass', () => {
    const step = there(theirs.mStep)
    const old = steps(theirs, { points: plain }).params
    const before = there(theirs.toMixture)(old)
    const width = { none: 0, trace: 1, diagonal: dim, full: dim * dim }[step.second]
    const unit = {
      none: [],
      trace: [dim],
      diagonal: [1, 1, 1, 1],
      full: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    }[step.second]
    const moments = {
      mass: Float64Array.of(0, 0.5, 0.5),
      sums: new Float64Array(count * dim),
      second: Float64Array.from([...new Array<number>(width).fill(0), ...unit.map(x => x / 2), ...unit.map(x => x / 2)])
    }
    ;[step, there(told.mStep)].forEach(({ maximise }) => {
      const after = there(theirs.toMixture)(maximise(old, moments, { level: { alpha: 1, sigma: 0 }, floor: 0, dim }))
      near([...after.means.values], [...before.means.values])
      const [now, was] = [after, before].map(m => Array.from(Mixture.covariances(m).values.subarray(0, dim * dim)))
      // One that all components have is that of the others' rows, I.
      near(now, step.isShared === true ? was.map((_, at) => (at % (dim + 1) === 0 ? 1 : 0)) : was)
    })
  })
})

describe('the way back of the pair', () => {
  const family = familyOf(Score.symmetricPair)

  it('is the nearest by relative entropy, which weighs the two', () => {
    const wanted = Mixture.of({ means: [[3, 1], [-1, 2]], weights: [0.75, 0.25] }) // prettier-ignore
    const { mean } = there(family.fromMixture)(wanted)
    // Σ π_k |c_k ∓ c|² is least at ¾ (3, 1) − ¼ (−1, 2).
    expect(Array.from(mean.values)).toEqual([2.5, 0.25])
  })
})

// —— a family that the library does not know ——

const COLUMNS = dim

type Names = 'means' | 'logits' | 'common' | 'apart'

/**
 * Columns of equal variances and equal correlations: Σ_k has the eigenvalue e^common along (1, …, 1), and e^apart across it. In these
 * axes it is diagonal, so that Σ_k π_k KL is least where both are the means of the axes' variances.
 */
const exchangeable = Score.family({
  name: 'exchangeable',
  about: 'columns that may be exchanged',
  formula: () => 'Σ = a 11ᵀ/d + b(I − 11ᵀ/d)',
  parameters:
    () =>
    (columns: number): Params.Shapes<Names> => ({
      means: [2, columns],
      logits: [2],
      common: [2],
      apart: [2]
    }),
  // In one column there is nothing across.
  degreesOfFreedom: () => columns => 2 * columns + (columns === 1 ? 3 : 5),
  leastRows: () => () => 2,
  components:
    () =>
    ({ means, logits, common, apart }, columns) => ({
      logWeights: logSoftmax(logits),
      centres: means,
      logDensity: (x, { alpha, sigma }) => {
        const [a, b] = [common, apart].map(l => add(mul(square(alpha), exp(expandDims(l, 0))), square(sigma)))
        const r = sub(expandDims(x, 1), mul(expandDims(alpha, 2), expandDims(means, 0)))
        const along = div(square(sum(r, 2)), columns)
        const across = sub(sum(square(r), 2), along)
        const logs = add(log(a), mul(columns - 1, log(b)))
        return mul(-0.5, add(add(add(div(along, a), div(across, b)), logs), columns * Math.log(2 * Math.PI)))
      }
    }),
  toMixture:
    () =>
    ({ means, logits, common, apart }) => {
      const [, columns] = means.shape
      const masses = Array.from(logits.values, l => Math.exp(l - Math.max(...logits.values)))
      const total = masses.reduce((a, b) => a + b, 0)
      return Mixture.of({
        means: Params.nested(means) as ReadonlyArray<ReadonlyArray<number>>,
        weights: masses.map(m => m / total),
        covariances: Array.from(common.values, (c, k) =>
          Array.from({ length: columns }, (_, i) =>
            Array.from(
              { length: columns },
              (_, j) => (Math.exp(c) - Math.exp(apart.values[k])) / columns + (i === j ? Math.exp(apart.values[k]) : 0)
            )
          )
        )
      })
    },
  fromMixture: () => mixture => {
    const { means, weights } = mixture
    const [, columns] = means.shape
    const { values } = Mixture.covariances(mixture)
    const of = (k: number): readonly [number, number] => {
      const own = values.subarray(k * columns * columns, (k + 1) * columns * columns)
      const along = own.reduce((a, b) => a + b, 0) / columns
      const trace = own.reduce((all, x, at) => (at % (columns + 1) === 0 ? all + x : all), 0)
      return [along, columns === 1 ? along : (trace - along) / (columns - 1)]
    }
    const vector = (f: (k: number) => number): NdArray => ({ shape: [2], values: Float64Array.of(f(0), f(1)) })
    return {
      means,
      logits: vector(k => Math.log(Math.max(weights[k], Number.MIN_VALUE))),
      common: vector(k => Math.log(of(k)[0])),
      apart: vector(k => Math.log(of(k)[1]))
    }
  },
  closedUnder: ['shift']
})

describe('a family that is told by two maps', () => {
  const family = familyOf(exchangeable)
  const of = Mixture.of({
    means: [[0, 0, 0, 0], [2, 1, 0, -1]], // prettier-ignore
    weights: [0.4, 0.6],
    covariances: [3, 0.5].map(c => [0, 1, 2, 3].map(i => [0, 1, 2, 3].map(j => c * (i === j ? 1 : 0.4))))
  })
  const whole = Mixture.sample(400)(Key.fromSeed(8))(of)
  const holes = { ...whole, values: whole.values.map((x, at) => (at % 5 === 2 ? NaN : x)) }
  const start = there(Score.startOf(family, COLUMNS)).fromCentres(
    { shape: [2, COLUMNS], values: Float64Array.of(0, 1, 0, 0, 1, 0, 0, 0) },
    2
  )

  it.runIf(isSlow)('keeps the laws of scores', () => {
    allHold(laws.score(exchangeable), ({ property }) => fc.assert(property, { seed: 1, numRuns: 1 }))
  })

  it.each([
    ['likelihood', whole, null],
    ['likelihood of what cells there are', holes, null],
    ['posterior', whole, 0.05],
    ['posterior of what cells there are', holes, 0.05]
  ])('never lowers the %s, and comes to where it is flat', (_, points, prior) => {
    const step = ExpectationMaximization.step(family, 1e-6, points, prior)
    const taken = Array.from({ length: 60 }).reduce<ReadonlyArray<{ value: number; params: typeof start }>>(
      all => [...all, step(all[all.length - 1].params)],
      [{ value: Infinity, params: start }]
    )
    const values = taken.slice(1).map(({ value }) => value)
    values.slice(1).forEach((value, i) => expect(value).toBeLessThan(values[i] + 1e-12))
    const last = taken[taken.length - 1].params
    const at = (params: typeof start): number => step(params).value
    // A difference over 1e-4 either way is off by 1e-8 of the third derivative, which is of size 1.
    Params.names(last).forEach(name => {
      last[name].values.forEach((_, i) => {
        const moved = (by: number): number =>
          at({ ...last, [name]: { ...last[name], values: last[name].values.map((x, j) => (i === j ? x + by : x)) } })
        const slope = (moved(1e-4) - moved(-1e-4)) / 2e-4
        expect(Math.abs(slope)).toBeLessThan(1e-7)
      })
    })
  })
})
