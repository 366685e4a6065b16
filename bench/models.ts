/** The fourteen covariances from one start: where expectation–maximization ends here, beside mclust's. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import {
  Compile,
  Covariance,
  Discriminant,
  Initializer,
  Key,
  Mixture,
  Pipeline,
  Points,
  Run,
  Schedule,
  Score,
  Stage
} from '../src/index.js'
import { said, type Table } from './tables.js'

const reachedOf = t.type({
  classes: t.array(t.number),
  reached: t.record(t.string, t.union([t.null, t.number]))
})

/** The mean log-likelihood at the end of expectation–maximization that begins with the M-step of a partition. */
const ended = (points: Points.Points, classes: ReadonlyArray<number>, name: Covariance.Name): number | null => {
  const start = Discriminant.learned({ covariance: name })(points, classes)
  if (start._tag === 'Left') return null
  const score = Score.mixture({ components: start.right.classes.length, covariance: Covariance.named(name) })
  const params = Score.interpret(score).family?.fromMixture?.(Discriminant.joined(start.right))
  if (params === undefined) return null
  const pipeline = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.values(params),
    stages: [Stage.expectationMaximization({ steps: 5000, relativeChange: 1e-12, varianceFloor: 1e-12 })]
  })
  const program = Compile.pipeline(pipeline)(points)
  if (program._tag === 'Left') return null
  const mixture = pipe(Run.last(program.right)(Key.fromSeed(0)).params, Score.toMixture(score))
  return O.isSome(mixture) ? Mixture.meanLogDensity(points)(mixture.value) : null
}

/** As good as mclust's: nats a row. */
const AS_GOOD = 1e-8

const COUNTS = [2, 3, 4]

/** Each covariance from the partition of mclust's own hierarchy, on standardized columns. */
export const models = (tables: ReadonlyArray<Table>): void => {
  const all = tables.flatMap(({ name, points: given }) => {
    const { points } = Points.standardize(given)
    return COUNTS.flatMap(components => {
      const mclust = said(reachedOf, 'Rscript', 'bench/models.R', points, [String(components)])
      if (mclust === null) return []
      return Covariance.names.map(model => ({
        where: `${name}, ${components}`,
        model,
        ours: ended(points, mclust.classes, model),
        theirs: mclust.reached[model] ?? null
      }))
    })
  })
  const both = all.flatMap(({ ours, theirs, ...rest }) =>
    ours === null || theirs === null ? [] : [{ ...rest, less: theirs - ours }]
  )
  console.log(
    '| covariance | starts | ours likelier | as likely | less likely | least of ours − mclust’s, nats a row | greatest | mclust ends at none | ours at none |\n| --- |' +
      ' ---: |'.repeat(8)
  )
  for (const model of Covariance.names) {
    const own = both.filter(one => one.model === model)
    const none = (by: 'ours' | 'theirs', other: 'ours' | 'theirs'): number =>
      all.filter(one => one.model === model && one[by] === null && one[other] !== null).length
    const count = (is: (less: number) => boolean): number => own.filter(({ less }) => is(less)).length
    const gains = own.map(({ less }) => -less)
    const show = (x: number): string => (Math.abs(x) < AS_GOOD ? '0' : x.toPrecision(3))
    console.log(
      `| ${[model, own.length, count(x => x < -AS_GOOD), count(x => Math.abs(x) <= AS_GOOD), count(x => x > AS_GOOD), show(Math.min(...gains)), show(Math.max(...gains)), none('theirs', 'ours'), none('ours', 'theirs')].join(' | ')} |`
    )
  }
  for (const { where, model, less } of both)
    if (less > AS_GOOD) console.log(`${where} ${model}: ${less.toExponential(2)} below`)
}
