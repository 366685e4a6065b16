/** Stages of one's own that ask for sums over rows: tempered and online expectation–maximization, beside plain loops. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { afterAll, describe, expect, it } from 'vitest'
import { exp, matMul, mul, neg, reshape, softmax, sum, threads, useThreads } from '../../../lib/index.js'
import {
  Compile,
  Field,
  Initializer,
  Key,
  Mixture,
  Params,
  Pipeline,
  type Points,
  Problem,
  Run,
  Schedule,
  Score,
  Source,
  Stage
} from '../../../src/index.js'

type Sums = Readonly<Record<string, Params.Params<'x'>['x']>>

/** Σ r and Σ r x of r ∝ p(k | x)^β. */
const shares: Stage.Sums = ({ clean, weight, numbers, logJoint }) => {
  const r = mul(weight, softmax(mul(numbers.power, logJoint())))
  return { mass: sum(r, 0), first: matMul(r, clean, { transposeA: true }) }
}
const centres = ({ mass, first }: Sums, params: Params.Params<string>): Params.Params<string> => {
  const dim = first.shape[1] ?? 1
  return { ...params, means: { ...first, values: first.values.map((v, i) => v / mass.values[Math.floor(i / dim)]) } }
}

/** EM whose responsibilities are raised to a power that rises to 1 (Ueda & Nakano 1998). */
const tempered = Stage.define({
  name: 'tempered',
  about: 'EM whose responsibilities are flattened at first',
  fields: { from: Field.fraction({ default: 0.3 }), steps: Field.count({ default: 5 }) },
  meaning: ({ from, steps }) => ({
    stops: { steps },
    streams: true,
    sums: shares,
    ...Stage.steps(t.type({ done: t.number }), ({ sums }) => ({
      begin: () => ({ done: 0 }),
      step: (params, { done }) => {
        const power = Math.min(1, from + (done * (1 - from)) / (steps - 1))
        return { value: 0, params: centres(sums(params, { numbers: { power } }), params), memory: { done: done + 1 } }
      }
    }))
  })
})

/** EM on batches, whose sums fade (Cappé & Moulines 2009). */
const online = Stage.define({
  name: 'online',
  about: 'EM on sums of batches that fade',
  fields: { rows: Field.count({ default: 50 }), steps: Field.count({ default: 5 }) },
  meaning: ({ rows, steps }) => ({
    stops: { steps },
    streams: true,
    sums: shares,
    ...Stage.steps(t.type({ done: t.number, held: Params.codec }), ({ sums }) => ({
      begin: params => ({ done: 0, held: sums(params, { numbers: { power: 1 } }) }),
      step: (params, { done, held }, key) => {
        const fresh = sums(params, { numbers: { power: 1 }, batch: { rows, key } })
        const share = (done + 1) ** -0.6
        const next = Params.zipWith((a, b) => a + share * (b - a))(held, fresh)
        return { value: 0, params: centres(next, params), memory: { done: done + 1, held: next } }
      }
    }))
  })
})

const points = Mixture.sample(3000)(Key.fromSeed(3))(
  Mixture.of({
    means: [
      [-2, 0],
      [2, 1]
    ]
  })
)
const start = Params.of({
  means: [
    [-1, -1],
    [1, 2]
  ]
})
const pipelineOf = (...stages: ReadonlyArray<Stage.Stage>) =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    initializer: Initializer.values(start),
    stages
  })
const compiled = (stage: Stage.Stage, data: Points.Points | Source.Source = points) =>
  Problem.orThrow(Compile.pipeline(pipelineOf(stage))(data))
const lastOf = (stage: Stage.Stage, data?: Points.Points | Source.Source) =>
  Run.last(compiled(stage, data))(Key.fromSeed(1)).params.means.values

