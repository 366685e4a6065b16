/** Compile: turns a pure description and data into a gradient computation, or returns all problems at once. */
export {
  type AtLevel,
  byLevel,
  type CompileOptions,
  type CompiledStage,
  type CompileErrors,
  explain,
  type Explained,
  type Explanation,
  hessian,
  hessianVector,
  type Loss,
  type LossPlan,
  type Memory,
  type Part,
  pipeline,
  type Plan,
  plans,
  type Precision,
  type Program,
  rowGradients,
  type Step,
  value,
  valueAndGrad,
  type ValueAndGradient
} from '../compile/index.js'
export { descent, of as unrolled, type After, type At, type Ended } from '../compile/unrolled.js'
