/**
 * A compiler for what is written in the tensor vocabulary: a function of named inputs becomes one WebAssembly program that
 * runs over the rows of the data, two at a time or four of floats, in as many threads as there are, with the same bits in any number of them.
 *
 * | phase | file | |
 * |---|---|---|
 * | trace | `trace.ts` | the kernels that the function calls, and the tape of its gradient |
 * | lowering | `unfold.ts`, `lower.ts` | a graph of few kinds of nodes, of rows or once a call (`graph.ts`) |
 * | rewriting | `rules.ts`, `algebra.ts`, `versions.ts` | equations that make it smaller, and one sum of many versions |
 * | layout | `placement.ts` | what is hoisted out of the rows, fused into loops, stored, and where |
 * | code generation | `code.ts`, `job.ts`, `fusedLoops.ts`, `entrywise.ts`, `products.ts`, `zeros.ts`, `lanes.ts` | vectors of rows, in WebAssembly |
 * | bytes | `assembler.ts` | |
 *
 * `meaning.ts` says what a node means, by the interpreter's kernels, and `perCall.ts` computes those that are not of rows;
 * `machine.ts` runs programs; `rowwise.ts` chooses between
 * a program and the interpreter for those who call a function with arrays.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compiler, sub, square, sum, mean } from 'ornstein/float64'
 *
 * // A library compiles a function when it is first asked for, and keeps it with the object that stands for it.
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
import { reason } from '../plain/said.js'
import { type NdArray } from '../arrays/ndarray.js'
import { algebra } from './algebra.js'
import { emitModule } from './code.js'
import { isMap } from './entrywise.js'
import { operationText, topologicalOrder, printGraph, nodeWidth, type GraphNode } from './graph.js'
import { lanesOf, type Precision } from './lanes.js'
import { isSymmetricProduct, layoutGraph as layoutOf, printLayout, type MemoryLayout } from './placement.js'
import { lower, type Lowered } from './lower.js'
import { asThinProduct } from './rules.js'
import { threads } from '../wasm/threadPool.js'
import * as Chunks from '../rows/reduction.js'
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

/** What a program takes. */
export interface Signature {
  /** Differentiated. */
  readonly params: Readonly<Record<string, Shape>>
  /** Numbers for each row, of this shape: the data, which stay in memory; of this call alone; or of a key: normals, or χ² of so many degrees. */
  readonly rows: Readonly<
    Record<string, { readonly shape: Shape; readonly from: 'data' | 'call' | 'key'; readonly degrees?: number }>
  >
  /** The same for all rows, another at each call. */
  readonly constants: Readonly<Record<string, Shape>>
  /** Some of the constants come in so many versions, [count, …]: value and gradient are sums over them. */
  readonly versions?: Versions
}

export interface Call {
  readonly rows: number
  readonly params: Readonly<Record<string, Float64Array>>
  /** Row after row; data are the same array at each call while they are the same. */
  readonly given: Readonly<Record<string, RowsGiven>>
  readonly constants: Readonly<Record<string, ArrayLike<number>>>
  /** Constants too; the same object at each call while they are the same: what is made of them alone is kept with it. */
  readonly fixed?: Readonly<Record<string, ArrayLike<number>>>
}

export interface Result {
  /** NaN where the function has none. */
  readonly value: number
  readonly gradient: Readonly<Record<string, NdArray>>
  /** [rows, …] where it is of rows. */
  readonly others: Readonly<Record<string, NdArray>>
}

export interface Program {
  readonly run: (call: Call) => Result
  /** The same as a sum over the rows, without what is of each row. */
  readonly sum: (call: Call) => Chunks.Reduction<Result>
  /** Operations a row, roughly. */
  readonly work: number
  readonly profile: () => Profile
  /** Ops that run by the interpreter's kernel on a panel of rows, in one thread. */
  readonly fallback: ReadonlyArray<string>
  /** The graph, and what runs where, as text. */
  readonly explain: (phase: 'trace' | 'normal form' | 'rewritten' | 'layout') => string
}

