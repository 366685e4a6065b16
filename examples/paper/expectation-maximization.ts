/**
 * The connection to expectation–maximization: at one noise level the descent direction of the DDPM objective is the step of
 * expectation–maximization on the noised data and a correction G, which vanishes as the centres move apart.
 */
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Picture,
  Pipeline,
  type Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { compiled, show, type Budget, type Report } from './frame.js'

const schedule = Schedule.ornsteinUhlenbeck
const alphaAt = (time: number): number => Schedule.level(time)(schedule).alpha
const score = Score.symmetricPair

// -- the population --------------------------------------------------------------------------------------------------

/** A law on the line as weighted rows at equal steps, whose error is far below rounding for such densities. */
interface Line {
  readonly nodes: ReadonlyArray<number>
  readonly weights: ReadonlyArray<number>
}

const line = (reach: number, step: number, density: (x: number) => number): Line => {
  const count = 2 * Math.ceil(reach / step) + 1
  const nodes = Array.from({ length: count }, (_, i) => (i - (count - 1) / 2) * step)
  return { nodes, weights: nodes.map(density) }
}

const normal = (x: number): number => Math.exp(-(x ** 2) / 2)

/** ½N(μ, 1) + ½N(−μ, 1) */
const pairLine = (length: number): Line => line(length + 9, 0.1, x => normal(x - length) + normal(x + length))

/** The pair ±(length, 0) in the plane. */
const plane = (length: number): Points.Points => {
  const along = line(length + 7, 0.25, x => normal(x - length) + normal(x + length))
  const across = line(7, 0.5, normal)
  return {
    rows: along.nodes.length * across.nodes.length,
    dim: 2,
    values: Float64Array.from(along.nodes.flatMap(x => across.nodes.flatMap(y => [x, y]))),
    weights: Float64Array.from(along.weights.flatMap(p => across.weights.map(q => p * q)))
  }
}

const onLine = ({ nodes, weights }: Line): Points.Points => ({
  rows: nodes.length,
  dim: 1,
  values: Float64Array.from(nodes),
  weights: Float64Array.from(weights)
})

// -- the two directions ----------------------------------------------------------------------------------------------

type Field = (m: ReadonlyArray<number>) => ReadonlyArray<number>

/** Of m = α·mean, −½∂L/∂m at a time: the direction of descent on the DDPM objective. */
const descentOn = (points: Points.Points, time: number): Field => {
  const alpha = alphaAt(time)
  const objective = Objective.denoising(NoiseLevels.at(time))
  const loss = { schedule, score, objective, expectation: Expectation.quadrature() }
  const gradient = Problem.orThrow(Compile.valueAndGrad(loss)(points))
  return m => {
    const mean = m.map(value => value / alpha)
    // ∂L/∂mean = α ∂L/∂m
    return Array.from(gradient(Params.of({ mean }), Key.fromSeed(0)).gradient.mean.values, g => -g / (2 * alpha))
  }
}

const oneStep = (m: ReadonlyArray<number>): Pipeline.Pipeline<'mean'> =>
  Pipeline.of({
    schedule,
    score,
    initializer: Initializer.values([m]),
    stages: [Stage.expectationMaximization({ steps: 1 })]
  })

/** EM(m) − m on points, noised already where they are to be. */
const stepOn =
  (points: Points.Points): Field =>
  m =>
    Array.from(Run.last(compiled(oneStep(m))(points))(Key.fromSeed(0)).params.mean.values, (next, j) => next - m[j])

export interface Correction {
  /** |μ| */
  readonly length: number
  readonly time: number
  /** EM(m) − m in the population of x_t at m = 1.25 αμ, along μ. */
  readonly step: number
  /** G there. */
  readonly correction: number
}

/** Where the two directions are compared: a quarter beyond the truth, where neither vanishes. */
export const BEYOND = 1.25

const correction = (length: number, time: number): Correction => {
  const alpha = alphaAt(time)
  // The noised pair has variance 1 again, and centres ±αμ.
  const m = [BEYOND * alpha * length]
  const [step] = stepOn(onLine(pairLine(alpha * length)))(m)
  const [descent] = descentOn(onLine(pairLine(length)), time)(m)
  return { length, time, step, correction: descent - step }
}

/** The slope of the least squares line. */
const slope = (points: ReadonlyArray<readonly [x: number, y: number]>): number => {
  const [sumX, sumY] = points.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0])
  const x0 = sumX / points.length
  const y0 = sumY / points.length
  return (
    points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
  )
}

