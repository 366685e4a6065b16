/** Wrong starts. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { Case, Initializer, Key, Params, Score, Points } from '../../src/index.js'
import { initializer, type InitializerOptions } from '../../src/laws/initializer.js'
import { areCaught, type Mutant } from './mutant.js'
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
