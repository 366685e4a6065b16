/** Whole tasks, and sweeps by workers, at a real server: who does them, what is done anew, and what is left. `npm test` has built what is killed here. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Either } from '../../../src/core/either.js'
import { Problem } from '../../../src/index.js'
import { keys } from '../../../src/cluster/queue.js'
import { performed, type Perform, type Task } from '../../../src/cluster/tasks.js'
import { worker, type Worker } from '../../../src/cluster/worker.js'
import { isInTurn, isNight } from '../../today.js'
import { example, place } from '../cli/harness.js'
import { server, without, type Server } from './server.js'

const main = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url))
const later = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds))
const right = async <A>(made: Promise<Either<Problem.Problem, A>>): Promise<A> => Problem.orThrow(await made)

describe.skipIf(without !== null)('at a queue', () => {
  let own: Server
  let workers: Worker[] = []
  const said: string[] = []
  const say = (line: string): void => void said.push(line)

  beforeAll(async () => {
    own = await server()
  })
  afterEach(async () => {
    for (const one of workers) await one.close()
    workers = []
    said.length = 0
  })
  afterAll(() => own.remove())

  const tasks: ReadonlyArray<Task> = Array.from({ length: 9 }, (_, i) => ({ name: `t${i}`, task: { x: i } }))
  const squared: Perform = given => Promise.resolve({ square: (given as { x: number }).x ** 2 })
  const squares = Object.fromEntries(tasks.map(({ name }, i) => [name, { square: i * i }]))
  const work = async (perform: Perform, code = 'this'): Promise<Worker> => {
    const made = await right(
      worker(own.url, code, () => Promise.reject(new Error('no sums are asked for')), say, perform)
    )
    workers.push(made)
    return made
  }
  const asked = async (id: string, some = tasks): Promise<Readonly<Record<string, unknown>>> => {
    const found: Record<string, unknown> = {}
    const done = (name: string, result: Either<Problem.Problem, unknown>): void => {
      found[name] = result._tag === 'Right' ? result.right : result.left
    }
    await right(performed(own.url, 'this', id, some, done, say, () => Promise.resolve(false)))
    return found
  }

  it('each task is done by one worker of the same code, and nothing is left', async () => {
    const takenBy = new Map<string, number>()
    const noting =
      (who: string): Perform =>
      async (task, ended) => {
        takenBy.set(who, (takenBy.get(who) ?? 0) + 1)
        await later(20)
        return squared(task, ended)
      }
    await work(noting('other'), 'other')
    await work(noting('a'))
    await work(noting('b'))
    expect(await asked('apart')).toEqual(squares)
    expect([...takenBy.keys()].sort()).toEqual(['a', 'b'])
    expect([...takenBy.values()].reduce((sum, count) => sum + count, 0)).toBe(tasks.length)
    const redis = new Redis(own.url)
    expect(await redis.keys('ornstein:*apart*')).toEqual([])
    redis.disconnect()
  })

  it('what was done since results were last gathered is not done again', async () => {
    const redis = new Redis(own.url)
    await redis.hset(keys.results('known'), 't0', JSON.stringify({ square: 0 }))
    redis.disconnect()
    const taken: unknown[] = []
    await work((task, ended) => {
      taken.push(task)
      return squared(task, ended)
    })
    expect(await asked('known', tasks.slice(0, 2))).toEqual({ t0: { square: 0 }, t1: { square: 1 } })
    expect(taken).toEqual([{ x: 1 }])
  })

  it('what a worker leaves behind is begun anew by another, and a server that lost all is told again', async () => {
    const ends: string[] = []
    const leaving = await work(async (_, ended) => {
      await once(ended, 'abort')
      ends.push('a')
      return null
    })
    const found = asked('left')
    await later(300)
    await leaving.close()
    workers = []
    expect(ends).toEqual(['a'])
    const redis = new Redis(own.url)
    await redis.flushall()
    redis.disconnect()
    await work(squared)
    expect(await found).toEqual(squares)
  })

  it('a task that ends its workers is given up', async () => {
    const poisoned: Perform = async (given, ended) => {
      if ((given as { x: number }).x === 3) throw new Error('out of memory')
      return squared(given, ended)
    }
    await work(poisoned)
    const { t3, ...rest } = await asked('poisoned')
    expect(t3).toMatchObject({ field: 'worker', value: expect.stringMatching(/th that ended over it/) as string })
    expect(rest).toEqual(Object.fromEntries(Object.entries(squares).filter(([name]) => name !== 't3')))
  })

  it('what is no result is asked for again, and keys of another kind are removed', async () => {
    const redis = new Redis(own.url)
    const found = asked('spoilt', tasks.slice(0, 1))
    await later(500)
    await redis.hset(keys.results('spoilt'), 't0', '{ no \x1b[2J')
    while (!said.some(line => line.includes('no JSON'))) await later(50)
    await redis.set(keys.begun('spoilt'), 'x')
    while (!said.some(line => line.includes('is removed'))) await later(50)
    await work(squared)
    expect(await found).toEqual({ t0: { square: 0 } })
    expect(said.filter(line => !line.startsWith('no worker'))).toEqual([
      'the result of a task is no JSON ({ no \\u{1b}[2J): it is asked for again',
      'the key ornstein:begun:spoilt was no hash but a string: it is removed'
    ])
    redis.disconnect()
  })

  it('says where no worker is', async () => {
    const found = asked('alone', tasks.slice(0, 1))
    await later(2500)
    expect(said.join()).toMatch(/no worker of this version at redis:\/\/127\.0\.0\.1:\d+ yet; start some/)
    await work(squared)
    expect(await found).toEqual({ t0: { square: 0 } })
  })
})

describe.skipIf(without !== null)('a sweep by workers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ornstein-swept-'))
  const at = (name: string): string => join(folder, name)
  let own: Server
  let workers: ChildProcess[] = []

  const work = async (cwd = folder): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [main, 'worker', '--queue', own.url], {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe']
    })
    workers.push(child)
    await once(child.stderr, 'data')
    return child
  }
  const swept = (out: string, ...more: ReadonlyArray<string>): ChildProcess =>
    spawn(process.execPath, [main, 'sweep', 'sweep.json', '--out', out, ...more], { cwd: folder, stdio: 'ignore' })
  const lines = (name: string): ReadonlyArray<string> => readFileSync(at(name), 'utf8').trim().split('\n')

  beforeAll(async () => {
    own = await server()
    copyFileSync(example('faithful.csv'), at('faithful.csv'))
    const fits = {
      em: { recipe: 'em', family: 'isotropic', components: 2 },
      three: { recipe: 'em', family: 'isotropic', components: 3 }
    }
    writeFileSync(at('sweep.json'), JSON.stringify({ data: ['faithful.csv'], seeds: [0], fits }))
  })
  afterEach(async () => {
    for (const child of workers) child.kill('SIGKILL')
    for (const child of workers) if (child.signalCode === null) await once(child, 'exit')
    workers = []
  })
  afterAll(async () => {
    await own.remove()
    rmSync(folder, { recursive: true })
  })

  it.runIf(isInTurn(2))('comes to what each fit prints, though a worker and the leader are killed', async () => {
    const first = await work()
    const leader = swept('killed', '--queue', own.url)
    await later(1200)
    first.kill('SIGKILL')
    leader.kill('SIGKILL')
    await once(leader, 'exit')
    await work()
    const [code] = (await once(swept('killed', '--queue', own.url, '--figure', 'fits.svg'), 'exit')) as [number]
    expect(code).toBe(0)
    const found = lines('killed').map(line => JSON.parse(line) as { readonly fit: string; readonly result: unknown })
    expect(found).toHaveLength(2)
    const here = place()
    for (const [fit, count] of Object.entries({ em: 2, three: 3 })) {
      const alone = await here.ornstein(`fit %faithful.csv --recipe em --family isotropic -k ${count} --json`)
      expect(found.find(line => line.fit === fit)?.result).toEqual(JSON.parse(alone.stdout))
    }
    here.remove()
    expect(readFileSync(at('fits.svg'), 'utf8').match(/class="dots"/g)).toHaveLength(2)
  })

  // The one comes one day, and the other the next.
  it.runIf(isNight || !isInTurn(2))('ends at a signal, and its worker is free at once', async () => {
    // as no other's
    const many = 100_000 + process.pid
    const long = { data: ['faithful.csv'], seeds: [0], fits: { long: { bootstrap: many, components: 3 } } }
    writeFileSync(at('long.json'), JSON.stringify(long))
    const running = (): boolean =>
      spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout.includes(`--bootstrap=${many}`)
    const until = async (is: boolean): Promise<void> => {
      while (running() !== is) await later(200)
    }
    const begun = (): ChildProcess =>
      spawn(process.execPath, [main, 'sweep', 'long.json', '--out', 'long', '--queue', own.url], {
        cwd: folder,
        stdio: 'ignore'
      })
    const one = await work()
    const leader = begun()
    await until(true)
    leader.kill('SIGINT')
    expect(await once(leader, 'exit')).toEqual([130, null])
    await until(false)
    // nor does a fit go on whose worker was killed
    const other = begun()
    await until(true)
    one.kill('SIGKILL')
    await until(false)
    other.kill('SIGTERM')
    expect(await once(other, 'exit')).toEqual([143, null])
  })

  it('is refused by a worker of other data, and loads no code', async () => {
    mkdirSync(at('other'))
    writeFileSync(at('other/faithful.csv'), 'a,b\n1,2\n')
    await work(at('other'))
    const [code] = (await once(swept('refused', '--queue', own.url), 'exit')) as [number]
    expect(code).toBe(1)
    for (const line of lines('refused')) expect(line).toMatch(/data: \w+ is not the leader's/)
  })
})
