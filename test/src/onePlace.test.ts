/**
 * One more of a concept is one place: each case below is one `define`, and nothing else is told of it but the vocabulary. It
 * is constructed, listed, printed, checked, drawn at random, stored and read, held to laws, compiled and run.
 */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { add, div, exp, expandDims, log, logSoftmax, mul, square, sub, sum } from '../../lib/index.js'
import type { Concept } from '../../src/core/index.js'
import {
  Case,
  Compile,
  Field,
  Initializer,
  Key,
  Optimizer,
  Params,
  Pipeline,
  Points,
  Problem,
  Rate,
  Run,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  Weighting
} from '../../src/index.js'
import * as Vocabulary from '../../src/standard.js'
import * as Objective from '../../src/objective/index.js'
import * as TimeLaw from '../../src/objective/timeLaw.js'
import * as laws from '../../src/laws/index.js'

// —— one place each ——

const fading = Schedule.define({
  name: 'fading',
  about: 'signal and noise in equal measure at t = pace',
  fields: { pace: Field.positive({ default: 1 }) },
  formula: ({ pace }) => `α = 1/(1 + t/${pace}), σ = 1 − α`,
  meaning: ({ pace }) => ({
    until: Infinity,
    level: time => ({ alpha: pace / (pace + time), sigma: time / (pace + time) })
  })
})

const late = TimeLaw.define({
  name: 'late',
  about: 'a density that rises with time',
  fields: { until: Field.positive({ default: 1 }) },
  meaning: ({ until }) => ({
    quantile: () => u => until * Math.sqrt(Math.max(u, 2 ** -54)),
    density: () => ({ at: time => (2 * time) / until ** 2, support: [0, until] })
  })
})

const snrPower = Weighting.define({
  name: 'snrPower',
  about: 'a power of the signal-to-noise ratio',
  fields: { power: Field.finite({ default: -0.5 }) },
  meaning: ({ power }) => ({
    sees: 'snr',
    weigh:
      ({ level }) =>
      time => {
        const { alpha, sigma } = level(time)
        return (alpha / sigma) ** (2 * power)
      }
  })
})

const fourthPower = Objective.define({
  name: 'fourthPower',
  about: 'the fourth power of the error of the score',
  fields: { timeLaw: TimeLaw.field },
  meaning: ({ timeLaw }) => ({
    _tag: 'Integrand',
    timeLaw,
    perRow: ({ score, target }) => square(sum(square(sub(score, target)), 1))
  })
})

const halving = Rate.define({
  name: 'halving',
  about: 'half as large every so many steps',
  fields: { rate: Field.positive({ default: 0.1 }), every: Field.positive({ default: 10 }) },
  meaning:
    ({ rate, every }) =>
    step =>
      rate * 2 ** (-step / every)
})

const tempered = Optimizer.define({
  name: 'tempered',
  about: 'each entry over the largest size that it had',
  fields: { floor: Field.positive({ default: 1e-3 }) },
  memory: t.type({ largest: Params.codec }),
  init: () => params => ({ largest: Params.zeros(Params.shapes(params)) }),
  update:
    ({ floor }) =>
    (gradient, memory) => {
      const largest = Params.zipWith((most, g) => Math.max(most, Math.abs(g), floor))(memory.largest, gradient)
      return [Params.zipWith((g, most) => g / most)(gradient, largest), { largest }]
    },
  gain: () => () => 1
})

const onDiagonal = Initializer.defineCentres({
  name: 'onDiagonal',
  about: 'evenly spaced on the diagonal through the mean',
  fields: { step: Field.positive({ default: 1 }) },
  meaning: ({ step }) => ({
    draws: 'never',
    moves: true,
    centres: ({ points, count }) => {
      const mean = Array.from(Points.mean(points))
      const row = (i: number): ReadonlyArray<number> => mean.map(m => m + step * (i - (count - 1) / 2))
      return () => Params.of({ centres: Array.from({ length: count }, (_, i) => row(i)) }).centres
    }
  })
})

const averaged = Stage.define({
  name: 'averaged',
  about: 'the mean of the ends of several attempts',
  fields: { times: Field.count({ default: 2 }), stage: Field.of(Stage.concept) },
  call: ['times'],
  on: 'stage',
  meaning: ({ times, stage }) => ({
    stops: { steps: times },
    attempts: [stage],
    ...Stage.steps(t.type({ start: Params.codec, count: t.number }), ({ attempts: [attempt] }) => ({
      begin: params => ({ start: params, count: 0 }),
      step: (mean, { start, count }, key) => {
        const { params, value } = attempt(start, key)
        const next = Params.zipWith((m, p) => m + (p - m) / (count + 1))(mean, params)
        return { value: value ?? 0, params: next, memory: { start, count: count + 1 } }
      }
    }))
  })
})

