/** The engine of tfjs, lent for a computation: our backend and gradients in force, every tensor freed, all put back after. */
import { backendName, ensureBackend } from './backend.js'
import { gradientRules } from './gradients.js'
import { type Tensor } from '../arrays/ndarray.js'
import { tfjs, type GradConfig, type KernelBackend } from './tfjs.js'

/** What the engine keeps of the choice of backend: its types make these private, its `setBackend` has no way back to "none". */
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
 * Puts our derivatives in force, and returns how to put back those of the process. Checked at every entry: a program that
 * loads all of tfjs later replaces them with its own, whose second derivatives are wrong.
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

/** Puts the backend in force, and returns how to put back the choice of the process. */
const lendBackend = (): (() => void) => {
  const tf = tfjs().engine()
  // see Choice
  const choice = tf as unknown as BackendChoice
  const { backendName: name, backendInstance, profiler, pendingBackendInit } = choice
  const ready = ensureBackend()
  choice.pendingBackendInit = undefined
  if (chosenBackend?.backendInstance === ready) Object.assign(choice, chosenBackend)
  else {
    // the factory is synchronous, so the backend is in force when this returns, and its promise has nothing to tell
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

/** Runs f in double precision, frees every tensor it made, and leaves backend and gradients of the process as they were. */
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

/** The value of f and the cotangents of xs, undefined where f does not depend on x; on an error the tape is freed. */
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
