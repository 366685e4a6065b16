/** Small words: activations of the vocabulary, times of a list, and what an optimizer remembers. */
import { describe, expect, it } from 'vitest'
import { compute, gelu, silu, sum, tensor, valueAndGrad, type Tensor } from '../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../src/index.js'

describe('activations', () => {
  // By Python's math.exp and math.erf.
  const x = [-3, -0.5, 0, 1, 2.5]
  it.each([
    ['silu', silu, [-0.14227761953270035, -0.1887703343990727, 0, 0.7310585786300049, 2.3103545499468914]],
    ['gelu', gelu, [-0.00404969409489031, -0.15426876936299344, 0, 0.8413447460685429, 2.4844758366855597]]
  ] as const)('%s', (_, f, values) => {
    compute(() => f(tensor(x, [5]))).values.forEach((y, i) => {
      expect(Math.abs(y - values[i])).toBeLessThan(1e-15)
    })
    const { gradient } = valueAndGrad(({ x }: { readonly x: Tensor }) => sum(f(x)))({
      x: { shape: [5], values: Float64Array.from(x) }
    })
    const h = 1e-5
    const at = (by: number): Float64Array =>
      compute(() =>
        f(
          tensor(
            x.map(x => x + by),
            [5]
          )
        )
      ).values
    const [up, down] = [at(h), at(-h)]
    gradient.x.values.forEach((g, i) => {
      expect(Math.abs(g - (up[i] - down[i]) / (2 * h))).toBeLessThan(1e-9)
    })
  })
})

describe('TimeLaw.oneOf', () => {
  const times = [0.7, 0.2, 0.2, 1.1]
  it('draws each as often as it stands there, and nothing else', () => {
    const [{ time }] = TimeLaw.draw(Schedule.ornsteinUhlenbeck, 4000)(Key.fromSeed(3))(TimeLaw.oneOf(times))
    const drawn = typeof time === 'number' ? [time] : Array.from(time)
    const of = (t: number): number => drawn.filter(x => x === t).length
    expect(of(0.2) + of(0.7) + of(1.1)).toBe(4000)
    // Five standard errors of a binomial.
    expect(Math.abs(of(0.2) - 2000)).toBeLessThan(5 * Math.sqrt(1000))
    expect(Math.abs(of(1.1) - 1000)).toBeLessThan(5 * Math.sqrt(750))
    const [{ time: even }] = TimeLaw.draw(Schedule.ornsteinUhlenbeck, 400)(Key.fromSeed(3))(
      TimeLaw.stratified(TimeLaw.oneOf(times))
    )
    expect(typeof even === 'number' ? 0 : Array.from(even).filter(x => x === 0.7).length).toBe(100)
  })
  it('is the mean over all of them where nothing is drawn', () => {
    const at = (law: TimeLaw.TimeLaw): number =>
      Problem.orThrow(
        Compile.valueAndGrad({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.symmetricPair,
          objective: Objective.denoising(law),
          expectation: Expectation.quadrature()
        })({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
      )(Params.of({ mean: [0.5] }), Key.fromSeed(0)).value
    const mean = times.reduce((sum, t) => sum + at(TimeLaw.at(t)), 0) / 4
    expect(Math.abs(at(TimeLaw.oneOf(times)) - mean)).toBeLessThan(1e-14)
  })
  it('refuses none, and times off the schedule', () => {
    const said = (law: TimeLaw.TimeLaw): ReadonlyArray<string> =>
      TimeLaw.problems(Schedule.cosine())(law).map(Problem.show)
    expect(said(TimeLaw.oneOf([]))[0]).toMatch(/^times: \[\] is not a list with at least one time/)
    expect(said(TimeLaw.oneOf([0.5, 7]))[0]).toMatch(/^times\[1\]: 7 is not/)
  })
})

describe('Run.memoryOf', () => {
  it('is what the optimizer remembers, typed; null of another', () => {
    const optimizer = Optimizer.adam({ rate: 0.1 })
    const program = Problem.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.symmetricPair,
          initializer: Initializer.values([[0.5]]),
          stages: [
            Stage.descend({
              objective: Objective.implicit(TimeLaw.at(0.5)),
              expectation: Expectation.quadrature(),
              optimizer,
              steps: 3
            })
          ]
        })
      )({ rows: 2, dim: 1, values: Float64Array.of(-1, 1) })
    )
    const state = Run.last(program)(Key.fromSeed(0))
    const memory = Run.memoryOf(optimizer)(state)
    expect(memory?.[0].count).toBe(3)
    expect(memory?.[0].first.mean.shape).toEqual([1])
    expect(Run.memoryOf(Optimizer.momentum({ rate: 1 }))(state)).toBeNull()
  })
})
