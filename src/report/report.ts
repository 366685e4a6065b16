/**
 * A fit as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. It answers in this order:
 * what was found, can I trust it, what does it look like, how was it learned.
 */
import { Case } from '../core/index.js'
import { standardized } from '../choice/scaledData.js'
import * as Mixture from '../mixture/mixture.js'
import type { Described } from '../picture/drawing.js'
import { element, escape, looks, palette, swatch } from '../picture/svg.js'
import * as Pipeline from '../pipeline/pipeline.js'
import { formats, show, tidy, type Table } from '../choice/table.js'
import { comparison } from './comparison.js'
import * as figures from './figures.js'
import {
  candidates,
  chosen,
  otherwise,
  ending,
  constants,
  dependent,
  far,
  floored,
  narrow,
  knownComponents,
  unsupported,
  hasUnitVariance,
  isDoubted,
  ignored,
  isPair,
  ofBootstrap,
  ofHint,
  ofStuck,
  ofTests,
  ofPrior,
  kindOf,
  outcome,
  redundancies,
  refusals,
  setAside,
  steps,
  title,
  type Choice,
  type Findings
} from './findings.js'
import * as Crossed from './crossed.js'
import * as Trust from './trust.js'

const style = `
${palette(':root')}
${looks}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 49rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .6rem; font-weight: 650 }
h2 { font-size: 1.25rem; margin: 3rem 0 .7rem; font-weight: 650 }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; font-weight: 600 }
p, figcaption, li { overflow-wrap: anywhere }
p, figcaption { margin: .5rem 0 }
.lead { font-size: 1.08rem }
.soft, figcaption { color: var(--soft); font-size: .88rem }
figure { margin: 1rem 0 }
svg { display: block; width: 100%; height: auto; margin: 0 auto; font-family: inherit }
.swatch { display: inline-block; width: .85em; height: .85em; vertical-align: -.08em; margin: 0 .35em 0 0 }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .8rem 1.2rem; margin: 1.2rem 0 0 }
dt { font-size: .82rem; color: var(--soft) }
dd { margin: 0; font-size: 1.05rem; font-variant-numeric: tabular-nums }
.first svg.fig { max-height: max(20rem, min(62vh, 36rem)) }
.next code { background: var(--panel); padding: .15rem .4rem; border-radius: 4px; font-size: .88rem; overflow-wrap: anywhere }
.scroll { overflow-x: auto; max-width: 100% }
.scroll > svg.wide { min-width: 38rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; font-size: .92rem }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: bottom }
td { white-space: nowrap }
th:first-child, td:first-child { text-align: left; padding-left: 0; overflow-wrap: break-word }
.stages th:first-child { overflow-wrap: anywhere; font-weight: 400; position: static }
th:first-child { position: sticky; left: 0; background: var(--page) }
thead th { font-weight: 600; font-size: .85rem; color: var(--soft) }
tbody th { font-weight: 600 }
.sd { color: var(--soft) }
.dense { font-size: .74rem }
.dense th, .dense td { padding: .2rem .28rem }
.dense .swatch { margin-right: .15em }
.l3, .l2, .l1, .h1, .h2, .h3 { print-color-adjust: exact; -webkit-print-color-adjust: exact }
.l1 { background: color-mix(in srgb, var(--c0) 10%, transparent) } .l2 { background: color-mix(in srgb, var(--c0) 20%, transparent) }
.l3 { background: color-mix(in srgb, var(--c0) 32%, transparent) } .h1 { background: color-mix(in srgb, var(--c1) 10%, transparent) }
.h2 { background: color-mix(in srgb, var(--c1) 20%, transparent) } .h3 { background: color-mix(in srgb, var(--c1) 32%, transparent) }
ul.verdict { list-style: none; padding: 0; margin: .8rem 0 }
.verdict li { padding: .2rem 0 .2rem 1.7rem; position: relative }
.verdict li::before { position: absolute; left: 0; font-weight: 700 }
.verdict .word { white-space: nowrap }
.verdict .good::before { content: "✓"; color: var(--c2) }
.verdict .doubt::before { content: "!"; color: var(--c1); left: .3rem }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: .5rem 1.6rem }
details { margin: .8rem 0 }
summary { cursor: pointer; font-weight: 600 }
section > details > summary { font-size: 1.05rem }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; margin: 0; font-size: .82rem; line-height: 1.5;
  white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace }
footer { margin-top: 2.6rem; padding-top: .8rem; border-top: 1px solid var(--line); font-size: .85rem; color: var(--soft) }
@media (max-width: 30rem) { body { padding: 1.2rem .9rem 3rem } h1 { font-size: 1.4rem } th, td { padding: .3rem .4rem } }
@page { size: A4; margin: 13mm }
@media print { body { max-width: none; padding: 0; font-size: 9.5pt } figure, tr, li, table:not(:has(tr:nth-child(16))) { break-inside: avoid }
  h1 { font-size: 14pt; margin: 0 0 .2rem } .lead, summary, section > details > summary { font-size: 10pt } thead th { font-size: 8pt } .next code { font-size: 8pt }
  h2 { margin: .8rem 0 .2rem; font-size: 12pt } h3 { margin: .6rem 0 .1rem; font-size: 9.5pt } p, figcaption { margin: .25rem 0 } figure { margin: .4rem 0 }
  ul.verdict { margin: .3rem 0 } .verdict li { padding: .05rem 0 .05rem 1.5rem } table { font-size: 8.5pt; margin: .3rem 0 } th, td { padding: .12rem .45rem }
  .first svg.fig { max-height: 9cm } .panels svg.fig { max-height: 4.8cm } figcaption, .soft { font-size: 8pt } .next, .verdict .word { color: inherit }
  h2, h3, summary, p:has(+ .scroll, + .panels) { break-after: avoid } footer { margin-top: 1rem; padding-top: .3rem; font-size: 8pt }
  thead { display: table-header-group } p, pre { orphans: 3; widows: 3 } th:first-child { position: static }
  .scroll { overflow: visible } .scroll > svg.wide { min-width: 0 } .screen { display: none } pre { font-size: 7pt; padding: .4rem }
  details:not(.long) > summary { list-style: none } details:not(.long)::details-content { content-visibility: visible; display: block } }
`

