/** Wrong meanings of what pipelines are made of: time laws, weightings, parametrizations, rates, regions, time grids. */
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import {
  Case,
  Compile,
  Key,
  Objective,
  Optimizer,
  Parametrization,
  Rate,
  Region,
  Run,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  TimeLaw,
  Weighting
} from '../../src/index.js'
import { compiled } from '../../src/laws/check.js'
import { parametrization } from '../../src/laws/parametrization.js'
import { region } from '../../src/laws/region.js'
import { stage } from '../../src/laws/stage.js'
import { timeGrid } from '../../src/laws/timeGrid.js'
import { type Timing } from '../../src/laws/timeLaw.js'
import { weighting } from '../../src/laws/weighting.js'
import { areCaught, compiling, type Mutant } from './mutant.js'
import { ofRate, regioned, weighted } from './published.js'
import { ofTimeLaw } from './timed.js'

/** Mutants of one instance, each with the law that is to catch it. */
const mutants = <Change>(
  laws: (change?: Change) => Mutant['right'],
  wrong: ReadonlyArray<readonly [wrong: string, law: string, change: Change]>
): ReadonlyArray<Mutant> => wrong.map(([wrong, law, change]) => ({ wrong, law, mutant: laws(change), right: laws() }))

const ou = Schedule.ornsteinUhlenbeck

// —— regions ——

const sum = (x: Float64Array): number => x.reduce((a, b) => a + b, 0)

type Project = (x: Float64Array, columns?: number) => Float64Array
const projecting =
  (region_: Region.Region) =>
  (project?: Project): Mutant['right'] =>
    region(region_, { ...regioned(region_), ...(project && { project: () => project }) })

const ball = Region.ball({ radius: 2 })
const simplex = Region.simplex()
const box = Region.box({ least: -1, most: 1 })

/** Columns divided by their lengths; the first axis in the place of one without. */
const unitColumns = (x: Float64Array, columns = 1): Float64Array =>
  x.map((entry, at) => {
    const length = Math.hypot(...x.filter((_, k) => k % columns === at % columns))
    return length === 0 ? (at < columns ? 1 : 0) : entry / length
  })

areCaught([
  ...mutants(projecting(ball), [
    [
      'a ball a little too large',
      'a projection is inside',
      x => pipe(x, Region.project(Region.ball({ radius: 2.001 })))
    ],
    [
      'always onto the sphere',
      'what is inside stays',
      x => x.map(entry => (2 * entry) / Math.max(1e-9, Math.hypot(...x)))
    ],
    [
      'half of the way to the ball',
      'projecting twice is projecting once',
      x => pipe(x, Region.project(ball)).map((entry, i) => (entry + x[i]) / 2)
    ]
  ]),
  ...mutants(projecting(Region.orthonormal), [
    ['columns that have length 1 alone', 'a projection is inside', unitColumns],
    [
      'Gram and Schmidt in the place of the polar form',
      'no point of the region is nearer',
      (x, given) => {
        const columns = given ?? 1
        const first = unitColumns(x, columns).map((entry, at) => (at % columns === 0 ? entry : x[at]))
        return Region.project(Region.orthonormal)(
          first.map((entry, at) => (at % columns === 0 ? 1e6 * entry : entry)),
          columns
        )
      }
    ]
  ]),
  ...mutants(projecting(Region.positiveDefinite({ least: 1 })), [
    [
      'what is not symmetric left so',
      'a projection is inside',
      (x, columns = 1) =>
        Region.project(Region.positiveDefinite({ least: 1 }))(x, columns).map((entry, at) =>
          at === 1 && columns > 1 ? entry + x[1] - x[columns] : entry
        )
    ],
    [
      'the size of an eigenvalue in its place',
      'no point of the region is nearer',
      (x, columns = 1) =>
        columns === 1
          ? x.map(entry => Math.max(1, Math.abs(entry)))
          : Region.project(Region.positiveDefinite({ least: 1 }))(x, columns)
    ]
  ]),
  ...mutants(projecting(simplex), [
    [
      'what is positive, divided by its sum',
      'a projection is the nearest point',
      x => {
        const positive = x.map(entry => Math.max(entry, 0))
        const total = sum(positive)
        return positive.map(entry => (total > 0 ? entry / total : 1 / x.length))
      }
    ],
    [
      'the corner of the greatest coordinate',
      'projections bring nothing farther apart',
      x => x.map((_, i) => (i === x.indexOf(Math.max(...x)) ? 1 : 0))
    ]
  ]),
  ...mutants(projecting(box), [
    [
      'only the first coordinate is held',
      'a projection does not know the order of the coordinates',
      x => x.map((entry, i) => (i === 0 ? Math.min(1, Math.max(-1, entry)) : entry))
    ]
  ])
])

