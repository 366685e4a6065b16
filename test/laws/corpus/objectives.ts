/** Inventions of objectives: integrands, penalties, what they declare, and the correspondence with expectation–maximization. */
import {
  abs,
  add,
  div,
  exp,
  log,
  mean,
  mul,
  neg,
  relu,
  slice,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor
} from '../../../lib/index.js'
import { Objective, Parametrization, Params, Score, NoiseLevels } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { about, ofConcept } from './invention.js'

type PerRow = Parameters<typeof Objective.custom>[2]
// The names of the parameters are forgotten, so that one table holds all.
const two: Score.Score<string> = Score.spherical({ components: 2 })
const at = NoiseLevels.at(0.3)
const squared = (x: Tensor): Tensor => sum(square(x), 1)
const dim = (x: Tensor): number => x.shape[1] ?? 1

const byHand: PerRow = ({ score, target }) => squared(sub(score, target))

// —— objectives that claim to be proper ——

const proper = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.objective(Objective.custom(name, at, perRow), two, { proper: true, isotropic: true })

const integrands = ofConcept('objective', proper, {
  wrong: {
    'the negated objective | the truth is a minimum in population': ({ score, target }) =>
      neg(squared(sub(score, target))),
    'the constant 0 | the truth is a minimum in population': ({ score }) => mul(0, sum(score, 1)),
    'a target of the wrong sign | the truth is stationary in two and three dimensions': ({ score, target }) =>
      squared(add(score, target)),
    'a target a tenth too long | the truth is stationary in population': ({ score, target }) =>
      squared(sub(score, mul(1.1, target))),
    'a target that is wrong for d ≥ 2 | the truth is stationary in two and three dimensions': ({ score, target }) =>
      squared(sub(score, mul(dim(score) > 1 ? 2 : 1, target))),
    'a target divided by √d | the truth is stationary in two and three dimensions': ({ score, target }) =>
      squared(sub(score, mul(1 / Math.sqrt(dim(score)), target))),
    'a stop-gradient on the score | gradient is that of the value': ({ score, target }) =>
      squared(sub(stopGradient(score), target)),
    'a linear term too many | turns with data, noise and centres': ({ score, target }) =>
      add(squared(sub(score, target)), sum(score, 1)),
    'a penalty on the score | the truth is stationary in population': ({ score, target }) =>
      add(squared(sub(score, target)), mul(0.1, squared(score))),
    'a weight of the error, stopped | gradient is that of the value': ({ score, target }) =>
      mul(stopGradient(squared(sub(score, target))), squared(sub(score, target)))
  },
  right: {
    'denoising by hand': byHand,
    'its mean over coordinates': ({ score, target }) => mean(square(sub(score, target)), 1),
    'three times denoising': ({ score, target }) => mul(3, squared(sub(score, target))),
    'noise matching': ({ score, noise, level }) => squared(add(mul(level.sigma, score), noise)),
    'data matching': ({ score, clean, noisy, level }) =>
      squared(sub(add(noisy, mul(square(level.sigma), score)), mul(level.alpha, clean))),
    'without the completed square': ({ score, target }) => sub(squared(score), mul(2, sum(mul(score, target), 1))),
    'a constant more': ({ score, target }) => add(squared(sub(score, target)), 7)
  }
})

// —— objectives that claim to be another ——

const stated = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.same(Objective.custom(name, at, perRow), Objective.denoising(at), {
    score: two
  })
const formulas = ofConcept('stated formula', stated, {
  wrong: {
    'half of it | it is what is stated': ({ score, target }) => mul(0.5, mean(square(sub(score, target)), 1)),
    'the sum for the mean | it is what is stated': ({ score, target }) => mul(1.5, squared(sub(score, target))),
    'a weight σ² too many | it is what is stated': ({ score, target, level }) =>
      sum(square(mul(level.sigma, sub(score, target))), 1)
  },
  right: { 'denoising by hand': byHand }
})

// —— with kinks ——

const kinked = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.objective(Objective.custom(name, NoiseLevels.at(0.3), perRow), two, { smooth: false })
const kinks = ofConcept('objective with kinks', kinked, {
  wrong: {
    'ReLU of which one side is held still | gradient is a slope of the value': ({ score, target }) => {
      const error = sub(score, target)
      return sum(add(relu(error), stopGradient(relu(neg(error)))), 1)
    },
    '|·| held still | gradient is a slope of the value': ({ score, target }) =>
      sum(stopGradient(abs(sub(score, target))), 1),
    'a slope of twice the size | gradient is a slope of the value': ({ score, target }) => {
      const error = sum(abs(sub(score, target)), 1)
      return sub(mul(2, error), stopGradient(error))
    },
    'a mean over the batch | is finite on edge cases': ({ score, target }) =>
      relu(sub(squared(sub(score, target)), mean(squared(sub(score, target)))))
  },
  right: {
    '|·| of the error': ({ score, target }) => sum(abs(sub(score, target)), 1),
    'ReLU of the error': ({ score, target }) => sum(relu(sub(score, target)), 1),
    'errors beyond 1 alone': ({ score, target }) => relu(sub(squared(sub(score, target)), 1))
  }
})

// —— with what they say of themselves ——

const measured = (perRow: PerRow): Objective.Form => ({ noiseLevels: at, perRow, measuredIn: Parametrization.data })
/** A penalty, and its slope at each entry. */
const penalty = (value: (x: number) => number, slope: (x: number, at: number) => number): Objective.Form => ({
  penalty: params => ({
    value: Params.packed(params).reduce((all, x) => all + value(x), 0),
    gradient: Params.map<Params.Params<string>[string], Params.Params<string>[string]>(array => ({
      ...array,
      values: array.values.map(slope)
    }))(params)
  })
})
const ridge = (curvature?: number): Objective.Form => ({
  ...penalty(
    x => x * x,
    x => 2 * x
  ),
  ...(curvature !== undefined && { curvature: Params.mapValues(() => curvature) })
})
const formed = (form: Objective.Form): ReadonlyArray<laws.Law> =>
  laws.of(Objective.define({ name: 'ownLoss', about, meaning: () => form }))
