/**
 * Compiler for functions in the tensor vocabulary: a function of named inputs becomes one WebAssembly program over the rows of the data, in
 * vectors of two doubles or four floats. Results do not depend on the number of threads.
 *
 * Phases: trace (`trace.ts`); lowering to a graph of nodes computed per row or once per call (`unfold.ts`, `lower.ts`, `graph.ts`);
 * rewriting by equations, and sums over versions (`rules.ts`, `algebra.ts`, `versions.ts`); layout (`placement.ts`); code generation
 * (`code.ts`); bytes (`assembler.ts`). `runtime.ts` runs programs, and `rowwise.ts` chooses between a program and the interpreter.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compiler, sub, square, sum, mean } from 'ornstein/float64'
 *
 * // A library compiles a function on first use and caches the program with an object as its key.
 * const programs = Compiler.library()
 * const meanSquare = {}
 * const ask = () =>
 *   programs.program(
 *     meanSquare,
 *     { params: { c: [2] }, rows: { x: { shape: [2], from: 'data' } }, constants: {} },
 *     ({ params: { c }, rows: { x } }) => ({ value: mean(sum(square(sub(x, c)), 1)) })
 *   )
 * const [first, again] = [ask(), ask()]
 * assert(E.isRight(first) && E.isRight(again) && first.right === again.right)
 * assert(Compiler.cached() >= 1)
 *
 * const { value, gradient } = first.right.run({
 *   rows: 2,
 *   params: { c: Float64Array.of(0, 0) },
 *   given: { x: Float64Array.of(1, 2, 3, 4) },
 *   constants: {}
 * })
 * assert.deepEqual([value, [...gradient.c.values]], [15, [-4, -6]])
 * console.log(Compiler.how([first.right], 1e6))
 */
import { isLeft, left, right, type Either } from 'fp-ts/lib/Either.js'
import { remembered } from '../plain/remembered.js'
import { reason } from '../plain/said.js'
import { type NdArray } from '../arrays/ndarray.js'
import { algebra } from './algebra.js'
import { emitModule, type Emitted } from './code.js'
import { isPanelMap } from './entrywise.js'
import { operationText, topologicalOrder, printGraph, nodeWidth, type GraphNode } from './graph.js'
import { lanesOf, type Precision } from './lanes.js'
import {
  isSymmetricProduct,
  layoutGraph as layoutOf,
  printLayout,
  type DrawDistribution,
  type MemoryLayout
} from './placement.js'
import { lower, type Lowered } from './lower.js'
import { asThinProduct } from './rules.js'
import { threads } from '../wasm/threadPool.js'
import * as Reductions from '../rows/reduction.js'
import {
  MAX_PAGES,
  runtimeOrReason,
  sumPairs,
  MIN_THREADED_WORK,
  type CompilerRuntime,
  type CallInputs,
  type RunResult,
  type RowsGiven,
  type Runnable
} from './runtime.js'
import { perCall, type ComputeNode } from './perCall.js'
import { refuseToCompile } from './refusal.js'
import { summedOutputs, type Versions } from './versions.js'
import { findFaults, isVerifying, reportFaults, type ColumnAccess } from './verify.js'
import {
  traceFunction,
  type Counts,
  type Inputs,
  type Outputs,
  type TraceSignature as Shapes,
  type FunctionTrace
} from './trace.js'

export type { Inputs, Outputs } from './trace.js'
export type { Precision } from './lanes.js'
export type { RowsGiven } from './runtime.js'
export { useVerifier } from './verify.js'

type Shape = ReadonlyArray<number>

export interface Signature {
  /** Parameters, in which the value is differentiated. */
  readonly params: Readonly<Record<string, Shape>>
  /**
   * Numbers per row, of this shape: data, which stay in memory; arrays of one call; or draws of a key, χ² draws if `degrees` is given,
   * otherwise normal ones.
   */
  readonly rows: Readonly<
    Record<string, { readonly shape: Shape; readonly from: 'data' | 'call' | 'key'; readonly degrees?: number }>
  >
  /** Numbers shared by all rows that differ from call to call. */
  readonly constants: Readonly<Record<string, Shape>>
  /** Constants [count, …] with a first axis of versions, over which value and gradient are summed. */
  readonly versions?: Versions
}

