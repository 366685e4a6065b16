/** Faults: the first thing of a step that was not finite, with what went into it. */
import { shapeText } from '../../lib/arrays/ndarray.js'
import type { NdArray, Origin } from '../../lib/index.js'
import { argumentWithFields } from '../core/index.js'
import type * as Params from '../core/params.js'

/** What was not finite, wherever it stands in a run. */
export interface NonFinite {
  /** In words: `the schedule`, `the objective`, `a part of the optimizer`. */
  readonly what: string
  /** What it came to. */
  readonly value: number
  /** The term of the objective, as the code that builds it. */
  readonly term?: string
  /** The row of the data, from 0. */
  readonly row?: number
  /** The time of the row's noise. */
  readonly time?: number
  /** The entry of a parameter, as `means[0][1]`. */
  readonly parameter?: string
  /** The part of the optimizer, as the code that builds it. */
  readonly part?: string
  /** The region that the part holds parameters in. */
  readonly region?: string
  /** The operation that made it of finite numbers, or what else is known of the cause. */
  readonly reason?: string
  /** What went in, by name: of a row its data and noise, of a part the gradient that it received; and the parameters, as `params.means`. */
  readonly inputs: Readonly<Record<string, NdArray>>
}

/** That, and the step of the run at which it was met. */
export interface Fault extends NonFinite {
  /** Which stage, from 0. */
  readonly stage: number
  /** How many steps of the stage had been taken before. */
  readonly step: number
}

/** The first number that is not finite. */
export const valueIn = (params: Params.Params<string>): number =>
  Object.values<NdArray>(params)
    .map(({ values }) => values.find(x => !Number.isFinite(x)))
    .find(x => x !== undefined) ?? NaN

/** Parameters under names of their own among other inputs. */
export const asInputs = (params: Params.Params<string>, as = 'params'): NonFinite['inputs'] =>
  Object.fromEntries(Object.entries<NdArray>(params).map(([name, array]) => [`${as}.${name}`, array]))

/** Names of operations that kernels know by others. */
const OPERATION_NAMES: Readonly<Record<string, string>> = {
  RealDiv: 'div',
  Multiply: 'mul',
  BatchMatMul: 'matMul',
  SelectV2: 'where',
  AddN: 'addN'
}

/** An operation on the first entry that it spoils: `log(-1) is NaN`. */
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

/** Where it comes from, in a clause: the term, the row, the time, the parameter. */
export const clause = ({ what, term, row, time, parameter, part, region, reason }: NonFinite): string =>
  [
    region === undefined ? (term ?? part ?? what) : `${region} in ${part ?? what}`,
    row === undefined ? '' : ` of row ${row + 1}`,
    time === undefined ? '' : ` at time ${time}`,
    parameter === undefined ? '' : ` in ${parameter}`,
    reason === undefined ? '' : `, where ${reason}`
  ].join('')

/** How many numbers of an input are printed. */
const MAX_PRINTED_ENTRIES = 12

const printedEntries = ({ shape, values }: NdArray): string =>
  values.length === 1
    ? String(values[0])
    : `[${Array.from(values.subarray(0, MAX_PRINTED_ENTRIES)).join(', ')}${values.length > MAX_PRINTED_ENTRIES ? ', …' : ''}]${
        shape.length > 1 ? ` of shape ${shapeText(shape)}` : ''
      }`

/**
 * A fault as text: where it was met, what it comes from, and below it what went in.
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