// -- parts of a page ---------------------------------------------------------------------------------------------------

export const capital = (text: string): string => text.replace(/^[a-z]/, first => first.toUpperCase())
const sentence = (text: string): string => `${capital(text)}.`
/** The name of a file, without its folders. */
export const baseName = (path: string): string => path.replace(/^.*[\\/]/, '')

/** A number with a minus sign as long as a plus. */
export const minus = (text: string): string => escape(text).replace(/^-/, '−')
/** So many lines of code stand open. */
const lines = 40
export const pre = (text: string): string => {
  const code = `<pre><code>${escape(text)}</code></pre>`
  const count = text.split('\n').length
  const isShort = count <= lines && text.length < 60 * lines
  return isShort ? code : details(count === 1 ? 'one long line' : `${count} lines`, code, true)
}
const percent = (share: number): string =>
  share > 0 && share < 0.005
    ? 'less than 1 %'
    : share < 1 && share >= 0.995
      ? 'more than 99 %'
      : `${(100 * share).toFixed(0)} %`
export const plural = (n: number, noun: string): string => `${show(n, 6)} ${noun}${n === 1 ? '' : 's'}`
const listed = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`
const names = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve']
const spelled = (n: number): string => names[n] ?? String(n)

/** Markup of a cell, and how it is shaded. */
interface Cell {
  readonly markup: string
  readonly shade?: string
}

interface Grid {
  readonly caption: string
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<readonly [string, ReadonlyArray<Cell>]>
  readonly isDense?: boolean
}

const grid = ({ caption, head, rows, isDense = false }: Grid): string => {
  const body = rows
    .map(
      ([first, cells]) =>
        `<tr><th scope="row">${first}</th>${cells.map(({ markup, shade = '' }) => `<td${shade === '' ? '' : ` class="${shade}"`}>${markup}</td>`).join('')}</tr>`
    )
    .join('\n')
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escape(caption)}"><table${isDense ? ' class="dense"' : ''}>\n` +
    `<thead><tr>${head.map(text => `<th scope="col">${text}</th>`).join('')}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`
  )
}

/** Characters of small print that stand on a line of paper. */
const small = 86

const lengthOf = (markup: string): number => markup.replace(/<[^>]*>|&[^;]*;/g, '').length

