/**
 * What `npm start` shows: the default fit of Old Faithful's eruptions, and what gradient descent on the DDPM objective finds on the same rows.
 * Then it writes the report of the fit.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Compile, fit, Initializer, Key, Mixture, Objective, Optimizer, Pipeline, Points } from 'ornstein'
import { Problem, Rate, Run, Schedule, Score, Stage, NoiseLevels } from 'ornstein'

const file = 'examples/data/faithful.csv'
const { points, columns } = Problem.orThrow(Points.readCsv(readFileSync(file, 'utf8')))

const chosen = fit(points, { columns })

// Descent begins with all centres near the mean of the rows, and is told their number alone.
const { points: scaled, centre, scale } = Points.standardize(points)
const descend = (time: number, steps: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    optimizer: Optimizer.adam({ rate: Rate.cosine({ rate: 0.05, steps, final: 0.0005 }) }),
    steps
  })
const program = Problem.orThrow(
  Compile.pipeline(
    Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.full({ components: chosen.components }),
      initializer: Initializer.gaussian({ scale: 0.1 }),
      stages: [descend(1, 300), descend(0.1, 600)]
    })
  )(scaled)
)
const { values, shape } = Run.last(program)(Key.fromSeed(1)).params.means
const descended = Points.toRows(
  Points.unstandardize({ centre, scale })({ rows: shape[0], dim: shape[1], values: Float64Array.from(values) })
)

const line = (name: string, means: ReadonlyArray<ReadonlyArray<number>>): string => {
  const centres = [...means]
    .sort(([a], [b]) => a - b)
    .map(([minutes, wait]) => `${minutes.toFixed(2)}, ${wait.toFixed(1)}`)
  return `  ${name.padEnd(56)}${centres.join('    ')}`
}
console.log(`Old Faithful, ${points.rows} eruptions: the centres (minutes, minutes of waiting) that two ways of learning find.

${line(`the default fit (chose ${chosen.components} components)`, Points.toRows(Mixture.centres(chosen.mixture)))}
${line('descent on the DDPM objective, at high then low noise', descended)}

They agree: a model that learns to remove noise has learned the clusters. Why, step by step: docs/tutorial.md.
`)

const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url))
spawnSync(process.execPath, [cli, 'fit', file, '--report', 'report.html', '--quiet'], { stdio: 'inherit' })
// In a clone the command is found by npx alone.
writeFileSync('report.html', readFileSync('report.html', 'utf8').replaceAll('ornstein fit ', 'npx ornstein fit '))
console.log(`The report is in report.html: open it in a browser. Your own table:

  npx ornstein fit FILE --report report.html`)
