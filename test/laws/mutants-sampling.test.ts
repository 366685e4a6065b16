/** Wrong starts, and wrong ways from noise to data. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { Case, Initializer, Key, Params, Sampler, Score, Points } from '../../src/index.js'
import { initializer, type InitializerOptions } from '../../src/laws/initializer.js'
import { sampler } from '../../src/laws/sampler.js'
import { areCaught, type Mutant } from './mutant.js'
import { sampled as equalled } from './published.js'
import { saidOfStarts } from './starts.js'

const score = Score.spherical({ components: 2 })
const pair = Score.symmetricPair

// —— starts ——

type Interpret = NonNullable<InitializerOptions['interpret']>
type NdArray = Params.Params<string>[string]

/** The start, changed. */
const started =
  (change: <P extends string>(params: Params.Params<P>, points: Points.Points) => Params.Params<P>): Interpret =>
  (score, points) =>
  initializer =>
    pipe(
      Initializer.interpret(score, points)(initializer),
      E.map(start => key => change(start(key), points))
    )

/** Another initializer in its place. */
const swapped =
  (other: (initializer: Initializer.Initializer) => Initializer.Initializer): Interpret =>
  (score, points) =>
  initializer =>
    Initializer.interpret(score, points)(other(initializer))

const values = (change: (x: number, at: number) => number): Interpret =>
  started(params =>
    Params.map<NdArray, NdArray>(({ shape, values }) => ({ shape, values: values.map(change) }))(params)
  )

/** Other data in the place of those given. */
const onData =
  (change: (points: Points.Points) => Points.Points): Interpret =>
  (score, points) =>
  initializer =>
    Initializer.interpret(score, change(points))(initializer)

const said = 'a start is what its description says'

const starts = <P extends string>(
  of: Initializer.Initializer,
  score: Score.Score<P>,
  wrong: ReadonlyArray<readonly [wrong: string, law: string, interpret: Interpret]>
): ReadonlyArray<Mutant> =>
  wrong.map(([wrong, law, interpret]) => ({
    wrong,
    law,
    mutant: [...initializer(of, score, { interpret }), ...saidOfStarts(of, score, { interpret })],
    right: [...initializer(of, score), ...saidOfStarts(of, score)]
  }))