const forms = ofConcept('objective as said', formed, {
  wrong: {
    'an error that stops every gradient, said to hold a constant | its gradient is not 0 everywhere': {
      noiseLevels: at,
      holdsConstant: true,
      perRow: ({ score, target }) => stopGradient(squared(sub(score, target)))
    },
    'the first coordinate alone, said to be proper | turns with data, noise and centres': {
      noiseLevels: at,
      proper: true,
      perRow: ({ score, target }) => squared(slice(sub(score, target), [0, 0], [-1, 1]))
    },
    'weighed by |x|, said to move | moves with data and mixture of itself': {
      noiseLevels: at,
      translationInvariant: true,
      perRow: ({ score, target, clean }) => mul(squared(sub(score, target)), add(1, squared(clean)))
    },
    'the density, said to be least at the truth | the truth is a minimum in population': {
      proper: true,
      perDatum: ({ logDensity }) => logDensity()
    },
    'floats, said to be enough, of ten thousand more and less | floats are enough, as it says': {
      noiseLevels: at,
      float32: true,
      perRow: ({ score, target }) => sub(add(1e4, squared(sub(score, target))), 1e4)
    },
    'floats, said to be enough, of a square completed far off | floats are enough, as it says': {
      noiseLevels: at,
      float32: true,
      perRow: ({ score, target }) => {
        const off = sub(score, target)
        return sum(sub(sub(square(add(off, 300)), mul(600, off)), 9e4), 1)
      }
    },
    'floats, said to be enough, of what is beyond them | is finite on edge cases': {
      noiseLevels: at,
      float32: true,
      perRow: ({ score, target }) => mul(0.02, log(exp(mul(50, squared(sub(score, target))))))
    },
    '|s + z/σ|², said to stay finite as the noise vanishes | its ‘bounded’ is what it stands for': {
      noiseLevels: at,
      bounded: true,
      perRow: byHand
    },
    'all noise, said to be what the mixture sees of it | its ‘supportsProjectedNoise’ is what it stands for': {
      noiseLevels: at,
      supportsProjectedNoise: true,
      perRow: ({ noise }) => squared(noise)
    },
    'an error of the noise, said to be of the output | its ‘measuredIn’ is what it stands for': measured(
      ({ score, target, level }) => mul(square(level.sigma), sum(square(sub(score, target)), 1, true))
    ),
    'half of the curvature | its ‘curvature’ is what it stands for': ridge(1),
    'half of the slope of a penalty | gradient is that of the value': penalty(
      x => x * x,
      x => x
    ),
    'no slope of a penalty at the first entry | gradient is that of the value': penalty(
      x => x * x,
      (x, at) => (at === 0 ? 0 : 2 * x)
    )
  },
  right: {
    'floats, which are enough for a root of squares': {
      noiseLevels: at,
      float32: true,
      perRow: ({ score, target }) => sqrt(add(1, squared(sub(score, target))))
    },
    'floats, which are enough for noise': {
      noiseLevels: at,
      float32: true,
      perRow: ({ score, noise, level }) => squared(add(mul(level.sigma, score), noise))
    },
    'an error weighed by itself, stopped, which holds a constant': {
      noiseLevels: at,
      holdsConstant: true,
      perRow: ({ score, target }) => {
        const error = squared(sub(score, target))
        return mul(stopGradient(div(1, add(1, error))), error)
      }
    },
    'the likelihood': { proper: true, translationInvariant: true, perDatum: ({ logDensity }) => neg(logDensity()) },
    'denoising that says that it moves': { noiseLevels: at, proper: true, translationInvariant: true, perRow: byHand },
    'an error of the output': measured(({ output, outputTarget }) => sum(square(sub(output, outputTarget)), 1, true)),
    'ridge, with its curvature': ridge(2),
    'a double well': penalty(
      x => (x * x - 1) * (x * x - 1),
      x => 4 * x * (x * x - 1)
    )
  }
})

// —— expectation–maximization of one's own objective ——

const corresponding = (perRow: PerRow, name: string): ReadonlyArray<laws.Law> =>
  laws.correspondsToEM({ score: two, objective: Objective.custom(name, NoiseLevels.at(0.1), perRow) })
const correspondences = ofConcept('correspondence', corresponding, {
  wrong: {
    'uphill | a fixed point of EM is one of descent, within the correction': ({ score, target }) =>
      neg(squared(sub(score, target))),
    'rows discounted by their error | the truth is a fixed point of both': ({ score, target }) => {
      const error = squared(sub(score, target))
      return div(error, add(1, error))
    },
    'pulled to 0 | a fixed point of EM is one of descent, within the correction': ({ score, target, noisy }) =>
      add(squared(sub(score, target)), squared(add(score, noisy))),
    'nothing to learn from | apart, descent is EM’s step times one factor': ({ score, target }) =>
      squared(sub(stopGradient(score), target))
  },
  right: {
    'denoising by hand': byHand,
    'three times its mean': ({ score, target }) => mul(3, mean(square(sub(score, target)), 1)),
    'the noise, predicted': ({ score, noise, level }) => squared(add(mul(level.sigma, score), noise))
  }
})

export const objectives = [...integrands, ...formulas, ...kinks, ...forms, ...correspondences]