export interface Call {
  readonly rows: number
  readonly params: Readonly<Record<string, Float64Array>>
  /** Inputs of rows, row after row. Data stay in memory if each call passes the same array. */
  readonly given: Readonly<Record<string, RowsGiven>>
  readonly constants: Readonly<Record<string, ArrayLike<number>>>
  /** Further constants, whose object is a cache key: results that depend on them alone are kept. */
  readonly fixed?: Readonly<Record<string, ArrayLike<number>>>
}

export interface Result {
  /** NaN if the function has no value. */
  readonly value: number
  readonly gradient: Readonly<Record<string, NdArray>>
  /** Outputs by name, [rows, …] if they are per row. */
  readonly others: Readonly<Record<string, NdArray>>
}

export interface Program {
  readonly run: (call: Call) => Result
  /** Reduction over the rows with the same result, but without outputs per row. */
  readonly sum: (call: Call) => Reductions.Reduction<Result>
  readonly work: number
  readonly profile: () => Profile
  /** Kernels that the interpreter runs on each panel, in one thread. */
  readonly fallback: ReadonlyArray<string>
  /** Text of the graph after a phase, or of the layout. */
  readonly explain: (phase: 'trace' | 'normal form' | 'rewritten' | 'layout') => string
}

const MAX_CACHED_PROGRAMS = 256
/** Maximum number of cached programs of one function, for different shapes. */
const MAX_CACHED_SHAPES = 32

/** Node computed once per call; `compute` is null for an input. */
interface CallStep extends PlacedNode {
  readonly compute: ComputeNode | null
}

/** Node and the index of its first number among those of a call. */
interface PlacedNode {
  readonly node: GraphNode
  readonly at: number
  readonly width: number
}

/** Numbers that depend on fixed constants and the number of rows alone, and the steps left for a call. */
interface FixedNumbers {
  readonly rows: number
  readonly numbers: Float64Array
  readonly left: ReadonlyArray<CallStep>
  /** Arrays of finished calls, for later ones, since allocating and collecting large arrays takes longer. */
  readonly spare: Float64Array[]
}

interface CompiledGraph extends Runnable {
  readonly before: ReadonlyArray<CallStep>
  readonly after: ReadonlyArray<CallStep>
  /** Number of numbers given or computed once per call. */
  readonly length: number
  /** Nodes that rows read, with their byte among the parameters. */
  readonly shared: ReadonlyArray<PlacedNode & { readonly byte: number }>
  /** Sums over the rows, with their index among a chunk's sums. */
  readonly summed: ReadonlyArray<PlacedNode & { readonly sumIndex: number; readonly isSymmetric: boolean }>
  readonly fixed: WeakMap<object, FixedNumbers>
  readonly layout: MemoryLayout
  readonly outs: Readonly<Record<string, GraphNode>>
  readonly named: {
    /** Index of the value; null if there is none. */
    readonly value: number | null
    readonly gradient: ReadonlyArray<NamedOutput>
    readonly others: ReadonlyArray<NamedOutput>
  }
}

/** Output with its key among all outputs; `at` is NaN if it is per row. */
interface NamedOutput extends PlacedNode {
  readonly name: string
  readonly key: string
}

/** Compiled programs by the text of their graph, in the order of last use. */
const compiledByGraph = new Map<string, CompiledGraph>()

/** Number of cached compiled programs. */
export const cached = (): number => compiledByGraph.size

const outputsByName = ({ value, gradient, others }: Lowered): Readonly<Record<string, GraphNode>> => ({
  ...(value && { value }),
  ...Object.fromEntries(Object.entries(gradient).map(([name, node]) => [`∂${name}`, node])),
  ...Object.fromEntries(Object.entries(others).map(([name, node]) => [`:${name}`, node]))
})

/** True if the interpreter runs the kernel in every panel. */
const isFallback = ({ does }: GraphNode): boolean => does.kind !== 'entrywise' || !isPanelMap(does.kernel)