areCaught([
  ...starts(Initializer.gaussian({ scale: 0.5 }), score, [
    [
      'centres in columns',
      'a start has the names and shapes of the score',
      started(params =>
        Params.map<NdArray, NdArray>(({ shape, values }) => ({ shape: [...shape].reverse(), values }))(params)
      )
    ],
    [
      'one stream of randomness for all keys',
      'the key determines the start',
      (score, points) => initializer =>
        pipe(
          Initializer.interpret(score, points)(initializer),
          E.map(start => () => start(Key.fromSeed(1)))
        )
    ],
    ['the scale for its square root', said, values(x => x * Math.SQRT1_2)],
    ['half of the noise: its absolute value', said, values(Math.abs)]
  ]),
  ...starts(Initializer.fromData, score, [
    [
      'divided by the range of the data',
      'a start is finite on edge cases',
      started((params, { values }) => {
        const range = Math.max(...values) - Math.min(...values)
        return Params.mapValues(x => x / range)(params)
      })
    ],
    ['drawn towards 0', 'a start moves with the data', values(x => 0.9 * x)],
    ['in the first orthant', 'a start turns with the data', values(Math.abs)],
    [
      'the first row twice',
      said,
      started(params =>
        Params.map<NdArray, NdArray>(({ shape, values }) => ({
          shape,
          values: values.map((_, i) => values[i % (values.length / 2)])
        }))(params)
      )
    ],
    ['centres next to rows', said, values(x => x + 1e-3)]
  ]),
  ...starts(Initializer.onSphere({ radius: 1 }), score, [
    ['on a sphere about 0', said, onData(points => ({ ...points, values: points.values.map(() => 0) }))]
  ]),
  ...starts(Initializer.kMeansPlusPlus, score, [
    [
      'the first centre twice',
      said,
      started(params =>
        Params.map<NdArray, NdArray>(({ shape, values }) => ({
          shape,
          values: values.map((_, i) => values[i % (values.length / 2)])
        }))(params)
      )
    ]
  ]),
  ...starts(Initializer.kMeansPlusPlus, score, [
    ['rows by weight for rows by distance', 'rows are taken as often as is said', swapped(() => Initializer.fromData)],
    [
      'every centre the first',
      'centres are apart',
      started(params =>
        Params.map<NdArray, NdArray>(({ shape, values }) => ({
          shape,
          values: values.map((_, i) => values[i % (values.length / 2)])
        }))(params)
      )
    ]
  ]),
  ...starts(Initializer.gaussian({ scale: 2 }), score, [
    [
      'one draw, the sign of which is the coordinate’s',
      'every entry has a draw of its own',
      started((params, points) => {
        const mean = Points.mean(points)
        return Params.map<NdArray, NdArray>(({ shape, values }) => ({
          shape,
          values: values.map((_, i) => (i % 2 === 0 ? 1 : -1) * (values[0] - mean[0]) + mean[i % points.dim])
        }))(params)
      })
    ]
  ]),
  ...starts(Initializer.kMeans({ steps: 3 }), score, [
    ['no step taken', said, swapped(() => Initializer.kMeansPlusPlus)]
  ]),
  ...starts(Initializer.spectral, pair, [
    ['twice as long', said, values(x => 2 * x)],
    ['along a random direction', 'a start turns with the data', swapped(() => Initializer.onSphere({ radius: 1 }))]
  ]),
  ...starts(Initializer.spectral, score, [
    ['rows that are not projected', said, swapped(() => Initializer.kMeansPlusPlus)]
  ]),
  ...starts(Initializer.momentsMatched, score, [
    [
      'the covariance of the data, the components’ own left in',
      said,
      onData(points => ({ ...points, values: points.values.map(x => 2 * x) }))
    ]
  ]),
  ...starts(
    Initializer.warmStart({
      centres: [
        [1, 0],
        [0, 1]
      ],
      radius: 0.5
    }),
    score,
    [
      [
        'displaced by the radius at most',
        said,
        swapped(of => (Case.isMadeBy(Initializer.warmStart)(of) ? { ...of, radius: of.radius / 2 } : of))
      ]
    ]
  ),
  ...starts(
    Initializer.values([
      [1, 0],
      [0, 1]
    ]),
    score,
    [
      [
        'the centres in another order',
        said,
        swapped(() =>
          Initializer.values([
            [0, 1],
            [1, 0]
          ])
        )
      ],
      ['displaced, believed to be exact', 'the key determines the start', swapped(Initializer.perturbed(1e-9))]
    ]
  ),
  ...starts(Initializer.bestOf(3)(Initializer.fromData), score, [
    ['the first of three', said, swapped(of => (Case.isMadeBy(Initializer.bestOf)(of) ? { ...of, count: 1 } : of))]
  ]),
  ...starts(Initializer.perturbed(0.5)(Initializer.fromData), score, [
    [
      'moved by the variance said',
      said,
      swapped(of => (Case.isMadeBy(Initializer.perturbed)(of) ? { ...of, scale: 0.25 } : of))
    ],
    [
      'the start, not moved',
      said,
      (score, points) => initializer =>
        Initializer.interpret(
          score,
          points
        )(Case.isMadeBy(Initializer.perturbed)(initializer) ? initializer.initializer : initializer)
    ]
  ])
])

// —— sampling ——

type Transport = typeof Sampler.transport

const isDdim = Case.isMadeBy(Sampler.ddim)

/** Another sampler in its place. */
const bySampler =
  (other: (sampler: Sampler.Sampler) => Sampler.Sampler): Transport =>
  program =>
    Sampler.transport({ ...program, sampler: other(program.sampler) })

/** Another score in its place. */
const byScore =
  (change: (score: Sampler.ScoreFunction) => Sampler.ScoreFunction): Transport =>
  program =>
  score =>
    Sampler.transport(program)(change(score))

const byStates =
  (change: (states: ReadonlyArray<Sampler.State>) => ReadonlyArray<Sampler.State>): Transport =>
  program =>
  score =>
  points =>
  key =>
    change([...Sampler.transport(program)(score)(points)(key)])

const moved = (states: ReadonlyArray<Sampler.State>, change: (x: Float64Array) => Float64Array) =>
  states.map((state, i) =>
    i === 0 ? state : { ...state, points: { ...state.points, values: change(state.points.values) } }
  )

