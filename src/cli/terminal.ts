/** Width and colours of the terminal. */

export interface Terminal {
  /** Columns of standard output; Infinity if it is not a terminal. */
  readonly out: number
  /** Columns of standard error; Infinity if it is not a terminal. */
  readonly err: number
  /** True if standard error supports colours. */
  readonly isColoured: boolean
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Columns of a terminal of unknown width. */
const DEFAULT_WIDTH = 80

const streamWidth = ({ isTTY = false, columns = DEFAULT_WIDTH }: Stream): number =>
  isTTY ? (columns > 0 ? columns : DEFAULT_WIDTH) : Infinity

/** Terminal of the given streams. NO_COLOR (no-color.org) and a dumb TERM disable colours. */
export const terminalOf = (
  out: Stream,
  err: Stream,
  { NO_COLOR = '', TERM = '' }: Readonly<Partial<Record<string, string>>>
): Terminal => ({
  out: streamWidth(out),
  err: streamWidth(err),
  isColoured: err.isTTY === true && NO_COLOR === '' && TERM !== 'dumb'
})

/** Lines of any length, without colours. */
export const PLAIN_TERMINAL: Terminal = { out: Infinity, err: Infinity, isColoured: false }

const SGR_COLOURS = { error: 31, warning: 33 } as const

/** Colours `error:` (red) and `warning:` (yellow) at line beginnings, if the terminal supports colours. */
export const colourMessages =
  ({ isColoured }: Terminal) =>
  (text: string): string =>
    isColoured
      ? text.replace(
          /^(error|warning):/gm,
          (found, kind: keyof typeof SGR_COLOURS) => `\x1b[${SGR_COLOURS[kind]}m${found}\x1b[39m`
        )
      : text
