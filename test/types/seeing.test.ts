/** Of every family, what an objective reads of its parameters is known by name: what is not there does not compile. */
/* oxlint-disable @typescript-eslint/no-unsafe-return -- what does not compile has no type */
import { expect, it } from 'vitest'
import { scalar, type Tensor } from '../../lib/index.js'
import { Component, Covariance, Net, Objective, Parametrization, Schedule, Score } from '../../src/index.js'

const two = { components: 2 } as const
const full = Score.full(two)
const layers = Score.network(Net.mlp({ hidden: [4], heads: { noise: Net.output(), error: Net.output() } }), {
  heads: { noise: Parametrization.noise }
})
const own = Score.custom({ name: 'own', shapes: dim => ({ slope: [dim] }), apply: (_, x) => x })

const known: ReadonlyArray<Objective.Matching['perRow']> = [
  Objective.seeing(Score.symmetricPair)(({ params }) => params.mean),
  Objective.seeing(Score.spherical(two))(({ params }) => params.means),
  Objective.seeing(Score.isotropic(two))(({ params }) => params.logVariances),
  Objective.seeing(Score.tiedIsotropic(two))(({ params }) => params.logVariance),
  Objective.seeing(Score.diagonal(two))(({ params }) => params.logVariances),
  Objective.seeing(Score.tiedDiagonal(two))(({ params }) => params.logVariances),
  Objective.seeing(Score.tied(two))(({ params }) => params.lower),
  Objective.seeing(full)(({ params }) => params.lower),
  Objective.seeing(Score.lowRank({ ...two, rank: 1 }))(({ params }) => params.factors),
  Objective.seeing(Score.mixture({ ...two, covariance: 'VVE' }))(({ params }) => params.means),
  Objective.seeing(Score.mixture({ ...two, covariance: Covariance.named('VVE') }))(({ params }) => params.means),
  Objective.seeing(Score.mixture({ ...two, covariance: Covariance.factors({ rank: 1 }) }))(
    ({ params }) => params.means
  ),
  Objective.seeing(Score.withTails({ nu: 4 })(full))(({ params }) => params.means),
  Objective.seeing(Score.withBackground()(full))(({ params }) => params.means),
  Objective.seeing(Score.withFixed([Component.fixed({ mean: [0], covariance: 1 })])(full))(
    ({ params }) => params.means
  ),
  Objective.seeing(Score.convert(Schedule.edm)(full))(({ params }) => params.means),
  Objective.seeing(layers)(({ heads }) => heads.noise),
  Objective.seeing(own)(({ params }) => params.slope)
]

// @ts-expect-error of a pair the one centre is `mean`
Objective.seeing(Score.symmetricPair)(({ params }) => params.means)
// @ts-expect-error variances are 1
Objective.seeing(Score.spherical(two))(({ params }) => params.logVariances)
// @ts-expect-error each has its own: logVariances
Objective.seeing(Score.isotropic(two))(({ params }) => params.logVariance)
// @ts-expect-error one for all: logVariance
Objective.seeing(Score.tiedIsotropic(two))(({ params }) => params.logVariances)
// @ts-expect-error no triangle
Objective.seeing(Score.diagonal(two))(({ params }) => params.lower)
// @ts-expect-error no triangle
Objective.seeing(Score.tiedDiagonal(two))(({ params }) => params.lower)
// @ts-expect-error scales, not variances
Objective.seeing(Score.tied(two))(({ params }) => params.logVariances)
// @ts-expect-error scales, not variances
Objective.seeing(full)(({ params }) => params.logVariances)
// @ts-expect-error factors, not a triangle
Objective.seeing(Score.lowRank({ ...two, rank: 1 }))(({ params }) => params.lower)
// @ts-expect-error no such name of a covariance by name
Objective.seeing(Score.mixture({ ...two, covariance: 'VVE' }))(({ params }) => params.slope)
// @ts-expect-error nor of one as a value
Objective.seeing(Score.mixture({ ...two, covariance: Covariance.named('VVE') }))(({ params }) => params.slope)
// @ts-expect-error nor of factors
Objective.seeing(Score.mixture({ ...two, covariance: Covariance.factors({ rank: 1 }) }))(({ params }) => params.slope)
// @ts-expect-error nor with tails
Objective.seeing(Score.withTails({ nu: 4 })(full))(({ params }) => params.slope)
// @ts-expect-error nor with a background
Objective.seeing(Score.withBackground()(full))(({ params }) => params.slope)
// @ts-expect-error nor with known components
Objective.seeing(Score.withFixed([Component.fixed({ mean: [0], covariance: 1 })])(full))(({ params }) => params.slope)
// @ts-expect-error nor on another schedule
Objective.seeing(Score.convert(Schedule.edm)(full))(({ params }) => params.slope)
// @ts-expect-error no such head
Objective.seeing(layers)(({ heads }) => heads.noises)
// @ts-expect-error no such layer
Objective.seeing(layers)(({ params }) => params.slope)
// @ts-expect-error nor of a score of one's own
Objective.seeing(own)(({ params }) => params.mean)

const zero = (): Tensor => scalar(0)
// What stands in the place of parameters has their names, and so has what such a row sees.
Objective.seeing(full)(({ under, params }) => under({ means: params.means }).score)
// @ts-expect-error another name
Objective.seeing(full)(({ under }) => under({ centres: zero() }).score)
// @ts-expect-error another name of the row that is seen so
Objective.seeing(full)(({ under, params }) => under({ means: params.means }).params.centres)
// @ts-expect-error another name of the student's own row
Objective.seeing(full)(({ underModel: underModel }) => underModel().row.params.centres)

it('is what it was given', () => {
  expect(known.every(perRow => typeof perRow === 'function')).toBe(true)
})