/** Additions and multiplications of a node per row; an exponential or similar counts as ten. */
const nodeWork = ({ does, ins, shape, scope }: GraphNode): number => {
  const entries = shape.reduce((n, length) => n * length, 1)
  if (does.kind === 'rowDot') return entries * (ins[0].shape.length === 2 ? ins[0].shape[0] : 1)
  if (scope === 'once') return 0
  if (does.kind === 'product' || does.kind === 'distances') return entries * (ins[0].shape.at(-1) ?? 1)
  return (
    entries * (does.kind === 'entrywise' && ['Cos', 'Exp', 'Log', 'Sin', 'Tanh', 'Erf'].includes(does.kernel) ? 10 : 1)
  )
}

const graphWork = (outs: Readonly<Record<string, GraphNode>>): number =>
  topologicalOrder(Object.values(outs)).reduce((sum, node) => sum + nodeWork(node), 0)

/** Cost of a program per row. */
export interface Profile {
  /** Additions and multiplications; an exponential or similar function counts as ten. */
  readonly operations: number
  readonly bytes: number
  readonly draws: number
  readonly reads: ReadonlyArray<string>
  /** Share of the operations by kind of node, largest first. */
  readonly shares: ReadonlyArray<readonly [kind: string, share: number]>
  /** Number of kernels of the interpreter, forward and backward. */
  readonly steps: number
}

const profileOf = ({ outs, layout, lanes, work }: CompiledGraph, steps: number): Profile => {
  const costs = new Map<string, number>()
  for (const node of topologicalOrder(Object.values(outs))) {
    const { does } = node
    const kind =
      does.kind === 'pick'
        ? 'pick'
        : does.kind === 'input'
          ? 'input'
          : operationText(does).replace(/ (over|axis) .*/, '')
    costs.set(kind, (costs.get(kind) ?? 0) + nodeWork(node))
  }
  const widths = (all: ReadonlyArray<number>): number => all.reduce((sum, n) => sum + n, 0)
  return {
    operations: work,
    bytes: lanes.bytes * widths(layout.given.map(({ width }) => width)),
    draws: widths(layout.drawn.map(({ buffer }) => buffer.width)),
    reads: layout.given.map(({ name }) => name),
    shares: [...costs]
      .filter(([, cost]) => cost > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([kind, cost]) => [kind, cost / work]),
    steps
  }
}

/** True if a node is a thin product, so a sum may be split. */
const hasThinProduct = (outs: Readonly<Record<string, GraphNode>>): boolean =>
  topologicalOrder(Object.values(outs)).some(node => asThinProduct(node) !== undefined)

const rewriteGraph = (
  traced: FunctionTrace,
  counts: Counts,
  versions: Versions | undefined
): Readonly<Record<string, GraphNode>> => {
  if (versions !== undefined)
    return summedOutputs(outputsByName(lower(traced, counts, algebra('plain', versions.of))), versions)
  const plain = outputsByName(lower(traced, counts, algebra('plain')))
  if (!hasThinProduct(plain)) return plain
  const split = outputsByName(lower(traced, counts, algebra('splitting')))
  return graphWork(split) < graphWork(plain) ? split : plain
}

/** Returns a module; refuses it if the verifier finds faults. */
const emitVerified = (
  layout: MemoryLayout,
  memory: { readonly shared: boolean; readonly maximum: number }
): Emitted => {
  const accesses = layout.items.map((): ColumnAccess[] => [])
  const record = (item: number) => (access: ColumnAccess) => {
    accesses[item].push(access)
  }
  const emitted = emitModule(layout, memory, isVerifying() ? record : undefined)
  const found = reportFaults(() => findFaults(layout, accesses))
  if (found.length > 0) refuseToCompile(`the compiler errs (${found[0]}): please report it`)
  return emitted
}

/** Assigns nodes per call their places among its numbers; a reshape shares its input's. */
const placeNumbers = (
  layout: MemoryLayout
): { readonly length: number; readonly placeOf: (node: GraphNode) => number } => {
  const places = new Map<GraphNode, number>()
  const placeOf = (node: GraphNode): number => {
    const at = places.get(node)
    if (at === undefined) throw new Error('a node before its inputs')
    return at
  }
  let length = 0
  for (const node of [...layout.before, ...layout.sums.map(({ node }) => node), ...layout.after])
    if (isReshape(node)) places.set(node, placeOf(node.ins[0]))
    else {
      places.set(node, length)
      length += nodeWidth(node)
    }
  return { length, placeOf }
}

