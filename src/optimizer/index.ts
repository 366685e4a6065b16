import type { Vocabulary } from '../core/index.js'
import * as Adaptive from './adaptive.js'
import { chain } from './chain.js'
import { scaleByLbfgs, scaleByNewton } from './curvature.js'
import { average, ema, lookahead, project } from './iterates.js'
import { lineSearch } from './lineSearch.js'
import { freeze, only, partition } from './named.js'
import type { Optimizer } from './optimizer.js'
import { orthogonalize } from './orthogonalize.js'
import * as PerEntry from './perEntry.js'
import * as Algorithms from './algorithms.js'
import { sam } from './sam.js'
import { scaleByScheduleFree } from './scheduleFree.js'
import { scaleByDistanceOverGradients, scaleByProdigy, scaleByTrustRatio } from './distanceScaled.js'
import { reduceOnPlateau, scaleByPolyak } from './value.js'

export * from './adaptive.js'
export { chain, type Chain } from './chain.js'
export * from './curvature.js'
export * from './iterates.js'
export { lineSearch } from './lineSearch.js'
export { freeze, only, partition, type Only, type Partition } from './named.js'
export * from './optimizer.js'
export { orthogonalize } from './orthogonalize.js'
export * from './perEntry.js'
export * from './algorithms.js'
export { sam } from './sam.js'
export { scaleByScheduleFree } from './scheduleFree.js'
export * from './distanceScaled.js'
export * from './value.js'

const optimizerRecipe = (
  name: string,
  example: Optimizer,
  about: string,
  options = '{ rate: 0.1 }'
): Vocabulary.Recipe<Optimizer> => ({
  name: `Optimizer.${name}`,
  about,
  example,
  code: `Optimizer.${name}(${options})`
})

/** Optimizers that are composed of others, each with an example. */
export const recipes: ReadonlyArray<Vocabulary.Recipe<Optimizer>> = [
  optimizerRecipe('gradientDescent', Algorithms.gradientDescent({ rate: 0.1 }), 'θ ← θ − rate · g'),
  optimizerRecipe('momentum', Algorithms.momentum({ rate: 0.1 }), 'the heavy ball (Polyak 1964)'),
  optimizerRecipe('nesterov', Algorithms.nesterov({ rate: 0.1 }), "Nesterov's momentum (1983)"),
  optimizerRecipe('signDescent', Algorithms.signDescent({ rate: 0.1 }), 'θ ← θ − rate · sign g'),
  optimizerRecipe('adam', Algorithms.adam({ rate: 0.1 }), 'Kingma & Ba 2015'),
  optimizerRecipe('adamW', Algorithms.adamW({ rate: 0.1 }), 'decoupled weight decay (Loshchilov & Hutter 2019)'),
  optimizerRecipe('amsGrad', Algorithms.amsGrad({ rate: 0.1 }), 'a second moment that never falls (Reddi et al. 2018)'),
  optimizerRecipe('nAdam', Algorithms.nAdam({ rate: 0.1 }), "Adam with Nesterov's momentum (Dozat 2016)"),
  optimizerRecipe('rAdam', Algorithms.rAdam({ rate: 0.1 }), 'Adam, rectified at first (Liu et al. 2020)'),
  optimizerRecipe('rmsProp', Algorithms.rmsProp({ rate: 0.1 }), 'Tieleman & Hinton 2012'),
  optimizerRecipe('centredRmsProp', Algorithms.centredRmsProp({ rate: 0.1 }), 'Graves 2013'),
  optimizerRecipe('adagrad', Algorithms.adagrad({ rate: 0.1 }), 'Duchi, Hazan & Singer 2011'),
  optimizerRecipe('adadelta', Algorithms.adadelta(), 'needs no rate (Zeiler 2012)', ''),
  optimizerRecipe('lion', Algorithms.lion({ rate: 0.1 }), 'the sign of a momentum (Chen et al. 2023)'),
  optimizerRecipe(
    'lamb',
    Algorithms.lamb({ rate: 0.1 }),
    'Adam at a fraction of each parameter’s length (You et al. 2020)'
  ),
  optimizerRecipe('muon', Algorithms.muon({ rate: 0.1 }), 'orthogonalised momentum of matrices (Jordan et al. 2024)'),
  optimizerRecipe('prodigy', Algorithms.prodigy(), 'needs no rate (Mishchenko & Defazio 2023)', ''),
  optimizerRecipe(
    'scheduleFree',
    Algorithms.scheduleFree({ rate: 0.1 }),
    'Adam’s scaling, and a mean of iterates in place of a falling rate (Defazio et al. 2024)'
  ),
  optimizerRecipe('polyak', Algorithms.polyak(), 'rate (f − lowerBound)/|g|² (Polyak 1987)', ''),
  optimizerRecipe('lbfgs', Algorithms.lbfgs(), 'L-BFGS with a strong-Wolfe line search (Liu & Nocedal 1989)', ''),
  optimizerRecipe('newton', Algorithms.newton(), 'Newton–Raphson for few parameters, downhill at saddles', '')
]

/** Parts in the order of the reference. */
export const all: ReadonlyArray<Vocabulary.Entry> = [
  PerEntry.scaleByRate,
  chain,
  PerEntry.scale,
  PerEntry.zero,
  PerEntry.trace,
  PerEntry.nesterovTrace,
  PerEntry.sign,
  PerEntry.scaleByAdam,
  PerEntry.scaleByAmsGrad,
  PerEntry.scaleByNAdam,
  PerEntry.scaleByRAdam,
  PerEntry.scaleByRms,
  PerEntry.scaleByStandardDeviation,
  PerEntry.scaleByAdagrad,
  PerEntry.scaleByAdadelta,
  PerEntry.scaleByLion,
  Adaptive.scaleByBelief,
  Adaptive.scaleByYogi,
  Adaptive.scaleByAdan,
  Adaptive.scaleByAdemamix,
  scaleByTrustRatio,
  orthogonalize,
  scaleByScheduleFree,
  scaleByProdigy,
  scaleByDistanceOverGradients,
  sam,
  scaleByPolyak,
  reduceOnPlateau,
  scaleByLbfgs,
  scaleByNewton,
  lineSearch,
  PerEntry.clipByValue,
  PerEntry.clipByNorm,
  PerEntry.clipByGlobalNorm,
  PerEntry.weightDecay,
  project,
  average,
  ema,
  lookahead,
  only,
  freeze,
  partition
]
