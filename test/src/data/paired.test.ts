/** Rows that belong together: points with partners, objectives that read them, batches that are coupled. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { square, sub, sum, threads, useThreads } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Source from '../../../src/data/source/index.js'
import * as Points from '../../../src/data/index.js'
import { compiled } from '../../learned.js'
import { said } from '../../said.js'

const plain = Mixture.sample(40)(Key.fromSeed(1))(Mixture.of({ means: [[0, 3]] }))
const partners = Mixture.sample(40)(Key.fromSeed(2))(Mixture.of({ means: [[5, -1]] }))
const paired = Problem.orThrow(Points.paired(partners)(plain))
const score = Score.spherical({ components: 1 })
const optimizer = Optimizer.gradientDescent({ rate: 0.01 })
const towards = Objective.custom('distance', NoiseLevels.at(0.5), ({ clean, partner, params: { means }, noise }) =>
  sum(square(sub(sub(partner, clean), sub(means, sub(noise, noise)))), 1)
)
const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective: towards, expectation: Expectation.monteCarlo() }

describe('points with partners', () => {
  it('keep them beside their rows', () => {
    const places = [7, 3, 3]
    expect(Points.select(places)(paired).partner).toEqual(Points.select(places)(partners).values)
    const source = Source.of(paired)
    expect(Source.selectedRows(places)(source).partner).toEqual(Points.select(places)(partners).values)
    expect([...Source.pieces(source, 16)].flatMap(({ partner = [] }) => [...partner])).toEqual([...partners.values])
    expect(Source.columns([1])(paired).partner).toEqual(Source.columns([1])(partners).values)
    expect(Points.pointsFingerprint(paired)).not.toBe(Points.pointsFingerprint(plain))
    expect(Source.dataFingerprint(source)).toBe(Points.pointsFingerprint(paired))
    expect(Points.partners(Points.snapshot(paired))).toEqual(partners)
  })

  it.each<[string, Points.Points, RegExp]>([
    ['fewer rows', Points.select([0, 1])(partners), /partner: 2 rows of 2 is not 40 rows of 2/],
    ['other columns', Source.columns([0])(partners), /partner: 40 rows of 1 is not 40 rows of 2/],
    [
      'a gap',
      { ...partners, values: partners.values.map((x, i) => (i === 5 ? NaN : x)) },
      /partner of row 3, column 2: NaN/
    ]
  ])('are refused with %s', (_, partners, message) => {
    const found = Points.paired(partners)(plain)
    expect(said(found)).toMatch(message)
    expect(said(Compile.valueAndGrad(loss)({ ...plain, partner: partners.values }))).not.toBe('')
  })

  it('are read by objectives, compiled as interpreted', () => {
    const params = Params.of({ means: [[1, 2]] })
    // E|y − x − m|², which is 0 noise away from a sum over the rows
    const wanted =
      plain.values.reduce((total, x, i) => total + (partners.values[i] - x - [1, 2][i % 2]) ** 2, 0) / plain.rows
    const plans = Problem.orThrow(Compile.plans(loss)(paired))
    expect(plans.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
    plans.forEach(({ evaluate }) => {
      expect(Math.abs(evaluate(params, Key.fromSeed(0)).value - wanted)).toBeLessThan(1e-12 * wanted)
    })
    const found = Problem.orThrow(Compile.plans(loss)(Source.of(paired)))[0].evaluate(params, Key.fromSeed(0))
    expect(found).toEqual(plans[0].evaluate(params, Key.fromSeed(0)))
  })

  it('are read by all threads, with the same bits', () => {
    const many = Mixture.sample(40_000)(Key.fromSeed(3))(Mixture.of({ means: [[0, 3]] }))
    const data = { ...many, partner: many.values.map(x => x * x) }
    const before = threads()
    const [one, three] = [1, 3].map(count => {
      useThreads(count)
      const [{ engine, reason, evaluate }] = Problem.orThrow(Compile.plans(loss)(data))
      expect(engine, reason).toBe('compiled')
      return evaluate(Params.of({ means: [[1, 2]], logits: [0], logVariance: 0 }), Key.fromSeed(4))
    })
    useThreads(before)
    expect(three).toEqual(one)
    // Σ (x² − x − c)² over the columns, in closed form: E(x² − x − c)² of N(m, 1).
    const exact = [0, 3].map((m, j) => {
      const c = [1, 2][j]
      const mean = m * m + 1 - m - c
      return mean * mean + (2 * m - 1) ** 2 + 2
    })
    expect(Math.abs(one.value - exact[0] - exact[1])).toBeLessThan(0.05 * (exact[0] + exact[1]))
  })

  it('and rows without partners are refused where an objective reads them', () => {
    expect(said(Compile.valueAndGrad(loss)(plain))).toMatch(/partner: these rows have none; give Points\.paired/)
  })
})

interface Case {
  readonly dim: number
  readonly x: ReadonlyArray<number>
  readonly y: ReadonlyArray<number>
  readonly places: ReadonlyArray<number>
}

const { cases } = JSON.parse(readFileSync('test/oracle/assignment.json', 'utf8')) as {
  readonly cases: ReadonlyArray<Case>
}

describe('a coupled batch', () => {
  it.each(cases)('is joined as SciPy joins it, $dim columns', ({ dim, x, y, places }) => {
    const rows = places.length
    const [points, others] = [x, y].map(values => ({ rows, dim, values: Float64Array.from(values) }))
    expect(Array.from(Source.optimalTransport.places(points, others)(Key.fromSeed(0)))).toEqual(places)
  })

  const start = Initializer.values(Params.of({ means: [[0, 0]] }))
  const program = (
    data: Source.Data,
    options: { readonly batch?: number; readonly epochs?: boolean } = { batch: 16 }
  ) => compiled(score, start, [Stage.descend({ objective: towards, optimizer, steps: 3, ...options })], data)

  it('is the batch with its partners in another order, the same by the same key', () => {
    const coupled = Source.coupled(Source.optimalTransport)(paired)
    const [one, again, other] = [3, 3, 4].map(seed => Source.batch(16)(Key.fromSeed(seed))(coupled).points)
    const free = Source.batch(16)(Key.fromSeed(3))(paired).points
    expect(one).toEqual(again)
    expect(one).not.toEqual(other)
    expect(one.values).toEqual(free.values)
    expect(one.partner).not.toEqual(free.partner)
    expect([...(one.partner ?? [])].sort()).toEqual([...(free.partner ?? [])].sort())
    const cost = ({ values, partner = values }: Points.Points) =>
      values.reduce((total, x, i) => total + (partner[i] - x) ** 2, 0)
    expect(cost(one)).toBeLessThan(cost(free))
  })

  it.each([{ batch: 16 }, { batch: 16, epochs: true }])('serves a stage of %o', options => {
    const [end, again] = [1, 1].map(
      seed =>
        Run.last(Problem.orThrow(program(Source.coupled(Source.optimalTransport)(paired), options)))(Key.fromSeed(seed))
          .params
    )
    expect(end).toEqual(again)
    const curve = (data: Source.Data) =>
      [...Run.states(Problem.orThrow(program(data, options)))(Key.fromSeed(1))].map(({ value }) => value)
    // Whose partner is whose changes E|y − x − m|², whose optimum it leaves.
    expect(curve(Source.coupled(Source.optimalTransport)(paired))).not.toEqual(curve(paired))
  })

  it('is refused where there is no batch, a larger one, or no partner', () => {
    const small = { ...Source.optimalTransport, most: 8 }
    expect(said(program(Source.coupled(small)(paired)))).toMatch(/batch: 16 is not at most 8 rows/)
    expect(said(program(Source.coupled(small)(paired), {}))).toMatch(/batch: all 40 rows is not at most 8 rows/)
    expect(() => Source.coupled(small)(plain)).toThrow(/give Points\.paired/)
  })
})
