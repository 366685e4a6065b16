/** Pipelines of one structure: they have the same parts, and differ in numbers alone. */
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as O from 'fp-ts/lib/Option.js'
import { Case } from '../core/index.js'
import { isObject } from '../core/record.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import * as Problem from '../core/problem.js'
import * as Score from '../score/score.js'

/** Where two descriptions differ. */
interface Difference {
  readonly path: string
  readonly found: unknown
  readonly wanted: unknown
}

/** The first place where more than a number differs, of what is JSON. */
const difference = (found: unknown, wanted: unknown, path: string): O.Option<Difference> => {
  if (typeof found === 'number' && typeof wanted === 'number') return O.none
  if (!isObject(found) || !isObject(wanted)) return found === wanted ? O.none : O.some({ path, found, wanted })
  const [a, b] = [found, wanted].map(Object.keys)
  return a.length !== b.length || Case.field(found, '_tag') !== Case.field(wanted, '_tag')
    ? O.some({ path, found, wanted })
    : pipe(
        a,
        RA.findFirstMap(name =>
          difference(
            Case.field(found, name),
            Case.field(wanted, name),
            Array.isArray(found) ? `${path}[${name}]` : `${path}.${name}`
          )
        )
      )
}

/** What is told of a part: its name, or how many there are. */
const brief = (part: unknown): string =>
  Array.isArray(part) ? `${part.length} of them` : JSON.stringify(Case.field(part, '_tag') ?? part ?? null)

/** What of pipelines is not of the structure of the first. */
export const problems = <P extends string>(pipelines: ReadonlyArray<Pipeline<P>>): ReadonlyArray<Problem.Problem> => {
  const all = pipelines.map(pipeline => ({ score: Score.show(pipeline.score), written: Case.encode(pipeline) }))
  return all.flatMap(({ score, written }, i) => {
    const other = (path: string, found: string, wanted: string): Problem.Problem =>
      Problem.of(
        `pipelines[${i}]${path}`,
        found,
        `${wanted}, as in pipelines[0]`,
        'runs of one structure differ in numbers alone; run the others in another call'
      )
    return score === all[0].score
      ? pipe(
          difference(written, all[0].written, ''),
          O.match(
            () => [],
            ({ path, found, wanted }) => [other(path, brief(found), brief(wanted))]
          )
        )
      : [other('.score', score, all[0].score)]
  })
}
