/** tfjs in Node: loaded when the first tensor is made. Loading it takes longer than all else that a short command does. */
// eslint-disable-next-line no-restricted-imports -- Node alone takes this file
import { createRequire } from 'node:module'
import type { Tfjs } from './tfjs.js'

let core: Tfjs | undefined

/** tfjs, loaded when it is first asked for. */
// `require` knows no types; it is the package of the types' name.
export const tfjs = (): Tfjs => (core ??= createRequire(import.meta.url)('@tensorflow/tfjs-core') as Tfjs)