// -- fixed points ----------------------------------------------------------------------------------------------------

const fromStart = (start: ReadonlyArray<number>, stage: Stage.Stage): Pipeline.Pipeline<'mean'> =>
  Pipeline.of({ schedule, score, initializer: Initializer.values([start]), stages: [stage] })

const descend = (time: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    expectation: Expectation.quadrature(),
    optimizer: Optimizer.gradientDescent({ rate: 0.5 / alphaAt(time) ** 2 }),
    steps: 3000,
    relativeChange: 1e-8
  })

const expectationMaximization: Stage.Stage = Stage.expectationMaximization({ steps: 3000, relativeChange: 1e-8 })

/** A point at which runs ended, and how many did. */
export interface Ending {
  readonly at: readonly [number, number]
  readonly runs: number
}

export interface Fixed {
  readonly name: string
  readonly length: number
  /** Up to sign, the most frequent first. */
  readonly endings: ReadonlyArray<Ending>
  /** The error of the most frequent one. */
  readonly error: number
  /** Its distance from that of expectation–maximization on the same rows. */
  readonly apart: number
}

const distance = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  Math.hypot(...a.map((value, j) => value - b[j]))

/** Of ±m the one to the right. */
const oriented = ([x, y]: ReadonlyArray<number>): readonly [number, number] =>
  x < 0 || (x === 0 && y < 0) ? [-x, -y] : [x, y]

/** Ends that are within 1e-4 of each other are one. */
const grouped = (ends: ReadonlyArray<readonly [number, number]>): ReadonlyArray<Ending> =>
  ends
    .reduce<ReadonlyArray<Ending>>((found, end) => {
      const known = found.findIndex(({ at }) => distance(at, end) < 1e-4)
      return known < 0
        ? [...found, { at: end, runs: 1 }]
        : found.map((each, k) => (k === known ? { ...each, runs: each.runs + 1 } : each))
    }, [])
    .slice()
    .sort((a, b) => b.runs - a.runs)

/** A square grid of starts about 0, 0 itself left out: it is a fixed point of everything. */
const starts = (reach: number, perSide: number): ReadonlyArray<readonly [number, number]> =>
  Array.from({ length: perSide ** 2 }, (_, k): readonly [number, number] => [
    reach * ((2 * (k % perSide)) / (perSide - 1) - 1),
    reach * ((2 * Math.floor(k / perSide)) / (perSide - 1) - 1)
  ]).filter(([x, y]) => x !== 0 || y !== 0)

const fixedPoints = (
  length: number,
  rows: number,
  perSide: number,
  times: ReadonlyArray<number>
): ReadonlyArray<Fixed> => {
  const truth = Mixture.symmetricPair([length, 0])
  const points = Mixture.sample(rows)(Key.fromSeed(3))(truth)
  const endsOf = (stage: Stage.Stage): ReadonlyArray<Ending> =>
    grouped(
      starts(2 * length + 1, perSide).map(start => {
        const { values } = Run.last(compiled(fromStart(start, stage))(points))(Key.fromSeed(0)).params.mean
        return oriented([values[0], values[1]])
      })
    )
  const em = endsOf(expectationMaximization)
  const row = (name: string, endings: ReadonlyArray<Ending>): Fixed => ({
    name,
    length,
    endings,
    error: Metric.centreError([[...endings[0].at], endings[0].at.map(x => -x)], truth),
    apart: distance(endings[0].at, em[0].at)
  })
  return [
    row('expectation–maximization', em),
    ...times.map(time => row(`descent at t = ${time}`, endsOf(descend(time))))
  ]
}

// -- the vector fields -----------------------------------------------------------------------------------------------

export interface Arrow {
  readonly at: readonly [number, number]
  readonly step: ReadonlyArray<number>
  readonly descent: ReadonlyArray<number>
}

const FIELD_TIME = 0.1

/** Both directions on a grid of m about the pair ±(αr, 0), in the population of x_t. */
const arrows = (
  length: number,
  columns: number,
  rows: number,
  reach: readonly [number, number]
): ReadonlyArray<Arrow> => {
  const step = stepOn(plane(alphaAt(FIELD_TIME) * length))
  const descent = descentOn(plane(length), FIELD_TIME)
  return Array.from({ length: columns * rows }, (_, k): Arrow => {
    const at = [
      reach[0] * ((2 * (k % columns)) / (columns - 1) - 1),
      reach[1] * ((2 * Math.floor(k / columns)) / (rows - 1) - 1)
    ] as const
    return { at, step: step(at), descent: descent(at) }
  })
}