/** A grid of small print, below each other in parts where it is wider than paper. */
const parted = (whole: Grid): string => {
  const { head, rows } = whole
  const widthOf = (j: number): number =>
    2 + Math.max(lengthOf(head[j + 1]), ...rows.map(([, cells]) => lengthOf(cells[j].markup)))
  const first = Math.max(...rows.map(([name]) => lengthOf(name)))
  const parts: number[][] = [[]]
  let used = first
  for (let j = 0; j + 1 < head.length; j++) {
    used += widthOf(j)
    if (used > small && parts[parts.length - 1].length > 0) {
      parts.push([])
      used = first + widthOf(j)
    }
    parts[parts.length - 1].push(j)
  }
  return parts
    .map(part =>
      grid({
        ...whole,
        head: [head[0], ...part.map(j => head[j + 1])],
        rows: rows.map(([name, cells]) => [name, part.map(j => cells[j])] as const)
      })
    )
    .join('\n')
}

export const plain = (caption: string, { header, rows }: Table): string =>
  grid({
    caption,
    head: header.map(escape),
    rows: rows.map(([first, ...rest]) => [escape(first), rest.map(cell => ({ markup: minus(cell) }))] as const)
  })

const component = (k: number): string => `${swatch(k)}${k + 1}`

export const figure = (drawn: Described): string =>
  `<figure><div class="scroll">${element(drawn)}</div>${drawn.note === '' ? '' : `<figcaption>${escape(drawn.note)}</figcaption>`}</figure>`

/** What is folded away; on paper it stands open, unless it is long. */
export const details = (summary: string, body: string, isLong = false): string =>
  `<details${isLong ? ' class="long"' : ''}><summary>${escape(summary)}</summary>\n${body}\n</details>`

// -- what was found ----------------------------------------------------------------------------------------------------

const found = (fit: Findings): string => {
  const { mixture, columns } = fit
  const source = baseName(fit.source)
  const share = mixture.background?.share ?? 0
  const weights = Array.from(mixture.weights, weight => (1 - share) * weight)
  const count = weights.length
  const [least, most] = [Math.min(...weights), Math.max(...weights)]
  const beside = share === 0 ? '' : `; the background has ${percent(share)}`
  const sizes =
    (count === 1
      ? ''
      : count <= 4
        ? `, with ${listed(weights.map(percent))} of the rows`
        : least === most
          ? `, each with ${percent(least)} of the rows`
          : `, the smallest with ${percent(least)} and the largest with ${percent(most)} of the rows`) + beside
  const left = [
    ...(fit.ignored.length > 0 ? [`Columns not used: ${ignored(fit)}.`] : []),
    ...(fit.dropped > 0 ? [`Rows dropped for a missing cell: ${fit.dropped}.`] : []),
    ...(fit.empty > 0 ? [`Rows without cells, left out: ${fit.empty}.`] : []),
    ...(fit.missing > 0
      ? [
          `Cells missing: ${fit.missing}. What is said of a row is said by the cells that it has; pictures show it where these and a single Gaussian put it.`
        ]
      : [])
  ].join(' ')
  const kind = isPair(fit)
    ? 'A symmetric pair of Gaussians describes'
    : `${capital(spelled(count))} ${kindOf(fit.family, count)} describe${count === 1 ? 's' : ''}`
  const what = columns.length <= 8 ? `in ${listed(columns)}` : `in ${columns.length} columns`
  return (
    `<p class="lead">${escape(`${kind} the ${plural(fit.statistics.rows, 'row')} of ${source} ${what}${sizes}.`)}</p>\n` +
    (left === '' ? '' : `<p class="soft">${escape(left)}</p>\n`)
  )
}

/** How far a mean is from that of all rows, in standard deviations of the column: seven steps. */
const shade = (z: number): string => {
  const step = Math.min(3, Math.floor(2 * Math.abs(z) + 0.5))
  return step === 0 || Number.isNaN(z) ? '' : `${z < 0 ? 'l' : 'h'}${step}`
}

/** Characters that stand on a line of the page. */
const line = 84