const markedOutputs = (
  outs: Readonly<Record<string, GraphNode>>,
  mark: string,
  placed: (node: GraphNode) => PlacedNode
): ReadonlyArray<NamedOutput> =>
  Object.entries(outs).flatMap(([key, node]) => {
    if (!key.startsWith(mark)) return []
    const own = node.scope === 'rows' ? { node, at: NaN, width: nodeWidth(node) } : placed(node)
    return [{ name: key.slice(mark.length), key, ...own }]
  })

const compileGraph = (
  outs: Readonly<Record<string, GraphNode>>,
  signature: Signature,
  { precision, isShared }: { readonly precision: Precision; readonly isShared: boolean }
): CompiledGraph => {
  const key = `${printGraph(outs, { isAbridged: false })} ${JSON.stringify(signature.rows)} ${precision}`
  const known = compiledByGraph.get(key)
  if (known !== undefined) {
    compiledByGraph.delete(key)
    compiledByGraph.set(key, known)
    return known
  }
  const lanes = lanesOf(precision)
  const distributionOf = (name: string): DrawDistribution | null => {
    const { from, degrees } = signature.rows[name]
    return from === 'key' ? (degrees ?? 'normal') : null
  }
  const layout = layoutOf(outs, distributionOf, lanes)
  const { bytes, kernels, words } = emitVerified(layout, { shared: isShared, maximum: MAX_PAGES })
  const { length, placeOf } = placeNumbers(layout)
  const placed = (node: GraphNode): PlacedNode => ({ node, at: placeOf(node), width: nodeWidth(node) })
  const stepsOf = (nodes: ReadonlyArray<GraphNode>): ReadonlyArray<CallStep> =>
    nodes.filter(node => !isReshape(node)).map(node => ({ compute: perCall(node, placeOf), ...placed(node) }))
  const fresh: CompiledGraph = {
    module: new WebAssembly.Module(bytes),
    lanes,
    words,
    kernels,
    isFallback: kernels.some(isFallback),
    given: layout.given.map(({ name, width }) => ({ name, width, isKept: signature.rows[name].from === 'data' })),
    drawn: layout.drawn,
    outputs: layout.outputs.map(({ name, node }) => ({ name, width: nodeWidth(node) })),
    sumBytes: layout.sumBytes,
    scratchBytes: layout.scratchBytes,
    work: graphWork(outs),
    before: stepsOf(layout.before),
    after: stepsOf(layout.after),
    length,
    shared: layout.parameters.map(({ node, at: byte }) => ({ byte, ...placed(node) })),
    summed: layout.sums.map(({ node, at }) => ({
      sumIndex: at / 16,
      isSymmetric: isSymmetricProduct(node),
      ...placed(node)
    })),
    fixed: new WeakMap(),
    layout,
    outs,
    named: {
      value: 'value' in outs ? placeOf(outs.value) : null,
      gradient: markedOutputs(outs, '∂', placed),
      others: markedOutputs(outs, ':', placed)
    }
  }
  compiledByGraph.set(key, fresh)
  const [oldest] = compiledByGraph.keys()
  if (compiledByGraph.size > MAX_CACHED_PROGRAMS) compiledByGraph.delete(oldest)
  return fresh
}

/** True if the node shares its input's numbers. */
const isReshape = ({ does }: GraphNode): boolean => does.kind === 'reshape'

const mirrorLowerTriangle = (matrix: Float64Array, n: number): void => {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) matrix[j * n + i] = matrix[i * n + j]
}

interface CallReduction extends Reductions.Reduction<Result> {
  readonly ran: (from: number, to: number) => RunResult
  readonly result: (sums: Float64Array, outputs: RunResult['outputs']) => Result
}

/** Call that may run together with others of the same program. */
interface PendingCall extends Reductions.Prefetch {
  readonly inputs: () => CallInputs
  readonly range: { readonly rows: number; readonly from: number; readonly to: number }
  numbers: Float64Array | null
}

/** Rows × operations below which a call is not worth prefetching. */
const MIN_PREFETCH_WORK = 2e5

const isPendingCall = (ahead: Reductions.Prefetch): ahead is PendingCall => 'inputs' in ahead

/** Maximum number of calls in one job, which are in memory together. */
const MAX_CALLS_PER_JOB = 64
/** Maximum number of chunks of a call that shares a job; more keep all threads busy alone. */
const MAX_JOINED_CHUNKS = 16

