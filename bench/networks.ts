/**
 * Networks beside PyTorch's on the same budget: `npm run bench:networks`, or with names of laws only those. Both have the same
 * layers, weights at the start, rows, batches, rates, clipping and moving average; ours computes in double precision and in single, PyTorch in single, each in
 * one thread. What is compared is the processor time of learning, and the energy distance of samples by the same steps of Heun's method.
 * Left out where /usr/bin/python3 has no torch. Built before: the networks are those of examples/networks.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Guidance, Key, Mixture, Points, Rate, Run, Sampler } from 'ornstein'
import { compute, fill, fromNdArray, useThreads } from 'ornstein/float64'
import { checkerboard, eightGaussians, swissRoll, twoMoons, type Law } from '../examples/networks/data.js'
import { ENDS, rate, sample, schedule, training, type Budget } from '../examples/networks/experiment.js'
import { has, PYTHON } from './rivals.js'

const STEPS = Number(process.env.BENCH_STEPS ?? 3000)
const budget: Budget = { steps: STEPS, batch: 256, hidden: [64, 64], withWaves: true }
const [ROWS, DRAWN] = [20_000, 2000]
/** Steps of Heun's method. */
const STEPS_OF_SAMPLES = [3, 5, 10, 30]

const laws: Readonly<Record<string, Law>> = {
  'eight Gaussians': rows => key => Mixture.sample(rows)(key)(eightGaussians),
  'two moons': twoMoons,
  'swiss roll': swissRoll,
  checkerboard
}
const asked = process.argv.slice(2)
const key = Key.named('data', 'test', 'other', 'net')(Key.fromSeed(20220601))

/** Processor time in seconds, and what came of it. */
const timed = <A>(work: () => A): readonly [A, number] => {
  const begin = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(begin)
  return [result, (user + system) / 1e6]
}

const torch = (points: Points.Points): { readonly seconds: number; readonly samples: ReadonlyArray<Points.Points> } => {
  const directory = mkdtempSync(join(tmpdir(), 'ornstein-networks-'))
  try {
    const { program, decay } = training(budget)(points)
    const [first] = Run.states(program)(key.net)
    const file = (name: string, values: Float64Array): void => {
      writeFileSync(join(directory, name), Buffer.from(values.buffer, values.byteOffset, values.byteLength))
    }
    file('x', points.values)
    file('weights', Float64Array.from(Object.values(first.params).flatMap(({ values }) => Array.from(values))))
    const scaled = (seed: number, count: number): ReadonlyArray<number> =>
      Array.from(Key.normal(count)(Key.fromSeed(seed)), z => z / 2)
    writeFileSync(
      join(directory, 'asked.json'),
      JSON.stringify({
        shapes: Object.values(first.params).map(({ shape }) => shape),
        // Those of the waves of the point and of `Net.fourier`.
        waves: scaled(5, 2 * 32),
        frequencies: scaled(0, 16),
        rates: Array.from({ length: STEPS }, (_, step) => Rate.at(step)(rate(budget))),
        batch: budget.batch,
        decay,
        drawn: DRAWN,
        ends: ENDS,
        heun: STEPS_OF_SAMPLES
      })
    )
    const seconds = Number(execFileSync(PYTHON, ['bench/networks.py', directory], { encoding: 'utf8' }))
    const samples = STEPS_OF_SAMPLES.map(steps => {
      const bytes = readFileSync(join(directory, `samples${steps}`))
      return { rows: DRAWN, dim: 2, values: new Float64Array(new Uint8Array(bytes).buffer) }
    })
    return { seconds, samples }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

useThreads(1)
const hasTorch = has('torch')
const show = (x: number): string => (Math.abs(x) < 1e-3 ? x.toExponential(1) : x.toPrecision(2))
console.log(`| law | learned by | processor, s | ${STEPS_OF_SAMPLES.map(steps => `${2 * steps} scores`).join(' | ')} |`)
for (const [name, law] of Object.entries(laws)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const points = law(ROWS)(key.data)
  const [test, other] = [law(DRAWN)(key.test), law(DRAWN)(key.other)]
  const row = (by: string, seconds: string, samples: ReadonlyArray<Points.Points>): void => {
    const distances = samples.map(found => show(Points.energyDistance(found, test)))
    console.log(`| ${[name, by, seconds, ...distances].join(' | ')} |`)
  }
  const { score, program } = training(budget)(points)
  const [{ params }, seconds] = timed(() => Run.last(program)(key.net))
  const learned = Sampler.learned(score, schedule, params)
  const drawnBy = (from: Sampler.ScoreFunction): ReadonlyArray<Points.Points> =>
    STEPS_OF_SAMPLES.map(steps => sample(DRAWN, 2, steps)(from))
  row('ours, float64', seconds.toFixed(1), drawnBy(learned))
  const [single, singleSeconds] = timed(() => Run.last(training(budget, 'float32')(points).program)(key.net))
  row('ours, float32', singleSeconds.toFixed(1), drawnBy(Sampler.learned(score, schedule, single.params)))
  if (hasTorch) {
    const found = torch(points)
    row('PyTorch, float32', found.seconds.toFixed(1), found.samples)
  }
  if (name === 'eight Gaussians') {
    row('exact mixture', '', drawnBy(Sampler.exact(eightGaussians, schedule)))
    row(
      'points of the law',
      '',
      STEPS_OF_SAMPLES.map(() => other)
    )
    posteriors({ network: learned, mixture: Sampler.exact(eightGaussians, schedule) })
  }
}

/** A call of a posterior's score as a program, and by the interpreter: milliseconds of the processor. */
function posteriors(priors: Readonly<Record<string, Sampler.Smooth>>): void {
  const seen = { matrix: [[1, 0.5]], observed: [1], deviation: 0.4 }
  for (const [name, prior] of Object.entries(priors))
    for (const rows of [500, 10_000]) {
      const points = { rows, dim: 2, values: Key.normal(2 * rows)(key.other) }
      const score = Guidance.posterior(seen, schedule)(prior)
      const program = (): unknown => score(points, 0.3)
      const interpreted = (): unknown =>
        compute(() => score.field(fromNdArray({ shape: [rows, 2], values: points.values }), f => fill([1, 1], f(0.3))))
      const [a, b] = [program, interpreted].map(call => {
        call()
        const least = Array.from({ length: 15 }, () => timed(call)[1])
        return 1000 * Math.min(...least)
      })
      console.log(
        `posterior of a ${name}, ${rows} rows: ${show(a)} ms as a program, ${show(b)} by the interpreter, ratio ${show(b / a)}`
      )
    }
}
