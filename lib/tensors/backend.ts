/** A tfjs backend in double precision: entries of tfjs's one floating dtype, 'float32', are stored as Float64Array. */
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

/** Name in tfjs; further copies of this package register 'float64 2' and so on. */
const BACKEND_NAME = 'float64'

interface BackendEntry {
  values: TypedValues
  /** Address in the kernels' memory; 0 if the values are elsewhere. */
  readonly at: number
  readonly length: number
  references: number
}

/** Cast: the types of tfjs lack Float64Array, although tfjs passes it through. */
const asBackendValues = (values: TypedValues): Float32Array => values as unknown as Float32Array

const floatView = new DataView(new ArrayBuffer(4))

/**
 * True if a float32 is probably exact: not finite, an integer up to 2²⁰, or of at most 12 significant bits (0.5, 3/4096), as one in about
 * 4000 rounded constants is by chance.
 */
const isExactConstant = (x: number): boolean => {
  if (!Number.isFinite(x) || (Number.isInteger(x) && Math.abs(x) <= 1048576)) return true
  floatView.setFloat32(0, x)
  return (floatView.getUint32(0) & 0xfff) === 0
}

const requireSupportedType = (dtype: DataType): DType => {
  if (dtype === 'string' || dtype === 'complex64')
    throw new Error(`float64 backend: a tensor of dtype ${dtype}; only real numbers, integers and booleans are held`)
  return dtype
}

interface BackendStore extends KernelBackend {
  /** The stored array; kernels must not write to it. */
  values(id: object): TypedValues
}

/** Replaces arithmetic: while it is active, kernels are recorded instead of run, and new tensors have no entries. */
export interface TapeRecorder {
  readonly precision: Precision
  readonly addTensor: (id: object, values: TypedValues, shape: ReadonlyArray<number>, dtype: DType) => void
  readonly addKernel: (
    kernel: string,
    inputs: Readonly<Record<string, TensorInfo>>,
    attrs: object
  ) => TensorInfo | TensorInfo[]
  /** True for the identity of a tensor that was created while recording. */
  readonly isRecorded: (id: object) => boolean
  /** Throws; called if the entries of such a tensor are read. */
  readonly rejectRead: (id: object) => never
}

let activeRecorder: TapeRecorder | undefined

/** Calls f while a recorder is active. */
export const recording = <A>(recorder: TapeRecorder, f: () => A): A => {
  const before = activeRecorder
  activeRecorder = recorder
  try {
    return f()
  } finally {
    activeRecorder = before
  }
}

/** Precision in which kernels compute now. */
export const precision = (): Precision => activeRecorder?.precision ?? 'float64'

/** True while kernels are recorded instead of run. */
export const isRecording = (): boolean => activeRecorder !== undefined

let origins: WeakMap<object, Origin> | undefined

