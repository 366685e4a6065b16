/** Line breaks in the code of descriptions. */

const openingBrackets = '([{'
const closingBrackets = ')]}'
const stringQuotes = '\'"`'

interface BracketGroup {
  readonly from: number
  readonly to: number
  /** Positions of the commas between its items. */
  readonly commas: ReadonlyArray<number>
}

/** Outermost brackets of code outside strings. */
const bracketGroups = (code: string): ReadonlyArray<BracketGroup> => {
  const found: Array<BracketGroup> = []
  let depth = 0
  let from = 0
  let quote: string | null = null
  let commas: Array<number> = []
  for (let i = 0; i < code.length; i++) {
    const c = code[i]
    if (quote !== null) {
      if (c === '\\') i++
      else if (c === quote) quote = null
    } else if (stringQuotes.includes(c)) quote = c
    else if (openingBrackets.includes(c)) {
      depth++
      if (depth === 1) {
        from = i
        commas = []
      }
    } else if (closingBrackets.includes(c)) {
      depth--
      if (depth === 0) found.push({ from, to: i, commas })
    } else if (c === ',' && depth === 1) commas.push(i)
  }
  return found
}

const items = (code: string, { from, to, commas }: BracketGroup): ReadonlyArray<string> => {
  const ends = [...commas, to]
  return ends.map((end, i) => code.slice(i === 0 ? from + 1 : ends[i - 1] + 1, end).trim())
}

/** Breaks code longer than `width` characters: each part of its last brackets on a line, except a single part in parentheses. */
export const laidOut = (code: string, width: number): string => {
  const lines = (code: string, indent: number, around: number): string => {
    const last = bracketGroups(code)
      .filter(({ from, to }) => code.slice(from + 1, to).trim() !== '')
      .at(-1)
    if (indent + code.length + around <= width || last === undefined) return code
    const head = code.slice(0, last.from + 1)
    const tail = code.slice(last.to)
    const parts = items(code, last)
    if (parts.length === 1 && head.endsWith('('))
      return head + lines(parts[0], indent, around + head.length + tail.length) + tail
    const inner = ' '.repeat(indent + 2)
    return `${head}\n${parts.map(part => inner + lines(part, indent + 2, 1)).join(',\n')}\n${' '.repeat(indent)}${tail}`
  }
  return lines(code, 0, 0)
}
