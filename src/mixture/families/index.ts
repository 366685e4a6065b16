/** Families of Gaussian mixtures with free weights, by the shape of their covariances. */
export { diagonal, tiedDiagonal } from './diagonal.js'
