/**
 * tfjs in Node: its engine, loaded when the first tensor is made. All of tfjs takes ten times as long to load, and is loaded where a
 * program uses it itself: whichever comes first makes the engine, which both share.
 */
// oxlint-disable-next-line no-restricted-imports -- Node alone takes this file
import { createRequire } from 'node:module'
import type * as All from '@tensorflow/tfjs-core'
import type { setOpHandler } from '@tensorflow/tfjs-core/dist/tensor.js'
import type { Tfjs } from './tfjs.js'

const require = createRequire(import.meta.url)

/** All of tfjs. */
// `require` knows no types; it is the package of the types' name.
const all = (): typeof All => require('@tensorflow/tfjs-core') as typeof All

/** The engine, as it is bundled. */
interface Engine extends Omit<Tfjs, 'engine'> {
  readonly ENGINE: ReturnType<Tfjs['engine']>
  readonly setOpHandler: typeof setOpHandler
}

/** The engine alone. What its tensors do by operations, `t.clone()`, say, is of all of tfjs. */
const alone = (): Tfjs => {
  // what vendor.mjs has written
  const { ENGINE, setOpHandler, ...parts } = require('../../vendor/tfjs.cjs') as Engine
  setOpHandler({
    buffer: (shape, dtype, values) => all().buffer(shape, dtype, values),
    cast: (x, dtype) => all().cast(x, dtype),
    clone: x => all().clone(x),
    print: (x, verbose) => {
      all().print(x, verbose)
    }
  })
  return { ...parts, engine: () => ENGINE }
}

let core: Tfjs | undefined

/** tfjs, loaded when it is first asked for. */
// oxlint-disable-next-line no-restricted-globals -- where tfjs keeps the engine that all its copies share
export const tfjs = (): Tfjs => (core ??= '_tfengine' in globalThis ? all() : alone())
