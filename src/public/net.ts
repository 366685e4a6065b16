/**
 * Networks: a part maps the numbers of a row, [rows, width], and its noise level to [rows, width′]. Parts compose in sequence (`chain`),
 * side by side (`concat`), or as a sum (`sum`); `mlp` and `residualMlp` are such recipes.
 *
 * A network reads the level as (α, σ), not as a time, so it is independent of the schedule. An embedding reads the level, or the label,
 * alone.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Net } from 'ornstein'
 *
 * // A network for rows of two numbers: its parameters by name.
 * const net = Net.chain(Net.named('first', Net.linear(8)), Net.tanh, Net.output())
 * assert.deepEqual(Net.shapes(2)(net), { 'first.weights': [2, 8], 'first.bias': [8], weights: [8, 2], bias: [2] })
 */
export {
  type BlockNames,
  type Built,
  chain,
  concat,
  concept,
  define,
  fourier,
  gelu,
  heads,
  identity,
  initial,
  type Initial,
  label,
  type LayerNames,
  layerNorm,
  linear,
  type Meaning,
  mlp,
  named,
  type Net,
  output,
  parameterCount,
  type Part,
  problems,
  type Recipe,
  recipes,
  relu,
  residual,
  residualMlp,
  shapes,
  show,
  silu,
  sinusoidal,
  type Site,
  skip,
  softplus,
  standardized,
  type Start,
  sum,
  tanh,
  withParameters
} from '../score/net.js'
export {
  fromTorch,
  paramsFromWeights,
  readNetWeights as readWeights,
  toTorch,
  type Weights,
  writeNetWeights as writeWeights
} from '../score/weights.js'
