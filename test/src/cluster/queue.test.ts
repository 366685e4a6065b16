/** Leader and workers at a real server, with sums that are known: who takes them, who is refused, what fails and what is left. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import { sharedTable, tableOpener } from '../../../src/cli/sharedTable.js'
import { taskComputer, type Open } from '../../../src/cluster/taskComputer.js'
import { splitIntoRanges, hashRange } from '../../../src/cluster/rowRanges.js'
import { storeSums } from '../../../src/cluster/storedSums.js'
import type { Either } from '../../../src/core/either.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Source,
  Stage,
  NoiseLevels,
  Vocabulary
} from '../../../src/index.js'
import * as Statistics from '../../../src/mixture/statistics.js'
import type * as Backend from '../../../src/data/reductionBackend.js'
import { add, square, sub, sum } from '../../../lib/index.js'
import { connectLeader, assignRanges, type Leader } from '../../../src/cluster/leader.js'
import * as Messages from '../../../src/cluster/messages.js'
import { REDIS_KEYS, serverWatch } from '../../../src/cluster/queue.js'
import { worker, type TaskResult, type ComputeTask, type Worker } from '../../../src/cluster/worker.js'
import { secured, server, without, type Server } from './server.js'

const ROWS = 20_000
const CHUNKS = splitIntoRanges(ROWS)
const session: Messages.Session = { code: 'this', data: { path: 'x' }, rows: ROWS, hashes: CHUNKS.map(() => 'h') }

/** What a range sums at numbers, for each of its chunks. */
const sumsOf = (range: number, [x]: Float64Array): Float64Array =>
  Float64Array.from({ length: 3 * CHUNKS[range].chunks }, (_, i) => Elementary.sin(x + 100 * range + i))

const summing: ComputeTask = ({ range, question }) =>
  Promise.resolve<TaskResult>({ _tag: 'Sums', sums: sumsOf(range, question.numbers) })

const right = async <A>(made: Promise<Either<Problem.Problem, A>>): Promise<A> => Problem.orThrow(await made)

describe('shares', () => {
  it('are even, and keep what a worker has', () => {
    const two = assignRanges(5, new Map(), ['a', 'b'])
    expect([...two]).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'a'],
      [3, 'b'],
      [4, 'a']
    ])
    const three = assignRanges(5, two, ['a', 'b', 'c'])
    expect([0, 1, 2, 3].map(range => three.get(range))).toEqual(['a', 'b', 'a', 'b'])
    expect(three.get(4)).toBe('c')
    const one = assignRanges(5, three, ['b'])
    expect(new Set(one.values())).toEqual(new Set(['b']))
  })
})

