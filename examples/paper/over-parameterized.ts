/**
 * More students than teachers: n centres learn one Gaussian. Which starts converge, at which noise, how fast; after Zhang,
 * Xu, Zhou, Fazel & Du 2025 (arXiv 2511.22069), with the dynamics in population, by quadrature.
 */
import {
  Compile,
  Expectation,
  Initializer,
  Key,
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
import { Quadrature } from 'ornstein/float64'
import { compiled, mean, share, show, type Budget, type Estimate, type Report } from './frame.js'
import { type Met } from './population.js'

// -- the problem -----------------------------------------------------------------------------------------------------

const schedule = Schedule.ornsteinUhlenbeck
const LOW = 0.1
const HIGH = 2

const alphaAt = (time: number): number => Schedule.level(time)(schedule).alpha

/**
 * N(0, 1) as the weighted rows x_t/α, in equal steps: few rows follow the steep softmax of far students. The implicit loss asks
 * which x_t there is, not which noise made it, so that each row meets none.
 */
const population = (count: number, time: number): Met => {
  const { nodes, weights } = Quadrature.equalSteps(count)
  const rows = nodes.length
  const dim = 1
  return {
    points: { rows, dim, values: nodes.map(x => x / alphaAt(time)), weights },
    noise: { rows, dim, values: new Float64Array(rows) }
  }
}

/** In m = α·mean the step is ½, whatever the level: with all of the responsibility, a centre arrives in one. */
const rateAt = (time: number): number => 0.5 / alphaAt(time) ** 2

const learning = (
  students: number,
  time: number,
  steps: number,
  initializer: Initializer.Initializer,
  expectation: Expectation.Expectation
): Pipeline.Pipeline<'means'> =>
  Pipeline.of({
    schedule,
    score: Score.spherical({ components: students }),
    initializer,
    stages: [
      Stage.descend({
        objective: Objective.implicit(NoiseLevels.at(time)),
        expectation,
        optimizer: Optimizer.gradientDescent({ rate: rateAt(time) }),
        steps
      })
    ]
  })

const centresOf = ({ means: { shape, values } }: Params.Params<'means'>): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: shape[0] }, (_, k) => Array.from(values.subarray(k * shape[1], (k + 1) * shape[1])))

/** The implicit objective at the truth on the line is E[x² − 2] = −1. What is above it is E|s − s*|², s* the true score. */
const excess = (value: number): number => value + 1

// -- the stationary point --------------------------------------------------------------------------------------------

/** Three centres at −c, 0 and c: by symmetry the middle one has no gradient, and where the loss along c is greatest no other. */
const threeAt = (c: number): Params.Params<'means'> => Params.of({ means: [[-c], [0], [c]] })

const lossOfThree = ({ points, noise }: Met, time: number): ((c: number) => ReturnType<Loss>) => {
  const objective = Objective.implicit(NoiseLevels.at(time))
  const asked = {
    schedule,
    score: Score.spherical({ components: 3 }),
    objective,
    expectation: Expectation.fixed(noise)
  }
  const loss: Loss = Problem.orThrow(Compile.valueAndGrad(asked)(points))
  return c => loss(threeAt(c), Key.fromSeed(0))
}

type Loss = (
  params: Params.Params<'means'>,
  key: Key.Key
) => { readonly value: number; readonly gradient: Params.Params<'means'> }

export interface Stationary {
  readonly time: number
  /** ±c is where the outer centres stand, 0 the middle one. */
  readonly centre: number
  /** The norm of the gradient there. */
  readonly gradient: number
  /** E|s − s*|² there. */
  readonly loss: number
}

/** Halves the interval in which the outer centres' gradient changes its sign. */
const bisected = (f: (x: number) => number, low: number, high: number, halvings = 60): number => {
  const middle = (low + high) / 2
  return halvings === 0
    ? middle
    : f(middle) < 0 === f(low) < 0
      ? bisected(f, middle, high, halvings - 1)
      : bisected(f, low, middle, halvings - 1)
}

const stationary = (met: Met, time: number): Stationary => {
  const loss = lossOfThree(met, time)
  const scale = 1 / alphaAt(time)
  const centre = bisected(c => loss(c).gradient.means.values[2], scale, 4 * scale)
  const { value, gradient } = loss(centre)
  return { time, centre, gradient: Params.norm(gradient), loss: excess(value) }
}

// -- runs ------------------------------------------------------------------------------------------------------------

