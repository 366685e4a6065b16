/**
 * A tfjs backend in double precision. tfjs knows one floating dtype, 'float32', but leaves storage to the backend: here it is
 * a Float64Array, and the whole engine, gradients included, computes in doubles.
 */
import {
  allocate,
  computedDense,
  productOfSizes,
  type Dense,
  type DType,
  type KernelInputs,
  type Outcome,
  type Precision,
  type TypedValues
} from '../kernels/dense.js'
import { kernelsByName } from '../kernels/index.js'
import { type NdArray, type Tensor } from '../arrays/ndarray.js'
import * as simd from '../wasm/index.js'
import type { Origin } from './origin.js'
import { isSealed } from './noRead.js'
import {
  tfjs,
  type BackendValues,
  type DataStorage,
  type DataType,
  type KernelBackend,
  type NamedAttrMap,
  type TensorInfo
} from './tfjs.js'

/** The name under which tfjs knows the backend; a second copy of this package in the process is 'float64 2', and so on. */
const BACKEND_NAME = 'float64'

interface BackendEntry {
  values: TypedValues
  /** Where they are, if in the kernels' memory; else 0. */
  readonly at: number
  readonly length: number
  references: number
}

/** tfjs's value types leave out Float64Array, which it passes through untouched: the one place that says otherwise. */
const asBackendValues = (values: TypedValues): Float32Array => values as unknown as Float32Array

const floatView = new DataView(new ArrayBuffer(4))

/**
 * Whether a float32 is surely what was meant: a whole number up to 2²⁰, or at most 12 significant bits (0.5, 3/4096, ±∞).
 * One in about 4000 rounded constants looks like that; 0.1, 1/3 and π do not.
 */
const isShort = (x: number): boolean => {
  if (!Number.isFinite(x) || (Number.isInteger(x) && Math.abs(x) <= 1048576)) return true
  floatView.setFloat32(0, x)
  return (floatView.getUint32(0) & 0xfff) === 0
}

const supportedType = (dtype: DataType): DType => {
  if (dtype === 'string' || dtype === 'complex64')
    throw new Error(`float64 backend: a tensor of dtype ${dtype}; only real numbers, integers and booleans are held`)
  return dtype
}

/** What kernels need of the backend. */
interface BackendStore extends KernelBackend {
  /** The array itself; kernels read it and never write to it. */
  values(id: object): TypedValues
}

/**
 * Takes the place of arithmetic: kernels called while it is in force are written down instead of run. Tensors made then
 * have no entries.
 */
export interface TapeRecorder {
  /** In which the kernels will compute. */
  readonly precision: Precision
  readonly made: (id: object, values: TypedValues, shape: ReadonlyArray<number>, dtype: DType) => void
  readonly ran: (
    kernel: string,
    inputs: Readonly<Record<string, TensorInfo>>,
    attrs: object
  ) => TensorInfo | TensorInfo[]
  /** Whether a tensor was made while it was in force. */
  readonly knows: (id: object) => boolean
  /** Somebody asks for the entries of such a tensor. It throws. */
  readonly asked: (id: object) => never
}

let activeRecorder: TapeRecorder | undefined

/** Calls f while kernels are recorded. */
export const recording = <A>(by: TapeRecorder, f: () => A): A => {
  const before = activeRecorder
  activeRecorder = by
  try {
    return f()
  } finally {
    activeRecorder = before
  }
}

/** In which kernels that are called now compute. */
export const precision = (): Precision => activeRecorder?.precision ?? 'float64'

/** Whether kernels are written down instead of run. */
export const isRecording = (): boolean => activeRecorder !== undefined

let origins: WeakMap<object, Origin> | undefined

/** Calls f while it is noted of every result that is not finite which operation it comes from; `originOf` tells of a tensor. */
export const noting = <A>(f: (originOf: (x: Tensor) => Origin | null) => A): A => {
  const before = origins
  const own = new WeakMap<object, Origin>()
  origins = own
  try {
    return f(({ dataId }) => own.get(dataId) ?? null)
  } finally {
    origins = before
  }
}

const ndArrayOfDense = ({ shape, values }: Dense): NdArray => ({ shape: [...shape], values: Float64Array.from(values) })

/** Where a result comes from that is not finite: where one of the inputs does that is as bad (NaN of NaN, if any), else from here. */
const noteOrigin = (
  operation: string,
  inputs: KernelInputs,
  output: Dense,
  sources: Readonly<Record<string, TensorInfo | undefined>>
): Origin | null => {
  if (origins === undefined || output.values.every(Number.isFinite)) return null
  const ids = [Number.isNaN, (x: number) => !Number.isFinite(x)].flatMap(bad =>
    Object.entries(inputs).flatMap(([name, { values }]) =>
      values.some(bad) && output.values.some(bad) ? [sources[name]?.dataId] : []
    )
  )
  const before = ids.map(id => id && origins?.get(id)).find(origin => origin !== undefined)
  return (
    before ?? {
      operation,
      inputs: Object.fromEntries(Object.entries(inputs).map(([k, x]) => [k, ndArrayOfDense(x)])),
      output: ndArrayOfDense(output)
    }
  )
}

