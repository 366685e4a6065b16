/**
 * Phase 1. What a function in the tensor vocabulary does, written down as it runs: the kernels that the engine would have
 * called, the tape's among them, with symbols in the place of numbers.
 *
 * Rows have no number here, but the engine wants one. A function is traced with two numbers of rows and two examples of
 * what else it may look at, and whatever differs must be named: an input, or the number of rows.
 */
import { recording } from '../tensors/backend.js'
import { type Dense, type DType, type ArrayForm, type Precision, type TypedValues } from '../kernels/dense.js'
import { kernelsByName } from '../kernels/index.js'
import { shapeText as list, type Tensor } from '../arrays/ndarray.js'
import { pullback, scope } from '../tensors/tape.js'
import { tfjs, type TensorInfo } from '../tensors/tfjs.js'
import { refuseToCompile } from './refusal.js'

export interface TracedNode {
  /** A kernel's name, or one of 'Input', 'Number' and 'Array'. */
  readonly kernel: string
  readonly inputs: Readonly<Record<string, TracedNode>>
  readonly attrs: object
  readonly shape: ReadonlyArray<number>
  readonly dtype: DType
  /** Which of the kernel's outputs. */
  readonly output: number
  /** Of an input. */
  readonly name?: string
  readonly isParameter?: true
  /** Of numbers that the function brought along. */
  readonly values?: TypedValues
}

/** The tensors of a function's inputs, by name. */
export type NamedTensorInputs = Readonly<Record<string, Tensor>>

export interface Inputs {
  readonly params: NamedTensorInputs
  /** Each of [rows, …]. */
  readonly rows: NamedTensorInputs
  readonly constants: NamedTensorInputs
}

type ShapesByName = Readonly<Record<string, ReadonlyArray<number>>>

export interface TraceSignature {
  readonly params: ShapesByName
  /** Of what one row holds. */
  readonly rows: ShapesByName
  readonly constants: ShapesByName
}

/** What a function computes: a scalar to differentiate, and whatever else. */
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

/** What is asked of a function. */
interface TraceRequest {
  readonly differentiates: boolean
  /** In which it will compute. */
  readonly precision: Precision
}

/** The entries of what is not computed. */
const NO_ENTRIES = new Float64Array(0)

/** Runs the function once, with so many rows. */
const traceOnce = <E>(
  { params, rows, constants }: TraceSignature,
  write: (inputs: Inputs, example: E) => Outputs,
  example: E,
  count: number,
  { differentiates, precision }: TraceRequest
): FunctionTrace => {
  const nodes: TracedNode[] = []
  const known = new WeakMap<object, TracedNode>()
  const add = (node: TracedNode, id: object = {}): TensorInfo => {
    nodes.push(node)
    known.set(id, node)
    return { dataId: id, shape: [...node.shape], dtype: node.dtype }
  }
  const leaf = { inputs: {}, attrs: {}, output: 0 }
  const found = ({ dataId, shape }: TensorInfo): TracedNode => {
    const node = known.get(dataId) ?? refuseToCompile('a tensor made before the function was called is no input of it')
    if (node.shape.length === shape.length && node.shape.every((n, i) => n === shape[i])) return node
    // the same entries, seen under another shape
    const seen = {
      ...node,
      kernel: 'Reshape',
      inputs: { x: node },
      attrs: { shape: [...shape] },
      shape: [...shape],
      output: 0
    }
    nodes.push(seen)
    return seen
  }
  const asked = (): never =>
    refuseToCompile('it looks at the entries of a tensor, which has none until the program runs')
  const by = {
    precision,
    made: (id: object, values: TypedValues, shape: ReadonlyArray<number>, dtype: DType): void => {
      const [first] = values
      const isNumber = values.length > 0 && values.every(x => Object.is(x, first))
      const kept = isNumber ? values.slice(0, 1) : values.slice()
      add({ ...leaf, kernel: isNumber ? 'Number' : 'Array', values: kept, shape: [...shape], dtype }, id)
    },
    ran: (kernel: string, inputs: Readonly<Record<string, TensorInfo>>, attrs: object): TensorInfo | TensorInfo[] => {
      const of = Object.fromEntries(Object.entries(inputs).map(([name, info]) => [name, found(info)]))
      const one = ({ shape, dtype }: ArrayForm, output: number): TensorInfo =>
        add({ kernel, inputs: of, attrs, shape: [...shape], dtype, output })
      const forms: Record<string, Dense> = {}
      for (const [name, { shape, dtype }] of Object.entries(of)) forms[name] = { shape, dtype, values: NO_ENTRIES }
      const result = kernelsByName[kernel](forms, attrs)
      return Array.isArray(result) ? result.map(one) : one(result, 0)
    },
    knows: (id: object): boolean => known.has(id),
    asked
  }
  const tensors = (shapes: ShapesByName, lead: ReadonlyArray<number>, isParameter?: true): NamedTensorInputs =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        tfjs()
          .engine()
          .makeTensorFromTensorInfo(
            add({
              ...leaf,
              kernel: 'Input',
              name,
              ...(isParameter && { isParameter }),
              shape: [...lead, ...shape],
              dtype: 'float32'
            })
          )
      ])
    )
  return scope(() =>
    recording(by, () => {
      const inputs = {
        params: tensors(params, [], true),
        rows: tensors(rows, [count]),
        constants: tensors(constants, [])
      }
      const others: Record<string, TracedNode> = {}
      const seen = (): Tensor | undefined => {
        const outputs = write(inputs, example)
        for (const [name, tensor] of Object.entries(outputs.others ?? {})) others[name] = found(tensor)
        return outputs.value
      }
      if (!differentiates) {
        const value = seen()
        return { rows: count, nodes, ...(value && { value: found(value) }), gradient: {}, others }
      }
      const { value, grads } = pullback(
        () => seen() ?? refuseToCompile('it has no value to differentiate'),
        Object.values(inputs.params)
      )
      const gradient = Object.keys(params).map((name, i) => {
        const one = grads[i]
        return [name, one === undefined ? undefined : found(one)] as const
      })
      return { rows: count, nodes, value: found(value), gradient: Object.fromEntries(gradient), others }
    })
  )
}