describe('what a worker computes', () => {
  const points = Mixture.sample(ROWS)(Key.fromSeed(1))(Mixture.of({ means: [[0, 0]] }))
  const weights = new Float64Array(ROWS).map((_, i) => 1 + (i % 2))
  const source = Source.of({ ...points, weights })
  const question = (() => {
    const asked: Messages.StepRequest[] = []
    Statistics.of(source, 1, {
      evaluate: (sum, of) => {
        const { sum: program, numbers } = of()
        asked.push({ step: 1, program, numbers })
        return Reductions.evaluate(sum)
      }
    })(Mixture.of({ means: [[1, 2]] }))
    return asked[0]
  })()
  const of = (hashes: ReadonlyArray<string>, open: Open, range = 1): Promise<TaskResult> =>
    taskComputer(open)({ id: 's', session: { ...session, hashes }, range, question })
  const hashes = CHUNKS.map(range => hashRange(source, range))
  const opened =
    (own: Source.Source): Open =>
    () =>
      Promise.resolve({ _tag: 'Right', right: own })

  it('is what chunks sum, added as in one process', async () => {
    const whole = Statistics.of(source, 1)(Mixture.of({ means: [[1, 2]] }))
    const parts = await Promise.all(CHUNKS.map((_, range) => of(hashes, opened(source), range)))
    const found = Statistics.of(source, 1, {
      evaluate: sum => {
        const sums = new Float64Array(sum.width)
        for (const part of parts) Reductions.addChunkSums(sums, part._tag === 'Sums' ? part.sums : new Float64Array(0))
        return sum.finish(sums)
      }
    })(Mixture.of({ means: [[1, 2]] }))
    expect(found).toEqual(whole)
  })

  it('is nothing of other rows or weights, which are refused by their number', async () => {
    const { firstRow } = CHUNKS[1]
    const values = points.values.slice()
    values[2 * firstRow] += 1e-12
    const other = await of(hashes, opened(Source.of({ ...points, weights, values })))
    expect(other).toMatchObject({
      _tag: 'Refused',
      problem: { field: `rows ${firstRow + 1} to ${firstRow + CHUNKS[1].rows}` }
    })
    expect(await of(hashes, opened(Source.of(points)))).toMatchObject({ _tag: 'Refused' })
    const fewer = Source.of({ rows: 1, dim: 2, values: Float64Array.of(1, 2) })
    expect(await of(hashes, opened(fewer))).toMatchObject({ _tag: 'Refused', problem: { field: 'rows', value: '1' } })
  })

  it('is of rows with their partners, and nothing of other partners', async () => {
    const towards = Objective.define({
      name: 'towards',
      about: 'how far the score leads past the partner',
      fields: { noiseLevels: NoiseLevels.field },
      meaning: ({ noiseLevels }) => ({
        noiseLevels,
        perRow: ({ score, noisy, partner }) => sum(square(sub(add(noisy, score), partner)), 1)
      })
    })
    const vocabulary = Vocabulary.extend(Vocabulary.standard, [towards])
    const paired = Source.of({ ...points, partner: points.values.map(x => 2 * x) })
    const asked: Messages.StepRequest[] = []
    const loss = {
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.isotropic({ components: 1 }),
      objective: towards({ noiseLevels: NoiseLevels.at(0.5) }),
      expectation: Expectation.monteCarlo()
    }
    const evaluate = (backend: Backend.Backend) => {
      const program = Compile.pipeline(
        Pipeline.of({
          schedule: loss.schedule,
          score: loss.score,
          initializer: Initializer.values(Params.of({ means: [[1, 2]], logits: [0], logVariances: [0] })),
          stages: [
            Stage.descend({ objective: loss.objective, optimizer: Optimizer.gradientDescent({ rate: 0.1 }), steps: 1 })
          ]
        }),
        { backend }
      )(paired)
      return Run.last(Problem.orThrow(program))(Key.fromSeed(1)).params
    }
    const whole = evaluate({
      evaluate: (sum, of) => {
        const { sum: program, numbers } = of()
        asked.push({ step: 1, program, numbers })
        return Reductions.evaluate(sum)
      }
    })
    const hashes = CHUNKS.map(range => hashRange(paired, range))
    const by = (source: Source.Source, range: number): Promise<TaskResult> =>
      taskComputer(opened(source), vocabulary)({ id: 's', session: { ...session, hashes }, range, question: asked[0] })
    const parts = await Promise.all(CHUNKS.map((_, range) => by(paired, range)))
    expect(
      evaluate({
        evaluate: sum => {
          const sums = new Float64Array(sum.width)
          for (const part of parts)
            Reductions.addChunkSums(sums, part._tag === 'Sums' ? part.sums : new Float64Array(0))
          return sum.finish(sums)
        }
      })
    ).toEqual(whole)
    const other = Source.of({ ...points, partner: points.values })
    expect(await by(other, 0)).toMatchObject({ _tag: 'Refused' })
    expect(await by(Source.of(points), 0)).toMatchObject({ _tag: 'Refused' })
  })

  it('is nothing of what is not known here', async () => {
    const unknown = { ...question, program: { name: 'require', of: 'fs' } }
    const answer = await taskComputer(opened(source))({
      id: 's',
      session: { ...session, hashes },
      range: 0,
      question: unknown
    })
    expect(answer).toMatchObject({ _tag: 'Failed', problem: { field: 'sum' } })
    expect(await of(hashes, opened(source), 99)).toMatchObject({ _tag: 'Failed', problem: { field: 'range' } })
  })

  it('is nothing of numbers that the program has no place for, before anything of their size is made', async () => {
    const numbers = question.numbers
    const { program } = question
    const asked = (program: unknown, numbers: Float64Array): Promise<TaskResult> =>
      taskComputer(opened(source))({
        id: 's',
        session: { ...session, hashes },
        range: 0,
        question: { step: 1, program, numbers }
      })
    expect(await asked(program, numbers)).toMatchObject({ _tag: 'Sums' })
    // A mixture says all.
    await expect(asked(program, new Float64Array(3))).rejects.toMatchObject({
      problem: { field: 'numbers', value: '3' }
    })
    const ofOne = { name: 'statistics', mixture: Mixture.codec.encode(Mixture.of({ means: [[0]] })) }
    expect(await asked(ofOne, numbers)).toMatchObject({ _tag: 'Failed', problem: { field: 'sum' } })
    const score = (components: number): unknown =>
      Vocabulary.codec(Vocabulary.standard)(Score.concept).encode(Score.isotropic({ components }))
    const expectation = (components: number, middle: ReadonlyArray<number> | null = null): unknown => ({
      name: 'expectation',
      score: score(components),
      middle,
      kind: 'likelihood',
      level: null
    })
    // two centres, two logits, two log-variances
    const parameters = Float64Array.of(0, 0, 1, 1, 0, 0, 0, 0)
    expect(await asked(expectation(2), parameters)).toMatchObject({ _tag: 'Sums' })
    await expect(asked(expectation(3), parameters)).rejects.toMatchObject({ problem: { field: 'numbers' } })
    expect(await asked(expectation(1e9), parameters)).toMatchObject({
      _tag: 'Failed',
      problem: { field: 'components', value: '1000000000' }
    })
    expect(await asked(expectation(2, [0]), parameters)).toMatchObject({ _tag: 'Failed', problem: { field: 'sum' } })
  })

  it('is of tables of its folder alone, with the file and the row of what is wrong', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ornstein-shared-'))
    try {
      writeFileSync(join(folder, 'table.csv'), 'x,y\n1,2\n3,4.5.6\n')
      const open = tableOpener(folder)
      const wrong = await open(sharedTable('table.csv', {}))
      expect(wrong).toMatchObject({ _tag: 'Left', left: { value: '4.5.6' } })
      expect(JSON.stringify(wrong)).toMatch(/table\.csv, row 2, column 2/)
      for (const path of ['/etc/passwd', '../x.csv', 'a/../../x.csv', '.'])
        expect(await open(sharedTable(path, {}))).toMatchObject({ _tag: 'Left', left: { value: path } })
      for (const junk of [null, 'table.csv', { path: 3, options: {} }, { path: 'table.csv', options: { skip: 'x' } }])
        expect(await open(junk)).toMatchObject({ _tag: 'Left', left: { domain: 'a table by its path' } })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('what is kept of sums', () => {
  it('is gone on from where it ends, whatever was half written, and by the same fit alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ornstein-journal-'))
    const path = join(folder, 'sums')
    const source = Source.of({ rows: 3, dim: 1, values: Float64Array.of(1, 2, 6) })
    const mixtures = [0, 1, 2].map(x => Mixture.of({ means: [[x]] }))
    const all = mixtures.map(mixture => Statistics.of(source, 1)(mixture))
    /** How many of the first so many are asked of the place itself. */
    const asked = (of: unknown, count: number): number => {
      let times = 0
      const { backend, close } = Problem.orThrow(
        storeSums(
          path,
          of
        )({
          evaluate: sum => {
            times += 1
            return Reductions.evaluate(sum)
          }
        })
      )
      const found = mixtures.slice(0, count).map(mixture => Statistics.of(source, 1, backend)(mixture))
      close()
      expect(found).toEqual(all.slice(0, count))
      return times
    }
    try {
      expect(asked('a', 2)).toBe(2)
      expect(asked('a', 3)).toBe(1)
      expect(asked('a', 3)).toBe(0)
      expect(storeSums(path, 'b')({ evaluate: Reductions.evaluate })).toMatchObject({
        _tag: 'Left',
        left: { field: '--checkpoint' }
      })
      const whole = readFileSync(path)
      for (const end of [whole.length - 1, whole.length - 60]) {
        writeFileSync(path, whole.subarray(0, end))
        expect(asked('a', 3)).toBe(1)
        expect(readFileSync(path)).toEqual(whole)
      }
      whole[whole.length - 50] ^= 1
      writeFileSync(path, whole)
      expect(asked('a', 3)).toBe(1)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('messages', () => {
  it('arrive as they were sent, to the bit', () => {
    const numbers = Float64Array.of(-0, 1 / 3, Infinity, NaN, 5e-324)
    const asked = { step: 7, program: { name: 'ünique', list: [1, null] }, numbers }
    expect(Messages.readStepRequest(Messages.writeStepRequest(asked))).toEqual(asked)
    expect(Messages.readSession(Messages.writeSession(session))).toMatchObject(session)
  })

  it('are nothing where they are no such messages', () => {
    const whole = Messages.writeStepRequest({ step: 1, program: {}, numbers: Float64Array.of(1, 2) })
    expect(Messages.readStepRequest(whole.subarray(0, 12))).toBe(null)
    expect(Messages.readStepRequest(whole.subarray(0, 24))).toBe(null)
    expect(Messages.readSession('{"format":"another","code":"c","data":1,"rows":1,"hashes":[]}')).toBe(null)
    expect(Messages.readSession('{')).toBe(null)
    expect(Messages.readOrder({ session: 's', step: '1', ranges: [] })).toBe(null)
    expect(Messages.readNote('{"_tag":"Done","worker":"w"}')).toBe(null)
  })
})

describe('a connection that ends under a transaction', () => {
  it('is told as the reason, though the error is the first of its own earlier ones', async () => {
    const redis = new Redis({ port: 1, maxRetriesPerRequest: null })
    redis.on('error', () => undefined)
    const said: string[] = []
    const server = serverWatch('redis://here', line => void said.push(line))
    const answer = redis.multi().set('a', 1).exec().then(server.recordReply, server.recordLoss)
    redis.disconnect()
    await answer
    expect(said).toEqual(['redis://here does not serve (Connection is closed.); waiting for it: look whether it runs'])
  })
})

describe.skipIf(without !== null)('a queue', () => {
  let own: Server
  let redis: Redis
  let workers: Worker[] = []
  let leaders: Leader[] = []
  const said: string[] = []
  const say = (line: string): void => void said.push(line)

  beforeAll(async () => {
    own = await server()
    redis = new Redis(own.url)
  })
  afterEach(async () => {
    for (const one of leaders) await one.close()
    for (const one of workers) await one.close()
    leaders = []
    workers = []
    said.length = 0
  })
  afterAll(async () => {
    redis.disconnect()
    await own.remove()
  })

  const work = async (compute: ComputeTask = summing, code = 'this'): Promise<Worker> => {
    const made = await right(worker(own.url, code, compute, say))
    workers.push(made)
    return made
  }
  const lead = async (): Promise<Leader> => {
    const made = await right(connectLeader(own.url, session, say))
    leaders.push(made)
    return made
  }
  const expected = (x: number): ReadonlyArray<Float64Array> => CHUNKS.map((_, i) => sumsOf(i, Float64Array.of(x)))
  const asked = (of: Leader, x: number): ReturnType<Leader['ask']> =>
    of.ask({ program: { name: 'sin' }, numbers: Float64Array.of(x) }, 3)

  it.each([1, 2, 5])('gives the sums of all ranges in their order, with %i workers', async count => {
    for (let i = 0; i < count; i++) await work()
    const one = await lead()
    for (const x of [1, 2, 3]) expect(await right(asked(one, x))).toEqual(expected(x))
  })

  it('leaves a worker the ranges it has read, and leaves nothing behind', async () => {
    const takenBy = new Map<number, Set<string>>()
    const noting =
      (name: string): ComputeTask =>
      task => {
        takenBy.set(task.range, (takenBy.get(task.range) ?? new Set()).add(name))
        return summing(task)
      }
    await work(noting('a'))
    await work(noting('b'))
    const one = await lead()
    for (let x = 0; x < 20; x++) await right(asked(one, x))
    expect([...takenBy.values()].map(({ size }) => size)).toEqual(CHUNKS.map(() => 1))
    for (const { name } of workers) expect(await redis.xlen(`ornstein:${name}:events`)).toBeLessThan(400)
    for (const each of [...leaders, ...workers]) await each.close()
    leaders = []
    workers = []
    expect((await redis.keys('*')).sort()).toEqual([])
  })

  it('waits for a server that is full, and says so', async () => {
    const heard: string[] = []
    await work()
    const one = await right(connectLeader(own.url, session, line => void heard.push(line)))
    leaders.push(one)
    await redis.config('SET', 'maxmemory', '1')
    const answer = asked(one, 1)
    while (!heard.some(line => line.includes('raise its maxmemory')))
      await new Promise(resolve => setTimeout(resolve, 20))
    await redis.config('SET', 'maxmemory', '0')
    expect(await right(answer)).toEqual(expected(1))
    expect(heard).toEqual([expect.stringMatching(/does not serve \(OOM /), expect.stringMatching(/ serves again$/)])
  })

  it('goes on without a worker that stops answering, and with one that comes', async () => {
    let isStuck = false
    const stuck: ComputeTask = task => (isStuck ? new Promise(() => undefined) : summing(task))
    const first = await work(stuck)
    const one = await lead()
    expect(await right(asked(one, 1))).toEqual(expected(1))
    isStuck = true
    const second = asked(one, 2)
    // as the server sees a worker that was killed
    workers = []
    await new Promise(resolve => setTimeout(resolve, 100))
    const closing = first.close()
    await work()
    expect(await right(second)).toEqual(expected(2))
    void closing
  })

  it('removes what workers have left that are no more, and leaves to the next look what it cannot remove', async () => {
    const left = async (name: string): Promise<unknown> => [
      await redis.sismember(REDIS_KEYS.workers, name),
      await redis.keys(`ornstein:${name}:*`)
    ]
    await redis.sadd(REDIS_KEYS.workers, 'killed')
    await redis.set('ornstein:killed:active', 'of another kind')
    const told = await work()
    await work()
    const one = await lead()
    expect(await right(asked(one, 1))).toEqual(expected(1))
    expect(await left('killed')).toMatchObject([1, expect.arrayContaining(['ornstein:killed:active'])])
    await told.close()
    // A job that the leader has sent meanwhile.
    await redis.hset(`ornstein:${told.name}:meta`, 'opts.maxLenEvents', 100)
    await redis.del('ornstein:killed:active')
    expect(await right(asked(one, 2))).toEqual(expected(2))
    for (const name of ['killed', told.name]) expect(await left(name)).toEqual([0, []])
  })

  it('refuses a worker of other code, or with other data, and says so', async () => {
    const data: ComputeTask = () =>
      Promise.resolve({ _tag: 'Refused', problem: Problem.of('rows 1 to 512', 'abc', "the leader's", 'give others') })
    await work(summing, 'other')
    await work(data)
    const one = await lead()
    expect(await asked(one, 1)).toMatchObject({ _tag: 'Left' })
    expect(said.join('\n')).toMatch(/is refused: code: other is not the leader's, this/)
    expect(said.join('\n')).toMatch(/is refused: rows 1 to 512: abc is not the leader's/)
    await work()
    expect(await right(asked(one, 2))).toEqual(expected(2))
  })

  it('fails at a range that fails wherever it is tried, by its rows, after three trials', async () => {
    let trials = 0
    const poisoned: ComputeTask = task => {
      if (task.range !== 1) return summing(task)
      trials += 1
      return Promise.resolve({ _tag: 'Failed', problem: Problem.of('x.csv, row 700', '"abc"', 'a number', 'mend it') })
    }
    await work(poisoned)
    await work(poisoned)
    const one = await lead()
    const found = await asked(one, 1)
    const { firstRow, rows } = CHUNKS[1]
    const field = `rows ${firstRow + 1} to ${firstRow + rows}, x.csv, row 700`
    expect(found).toEqual({ _tag: 'Left', left: Problem.of(field, '"abc"', 'a number', 'mend it') })
    expect(trials).toBe(3)
  })

  it('a range that fails once is tried again', async () => {
    let isFirst = true
    const once: ComputeTask = task => {
      if (task.range !== 1 || !isFirst) return summing(task)
      isFirst = false
      return Promise.resolve({ _tag: 'Failed', problem: Problem.of('row 700', '"abc"', 'a number', 'mend it') })
    }
    await work(once)
    expect(await right(asked(await lead(), 1))).toEqual(expected(1))
    expect(isFirst).toBe(false)
  })

  it('counts the first sums of a range that are of the width alone, and no messages of others', async () => {
    let begin = (): void => undefined
    const begun = new Promise<void>(resolve => {
      begin = resolve
    })
    await work(async task => {
      await begun
      return summing(task)
    })
    const one = await lead()
    const found = asked(one, 1)
    const [key] = await vi.waitFor(async () => {
      const keys = await redis.keys('ornstein:question:*')
      expect(keys).toHaveLength(1)
      return keys
    })
    const id = key.slice('ornstein:question:'.length)
    // a third of the width: as many numbers of each chunk, but not so many as the program has
    const [{ chunks, rows }] = CHUNKS
    await redis.hsetnx(REDIS_KEYS.sums(id, 1), '0', Messages.bytesOfDoubles(new Float64Array(chunks)))
    await redis.rpush(REDIS_KEYS.notes(id, 1), 'no JSON', '{"_tag":"Done","worker":"w","range":99}', '{"_tag":"Done"}')
    begin()
    expect(await right(found)).toEqual(expected(1))
    expect(said).toEqual([
      `sums of rows 1 to ${rows} are ${chunks} numbers and not ${3 * chunks}: they are asked for again`
    ])
  })

  it('removes keys that somebody has given another kind, says so, and goes on', async () => {
    await work()
    const one = await lead()
    expect(await right(asked(one, 1))).toEqual(expected(1))
    await redis.set(REDIS_KEYS.workers, 'x')
    expect(await right(asked(one, 2))).toEqual(expected(2))
    expect(said).toEqual(['the key ornstein:workers was no set but a string: it is removed'])
  })

  it('tells names and notes of others without what a terminal obeys', async () => {
    const name = '\x1b]0;mine\x07\x1b[2Jother\nerror: made up'
    await redis.sadd(REDIS_KEYS.workers, name)
    await redis.set(REDIS_KEYS.alive(name), '\x1b[31mcode', 'PX', 60_000)
    const loud: ComputeTask = () =>
      Promise.resolve({
        _tag: 'Refused',
        problem: Problem.of('f\x1b[2J', 'v\n\rerror: made up', 'd\u202e', 'r'.repeat(1e5))
      })
    await work(loud)
    const one = await lead()
    const found = await asked(one, 1)
    const all = [...said, JSON.stringify(found)]
    expect(said.join()).toContain('worker \\u{1b}]0;mine\\u{7}\\u{1b}[2Jother\\u{a}error: made up is refused')
    expect(all.join()).toContain('v\\u{a}\\u{d}error')
    for (const line of all) {
      expect(line).toMatch(/^[^\p{Cc}\p{Cf}]*$/u)
      expect(line.length).toBeLessThan(3000)
    }
    await redis.srem(REDIS_KEYS.workers, name)
  })

  it('lets those in who have the password, and says so to others', async () => {
    const locked = await server('--requirepass', 'secret')
    const open = locked.url.replace('//', '//:secret@')
    const own = await right(worker(open, 'this', summing, say))
    const one = await right(connectLeader(open, session, say))
    expect(await right(asked(one, 1))).toEqual(expected(1))
    for (const url of [locked.url, locked.url.replace('//', '//:wrong@')]) {
      const refused = await connectLeader(url, session, say, 300)
      expect(refused).toMatchObject({ _tag: 'Left', left: { field: 'queue' } })
      expect(JSON.stringify(refused)).toMatch(/NOAUTH|WRONGPASS/)
    }
    await one.close()
    await own.close()
    await locked.remove()
  })

  it('goes by TLS, to a server whose certificate is trusted alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ornstein-tls-'))
    const [cert, key] = ['cert.pem', 'key.pem'].map(name => join(folder, name))
    const request = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1'
    expect(spawnSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert]).status).toBe(0)
    const tls = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no']
    const safe = await secured(...tls, '--requirepass', 'secret')
    const { hostname: host, port } = new URL(safe.url)
    const connection = { host, port: Number(port), password: 'secret', tls: { ca: readFileSync(cert, 'utf8') } }
    const made = await right(worker(connection, 'this', summing, say))
    const one = await right(connectLeader(connection, session, say))
    expect(await right(asked(one, 1))).toEqual(expected(1))
    const stranger = await connectLeader(safe.url.replace('//', '//:secret@'), session, say, 300)
    expect(JSON.stringify(stranger)).toMatch(/self-signed certificate/)
    const plain = await connectLeader(safe.url.replace('rediss', 'redis'), session, say, 300)
    expect(plain).toMatchObject({ _tag: 'Left', left: { field: 'queue' } })
    await one.close()
    await made.close()
    await safe.remove()
    rmSync(folder, { recursive: true })
  })

  it('tells where no server is, and no password', async () => {
    const nowhere = await connectLeader('redis://:secret@127.0.0.1:1', session, say, 300)
    expect(nowhere).toMatchObject({ _tag: 'Left', left: { field: 'queue' } })
    expect(JSON.stringify(nowhere)).not.toContain('secret')
  })
})