// —— rates ——

type At = (rate: Rate.Rate, step: number) => number
const rated =
  (rate_: Rate.Rate) =>
  (at?: At): Mutant['right'] =>
    ofRate(rate_, at && { at })

const falling = Rate.linear({ rate: 0.1, final: 0, steps: 20 })
const waved = Rate.cosine({ rate: 0.1, steps: 20, warmUp: 4, final: 0.01 })

areCaught([
  ...mutants(rated(falling), [
    [
      'a straight line that does not stop',
      'is no less than 0',
      (rate, step) =>
        Case.isMadeBy(Rate.linear)(rate) ? rate.rate + ((rate.final - rate.rate) * step) / rate.steps : NaN
    ],
    [
      'a straight line that goes up',
      'is no more than it names',
      (rate, step) => (Case.isMadeBy(Rate.linear)(rate) ? rate.rate * (1 + step) : NaN)
    ]
  ]),
  ...mutants(rated(Rate.step({ rate: 0.1, factor: 0.5, every: 10 })), [
    [
      'a staircase without stairs',
      'is what its description says',
      (rate, step) => (Case.isMadeBy(Rate.step)(rate) ? rate.rate * rate.factor ** (step / rate.every) : NaN)
    ]
  ]),
  ...mutants(rated(waved), [
    [
      'a straight line for half a cosine',
      'is what its description says',
      (rate, step) =>
        Case.isMadeBy(Rate.cosine)(rate) && step >= rate.warmUp && step < rate.steps
          ? rate.rate + ((rate.final - rate.rate) * (step - rate.warmUp)) / (rate.steps - rate.warmUp)
          : Rate.at(step)(rate)
    ],
    [
      'a warm-up that begins at 0',
      'is what its description says',
      (rate, step) =>
        Case.isMadeBy(Rate.cosine)(rate) && step < rate.warmUp ? (rate.rate * step) / rate.warmUp : Rate.at(step)(rate)
    ],
    ['never below 0.02', 'grows with the rates it names', (rate, step) => Math.max(0.02, Rate.at(step)(rate))]
  ]),
  ...mutants(rated(Rate.inverseSquareRoot({ rate: 0.1, after: 10 })), [
    [
      '1/√step, not 1 at first',
      'is what its description says',
      (rate, step) => (Case.isMadeBy(Rate.inverseSquareRoot)(rate) ? rate.rate / Math.sqrt(rate.after + step) : NaN)
    ]
  ]),
  ...mutants(
    rated(Rate.piecewise(0.1, [{ from: 10, rate: Rate.exponential({ rate: 0.1, factor: 0.5, every: 10 }) }])),
    [
      [
        'a piece that counts from the begin of the run',
        'is what its description says',
        (rate, step) =>
          Case.isMadeBy(Rate.piecewise)(rate) && step >= 10 ? Rate.at(step)(rate.later[0].rate) : Rate.at(step)(rate)
      ]
    ]
  ),
  {
    wrong: 'an optimizer that keeps the first rate',
    law: 'is what an optimizer takes',
    mutant: ofRate(falling, { interpret: () => Optimizer.anyInterpret(Optimizer.scaleByRate(0.1)) }),
    right: ofRate(falling)
  },
  {
    wrong: 'an optimizer that climbs',
    law: 'is what an optimizer takes',
    mutant: ofRate(falling, {
      interpret: optimizer => Optimizer.anyInterpret(Optimizer.chain(optimizer, Optimizer.scale(-1)))
    }),
    right: ofRate(falling)
  }
])

// —— weightings ——

type WeightAt = (schedule: Schedule.Schedule, time: number) => number
const weighed =
  (weighting_: Weighting.Weighting) =>
  (at?: WeightAt): Mutant['right'] =>
    weighting(weighting_, {
      ...weighted(weighting_),
      ...(at && { interpret: schedule => () => time => at(schedule, time) })
    })

