/**
 * Phase 1: tracing. Records the kernels that a function and its gradient call, with symbols in the place of numbers.
 *
 * The number of rows is not known yet, but the engine needs one. A function is therefore traced twice, with two numbers of rows and two
 * examples of anything else that it reads; any other difference between the traces is refused.
 */
import { recording } from '../tensors/backend.js'
import { type Dense, type DType, type ArrayForm, type Precision, type TypedValues } from '../kernels/dense.js'
import { kernelsByName } from '../kernels/index.js'
import { shapeText as list, type Tensor } from '../arrays/ndarray.js'
import { pullback, scope } from '../tensors/tape.js'
import { tfjs, type TensorInfo } from '../tensors/tfjs.js'
import { refuseToCompile } from './refusal.js'

export interface TracedNode {
  /** Kernel name, or 'Input', 'Number' or 'Array'. */
  readonly kernel: string
  readonly inputs: Readonly<Record<string, TracedNode>>
  readonly attrs: object
  readonly shape: ReadonlyArray<number>
  readonly dtype: DType
  /** Index among the kernel's outputs. */
  readonly output: number
  readonly name?: string
  readonly isParameter?: true
  readonly values?: TypedValues
}

export type NamedTensorInputs = Readonly<Record<string, Tensor>>

export interface Inputs {
  readonly params: NamedTensorInputs
  readonly rows: NamedTensorInputs
  readonly constants: NamedTensorInputs
}

type ShapesByName = Readonly<Record<string, ReadonlyArray<number>>>

export interface TraceSignature {
  readonly params: ShapesByName
  readonly rows: ShapesByName
  readonly constants: ShapesByName
}

/** Scalar, which is differentiated, and any other outputs. */
export interface Outputs {
  readonly value?: Tensor
  readonly others?: NamedTensorInputs
}

export interface FunctionTrace {
  readonly rows: number
  readonly nodes: ReadonlyArray<TracedNode>
  readonly value?: TracedNode
  readonly gradient: Readonly<Record<string, TracedNode | undefined>>
  readonly others: Readonly<Record<string, TracedNode>>
}

interface TraceOptions {
  readonly differentiates: boolean
  readonly precision: Precision
}

const NO_ENTRIES = new Float64Array(0)

/** Nodes in the order of their creation, and the node of each tensor. */
interface TraceRecorder {
  readonly nodes: ReadonlyArray<TracedNode>
  /** Adds a node and returns its tensor, with this data id. Default: a new one. */
  readonly add: (node: TracedNode, id?: object) => TensorInfo
  /** Node of a tensor, through a reshape if the shapes differ; refuses a tensor from outside the function. */
  readonly find: (info: TensorInfo) => TracedNode
  readonly has: (id: object) => boolean
}

const traceRecorder = (): TraceRecorder => {
  const nodes: TracedNode[] = []
  const known = new WeakMap<object, TracedNode>()
  return {
    nodes,
    add: (node, id = {}) => {
      nodes.push(node)
      known.set(id, node)
      return { dataId: id, shape: [...node.shape], dtype: node.dtype }
    },
    find: ({ dataId, shape }) => {
      const node =
        known.get(dataId) ?? refuseToCompile('a tensor made before the function was called is no input of it')
      if (node.shape.length === shape.length && node.shape.every((n, i) => n === shape[i])) return node
      const reshaped = {
        ...node,
        kernel: 'Reshape',
        inputs: { x: node },
        attrs: { shape: [...shape] },
        shape: [...shape],
        output: 0
      }
      nodes.push(reshaped)
      return reshaped
    },
    has: id => known.has(id)
  }
}

const LEAF_NODE = { inputs: {}, attrs: {}, output: 0 }

