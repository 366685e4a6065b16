/**
 * Checkpoints of the command line: a run that is killed at any moment, or stopped by a signal, goes on to the same bits.
 * `npm test` has built what is killed here.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { afterAll, describe, expect, it } from 'vitest'
import {
  Expectation,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Problem,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import { nodeFiles } from '../../../src/cli/files.js'
import { workFailure, type Signal, type World } from '../../../src/cli/world.js'
import { SEED, isSlow, once, spread } from '../../cases.js'
import { example, place } from './harness.js'
import { written } from './pipelines.js'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const here = place()
afterAll(here.remove)

/** Two stages, by optimizers that remember, on noise and batches that are drawn anew at every step. */
const stage = (time: number, steps: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    expectation: Expectation.monteCarlo(),
    optimizer: Optimizer.adam({ rate: 0.01 }),
    steps,
    batch: 64
  })
for (const [name, steps] of [
  ['short.json', 120],
  ['long.json', 600]
] as const)
  here.write(
    name,
    written(Score.isotropic({ components: 3 }), Initializer.kMeansPlusPlus, stage(0.5, steps), stage(0.1, steps))
  )

const fit = (pipeline: string, rest: string): string =>
  `fit %faithful.csv --standardize --pipeline @${pipeline} ${rest} --json`

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