export interface Course {
  readonly name: string
  readonly time: number
  readonly start: ReadonlyArray<number>
  readonly states: ReadonlyArray<{
    readonly step: number
    readonly centres: ReadonlyArray<number>
    /** E|s − s*|² */
    readonly loss: number
  }>
  /** The slope of log loss over log step in the last decade. */
  readonly slope: number
}

/** Whole steps about evenly spread on a logarithmic axis, from 1. */
const spaced = (steps: number): ReadonlySet<number> =>
  new Set([...Array.from({ length: 121 }, (_, i) => Math.round(steps ** (i / 120))), steps / 10])

const course = (met: Met, name: string, time: number, start: ReadonlyArray<number>, steps: number): Course => {
  const shown = spaced(steps)
  const initializer = Initializer.values(start.map(c => [c]))
  const program = compiled(learning(start.length, time, steps + 1, initializer, Expectation.fixed(met.noise)))(
    met.points
  )
  // A state's value is that of the centres before its step.
  const kept: Array<Course['states'][number]> = []
  let before = start
  for (const { step, value, params } of Run.states(program)(Key.fromSeed(0))) {
    if (value !== null && (step === 1 || shown.has(step - 1)))
      kept.push({ step: step - 1, centres: before, loss: excess(value) })
    before = centresOf(params).map(([c]) => c)
  }
  const lossAt = (at: number): number => kept.find(({ step }) => step === at)?.loss ?? NaN
  return { name, time, start, states: kept, slope: Math.log10(lossAt(steps) / lossAt(steps / 10)) }
}

// -- random starts ---------------------------------------------------------------------------------------------------

/** Converged: within a standard deviation of the truth in α·mean. Who is farther after the steps is on the way out. */
const NEAR = 1

export interface Basin {
  readonly dim: number
  readonly time: number
  /** The standard deviation of the start in α·mean. */
  readonly spread: number
  /** The share of starts from which all students converge. */
  readonly all: Estimate
  /** The share of starts from which exactly one does. */
  readonly one: Estimate
  /** How many of the students converge. */
  readonly converged: Estimate
}

const STUDENTS = 4

interface Data {
  readonly dim: number
  readonly points: Points.Points
  readonly expectation: Expectation.Expectation
}

const basin = (
  { dim, points, expectation }: Data,
  time: number,
  spread: number,
  starts: number,
  steps: number,
  key: Key.Key
): Basin => {
  const alpha = alphaAt(time)
  const program = compiled(
    learning(STUDENTS, time, steps, Initializer.gaussian({ scale: spread / alpha }), expectation)
  )(points)
  const ends = Key.split(starts)(key).map(one => {
    const { params } = Run.last(program)(one)
    return centresOf(params).filter(centre => alpha * Math.hypot(...centre) < NEAR).length
  })
  return {
    dim,
    time,
    spread,
    all: share(ends.filter(near => near === STUDENTS).length, starts),
    one: share(ends.filter(near => near === 1).length, starts),
    converged: mean(ends)
  }
}

// -- the report ------------------------------------------------------------------------------------------------------

export interface Measured {
  /** E|s − s*|² of three students at −c, 0 and c, by αc, at the low level. */
  readonly profile: ReadonlyArray<Picture.Point>
  readonly stationary: ReadonlyArray<Stationary>
  readonly courses: ReadonlyArray<Course>
  readonly basins: ReadonlyArray<Basin>
  /** The same in eight dimensions, on a sample. */
  readonly sampled: ReadonlyArray<Basin>
}

const SMALL = 1
const LARGE = 4
const SPREADS = [0.25, 0.5, 1, 2, 4, 8]
const TIMES = [LOW, 1, HIGH]
const DIM = 8
const ROWS = 4000

/** 40 + 22 D for centres D apart that meet: D = 16 is as far as two may be between which a row of |x| < 8 decides. */
const nodesFor = (budget: Budget): number => (budget === 'full' ? 400 : 200)

const metFor = (budget: Budget, time: number): Met => population(nodesFor(budget), time)