/** Engine hooks that record instead of computing. */
const recordingHooks = ({ add, find, has }: TraceRecorder, precision: Precision): Parameters<typeof recording>[0] => ({
  precision,
  addTensor: (id, values, shape, dtype) => {
    const [first] = values
    const isNumber = values.length > 0 && values.every(x => Object.is(x, first))
    const kept = isNumber ? values.slice(0, 1) : values.slice()
    add({ ...LEAF_NODE, kernel: isNumber ? 'Number' : 'Array', values: kept, shape: [...shape], dtype }, id)
  },
  addKernel: (kernel, inputs, attrs) => {
    const operands = Object.fromEntries(Object.entries(inputs).map(([name, info]) => [name, find(info)]))
    const addOutput = ({ shape, dtype }: ArrayForm, output: number): TensorInfo =>
      add({ kernel, inputs: operands, attrs, shape: [...shape], dtype, output })
    const forms: Record<string, Dense> = {}
    for (const [name, { shape, dtype }] of Object.entries(operands)) forms[name] = { shape, dtype, values: NO_ENTRIES }
    const result = kernelsByName[kernel](forms, attrs)
    return Array.isArray(result) ? result.map(addOutput) : addOutput(result, 0)
  },
  isRecorded: has,
  rejectRead: () => refuseToCompile('it looks at the entries of a tensor, which has none until the program runs')
})

const tracedInputTensors = (
  { add }: TraceRecorder,
  shapes: ShapesByName,
  { lead = [], isParameter }: { readonly lead?: ReadonlyArray<number>; readonly isParameter?: true } = {}
): NamedTensorInputs =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const node: TracedNode = {
        ...LEAF_NODE,
        kernel: 'Input',
        name,
        ...(isParameter && { isParameter }),
        shape: [...lead, ...shape],
        dtype: 'float32'
      }
      return [name, tfjs().engine().makeTensorFromTensorInfo(add(node))]
    })
  )

const traceOnce = (
  { params, rows, constants }: TraceSignature,
  write: (inputs: Inputs) => Outputs,
  count: number,
  { differentiates, precision }: TraceOptions
): FunctionTrace => {
  const recorder = traceRecorder()
  const { nodes, find } = recorder
  return scope(() =>
    recording(recordingHooks(recorder, precision), () => {
      const inputs = {
        params: tracedInputTensors(recorder, params, { isParameter: true }),
        rows: tracedInputTensors(recorder, rows, { lead: [count] }),
        constants: tracedInputTensors(recorder, constants)
      }
      const others: Record<string, TracedNode> = {}
      const runFunction = (): Tensor | undefined => {
        const outputs = write(inputs)
        for (const [name, tensor] of Object.entries(outputs.others ?? {})) others[name] = find(tensor)
        return outputs.value
      }
      if (!differentiates) {
        const value = runFunction()
        return { rows: count, nodes, ...(value && { value: find(value) }), gradient: {}, others }
      }
      const { value, grads } = pullback(
        () => runFunction() ?? refuseToCompile('it has no value to differentiate'),
        Object.values(inputs.params)
      )
      const gradient = Object.keys(params).map((name, i) => {
        const one = grads[i]
        return [name, one === undefined ? undefined : find(one)] as const
      })
      return { rows: count, nodes, value: find(value), gradient: Object.fromEntries(gradient), others }
    })
  )
}

export interface RowCount {
  readonly multiple: number
  readonly isInverse: boolean
}
/** Nodes that are a multiple of the number of rows, or its inverse. */
export type Counts = ReadonlyMap<TracedNode, RowCount>

const isList = (value: unknown): value is ArrayLike<unknown> => Array.isArray(value)

/** True if both lengths are equal multiples of their number of rows. */
const isMultiple = (a: unknown, b: unknown, rows: readonly [number, number]): boolean =>
  typeof a === 'number' && a > 0 && a % rows[0] === 0 && b === (a / rows[0]) * rows[1]

/** True if values agree up to the number of rows. */
const areEqualUpToRows = (a: unknown, b: unknown, rows: readonly [number, number]): boolean =>
  Object.is(a, b) ||
  isMultiple(a, b, rows) ||
  (isList(a) && isList(b) && a.length === b.length && Array.from(a).every((x, i) => areEqualUpToRows(x, b[i], rows)))

const areAttributesEqualUpToRows = (a: object, b: object, rows: readonly [number, number]): boolean => {
  const other = new Map<string, unknown>(Object.entries(b))
  return Object.entries(a).every(([name, value]) => areEqualUpToRows(value, other.get(name), rows))
}