/** Arrows of a field: 0.4 times as long as its vectors, and at most a cell. */
const field = (
  title: string,
  of: (arrow: Arrow) => ReadonlyArray<number>,
  { length, reach, arrows }: Plane,
  k: number
): Picture.Panel => {
  const drawn = arrows.map((arrow): readonly [Picture.Xy, Picture.Xy] => {
    const [dx, dy] = of(arrow)
    const size = Math.hypot(dx, dy)
    const scale = size === 0 ? 0 : Math.min(0.4, (0.92 * (2 * reach[0])) / 12 / size)
    return [arrow.at, [arrow.at[0] + scale * dx, arrow.at[1] + scale * dy]]
  })
  const { arrows: marks, ring } = Picture.Marks
  return {
    title,
    isGridded: false,
    x: { title: 'm₁', domain: [-1.12 * reach[0], 1.12 * reach[0]] },
    y: { title: 'm₂', domain: [-1.12 * reach[1], 1.12 * reach[1]] },
    marks: [
      marks(drawn, { k, width: 1.4 }),
      ...[-1, 1].map(sign => ring([sign * alphaAt(FIELD_TIME) * length, 0], { r: 5, isFull: true }))
    ]
  }
}

interface Plane {
  readonly length: number
  readonly reach: readonly [number, number]
  readonly arrows: ReadonlyArray<Arrow>
}

const fields = (planes: ReadonlyArray<Plane>): Picture.Drawn =>
  Picture.arranged(
    planes.flatMap(plane => [
      field(`|μ| = ${plane.length}: expectation–maximization`, ({ step }) => step, plane, 0),
      field('descent', ({ descent }) => descent, plane, 1),
      field('their difference, G', ({ step, descent }) => descent.map((d, j) => d - step[j]), plane, 5)
    ]),
    { columns: 3, width: 230, height: 230 }
  )

// -- the report ------------------------------------------------------------------------------------------------------

export interface Measured {
  readonly corrections: ReadonlyArray<Correction>
  /** Of log |G| against α²|μ|², where the latter is from 4 to 16. */
  readonly decay: number
  readonly fixed: ReadonlyArray<Fixed>
  readonly planes: ReadonlyArray<Plane>
}

const TIMES = [0.1, 0.5, 1]

const measure = (budget: Budget): Measured => {
  const isFull = budget === 'full'
  const lengths = Array.from({ length: isFull ? 36 : 12 }, (_, k) => (isFull ? 0.25 : 0.5) * (k + 1)).filter(
    length => length <= 6
  )
  const corrections = TIMES.flatMap(time => lengths.map(length => correction(length, time)))
  const perSide = isFull ? 9 : 3
  return {
    corrections,
    decay: slope(
      corrections
        .map(({ length, time, correction }) => [(alphaAt(time) * length) ** 2, Math.log(Math.abs(correction))] as const)
        .filter(([x]) => x >= 4 && x <= 16)
    ),
    fixed: [0.75, 2].flatMap(length => fixedPoints(length, 1000, perSide, isFull ? [0.03, 0.1, 0.5, 1.5] : [0.1, 0.5])),
    planes: [0.75, 2.5].map(length => {
      const reach = [2 * length + 0.5, 2 * length + 0.5] as const
      const perSide = isFull ? 13 : 5
      return { length, reach, arrows: arrows(length, perSide, perSide, reach) }
    })
  }
}

const showEnding = ({ at, runs }: Ending): string =>
  `±(${at.map(x => x.toFixed(3).replace('-', '−')).join(', ')}) ${runs}×`

