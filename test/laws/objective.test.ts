/** The laws of the built-in objectives for every score, and of objectives written as users write them. */
import fc from 'fast-check'
import { it } from 'vitest'
import { add, exp, mean, mul, neg, sqrt, square, sub, sum } from '../../lib/index.js'
import { Objective, Params, Score, TimeLaw, Weighting } from '../../src/index.js'
import { student } from './generators.js'
import type { Law } from '../../src/laws/law.js'
import * as laws from '../../src/laws/index.js'
import { spread } from '../cases.js'
import { allHold } from './holds.js'

fc.configureGlobal({ seed: 2307_01178, numRuns: 3 })

const pair = Score.symmetricPair
const spherical = Score.spherical({ components: 3 })
const isotropic = Score.isotropic({ components: 2 })

const at = TimeLaw.at(0.3)
const nodes = TimeLaw.nodes([
  { time: 0.1, weight: 0.5 },
  { time: 0.7, weight: 2 }
])

const pseudoHuber = Objective.custom('pseudo-Huber', at, ({ score, target }) =>
  mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
)
/** Denoising with weight σ², written by hand: proper, and the same whichever way one looks. */
const epsilon = Objective.custom('ε matching', nodes, ({ score, noise, level }) =>
  sum(square(add(mul(level.sigma, score), noise)), 1)
)
/** Not a square: a row counts less the more noise it has met. */
const discounted = Objective.custom('discounted', at, ({ score, target, noise }) =>
  mul(exp(neg(mean(square(noise), 1))), sum(square(sub(score, target)), 1))
)
const mixed = Objective.sum([
  Objective.weight(0.3)(Objective.likelihood),
  Objective.weight(2)(Objective.denoising(nodes)),
  Objective.implicit(TimeLaw.likelihood({ until: 0.8, nodes: 3, leastVariance: 0.1 }))
])

/** A row for each instance. */
const instances: Readonly<Record<string, ReadonlyArray<Law>>> = {
  'denoising, pair': laws.objective(Objective.denoising(at), pair),
  'denoising, spherical': laws.objective(Objective.denoising(at), spherical),
  'denoising, isotropic': laws.objective(Objective.denoising(TimeLaw.uniform(0.2, 0.8)), isotropic),
  'denoising, a student network': laws.objective(Objective.denoising(nodes), student),
  'implicit, pair': laws.objective(Objective.implicit(at), pair),
  'implicit, spherical': laws.objective(Objective.implicit(at), spherical),
  'implicit, isotropic': laws.objective(Objective.implicit(nodes), isotropic),
  'implicit, a student network': laws.objective(Objective.implicit(at), student),
  'likelihood, pair': laws.objective(Objective.likelihood, pair),
  'likelihood, spherical': laws.objective(Objective.likelihood, spherical),
  'likelihood, isotropic': laws.objective(Objective.likelihood, isotropic),
  'a weighted sum, pair': laws.objective(mixed, pair),
  'a weighted sum, isotropic': laws.objective(mixed, isotropic),
  'pseudo-Huber, spherical': laws.objective(pseudoHuber, spherical),
  'pseudo-Huber, a student network': laws.objective(pseudoHuber, student),
  'ε matching, pair': laws.objective(epsilon, pair, { isotropic: true, proper: true }),
  'ε matching, isotropic': laws.objective(epsilon, isotropic, { isotropic: true, proper: true }),
  'discounted, spherical': laws.objective(discounted, spherical, { isotropic: true }),
  'Hutchinson, a student network': laws.objective(Objective.implicit(at, { divergence: 'hutchinson' }), student),
  'Hutchinson by normal probes, weighted, pair': laws.objective(
    Objective.weight(Weighting.snr)(Objective.implicit(at, { divergence: 'hutchinson', probes: 2, law: 'normal' })),
    pair
  ),
  'sliced, spherical': laws.objective(Objective.implicit(at, { divergence: 'sliced' }), spherical),
  'l2, isotropic': laws.objective(Objective.regularizer({ norm: 'l2' }), isotropic),
  'l1, pair': laws.objective(Objective.regularizer({ norm: 'l1' }), pair),
  'l1 of some, rounded off, a student network': laws.objective(
    Objective.weight(0.5)(Objective.regularizer({ norm: 'l1', smoothing: 0.125, parameters: ['matrix'] })),
    student
  ),
  'l2 towards values, isotropic': laws.objective(
    Objective.regularizer({ norm: 'l2', towards: Params.of({ logVariances: [0.5, -1] }) }),
    isotropic
  )
}

/** Estimates differentiate a derivative, and their mean is over hundreds of keys: a few cases will do. */
const runsOf = (name: string, law: string): fc.Parameters<unknown> =>
  law === 'its mean is that of its exact form' || /Hutchinson|sliced/.test(name) ? { numRuns: 1 } : {}

it.each(spread(12)(Object.entries(instances)))('%s', (instance, held) => {
  allHold(held, ({ name, property }) => fc.assert(property, runsOf(instance, name)))
})
