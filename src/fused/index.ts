/** The closed forms, in SIMD where the engine has it; the plain passes are the same to rounding. */
import * as plain from './pass.js'
import { passes, type Passes } from './simd.js'

/** Undefined before first use; null where the engine has no SIMD or may not compile here. */
let found: Passes | null | undefined

const simd = (): Passes | null => {
  if (found !== undefined) return found
  try {
    found = passes()
  } catch {
    // No WebAssembly, no SIMD, a content policy against it, or an old browser's limit on compiling at once.
    found = null
  }
  return found
}

/** Whether the passes run in SIMD here. */
export const accelerated = (): boolean => simd() !== null

export const scorePass: Passes['scorePass'] = (...args) => (simd() ?? plain).scorePass(...args)
export const pairPass: Passes['pairPass'] = (...args) => (simd() ?? plain).pairPass(...args)
export const expectationPass: Passes['expectationPass'] = (...args) => (simd() ?? plain).expectationPass(...args)