/** One step by plain loops: centres of rows by p(k | x)^power, [x, y] of each. */
const byLoops = (rows: ArrayLike<number>, means: ArrayLike<number>, power: number) => {
  const mass = [0, 0]
  const first = [0, 0, 0, 0]
  const n = rows.length / 2
  for (let i = 0; i < n; i++) {
    const logs = [0, 1].map(
      k => (-power * ((rows[2 * i] - means[2 * k]) ** 2 + (rows[2 * i + 1] - means[2 * k + 1]) ** 2)) / 2
    )
    const one = 1 / (1 + Math.exp(logs[1] - logs[0]))
    for (const [k, r] of [one, 1 - one].entries()) {
      mass[k] += r / n
      for (const axis of [0, 1]) first[2 * k + axis] += (r * rows[2 * i + axis]) / n
    }
  }
  return { mass, first, means: first.map((v, i) => v / mass[Math.floor(i / 2)]) }
}

describe('sums that a stage asks for', () => {
  const before = threads()
  afterAll(() => {
    useThreads(before)
  })

  it('tempered EM is that of plain loops, compiled', () => {
    const wanted = [0.3, 0.475, 0.65, 0.825, 1].reduce<ReadonlyArray<number>>(
      (means, power) => byLoops(points.values, means, power).means,
      Array.from(start.means.values)
    )
    lastOf(tempered({})).forEach((m, i) => {
      expect(m).toBeCloseTo(wanted[i], 12)
    })
    expect(Compile.explain(compiled(tempered({})))).toMatch(/by compiled: its sums are one program over the rows/)
  })

  it('online EM is that of plain loops on the same batches', () => {
    const keys: Key.Key[] = []
    const seen = Stage.define({
      name: 'seen',
      about: 'online, whose keys are seen',
      meaning: () => ({
        stops: { steps: 3 },
        sums: shares,
        ...Stage.steps(t.null, ({ sums }) => ({
          begin: () => null,
          step: (params, _, key) => {
            keys.push(key)
            const found = sums(params, { numbers: { power: 1 }, batch: { rows: 40, key } })
            return { value: 0, params: centres(found, params), memory: null }
          }
        }))
      })
    })
    const found = lastOf(seen)
    let means: ReadonlyArray<number> = Array.from(start.means.values)
    for (const key of keys) {
      const places = Array.from(Key.subset(3000, 40)(key))
      means = byLoops(
        places.flatMap(i => [points.values[2 * i], points.values[2 * i + 1]]),
        means,
        1
      ).means
    }
    found.forEach((m, i) => {
      expect(m).toBeCloseTo(means[i], 12)
    })
  })

  it.each([tempered({}), online({})])(
    'the bits of %o are those of any threads, of a source, and of a run that is resumed',
    stage => {
      const wanted = Array.from(lastOf(stage))
      for (const count of [1, 2]) {
        useThreads(count)
        expect(Array.from(lastOf(stage))).toEqual(wanted)
      }
      expect(Array.from(lastOf(stage, Source.of(points)))).toEqual(wanted)
      const program = compiled(stage)
      const half = [...Run.states(program)(Key.fromSeed(1))][3]
      const text = JSON.stringify(Run.codec(program).encode(half))
      const again = Run.codec(program).decode(JSON.parse(text))
      if (E.isLeft(again)) throw new Error(text)
      const end = [...Run.resume(program)(again.right)].at(-1)
      expect(Array.from(end?.params.means.values ?? [])).toEqual(wanted)
    }
  )

  it.each([
    [
      'what is of each row',
      ({ clean }: Stage.Summed) => ({ own: sum(clean, 1) }),
      /own, which of 3 rows together is not/
    ],
    ['a mean', ({ clean }: Stage.Summed) => ({ own: exp(neg(sum(clean))) }), /own, which of 3 rows together is not/],
    [
      'a shape that is none',
      ({ clean }: Stage.Summed) => ({ own: reshape(clean, [7]) }),
      /sums: a function that throws/
    ]
  ])('%s is refused', (_, sums, wanted) => {
    const own = Stage.define({
      name: 'own',
      about: 'wrong',
      meaning: () => ({
        stops: { steps: 1 },
        sums,
        ...Stage.steps(t.null, () => ({ begin: () => null, step: params => ({ value: 0, params, memory: null }) }))
      })
    })
    const program = Compile.pipeline(pipelineOf(own))(points)
    expect(E.isLeft(program) ? program.left.map(Problem.show).join('\n') : '').toMatch(wanted)
  })
})