/** The command as a process, and a signal that is sent to it when a file is there, and so many milliseconds have passed since. */
const child = (line: string, send?: { signal: NodeJS.Signals; file: string; after: number }): Promise<Ended> =>
  new Promise(resolve => {
    const argv = line
      .split(' ')
      .filter(word => word !== '')
      .map(word => word.replace(/^@/, `${here.at('')}/`).replace(/^%(.*)/, (_, name: string) => example(name)))
    const running = spawn(process.execPath, [main, ...argv], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    running.stderr.on('data', (data: Buffer) => {
      stderr += data.toString()
    })
    const looking = setInterval(() => {
      if (send === undefined || !existsSync(send.file)) return
      clearInterval(looking)
      setTimeout(() => running.kill(send.signal), send.after)
    }, 5)
    running.once('exit', (code, signal) => {
      clearInterval(looking)
      resolve({ code, signal, stderr })
    })
  })

/** What a model is, without the words of how it was asked for. */
const model = (name: string): unknown => JSON.parse(here.read(name))

describe('a run that is killed', () => {
  it('goes on to the same bits, wherever that was', async () => {
    // Left alone here, and killed as a process; both of one version, which the model names.
    const begun = Date.now()
    expect((await here.ornstein(fit('long.json', '--out @whole.json'), { version })).exit).toBe(0)
    const took = Date.now() - begun
    const whole = model('whole.json')
    const moments = pipe(Key.fromSeed(SEED), Key.uniform(isSlow ? 10 : 1))
    const kept = here.at('killed')
    const line = fit('long.json', '--out @out.json --checkpoint @killed --every 20 --resume')
    let kills = 0
    for (let i = 0; i < moments.length; i += 2) {
      // From the start, and then, where tests may be slow, from where that was left: each killed somewhere on its way.
      rmSync(kept, { force: true })
      for (const [turn, moment] of moments.subarray(i, i + 2).entries()) {
        const after = moment * (turn === 0 ? 0.5 : 0.8) * took
        const { signal } = await child(line, { signal: 'SIGKILL', file: turn === 0 ? kept : here.at(''), after })
        if (signal === 'SIGKILL') kills++
        expect(existsSync(kept)).toBe(true)
      }
      expect(await child(line)).toEqual({ code: 0, signal: null, stderr: '' })
      expect(model('out.json')).toEqual(whole)
    }
    expect(kills).toBeGreaterThan(0)
  })
})

describe('a run that a signal stops', () => {
  it.each(
    spread(2)<readonly [Signal, number]>([
      ['SIGINT', 130],
      ['SIGTERM', 143]
    ])
  )('%s keeps what it has learned, and goes on to the same bits', async (signal, exit) => {
    // The process of the test sends it to the command's world, which hears it at its third look.
    let looks = 0
    let now = 0
    const stopping = {
      now: () => (now += 20),
      untilSignal: <A>(work: (heard: () => Promise<Signal | null>) => Promise<A>) =>
        work(() => Promise.resolve(++looks >= 3 ? signal : null))
    }
    const name = `${signal}.json`
    const line = fit('short.json', `--out @${name} --checkpoint @${signal}`)
    const stopped = await here.ornstein(line, stopping)
    expect(stopped.exit).toBe(exit)
    expect(stopped.stderr).toMatch(
      new RegExp(`^interrupted by ${signal} in stage 1 of 2, after \\d+ of 120 steps: .* with --resume`)
    )
    expect(JSON.parse(stopped.stdout)).toMatchObject({ converged: false, stages: [{ endedBy: null }, { steps: 0 }] })
    const half = here.read(name)
    expect((await here.ornstein(fit('short.json', `--out @whole-${name}`))).exit).toBe(0)
    expect((await here.ornstein(`${line} --resume`)).exit).toBe(0)
    expect(here.read(name)).toBe(here.read(`whole-${name}`))
    expect(here.read(name)).not.toBe(half)
  })

  once('as a process says so with its exit code, and leaves a model', async () => {
    const line = fit('long.json', '--out @stopped.json --checkpoint @stopped --every 20')
    const send = { signal: 'SIGTERM', file: here.at('stopped'), after: 0 } as const
    expect(await child(line, send)).toMatchObject({
      code: 143,
      signal: null,
      stderr: expect.stringMatching(/^interrupted by SIGTERM in stage 1 of 2/) as unknown
    })
    expect(model('stopped.json')).toMatchObject({ format: 'ornstein-model', fit: { converged: false } })
  })

  once('while it chooses chooses among those that are learned', async () => {
    let now = 0
    let looks = 0
    const stopping: Partial<World> = {
      now: () => (now += 60),
      untilSignal: work => work(() => Promise.resolve(++looks >= 3 ? 'SIGINT' : null))
    }
    const line = 'fit %faithful.csv --family isotropic'
    const { exit, stderr, stdout } = await here.ornstein(`${line} --json`, stopping)
    expect(exit).toBe(130)
    expect(stderr).toMatch(/^interrupted by SIGINT with 2 candidates learned: /)
    const { choice } = JSON.parse(stdout) as { choice: { candidates: ReadonlyArray<{ components: number }> } }
    expect(choice.candidates.map(({ components }) => components).sort()).toEqual([1, 2])
    // What was not learned to its end is no evidence.
    expect(choice).toMatchObject({ interrupted: true })
    expect(stdout).not.toContain('posterior')
    looks = 0
    const said = (await here.ornstein(line, stopping)).stdout
    expect(said).toMatch(/Interrupted: of the 2 candidates learned so far, \d isotropic has the lowest ICLc\./)
    expect(said).not.toMatch(/posterior|clear|fair difference|close call|--criterion/)
  })
})

describe('a checkpoint', () => {
  const line = (rest: string): string => fit('short.json', `--checkpoint @kept --every 50 ${rest}`)
  once('is written at the end too, and is not written over', async () => {
    expect((await here.ornstein(line('--out @a.json'))).exit).toBe(0)
    const { exit, stderr } = await here.ornstein(line(''))
    expect({ exit, stderr }).toEqual({
      exit: 2,
      stderr:
        'error: --checkpoint: kept is not a new file; add --resume to continue from it, or remove it to start again\n'
    })
    expect((await here.ornstein(line('--out @b.json --resume'))).exit).toBe(0)
    expect(here.read('b.json')).toBe(here.read('a.json'))
  })

  once.each<[string, () => Promise<{ readonly exit: number; readonly stderr: string }>, RegExp]>([
    ['seed', () => here.ornstein(line('--resume --seed 1')), /of seed 0 is not of seed 1; give --seed 0/],
    [
      'pipeline',
      () => here.ornstein(line('--resume').replace('short', 'long')),
      /the pipeline is not the one of this run/
    ],
    ['data', () => here.ornstein(line('--resume --columns 1')), /the state is not one of this run/],
    [
      'version',
      () => here.ornstein(line('--resume'), { version: '9' }),
      /ornstein 1\.2\.3 is not of ornstein 9, whose bits are its own; use ornstein 1\.2\.3, or start again/
    ],
    [
      'file',
      () => {
        here.write('kept', here.read('kept').slice(0, 100))
        return here.ornstein(line('--resume'))
      },
      /the text is not JSON/
    ]
  ])('of another %s is refused, with a remedy', async (_, other, message) => {
    const { exit, stderr } = await other()
    expect(exit).toBe(2)
    expect(stderr).toMatch(message)
  })

  once('that cannot be written is said, and does not end the run', async () => {
    const { writeFiles } = nodeFiles([] as unknown as AsyncIterable<string>)
    const full = Problem.of('--checkpoint', 'full', 'on a disk with room', 'free some space')
    const { exit, stderr } = await here.ornstein(fit('short.json', '--checkpoint @full --out @unkept.json'), {
      writeFiles: outputs =>
        outputs[0].option === '--checkpoint' ? () => Promise.resolve(E.left(workFailure(full))) : writeFiles(outputs)
    })
    expect(exit).toBe(0)
    expect(stderr).toMatch(/^warning: --checkpoint: full is not on a disk with room; .*; the run goes on without it\n$/)
    expect(model('unkept.json')).toMatchObject({ format: 'ornstein-model' })
  })
})

describe('one candidate that grows', () => {
  const line = 'fit %faithful.csv -k 3 --family full --json --checkpoint'

  once('has a checkpoint of its last steps', async () => {
    const whole = await here.ornstein(`${line} @grown`)
    expect([whole.exit, existsSync(here.at('grown'))]).toEqual([0, true])
    expect(await here.ornstein(`${line} @grown --resume`)).toEqual(whole)
  })

  once('has none before', async () => {
    let now = 0
    const { exit, stderr } = await here.ornstein(`${line} @early`, {
      now: () => (now += 60),
      untilSignal: work => work(() => Promise.resolve('SIGINT'))
    })
    expect([exit, existsSync(here.at('early'))]).toEqual([130, false])
    expect(stderr).not.toContain('--resume')
  })
})