const runPendingCalls = (
  runtime: CompilerRuntime,
  program: CompiledGraph,
  all: ReadonlyArray<Reductions.Prefetch>
): void => {
  const waiting = all.filter(isPendingCall).filter(({ range }) => range.to <= MAX_JOINED_CHUNKS)
  for (const rows of new Set(waiting.map(({ range }) => range.rows))) {
    const alike = waiting.filter(({ range }) => range.rows === rows)
    for (let first = 0; first < alike.length; first += MAX_CALLS_PER_JOB) {
      const some = alike.slice(first, first + MAX_CALLS_PER_JOB)
      const ran = runtime.run(
        program,
        some[0].range,
        some.map(({ inputs }) => inputs()),
        program.layout.parameterBytes
      )
      some.forEach((one, i) => {
        one.numbers = ran[i].numbers
      })
    }
  }
}

type GivenArrays = Readonly<Record<string, ArrayLike<number> | undefined>>

interface CallValues {
  readonly rows: number
  readonly params: GivenArrays
  readonly constants: GivenArrays
}

/** Writes an input, or the number of rows, to its place among the numbers. */
const writeInput = (
  numbers: Float64Array,
  { node, at, width }: PlacedNode,
  { rows, params, constants }: CallValues
): void => {
  const { does, shape } = node
  if (does.kind !== 'input') {
    numbers[at] = rows
    return
  }
  const found = (does.isParameter === true ? params : constants)[does.name]
  if (found?.length !== width) throw new RangeError(`${does.name}: not of shape [${shape.join(', ')}]`)
  for (let i = 0; i < width; i++) numbers[at + i] = found[i]
}

const NO_CONSTANTS = {}

/** Numbers that depend on fixed constants alone, cached by their object and the number of rows. */
const fixedNumbers = (
  { before, fixed, length }: CompiledGraph,
  constants: NonNullable<Call['fixed']>,
  rows: number
): FixedNumbers => {
  const known = fixed.get(constants)
  if (known?.rows === rows) return known
  const numbers = new Float64Array(length)
  const left: CallStep[] = []
  const isFixed = new Set<GraphNode>()
  const source = (node: GraphNode): GraphNode => (isReshape(node) ? source(node.ins[0]) : node)
  for (const step of before) {
    const { node, compute } = step
    const { does, ins } = node
    if (
      does.kind === 'input'
        ? does.isParameter === true || !(does.name in constants)
        : !ins.every(of => isFixed.has(source(of)))
    ) {
      left.push(step)
      continue
    }
    isFixed.add(node)
    if (compute === null) writeInput(numbers, step, { rows, params: NO_CONSTANTS, constants })
    else compute(numbers)
  }
  const fresh = { rows, numbers, left, spare: [] }
  fixed.set(constants, fresh)
  return fresh
}

const MAX_SPARE_ARRAYS = 4

/** Returns the numbers of a call before its rows; the array may be a spare one. */
const numbersOfCall = ({ numbers: fixed, left, spare }: FixedNumbers, values: CallValues): Float64Array => {
  const numbers = spare.pop() ?? new Float64Array(fixed.length)
  numbers.set(fixed)
  for (const step of left)
    if (step.compute === null) writeInput(numbers, step, values)
    else step.compute(numbers)
  return numbers
}

/** Computes the result of a call from its sums and its outputs of rows. Overwrites `numbers`. */
const resultOfCall = (
  { summed, after, named }: CompiledGraph,
  numbers: Float64Array,
  rows: number,
  { sums, outputs }: { readonly sums: Float64Array; readonly outputs: RunResult['outputs'] }
): Result => {
  for (const { node, at, width, sumIndex, isSymmetric } of summed) {
    for (let i = 0; i < width; i++) numbers[at + i] = sums[sumIndex + i]
    if (isSymmetric) mirrorLowerTriangle(numbers.subarray(at, at + width), node.shape[0])
  }
  for (const { compute } of after) compute?.(numbers)
  const those = (outs: ReadonlyArray<NamedOutput>): Readonly<Record<string, NdArray>> => {
    const found: Record<string, NdArray> = {}
    for (const { name, key, node, at, width } of outs)
      if (node.scope !== 'rows') found[name] = { shape: node.shape, values: numbers.slice(at, at + width) }
      else if (key in outputs) found[name] = { shape: [rows, ...node.shape], values: outputs[key] }
    return found
  }
  return {
    value: named.value === null ? NaN : numbers[named.value],
    gradient: those(named.gradient),
    others: those(named.others)
  }
}

