/** Initializers of one's own stand where ours stand: in pipelines and in each other, in print, in JSON, before laws. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { expect, it } from 'vitest'
import {
  Compile,
  Field,
  Key,
  Params,
  Pipeline,
  Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage
} from '../../../src/index.js'
import * as Initializer from '../../../src/pipeline/initializer.js'

/** Centres along the diagonal through the mean of the data: they move with the data, and do not turn with them. */
const onDiagonal = Initializer.defineCentres({
  name: 'onDiagonal',
  about: 'evenly spaced on the diagonal through the mean',
  fields: { step: Field.positive({ default: 1 }) },
  formula: ({ step }) => `c_i = x̄ + ${step} (i − (K − 1)/2) (1, …, 1)`,
  meaning: ({ step }) => ({
    draws: 'never',
    moves: true,
    centres: ({ points, count }) => {
      const mean = Points.mean(points)
      return () => ({
        shape: [count, points.dim],
        values: Float64Array.from(
          { length: count * points.dim },
          (_, at) => mean[at % points.dim] + step * (Math.floor(at / points.dim) - (count - 1) / 2)
        )
      })
    }
  })
})

/** All parameters of another start times a factor: nothing is known of what they are. */
const shrunk = Initializer.define({
  name: 'shrunk',
  about: 'another start, every parameter times a factor',
  fields: { factor: Field.fraction({ default: 0.5 }), initializer: Field.of(Initializer.concept) },
  call: ['factor'],
  on: 'initializer',
  meaning: ({ factor, initializer }) => ({
    draws: model => Initializer.draws(model)(initializer),
    start: ({ start }) =>
      pipe(
        start(initializer),
        E.map(
          start => key =>
            pipe(
              start(key),
              Params.mapValues(x => factor * x)
            )
        )
      )
  })
})

const points = { rows: 6, dim: 2, values: Float64Array.of(-3, -2, -2, -3, -2, -2, 2, 3, 3, 2, 3, 3) }
const score = Score.isotropic({ components: 2 })
const initializer = shrunk(0.75)(Initializer.bestOf(2)(onDiagonal({ step: 4 })))
const pipeline = Pipeline.of({
  schedule: Schedule.ornsteinUhlenbeck,
  score,
  initializer,
  stages: [Stage.restart(2)(Stage.expectationMaximization({ steps: 20 }))]
})

const started = <P extends string>(of: Initializer.Initializer, to: Score.Score<P>): Params.Params<P> =>
  Problem.orThrow(Initializer.interpret(to, points)(of))(Key.fromSeed(1))

it('start a score, by hand', () => {
  // The mean of the data is (1/6, 1/6).
  const centres = started(onDiagonal({ step: 4 }), Score.spherical({ components: 2 }))
  const wanted = [-2, -2, 2, 2].map(x => x + 1 / 6)
  centres.means.values.forEach((c, i) => expect(c).toBeCloseTo(wanted[i], 14))
  const less = started(initializer, score)
  less.means.values.forEach((c, i) => expect(c).toBeCloseTo(0.75 * wanted[i], 14))
})

it('start a pipeline that runs, restarts included', () => {
  const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
  const means = Array.from(Run.last(program)(Key.fromSeed(3)).params.means.values).sort((a, b) => a - b)
  ;[-7 / 3, -7 / 3, 8 / 3, 8 / 3].forEach((mean, i) => expect(means[i]).toBeCloseTo(mean, 5))
})

it('say what is wrong where it stands', () => {
  const said = (of: Initializer.Initializer): ReadonlyArray<string> =>
    pipe(
      of,
      Initializer.interpret(score, points),
      E.match(
        problems => problems.map(Problem.show),
        () => []
      )
    )
  expect(said(shrunk(2)(Initializer.bestOf(0)(onDiagonal({ step: 0 }))))).toEqual([
    'initializer.factor: 2 is not in [0, 1); try 0.5',
    'initializer.initializer.count: 0 is not a whole number ≥ 1; try 10',
    'initializer.initializer.initializer.step: 0 is not > 0 and finite; try 1'
  ])
  expect(said(shrunk(0.5)(Initializer.centres([[1]])))).toEqual([
    'initializer.initializer.centres: [[1]] is not 2 finite centres of 2 coordinates; give one list of coordinates for each centre'
  ])
})

it('that give what was not asked for are refused by name', () => {
  const one = Initializer.defineCentres({
    name: 'one',
    about: 'one centre, whatever is asked for',
    meaning: () => ({
      draws: 'never',
      centres:
        ({ points }) =>
        () => ({ shape: [1, points.dim], values: new Float64Array(points.dim) })
    })
  })
  expect(() => started(one, score)).toThrow(
    'Initializer.one: centres of shape [1, 2] are not of shape [2, 2]; give as many as are asked for'
  )
  const none = Initializer.define({
    name: 'none',
    about: 'no parameters',
    meaning: () => ({ draws: 'never', start: () => E.right(() => ({})) })
  })
  expect(() => started(none, score)).toThrow('means: missing is not of shape [2, 2]')
})
