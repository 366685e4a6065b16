/** Scores that are no mixtures, on the command line: learned, drawn from, evaluated, explained, and refused where they lack. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Expectation, Initializer, Key, Net, Objective, Optimizer } from '../../../src/index.js'
import { Parametrization, Params, Score, Stage, NoiseLevels } from '../../../src/index.js'
import * as Weights from '../../../src/score/weights.js'
import { replays } from '../../golden/sessions.js'
import { place } from './harness.js'
import { written } from './pipelines.js'

const here = place()
afterAll(here.remove)

// A linear network that predicts x_0 at each level knows a normal law: x̂_0 = α v x/(α²v + σ²), v = 1 where standardized.
const net = Net.mlp({ hidden: [16], embedding: Net.fourier(4) })
const pipeline = (noiseLevels: NoiseLevels.NoiseLevels, ...more: ReadonlyArray<Optimizer.Optimizer>): string =>
  written(
    Score.preconditioned(net, { deviation: 1 }),
    Initializer.networkDefault,
    Stage.descend({
      objective: Objective.denoising(noiseLevels, Parametrization.edm({ sigmaData: 1 })),
      expectation: Expectation.monteCarlo(),
      optimizer: Optimizer.chain(Optimizer.adam({ rate: 0.01 }), ...more),
      steps: 60,
      batch: 100,
      epochs: true
    })
  )

const rows = Key.normal(2000)(Key.fromSeed(4))
let told = ''
beforeAll(async () => {
  here.write('table.csv', `length\n${Array.from(rows, z => 5 + 2 * z).join('\n')}\n`)
  here.write('net.json', pipeline(NoiseLevels.uniformLogSnr(-5, 7)))
  here.write('once.json', pipeline(NoiseLevels.at(0.5)))
  const { stdout, ...rest } = await here.ornstein(
    'fit @table.csv --pipeline @net.json --standardize --json --out @score.json --checkpoint @kept'
  )
  expect(rest).toEqual({ exit: 0, stderr: '' })
  told = stdout
})

describe('a network on the command line', () => {
  it('is exported by name, and read as its own parameters', async () => {
    const { params } = JSON.parse(here.read('score.json')) as { readonly params: unknown }
    const shapes = Net.shapes(1)(Net.chain<string>(Net.standardized({ deviation: 1 }), net))
    for (const form of Weights.WEIGHT_FORMS) {
      expect(await here.ornstein(`export @score.json --to ${form} --out @weights.${form}`)).toEqual({
        exit: 0,
        stdout: '',
        stderr: ''
      })
      const read = Weights.readNetWeights(readFileSync(here.at(`weights.${form}`)))
      expect(pipe(read, E.flatMap(Weights.paramsFromWeights(shapes)))).toEqual(Params.codec.decode(params))
    }
  })

  it('is learned, and says so', async () => {
    expect(JSON.parse(told)).toMatchObject({ rows: 2000, columns: ['length'], standardized: true, steps: 60 })
    const { params } = JSON.parse(here.read('score.json')) as { params: object }
    expect(Object.keys(params)).toContain('hidden1.weights')
    const again = await here.ornstein(
      'fit @table.csv --pipeline @net.json --standardize --out @again.json --checkpoint @kept --resume'
    )
    expect(again.stdout).toMatch(/^Learned a score of 177 parameters from 2000 rows of \S+\.\n/)
    expect(here.read('again.json')).toBe(here.read('score.json'))
  })

  it('stops at a signal with what it has learned, and goes on to the same bits', async () => {
    let looks = 0
    let now = 0
    const line = 'fit @table.csv --pipeline @net.json --standardize --quiet --out @stopped.json --checkpoint @stopped'
    const { exit, stderr } = await here.ornstein(line, {
      now: () => (now += 20),
      untilSignal: work => work(() => Promise.resolve(++looks >= 3 ? 'SIGINT' : null))
    })
    expect(exit).toBe(130)
    expect(stderr).toMatch(/^interrupted by SIGINT in stage 1 of 1, after \d+ of 60 steps: .* with --resume/)
    expect(here.read('stopped.json')).not.toBe(here.read('score.json'))
    expect(await here.ornstein(`${line} --resume`)).toMatchObject({ exit: 0, stderr: '' })
    expect(here.read('stopped.json')).toBe(here.read('score.json'))
  })

  it('is reported with its samples, its loss by noise level and on its way, and nothing of components', async () => {
    const { stdout, stderr, exit } = await here.ornstein(
      'fit @table.csv --pipeline @net.json --standardize --report @net.html --figures @pictures --json'
    )
    expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 })
    const found = JSON.parse(stdout) as {
      parameters: number
      averaged: boolean
      levels: { ratio: number; value: number; normal: number }[]
      energyDistance: { samples: number; rows: number }
    }
    expect(found).toMatchObject({ parameters: 177, averaged: false })
    // Levels are those of a rule of 64 nodes. The data are a normal law: the least loss at each level is that law's own, on the same noise but for what 2000 rows say of it.
    expect(found.levels).toHaveLength(9)
    expect(found.levels[0].ratio).toBeCloseTo(Math.exp(-3.5), 3)
    expect(found.levels[8].ratio).toBeCloseTo(Math.exp(2.5), 0)
    for (const { value, normal } of found.levels) {
      expect(value).toBeGreaterThan(0.97 * normal)
      expect(value).toBeLessThan(1.2 * normal)
    }
    expect(found.energyDistance.samples).toBeLessThan(0.1)
    const page = here.read('net.html')
    expect(page).toMatch(/<h1>A score of 177 parameters<\/h1>/)
    expect(page).toMatch(/The loss by noise level/)
    expect(page).toMatch(/Bold: a running mean/)
    expect(page).toMatch(/energy distance/)
    expect(page).not.toMatch(/BIC|ICL|component \d|responsib|covariance of c|undefined|NaN/)
    expect(['samples', 'levels', 'objective-1'].map(name => here.read(`pictures/${name}.svg`).slice(0, 4))).toEqual(
      new Array(3).fill('<svg')
    )
  })

  it('says that its weights are averaged, where they are', async () => {
    const averaged = pipeline(NoiseLevels.uniformLogSnr(-5, 7), Optimizer.ema({ decay: 0.9 }))
    here.write('averaged.json', averaged)
    const { stdout } = await here.ornstein('fit @table.csv --pipeline @averaged.json --standardize')
    expect(stdout).toMatch(/weights +averaged over steps/)
    expect(stdout).toMatch(/σ\/α +loss +of a normal law/)
  })

  it('gives rows in the units of the data, fewer the first of more', async () => {
    const { stdout, exit } = await here.ornstein('sample @score.json -n 300 --seed 3')
    expect(exit).toBe(0)
    const drawn = stdout.split('\n').slice(1, -1).map(Number)
    const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length
    const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length
    // N(5, 4), from 300 rows: standard errors 0.12 and 0.33; the rest is what 60 steps have not learned.
    expect(Math.abs(mean - 5)).toBeLessThan(0.5)
    expect(Math.abs(variance - 4)).toBeLessThan(1.5)
    expect((await here.ornstein('sample @score.json -n 10 --seed 3')).stdout).toBe(
      `${stdout.split('\n').slice(0, 11).join('\n')}\n`
    )
  })

  it('has the log-likelihood of its flow', async () => {
    here.write('few.csv', `length\n${Array.from(rows.subarray(0, 200), z => 5 + 2 * z).join('\n')}\n`)
    const { stdout } = await here.ornstein('evaluate @score.json @few.csv --json')
    const { logLikelihood, noise } = JSON.parse(stdout) as { logLikelihood: number; noise: number }
    const exact =
      rows.subarray(0, 200).reduce((sum, z) => sum - (z * z) / 2 - Math.log(2) - Math.log(2 * Math.PI) / 2, 0) / 200
    // What the network has not learned, the standard error of centre and scale (1/√2000), and the noise that is left.
    expect(Math.abs(logLikelihood - exact)).toBeLessThan(0.1)
    expect(noise).toBeCloseTo(Math.exp(-3.5), 2)
    expect((await here.ornstein('evaluate @score.json @few.csv')).stdout).toMatch(/Along the probability flow/)
  })

  it('is explained as its pipeline', async () => {
    expect((await here.ornstein('explain @score.json')).stdout).toBe((await here.ornstein('explain @net.json')).stdout)
  })

  replays('networks', here)
})