areCaught([
  ...mutants(weighed(Weighting.snr), [
    [
      'the logarithm of SNR',
      'weights are finite, and of one sign',
      (schedule, time) => Schedule.logSnr(time)(schedule)
    ],
    [
      '1/σ² for α²/σ²',
      'the weight of a level is that of its SNR',
      (schedule, time) => Schedule.level(time)(schedule).sigma ** -2
    ],
    [
      'α/σ for its square',
      'the loss of each level is multiplied by its weight',
      (schedule, time) => Math.exp(Schedule.logSnr(time)(schedule) / 2)
    ]
  ]),
  ...mutants(weighed(Weighting.likelihood), [
    [
      'g for g²',
      'another clock changes no weight but a rate',
      (schedule, time) => Math.sqrt(Schedule.diffusion(time)(schedule))
    ]
  ]),
  {
    wrong: 'a weighting that is passed over',
    law: 'the loss of each level is multiplied by its weight',
    mutant: weighting(Weighting.minSnr(), {
      evaluate: compiling(loss => ({
        ...loss,
        objective: Case.isMadeBy(Objective.weight)(loss.objective) ? loss.objective.objective : loss.objective
      }))
    }),
    right: weighting(Weighting.minSnr())
  },
  {
    wrong: 'SNR, believed to lead from noise to data',
    law: 'it makes the loss of one parametrization that of another',
    mutant: weighting(Weighting.snr, { carries: [Parametrization.noise, Parametrization.data] }),
    right: weighting(Weighting.snr, weighted(Weighting.snr))
  },
  {
    wrong: 'EDM’s weight for data of another size',
    law: 'it makes the loss of one parametrization that of another',
    mutant: weighting(Weighting.edm({ sigmaData: 0.5 }), {
      carries: [Parametrization.data, Parametrization.edm({ sigmaData: 1 })]
    }),
    right: weighting(Weighting.edm({ sigmaData: 0.5 }), weighted(Weighting.edm({ sigmaData: 0.5 })))
  }
])

// —— parametrizations ——

type Coefficients = typeof Parametrization.coefficients
const carrying =
  (own: Parametrization.Parametrization) =>
  (change?: (right: Parametrization.Coefficients, level: Schedule.Level, to: string, from: string) => object) =>
    parametrization(
      own,
      change && {
        coefficients: ((from, to) => level => {
          const right = Parametrization.coefficients(from, to)(level)
          return { ...right, ...change(right, level, to._tag, from._tag) }
        }) satisfies Coefficients
      }
    )

const { velocity, noise, data } = Parametrization

areCaught([
  ...mutants(carrying(velocity), [
    [
      'the velocity with the other sign',
      'the truth is carried to the truth',
      ({ ofOutput, ofPoint }, _, to, from) =>
        (to === 'velocity') === (from === 'velocity')
          ? {}
          : { ofOutput: -ofOutput, ofPoint: to === 'velocity' ? -ofPoint : ofPoint }
    ],
    [
      'x left out on the way back',
      'the truth is carried to the truth',
      (_, _level, to) => (to === 'velocity' ? { ofPoint: 0 } : {})
    ],
    [
      'one way a little too long',
      'the truth is carried to the truth',
      ({ ofOutput }, _, to, from) => (from === 'noise' && to !== 'noise' ? { ofOutput: 1.001 * ofOutput } : {})
    ],
    [
      'divided by α where there is none',
      'nothing is divided by zero at either end',
      ({ ofOutput }, { alpha }) => ({ ofOutput: (ofOutput * alpha) / alpha })
    ],
    [
      'a round trip that forgets the data without signal',
      'nothing is divided by zero at either end',
      (_, { alpha }) => (alpha === 0 ? { ofOutput: 0 } : {})
    ]
  ]),
  ...mutants(carrying(noise), [
    [
      '1/α where no signal is left',
      'nothing is divided by zero at either end',
      ({ ofPoint }, { alpha }, to) => (to === 'data' ? { ofPoint: ofPoint === 0 ? 1 / alpha : ofPoint } : {})
    ],
    [
      'x as the data, for x/α',
      'nothing is divided by zero at either end',
      (_, { sigma }, to) => (to === 'data' && sigma === 0 ? { ofPoint: 1 } : {})
    ]
  ]),
  {
    wrong: 'a weight that is not squared',
    law: 'squared errors compare by its weight',
    mutant: parametrization(data, {
      weight: (from, to) => level => Math.sqrt(Parametrization.weight(from, to)(level))
    }),
    right: parametrization(data)
  },
  {
    wrong: 'a velocity that does not grow with its level',
    law: 'outputs grow with the level by its degree',
    mutant: parametrization(velocity, { degree: () => O.some(0) }),
    right: parametrization(velocity)
  },
  {
    wrong: 'the loss of the noise for that of the velocity',
    law: 'its loss is the squared error of its output',
    mutant: parametrization(velocity, {
      evaluate: compiling(loss => ({
        ...loss,
        objective: Case.isMadeBy(Objective.denoising)(loss.objective)
          ? { ...loss.objective, parametrization: noise }
          : loss.objective
      }))
    }),
    right: parametrization(velocity)
  },
  {
    wrong: 'σ² for the weight of the data',
    law: 'its loss is that of the score times its weight',
    mutant: parametrization(data, { weight: () => level => level.sigma ** 2 }),
    right: parametrization(data)
  },
  {
    wrong: 'a network taken for a score, whatever it predicts',
    law: 'of a network that predicts it, it is the output',
    mutant: parametrization(velocity, {
      evaluate: compiling(loss => ({
        ...loss,
        score: Case.isMadeBy(Score.custom)(loss.score) ? { ...loss.score, predicts: Parametrization.score } : loss.score
      }))
    }),
    right: parametrization(velocity)
  }
])

