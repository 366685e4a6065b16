/**
 * Fits of the command line by workers at a real server, all of them processes of their own that are killed at random moments: the
 * model is that of one process, to the byte. `npm test` has built what is killed here.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pipe } from 'fp-ts/lib/function.js'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Key, Mixture, Points } from '../../../src/index.js'
import { SEED, isSlow } from '../../cases.js'
import { FIT_OPTIONS } from '../../../src/cli/fitOptions.js'
import { ALIVE_MILLISECONDS } from '../../../src/cluster/queue.js'
import { place } from '../cli/harness.js'
import { ddpm, network } from '../cli/pipelines.js'
import { server, without, type Server } from './server.js'

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const library = new URL('../../../dist/src/index.js', import.meta.url).href
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}
const here = place()
const { at } = here
const folder = at('')

const truth = Mixture.of({
  means: [
    [-1.2, 0],
    [1.2, 1]
  ],
  weights: [0.3, 0.7]
})

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

interface Process {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has said so far. */
  readonly said: () => string
}

const ornstein = (...args: ReadonlyArray<string>): Process => {
  const env = { ...process.env, ORNSTEIN_SCRATCH: at('scratch') }
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString()
  })
  const ended = once(child, 'close').then((): Ended => ({ code: child.exitCode, signal: child.signalCode, stderr }))
  return { child, ended, said: () => stderr }
}

const later = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds))

/** A mixture that is chosen; the DDPM objective by gradients; a network. */
const fits = {
  chosen: ['-k', '2', '--family', 'isotropic,tied'],
  'by descent': ['--pipeline', 'ddpm.json'],
  'a network': ['--pipeline', 'network.json']
} as const
type Kind = keyof typeof fits
const kinds = Object.keys(fits) as ReadonlyArray<Kind>

const done: Ended = { code: 0, signal: null, stderr: '' }

