/** Document: a list of parts for a terminal or a self-contained HTML page. */
import { withMinusSign, countedNoun } from './phrases.js'
import { paragraphs, factLines as textFacts, printTable as textTable, printableText } from '../fit/text.js'
import type { TextTable } from '../fit/table.js'
import type { Described } from './drawing.js'
import { withMeanings } from './wordLinks.js'
import { element, escape, looks, palette, swatch } from './svg.js'

/** Warning, or passed check. A terminal prints warnings at the end; those `isInPlace` also in place. */
export interface VerdictPart {
  readonly _tag: 'Verdict'
  readonly isGood: boolean
  readonly text: string
  /** Options of `ornstein fit`. */
  readonly remedy?: string
  readonly isInPlace?: boolean
}

export type DocumentPart =
  | VerdictPart
  /** A terminal prints `said` instead of `text`; a heading only if it has `said`. */
  | { readonly _tag: 'Heading'; readonly level: 1 | 2 | 3; readonly text: string; readonly said?: string }
  | { readonly _tag: 'Text'; readonly text: string; readonly look?: 'lead' | 'soft' | 'next'; readonly said?: string }
  | {
      readonly _tag: 'Table'
      readonly caption: string
      readonly table: TextTable
      /** Maximum number of rows in a terminal's summary. */
      readonly most?: number
      /** Marks component numbers in the first cells of rows, or in the header, with their symbols. */
      readonly marks?: 'rows' | 'header'
      /** CSS class of a cell. */
      readonly shade?: (row: number, column: number) => string
    }
  | {
      readonly _tag: 'Facts'
      readonly title?: string
      readonly entries: ReadonlyArray<readonly [string, string]>
      readonly isMore?: boolean
    }
  /** Not in a terminal's summary. */
  | { readonly _tag: 'Code'; readonly title: string; readonly text: string }
  | { readonly _tag: 'Figures'; readonly figures: ReadonlyArray<Described> }
  /** Shown on the page only. */
  | { readonly _tag: 'Page'; readonly parts: () => ReadonlyArray<DocumentPart> }
  /** Folded on the page, unfolded in print. */
  | {
      readonly _tag: 'Fold'
      readonly title: string
      readonly parts: ReadonlyArray<DocumentPart>
    }

export const heading = (level: 1 | 2 | 3, text: string, said?: string): DocumentPart => ({
  _tag: 'Heading',
  level,
  text,
  ...(said !== undefined && { said })
})
export const textPart = (text: string, look?: 'lead' | 'soft' | 'next', said?: string): DocumentPart => ({
  _tag: 'Text',
  text,
  ...(look && { look }),
  ...(said !== undefined && { said })
})
export const good = (text: string): VerdictPart => ({ _tag: 'Verdict', isGood: true, text })
export const warningPart = (text: string, remedy?: string): VerdictPart => ({
  _tag: 'Verdict',
  isGood: false,
  text,
  ...(remedy !== undefined && { remedy })
})
export const factsPart = (
  entries: ReadonlyArray<readonly [string, string]>,
  rest: Omit<Extract<DocumentPart, { _tag: 'Facts' }>, '_tag' | 'entries'> = {}
): DocumentPart => ({ _tag: 'Facts', entries, ...rest })
export const codePart = (title: string, text: string): DocumentPart => ({ _tag: 'Code', title, text })
export const figures = (figures: ReadonlyArray<Described>): DocumentPart => ({ _tag: 'Figures', figures })
export const onPage = (parts: () => ReadonlyArray<DocumentPart>): DocumentPart => ({ _tag: 'Page', parts })
export const foldedPart = (title: string, parts: ReadonlyArray<DocumentPart>): DocumentPart => ({
  _tag: 'Fold',
  title,
  parts
})
export const tablePart = (
  caption: string,
  table: TextTable,
  rest: Omit<Extract<DocumentPart, { _tag: 'Table' }>, '_tag' | 'caption' | 'table'> = {}
): DocumentPart => ({ _tag: 'Table', caption, table, ...rest })

// -- a terminal --------------------------------------------------------------------------------------------------------