/** The components, in a table that fits the page: upright, turned, or turned with the deviations apart. */
const components = (fit: Findings): string => {
  const { columns, mixture, seen } = fit
  const { weights, means, variances } = Mixture.marginals(mixture)
  const format = formats(variances)
  const sd = (k: number, j: number): string => format[j](Math.sqrt(variances[k][j]))
  const isRound = variances.every(row => row.every(variance => variance === row[0]))
  // Where all components have the same deviation, it is said once.
  const isShared = columns.map((_, j) => weights.length > 1 && variances.every((_, k) => sd(k, j) === sd(0, j)))
  const { centre, scale: spread } = standardized(seen).scaling
  const isShaded = weights.length > 1
  const isApart = (isShort: boolean, j: number): boolean => isShort || isRound || isShared[j]
  const cell =
    (isShort: boolean) =>
    (k: number, j: number): Cell => {
      const mean = minus(format[j](means[k][j]))
      return {
        markup: isApart(isShort, j) ? mean : `${mean} <span class="sd">± ${sd(k, j)}</span>`,
        shade: isShaded ? shade((means[k][j] - centre[j]) / spread[j]) : ''
      }
    }
  const text = (isShort: boolean, k: number, j: number): number =>
    format[j](means[k][j]).length + (isApart(isShort, j) ? 0 : 3 + sd(k, j).length)
  const widest = (isShort: boolean, j: number): number => Math.max(...weights.map((_, k) => text(isShort, k, j)))
  const upright = columns.reduce((sum, name, j) => sum + 3 + Math.max(Math.min(name.length, 14), widest(false, j)), 14)
  const across = (isShort: boolean): number =>
    weights.length * (3 + Math.max(...columns.map((_, j) => widest(isShort, j)))) +
    Math.max(...columns.map(name => Math.min(24, name.length)))
  const weight = (k: number): Cell => ({ markup: weights[k].toFixed(3) })
  const anyShared = !isRound && isShared.some(shared => shared)
  const shadeNote = isShaded ? ' Shaded blue or orange where the mean lies below or above that of all rows.' : ''
  const caption = 'The components'
  if (upright <= line) {
    const of = cell(false)
    return (
      grid({
        caption,
        head: ['component', 'weight', ...columns.map(escape), ...(isRound ? ['sd'] : [])],
        rows: [
          ...weights.map(
            (_, k) =>
              [
                component(k),
                [weight(k), ...columns.map((_, j) => of(k, j)), ...(isRound ? [{ markup: sd(k, 0) }] : [])]
              ] as const
          ),
          ...(anyShared
            ? [
                [
                  'sd of each',
                  [{ markup: '' }, ...columns.map((_, j) => ({ markup: isShared[j] ? sd(0, j) : '', shade: 'sd' }))]
                ] as const
              ]
            : [])
        ]
      }) + `<p class="soft">${isRound || anyShared ? '' : 'Mean ± standard deviation (sd).'}${shadeNote}</p>`
    )
  }
  const isShort = across(false) > line
  const isDense = weights.length > 6 || across(isShort) > line
  const of = cell(isShort)
  const head = (first: string): ReadonlyArray<string> => [
    first,
    ...weights.map((_, k) => component(k)),
    ...(anyShared && !isShort ? ['sd of each'] : [])
  ]
  const turned = (isDense ? parted : grid)({
    caption,
    isDense,
    head: head('component'),
    rows: [
      ['weight', [...weights.map((_, k) => weight(k)), ...(anyShared && !isShort ? [{ markup: '' }] : [])]],
      ...columns.map(
        (name, j) =>
          [
            escape(name),
            [
              ...weights.map((_, k) => of(k, j)),
              ...(anyShared && !isShort ? [{ markup: isShared[j] ? sd(0, j) : '', shade: 'sd' }] : [])
            ]
          ] as const
      ),
      ...(isRound ? [['sd', weights.map((_, k) => ({ markup: sd(k, 0) }))] as const] : [])
    ]
  })
  const deviations =
    isShort && !isRound
      ? details(
          'Standard deviations',
          isShared.every(shared => shared)
            ? grid({
                caption: 'Standard deviations',
                head: ['column', 'sd of each component'],
                rows: columns.map((name, j) => [escape(name), [{ markup: sd(0, j) }]] as const)
              })
            : (isDense ? parted : grid)({
                caption: 'Standard deviations',
                isDense,
                head: ['component', ...weights.map((_, k) => component(k))],
                rows: columns.map((name, j) => [escape(name), weights.map((_, k) => ({ markup: sd(k, j) }))] as const)
              })
        )
      : ''
  return `${turned}<p class="soft">${isShort || isRound || isShared.every(shared => shared) ? 'Means of each column.' : 'Mean ± standard deviation (sd).'}${shadeNote}</p>${deviations}`
}