const banded = Score.family({
  name: 'banded',
  about: 'one variance for each column, shared by all components',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }) =>
    dim => ({ means: [components, dim], logits: [components], logVariances: [dim] }),
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components * (dim + 1) - 1 + dim,
  components:
    () =>
    ({ means, logits, logVariances }) => ({
      logWeights: logSoftmax(logits),
      centres: means,
      logDensity: (x, { alpha, sigma }) => {
        const u = add(mul(square(alpha), expandDims(exp(logVariances), 0)), square(sigma))
        const delta = sub(expandDims(x, 1), mul(expandDims(alpha, 2), expandDims(means, 0)))
        return mul(-0.5, sum(add(div(square(delta), expandDims(u, 1)), expandDims(log(mul(2 * Math.PI, u)), 1)), 2))
      }
    }),
  start: ({ components }) => ({
    count: components,
    centres: ({ means }) => means,
    fromCentres: (centres, variance) => ({
      means: centres,
      logits: { shape: [components], values: new Float64Array(components) },
      logVariances: { shape: [centres.shape[1]], values: new Float64Array(centres.shape[1]).fill(Math.log(variance)) }
    })
  })
})

/** x_s = α_s x̂_0 + σ_s ε */
const straight = Sampler.define({
  name: 'straight',
  about: 'the predicted datum and the predicted noise, at the next level',
  meaning: () => ({
    draws: false,
    order: 1,
    step: ({ score, from, to, points }) => {
      const s = score(points, from.time).values
      const at = (x: number, i: number): number =>
        (to.alpha / from.alpha) * (x + from.sigma ** 2 * s[i]) - to.sigma * from.sigma * s[i]
      return { points: { ...points, values: points.values.map(at) } }
    }
  })
})

// —— and what follows ——

const vocabulary = Vocabulary.extend(Vocabulary.standard, [
  fading,
  late,
  snrPower,
  fourthPower,
  halving,
  tempered,
  onDiagonal,
  averaged,
  banded,
  straight
])

const points = { rows: 6, dim: 2, values: Float64Array.of(-3, -2, -2, -3, -2, -2, 2, 3, 3, 2, 3, 3) }
const score = banded({ components: 2 })
const pair = Score.symmetricPair
const descend = Stage.descend({
  objective: Objective.sum([
    Objective.weight(snrPower())(Objective.denoising(late({ until: 0.5 }))),
    Objective.weight(1e-3)(fourthPower({ timeLaw: late() }))
  ]),
  optimizer: Optimizer.chain(tempered(), Optimizer.scaleByRate(halving({ rate: 0.1, every: 20 }))),
  steps: 40
})

interface Row {
  readonly concept: Concept<Case.AnyValue>
  readonly value: Case.AnyValue
  readonly code: string
  readonly laws: ReadonlyArray<laws.Law>
}

const rows: ReadonlyArray<Row> = [
  {
    concept: Schedule.concept,
    value: fading({ pace: 2 }),
    code: 'Schedule.fading({ pace: 2 })',
    laws: laws.schedule(fading({ pace: 2 }))
  },
  { concept: TimeLaw.concept, value: late(), code: 'TimeLaw.late({ until: 1 })', laws: laws.timeLaw(late()) },
  {
    concept: Weighting.concept,
    value: snrPower(),
    code: 'Weighting.snrPower({ power: -0.5 })',
    laws: laws.weighting(snrPower())
  },
  {
    concept: Objective.concept,
    value: fourthPower({ timeLaw: late() }),
    code: 'Objective.fourthPower({ timeLaw: TimeLaw.late({ until: 1 }) })',
    laws: laws.objective(fourthPower({ timeLaw: TimeLaw.at(0.5) }), pair)
  },
  {
    concept: Rate.concept,
    value: halving(),
    code: 'Rate.halving({ rate: 0.1, every: 10 })',
    laws: laws.rate(halving())
  },
  {
    concept: Optimizer.concept,
    value: tempered(),
    code: 'Optimizer.tempered({ floor: 0.001 })',
    laws: laws.optimizer(Optimizer.chain(tempered(), Optimizer.scale(-0.1)))
  },
  {
    concept: Initializer.concept,
    value: onDiagonal(),
    code: 'Initializer.onDiagonal({ step: 1 })',
    laws: laws.initializer(onDiagonal(), score)
  },
  {
    concept: Stage.concept,
    value: averaged(2)(Stage.powerIteration({ steps: 1 })),
    code: 'Stage.averaged(2)(Stage.powerIteration({ steps: 1 }))',
    laws: laws.stage(averaged(2)(Stage.powerIteration({ steps: 1 })))
  },
  { concept: Score.concept, value: score, code: 'Score.banded({ components: 2 })', laws: laws.score(score) },
  { concept: Sampler.concept, value: straight, code: 'Sampler.straight', laws: laws.sampler(straight) }
]

