/** Faults: the first non-finite value of a step, with its inputs. */
import { shapeText } from '../../lib/arrays/ndarray.js'
import type { NdArray, Origin } from '../../lib/index.js'
import { argumentWithFields } from '../core/index.js'
import type * as Params from '../core/params.js'

export interface NonFinite {
  /** Description: `the schedule`, `the objective`, `a part of the optimizer`. */
  readonly what: string
  /** NaN or ±Infinity. */
  readonly value: number
  /** Term of the objective, as code that builds it. */
  readonly term?: string
  /** Index of the row in the data, from 0. */
  readonly row?: number
  readonly time?: number
  /** Entry of a parameter, such as `means[0][1]`. */
  readonly parameter?: string
  /** Part of the optimizer, as code that builds it. */
  readonly part?: string
  /** Region of the optimizer part. */
  readonly region?: string
  /** Operation that returned the value for finite inputs, or another known cause. */
  readonly reason?: string
  /** Inputs by name: data and noise of a row, the gradient received by an optimizer part, and parameters as `params.means`. */
  readonly inputs: Readonly<Record<string, NdArray>>
}

export interface Fault extends NonFinite {
  /** Index of the stage, from 0. */
  readonly stage: number
  /** Number of steps of the stage taken before. */
  readonly step: number
}

/** Returns the first parameter value that is not finite. */
export const valueIn = (params: Params.Params<string>): number =>
  Object.values<NdArray>(params)
    .map(({ values }) => values.find(x => !Number.isFinite(x)))
    .find(x => x !== undefined) ?? NaN

/** Returns parameters as named inputs, with names prefixed by `as`. */
export const asInputs = (params: Params.Params<string>, as = 'params'): NonFinite['inputs'] =>
  Object.fromEntries(Object.entries<NdArray>(params).map(([name, array]) => [`${as}.${name}`, array]))

const OPERATION_NAMES: Readonly<Record<string, string>> = {
  RealDiv: 'div',
  Multiply: 'mul',
  BatchMatMul: 'matMul',
  SelectV2: 'where',
  AddN: 'addN'
}

/** Returns the operation and the first entry for which it fails, such as `log(-1) is NaN`. */
export const because = ({ operation, inputs, output }: Origin): string => {
  const at = output.values.findIndex(x => !Number.isFinite(x))
  const name = OPERATION_NAMES[operation] ?? `${operation[0].toLowerCase()}${operation.slice(1)}`
  const given = Object.values(inputs).map(({ shape, values }) =>
    values.length === 1
      ? String(values[0])
      : values.length === output.values.length
        ? String(values[at])
        : shapeText(shape)
  )
  return `${name}(${given.join(', ')}) is ${output.values[at]}`
}

/** Returns a clause that names the term, row, time, parameter and reason of a fault. */
export const clause = ({ what, term, row, time, parameter, part, region, reason }: NonFinite): string =>
  [
    region === undefined ? (term ?? part ?? what) : `${region} in ${part ?? what}`,
    row === undefined ? '' : ` of row ${row + 1}`,
    time === undefined ? '' : ` at time ${time}`,
    parameter === undefined ? '' : ` in ${parameter}`,
    reason === undefined ? '' : `, where ${reason}`
  ].join('')

const MAX_PRINTED_ENTRIES = 12

const printedEntries = ({ shape, values }: NdArray): string =>
  values.length === 1
    ? String(values[0])
    : `[${Array.from(values.subarray(0, MAX_PRINTED_ENTRIES)).join(', ')}${values.length > MAX_PRINTED_ENTRIES ? ', …' : ''}]${
        shape.length > 1 ? ` of shape ${shapeText(shape)}` : ''
      }`

/**
 * Returns a fault as text: step, location, and the inputs below.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Run } from 'ornstein'
 *
 * const text = Run.showFault({
 *   stage: 0,
 *   step: 3,
 *   what: 'a part of the optimizer',
 *   value: Infinity,
 *   part: 'Optimizer.scale(-1e+300)',
 *   parameter: 'mean[0]',
 *   inputs: { 'gradient.mean': { shape: [1], values: Float64Array.of(1e10) } }
 * })
 * assert.equal(text, 'stages[0], step 4: Optimizer.scale(-1e+300) in mean[0] is Infinity\n  gradient.mean = 10000000000')
 */
export const show = (fault: Fault): string => {
  argumentWithFields(
    fault,
    ['stage', 'step', 'what', 'inputs'],
    'a fault, which Run.debug finds,',
    'Run.showFault(fault)'
  )
  return [
    `stages[${fault.stage}], step ${fault.step + 1}: ${clause(fault)} is ${fault.value}`,
    ...Object.entries(fault.inputs).map(([name, array]) => `  ${name} = ${printedEntries(array)}`)
  ].join('\n')
}