describe.skipIf(without !== null)('a fit by the workers of a queue', () => {
  let own: Server
  let workers: Process[] = []
  const models = new Map<Kind, string>()

  const work = async (...more: ReadonlyArray<string>): Promise<Process> => {
    const started = ornstein('worker', '--queue', own.url, ...more)
    workers.push(started)
    while (!started.said().includes('is ready')) await later(20)
    return started
  }
  const dismiss = async (): Promise<void> => {
    for (const { child } of workers) child.kill('SIGKILL')
    await Promise.all(workers.map(({ ended }) => ended))
    workers = []
  }
  const fit = (kind: Kind, name: string, ...more: ReadonlyArray<string>): Process =>
    ornstein('fit', 'table.csv', '--weights', 'w', '--quiet', '--out', name, ...fits[kind], ...more)
  const shared = (kind: Kind, name: string, ...more: ReadonlyArray<string>): Process =>
    fit(kind, name, '--queue', own.url, ...more)
  const model = here.read
  /** What one process comes to, which is that of the test. */
  const alone = async (kind: Kind): Promise<string> => {
    const known = models.get(kind)
    if (known !== undefined) return known
    const how = fits[kind].map(word => word.replace(/.*\.json$/, '@$&')).join(' ')
    const line = `fit @table.csv --weights w --quiet --out @alone.json ${how} --stream`
    expect(await here.ornstein(line, { version })).toMatchObject({ exit: 0, stderr: '' })
    // A recipe is named by its file, as it was asked for.
    const found = model('alone.json').replaceAll(at('/'), '')
    models.set(kind, found)
    return found
  }

  beforeAll(async () => {
    const points = pipe(truth, Mixture.sample(9000)(Key.fromSeed(3)))
    const lines = Points.toCsv(points, ['a', 'b']).trim().split('\n')
    writeFileSync(at('table.csv'), lines.map((line, i) => `${line},${i === 0 ? 'w' : 1 + (i % 3)}`).join('\n'))
    own = await server()
    mkdirSync(at('scratch'))
    writeFileSync(at('ddpm.json'), ddpm(40))
    writeFileSync(at('short.json'), ddpm(2))
    writeFileSync(at('network.json'), network(20))
  })
  afterAll(async () => {
    await dismiss()
    await own.remove()
    here.remove()
  })

  // What follows shares between two, and kills them too.
  it.runIf(isSlow).each([1, 4])('is that of one process, by %i workers', async count => {
    await Promise.all(Array.from({ length: count }, () => work()))
    for (const kind of kinds) {
      expect(await shared(kind, 'shared.json').ended).toEqual(done)
      expect(model('shared.json')).toBe(await alone(kind))
    }
    await dismiss()
  })

  // Each of the three in its turn, four times.
  const kills = 12
  it.runIf(isSlow)(`survives ${kills} kills of workers, the leader and the server`, async () => {
    const draws = pipe(Key.fromSeed(SEED), Key.uniform(2 * kills))
    await Promise.all([work(), work()])
    // each kind of fit in its turn
    let fitted = SEED
    const kind = (): Kind => kinds[fitted % kinds.length]
    const lead = (): Process =>
      shared(
        kind(),
        'killed.json',
        ...['--checkpoint', 'sums', '--resume'],
        // a choice writes down each sum as it comes
        ...(kind() === 'chosen' ? [] : ['--every', '1'])
      )
    const isRight = async (): Promise<void> => {
      expect(await leading.ended).toMatchObject({ code: 0 })
      expect(model('killed.json')).toBe(await alone(kind()))
    }
    let leading = lead()
    for (let i = 0; i < kills; i++) {
      await Promise.race([later(800 * draws[2 * i]), leading.ended])
      if (existsSync(at('killed.json'))) {
        await isRight()
        rmSync(at('killed.json'))
        rmSync(at('sums'))
        fitted += 1
        leading = lead()
      }
      // each in its turn
      const what = (['worker', 'leader', 'server'] as const)[i % 3]
      if (what === 'worker') {
        const [first, ...rest] = workers
        first.child.kill('SIGKILL')
        workers = rest
        await work()
      } else if (what === 'leader') {
        leading.child.kill('SIGKILL')
        await leading.ended
        leading = lead()
      } else {
        await own.kill()
        await later(500 * draws[2 * i + 1])
        await own.start()
      }
    }
    await isRight()
    // what workers that were killed have left goes with the next look of a leader
    await later(ALIVE_MILLISECONDS)
    expect(await ornstein('fit', 'table.csv', '--quiet', '--pipeline', 'short.json', '--queue', own.url).ended).toEqual(
      done
    )
    // what leaders that were killed have left lapses, the rest goes with who is told to go
    for (const { child } of workers) child.kill('SIGTERM')
    for (const { ended } of workers) expect(await ended).toMatchObject({ code: 143 })
    workers = []
    const redis = new Redis(own.url)
    for (const key of await redis.keys('*')) expect([key, await redis.pttl(key)]).not.toContain(-1)
    redis.disconnect()
    expect(readdirSync(at('scratch'))).toEqual([])
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([])
  })

  // A file of the leader's is read by the leader: by its name a worker would read one of its own machine.
  it.runIf(isSlow)('tells the queue of no file but the table', async () => {
    const paths = Object.entries(FIT_OPTIONS).flatMap(([key, { argument }]) => (argument?.isPath === true ? [key] : []))
    const named = (key: string): string => `private-${key}${key === 'vocabulary' ? '.mjs' : '.json'}`
    writeFileSync(at(named('fixed')), '[{ "mean": [1.2, 1] }]')
    writeFileSync(at(named('pipeline')), ddpm(5))
    writeFileSync(
      at(named('vocabulary')),
      `import { Schedule } from ${JSON.stringify(library)}\nexport const mine = Schedule.ornsteinUhlenbeck`
    )
    // Those of a pipeline do not go with those of a choice.
    const piped = ['pipeline', 'vocabulary']
    const given = (keys: ReadonlyArray<string>): ReadonlyArray<string> => keys.flatMap(key => [`--${key}`, named(key)])
    await work()
    const redis = new Redis(own.url)
    const monitor = await redis.monitor()
    const heard: string[] = []
    monitor.on('monitor', (_time: string, words: ReadonlyArray<string>) => heard.push(words.join(' ')))
    for (const keys of [piped, paths.filter(key => !piped.includes(key))]) {
      const how = keys === piped ? [] : ['-k', '2', '--family', 'isotropic']
      const fit = ornstein('fit', 'table.csv', '--weights', 'w', '--quiet', ...how, ...given(keys), '--queue', own.url)
      expect(await fit.ended).toEqual(done)
    }
    monitor.disconnect()
    redis.disconnect()
    expect(heard.some(line => line.includes('table.csv'))).toBe(true)
    expect(heard.filter(line => line.includes('private-'))).toEqual([])
    await dismiss()
  })

  const signals = [
    ['chosen', 'SIGTERM', 143],
    ['by descent', 'SIGINT', 130]
  ] as const
  it.runIf(isSlow).each(signals)(
    '%s, ends at %s with what it has, and goes on to the same bits',
    async (kind, signal, code) => {
      await work()
      const sessions = async (): Promise<ReadonlyArray<string>> => {
        const redis = new Redis(own.url)
        const found = await redis.keys('ornstein:session:*')
        redis.disconnect()
        return found.sort()
      }
      // of leaders that were killed
      const before = await sessions()
      const more = ['--checkpoint', signal, '--resume', ...(kind === 'chosen' ? [] : ['--every', '1'])]
      const stopped = shared(kind, 'stopped.json', ...more)
      // which begins with a line of its own, before signals are heard
      while (!existsSync(at(signal)) || statSync(at(signal)).size < 100) await later(5)
      stopped.child.kill(signal)
      const { stderr, ...ended } = await stopped.ended
      expect(ended).toEqual({ code, signal: null })
      expect(stderr).toMatch(
        new RegExp(`^(stopping … .*\n)?interrupted by ${signal} .* the checkpoint is in ${signal}`)
      )
      expect(JSON.parse(model('stopped.json'))).toMatchObject({ format: 'ornstein-model' })
      expect(model('stopped.json')).not.toBe(await alone(kind))
      expect(await sessions()).toEqual(before)
      expect(await shared(kind, 'stopped.json', ...more).ended).toEqual(done)
      expect(model('stopped.json')).toBe(await alone(kind))
      await dismiss()
    }
  )

  it.runIf(isSlow)('goes on without a worker that is told to go, and ends at a signal where none is left', async () => {
    const [first] = [await work(), await work()]
    const leading = shared('by descent', 'left.json', '--checkpoint', 'left', '--resume', '--every', '1')
    while (!existsSync(at('left'))) await later(5)
    first.child.kill('SIGTERM')
    const { stderr, ...ended } = await first.ended
    expect(ended, stderr).toEqual({ code: 143, signal: null })
    expect(await leading.ended).toEqual(done)
    expect(model('left.json')).toBe(await alone('by descent'))
    await dismiss()
    const waiting = shared('by descent', 'none.json')
    while (!waiting.said().includes('start some')) await later(20)
    waiting.child.kill('SIGINT')
    expect(await waiting.ended).toMatchObject({ code: null, signal: 'SIGINT' })
  })

  // The leader of queue.test.ts does so in the process of the test.
  it.runIf(isSlow)('waits for a server that is full, and says so', async () => {
    await work()
    const redis = new Redis(own.url)
    await redis.config('SET', 'maxmemory', '1')
    const leading = shared('by descent', 'full.json')
    while (!leading.said().includes('raise its maxmemory')) await later(20)
    await redis.config('SET', 'maxmemory', '0')
    redis.disconnect()
    const { code, stderr } = await leading.ended
    expect(code).toBe(0)
    expect(stderr).toMatch(/does not serve \(OOM .*\n.* serves again\n$/)
    expect(model('full.json')).toBe(await alone('by descent'))
    await dismiss()
  })
})