export const measure = (budget: Budget): Measured => {
  const [low, high] = [LOW, HIGH].map(time => metFor(budget, time))
  const isFull = budget === 'full'
  const [steps, starts, short] = isFull ? [10_000, 100, 200] : [1000, 10, 100]
  const keys = Key.named('basins', 'sample', 'sampled')(Key.fromSeed(22))
  const inLine = (time: number): Data => {
    const { points, noise } = metFor(budget, time)
    return { dim: 1, points, expectation: Expectation.fixed(noise) }
  }
  const inSpace: Data = {
    dim: DIM,
    points: Mixture.sample(isFull ? ROWS : ROWS / 2)(keys.sample)(
      Mixture.of({ means: [new Array<number>(DIM).fill(0)] })
    ),
    expectation: Expectation.projected({ antithetic: true })
  }
  const spreads = isFull ? SPREADS : [0.25, 8]
  const loss = lossOfThree(low, LOW)
  return {
    profile: Array.from({ length: 71 }, (_, i) => ({ x: i / 10, y: excess(loss(i / 10 / alphaAt(LOW)).value) })),
    stationary: [stationary(low, LOW), stationary(high, HIGH)],
    courses: [
      course(low, `near: ±${SMALL} and 0, t = ${LOW}`, LOW, [-SMALL, 0, SMALL], steps),
      course(low, `far: ±${LARGE} and 0, t = ${LOW}`, LOW, [-LARGE, 0, LARGE], steps),
      course(high, `far: ±${LARGE} and 0, t = ${HIGH}`, HIGH, [-LARGE, 0, LARGE], steps)
    ],
    basins: (isFull ? TIMES : [LOW, HIGH]).flatMap((time, i) =>
      spreads.map((spread, j) => basin(inLine(time), time, spread, starts, short, Key.child(100 * i + j)(keys.basins)))
    ),
    sampled: spreads.map((spread, j) => basin(inSpace, LOW, spread, isFull ? 40 : 5, short, Key.child(j)(keys.sampled)))
  }
}

const logStep = (last: number): Picture.Axis => ({ title: 'step', domain: [0.7, last], scale: 'log' })

const trajectories = (courses: ReadonlyArray<Course>): ReadonlyArray<Picture.Curves> =>
  courses.map(({ name, states }) => ({
    title: name,
    x: logStep(states[states.length - 1].step),
    y: { title: 'centre', domain: [-12, 12] },
    series: ['left', 'middle', 'right'].map((name, k) => ({
      name: `${name} student`,
      points: states.map(({ step, centres }) => ({ x: Math.max(step, 0.7), y: centres[k] }))
    }))
  }))

const losses = ({ courses, profile, stationary: [{ time, centre }] }: Measured): ReadonlyArray<Picture.Curves> => [
  {
    title: 'By step',
    x: logStep(courses[0].states[courses[0].states.length - 1].step),
    y: { title: 'E|s − s*|²', domain: [1e-9, 2], scale: 'log', ticks: [1e-9, 1e-6, 1e-3, 1] },
    series: courses.map(({ name, states }) => ({
      name,
      points: states.filter(({ step }) => step > 0).map(({ step, loss }) => ({ x: step, y: loss }))
    }))
  },
  {
    title: 'Three students at ±c and 0',
    x: { title: 'αc', domain: [0, 7] },
    y: { title: 'E|s − s*|²', domain: [0, 1.1] },
    series: [{ name: 'loss at ±c and 0', points: profile }],
    rules: [{ across: 'x', at: centre * alphaAt(time), text: 'stationary' }]
  }
]

const shares = ({ basins, sampled }: Measured): ReadonlyArray<Picture.Curves> => {
  const times = [...new Set(basins.map(({ time }) => time))]
  const named = [
    ...times.map(time => ({ name: `t = ${time}`, of: basins.filter(basin => basin.time === time) })),
    { name: `t = ${LOW}, d = ${DIM}`, of: sampled }
  ]
  const panel = (title: string, y: Picture.Axis, of: (basin: Basin) => Estimate): Picture.Curves => ({
    title,
    x: { title: 'αR, spread of the start', domain: [0.2, 10], scale: 'log', ticks: SPREADS },
    y,
    series: named.map(({ name, of: cells }) => ({
      name,
      marks: 'both',
      points: cells.map(basin => {
        const { value, low, high } = of(basin)
        return { x: basin.spread, y: value, low, high }
      })
    }))
  })
  return [
    panel('All students converge', { title: 'share of starts', domain: [0, 1] }, ({ all }) => all),
    panel('Exactly one does', { title: 'share of starts', domain: [0, 1] }, ({ one }) => one)
  ]
}