// —— time laws ——

const timed =
  (law: TimeLaw.TimeLaw, schedule: Schedule.Schedule = ou) =>
  (timing?: Partial<Timing>): Mutant['right'] =>
    ofTimeLaw(law, { schedule, ...(timing && { timing }) })

/** Every draw changed. */
const drawing = (change: (times: TimeLaw.Times, law: TimeLaw.TimeLaw) => TimeLaw.Times): Partial<Timing> => ({
  draw: (schedule, rows) => key => law => TimeLaw.draw(schedule, rows)(key)(law).map(times => change(times, law))
})
/** Every rule changed. */
const weighing = (change: (nodes: ReadonlyArray<TimeLaw.Node>) => ReadonlyArray<TimeLaw.Node>): Partial<Timing> => ({
  quadrature: (schedule, count) => law => change(TimeLaw.quadrature(schedule, count)(law))
})

const uniform = TimeLaw.uniform(0.1, 0.9)
const importance = TimeLaw.importance({ proposal: uniform, target: TimeLaw.uniform(0.4, 0.9) })

areCaught([
  ...mutants(timed(uniform, Schedule.rectifiedFlow), [
    [
      'times past the end of the schedule',
      'times are those of the schedule',
      drawing(({ time, weight }) => ({ time: typeof time === 'number' ? time : time.map(t => 2 * t), weight }))
    ]
  ]),
  ...mutants(timed(uniform), [
    [
      'an integral over an interval for the mean over it',
      'nodes weigh as much as the law',
      weighing(nodes => nodes.map(({ time, weight }) => ({ time, weight: 0.8 * weight })))
    ],
    [
      'equal steps for Gauss nodes',
      'nodes are exact for polynomials of the share',
      weighing(nodes =>
        nodes.map((_, i) => ({ time: 0.1 + (0.8 * (i + 0.5)) / nodes.length, weight: 1 / nodes.length }))
      )
    ],
    [
      'one stream of randomness for all keys',
      'looks at the key only if it is random',
      { draw: (schedule, rows) => () => TimeLaw.draw(schedule, rows)(Key.fromSeed(1)) }
    ],
    [
      'a law that is drawn, believed to be the same at every step',
      'looks at the key only if it is random',
      { isDeterministic: () => true }
    ],
    [
      'a density per time that is one per log-SNR',
      'the density is that of the draws',
      { density: () => () => O.some({ at: time => time, support: [0.1, 0.9] }) }
    ]
  ]),
  ...mutants(timed(TimeLaw.likelihood({ until: 1, nodes: 6 }), Schedule.vpLinear()), [
    [
      'g² for ½ g²',
      'nodes weigh as much as the law',
      weighing(nodes => nodes.map(({ time, weight }) => ({ time, weight: 2 * weight })))
    ]
  ]),
  ...mutants(timed(TimeLaw.uniformLogSnr(-1, 2)), [
    [
      'times even in t, not in the log-SNR',
      'draws have the law’s shares',
      {
        draw: (schedule, rows) => key => () =>
          TimeLaw.draw(schedule, rows)(key)(
            TimeLaw.uniform(Schedule.timeOfLogSnr(2)(ou), Schedule.timeOfLogSnr(-1)(ou))
          )
      }
    ]
  ]),
  ...mutants(timed(TimeLaw.logNormal(), Schedule.edm), [
    [
      'log(σ²/α²) normal, for log(σ/α)',
      'draws have the law’s shares',
      drawing(({ time, weight }) => ({ time: typeof time === 'number' ? time : time.map(Math.sqrt), weight }))
    ]
  ]),
  ...mutants(timed(importance), [
    [
      'importance weights forgotten',
      'draws agree in mean with the quadrature',
      drawing(({ time }) => ({ time, weight: 1 }))
    ],
    [
      'weights that are normalized by their own sum',
      'the weight of a draw is the ratio of densities',
      drawing(({ time, weight }) => ({
        time,
        weight: typeof weight === 'number' ? weight : weight.map(w => (w * weight.length) / sum(weight))
      }))
    ],
    [
      'p/q for q/p',
      'draws agree in mean with the quadrature',
      drawing(({ time, weight }) => ({
        time,
        weight: typeof weight === 'number' ? weight : weight.map(w => (w === 0 ? 0 : 1 / w))
      }))
    ]
  ]),
  ...mutants(timed(TimeLaw.stratified(uniform)), [
    [
      'a shift for each row, strata left empty',
      'stratified draws have each stratum once',
      { draw: (schedule, rows) => key => () => TimeLaw.draw(schedule, rows)(key)(uniform) }
    ],
    [
      'strata in the order of the rows',
      'stratified draws have each stratum once',
      drawing(({ time, weight }) => ({ time: typeof time === 'number' ? time : time.slice().sort(), weight }))
    ]
  ])
])

