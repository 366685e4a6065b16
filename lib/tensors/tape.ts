/**
 * Scopes of the tfjs engine, with this package's backend and gradients; afterwards those of the process are restored and all tensors freed.
 */
import { backendName, ensureBackend } from './backend.js'
import { gradientRules } from './gradients.js'
import { type Tensor } from '../arrays/ndarray.js'
import { tfjs, type GradConfig, type KernelBackend } from './tfjs.js'

/** Private fields of the engine with the choice of backend; `setBackend` cannot restore "none". */
interface BackendChoice {
  backendName: string
  backendInstance: KernelBackend
  profiler: unknown
  pendingBackendInit: unknown
}

const OUR_GRADIENTS: ReadonlyArray<GradConfig> = Object.entries(gradientRules).map(([kernelName, rule]) => ({
  kernelName,
  ...rule
}))

/**
 * Activates this package's gradients and returns the function that restores those of the process. Repeated at every entry, since loading
 * all of tfjs replaces them by its own, whose second derivatives are wrong.
 */
const lendGradients = (): (() => void) => {
  const tf = tfjs()
  const register = (rule: GradConfig): void => {
    tf.registerGradient(rule)
  }
  const theirs: GradConfig[] = []
  const none: string[] = []
  for (const rule of OUR_GRADIENTS) {
    const before = tf.getGradient(rule.kernelName)
    if (before === rule) continue
    if (before === undefined) none.push(rule.kernelName)
    else theirs.push(before)
    register(rule)
  }
  return () => {
    theirs.forEach(register)
    none.forEach(tf.unregisterGradient)
  }
}

let tapeDepth = 0
let chosenBackend: BackendChoice | undefined

/** Activates the backend and returns the function that restores the process's choice. */
const lendBackend = (): (() => void) => {
  const tf = tfjs().engine()
  const choice = tf as unknown as BackendChoice
  const { backendName: name, backendInstance, profiler, pendingBackendInit } = choice
  const ready = ensureBackend()
  choice.pendingBackendInit = undefined
  if (chosenBackend?.backendInstance === ready) Object.assign(choice, chosenBackend)
  else {
    // The factory is synchronous, so the backend is active when this returns.
    void tf.setBackend(backendName())
    chosenBackend = {
      backendName: backendName(),
      backendInstance: ready,
      profiler: choice.profiler,
      pendingBackendInit: undefined
    }
  }
  return () => {
    Object.assign(choice, { backendName: name, backendInstance, profiler, pendingBackendInit })
  }
}

/** Runs f in double precision, frees all tensors it made, and restores the backend and gradients of the process. */
export const scope = <R>(f: () => R): R => {
  const tf = tfjs().engine()
  const tidied = (): R => {
    tf.startScope()
    try {
      return f()
    } finally {
      tf.endScope()
    }
  }
  if (tapeDepth > 0 && tf.backendName === backendName()) return tidied()
  const giveBackBackend = lendBackend()
  const giveBackGradients = lendGradients()
  tapeDepth++
  try {
    return tidied()
  } finally {
    tapeDepth--
    giveBackGradients()
    giveBackBackend()
  }
}

/** Value of f and cotangents of xs, undefined if f does not depend on an x; frees the tape on an error. */
export const pullback = (
  f: () => Tensor,
  xs: Tensor[],
  dy?: Tensor
): { value: Tensor; grads: (Tensor | undefined)[] } => {
  const tf = tfjs().engine()
  try {
    return tf.gradients(f, xs, dy, true)
  } catch (error) {
    const { state } = tf
    const tape = state.activeTape
    if (state.gradientDepth === 0 && tape !== null) {
      for (const { saved } of tape)
        saved?.forEach(t => {
          t.dispose()
        })
      Object.assign(state, { activeTape: null })
    }
    throw error
  }
}