/** Renders a document for a terminal of `within` columns; a summary unless `isVerbose`. */
export const asText = (
  parts: ReadonlyArray<DocumentPart>,
  within: number,
  { isVerbose = false }: { readonly isVerbose?: boolean } = {}
): string => {
  const shown = (part: DocumentPart): string => {
    switch (part._tag) {
      case 'Heading':
        return part.said ?? ''
      case 'Text':
        return part.said ?? part.text
      case 'Table': {
        const { header, rows } = part.table
        const more = isVerbose ? 0 : rows.length - (part.most ?? Infinity)
        return rows.length === 0
          ? ''
          : textTable({ header, rows: more > 0 ? rows.slice(0, part.most) : rows }, within) +
              (more > 0 ? `\n  … and ${more} more: --verbose shows them, --json all of it` : '')
      }
      case 'Facts':
        return part.isMore === true && !isVerbose
          ? ''
          : (part.title === undefined ? '' : `${part.title}:\n`) + textFacts(part.entries, within)
      case 'Code':
        return isVerbose ? `${part.title}:\n${part.text}` : ''
      case 'Verdict':
      case 'Fold':
      case 'Figures':
      case 'Page':
        return ''
    }
  }
  const doubts = parts.flatMap(part =>
    part._tag === 'Verdict' && !part.isGood && part.isInPlace !== true ? part.text : []
  )
  const isNext = (part: DocumentPart): boolean => part._tag === 'Text' && part.look === 'next'
  const said = parts.flatMap(part => (part._tag === 'Verdict' && part.isInPlace === true ? part.text : []))
  const first = parts.findIndex(part => part._tag === 'Verdict' && part.isInPlace === true)
  return paragraphs(
    [
      ...parts.flatMap((part, i) =>
        isNext(part) ? [] : part._tag === 'Verdict' ? (i === first ? [said.join('\n')] : []) : [shown(part)]
      ),
      doubts.join('\n'),
      ...parts.filter(isNext).map(shown)
    ],
    within
  )
}

// -- a page ------------------------------------------------------------------------------------------------------------

const style = `
${palette(':root')}
${looks}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 49rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .6rem; font-weight: 650 }
h2 { font-size: 1.25rem; margin: 3rem 0 .7rem; font-weight: 650 }
h3, summary { font-size: 1rem; margin: 1.4rem 0 .4rem; font-weight: 600 }
p, figcaption, li, dd { overflow-wrap: anywhere }
p, figcaption { margin: .5rem 0 }
.lead { font-size: 1.08rem }
.soft, figcaption { color: var(--soft); font-size: .88rem }
figure { margin: 1rem 0 }
svg { display: block; width: 100%; height: auto; margin: 0 auto; font-family: inherit }
.swatch { display: inline-block; width: .85em; height: .85em; vertical-align: -.08em; margin: 0 .35em 0 0 }
dl { display: grid; grid-template-columns: minmax(4rem, max-content) 1fr; gap: .3rem 1.2rem; margin: .8rem 0 }
dt { font-size: .88rem; color: var(--soft) } dd { margin: 0 }
.next code { background: var(--panel); padding: .15rem .4rem; border-radius: 4px; font-size: .88rem; overflow-wrap: anywhere }
.scroll { overflow-x: auto; max-width: 100% }
.scroll > svg.wide { min-width: 38rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; font-size: .92rem }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: bottom; white-space: nowrap }
th:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--page) }
thead th { font-weight: 600; font-size: .85rem; color: var(--soft) }
.dense { font-size: .74rem } .dense th, .dense td { padding: .2rem .28rem }
.l3, .l2, .l1, .h1, .h2, .h3 { print-color-adjust: exact; -webkit-print-color-adjust: exact }
.l1 { background: color-mix(in srgb, var(--c0) 10%, transparent) } .l2 { background: color-mix(in srgb, var(--c0) 20%, transparent) }
.l3 { background: color-mix(in srgb, var(--c0) 32%, transparent) } .h1 { background: color-mix(in srgb, var(--c1) 10%, transparent) }
.h2 { background: color-mix(in srgb, var(--c1) 20%, transparent) } .h3 { background: color-mix(in srgb, var(--c1) 32%, transparent) }
ul.verdict { list-style: none; padding: 0; margin: .8rem 0 }
.verdict li { padding: .2rem 0 .2rem 1.7rem; position: relative }
.verdict li::before { position: absolute; left: 0; font-weight: 700 }
.word { white-space: nowrap }
a { color: inherit; text-decoration: underline dotted; text-underline-offset: .15em }
.verdict .good::before { content: "✓"; color: var(--c2) }
.verdict .doubt::before { content: "!"; color: var(--c1); left: .3rem }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: .5rem 1.6rem }
details { margin: .8rem 0 } summary { cursor: pointer }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; margin: 0; font-size: .82rem; line-height: 1.5;
  white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace }
footer { margin-top: 2.6rem; padding-top: .8rem; border-top: 1px solid var(--line); font-size: .85rem; color: var(--soft) }
@media (max-width: 30rem) { body { padding: 1.2rem .9rem 3rem } h1 { font-size: 1.4rem } th, td { padding: .3rem .4rem } }
@page { size: A4; margin: 13mm }
@media print { body { max-width: none; padding: 0; font-size: 9.5pt } figure, tr, li { break-inside: avoid }
  thead { display: table-header-group } th:first-child { position: static } .scroll > svg.wide { min-width: 0 } pre { font-size: 7pt; padding: .4rem }
  details:not(.long) > summary { list-style: none } details:not(.long)::details-content { content-visibility: visible; display: block } }
`

/** Keeps option names such as `--family` on one line. */
const withUnbrokenOptions = (text: string): string =>
  withMinusSign(text).replace(/--[a-z]+(-[a-z]+)*/g, '<span class="word">$&</span>')