/** So many compiled programs are kept for others of the same structure. */
const MAX_CACHED_PROGRAMS = 256
/** And so many with one function, those asked for last: for other shapes of its inputs. */
const MAX_CACHED_SHAPES = 32

/** A node computed once a call, where its numbers are, and how these are computed; null for what is given. */
interface CallStep extends PlacedNode {
  readonly compute: ComputeNode | null
}

/** A node and where its numbers are among those of a call. */
interface PlacedNode {
  readonly node: GraphNode
  readonly at: number
  readonly width: number
}

/** The numbers of a call with those that are made of fixed constants alone, and the steps that are left. */
interface FixedNumbers {
  readonly rows: number
  readonly numbers: Float64Array
  readonly left: ReadonlyArray<CallStep>
}

interface CompiledGraph extends Runnable {
  readonly before: ReadonlyArray<CallStep>
  readonly after: ReadonlyArray<CallStep>
  /** How many numbers of a call are given or computed once. */
  readonly length: number
  /** What rows see of them, at its place there; and what is summed over the rows. */
  readonly shared: ReadonlyArray<PlacedNode & { readonly there: number }>
  readonly summed: ReadonlyArray<PlacedNode & { readonly there: number; readonly isSymmetric: boolean }>
  readonly fixed: WeakMap<object, FixedNumbers>
  readonly layout: MemoryLayout
  readonly outs: Readonly<Record<string, GraphNode>>
  readonly named: {
    /** Its place; null where there is none. */
    readonly value: number | null
    readonly gradient: ReadonlyArray<NamedOutput>
    readonly others: ReadonlyArray<NamedOutput>
  }
}

/** What a program gives under a name, and what that is called among all that it gives; of rows it has no place. */
interface NamedOutput extends PlacedNode {
  readonly name: string
  readonly of: string
}

const compiledByText = new Map<string, CompiledGraph>()

/** How many programs are kept. */
export const cached = (): number => compiledByText.size

const outputsByName = ({ value, gradient, others }: Lowered): Readonly<Record<string, GraphNode>> => ({
  ...(value && { value }),
  ...Object.fromEntries(Object.entries(gradient).map(([name, node]) => [`∂${name}`, node])),
  ...Object.fromEntries(Object.entries(others).map(([name, node]) => [`:${name}`, node]))
})

/** Whether the interpreter's kernel runs in every panel, and not just where others do not reach. */
const isFallback = ({ does }: GraphNode): boolean => does.kind !== 'entrywise' || !isMap(does.kernel)

/** What a node costs a row, in additions and multiplications. */
const costOf = ({ does, ins, shape, scope }: GraphNode): number => {
  const entries = shape.reduce((n, length) => n * length, 1)
  if (does.kind === 'rowDot') return entries * (ins[0].shape.length === 2 ? ins[0].shape[0] : 1)
  if (scope === 'once') return 0
  if (does.kind === 'product' || does.kind === 'distances') return entries * (ins[0].shape.at(-1) ?? 1)
  return (
    entries * (does.kind === 'entrywise' && ['Cos', 'Exp', 'Log', 'Sin', 'Tanh', 'Erf'].includes(does.kernel) ? 10 : 1)
  )
}

/** What a row costs. */
const workOf = (outs: Readonly<Record<string, GraphNode>>): number =>
  topologicalOrder(Object.values(outs)).reduce((sum, node) => sum + costOf(node), 0)