const callProgram = (
  runtime: CompilerRuntime,
  program: CompiledGraph,
  { params, given, constants, fixed = NO_CONSTANTS, rows }: Call
): CallReduction => {
  const { layout, shared } = program
  const stays = fixedNumbers(program, fixed, rows)
  const values: CallValues = { rows, params, constants }
  let numbers: Float64Array | null = numbersOfCall(stays, values)
  const inputs = (): CallInputs => ({ given, numbers: (numbers ??= numbersOfCall(stays, values)), shared })
  const result: CallReduction['result'] = (sums, outputs) => {
    const filled = inputs().numbers
    const found = resultOfCall(program, filled, rows, { sums, outputs })
    if (stays.spare.length < MAX_SPARE_ARRAYS) stays.spare.push(filled)
    numbers = null
    return found
  }
  const ran: CallReduction['ran'] = (from, to) =>
    runtime.run(program, { rows, from, to }, [inputs()], layout.parameterBytes)[0]
  const all = { rows, from: 0, to: Reductions.partitionRows(rows).chunks }
  const ahead: PendingCall = {
    kind: program,
    inputs,
    range: all,
    numbers: null,
    compute: others => {
      runPendingCalls(runtime, program, others)
    },
    isWorth: count =>
      threads() > 1 && rows * program.work >= MIN_PREFETCH_WORK && count * rows * program.work >= MIN_THREADED_WORK
  }
  return {
    rows,
    width: sumPairs(program),
    prefetch: [ahead],
    chunks: (from, to) =>
      ahead.numbers !== null && from === all.from && to === all.to ? ahead.numbers : ran(from, to).numbers,
    finish: sums => result(sums, {}),
    ran,
    result
  }
}

const execute = (runtime: CompilerRuntime, program: CompiledGraph, call: Call): Result => {
  const { width, ran, result } = callProgram(runtime, program, call)
  const { numbers, outputs } = ran(0, Reductions.partitionRows(call.rows).chunks)
  const sums = new Float64Array(width)
  Reductions.addChunkSums(sums, numbers)
  return result(sums, outputs)
}

/** Refuses constants that become 0 or ∞ in float32. */
const checkRange = (outs: Readonly<Record<string, GraphNode>>, precision: Precision): void => {
  if (precision === 'float64') return
  for (const node of topologicalOrder(Object.values(outs)))
    for (const { does } of node.scope === 'rows' ? node.ins : [])
      for (const x of does.kind === 'constant' ? [does.value] : does.kind === 'array' ? does.values : []) {
        const float = Math.fround(x)
        if (Number.isFinite(x) && x !== 0 && (float === 0 || !Number.isFinite(float)))
          refuseToCompile(`${operationText(node.does)}: the number ${x}, which is ${float} in float32`)
      }
}

export interface CompilationOptions {
  /** True if the value is differentiated in the parameters. Default: true if there are any. */
  readonly differentiates?: boolean | undefined
  /** Default: 'float64'. */
  readonly precision?: Precision
}

/**
 * Compiles a function of named inputs; returns the reason if it cannot be compiled. The function is called with each of the two examples,
 * which replace anything that it reads besides its inputs; its result must not depend on them.
 *
 * Rejects functions that read or branch on entries of a tensor, mix rows, have rows that depend on a sum over all rows, or use numbers that
 * differ from call to call and are not inputs.
 */