/** Finds the nodes that depend on the number of rows; refuses other differences. */
const compareTraces = (a: FunctionTrace, b: FunctionTrace): Counts => {
  const rows = [a.rows, b.rows] as const
  const counts = new Map<TracedNode, RowCount>()
  const isCount = (node: TracedNode, x: unknown, y: unknown): boolean => {
    if (typeof x !== 'number' || typeof y !== 'number' || x === y) return false
    const isInverse = Math.abs(x) < 1
    const multiple = Math.round((isInverse ? 1 / x : x) / rows[0])
    const [p, q] = rows.map(n => (isInverse ? 1 / (multiple * n) : multiple * n))
    const isSo = x === p && y === q
    if (isSo) counts.set(node, { multiple, isInverse })
    return isSo
  }
  if (a.nodes.length !== b.nodes.length) refuseToCompile('it does other things with other numbers: a branch on values')
  const twins = new Map<TracedNode, TracedNode>()
  a.nodes.forEach((node, i) => {
    const twin = b.nodes[i]
    twins.set(node, twin)
    const others = Object.values(twin.inputs)
    const isTwin =
      node.kernel === twin.kernel &&
      node.output === twin.output &&
      Object.values(node.inputs).every((input, k) => twins.get(input) === others[k])
    if (!isTwin)
      refuseToCompile(`it does ${node.kernel} with some numbers and ${twin.kernel} with others: a branch on values`)
    if (!areEqualUpToRows(node.shape, twin.shape, rows))
      refuseToCompile(
        `${node.kernel} to ${list(node.shape)} at ${rows[0]} rows, ${list(twin.shape)} at ${rows[1]}, mixes them`
      )
    if (node.shape.some((n, at) => n > 0 && n % rows[0] === 0 && n === twin.shape[at]))
      refuseToCompile(`${node.kernel} to ${list(node.shape)}, a length that the trace takes for rows`)
    const place = `number ${i} of its operations`
    if (node.values !== undefined && twin.values !== undefined) {
      const other = twin.values
      if (node.kernel !== 'Number' || !isCount(node, node.values[0], other[0])) {
        const at = node.values.findIndex((x, k) => !Object.is(x, other[k]))
        if (at >= 0)
          refuseToCompile(
            `an array ${list(node.shape)} is ${node.values[at]} once and ${other[at]} again (${place}): name it an input`
          )
      }
    }
    const isFilled =
      node.kernel === 'Fill' &&
      'value' in node.attrs &&
      'value' in twin.attrs &&
      isCount(node, node.attrs.value, twin.attrs.value)
    if (!isFilled && !areAttributesEqualUpToRows(node.attrs, twin.attrs, rows))
      refuseToCompile(
        node.kernel === 'Range'
          ? `Range numbers the rows (${place})`
          : `${node.kernel} is told other numbers each time (${place})`
      )
  })
  return counts
}

const primeFrom = (n: number): number => {
  for (let p = n; ; p++) {
    let isPrime = true
    for (let q = 2; isPrime && q * q <= p; q++) isPrime = p % q > 0
    if (isPrime) return p
  }
}

/**
 * Traces a function; refuses it if two traces differ in anything but the number of rows. The examples replace anything that it reads
 * besides inputs.
 */
export const traceFunction = <E>(
  signature: TraceSignature,
  write: (inputs: Inputs, example: E) => Outputs,
  examples: readonly [E, E],
  options: TraceOptions
): { readonly trace: FunctionTrace; readonly counts: Counts } => {
  // larger than any size, so no size is mistaken for the number of rows
  const sizes = [signature.params, signature.rows, signature.constants].flatMap(Object.values).flat().map(Number)
  const first = primeFrom(Math.max(97, ...sizes) + 1)
  const trace = traceOnce(signature, inputs => write(inputs, examples[0]), first, options)
  const again = traceOnce(signature, inputs => write(inputs, examples[1]), primeFrom(first + 1), options)
  return { trace, counts: compareTraces(trace, again) }
}
