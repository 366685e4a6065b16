/**
 * tfjs for bundlers: the engine alone. All of tfjs would bring operations, of which none is used, and a platform for Node
 * that calls `require`, which a bundle of modules lacks.
 */
import { DataStorage } from '@tensorflow/tfjs-core/dist/backends/backend.js'
import { ENGINE } from '@tensorflow/tfjs-core/dist/engine.js'
// The engine reads its flags.
import '@tensorflow/tfjs-core/dist/flags.js'
import {
  getGradient,
  registerGradient,
  registerKernel,
  unregisterGradient
} from '@tensorflow/tfjs-core/dist/kernel_registry.js'
import { Tensor } from '@tensorflow/tfjs-core/dist/tensor.js'
import type { Tfjs } from './tfjs.js'

/** tfjs, as far as it is used. */
export const tfjs = (): Tfjs => ({
  DataStorage,
  engine: () => ENGINE,
  getGradient,
  registerGradient,
  registerKernel,
  Tensor,
  unregisterGradient
})
