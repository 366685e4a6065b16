/** Conventions of a program's functions: words of a job, parameters of an item's function, and addresses. */
import { Code } from './assembler.js'
import { type GraphNode } from './graph.js'
import { type Lanes } from './lanes.js'
import { type MemoryLayout, type Location } from './placement.js'
import { type ColumnAccess } from './verify.js'

export const JOB_WORDS = {
  Panels: 0,
  /** Number of panels in a chunk. */
  ChunkPanels: 1,
  Parameters: 2,
  /** Address of the first chunk's sums. */
  Results: 3,
  /** Bytes from a chunk's sums to those of the next. */
  ResultBytes: 4,
  /** Number of the data's panels before this job. */
  FirstPanel: 5,
  /** Index of the panel with lanes that hold no rows, or −1. */
  PartialPanel: 6,
  /** Address of the mask of that panel's rows. */
  PartialMask: 7,
  /** Address of the mask of a full panel. */
  FullMask: 8,
  /** Two words for each input of rows, given ones first: its address, or a key; then the address of each output. */
  First: 9
} as const

export const JOB_LOCAL = 0
export const SCRATCH_LOCAL = 1
export const TILE_PANEL_LOCAL = 2
export const PANEL_LOCAL = 3
export const MASK_LOCAL = 4
export const RESULTS_LOCAL = 5
export const itemFunction = (lanes: Lanes): Code => new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')

export interface CodeEnvironment {
  readonly layout: MemoryLayout
  /** Index of the first word of an input of rows. */
  readonly wordOf: (input: string) => number
  /** Index of the word of an output of rows. */
  readonly outputWord: (output: number) => number
  /** Index of a node among the interpreted kernels. */
  readonly kernelOf: (node: GraphNode) => number
  /** Index of the function of a product of m with n columns. */
  readonly productBlock: (m: number, n: number) => number
  /** Index of the function that packs a panel of draws. */
  readonly panelTranspose: (columns: number) => number
  /** Receives each access of a loop; undefined if the program is not verified. */
  readonly onAccess: ((access: ColumnAccess) => void) | undefined
}

/** Pushes the address of a location's buffer in the current panel, without `offsetOf`. */
export const pushPanel = (code: Code, { buffer }: Location, { wordOf }: CodeEnvironment): Code => {
  const bytes = buffer.width * code.lanes.line
  switch (buffer.kind) {
    case 'given':
      return pushWord(code, wordOf(buffer.input)).plusEach(PANEL_LOCAL, bytes)
    case 'panel':
      return code.get(SCRATCH_LOCAL)
    case 'tile':
      return code.get(SCRATCH_LOCAL).plusEach(TILE_PANEL_LOCAL, bytes)
  }
}
/** Bytes from a panel's address to a location. */
export const offsetOf = ({ buffer, entry }: Location, { line }: Lanes): number =>
  (buffer.kind === 'given' ? 0 : buffer.at) + entry * line
/** Pushes the address of a location in the current panel. */
export const pushLocation = (code: Code, location: Location, environment: CodeEnvironment): Code =>
  pushPanel(code, location, environment).plus(offsetOf(location, code.lanes))
export const pushWord = (code: Code, word: number): Code => code.get(JOB_LOCAL).word(4 * word)
export const pushParameters = (code: Code): Code => pushWord(code, JOB_WORDS.Parameters)
/** Bytes from the start of a value to vector v of an entry. */
export const vectorAt = ({ line }: Lanes, entry: number, v: number): number => entry * line + v * 16
