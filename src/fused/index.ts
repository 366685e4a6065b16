/** The closed forms, in SIMD where the engine has it; the plain passes are the same to rounding. */
import * as plain from './pass.js'
import { threads } from '../../lib/simd/crew.js'
import { passes, worthThreads, type Passes } from './simd.js'

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

/** How a pass over data of this size runs here, in words. */
export const how = (data: Pick<plain.Rows, 'rows' | 'dim'>, components: number): string => {
  if (!accelerated()) return 'without SIMD, which this engine lacks'
  return threads() > 1 && worthThreads(data, components) ? `in SIMD by ${threads()} threads` : 'in SIMD'
}

export const scorePass: Passes['scorePass'] = (...args) => (simd() ?? plain).scorePass(...args)
export const pairPass: Passes['pairPass'] = (...args) => (simd() ?? plain).pairPass(...args)
export const expectationPass: Passes['expectationPass'] = (...args) => (simd() ?? plain).expectationPass(...args)
