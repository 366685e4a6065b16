/** Compile: turns a pure description and data into a gradient computation, or returns all problems at once. */
export * from './compile.js'
export { explained, type Explained, type Explanation } from './explanation.js'
export { directionalDerivative, hessian, hessianVector } from './hessian.js'
export { rowGradients } from './rowGradients.js'