const units = (fit: Findings): string =>
  [
    capital(Case.caseOf(fit.pipeline.score).about) + '.',
    fit.scaling === null
      ? 'Learned from the columns as they are.'
      : 'Learned from standardized columns (mean 0, standard deviation 1); all numbers here are back in the units of the data.',
    ofPrior(fit) ?? '',
    isPair(fit)
      ? `The pair is symmetric about ${fit.scaling === null ? '0' : "the data's mean"}, with variance 1 in the units it was learned in.`
      : hasUnitVariance(fit)
        ? 'Components have equal weights, and variance 1 in the units they were learned in.'
        : ''
  ]
    .join(' ')
    .trim()

// -- can I trust it ----------------------------------------------------------------------------------------------------

interface Verdict {
  readonly isGood: boolean
  readonly text: string
}

const good = (text: string): Verdict => ({ isGood: true, text })
const doubt = (text: string): Verdict => ({ isGood: false, text })

/** What another criterion would have chosen. */
const byAnother = (choice: Choice | null): ReadonlyArray<Verdict> => {
  if (choice === null || choice.candidates.length < 2) return []
  const other = otherwise(choice)
  const aside = setAside(choice)
  return [
    other === null ? good(`${choice.criterion === 'icl' ? 'BIC' : 'ICL'} chooses the same.`) : doubt(other),
    ...(aside === null ? [] : [doubt(aside)])
  ]
}

const verdicts = (fit: Findings, trust: Trust.Trust): ReadonlyArray<Verdict> => {
  const { choice, mixture } = fit
  const count = mixture.weights.length
  const of = trust.components
  const sum = (part: (one: (typeof of)[number]) => number): number => of.reduce((all, one) => all + part(one), 0)
  const rows = sum(one => one.rows)
  const [sure, undecided, outliers] = [sum(one => one.sure), sum(one => one.undecided), sum(one => one.outliers)]
  const close = Trust.nearest(trust)
  const expected = rows * 1e-3
  const wrong = [
    ...constants(fit),
    ...(dependent(fit).length > 0 ? dependent(fit) : narrow(fit)),
    ...redundancies(fit),
    ...floored(fit),
    ...far(fit),
    ...unsupported(fit)
  ]
  return [
    choice === null
      ? doubt(
          'Family and number of components were given, and nothing else was tried: leave --components and --family out to compare.'
        )
      : choice.candidates.length < 2
        ? doubt('It was the only candidate that could be learned.')
        : (choice.candidates[0].belief > 0.75 && !isDoubted(choice) ? good : doubt)(
            chosen(choice, choice.candidates.length)
          ),
    ...byAnother(choice),
    ...knownComponents(fit).map(good),
    ...[ofStuck(fit), ofHint(fit)].flatMap(text => (text === null ? [] : [doubt(text)])),
    ...(count === 1
      ? []
      : [
          (sure / rows > 0.8 ? good : doubt)(
            `${capital(percent(sure / rows))} of the rows belong to their component with a probability of at least ${Trust.SURE}; ` +
              `${undecided === 0 ? 'none is' : `${percent(undecided / rows)} are`} undecided (below ${Trust.UNDECIDED}).`
          ),
          ...(close === null
            ? []
            : [
                (close.share < 0.1 ? good : doubt)(
                  close.share < 0.005
                    ? 'The components are well apart: none is taken for another.'
                    : `Most alike are components ${close.of + 1} and ${close.as + 1}: ${percent(close.share)} of what belongs to ${close.of + 1} would be taken for ${close.as + 1}.`
                )
              ])
        ]),
    ...(wrong.length > 0
      ? wrong.map(doubt)
      : count > 1
        ? [good('No component is empty, a copy of another, or at the minimum variance.')]
        : []),
    (outliers <= Math.max(1, 5 * expected) ? good : doubt)(
      `${outliers === 0 ? 'No row lies' : outliers === 1 ? 'One row lies' : `${show(outliers)} rows lie`} outside the 99.9 % region of every component; ` +
        `of ${show(rows)} rows sampled from this mixture about ${show(expected, 2)} would.`
    ),
    outcome(fit) === 'converged'
      ? good('Learning converged before its steps ran out.')
      : outcome(fit) === 'chosen'
        ? good('What was chosen had been learned to the end.')
        : outcome(fit) === 'stopped'
          ? doubt('Learning was stopped before its end: ornstein fit --checkpoint keeps a run to go on with.')
          : doubt('Learning ended because its steps ran out: more steps, or another recipe, may find more.')
  ]
}