/** What a program does for each row, told from its graph. */
export interface Profile {
  /** Additions and multiplications; an exponential and similar count ten. */
  readonly operations: number
  /** Bytes of memory that are read: data, and what each call gives. */
  readonly bytes: number
  /** Numbers that are drawn. */
  readonly draws: number
  /** Of what a row is given, by name, what is read. */
  readonly reads: ReadonlyArray<string>
  /** The share of the operations that each kind of node has, the largest first. */
  readonly shares: ReadonlyArray<readonly [kind: string, share: number]>
  /** Kernels of its steps, forward and backward, were it interpreted. */
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
    costs.set(kind, (costs.get(kind) ?? 0) + costOf(node))
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

/** Whether a product of few numbers is among the nodes: else there is no sum to split. */
const hasThinProduct = (outs: Readonly<Record<string, GraphNode>>): boolean =>
  topologicalOrder(Object.values(outs)).some(node => asThinProduct(node) !== undefined)

/** The graph of fewest operations, of those that the rules make. */
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
  return workOf(split) < workOf(plain) ? split : plain
}

const compileGraph = (
  outs: Readonly<Record<string, GraphNode>>,
  signature: Signature,
  precision: Precision,
  shared: boolean
): CompiledGraph => {
  const lanes = lanesOf(precision)
  const key = `${printGraph(outs, true)} ${JSON.stringify(signature.rows)} ${precision}`
  const known = compiledByText.get(key)
  if (known !== undefined) {
    compiledByText.delete(key)
    compiledByText.set(key, known)
    return known
  }
  const layout = layoutOf(
    outs,
    name => {
      const { from, degrees } = signature.rows[name]
      return from === 'key' ? (degrees ?? 'normal') : null
    },
    lanes
  )
  const accesses = layout.items.map((): ColumnAccess[] => [])
  const see = (item: number) => (access: ColumnAccess) => {
    accesses[item].push(access)
  }
  const memory = { shared, maximum: MAX_PAGES }
  const { bytes, kernels, words } = emitModule(layout, memory, isVerifying() ? see : undefined)
  const found = reportFaults(() => findFaults(layout, accesses))
  if (found.length > 0) refuseToCompile(`the compiler errs (${found[0]}): please report it`)
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
  const placed = (node: GraphNode): PlacedNode => ({ node, at: placeOf(node), width: nodeWidth(node) })
  const stepsOf = (nodes: ReadonlyArray<GraphNode>): ReadonlyArray<CallStep> =>
    nodes.filter(node => !isReshape(node)).map(node => ({ compute: perCall(node, placeOf), ...placed(node) }))
  const marked = (mark: string): ReadonlyArray<NamedOutput> =>
    Object.entries(outs).flatMap(([of, node]) =>
      of.startsWith(mark)
        ? [
            {
              name: of.slice(mark.length),
              of,
              ...(node.scope === 'rows' ? { node, at: NaN, width: nodeWidth(node) } : placed(node))
            }
          ]
        : []
    )
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
    work: workOf(outs),
    before: stepsOf(layout.before),
    after: stepsOf(layout.after),
    length,
    shared: layout.parameters.map(({ node, at: there }) => ({ there, ...placed(node) })),
    summed: layout.sums.map(({ node, at: there }) => ({
      there: there / 16,
      isSymmetric: isSymmetricProduct(node),
      ...placed(node)
    })),
    fixed: new WeakMap(),
    layout,
    outs,
    named: {
      value: 'value' in outs ? placeOf(outs.value) : null,
      gradient: marked('∂'),
      others: marked(':')
    }
  }
  compiledByText.set(key, fresh)
  const [oldest] = compiledByText.keys()
  if (compiledByText.size > MAX_CACHED_PROGRAMS) compiledByText.delete(oldest)
  return fresh
}

/** Its numbers are those of its input. */
const isReshape = ({ does }: GraphNode): boolean => does.kind === 'reshape'

/** What is below the diagonal of a matrix [n, n], above it too. */
const mirrorLowerTriangle = (matrix: Float64Array, n: number): void => {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) matrix[j * n + i] = matrix[i * n + j]
}

/** A call, whose chunks are yet to be taken. */
interface CallReduction extends Chunks.Reduction<Result> {
  readonly ran: (from: number, to: number) => RunResult
  readonly result: (sums: Float64Array, outputs: RunResult['outputs']) => Result
}