describe.each(rows)('$code', ({ concept, value, code, laws }) => {
  it('is listed with its fields, and an example', () => {
    const name = /^\w+\.\w+/.exec(code)?.[0]
    const word = Vocabulary.words(vocabulary)(concept).find(word => word.name === name)
    expect(word).toMatchObject({ name, about: value[Case.ofCase].about })
    expect(word?.fields.map(({ name }) => name)).toEqual(Object.keys(value[Case.ofCase].fields))
    expect(Vocabulary.markdown(vocabulary)(concept)).toContain(`| \`${name}\` |`)
  })

  it('is printed as the code that builds it', () => expect(Case.show(value)).toBe(code))

  it('has nothing wrong with it', () => expect(Case.problems(value)).toEqual([]))

  it('is stored and read', () => {
    const text = JSON.parse(JSON.stringify(Vocabulary.codec(vocabulary)(concept).encode(value))) as unknown
    expect(Vocabulary.decode(vocabulary)(concept)(text)).toEqual(E.right(value))
    expect(E.isLeft(Vocabulary.decode(Vocabulary.standard)(concept)(text))).toBe(true)
  })

  it('is drawn at random, right in every field', () => {
    const any = Vocabulary.arbitrary(fc, vocabulary)(concept)
    const some = (seed: number): ReadonlyArray<Case.AnyValue> =>
      fc.sample(any, { seed, numRuns: 10 }).filter(one => one[Case.ofCase] === value[Case.ofCase])
    // One of at most some forty cases: among 300, it is missing with a chance below 1e-3, and the seeds are fixed.
    const seed = Array.from({ length: 30 }, (_, i) => i).find(seed => some(seed).length > 0)
    expect(seed).toBeDefined()
    expect(some(seed ?? 0).flatMap(one => Case.problems(one))).toEqual([])
  })

  it.each(laws)('$name', ({ property }) => {
    fc.assert(property, { seed: 1, numRuns: 1 })
  })
})

describe('all of them in one program', () => {
  const pipeline = Pipeline.of<string>({
    schedule: fading({ pace: 2 }),
    score,
    initializer: onDiagonal({ step: 4 }),
    stages: [averaged(2)(descend)]
  })
  const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
  const last = Run.last(program)(Key.fromSeed(1))

  it('are compiled, and say how they are computed', () => {
    expect(Compile.explain(program)).toMatch(/^stage 1: Stage.averaged\(2\)\(.*\n {2}by attempts: each by \w+/)
  })

  it('run towards the groups of the data, and after JSON with the same bits', () => {
    expect(last.status._tag).not.toBe('Failed')
    const means = Array.from(last.params.means.values).sort((a, b) => a - b)
    // The start is at −1.83 and 2.17, the groups at −2.33 and 2.67: ½ off, and less at the end.
    ;[-2.33, -2.33, 2.67, 2.67].forEach((mean, i) => expect(Math.abs(means[i] - mean)).toBeLessThan(0.5))
    const codec = Pipeline.codec(vocabulary)
    const again = pipe(
      codec.decode(JSON.parse(JSON.stringify(codec.encode(pipeline)))),
      E.getOrElseW(() => expect.fail('not read'))
    )
    expect(Run.last(Problem.orThrow(Compile.pipeline(again)(points)))(Key.fromSeed(1))).toEqual(last)
  })

  it('sample along what they learned', () => {
    const { schedule } = pipeline
    const grid = TimeGrid.karras({ from: 100, to: 0.01, steps: 40 })
    const sampling = Problem.orThrow(Sampler.compile({ sampler: straight, grid, schedule }))
    const drawn = Sampler.sample(sampling)(Sampler.learned(pipeline.score, schedule, last.params))(200, 2)(
      Key.fromSeed(2)
    )
    const near = Points.toRows(drawn).filter(row => row.every(x => Math.abs(Math.abs(x) - 2.4) < 1.5))
    expect(near.length).toBeGreaterThan(150)
  })
})
