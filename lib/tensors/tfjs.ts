/**
 * The part of tfjs that is used: its engine, which keeps the tape, and its registries of kernels and gradients. The built package bundles
 * it as `vendor/tfjs.js`. Assigning `core` to `Tfjs` makes the compiler compare the interfaces below with the types of tfjs.
 */
import * as core from '@tensorflow/tfjs-core'
import { type Tensor } from '../arrays/ndarray.js'

export type DataType = Tensor['dtype']

export interface TensorInfo {
  dataId: object
  shape: number[]
  dtype: DataType
}

/** Arrays of a backend by the types of tfjs, the last for texts; Float64Array is missing, but passes through. */
export type BackendValues = Float32Array | Int32Array | Uint8Array | Uint8Array[]

export interface NamedAttrMap {
  [name: string]: Attribute
}
type Attribute = number | boolean | string | NamedAttrMap | AttributeList
interface AttributeList {
  [index: number]: Attribute
}

/** Derivative of a kernel: `gradFunc` returns, for each input, a function that computes its cotangent from the output's, `dy`. */
export interface GradConfig {
  kernelName: string
  inputsToSave?: string[]
  saveAllInputs?: boolean
  // A method: the compiler then compares parameters in either direction, since tensors of tfjs have more members.
  gradFunc(dy: Tensor | Tensor[], saved: Tensor[], attrs: NamedAttrMap): Record<string, () => Tensor>
}

export interface KernelConfig {
  kernelName: string
  backendName: string
  kernelFunc: (call: {
    inputs: Record<string, TensorInfo | undefined>
    backend: object
    attrs?: NamedAttrMap
  }) => TensorInfo | TensorInfo[]
}

/** Storage of tensors' entries, called by the engine. */
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

/** The engine: runs kernels, records them on the tape, and frees the tensors of a scope. */
export interface Engine {
  readonly state: {
    /** Null between differentiations, in spite of the types of tfjs. */
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

export interface Tfjs {
  readonly DataStorage: new <T>(backend: KernelBackend, engine: Engine) => DataStorage<T>
  readonly Tensor: abstract new (...args: never) => Tensor
  readonly engine: () => Engine
  /** Undefined if the kernel has no gradient, in spite of the types of tfjs. */
  readonly getGradient: (kernel: string) => GradConfig | undefined
  registerGradient(config: GradConfig): void
  readonly unregisterGradient: (kernel: string) => void
  readonly registerKernel: (config: KernelConfig) => void
}

/** Returns tfjs. */
export const tfjs = (): Tfjs => core
