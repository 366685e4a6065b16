/** Code of entrywise kernels: instructions, or functions of lib/wasm. */
import { operations } from '../kernels/index.js'
import { type Emit, type Push } from '../kernels/instructions.js'
import { type Code } from './assembler.js'
import { type Attrs } from './graph.js'
import { type Lanes } from './lanes.js'

const emitOperand: Emit = (_, push) => {
  push(0)
}
const nativeKernels = new Map<string, Emit>([
  ['Identity', emitOperand],
  ['Stretch', emitOperand]
])
/** Names of panel functions in lib/wasm, by kernel. */
const panelMaps = new Map<string, string>()
for (const [name, { lowering }] of Object.entries(operations)) {
  const code = lowering?.kind === 'entries' ? lowering.code : undefined
  if (typeof code === 'string') panelMaps.set(name, code)
  else if (code !== undefined) nativeKernels.set(name, code)
}

/** Kernels whose functions return 1 outside their domain; the interpreter then computes all entries. */
const LIMITED_DOMAIN_KERNELS = new Set(['Cos', 'Sin'])

/** True if the kernel's function has a limited domain. */
export const hasLimitedDomain = (kernel: string): boolean => LIMITED_DOMAIN_KERNELS.has(kernel)
/** True if the kernel is compiled to instructions. */
export const isNative = (kernel: string): boolean => nativeKernels.has(kernel)
/** True if the kernel is a function of lib/wasm. */
export const isPanelMap = (kernel: string): boolean => panelMaps.has(kernel)
/** Name of the kernel's function in lib/wasm. */
export const panelMapName = (kernel: string, { precision }: Lanes): string =>
  `${panelMaps.get(kernel) ?? ''}${precision === 'float64' ? '' : 'Single'}`
/** Pairs [kernel, function name] in both precisions. */
export const panelMapNames: ReadonlyArray<readonly [string, string]> = [...panelMaps].flatMap(([kernel, name]) => [
  [kernel, name],
  [kernel, `${name}Single`]
])

/** Pushes the result of a native kernel. */
export const emit = (kernel: string, code: Code, push: Push, attrs: Attrs): void => {
  nativeKernels.get(kernel)?.(code, push, attrs)
}