const perComponent = (fit: Findings, { components, mistaken, rows }: Trust.Trust): string => {
  const count = components.length
  const share = (k: number, l: number): Cell => {
    const value = mistaken[k][l]
    const text = value < 0.0005 ? '·' : value < 0.01 ? (100 * value).toFixed(1) : (100 * value).toFixed(0)
    return { markup: text, shade: k === l ? '' : value > 0.2 ? 'h3' : value > 0.08 ? 'h2' : value > 0.02 ? 'h1' : '' }
  }
  return (
    grid({
      caption: 'How surely rows belong to each component',
      head: [
        'component',
        'rows',
        `sure (≥ ${Trust.SURE})`,
        `undecided (&lt; ${Trust.UNDECIDED})`,
        'mean probability',
        'far out'
      ],
      rows: components.map(
        (one, k) =>
          [
            component(k),
            [one.rows, one.sure, one.undecided]
              .map((n): Cell => ({ markup: show(n) }))
              .concat([
                { markup: Number.isNaN(one.probability) ? '–' : one.probability.toFixed(3) },
                { markup: show(one.outliers) }
              ])
          ] as const
      )
    }) +
    (rows < fit.statistics.rows
      ? `<p class="soft">Counted on ${rows} of the ${fit.statistics.rows} rows, chosen at random.</p>`
      : '') +
    (count < 2
      ? ''
      : `<h3>Which components are taken for which</h3>
<p class="soft">Of what belongs to the component of a line, the per cent that would be taken for that of the column; · is less than 0.05.</p>
${grid({
  caption: 'Which components are taken for which, in per cent',
  isDense: count > 8,
  head: ['of', ...components.map((_, k) => component(k))],
  rows: components.map((_, k) => [component(k), components.map((_, l) => share(k, l))] as const)
})}`)
  )
}

const outliersOf = ({ columns, mixture }: Findings, { outliers }: Trust.Trust): string => {
  if (outliers.length === 0) return ''
  const format = formats(Mixture.marginals(mixture).variances)
  const shown = columns.slice(0, 6)
  const most = outliers.slice(0, 8)
  const rest = outliers.length > most.length ? `, the ${most.length} least likely of ${outliers.length}` : ''
  const caption = 'Rows far from all components'
  const lines: ReadonlyArray<readonly [name: string, cells: ReadonlyArray<string>]> = [
    ['component', most.map(({ component: k }) => component(k))],
    ['log-density', most.map(({ logDensity }) => minus(show(logDensity, 4)))],
    ...shown.map(
      (name, j) =>
        [
          escape(name),
          most.map(({ values }) => (Number.isNaN(values[j]) ? 'missing' : minus(format[j](values[j]))))
        ] as const
    )
  ]
  const numbers = most.map(({ name }) => escape(name))
  const cells = (texts: ReadonlyArray<string>): ReadonlyArray<Cell> => texts.map(markup => ({ markup }))
  // Columns whose names are long stand below each other.
  const isUpright = shown.reduce((sum, name) => sum + 3 + Math.max(7, name.length), 30) <= line
  return details(
    `${caption}${rest}`,
    grid(
      isUpright
        ? {
            caption,
            head: ['row', ...lines.map(([name]) => name)],
            rows: numbers.map((row, i) => [row, cells(lines.map(([, texts]) => texts[i]))] as const)
          }
        : {
            caption,
            head: ['row', ...numbers],
            rows: lines.map(([name, texts]) => [name, cells(texts)] as const)
          }
    )
  )
}

/** What it was chosen from. */
const rivals = (choice: Choice): string => {
  const refused = refusals(choice)
    .slice(0, 5)
    .map(([which, why]) => `${which}: ${why}`)
  return (
    `<h3>What it was chosen from</h3>
<div class="panels">${figures.criteria(choice).map(figure).join('\n')}</div>
<p class="soft">Less is better; the ring is what was chosen. Differences stand on a scale that is squeezed above. ICL counts clusters that are apart, BIC components that describe the density.</p>
` +
    details('The best candidates as a table', plain('The best candidates', candidates(choice, 12)), true) +
    (refused.length > 0
      ? details(
          `Candidates that could not be learned: ${choice.refused.length}`,
          `<ul>${refused.map(text => `<li>${escape(text)}</li>`).join('')}</ul>`
        )
      : '')
  )
}

/** An option is one word, however narrow the page. */
const withOptions = (text: string): string =>
  escape(text).replace(/--[a-z]+(-[a-z]+)*/g, '<span class="word">$&</span>')