/** Not a subclass, so that tfjs is loaded no sooner than it is needed. */
class Float64Backend implements BackendStore {
  readonly #data: DataStorage<BackendEntry>

  constructor() {
    const { DataStorage, engine } = tfjs()
    this.#data = new DataStorage<BackendEntry>(this, engine())
  }

  /** Takes in what tfjs made of a user's numbers. A Float64Array is adopted as it is. */
  write(values: BackendValues | null, shape: number[], dtype: DataType): object {
    if (values instanceof Float32Array && dtype === 'float32') {
      const rounded = values.find(x => !isShort(x))
      if (rounded !== undefined)
        throw new Error(
          `float64 backend: ${rounded} was rounded to float32 by tfjs before it arrived; ` +
            `write scalar(x) or tensor(values, shape) of 'ornstein/float64', or pass a plain number to its functions`
        )
    }
    const id = {}
    this.move(id, values, shape, dtype, 1)
    return id
  }

  move(id: object, given: BackendValues | null, shape: number[], dtype: DataType, references: number): void {
    const type = supportedType(dtype)
    // numericType refused strings, so these are numbers, whatever array holds them
    const source = given as ArrayLike<number> | null
    const own = allocate(0, type)
    const isAdopted = source?.constructor === own.constructor
    const values = isAdopted ? (source as TypedValues) : allocate(productOfSizes(shape), type)
    if (!isAdopted && source !== null) values.set(source)
    if (activeRecorder !== undefined) {
      activeRecorder.made(id, values, shape, type)
      return
    }
    const at = values instanceof Float64Array ? simd.keepDoubles(values) : 0
    this.#data.set(id, { values, at, length: values.length, references })
  }

  /** tfjs would move what is not here, which takes it from its owner, floats for doubles, and what stands in memory that others free. */
  #entry(id: object): BackendEntry {
    if (!this.#data.has(id))
      throw new Error(
        `a tensor of another tfjs backend, or one that is disposed of: take its numbers, as by ` +
          `tensor(Float64Array.from(t.dataSync()), t.shape), before compute(() => …) and similar`
      )
    return this.#data.get(id)
  }

  values(id: object): TypedValues {
    if (activeRecorder?.knows(id) === true) return activeRecorder.asked(id)
    const entry = this.#entry(id)
    // empty after the memory grew
    if (entry.at > 0 && entry.values.length === 0) entry.values = simd.viewOf(entry.at, entry.length)
    return entry.values
  }

