/** Every plan for the same loss gives the same value and gradient, on awkward data and centres too. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import * as vocabulary from '../../src/cli/glossary.js'
import {
  Case,
  Compile,
  Expectation,
  Key,
  Objective,
  Parametrization,
  Params,
  Schedule,
  Score,
  NoiseLevels,
  Weighting,
  type Points
} from '../../src/index.js'
import { spread } from '../cases.js'
import { plansAgree } from './compile/plansAgree.js'

const dim = 3
const normal = (label: string, count: number, scale = 1): Float64Array =>
  pipe(Key.fromSeed(11), Key.child(label.length), Key.normal(count)).map(z => scale * z)

const rows = 40
const plain: Points.Points = { rows, dim, values: normal('data', rows * dim, 1.5) }
const points: Readonly<Record<string, Points.Points>> = {
  plain,
  weighted: { ...plain, weights: Float64Array.from({ length: rows }, (_, i) => i % 4) },
  'one row': { rows: 1, dim, values: Float64Array.of(1, -2, 0.5) },
  duplicates: { rows: 3, dim, values: Float64Array.of(1, 2, 3, 1, 2, 3, 1, 2, 3) },
  zeros: { rows: 2, dim, values: new Float64Array(2 * dim) }
}

const centres: Readonly<Record<string, ReadonlyArray<ReadonlyArray<number>>>> = {
  generic: [
    [1, 0.3, -2],
    [-0.5, 2, 0.1],
    [0.4, -1, 1.2],
    [2, 2, 2]
  ],
  equal: [
    [1, 0.3, -2],
    [1, 0.3, -2],
    [1, 0.3, -2],
    [1, 0.3, -2]
  ],
  zero: Array.from({ length: 4 }, () => [0, 0, 0]),
  'rank one': [
    [1, 2, 3],
    [-1, -2, -3],
    [2, 4, 6],
    [0, 0, 0]
  ]
}

interface Student {
  readonly score: Score.Score<string>
  readonly params: (centres: ReadonlyArray<ReadonlyArray<number>>) => Params.Params<string>
}

// A table over scores whose parameters have different names.
const student = <P extends string>(
  score: Score.Score<P>,
  params: (centres: ReadonlyArray<ReadonlyArray<number>>) => Params.Params<P>
): Student => ({ score: score, params })

const students: Readonly<Record<string, Student>> = {
  pair: student(Score.symmetricPair, ([mean]) => Params.of({ mean })),
  spherical: student(Score.spherical({ components: 4 }), means => Params.of({ means })),
  isotropic: student(Score.isotropic({ components: 4 }), means =>
    Params.of({ means, logits: [0.1, -1, 0.5, 0], logVariances: [0, -1, 0.7, 0.2] })
  ),
  tiedIsotropic: student(Score.tiedIsotropic({ components: 4 }), means =>
    Params.of({ means, logits: [0.1, -1, 0.5, 0], logVariance: -0.4 })
  )
}

const expectations = (name: string, { rows, dim }: Points.Points): ReadonlyArray<Expectation.Expectation> => [
  Expectation.monteCarlo(),
  Expectation.monteCarlo({ draws: 2, antithetic: true }),
  Expectation.projected(),
  Expectation.projected({ draws: 2, antithetic: true }),
  Expectation.fixed({ rows, dim, values: normal('noise!', rows * dim) }),
  ...(name === 'pair' ? [Expectation.quadrature({ nodes: 3 })] : [])
]

const objectives: ReadonlyArray<Objective.Objective> = [
  Objective.weight(Weighting.minSnr({ gamma: 2 }))(
    Objective.denoising(NoiseLevels.stratified(NoiseLevels.uniformLogSnr(-2, 3)), Parametrization.velocity)
  ),
  Objective.sum([
    Objective.weight(Weighting.sigmoid())(
      Objective.implicit(
        NoiseLevels.importance({ proposal: NoiseLevels.uniform(0.1, 2), target: NoiseLevels.uniform(0.2, 1) })
      )
    ),
    Objective.weight(0.2)(Objective.regularizer({ norm: 'l1', smoothing: 0.1 }))
  ]),
  Objective.denoising(NoiseLevels.at(0.3)),
  Objective.implicit(NoiseLevels.at(1.5)),
  Objective.denoising(NoiseLevels.uniform(0.2, 2)),
  Objective.implicit(NoiseLevels.likelihood({ until: 4, nodes: 3, leastVariance: 0.1 })),
  Objective.sum([
    Objective.weight(0.3)(Objective.likelihood),
    Objective.weight(-2)(
      Objective.denoising(
        NoiseLevels.nodes([
          { time: 0.1, weight: 0.5 },
          { time: 1, weight: 2 }
        ])
      )
    )
  ])
]

/** α² + σ² is not 1 here. */
const exploding = Schedule.custom({ name: 'variance exploding', alpha: () => 1, sigma: t => t, until: 10 })