// —— time grids ——

const gridded =
  (grid: TimeGrid.TimeGrid) =>
  (times?: typeof TimeGrid.times): Mutant['right'] =>
    timeGrid(grid, times && { times })

const span = { from: 0.9, to: 0.1, steps: 8 }
const even = (): typeof TimeGrid.times => schedule => () => TimeGrid.times(schedule)(TimeGrid.uniform(span))

areCaught([
  ...mutants(gridded(TimeGrid.uniform(span)), [
    [
      'the noisy end left out',
      'it goes from its noisy end to its clean end in its steps',
      schedule => grid => TimeGrid.times(schedule)(grid).slice(1)
    ],
    ['from data to noise', 'times fall', schedule => grid => TimeGrid.times(schedule)(grid).slice().reverse()]
  ]),
  ...mutants(gridded(TimeGrid.logSnr(span)), [
    ['even in t, not in the log-SNR', 'steps are even in its coordinate', even()]
  ]),
  ...mutants(gridded(TimeGrid.karras(span)), [
    [
      'even in (1 + t)^(1/7), which knows the clock',
      'on another clock the levels are the same',
      () => grid => {
        const { from, to, steps } = Case.isMadeBy(TimeGrid.karras)(grid) ? grid : span
        const [first, last] = [from, to].map(time => (1 + time) ** (1 / 7))
        return Float64Array.from({ length: steps + 1 }, (_, i) => (first + ((last - first) * i) / steps) ** 7 - 1)
      }
    ]
  ])
])

// —— stages ——

type Change = (stage: Stage.Stage) => ReadonlyArray<Stage.Stage>
const once = Stage.expectationMaximization({ steps: 1 })
const descent = Stage.descend({
  objective: Objective.denoising(TimeLaw.at(0.3)),
  optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
  steps: 2
})

/** A pipeline that ends where one with each of its stages changed does. */
const staged = (change?: Change): Mutant['right'] =>
  stage(
    descent,
    change && {
      end: (pipeline, points, key) =>
        Run.last(compiled(Compile.pipeline({ ...pipeline, stages: pipeline.stages.flatMap(change) })(points)))(key)
          .params
    }
  )

areCaught(
  mutants(staged, [
    [
      'the last of a sequence first',
      'sequences are associative',
      stage => (Case.isMadeBy(Stage.sequence)(stage) ? [...stage.stages].reverse() : [stage])
    ],
    [
      'a step where there is nothing to do',
      'the empty sequence is the identity',
      stage => (Case.isMadeBy(Stage.sequence)(stage) && stage.stages.length === 0 ? [once] : [stage])
    ],
    [
      'once more than said',
      'repeating is a sequence of the same',
      stage => [Case.isMadeBy(Stage.repeat)(stage) ? { ...stage, times: stage.times + 1 } : stage]
    ],
    [
      'from low noise to high',
      'annealing is a sequence over its times',
      stage => [
        Case.isMadeBy(Stage.anneal)(stage) ? { ...stage, times: [...stage.times].sort((a, b) => a - b) } : stage
      ]
    ]
  ])
)