export const main = (budget: Budget): Report<Measured> => {
  const measured = measure(budget)
  const { corrections, decay, fixed, planes } = measured
  const ratio = ({ step, correction }: Correction): number => Math.abs(correction / step)
  const at = (length: number, time: number): Correction =>
    corrections.find(each => each.length === length && each.time === time) ?? corrections[0]
  const descents = fixed.filter(({ name }) => name.startsWith('descent'))
  const runs = fixed.reduce((sum, { endings }) => sum + endings.reduce((all, { runs }) => all + runs, 0), 0)
  const main = fixed.reduce((sum, { endings }) => sum + endings[0].runs, 0)
  const farthest = descents.reduce((most, each) => (each.apart > most.apart ? each : most))
  const shown = [0.5, 1, 2, 3, 4, 6]
  return {
    title: 'The connection to expectation–maximization',
    claim:
      'At a constant noise level and with separated components, the gradient of the DDPM objective is the update of expectation–maximization up to an error that vanishes with the separation (the analysis of the second stage, and of K components).',
    findings: [
      `−½∂L/∂m = (EM(m) − m) + G. A quarter beyond the truth and at t = 0.1, |G| is ${show(ratio(at(1, 0.1)))} of |EM(m) − m| at |μ| = 1, ${show(ratio(at(2, 0.1)))} at 2, ${show(ratio(at(4, 0.1)), 2)} at 4. It is a connection for separated components.`,
      `Only α|μ| counts: log |G| falls by ${show(-decay)} for each unit of α²|μ|² (½ as it grows, up to logarithms). More noise needs more separation.`,
      `From grids of starts, ${main} of ${runs} runs end in one point up to sign for each algorithm${main < runs ? ', the others at saddles or on the way' : ': there are no spurious fixed points among them'}. The fixed point of descent is at most ${show(farthest.apart, 2)} from that of expectation–maximization (${farthest.name}, |μ| = ${farthest.length}), where the latter is ${show(fixed.find(each => each.length === farthest.length)?.error ?? NaN, 2)} from the truth.`
    ],
    figures: [
      {
        name: 'correction',
        description: 'The correction G beside the step of expectation–maximization, by separation and noise',
        caption:
          'In the population at m = 1.25 αμ. Left: G over the step of expectation–maximization, by the separation |μ|. Right: |G| by what remains of it after noise.',
        drawn: Picture.curves(
          [
            {
              title: '|G| / |EM(m) − m|',
              x: { title: '|μ|', domain: [0, 6] },
              y: { title: '', domain: [1e-6, 10], scale: 'log', ticks: [1e-6, 1e-4, 1e-2, 1] },
              series: TIMES.map((time): Picture.Series => ({
                name: `t = ${time}`,
                points: corrections.filter(each => each.time === time).map(each => ({ x: each.length, y: ratio(each) }))
              }))
            },
            {
              title: '|G|',
              x: { title: 'α²|μ|²', domain: [0, 25] },
              y: { title: '', domain: [1e-6, 1], scale: 'log', ticks: [1e-6, 1e-4, 1e-2, 1] },
              series: TIMES.map((time): Picture.Series => ({
                name: `t = ${time}`,
                points: corrections
                  .filter(each => each.time === time)
                  .map(({ length, correction }) => ({
                    x: (alphaAt(time) * length) ** 2,
                    y: Math.abs(correction)
                  }))
              }))
            }
          ],
          { columns: 2, width: 300, height: 220 }
        )
      },
      {
        name: 'fields',
        description:
          'The vector fields of expectation–maximization and of descent on the DDPM objective in the plane, and their difference',
        caption: `In the population at t = ${FIELD_TIME}; circles are the truth. Arrows have 0.4 times the length of the vectors, and at most a cell.`,
        drawn: fields(planes)
      }
    ],
    tables: [
      {
        caption: '|G| / |EM(m) − m| at m = 1.25 αμ',
        header: ['t', ...shown.map(length => `|μ| = ${length}`)],
        rows: TIMES.map(time => [String(time), ...shown.map(length => show(ratio(at(length, time)), 2))])
      },
      {
        caption:
          'Where runs from a grid of starts end, 1000 rows; the distance is that of the first from the first of expectation–maximization',
        header: ['|μ|', 'algorithm', 'ends', 'error', 'distance'],
        rows: fixed.map(({ name, length, endings, error, apart }) => [
          String(length),
          name,
          endings.slice(0, 3).map(showEnding).join('; ') + (endings.length > 3 ? '; …' : ''),
          show(error),
          show(apart, 2)
        ])
      }
    ],
    setting: [
      'm = α·mean throughout. Populations are rows at equal steps weighted by the density; the mean over the noise is exact. x_t of the pair ±μ is the pair ±αμ, and EM is the step of expectation–maximization on x_t, in which no noise is drawn. Fixed points are those on a sample of 1000 rows (seed 3) in the plane, from a square grid of starts that reaches to 2|μ| + 1, without 0, which is a fixed point of all; ends nearer than 1e-4 to each other are one. Nothing here is random but that sample. In full it takes a quarter of a minute of processor time.'
    ],
    measured
  }
}
