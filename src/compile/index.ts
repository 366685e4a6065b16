export * from './compile.js'
export { explained, type Explained, type Explanation } from './explanation.js'
export { directionalDerivative, hessian, hessianVector } from './hessian.js'
export { rowGradients } from './rowGradients.js'