/** What speaks for the fit in one line; or against it, as many as stand on a first screen. */
const summary = (all: ReadonlyArray<Verdict>): string => {
  const doubts = all.filter(({ isGood }) => !isGood)
  const shown = doubts.length === 0 ? all.slice(0, 1) : doubts.slice(0, 2)
  const rest = doubts.length - shown.length
  const lines = shown.map(({ isGood, text }) => `<li class="${isGood ? 'good' : 'doubt'}">${withOptions(text)}</li>`)
  return (
    `<ul class="verdict">${
      doubts.length === 0 ? `<li class="good">None of ${all.length} checks speaks against it.</li>` : ''
    }${lines.join('')}</ul>` + (rest > 0 ? `<p class="soft">${plural(rest, 'more doubt')} below.</p>` : '')
  )
}

/** The command that follows: the remedy of the first doubt that names an option, or what the model is for. */
const next = (fit: Findings, all: ReadonlyArray<Verdict>): string => {
  const options = all.flatMap(({ isGood, text }) =>
    isGood ? [] : (text.match(/--[a-z][a-z-]*(?: [\w.,-]*[\w])?/g) ?? [])
  )
  const remedy = options.find(option => / /.test(option))
  const file = baseName(fit.source)
  const quoted = /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`
  const line =
    remedy === undefined
      ? `ornstein fit ${quoted} --out model.json && ornstein assign model.json ${quoted}`
      : `ornstein fit ${quoted} ${remedy}`
  return `<p class="next"><span class="soft">${remedy === undefined ? 'Next, which component each row belongs to:' : 'Next, to compare:'}</span> <code>${escape(line)}</code></p>`
}

const trusted = (fit: Findings, trust: Trust.Trust, all: ReadonlyArray<Verdict>): string => {
  const { choice } = fit
  return `<section>
<h2>Can I trust it?</h2>
<ul class="verdict">
${all.map(({ isGood, text }) => `<li class="${isGood ? 'good' : 'doubt'}">${withOptions(text)}</li>`).join('\n')}
</ul>
${choice === null || choice.candidates.length < 2 ? '' : rivals(choice)}
<h3>How surely rows belong</h3>
${perComponent(fit, trust)}
${outliersOf(fit, trust)}
</section>`
}

// -- what does it look like --------------------------------------------------------------------------------------------

const crossing = (fit: Findings): string =>
  fit.classes
    .map(classes => {
      const found = Crossed.crossed({ ...fit, points: fit.seen }, classes)
      const { name, classes: rows, counts } = found
      const most = (row: ReadonlyArray<number>): number => row.reduce((a, b) => a + b, 0)
      const cells = (row: ReadonlyArray<number>): ReadonlyArray<Cell> =>
        row.map(n => ({
          markup: n === 0 ? '·' : Crossed.count(n),
          shade: n > 0.75 * most(row) ? 'h3' : n > 0.4 * most(row) ? 'h2' : n > 0.1 * most(row) ? 'h1' : ''
        }))
      return `<h3>${escape(`Beside ${name}, which it was not shown`)}</h3>
${grid({
  caption: `Components beside ${name}`,
  isDense: fit.mixture.weights.length > 8,
  head: [escape(name), ...Array.from(fit.mixture.weights, (_, k) => component(k))],
  rows: rows.map((one, c) => [escape(Crossed.classOf(one)), cells(counts[c])] as const)
})}
<p class="soft">Rows of each class by their most probable component. ${minus(Crossed.sentence(found))}</p>`
    })
    .join('\n')

const looked = (fit: Findings): string => {
  const { loadings } = figures.view(fit)
  return (
    `<div class="first">${figure(figures.data(fit))}</div>` +
    (loadings.length === 0
      ? ''
      : details(
          'What the directions are made of',
          `<ul>${loadings.map(text => `<li>${escape(text)}</li>`).join('')}</ul>`
        ))
  )
}

/** How far the parameters are known; nothing where nobody asked. */
const known = (fit: Findings): string => {
  const found = ofBootstrap(fit)
  if (found === null) return ''
  const { text, table } = found
  return table === null
    ? `<p>${escape(text)}</p>\n`
    : `${details('How far is it known?', `<p>${escape(text)}</p>\n${plain('Intervals', table)}`, table.rows.length > lines)}\n`
}

/** Which components are one cluster; nothing of fewer than three. */
const merged = (fit: Findings): string => {
  const drawn = figures.merging(fit)
  return drawn === null ? '' : details('Which components are one cluster?', figure(drawn))
}

/** What tests say of the number of components; nothing where nobody asked. */
const tested = (fit: Findings): string => {
  const found = ofTests(fit)
  if (found === null) return ''
  const { text, table } = found
  return table === null || table.rows.length === 0
    ? `<p>${escape(text)}</p>\n`
    : `${details('How many components? A test', `<p>${escape(text)}</p>\n${plain('Tests of the number of components', table)}`)}\n`
}

// -- how was it learned ------------------------------------------------------------------------------------------------

const facts = (fit: Findings): string => {
  const { statistics, points, recipe, seed } = fit
  const entries: ReadonlyArray<readonly [string, string]> = [
    [
      'rows',
      points.weights === undefined
        ? String(statistics.rows)
        : `${statistics.rows}, of weight ${show(statistics.sizes.reduce((sum, size) => sum + size, 0))}`
    ],
    ['log-likelihood per row', minus(show(statistics.logLikelihood))],
    ['BIC', minus(show(statistics.bic))],
    ['ICL', minus(show(statistics.icl))],
    ['parameters', String(statistics.parameters)],
    ['steps', String(steps(fit))],
    ['recipe', escape(recipe)],
    ['seed', String(seed)]
  ]
  return `<dl>${entries.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

/** The fit beside others of the same data; nothing where there are none. */
const beside = (fits: readonly [Findings, ...ReadonlyArray<Findings>]): string => {
  if (fits.length < 2) return ''
  const { table, means, reason } = comparison(fits)
  return `<section>
<h2>The same data, learned in other ways</h2>
${plain('The same data, learned in other ways', table)}
<ul>${means.map(([recipe, text]) => `<li>${escape(`${recipe}: ${text}`)}</li>`).join('')}</ul>
<p>${escape(capital(reason))}</p>
</section>
`
}

/** What each stage minimised, by which means, and how it ended. */
export const stageTable = (stages: Findings['stages']): string =>
  `<div class="stages">${grid({
    caption: 'Stages',
    head: ['stage', 'ended'],
    rows: stages.map(
      (stage, i) =>
        [
          `<strong>${i + 1}.</strong> ${escape(sentence(tidy(stage.formula)))} <span class="soft">${escape(capital(tidy(stage.means)))}.</span>`,
          [{ markup: escape(ending(stage)) }]
        ] as const
    )
  })}</div>`

const learned = (fit: Findings): string => {
  const { pipeline, plan, stages } = fit
  const curves = figures.scales(stages).map((scale, i) => figure(figures.objective(stages, scale, i)))
  return `<section>
<h2>How was it learned?</h2>
${details(
  `${capital(fit.recipe)}, ${plural(stages.length, 'stage')}, ${plural(steps(fit), 'step')}, seed ${fit.seed}`,
  `${facts(fit)}
<h3>Stages</h3>
${stageTable(stages)}
<h3>The objective, step by step</h3>
<p class="soft">Stages that minimise the same stand on one axis; a dotted line is where one begins.</p>
<div class="panels">${curves.join('\n')}</div>
<h3>The pipeline as mathematics</h3>
${pre(tidy(Pipeline.formula(pipeline)))}
<h3>The pipeline as code</h3>
${pre(Pipeline.show(pipeline))}
<h3>How it was computed</h3>
${pre(plan)}`,
  true
)}
</section>`
}

/** What any page has about what it says. */
export const document = (
  { title, version, seed }: { readonly title: string; readonly version: string; readonly seed: number },
  body: string
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
<footer>ornstein${version === '' ? '' : ` ${escape(version)}`}, seed ${seed}. The same data, pipeline and seed give the same numbers.</footer>
</body>
</html>
`

/** The page: of a fit, beside others of the same data. `version` is that of the program. */
export const page = (fit: Findings, version: string, others: ReadonlyArray<Findings> = []): string => {
  const source = baseName(fit.source)
  const heading = title(fit)
  const trust = Trust.trust(fit)
  const all = verdicts(fit, trust)
  return document(
    { title: `${heading} in ${source}`, version, seed: fit.seed },
    `<header>
<h1>${escape(capital(heading))}</h1>
${found(fit)}${summary(all)}
${next(fit, all)}
${looked(fit)}
</header>
<section>
<h2>What was found</h2>
${components(fit)}
<p class="soft">${escape(units(fit))}</p>
${known(fit)}${tested(fit)}${merged(fit)}${crossing(fit)}</section>
${trusted(fit, trust, all)}
${beside([fit, ...others])}${learned(fit)}`
  )
}