/** Calls f while origins of results that are not finite are tracked; `originOf` returns that of a tensor, or null. */
export const trackingOrigins = <A>(f: (originOf: (x: Tensor) => Origin | null) => A): A => {
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

/**
 * Origin of a result that is not finite: that of an input that is not finite either (for NaN, preferably of a NaN), otherwise this
 * operation. Null if the result is finite or origins are not tracked.
 */
const findOrigin = (
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

/** Not a subclass of tfjs's class, so that tfjs is loaded only when it is needed. */
class Float64Backend implements BackendStore {
  readonly #data: DataStorage<BackendEntry>

  constructor() {
    const { DataStorage, engine } = tfjs()
    this.#data = new DataStorage<BackendEntry>(this, engine())
  }

  /** Stores values, a Float64Array without a copy; throws if tfjs has rounded a user's numbers to float32. */
  write(values: BackendValues | null, shape: number[], dtype: DataType): object {
    if (values instanceof Float32Array && dtype === 'float32') {
      const rounded = values.find(x => !isExactConstant(x))
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
    const type = requireSupportedType(dtype)
    // Not texts, whose dtype was rejected.
    const source = given as ArrayLike<number> | null
    const own = allocate(0, type)
    const isAdopted = source?.constructor === own.constructor
    const values = isAdopted ? (source as TypedValues) : allocate(productOfSizes(shape), type)
    if (!isAdopted && source !== null) values.set(source)
    if (activeRecorder !== undefined) {
      activeRecorder.addTensor(id, values, shape, type)
      return
    }
    const at = values instanceof Float64Array ? simd.keepDoubles(values) : 0
    this.#data.set(id, { values, at, length: values.length, references })
  }

  /** Entry of a tensor; throws for one of another backend: tfjs would move it here, rounded, away from its owner, or from freed memory. */
  #entry(id: object): BackendEntry {
    if (!this.#data.has(id))
      throw new Error(
        `a tensor of another tfjs backend, or one that is disposed of: take its numbers, as by ` +
          `tensor(Float64Array.from(t.dataSync()), t.shape), before compute(() => …) and similar`
      )
    return this.#data.get(id)
  }

  values(id: object): TypedValues {
    if (activeRecorder?.isRecorded(id) === true) return activeRecorder.rejectRead(id)
    const entry = this.#entry(id)
    // Views have length 0 after the memory grew.
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
    if (activeRecorder?.isRecorded(id) === true) return
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
    // Nothing that the garbage collector cannot free.
  }
  readToGPU(): never {
    throw new Error('float64 backend: there is no GPU in it')
  }
  createTensorFromGPUData(): never {
    return this.readToGPU()
  }
}

/** Adapts a pure kernel to tfjs. An output that shares the values of an input shares its reference-counted data. */
const asTfjsKernel =
  (name: string, kernel: (typeof kernelsByName)[string]) =>
  (call: {
    inputs: Record<string, TensorInfo | undefined>
    backend: object
    attrs?: object
  }): TensorInfo | TensorInfo[] => {
    if (activeRecorder !== undefined) {
      const present = Object.entries(call.inputs).flatMap(([key, info]) => (info === undefined ? [] : [[key, info]]))
      // Undefined values were left out.
      return activeRecorder.addKernel(name, Object.fromEntries(present) as Record<string, TensorInfo>, call.attrs ?? {})
    }
    // A BackendStore, since kernels are registered for this backend only.
    const backend = call.backend as BackendStore
    // Before arrays are read, since it may move them.
    simd.releaseUnkept()
    const names = Object.keys(call.inputs)
    const given: Record<string, Dense> = {}
    for (const name of names) {
      const info = call.inputs[name]
      if (info !== undefined)
        given[name] = {
          shape: info.shape,
          dtype: requireSupportedType(info.dtype),
          values: backend.values(info.dataId)
        }
    }
    const adopt = (outcome: Outcome): TensorInfo => {
      const output = computedDense(outcome)
      const { shape, dtype, values } = output
      const own = names.find(name => given[name]?.values === values)
      const shared = own === undefined ? undefined : call.inputs[own]?.dataId
      if (shared !== undefined) backend.incRef(shared)
      const origin = shared === undefined && origins !== undefined ? findOrigin(name, given, output, call.inputs) : null
      // tfjs copies the shape, although its type is mutable.
      const info = { shape: shape as number[], dtype }
      const dataId = shared ?? backend.write(asBackendValues(values), info.shape, dtype)
      if (origin !== null) origins?.set(dataId, origin)
      return { dataId, ...info }
    }
    const outputs = kernel(given, call.attrs ?? {})
    return outputs instanceof Array ? outputs.map(adopt) : adopt(outputs)
  }

let registered: { readonly name: string; readonly backend: BackendStore } | undefined

const register = (): { readonly name: string; readonly backend: BackendStore } => {
  const { engine, registerKernel } = tfjs()
  const tf = engine()
  let copies = 1
  const nameOf = (): string => (copies === 1 ? BACKEND_NAME : `${BACKEND_NAME} ${copies}`)
  while (nameOf() in tf.registryFactory) copies++
  const name = nameOf()
  const backend = new Float64Backend()
  // With priority 0 tfjs never prefers it to a backend of the user.
  tf.registerBackend(name, () => backend, 0)
  for (const [kernelName, kernel] of Object.entries(kernelsByName))
    registerKernel({ kernelName, backendName: name, kernelFunc: asTfjsKernel(kernelName, kernel) })
  tf.findBackend(name)
  return { name, backend }
}

/** The backend, registered on first use, so that importing this module does not affect tfjs. */
export const ensureBackend = (): BackendStore => (registered ??= register()).backend

/** Name in tfjs of the backend, which is registered on first use. */
export const backendName = (): string => (registered ??= register()).name

/** The active backend if it is of this or another copy of the package; a computation's tensors live in one. */
const activeBackend = (): BackendStore | undefined => {
  const tf = tfjs().engine()
  // Undefined if there is none, in spite of the types; a backend with this name is of some copy.
  const name = tf.backendName as string | undefined
  return name?.startsWith(BACKEND_NAME) === true ? (tf.backend as BackendStore) : undefined
}

/** Returns the active backend; throws an error that names `caller` outside `compute(() => …)`. */
const requireBackend = (caller: string): BackendStore => {
  const store = activeBackend()
  if (store === undefined)
    throw new Error(`${caller}: tensors live inside compute(() => …), valueAndGrad(…) and their like; call it there`)
  return store
}

/** Tensor that holds `values` without a copy: nothing may write to them while it lives. */
export const adopt = (values: TypedValues, shape: ReadonlyArray<number>, dtype: DType): Tensor => {
  requireBackend('tensor')
  if (values.length !== productOfSizes(shape))
    throw new RangeError(`tensor: ${values.length} values do not fill the shape [${shape.join(', ')}]`)
  return tfjs()
    .engine()
    .makeTensor(asBackendValues(values), [...shape], dtype)
}

/** Tensor with equal entries outside every tape: a constant for differentiation. */
export const detached = (x: Tensor): Tensor => {
  requireBackend('stopGradient').incRef(x.dataId)
  return tfjs().engine().makeTensorFromTensorInfo({ dataId: x.dataId, shape: x.shape, dtype: x.dtype })
}

/** The entries of a tensor, not copied; throws while reading is forbidden. */
export const tensorValues = (x: Tensor): TypedValues => {
  if (isSealed()) throw new Error('it looks at the entries of a tensor')
  return (activeBackend() ?? ensureBackend()).values(x.dataId)
}

export type Attributes = NamedAttrMap

type NamedTensors = Readonly<Record<string, Tensor>>

/** Runs a kernel of several outputs, recorded on the tape; throws outside `compute(() => …)`. */
export const runAll = (kernel: string, inputs: NamedTensors, attrs?: Attributes): Tensor[] => {
  requireBackend(kernel)
  return tfjs().engine().runKernel(kernel, inputs, attrs) as Tensor[]
}

/** Runs a kernel of one output, recorded on the tape; throws outside `compute(() => …)`. */
export const run = (kernel: string, inputs: NamedTensors, attrs?: Attributes): Tensor => {
  requireBackend(kernel)
  return tfjs().engine().runKernel(kernel, inputs, attrs) as Tensor
}
