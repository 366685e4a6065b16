/** Families of Gaussian mixtures with free weights, by the structure of their covariances. */
export { diagonal, tiedDiagonal } from './diagonal.js'
export { full, tied } from './full.js'
export { isotropic, spherical, symmetricPair, tiedIsotropic } from './round.js'
export { lowRank } from './analysers.js'
export { mixture } from './ofCovariance.js'
export { withFixed } from './holding.js'
export { withTails } from './tails.js'
export { withBackground } from './background.js'
