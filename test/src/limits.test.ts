/** What asks for too much is refused with its number and a remedy, before anything of that size is made. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { isDeeper } from '../../lib/plain/nesting.js'
import { History } from '../../src/cli/history.js'
import * as json from '../../src/core/json.js'
import * as Limits from '../../src/core/limits.js'
import { nearestWords } from '../../src/core/spelling.js'
import {
  Compile,
  Initializer,
  Pipeline,
  Points,
  Problem,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  Vocabulary
} from '../../src/index.js'
import { isSlow, once } from '../cases.js'

const points = { rows: 4, dim: 1, values: Float64Array.of(-2, -1, 1, 2) }
const em = Stage.expectationMaximization({ steps: 3 })
const pipeline = (stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<'means'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    initializer: Initializer.fromData,
    stages
  })

const said = (either: E.Either<ReadonlyArray<Problem.Problem>, unknown>): ReadonlyArray<string> =>
  E.isLeft(either) ? either.left.map(Problem.show) : []

describe('a pipeline that asks for too much', () => {
  once('is served by as many starts of starts as the limit', () => {
    const most = Initializer.bestOf(100)(Initializer.bestOf(Limits.attempts / 100)(Initializer.fromData))
    expect(said(Compile.pipeline({ ...pipeline([em]), initializer: most })(points))).toEqual([])
  })

  it.runIf(isSlow)('is refused above the limit, and not at it', () => {
    expect(said(Compile.pipeline(pipeline([Stage.repeat(Limits.stages)(em)]))(points))).toEqual([])
    expect(said(Compile.pipeline(pipeline([Stage.restart(Limits.attempts)(em)]))(points))).toEqual([])
    expect(said(Compile.pipeline(pipeline([em, Stage.repeat(Limits.stages)(em)]))(points))).toHaveLength(1)
  })

  it.runIf(isSlow)('has at most so many problems listed, and the rest counted', () => {
    const times = Array.from({ length: 3e4 }, (_, i) => -1 - i)
    const found = said(Compile.pipeline(pipeline([Stage.anneal(times)(em)]))(points))
    expect(found).toHaveLength(Limits.problems + 1)
    expect(found.at(-1)).toBe(`the rest: a list of ${3e4 - Limits.problems} more is not shown; correct these first`)
  })
})

describe('a sampler that asks for too much', () => {
  once('is refused', () => {
    const asked = Sampler.compile({
      sampler: Sampler.annealedLangevin({ moves: 1e9 }),
      grid: TimeGrid.uniform({ from: 1, to: 0.1, steps: 1e9 }),
      schedule: Schedule.ornsteinUhlenbeck
    })
    expect(said(asked)).toEqual([
      'sampler.moves: 1000000000 is not ≤ 1000000; try 1',
      'grid.steps: 1000000000 is not ≤ 1000000; try 100'
    ])
  })
})

describe('JSON', () => {
  const written = Pipeline.codec(Vocabulary.standard).encode(pipeline([em])) as object
  const nested = (levels: number): unknown =>
    JSON.parse(
      JSON.stringify({ ...written, stages: ['HERE'] }).replace(
        '"HERE"',
        `${'{"_tag":"sequence","stages":['.repeat(levels)}${']}'.repeat(levels)}`
      )
    )

  once.each([4000, 100_000])('nested %i deep is refused, by the codec and by the tool', levels => {
    expect(E.isLeft(Pipeline.codec(Vocabulary.standard).decode(nested(levels)))).toBe(true)
    expect(said(json.decodeJson(Pipeline.codec(Vocabulary.standard), 'p.json')(nested(levels)))).toEqual([
      'p.json: nested deeper than 100 levels is not readable; put stages in one sequence, not in each other'
    ])
  })

  once('nested as deep as is allowed is read', () => {
    // Two levels each, and two for the pipeline and its list.
    expect(E.isRight(Pipeline.codec(Vocabulary.standard).decode(nested((Limits.maxDepth - 2) / 2)))).toBe(true)
    expect(E.isRight(Pipeline.codec(Vocabulary.standard).decode(nested((Limits.maxDepth - 2) / 2 + 1)))).toBe(false)
  })

  once('with 20 000 wrong entries has the first listed and the rest counted', () => {
    const wrong = { ...written, schedule: { _tag: 'betas', betas: Array.from({ length: 2e4 }, () => 'x') } }
    expect(said(json.decodeJson(Pipeline.codec(Vocabulary.standard), 'p.json')(wrong))).toHaveLength(
      Limits.problems + 1
    )
  })
})

describe('isDeeper', () => {
  once('counts levels of objects and lists, and not what is flat', () => {
    expect(isDeeper(1, 0)).toBe(false)
    expect(isDeeper({}, 0)).toBe(true)
    expect(isDeeper([{ a: [Float64Array.of(1)] }], 3)).toBe(false)
    expect(isDeeper([{ a: [Float64Array.of(1)] }], 2)).toBe(true)
  })

  once('comes to an end on what is shared or goes around', () => {
    const shared = Array.from({ length: 60 }).reduce<unknown>(inner => [inner, inner], [])
    expect(isDeeper(shared, 100)).toBe(false)
    const circle: { self?: unknown } = {}
    circle.self = circle
    expect(isDeeper(circle, 100)).toBe(true)
  })
})

describe('a table', () => {
  once('with long cells of blanks is read', () => {
    const blanks = ' '.repeat(60_000)
    const read = Points.readCsv(`a,b\n1,"${blanks}x"\n2,"${blanks}"\n`)
    expect(E.isRight(read) && [read.right.columns, read.right.ignored]).toEqual([['a'], [{ name: 'b', why: 'text' }]])
  })

  once('has its names compared with a long name by their first letters alone', () => {
    const begun = 'x'.repeat(2000)
    const names = [`${begun}a`, `${begun}b`]
    for (const known of [names, [...names].reverse()]) expect(nearestWords(`${begun}b`, known)).toEqual(known)
    expect(E.isLeft(Points.readCsv(`${names[0]},c\n1,2\n`, { columns: [names[1]] }))).toBe(true)
  })
})

describe('the history of a stage', () => {
  once('is whole while it is short, and every so-many-th value of a long one', () => {
    const history = new History()
    for (let i = 0; i < Limits.maxValues; i++) history.add(i)
    expect(history.summary()).toEqual({
      taken: Limits.maxValues,
      every: 1,
      values: Array.from({ length: Limits.maxValues }, (_, i) => i)
    })
    for (let i = Limits.maxValues; i < 5 * Limits.maxValues; i++) history.add(i)
    const { taken, every, values } = history.summary()
    expect(taken).toBe(5 * Limits.maxValues)
    expect(values.length).toBeLessThanOrEqual(Limits.maxValues)
    expect(values).toEqual(values.map((_, i) => i * every))
    expect(taken - every).toBeLessThanOrEqual(values[values.length - 1])
  })
})