const shown = ({ schedule, expectation, objective }: Compile.Loss<string>): string =>
  `${Schedule.show(schedule)}, ${Expectation.show(expectation)}, ${Objective.show(objective)}`

describe.each(Object.keys(students))('%s', name => {
  const { score, params } = students[name]
  // The pair has the first centre alone, of which there are two here.
  const starts = name === 'pair' ? ['generic', 'zero'] : Object.keys(centres)
  // A third of the product, in which any three values meet.
  const all = Object.entries(points).flatMap(([data, points], i) =>
    Object.entries(centres).flatMap(([start, rows], j) =>
      expectations(name, points).flatMap((expectation, k) =>
        [Schedule.ornsteinUhlenbeck, exploding].flatMap((schedule, l) =>
          objectives
            .map(objective => ({ data, points, start, rows, expectation, schedule, objective }))
            .filter((_, m) => (i + j + k + l + m) % 3 === 0)
        )
      )
    )
  )
  const cases = spread(43)(all)
  it.each(starts)('agree at %s centres', start => {
    for (const { points, rows, expectation, schedule, objective, data } of cases.filter(c => c.start === start)) {
      if (
        !pipe(score, Case.isMadeBy(Score.symmetricPair)) &&
        !pipe(score, Case.isMadeBy(Score.custom)) &&
        points.rows < 4
      ) {
        // More components than rows is refused; the loss itself is fine with it.
        continue
      }
      const loss = { schedule, score, objective, expectation }
      plansAgree(loss, points, `${data}, ${shown(loss)}`)(params(rows), 5)
    }
  })
})

describe('of the whole vocabulary', () => {
  const examples = <T>({ words }: { readonly words: ReadonlyArray<{ readonly example: T }> }): ReadonlyArray<T> =>
    words.map(({ example }) => example)
  const law = NoiseLevels.at(0.3)
  /** On the first schedule all, on the others both forms at one level: a schedule reaches a plan as α, σ and a weight alone. */
  const on = (schedule: Schedule.Schedule): ReadonlyArray<Objective.Objective> =>
    schedule === Schedule.ornsteinUhlenbeck ? all : [Objective.denoising(law), Objective.implicit(law)]
  /** Every objective; every noise level distribution, parametrization and weighting, in both forms. */
  const all: ReadonlyArray<Objective.Objective> = [
    ...examples(vocabulary.objectives),
    ...examples(vocabulary.noiseLevels).flatMap(law => [Objective.denoising(law), Objective.implicit(law)]),
    ...examples(vocabulary.parametrizations).map(form => Objective.denoising(law, form)),
    ...examples(vocabulary.weightings).flatMap(weighting =>
      [Objective.denoising(law), Objective.implicit(law)].map(Objective.weight(weighting))
    )
  ]
  const own: Points.Points = { rows: 2, dim: 2, values: Float64Array.of(0.3, -1, 1.2, 0.5) }
  const paramsOf = (score: Score.Score<string>): Params.Params<string> =>
    Params.map<ReadonlyArray<number>, { shape: ReadonlyArray<number>; values: Float64Array }>(shape => {
      const size = shape.reduce((a, b) => a * b, 1)
      return { shape, values: normal('params', size) }
    })(Score.shapes(own.dim)(score))

  it.each(examples(vocabulary.scores).map(score => [Score.show(score), score] as const))('agree for %s', (_, score) => {
    const cases = examples(vocabulary.schedules).flatMap(schedule =>
      examples(vocabulary.expectations).flatMap(expectation =>
        on(schedule).map(objective => ({ schedule, expectation, objective }))
      )
    )
    // One that every score has, so that each plan is met.
    const usual = {
      schedule: Schedule.ornsteinUhlenbeck,
      expectation: Expectation.monteCarlo(),
      objective: Objective.denoising(law)
    }
    const seen = [usual, ...spread(192)(cases)].map(one => {
      const loss = { score, ...one }
      const compiled = Compile.plans(loss)(own)
      // What is refused has no number to agree on.
      if (E.isLeft(compiled)) return 0
      plansAgree(loss, own, shown(loss))(paramsOf(score), 5)
      return compiled.right.length
    })
    // The interpreter, and a program, but where levels are read one by one.
    expect(Math.max(...seen)).toBe(pipe(score, Case.isMadeBy(Score.convert)) ? 1 : 2)
  })
})
