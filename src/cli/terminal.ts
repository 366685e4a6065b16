/** What is known of the terminal: how wide it is, and whether it shows colours. */

export interface Terminal {
  /** How many cells a line of standard output has; Infinity where it is no terminal. */
  readonly out: number
  /** The same of standard error. */
  readonly err: number
  /** Whether colours may be used on standard error. */
  readonly isColoured: boolean
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** A terminal that does not say how wide it is. */
const DEFAULT_WIDTH = 80

const streamWidth = ({ isTTY = false, columns = DEFAULT_WIDTH }: Stream): number =>
  isTTY ? (columns > 0 ? columns : DEFAULT_WIDTH) : Infinity

/** Colours are off where NO_COLOR says so (no-color.org), and where a terminal has none. */
export const terminalOf = (
  out: Stream,
  err: Stream,
  { NO_COLOR = '', TERM = '' }: Readonly<Partial<Record<string, string>>>
): Terminal => ({
  out: streamWidth(out),
  err: streamWidth(err),
  isColoured: err.isTTY === true && NO_COLOR === '' && TERM !== 'dumb'
})

/** Where nobody looks, or nothing is known. */
export const PLAIN_TERMINAL: Terminal = { out: Infinity, err: Infinity, isColoured: false }

const SGR_COLOURS = { error: 31, warning: 33 } as const

/** Messages with what they begin with in its colour: an error in red, a warning in yellow. Nothing else is coloured. */
export const colourMessages =
  ({ isColoured }: Terminal) =>
  (text: string): string =>
    isColoured
      ? text.replace(
          /^(error|warning):/gm,
          (found, kind: keyof typeof SGR_COLOURS) => `\x1b[${SGR_COLOURS[kind]}m${found}\x1b[39m`
        )
      : text
