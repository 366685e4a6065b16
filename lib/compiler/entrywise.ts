/** Code of what is done entry by entry: that of the table of operations, and of what the compiler alone has. */
import { operations } from '../kernels/index.js'
import { type Emit, type Push } from '../kernels/instructions.js'
import { type Code } from './assembler.js'
import { type Attrs } from './graph.js'
import { type Lanes } from './lanes.js'

const itself: Emit = (_, push) => {
  push(0)
}
const native = new Map<string, Emit>([
  ['Identity', itself],
  ['Stretch', itself]
])
/** Functions of lib/wasm, over all entries of a panel at once. */
const panelMaps = new Map<string, string>()
for (const [name, { lowering }] of Object.entries(operations)) {
  const code = lowering?.kind === 'entries' ? lowering.code : undefined
  if (typeof code === 'string') panelMaps.set(name, code)
  else if (code !== undefined) native.set(name, code)
}

/** Those that say whether some of the numbers are beyond them: then the interpreter's kernel does it all. */
const reaching = new Set(['Cos', 'Sin'])

export const isReaching = (kernel: string): boolean => reaching.has(kernel)
export const isNative = (kernel: string): boolean => native.has(kernel)
export const isMap = (kernel: string): boolean => panelMaps.has(kernel)
export const panelMapName = (kernel: string, { precision }: Lanes): string =>
  `${panelMaps.get(kernel) ?? ''}${precision === 'float64' ? '' : 'Single'}`
/** Their kernels and names. */
export const mapNames: ReadonlyArray<readonly [string, string]> = [...panelMaps].flatMap(([kernel, name]) => [
  [kernel, name],
  [kernel, `${name}Single`]
])

/** Pushes the result of a kernel that has instructions. */
export const emit = (kernel: string, code: Code, push: Push, attrs: Attrs): void => {
  native.get(kernel)?.(code, push, attrs)
}