export const compile = <E>(
  signature: Signature,
  write: (inputs: Inputs, example: E) => Outputs,
  examples: readonly [E, E],
  { differentiates = Object.keys(signature.params).length > 0, precision = 'float64' }: CompilationOptions = {}
): Either<string, Program> => {
  const found = runtimeOrReason()
  if (isLeft(found)) return found
  const runtime = found.right
  const shapes: Shapes = {
    ...signature,
    rows: Object.fromEntries(Object.entries(signature.rows).map(([name, { shape }]) => [name, shape]))
  }
  try {
    const { trace: traced, counts } = traceFunction(shapes, write, examples, { differentiates, precision })
    const outs = rewriteGraph(traced, counts, signature.versions)
    checkRange(outs, precision)
    const program = compileGraph(outs, signature, { precision, isShared: runtime.shared })
    return right({
      run: call => execute(runtime, program, call),
      sum: call => callProgram(runtime, program, call),
      work: program.work,
      profile: () => profileOf(program, traced.nodes.length),
      fallback: [
        ...new Set(program.kernels.filter(isFallback).map(({ does }) => ('kernel' in does ? does.kernel : does.kind)))
      ],
      explain: phase => {
        switch (phase) {
          case 'trace':
            return traced.nodes
              .map(node => `${node.kernel} [${node.shape.map(n => (n === traced.rows ? 'rows' : n)).join(', ')}]`)
              .join('\n')
          case 'normal form':
            return printGraph(outputsByName(lower(traced, counts, algebra('none'))))
          case 'rewritten':
            return printGraph(outs)
          case 'layout':
            return printLayout(program.layout)
        }
      }
    })
  } catch (error) {
    if (error instanceof Error) return left(reason(error))
    throw error
  }
}

export interface Library {
  readonly precision: Precision
  readonly program: (
    /** Key of the function: an equal object or text must always come with the same function. */
    of: object | string,
    signature: Signature,
    write: (inputs: Inputs) => Outputs,
    /** True if the value is differentiated in the parameters. Default: true if there are any. */
    differentiates?: boolean
  ) => Either<string, Program>
}

interface CachedProgram {
  readonly signature: Signature
  readonly differentiates: boolean | undefined
  readonly program: Either<string, Program>
}

const areSameShapes = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, axis) => n === b[axis])

/** True if records have equal names in equal order, with equal values. */
const areSameRecords = <A>(
  a: Readonly<Record<string, A>>,
  b: Readonly<Record<string, A>>,
  isSame: (a: A, b: A) => boolean
): boolean => {
  if (a === b) return true
  const names = Object.keys(a)
  const others = Object.keys(b)
  return names.length === others.length && names.every((name, i) => name === others[i] && isSame(a[name], b[name]))
}

const areSameRowInputs = (a: Signature['rows'][string], b: Signature['rows'][string]): boolean =>
  a.from === b.from && a.degrees === b.degrees && areSameShapes(a.shape, b.shape)

const areSameVersions = (a: Versions | undefined, b: Versions | undefined): boolean =>
  a === undefined || b === undefined
    ? a === b
    : a.count === b.count && a.of.length === b.of.length && a.of.every((name, i) => name === b.of[i])

/** True if the signatures give equal programs; compares values, not texts, since it runs at every call. */
const areSameSignatures = (a: Signature, b: Signature): boolean =>
  areSameRecords(a.rows, b.rows, areSameRowInputs) &&
  areSameRecords(a.constants, b.constants, areSameShapes) &&
  areSameRecords(a.params, b.params, areSameShapes) &&
  areSameVersions(a.versions, b.versions)

/** Returns an empty cache of programs of a precision. Default: float64. */
export const library = (precision: Precision = 'float64'): Library => {
  const programsOf = remembered<object | string, CachedProgram[]>(() => [])
  return {
    precision,
    program: (of, signature, write, differentiates) => {
      const programs = programsOf(of)
      const at = programs.findIndex(
        one => one.differentiates === differentiates && areSameSignatures(one.signature, signature)
      )
      if (at === 0) return programs[0].program
      const found =
        at > 0
          ? programs.splice(at, 1)[0]
          : {
              signature,
              differentiates,
              program: compile(signature, write, [null, null], { differentiates, precision })
            }
      programs.unshift(found)
      programs.length = Math.min(programs.length, MAX_CACHED_SHAPES)
      return found.program
    }
  }
}

/** Describes how the programs run on this many rows; empty if in one thread. */
export const how = (programs: ReadonlyArray<Program>, rows: number): string => {
  const fallback = [...new Set(programs.flatMap(program => program.fallback))]
  if (fallback.length > 0) return ` (${fallback.join(', ')} by the interpreter, in one thread)`
  return threads() > 1 && programs.some(({ work }) => rows * work >= MIN_THREADED_WORK)
    ? ` by ${threads()} threads`
    : ''
}
