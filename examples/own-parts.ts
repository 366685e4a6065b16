/**
 * Parts of one's own: a weighting, an optimizer with memory, a start, a stage with memory, and a sampler. They are
 * printed and explained, stored as JSON and read back, stopped in the middle and resumed with the same bits, and property-tested
 * , all as built-in ones are.
 */
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import {
  Compile,
  Expectation,
  Field,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Points,
  Problem,
  Run,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  NoiseLevels,
  Vocabulary,
  Weighting
} from 'ornstein'
import * as laws from 'ornstein/laws'

/** SNR^power: above 0 it favours low noise, below 0 high. */
export const snrPower = Weighting.define({
  name: 'snrPower',
  about: 'a power of the signal-to-noise ratio',
  fields: { power: Field.finite({ default: -0.5 }) },
  formula: ({ power }) => `SNR^${power}`,
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

/** Each gradient in the unit of the largest so far: steps never grow with the size of the loss. */
export const inUnits = Optimizer.define({
  name: 'inUnits',
  about: 'gradients over the largest norm met so far',
  fields: { floor: Field.positive({ default: 1e-6 }) },
  memory: t.type({ largest: t.number }),
  init: () => () => ({ largest: 0 }),
  update:
    ({ floor }) =>
    (gradient, memory) => {
      const largest = Math.max(memory.largest, Params.norm(gradient), floor)
      return [Params.mapValues((g: number) => g / largest)(gradient), { largest }]
    },
  gain: () => () => 1
})

/** Stochastic weight averaging (Izmailov et al. 2018): descent that ends with the mean of its last iterates. */
export const averagedTail = Stage.define({
  name: 'averagedTail',
  about: 'descent that ends with the mean of its last iterates (Izmailov et al. 2018)',
  fields: {
    time: Field.positive({ default: 0.5 }),
    weighting: Weighting.field,
    optimizer: Field.of(Optimizer.concept),
    steps: Field.count({ suggestion: 40 }),
    last: Field.count({ default: 10 })
  },
  formula: ({ last }) => `the mean of the last ${last} of θ ← θ + step`,
  meaning: ({ time, weighting, optimizer, steps, last }) => ({
    misplaced: Schedule.timeProblems('time', time),
    at: time => ({ time }),
    stops: { steps },
    loss: {
      objective: Objective.weight(weighting)(Objective.denoising(NoiseLevels.at(time))),
      expectation: Expectation.projected({ antithetic: true })
    },
    ...Stage.steps(
      t.type({ step: t.number, sum: Params.codec, optimizer: Optimizer.stateCodec<string>(optimizer) }),
      ({ evaluate }) => ({
        begin: params => ({
          step: 0,
          sum: Params.zeros(Params.shapes(params)),
          optimizer: Optimizer.anyInterpret<string>(optimizer).init(params)
        }),
        step: (params, memory, key) => {
          const at = (where: Params.Params<string>) => evaluate(where, key)
          const next = Optimizer.step(optimizer, at)({ params, state: memory.optimizer })
          const isLate = memory.step >= steps - last
          return {
            value: next.value,
            norm: Params.norm(next.gradient),
            params: next.params,
            memory: {
              step: memory.step + 1,
              sum: isLate ? Params.zipWith((a, b) => a + b)(memory.sum, next.params) : memory.sum,
              optimizer: next.state
            }
          }
        },
        finish: (params, { step, sum }) =>
          step < steps ? params : Params.mapValues((s: number) => s / Math.min(last, steps))(sum)
      })
    )
  })
})

/** Farthest-first traversal (Gonzalez 1985): after a row at random, each time the row farthest from all before. */
export const farthestFirst = Initializer.defineCentres({
  name: 'farthestFirst',
  about: 'rows, each as far as can be from those before (Gonzalez 1985)',
  formula: () => 'c_i = argmax min |x − c_j| over j < i',
  meaning: () => ({
    draws: 'sometimes',
    translationInvariant: true,
    turns: true,
    centres: ({ points, count }) => {
      const weights = Points.weightsOf(points)
      const rows = Points.toRows(points)
      const distance = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) => Math.hypot(...a.map((x, j) => x - b[j]))
      return key => {
        const [first] = Key.categorical(weights)(1)(key)
        const chosen = [rows[first]]
        while (chosen.length < count) {
          // A row without weight is no row.
          const far = rows.map((row, i) => (weights[i] > 0 ? Math.min(...chosen.map(c => distance(row, c))) : -1))
          chosen.push(rows[far.indexOf(Math.max(...far))])
        }
        return { shape: [count, points.dim], values: Float64Array.from(chosen.flat()) }
      }
    }
  })
})

const isSlope = (u: unknown): u is { readonly noise: Float64Array; readonly length: number } =>
  typeof u === 'object' && u !== null && 'noise' in u && 'length' in u

/** The flow dy/dς = ε in y = x/α and ς = σ/α by Adams and Bashforth: it remembers the ε of the step before. */
export const adams = Sampler.define({
  name: 'adams',
  about: 'the probability flow by the two-step method of Adams and Bashforth',
  fields: { bend: Field.finite({ default: 0.5 }) },
  meaning: ({ bend }) => ({
    draws: false,
    step: ({ score, from, to, points, memory: left }) => {
      const memory = isSlope(left) ? left : null
      const noise = score(points, from.time).values.map(s => -from.sigma * s)
      const length = to.ratio - from.ratio
      const values = points.values.map((x, i) => {
        const change = memory === null ? 0 : ((noise[i] - memory.noise[i]) * length) / memory.length
        return to.alpha * (x / from.alpha + length * (noise[i] + bend * change))
      })
      return { points: { ...points, values }, memory: { noise, length } }
    }
  })
})

/** The parts of the language and these. `ornstein explain pipeline.json --vocabulary ./own-parts.js` reads them too. */
export const vocabulary = Vocabulary.extend(Vocabulary.standard, [
  snrPower,
  inUnits,
  farthestFirst,
  averagedTail,
  adams
])

const schedule = Schedule.ornsteinUhlenbeck
const score = Score.spherical({ components: 3 })
const truth = Mixture.of({
  means: [
    [-4, 0],
    [0, 4],
    [4, -1]
  ]
})
const keys = pipe(Key.fromSeed(11), Key.named('data', 'run', 'sample'))
const points = Mixture.sample(400)(keys.data)(truth)

const stage = averagedTail({
  weighting: snrPower({ power: -0.25 }),
  optimizer: Optimizer.chain(inUnits(), Optimizer.scaleByRate(0.3)),
  steps: 40
})

/** As built, and as it comes back from JSON: the codecs of the vocabulary know the new words. */
const built = Pipeline.of<string>({
  schedule,
  score,
  initializer: farthestFirst,
  stages: [Stage.repeat(2)(Stage.anneal([1, 0.4])(stage)), Stage.guarded(stage)]
})
export const stored = JSON.stringify(Pipeline.codec(vocabulary).encode(built))

const reads = (words: Vocabulary.Vocabulary): E.Either<string, Pipeline.Pipeline<string>> =>
  pipe(
    Pipeline.codec(words).decode(JSON.parse(stored)),
    E.mapLeft(([error]) => error.message ?? '')
  )

/** What the language says to whom it has not been told of them. */
export const unknown = pipe(
  reads(Vocabulary.standard),
  E.match(
    message => message,
    () => ''
  )
)
export const pipeline = pipe(
  reads(vocabulary),
  E.getOrElse<string, Pipeline.Pipeline<string>>(message => {
    throw new Error(message)
  })
)
console.log(Pipeline.show(pipeline))
console.log(`\nWithout them: ${unknown}`)

const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
console.log(`\n${Compile.explain(program)}`)

/** A run, and one that is stopped in the middle, written down, read again and resumed. */
export const states = [...Run.states(program)(keys.run)]
const middle = states[Math.floor(states.length / 2)]
const written = JSON.stringify(Run.codec(program).encode(middle))
export const resumed = pipe(
  Run.codec(program).decode(JSON.parse(written)),
  E.match(
    () => [],
    state => [...Run.resume(program)(state)]
  )
)
export const last = states[states.length - 1]
export const error = Metric.centreError(last.params, truth)
console.log(
  `\nThe mean error of a centre is ${error.toFixed(2)}; resumed after ${states.length - resumed.length} states, the same.`
)

const grid = TimeGrid.karras({ from: 5, to: 0.001, steps: 30 })
const sampling = Problem.orThrow(Sampler.compile({ sampler: adams(), grid, schedule }))
export const drawn = Sampler.sample(sampling)(Sampler.learned(pipeline.score, schedule, last.params))(500, 2)(
  keys.sample
)

/** The same laws that ours are held to. */
export const verdicts = [
  ...laws.weighting(snrPower()),
  ...laws.optimizer(Optimizer.chain(inUnits(), Optimizer.scaleByRate(0.3))),
  ...laws.initializer(farthestFirst, score),
  ...laws.stage(averagedTail({ weighting: snrPower(), optimizer: inUnits(), steps: 3 }), { score, points }),
  ...laws.sampler(adams())
].map(({ name, property }) => ({ name, failed: fc.check(property, { seed: 1, numRuns: 3 }).failed }))
for (const { name, failed } of verdicts) console.log(`${failed ? '✗' : '✓'} ${name}`)