/** Renders a folded block; print unfolds it unless `isLong`. */
const htmlDetails = (title: string, body: string, { isLong }: { readonly isLong: boolean }): string =>
  `<details${isLong ? ' class="long"' : ''}><summary>${escape(title)}</summary>\n${body}\n</details>`

/** Maximum number of lines of a table or code that is not folded. */
const MAX_OPEN_LINES = 40
/** Minimum number of columns of a table in small print. */
const MIN_DENSE_COLUMNS = 9

const htmlTable = ({
  caption,
  table: { header, rows },
  marks,
  shade
}: Extract<DocumentPart, { _tag: 'Table' }>): string => {
  const withSwatch = (cell: string): string =>
    (/^\d+$/.test(cell) ? swatch(Number(cell) - 1) : '') + withMinusSign(cell)
  const rowName = marks === 'rows' ? withSwatch : withMinusSign
  const columnName = marks === 'header' ? withSwatch : withMinusSign
  const body = rows.map(([first, ...cells], i) => {
    const all = cells.map((cell, j) => {
      const look = shade?.(i, j) ?? ''
      return `<td${look === '' ? '' : ` class="${look}"`}>${withMinusSign(cell)}</td>`
    })
    return `<tr><th scope="row">${rowName(first)}</th>${all.join('')}</tr>`
  })
  const whole =
    `<div class="scroll" tabindex="0" role="region" aria-label="${escape(caption)}"><table${header.length >= MIN_DENSE_COLUMNS ? ' class="dense"' : ''}>\n` +
    `<thead><tr>${header.map(name => `<th scope="col">${columnName(name)}</th>`).join('')}</tr></thead>\n<tbody>\n` +
    `${body.join('\n')}\n</tbody>\n</table></div>`
  return rows.length > MAX_OPEN_LINES ? htmlDetails(caption, whole, { isLong: true }) : whole
}

const figure = (drawn: Described): string =>
  `<figure><div class="scroll">${element(drawn)}</div>${drawn.note === '' ? '' : `<figcaption>${escape(drawn.note)}</figcaption>`}</figure>`

const expandPageParts = (parts: ReadonlyArray<DocumentPart>): ReadonlyArray<DocumentPart> =>
  parts.flatMap(part => (part._tag === 'Page' ? expandPageParts(part.parts()) : [part]))

const markup = (parts: ReadonlyArray<DocumentPart>): string => {
  const shown = (part: DocumentPart): string => {
    switch (part._tag) {
      case 'Heading':
        return `<h${part.level}>${escape(part.text)}</h${part.level}>`
      case 'Text':
        return part.look === 'next' || part.text === ''
          ? ''
          : `<p${part.look === undefined ? '' : ` class="${part.look}"`}>${withUnbrokenOptions(part.text).replaceAll('\n', '<br/>')}</p>`
      case 'Verdict':
        return `<li class="${part.isGood ? 'good' : 'doubt'}">${withUnbrokenOptions(part.text)}</li>`
      case 'Table':
        return part.table.rows.length === 0 ? '' : htmlTable(part)
      case 'Facts': {
        const list = `<dl>${part.entries.map(([name, of]) => `<dt>${escape(name)}</dt><dd>${withMinusSign(of)}</dd>`).join('')}</dl>`
        return part.title === undefined ? list : htmlDetails(part.title, list, { isLong: part.isMore === true })
      }
      case 'Code': {
        const count = part.text.split('\n').length
        const isLong = count > MAX_OPEN_LINES || part.text.length > 60 * MAX_OPEN_LINES
        return htmlDetails(
          isLong ? `${part.title}: ${countedNoun(count, 'line')}` : part.title,
          `<pre><code>${escape(part.text)}</code></pre>`,
          { isLong: true }
        )
      }
      case 'Figures':
        return part.figures.length > 1
          ? `<div class="panels">${part.figures.map(figure).join('\n')}</div>`
          : part.figures.map(figure).join('')
      case 'Page':
        return ''
      case 'Fold':
        return part.parts.length === 0 ? '' : htmlDetails(part.title, markup(part.parts), { isLong: false })
    }
  }
  return expandPageParts(parts)
    .map(shown)
    .filter(part => part !== '')
    .join('\n')
    .replace(/(?:<li class="(?:good|doubt)">.*<\/li>\n?)+/g, all => `<ul class="verdict">\n${all.trimEnd()}\n</ul>\n`)
}

/** Renders a document as a complete HTML page. */
export const asPage = (
  { title, version, seed }: { readonly title: string; readonly version: string; readonly seed: number },
  parts: ReadonlyArray<DocumentPart>
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(printableText(title))}</title>
<style>${style}</style>
</head>
<body>
<main>
${withMeanings(markup(parts))}
</main>
<footer>ornstein${version === '' ? '' : ` ${escape(version)}`}, seed ${seed}. The same data, pipeline and seed give the same numbers.</footer>
</body>
</html>
`
