/**
 * Optimizers on three losses of this field, from random starts: steps and processor time until 99 % of the way from the typical start to the
 * best known loss, with the best of four rates. `npm run build && node dist/examples/compare-optimizers.js 20 docs/images/optimizers.svg`
 */
import { writeFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Expectation, Initializer, Key, Mixture, NoiseLevels, Objective, Optimizer } from 'ornstein'
import { Picture, Pipeline, type Points, Problem, Run, Schedule, Score, Stage } from 'ornstein'

const schedule = Schedule.ornsteinUhlenbeck
const keys = pipe(Key.fromSeed(1), Key.named('pair', 'star', 'noise'))
const [pairRows, starRows] = [
  Mixture.sample(500)(keys.pair)(Mixture.symmetricPair([1.2, 0.9, 0, 0])),
  Mixture.sample(1500)(keys.star)(
    Mixture.of({
      means: [
        [4, 0],
        [2, 3.46],
        [-2, 3.46],
        [-4, 0],
        [-2, -3.46],
        [2, -3.46]
      ]
    })
  )
]
const noise: Points.Points = { rows: 1500, dim: 2, values: Key.normal(3000)(keys.noise) }
const anyScore = (score: Score.Score<string>) => score
const pair = { score: anyScore(Score.symmetricPair), rows: pairRows, initializer: Initializer.gaussian({ scale: 0.5 }) }
const star = {
  score: anyScore(Score.spherical({ components: 6 })),
  rows: starRows,
  initializer: Initializer.gaussian({ scale: 3 })
}
const landscapes = [
  { name: 'a pair, high noise', ...pair, time: 1.2, expectation: Expectation.quadrature(), components: 1 },
  { name: 'a pair, low noise', ...pair, time: 0.1, expectation: Expectation.quadrature(), components: 1 },
  { name: 'a star of six', ...star, time: 0.1, expectation: Expectation.fixed(noise), components: 6 }
]

const { chain, scale, scaleByRate } = Optimizer
const tuned = {
  'gradient descent': (rate: number) => Optimizer.gradientDescent({ rate }),
  momentum: (rate: number) => Optimizer.momentum({ rate }),
  Adam: (rate: number) => Optimizer.adam({ rate }),
  AdaBelief: (rate: number) => chain(Optimizer.scaleByBelief(), scaleByRate(rate)),
  LAMB: (rate: number) => Optimizer.lamb({ rate }),
  Muon: (rate: number) => Optimizer.muon({ rate }),
  SAM: (rate: number) => chain(Optimizer.sam(), scaleByRate(rate)),
  'schedule-free': (rate: number) => Optimizer.scheduleFree({ rate })
}
const untuned = {
  Prodigy: Optimizer.prodigy({ start: 0.01 }),
  DoG: chain(Optimizer.scaleByDistanceOverGradients({ start: 0.01 }), scale(-1)),
  'L-BFGS': Optimizer.lbfgs(),
  Newton: Optimizer.newton()
}
const median = (values: ReadonlyArray<number>) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const [seeds, steps] = [Number(process.argv.at(2) ?? 20), 150]

const compare = ({ name, score, rows, initializer, time, expectation, components }: (typeof landscapes)[number]) => {
  const objective = Objective.denoising(NoiseLevels.at(time))
  const loss = Problem.orThrow(Compile.value({ schedule, score, objective, expectation })(rows))
  const descend = (optimizer: Optimizer.Optimizer) => Stage.descend({ objective, expectation, optimizer, steps })
  /** Losses and processor times, in ms, of the states of a run until the loss is at most `goal`; null if the stage is refused. */
  const run = (stage: Stage.Stage, goal: number) => {
    const compiled = Compile.pipeline(Pipeline.of({ schedule, score, initializer, stages: [stage] }))(rows)
    if (compiled._tag === 'Left') return null
    return Array.from({ length: seeds }, (_, seed) => {
      const losses: number[] = []
      let [spent, before] = [0, process.cpuUsage()]
      for (const { params } of Run.states(compiled.right)(Key.fromSeed(seed))) {
        const { user, system } = process.cpuUsage(before)
        spent += (user + system) / 1000
        losses.push(loss(params, Key.fromSeed(0)))
        if (losses[losses.length - 1] <= goal) break
        before = process.cpuUsage()
      }
      const isThere = losses[losses.length - 1] <= goal
      return { losses, steps: isThere ? losses.length - 1 : Infinity, spent: isThere ? spent : Infinity }
    })
  }
  const known = run(descend(Optimizer.lbfgs()), -Infinity) ?? []
  const best = Math.min(...known.flatMap(({ losses }) => losses))
  const goal = best + 0.01 * (median(known.map(({ losses }) => losses[0])) - best)
  const theory = components / 2 / Math.exp(-2 * time)
  const rivals: ReadonlyArray<readonly [name: string, stages: ReadonlyArray<readonly [rate: string, Stage.Stage]>]> = [
    ['EM', [['', Stage.expectationMaximization({ steps })]]],
    ['descent, theory', [[theory.toFixed(2), descend(Optimizer.gradientDescent({ rate: theory }))]]],
    ...Object.entries(tuned).map(
      ([name, at]) => [name, [0.03, 0.1, 0.3, 1].map(rate => [String(rate), descend(at(rate))] as const)] as const
    ),
    ...Object.entries(untuned).map(([name, optimizer]) => [name, [['', descend(optimizer)] as const]] as const)
  ]
  return rivals.flatMap(([rival, stages]) => {
    const results = stages.flatMap(([rate, stage]) => {
      const runs = run(stage, goal)
      if (runs === null) return []
      const found = runs.filter(({ steps }) => steps < Infinity)
      const [steps, ms] =
        found.length === 0 ? [Infinity, Infinity] : [median(found.map(r => r.steps)), median(found.map(r => r.spent))]
      return [{ name, rival, rate, share: found.length / seeds, steps, ms }]
    })
    // the rate with the most successes, and with the fewest steps among these
    return results.sort((a, b) => (a.share === b.share ? a.steps - b.steps : b.share - a.share)).slice(0, 1)
  })
}

const found = landscapes.map(compare)
for (const { name, rival, rate, share, steps, ms } of found.flat())
  console.log(
    [
      name,
      rival,
      rate || '–',
      `${Math.round(100 * share)} %`,
      ...(share > 0 ? [steps, ms.toFixed(1)] : ['–', '–'])
    ].join(' | ')
  )
const { dots, words } = Picture.Marks
const picture = Picture.of(
  Picture.arranged(
    found.map((rows, i) => ({
      title: landscapes[i].name,
      x: { title: 'steps', scale: 'log' as const, domain: [0.6, 120] as const },
      y: { title: 'processor time, ms', scale: 'log' as const },
      marks: rows
        .filter(({ share }) => share > 0)
        .sort((a, b) => a.ms - b.ms)
        .flatMap(({ rival, steps, ms }, place) => [
          dots([[steps, ms]], { k: 0 }),
          // names in turn on the right and on the left, as neighbours would cover each other
          words(
            [steps, ms],
            rival,
            place % 2 === 0 ? { anchor: 'start', offset: [6, 0] } : { anchor: 'end', offset: [-6, 0] }
          )
        ])
    })),
    { columns: 1, width: 520, height: 260 }
  ),
  {
    title: 'Optimizers on three losses',
    description:
      'Median steps and processor time until 99 % of the way to the best known loss, by optimizer, on three landscapes'
  }
)
const file = process.argv.at(3)
if (file !== undefined) writeFileSync(file, String(picture))
