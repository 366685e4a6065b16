/** What the functions of a program share: the words of a job, the parameters of an item, and how they find a place in memory. */
import { Code } from './assembler.js'
import { type GraphNode } from './graph.js'
import { type Lanes } from './lanes.js'
import { type MemoryLayout, type Location } from './placement.js'
import { type ColumnAccess } from './verify.js'

/** The words of a job. */
export const JOB_WORDS = {
  Panels: 0,
  /** Of a chunk. */
  ChunkPanels: 1,
  Parameters: 2,
  /** Where the sums of the first chunk go, and bytes to those of the next. */
  Results: 3,
  ResultBytes: 4,
  /** How many panels of the data come before the first of this job. */
  FirstPanel: 5,
  /** The panel whose last lanes are no rows, or −1; and where ones stand for those that are. */
  PartialPanel: 6,
  PartialMask: 7,
  FullMask: 8,
  /** Two for each input of rows, given ones first: where it lies, or a key; then one for each output of rows. */
  First: 9
} as const

/** The parameters of an item's function. */
export const JOB = 0
export const SCRATCH = 1
export const INDEX = 2
export const PANEL = 3
export const MASK_WORD = 4
export const RESULTS = 5
export const itemFunction = (lanes: Lanes): Code => new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')

/** What the functions of one program ask of it. */
export interface CodeEnvironment {
  readonly layout: MemoryLayout
  /** The words of a job that say where an input and an output of rows lie. */
  readonly wordOf: (input: string) => number
  readonly outputWord: (output: number) => number
  /** Kernels in JavaScript, and functions that others call, by their numbers. */
  readonly kernelOf: (node: GraphNode) => number
  readonly block: (m: number, n: number) => number
  readonly transposed: (columns: number) => number
  /** Told what the code of a loop reads and makes, where somebody listens. */
  readonly see: ((access: ColumnAccess) => void) | undefined
}

/** Pushes the address of the panel of a location; entries are at an offset from it. */
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
export const offsetOf = ({ buffer, entry }: Location, { line }: Lanes): number =>
  (buffer.kind === 'given' ? 0 : buffer.at) + entry * line
/** Pushes the address of a location in the panel. */
export const pushLocation = (code: Code, location: Location, environment: CodeEnvironment): Code =>
  pushPanel(code, location, environment).plus(offsetOf(location, code.lanes))
/** Pushes a word of the job. */
export const pushWord = (code: Code, word: number): Code => code.get(JOB).word(4 * word)
export const pushParameters = (code: Code): Code => pushWord(code, JOB_WORDS.Parameters)
/** Bytes from the start of a value to a vector of one of its entries. */
export const vectorAt = ({ line }: Lanes, entry: number, v: number): number => entry * line + v * 16