const sampled = (
  of: Sampler.Sampler,
  wrong: ReadonlyArray<readonly [wrong: string, law: string, transport: Transport]>
): ReadonlyArray<Mutant> =>
  wrong.map(([wrong, law, transport]) => ({
    wrong,
    law,
    mutant: sampler(of, { ...equalled(of), transport }),
    right: sampler(of, equalled(of))
  }))

areCaught([
  ...sampled(Sampler.ancestral, [
    ['no state for the start', 'there is a state for every time of the grid', byStates(states => states.slice(1))],
    [
      'divided by the time, which ends at 0',
      'points stay finite',
      byStates(states =>
        states.map(({ time, points, ...rest }) => ({
          ...rest,
          time,
          points: { ...points, values: points.values.map(x => (x * time) / time) }
        }))
      )
    ],
    [
      'one stream of randomness for all keys',
      'looks at the key only if it draws',
      program => score => points => () => Sampler.transport(program)(score)(points)(Key.fromSeed(1))
    ],
    [
      'a sampler that is known by reference',
      'read from JSON it takes the same steps',
      bySampler(of => (of === Sampler.ancestral ? of : Sampler.eulerMaruyama))
    ],
    [
      'a score of another time',
      'sees levels, and no clock',
      byScore(score => (points, time) => score(points, 0.9 * time + 0.01))
    ],
    [
      'the score twice',
      'has the moments of the law at every time',
      byScore(score => (points, time) => {
        const found = score(points, time)
        return { ...found, values: found.values.map(s => 2 * s) }
      })
    ],
    [
      'noise left out, for the flow’s larger steps',
      'looks at the key only if it draws',
      bySampler(() => Sampler.ddim())
    ]
  ]),
  ...sampled(Sampler.ddim({ eta: 1 }), [
    [
      'the larger of DDPM’s variances',
      'takes the steps of the sampler that it equals',
      bySampler(of => (isDdim(of) ? Sampler.eulerMaruyama : of))
    ],
    [
      'η for η²',
      'takes the steps of the sampler that it equals',
      bySampler(of => (isDdim(of) ? Sampler.ddim({ eta: 0.99 }) : of))
    ]
  ]),
  ...sampled(Sampler.heun, [
    [
      'every mode drawn to the middle',
      'leads to a law of two modes',
      byScore(score => (points, time) => {
        const found = score(points, time)
        return { ...found, values: found.values.map((s, at) => (points.dim === 2 ? s : s - 0.5 * points.values[at])) }
      })
    ]
  ]),
  ...sampled(Sampler.ddim(), [
    ['η = 0 that draws a little', 'looks at the key only if it draws', bySampler(() => Sampler.ddim({ eta: 0.01 }))]
  ]),
  ...sampled(Sampler.heun, [
    ['Euler’s step', 'converges with its order', bySampler(() => Sampler.euler)],
    [
      'points held together about their mean',
      'no point knows of the others',
      byStates(states =>
        moved(states, x => {
          const mean = x.reduce((sum, value) => sum + value, 0) / x.length
          return x.map(value => value + 1e-3 * (mean - value))
        })
      )
    ]
  ]),
  ...sampled(Sampler.dpmSolver2M, [
    ['no memory of the last step', 'converges with its order', bySampler(() => Sampler.ddim())]
  ]),
  ...sampled(Sampler.rungeKutta4, [
    [
      'a score that is a little off',
      'converges with its order',
      byScore(score => (points, time) => {
        const found = score(points, time)
        return { ...found, values: found.values.map(s => 1.0001 * s) }
      })
    ]
  ]),
  ...sampled(Sampler.dormandPrince({ tolerance: 1e-6 }), [
    ['one step of Runge–Kutta', 'meets its tolerance', bySampler(() => Sampler.rungeKutta4)]
  ]),
  ...sampled(Sampler.langevin({ step: 0.01 }), [
    ['moves of size 1', 'has the moments of the law at every time', bySampler(() => Sampler.langevin({ step: 1 }))],
    [
      'noise √δ for √(2δ)',
      'has the moments of the law at every time',
      byScore(score => (points, time) => {
        const found = score(points, time)
        return { ...found, values: found.values.map(s => s * 2) }
      })
    ]
  ])
])