  readSync(id: object): BackendValues {
    if (isSealed()) throw new Error('it looks at the entries of a tensor')
    return asBackendValues(this.values(id).slice())
  }
  read(id: object): Promise<BackendValues> {
    return Promise.resolve(this.readSync(id))
  }
  refCount(id: object): number {
    return this.#data.has(id) ? this.#data.get(id).references : 0
  }
  incRef(id: object): void {
    if (activeRecorder?.knows(id) === true) return
    this.#entry(id).references++
  }
  disposeData(id: object, force = false): boolean {
    if (!this.#data.has(id)) return true
    const entry = this.#data.get(id)
    entry.references--
    if (!force && entry.references > 0) return false
    if (entry.at > 0) simd.giveBack(entry.at, entry.length)
    this.#data.delete(id)
    return true
  }
  numDataIds(): number {
    return this.#data.numDataIds()
  }
  timerAvailable(): boolean {
    return true
  }
  time(f: () => void): ReturnType<KernelBackend['time']> {
    const start = performance.now()
    f()
    return Promise.resolve({ kernelMs: performance.now() - start })
  }
  memory(): { unreliable: boolean } {
    return { unreliable: true }
  }
  floatPrecision(): 16 | 32 {
    return 32
  }
  epsilon(): number {
    return Number.EPSILON
  }
  dispose(): void {
    // nothing is held outside the garbage collector's reach
  }
  readToGPU(): never {
    throw new Error('float64 backend: there is no GPU in it')
  }
  createTensorFromGPUData(): never {
    return this.readToGPU()
  }
}

/** A pure kernel as tfjs calls it. An output that shares an input's values shares its data, counted, instead of a copy. */
const dressed =
  (name: string, kernel: (typeof kernelsByName)[string]) =>
  (call: {
    inputs: Record<string, TensorInfo | undefined>
    backend: object
    attrs?: object
  }): TensorInfo | TensorInfo[] => {
    if (activeRecorder !== undefined) {
      const present = Object.entries(call.inputs).flatMap(([key, info]) => (info === undefined ? [] : [[key, info]]))
      // entries of a record whose missing values were just left out
      return activeRecorder.ran(name, Object.fromEntries(present) as Record<string, TensorInfo>, call.attrs ?? {})
    }
    // kernels are registered for this backend alone
    const backend = call.backend as BackendStore
    // before arrays are looked at, which it may move
    simd.releaseUnkept()
    const names = Object.keys(call.inputs)
    const given: Record<string, Dense> = {}
    for (const name of names) {
      const info = call.inputs[name]
      if (info !== undefined)
        given[name] = { shape: info.shape, dtype: supportedType(info.dtype), values: backend.values(info.dataId) }
    }
    const adopt = (outcome: Outcome): TensorInfo => {
      const output = computedDense(outcome)
      const { shape, dtype, values } = output
      const own = names.find(name => given[name]?.values === values)
      const shared = own === undefined ? undefined : call.inputs[own]?.dataId
      if (shared !== undefined) backend.incRef(shared)
      const origin = shared === undefined && origins !== undefined ? noteOrigin(name, given, output, call.inputs) : null
      // tfjs copies the shape, which its types say is its own to change
      const info = { shape: shape as number[], dtype }
      const dataId = shared ?? backend.write(asBackendValues(values), info.shape, dtype)
      if (origin !== null) origins?.set(dataId, origin)
      return { dataId, ...info }
    }
    const outputs = kernel(given, call.attrs ?? {})
    return outputs instanceof Array ? outputs.map(adopt) : adopt(outputs)
  }

/** Under which name, once it is registered: copies of this package share the engine, and nothing else. */
let registered: { readonly name: string; readonly backend: BackendStore } | undefined

const register = (): { readonly name: string; readonly backend: BackendStore } => {
  const { engine, registerKernel } = tfjs()
  const tf = engine()
  let copies = 1
  const nameOf = (): string => (copies === 1 ? BACKEND_NAME : `${BACKEND_NAME} ${copies}`)
  while (nameOf() in tf.registryFactory) copies++
  const name = nameOf()
  const backend = new Float64Backend()
  // priority 0: tfjs itself never prefers it to a backend the user brought
  tf.registerBackend(name, () => backend, 0)
  for (const [kernelName, kernel] of Object.entries(kernelsByName))
    registerKernel({ kernelName, backendName: name, kernelFunc: dressed(kernelName, kernel) })
  tf.findBackend(name)
  return { name, backend }
}

/** The backend, registered with its kernels when first asked for: importing this module changes nothing. */
export const ensureBackend = (): BackendStore => (registered ??= register()).backend

/** The name under which tfjs knows the backend. */
export const backendName = (): string => (registered ??= register()).name

/** The backend in force, of this copy of the package or of another: tensors of a computation live in that of whoever began it. */
const inForce = (): BackendStore | undefined => {
  const tf = tfjs().engine()
  // tfjs's types hide that there may be none yet; whoever bears the name is of some copy
  const name = tf.backendName as string | undefined
  return name?.startsWith(BACKEND_NAME) === true ? (tf.backend as BackendStore) : undefined
}

/** Returns the backend in force. Throws if no backend of this package is, so outside `compute(() => …)`; `what` names the caller. */
const insist = (what: string): BackendStore => {
  const store = inForce()
  if (store === undefined)
    throw new Error(`${what}: tensors live inside compute(() => …), valueAndGrad(…) and their like; call it there`)
  return store
}

/** A tensor that holds `values` itself, uncopied: nothing may write to them while it lives. */
export const adopt = (values: TypedValues, shape: ReadonlyArray<number>, dtype: DType): Tensor => {
  insist('tensor')
  if (values.length !== productOfSizes(shape))
    throw new RangeError(`tensor: ${values.length} values do not fill the shape [${shape.join(', ')}]`)
  return tfjs()
    .engine()
    .makeTensor(asBackendValues(values), [...shape], dtype)
}

/** The same entries as a tensor of their own, outside every tape: a constant to whatever is differentiated. */
export const detached = (x: Tensor): Tensor => {
  insist('stopGradient').incRef(x.dataId)
  return tfjs().engine().makeTensorFromTensorInfo({ dataId: x.dataId, shape: x.shape, dtype: x.dtype })
}

/** The array behind a tensor, uncopied. */
export const tensorValues = (x: Tensor): TypedValues => {
  if (isSealed()) throw new Error('it looks at the entries of a tensor')
  return (inForce() ?? ensureBackend()).values(x.dataId)
}

/** Attributes of a kernel, by the names that tfjs gives them. */
export type Attributes = NamedAttrMap

type NamedTensors = Readonly<Record<string, Tensor>>

/** Runs a kernel of several outputs on the tape. */
export const runAll = (kernel: string, inputs: NamedTensors, attrs?: Attributes): Tensor[] => {
  insist(kernel)
  // as many as the kernel has
  return tfjs().engine().runKernel(kernel, inputs, attrs) as Tensor[]
}

/** Runs a kernel of one output on the tape. */
export const run = (kernel: string, inputs: NamedTensors, attrs?: Attributes): Tensor => {
  insist(kernel)
  // one, as the kernel has
  return tfjs().engine().runKernel(kernel, inputs, attrs) as Tensor
}