/** A call whose chunks may be taken with those of others. */
interface PendingCall extends Chunks.Prefetch {
  readonly own: CallInputs
  readonly asked: { readonly rows: number; readonly from: number; readonly to: number }
  numbers: Float64Array | null
}

/** Calls of less than this, in rows × operations, are over before a computation has begun again. */
const MIN_PREFETCH_WORK = 2e5

const isPendingCall = (ahead: Chunks.Prefetch): ahead is PendingCall => 'own' in ahead

/** So many calls of one program are one job at most: their numbers are in memory at once. */
const MAX_CALLS_PER_JOB = 64
/** And those of more rows are jobs of their own: they keep all threads busy. */
const MAX_JOINED_CHUNKS = 16

const runPendingCalls = (
  machine: CompilerRuntime,
  program: CompiledGraph,
  all: ReadonlyArray<Chunks.Prefetch>
): void => {
  const waiting = all.filter(isPendingCall).filter(({ asked }) => asked.to <= MAX_JOINED_CHUNKS)
  for (const rows of new Set(waiting.map(({ asked }) => asked.rows))) {
    const alike = waiting.filter(({ asked }) => asked.rows === rows)
    for (let first = 0; first < alike.length; first += MAX_CALLS_PER_JOB) {
      const some = alike.slice(first, first + MAX_CALLS_PER_JOB)
      const ran = machine.run(
        program,
        some[0].asked,
        some.map(({ own }) => own),
        program.layout.parameterBytes
      )
      some.forEach((one, i) => {
        one.numbers = ran[i].numbers
      })
    }
  }
}

type GivenArrays = Readonly<Record<string, ArrayLike<number> | undefined>>

/** Writes what of a call is given to its place: an input by its name, or the number of rows. */
const writeInput = (
  numbers: Float64Array,
  { node, at, width }: PlacedNode,
  rows: number,
  params: GivenArrays,
  constants: GivenArrays
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

/** What is made of constants alone that stay from call to call. */
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
    if (compute === null) writeInput(numbers, step, rows, NO_CONSTANTS, constants)
    else compute(numbers)
  }
  const fresh = { rows, numbers, left }
  fixed.set(constants, fresh)
  return fresh
}

