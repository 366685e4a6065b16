/**
 * Fits of the command line by workers at a real server, all of them processes of their own that are killed at random moments: the
 * model is that of one process, to the byte. `npm test` has built what is killed here.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pipe } from 'fp-ts/lib/function.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Key, Mixture, Points } from '../../../src/index.js'
import { isNight, today } from '../../today.js'
import { ddpm, network } from '../cli/pipelines.js'
import { server, without, type Server } from './server.js'

const main = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ornstein-cluster-'))
const at = (name: string): string => join(folder, name)

const truth = Mixture.of({
  means: [
    [-1.2, 0],
    [1.2, 1]
  ],
  weights: [0.3, 0.7]
})

interface Ended {
  readonly code: number | null
  readonly stderr: string
}

interface Process {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has said so far. */
  readonly said: () => string
}

const ornstein = (...args: ReadonlyArray<string>): Process => {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString()
  })
  const ended = once(child, 'exit').then(([code]): Ended => ({ code: code as number | null, stderr }))
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

describe.skipIf(without !== null)('a fit by the workers of a queue', () => {
  let own: Server
  let workers: Process[] = []
  const alone: Partial<Record<Kind, string>> = {}

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
  const model = (name: string): string => readFileSync(at(name), 'utf8')

  beforeAll(async () => {
    const points = pipe(truth, Mixture.sample(9000)(Key.fromSeed(3)))
    const lines = Points.toCsv(points, ['a', 'b']).trim().split('\n')
    writeFileSync(at('table.csv'), lines.map((line, i) => `${line},${i === 0 ? 'w' : 1 + (i % 3)}`).join('\n'))
    own = await server()
    writeFileSync(at('ddpm.json'), ddpm(40))
    writeFileSync(at('network.json'), network(20))
    for (const kind of kinds) {
      const { code, stderr } = await fit(kind, 'alone.json', '--stream').ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      alone[kind] = model('alone.json')
    }
  })
  afterAll(async () => {
    await dismiss()
    await own.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is that of one process, whatever the number of workers', async () => {
    for (const count of isNight ? [1, 2, 8] : [2]) {
      await Promise.all(Array.from({ length: count }, () => work()))
      for (const kind of kinds) {
        expect(await shared(kind, 'shared.json').ended).toEqual({ code: 0, stderr: '' })
        expect(model('shared.json')).toBe(alone[kind])
      }
      await dismiss()
    }
  })

  const kills = isNight ? 50 : 3
  it(`survives ${kills} kills of workers, the leader and the server`, async () => {
    const draws = pipe(Key.fromSeed(today), Key.uniform(2 * kills))
    await Promise.all([work(), work()])
    // each kind of fit in its turn, another first each day
    let fitted = today
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
      expect(model('killed.json')).toBe(alone[kind()])
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
      // each in its turn, so that a day meets all
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
  })
})
