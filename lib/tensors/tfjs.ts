/**
 * The door to tfjs. The built package takes `tfjs.node.ts` in its place in Node, and `tfjs.module.ts` where a bundler asks
 * for modules: see `imports` in package.json.
 */
import * as core from '@tensorflow/tfjs-core'

/** What of tfjs is used. */
export type Tfjs = Pick<
  typeof core,
  'DataStorage' | 'engine' | 'getGradient' | 'registerGradient' | 'registerKernel' | 'Tensor' | 'unregisterGradient'
>

/** tfjs, as far as it is used. */
export const tfjs = (): Tfjs => core