export const report = (budget: Budget, measured: Measured): Report<Measured> => {
  const { noise } = metFor(budget, LOW)
  const { stationary, courses, basins, sampled } = measured
  const [near, far, noisy] = courses
  const [low] = stationary
  const steps = near.states[near.states.length - 1].step
  const least = basins[0]
  const most = basins[basins.length - 1]
  const spaced = sampled[sampled.length - 1]
  const power = ({ slope }: Course): string => `step^(${slope.toFixed(2).replace('-', '−')})`
  const endOf = ({ states }: Course): string =>
    states[states.length - 1].centres.map(c => show(Math.abs(c) < 1e-9 ? 0 : c, 3).replace('-', '−')).join(', ')
  return {
    title: 'More students than teachers',
    claim:
      'Where n students learn a single Gaussian, descent converges from everywhere at a high enough noise level. At a low one there is a stationary point that is not the truth; from small enough starts all students converge, from large ones they need not: from random starts far away one student converges and the others move off to infinity, yet the loss goes to 0, about as 1/step. (Zhang, Xu, Zhou, Fazel & Du 2025, arXiv 2511.22069, from its abstract: past the paper.)',
    findings: [
      `Three students at −c, 0 and c are at a stationary point where αc = ${show(low.centre * alphaAt(low.time))}: the gradient there is ${low.gradient < 1e-12 ? '0 to rounding' : show(low.gradient)}, E|s − s*|² is ${show(low.loss)}. From ±${SMALL} all go to the truth, from ±${LARGE} at t = ${LOW} the outer two go away (after ${steps} steps they are at ${endOf(far)}), from ±${LARGE} at t = ${HIGH} all go to the truth.`,
      `Where all students converge the loss falls as ${power(near)} at t = ${LOW} and ${power(noisy)} at t = ${HIGH}, as centres so near matter by their second moments alone and shrink as step^(−1/2). Where two move off it falls as ${power(far)} in the last decade of the steps.`,
      `High noise and a small start are one thing. N(0, 1) under Ornstein–Uhlenbeck is N(0, 1) at every t, so the loss at level t and centres c is that at level 0 and centres αc: the stationary point is at the same αc at t = ${LOW} and ${HIGH}, and the share of random starts from which all ${STUDENTS} students converge is a function of αR, for N(0, R²) starts, alone. It falls from ${show(least.all.value)} at αR = ${least.spread} to ${show(most.all.value)} at αR = ${most.spread}.`,
      `From far away in ${DIM} dimensions (αR = ${spaced.spread}, ${ROWS} rows with noise drawn again at each step) exactly one student converges, in ${show(100 * spaced.one.value)} % of the starts. On the line, where students are in each other’s way, in ${show(100 * most.one.value)} % (t = ${most.time}), and ${show(most.converged.value)} of ${STUDENTS} converge in the mean.`
    ],
    figures: [
      {
        name: 'courses',
        description:
          'Centres of three students by step: from near all converge, from far two escape at low noise and all converge at high',
        caption: `Three students of N(0, 1), in population: the centres by step, on a logarithmic axis.`,
        drawn: Picture.curves(trajectories(courses), { columns: 3 })
      },
      {
        name: 'loss',
        description: 'The loss of these runs by step, and along the line through the stationary point',
        caption:
          'Left: the loss of these runs above that of the truth. Right: the same of three students at −c, 0 and c.',
        drawn: Picture.curves(losses(measured), { columns: 2, width: 300, height: 210 })
      },
      {
        name: 'starts',
        description:
          'Share of random starts from which all students converge, or exactly one, by the spread of the start',
        caption: `${STUDENTS} students from random starts N(0, R²I) at three noise levels on the line, and in ${DIM} dimensions; bars are 95 % intervals.`,
        drawn: Picture.curves(shares(measured), { columns: 2, width: 300, height: 210 })
      }
    ],
    tables: [
      {
        caption: `Random starts of ${STUDENTS} students`,
        header: ['d', 't', 'αR', 'all converge', 'exactly one', 'how many'],
        rows: [...basins, ...sampled].map(({ dim, time, spread, all, one, converged }) => [
          String(dim),
          String(time),
          String(spread),
          all,
          one,
          converged
        ])
      }
    ],
    setting: [
      `The teacher is N(0, 1), and the loss is that in population: x_t at ${noise.rows} nodes in equal steps, which the implicit loss meets without noise. The step is ½ in α·mean. Random starts: ${basins[0].all.trials} for each row of the table, ${sampled[0].all.trials} in ${DIM} dimensions; a student has converged if it is within ${NEAR} of the truth in α·mean at the end. Key.fromSeed(22).`,
      'The centre is at 0 without loss of generality: the score moves with data and centres. The students’ weights are equal and their variances 1, so a student that is far from all data costs nothing but its share of the weight.'
    ],
    measured
  }
}

export const main = (budget: Budget): Report<Measured> => report(budget, measure(budget))