// —— two traces ——

/** A whole multiple of the number of rows, or 1 over one. */
export interface RowCount {
  readonly multiple: number
  readonly isInverse: boolean
}
/** What in a trace stands for such a number, as the other one showed. */
export type Counts = ReadonlyMap<TracedNode, RowCount>

const isArrayLike = (value: unknown): value is ArrayLike<unknown> => Array.isArray(value)

/** Whether a length is the same multiple of the rows in both. */
const isMultiple = (a: unknown, b: unknown, rows: readonly [number, number]): boolean =>
  typeof a === 'number' && a > 0 && a % rows[0] === 0 && b === (a / rows[0]) * rows[1]

/** Whether attributes agree, except for the number of rows. */
const attributesAlike = (a: unknown, b: unknown, rows: readonly [number, number]): boolean =>
  Object.is(a, b) ||
  isMultiple(a, b, rows) ||
  (isArrayLike(a) &&
    isArrayLike(b) &&
    a.length === b.length &&
    Array.from(a).every((x, i) => attributesAlike(x, b[i], rows)))

const attributesAgree = (a: object, b: object, rows: readonly [number, number]): boolean => {
  const other = new Map<string, unknown>(Object.entries(b))
  return Object.entries(a).every(([name, value]) => attributesAlike(value, other.get(name), rows))
}

/** Where the traces stand for the number of rows; refuses whatever else differs. */
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
    if (!attributesAlike(node.shape, twin.shape, rows))
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
    if (!isFilled && !attributesAgree(node.attrs, twin.attrs, rows))
      refuseToCompile(
        node.kernel === 'Range'
          ? `Range numbers the rows (${place})`
          : `${node.kernel} is told other numbers each time (${place})`
      )
  })
  return counts
}

/** The least prime from n on. */
const primeFrom = (n: number): number => {
  for (let p = n; ; p++) {
    let isPrime = true
    for (let q = 2; isPrime && q * q <= p; q++) isPrime = p % q > 0
    if (isPrime) return p
  }
}

/**
 * A function's trace, and what in it is the number of rows; refused where two traces differ otherwise. The examples are
 * what the function may look at beside its inputs: nothing of them may be in the trace.
 */
export const traceFunction = <E>(
  signature: TraceSignature,
  write: (inputs: Inputs, example: E) => Outputs,
  examples: readonly [E, E],
  asked: TraceRequest
): { readonly trace: FunctionTrace; readonly counts: Counts } => {
  // larger than any size, so that no size is taken for the number of rows
  const sizes = [signature.params, signature.rows, signature.constants].flatMap(Object.values).flat().map(Number)
  const first = primeFrom(Math.max(97, ...sizes) + 1)
  const trace = traceOnce(signature, write, examples[0], first, asked)
  const again = traceOnce(signature, write, examples[1], primeFrom(first + 1), asked)
  return { trace, counts: compareTraces(trace, again) }
}
