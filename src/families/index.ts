/** Families of Gaussian mixtures with free weights, by the shape of their covariances. */
export { diagonal, tiedDiagonal } from '../mixture/gaussians/diagonal.js'
export { full, tied } from '../mixture/gaussians/full.js'
export { isotropic, spherical, symmetricPair, tiedIsotropic } from '../mixture/gaussians/round.js'
export { lowRank } from './analysers.js'
export { mixture } from './ofCovariance.js'
export { withFixed } from './holding.js'
export { withTails } from './tails.js'
export { withBackground } from './background.js'