const callProgram = (
  machine: CompilerRuntime,
  program: CompiledGraph,
  { params, given, constants, fixed = NO_CONSTANTS, rows }: Call
): CallReduction => {
  const { layout, shared, summed, after, named } = program
  const stays = fixedNumbers(program, fixed, rows)
  const numbers = stays.numbers.slice()
  for (const step of stays.left)
    if (step.compute === null) writeInput(numbers, step, rows, params, constants)
    else step.compute(numbers)
  const result: CallReduction['result'] = (sums, outputs) => {
    for (const { node, at, width, there, isSymmetric } of summed) {
      for (let i = 0; i < width; i++) numbers[at + i] = sums[there + i]
      if (isSymmetric) mirrorLowerTriangle(numbers.subarray(at, at + width), node.shape[0])
    }
    for (const { compute } of after) compute?.(numbers)
    const those = (outs: ReadonlyArray<NamedOutput>): Readonly<Record<string, NdArray>> => {
      const found: Record<string, NdArray> = {}
      for (const { name, of, node, at, width } of outs)
        if (node.scope !== 'rows') found[name] = { shape: node.shape, values: numbers.slice(at, at + width) }
        else if (of in outputs) found[name] = { shape: [rows, ...node.shape], values: outputs[of] }
      return found
    }
    return {
      value: named.value === null ? NaN : numbers[named.value],
      gradient: those(named.gradient),
      others: those(named.others)
    }
  }
  const own: CallInputs = { given, numbers, shared }
  const ran: CallReduction['ran'] = (from, to) =>
    machine.run(program, { rows, from, to }, [own], layout.parameterBytes)[0]
  const all = { rows, from: 0, to: Chunks.partitionRows(rows).chunks }
  const ahead: PendingCall = {
    kind: program,
    own,
    asked: all,
    numbers: null,
    compute: others => {
      runPendingCalls(machine, program, others)
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

const execute = (machine: CompilerRuntime, program: CompiledGraph, call: Call): Result => {
  const { width, ran, result } = callProgram(machine, program, call)
  const { numbers, outputs } = ran(0, Chunks.partitionRows(call.rows).chunks)
  const sums = new Float64Array(width)
  Chunks.addChunkSums(sums, numbers)
  return result(sums, outputs)
}

/** Refuses numbers of the function that floats do not hold: they would be 0 or ∞. */
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

/**
 * A function of named inputs as a program, or why it cannot be one. The function is called twice, with an example each of
 * whatever it may look at beside its inputs; nothing of an example may be in what it computes.
 *
 * What is refused: entries of a tensor that are looked at, branches on them, sums over rows that rows depend on, ops that
 * mix rows, numbers that differ from call to call and are no inputs.
 */
export const compile = <E>(
  signature: Signature,
  write: (inputs: Inputs, example: E) => Outputs,
  examples: readonly [E, E],
  differentiates = Object.keys(signature.params).length > 0,
  precision: Precision = 'float64'
): Either<string, Program> => {
  const found = runtimeOrReason()
  if (isLeft(found)) return found
  const machine = found.right
  const shapes: Shapes = {
    ...signature,
    rows: Object.fromEntries(Object.entries(signature.rows).map(([name, { shape }]) => [name, shape]))
  }
  try {
    const { trace: traced, counts } = traceFunction(shapes, write, examples, { differentiates, precision })
    const outs = rewriteGraph(traced, counts, signature.versions)
    checkRange(outs, precision)
    const program = compileGraph(outs, signature, precision, machine.shared)
    return right({
      run: call => execute(machine, program, call),
      sum: call => callProgram(machine, program, call),
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

/** Programs that were asked for, by what they are of and the shapes of their inputs. */
export interface Library {
  /** That of its programs. */
  readonly precision: Precision
  readonly program: (
    of: object | string,
    signature: Signature,
    write: (inputs: Inputs) => Outputs,
    /** Whether its value is differentiated in the parameters, if it has any: so unless said otherwise. */
    differentiates?: boolean
  ) => Either<string, Program>
}

/** A library of its own, which compiles a program when it is first asked for, in doubles or in floats. */
export const library = (precision: Precision = 'float64'): Library => {
  const objects = new WeakMap<object, Map<string, Either<string, Program>>>()
  const texts = new Map<string, Map<string, Either<string, Program>>>()
  const shelf = (of: object | string): Map<string, Either<string, Program>> => {
    const found = typeof of === 'string' ? texts.get(of) : objects.get(of)
    if (found !== undefined) return found
    const empty = new Map<string, Either<string, Program>>()
    if (typeof of === 'string') texts.set(of, empty)
    else objects.set(of, empty)
    return empty
  }
  return {
    precision,
    program: (of, signature, write, differentiates) => {
      const programs = shelf(of)
      const key = JSON.stringify([signature, differentiates])
      const found = programs.get(key) ?? compile(signature, write, [null, null], differentiates, precision)
      programs.delete(key)
      programs.set(key, found)
      const [oldest] = programs.keys()
      if (programs.size > MAX_CACHED_SHAPES) programs.delete(oldest)
      return found
    }
  }
}

/** How programs run on so many rows, in words. */
export const how = (programs: ReadonlyArray<Program>, rows: number): string => {
  const fallback = [...new Set(programs.flatMap(program => program.fallback))]
  if (fallback.length > 0) return ` (${fallback.join(', ')} by the interpreter, in one thread)`
  return threads() > 1 && programs.some(({ work }) => rows * work >= MIN_THREADED_WORK)
    ? ` by ${threads()} threads`
    : ''
}
