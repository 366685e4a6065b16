/** Conventions shared by the functions of a program: words of a job, parameters of an item's function, and addresses. */
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
  /** Address of the first chunk's sums, and bytes to those of the next. */
  Results: 3,
  ResultBytes: 4,
  /** Number of the data's panels before this job. */
  FirstPanel: 5,
  /** Index of the panel with lanes that hold no rows, or −1; addresses of its mask and of the full mask. */
  PartialPanel: 6,
  PartialMask: 7,
  FullMask: 8,
  /** Two words for each input of rows, given ones first: its address, or a key; then the address of each output of rows. */
  First: 9
} as const

export const JOB = 0
export const SCRATCH = 1
export const INDEX = 2
export const PANEL = 3
export const MASK_WORD = 4
export const RESULTS = 5
export const itemFunction = (lanes: Lanes): Code => new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')

export interface CodeEnvironment {
  readonly layout: MemoryLayout
  /** Indices of the words of an input and of an output of rows. */
  readonly wordOf: (input: string) => number
  readonly outputWord: (output: number) => number
  /** Index of a node among the interpreted kernels; indices of functions that others call. */
  readonly kernelOf: (node: GraphNode) => number
  readonly block: (m: number, n: number) => number
  readonly transposed: (columns: number) => number
  /** Receives each read and write of a loop; undefined if the program is not verified. */
  readonly see: ((access: ColumnAccess) => void) | undefined
}

/** Pushes the address of the current panel of a location's buffer, without `offsetOf`. */
export const pushPanel = (code: Code, { buffer }: Location, { wordOf }: CodeEnvironment): Code => {
  const bytes = buffer.width * code.lanes.line
  switch (buffer.kind) {
    case 'given':
      return pushWord(code, wordOf(buffer.input)).plusEach(PANEL, bytes)
    case 'panel':
      return code.get(SCRATCH)
    case 'tile':
      return code.get(SCRATCH).plusEach(INDEX, bytes)
  }
}
/** Bytes from a panel's address to a location. */
export const offsetOf = ({ buffer, entry }: Location, { line }: Lanes): number =>
  (buffer.kind === 'given' ? 0 : buffer.at) + entry * line
/** Pushes the address of a location in the current panel. */
export const pushLocation = (code: Code, location: Location, environment: CodeEnvironment): Code =>
  pushPanel(code, location, environment).plus(offsetOf(location, code.lanes))
/** Pushes a word of the job. */
export const pushWord = (code: Code, word: number): Code => code.get(JOB).word(4 * word)
export const pushParameters = (code: Code): Code => pushWord(code, JOB_WORDS.Parameters)
/** Bytes from the start of a value to vector v of an entry. */
export const vectorAt = ({ line }: Lanes, entry: number, v: number): number => entry * line + v * 16
