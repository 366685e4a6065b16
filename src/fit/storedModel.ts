import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as Problem from '../core/problem.js'
import * as Mixture from '../mixture/mixture.js'
import { assignTo } from './assign.js'
import type { Fit } from './fitResult.js'
import * as ModelBody from './modelBody.js'

export interface StoredModel extends Pick<Fit, 'mixture' | 'family' | 'components' | 'columns' | 'assign' | 'sample'> {
  /** Null if another program fitted the mixture. */
  readonly logLikelihood: number | null
  readonly bic: number | null
}

/**
 * Reads the output of `toJSON`, or `ornstein fit --out`, with equal bits.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Fit, fit } from 'ornstein'
 *
 * const model = fit([[1.1], [0.9], [1], [5.1], [4.9], [5]], { components: 2 })
 * const read = Fit.fromJSON(JSON.parse(JSON.stringify(model)))
 * assert.ok(E.isRight(read))
 * assert.deepEqual(read.right.assign([[0.8]]), model.assign([[0.8]]))
 */
export const fromJSON = (json: unknown): E.Either<Problem.Problems, StoredModel> =>
  pipe(
    json,
    ModelBody.readModelBody('json', 'json'),
    E.map((body): StoredModel => {
      const mixture = ModelBody.mixtureOf(body)
      const { family, columns, fit } = body
      return {
        mixture,
        family: family.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        components: Mixture.components(mixture),
        columns,
        logLikelihood: fit?.logLikelihood ?? null,
        bic: fit?.bic ?? null,
        assign: assignTo(mixture),
        sample: rows => key => Mixture.sample(rows)(key)(mixture)
      }
    })
  )
