/**
 * The part of tfjs that is used: its engine, which keeps the tape, and its registries of kernels and gradients. The built package
 * bundles it as `vendor/tfjs.js` (see `imports` in package.json), so users install neither tfjs nor its types. The interfaces below
 * declare only what is used; assigning `core` to `Tfjs` makes the compiler compare them with the types of tfjs.
 */
import * as core from '@tensorflow/tfjs-core'
import { type Tensor } from '../arrays/ndarray.js'

/** Element type of a tensor, by the names of tfjs. */
export type DataType = Tensor['dtype']

/** A tensor as kernels see it. */
export interface TensorInfo {
  dataId: object
  shape: number[]
  dtype: DataType
}

/**
 * Arrays that the types of tfjs let a backend hold; the last are strings. Float64Array is not among them, but passes through the
 * engine unchanged.
 */
export type BackendValues = Float32Array | Int32Array | Uint8Array | Uint8Array[]

/** Attributes of a kernel, by name. */
export interface NamedAttrMap {
  [name: string]: Attribute
}
type Attribute = number | boolean | string | NamedAttrMap | AttributeList
interface AttributeList {
  [index: number]: Attribute
}

/** Derivative of a kernel: `gradFunc` maps the output's cotangent to a thunk per input that returns the input's cotangent. */
export interface GradConfig {
  kernelName: string
  inputsToSave?: string[]
  saveAllInputs?: boolean
  // a method, because tensors of tfjs have more than ours: the compiler then compares parameters either way
  gradFunc(dy: Tensor | Tensor[], saved: Tensor[], attrs: NamedAttrMap): Record<string, () => Tensor>
}

/** Implementation of a kernel for one backend. */
export interface KernelConfig {
  kernelName: string
  backendName: string
  kernelFunc: (call: {
    inputs: Record<string, TensorInfo | undefined>
    backend: object
    attrs?: NamedAttrMap
  }) => TensorInfo | TensorInfo[]
}

/** Storage of tensors' entries, as the engine calls it. */
export interface KernelBackend {
  refCount(dataId: object): number
  incRef(dataId: object): void
  timerAvailable(): boolean
  time(f: () => void): Promise<{ kernelMs: number | { error: string } }>
  read(dataId: object): Promise<BackendValues>
  readSync(dataId: object): BackendValues
  readToGPU(dataId: object): never
  numDataIds(): number
  disposeData(dataId: object, force?: boolean): boolean
  write(values: BackendValues | null, shape: number[], dtype: DataType): object
  move(dataId: object, values: BackendValues | null, shape: number[], dtype: DataType, references: number): void
  createTensorFromGPUData(): never
  memory(): { unreliable: boolean }
  floatPrecision(): 16 | 32
  epsilon(): number
  dispose(): void
}

/** Map from tensors' identities to a backend's entries. */
export interface DataStorage<T> {
  get(dataId: object): T
  set(dataId: object, value: T): void
  has(dataId: object): boolean
  delete(dataId: object): boolean
  numDataIds(): number
}

/** The engine: runs kernels of the backend in force, records them on the tape, and frees the tensors of a scope. */
export interface Engine {
  readonly state: {
    /** null between differentiations, which the types of tfjs do not say. */
    readonly activeTape: ReadonlyArray<{ readonly saved?: ReadonlyArray<{ dispose(): void }> }> | null
    readonly gradientDepth: number
  }
  readonly backendName: string
  readonly backend: object
  readonly registryFactory: Readonly<Record<string, object>>
  registerBackend(name: string, factory: () => KernelBackend, priority: number): boolean
  findBackend(name: string): object
  setBackend(name: string): Promise<boolean>
  moveData(backend: KernelBackend, dataId: object): void
  startScope(): void
  endScope(): void
  gradients(
    f: () => Tensor,
    xs: Tensor[],
    dy: Tensor | undefined,
    allowsNoGradients: true
  ): { value: Tensor; grads: (Tensor | undefined)[] }
  makeTensor(values: Float32Array, shape: number[], dtype: DataType): Tensor
  makeTensorFromTensorInfo(info: TensorInfo): Tensor
  runKernel(kernel: string, inputs: Record<string, Tensor>, attrs?: NamedAttrMap): Tensor | Tensor[]
}

/** The part of tfjs that is used. */
export interface Tfjs {
  readonly DataStorage: new <T>(backend: KernelBackend, engine: Engine) => DataStorage<T>
  readonly Tensor: abstract new (...args: never) => Tensor
  readonly engine: () => Engine
  /** undefined if the kernel has no gradient, which the types of tfjs do not say. */
  readonly getGradient: (kernel: string) => GradConfig | undefined
  registerGradient(config: GradConfig): void
  readonly unregisterGradient: (kernel: string) => void
  readonly registerKernel: (config: KernelConfig) => void
}

/** Returns tfjs. */
export const tfjs = (): Tfjs => core
