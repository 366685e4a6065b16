/** The layout of every program that a test compiles, verified: tests have this module in the place of placement.ts (vitest.config.ts). */
import { layout as of } from '../../../lib/compiler/placement.js'
import { unwritten } from './verifier.js'

export * from '../../../lib/compiler/placement.js'

export const layout: typeof of = (...programs) => {
  const made = of(...programs)
  const wrong = unwritten(made)
  if (wrong.length > 0) throw new Error(`a layout that reads what is not there:\n${wrong.join('\n')}`)
  return made
}
