/** A fit as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. */
import { Pipeline, Points } from '../index.js'
import * as charts from './charts.js'
import { comparison } from './comparison.js'
import {
  candidates,
  chosen,
  ending,
  floored,
  hasUnitVariance,
  ignored,
  isPair,
  outcome,
  redundancies,
  steps,
  title,
  type Fit
} from './Fit.js'
import { ofMixture, show, tidy, type Table } from '../fit/table.js'

const { escape } = charts

const style = `
:root { color-scheme: light dark; --page: #fff; --ink: #1a1d21; --soft: #565d66; --line: #e4e7eb; --bar: #c3cad3; --panel: #f6f7f9;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b8579a; --c4: #c98b00; --c5: #3fa4db; --c6: #6b6f76; --c7: #8a7d00 }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --ink: #e8eaed; --soft: #a3abb5; --line: #2c3238; --bar: #4a535d; --panel: #1c2024;
  --c0: #4ba3e3; --c1: #f2803a; --c2: #2cc295; --c3: #e08bc6; --c4: #e6b03c; --c5: #8fd0f5; --c6: #a7adb5; --c7: #d0c53f } }
@media print { :root { color-scheme: light; --page: #fff; --ink: #000; --soft: #444; --line: #ddd; --bar: #bbb; --panel: #fff;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b8579a; --c4: #c98b00; --c5: #3fa4db; --c6: #6b6f76; --c7: #8a7d00 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 47rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; font-weight: 650 }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .7rem; font-weight: 650 }
h3 { font-size: .95rem; margin: 1.2rem 0 .4rem; font-weight: 600 }
p, figcaption { margin: .4rem 0; overflow-wrap: anywhere }
.lead, figcaption { color: var(--soft) }
figcaption { font-size: .88rem }
figure { margin: 0 }
svg { display: block; width: 100%; height: auto; margin: 0 auto; font-family: inherit }
.swatch { display: inline-block; width: .8em; height: .8em; vertical-align: -.06em; margin-right: .4em }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .9rem 1.2rem; margin: 1.4rem 0 0 }
dt { font-size: .82rem; color: var(--soft) }
dd { margin: 0; font-size: 1.1rem; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .4rem .7rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: bottom }
td { white-space: nowrap }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
thead th { font-weight: 600; font-size: .88rem; color: var(--soft) }
tbody th { font-weight: 600 }
ul { margin: .8rem 0; padding-left: 1.2rem }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.6rem }
.panels svg { margin: 0 }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; margin: 0; font-size: .82rem; line-height: 1.5;
  white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace }
footer { margin-top: 2.6rem; padding-top: .8rem; border-top: 1px solid var(--line); font-size: .85rem; color: var(--soft) }
@media print { body { max-width: none; padding: 0; font-size: 11pt } figure, table, pre { break-inside: avoid } h2, h3 { break-after: avoid } }
`

const swatch = (k: number): string =>
  `<svg class="swatch" viewBox="-1.3 -1.3 2.6 2.6" aria-hidden="true"><path d="${charts.shape(k)}" fill="${charts.colour(k)}"/></svg>`

const table = ({ columns, mixture }: Fit): string => {
  const { header, rows, isTurned } = ofMixture(columns, mixture)
  // Where a line is a component, its number heads the line; else the numbers head the columns.
  const named = (text: string, k: number, isComponent: boolean): string =>
    `${isComponent ? swatch(k) : ''}${escape(text)}`
  const head = header.map((text, j) => `<th scope="col">${named(text, j - 1, isTurned && j > 0)}</th>`).join('')
  const body = rows
    .map(
      ([first, ...rest], i) =>
        `<tr><th scope="row">${named(first, i, !isTurned)}</th>${rest.map(cell => `<td>${minus(cell)}</td>`).join('')}</tr>`
    )
    .join('\n')
  return `<div class="wide"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`
}

const plain = ({ header, rows }: Table): string => {
  const head = header.map(text => `<th scope="col">${escape(text)}</th>`).join('')
  const body = rows
    .map(
      ([first, ...rest]) =>
        `<tr><th scope="row">${escape(first)}</th>${rest.map(cell => `<td>${minus(cell)}</td>`).join('')}</tr>`
    )
    .join('\n')
  return `<div class="wide"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`
}

/** A number with a minus sign as long as a plus. */
const minus = (text: string): string => escape(text).replace(/^-/, '−')

const facts = (fit: Fit): string => {
  const { statistics, points, recipe, seed } = fit
  const total = Points.totalWeight(points)
  const entries: ReadonlyArray<readonly [string, string]> = [
    ['rows', points.weights === undefined ? String(points.rows) : `${points.rows}, of weight ${show(total)}`],
    ['log-likelihood per row', minus(show(statistics.logLikelihood))],
    ['BIC', minus(show(statistics.bic))],
    ['parameters', String(statistics.parameters)],
    ['steps', String(steps(fit))],
    ['ended', { converged: 'converged', complete: 'after all steps', stopped: 'stopped' }[outcome(fit)]],
    ['recipe', escape(recipe)],
    ['seed', String(seed)]
  ]
  return `<dl>${entries.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

/** What it was chosen from, and how; nothing where nothing was left open. */
const choice = ({ choice }: Fit): string =>
  choice === null
    ? ''
    : `<section>
<h2>What it was chosen from</h2>
<p>${escape(chosen(choice, choice.candidates.length))}</p>
${plain(candidates(choice, 12))}
</section>
`

/** The fit beside others of the same data; nothing where there are none. */
const beside = (fits: readonly [Fit, ...ReadonlyArray<Fit>]): string => {
  if (fits.length < 2) return ''
  const { table, means, reason } = comparison(fits)
  return `<section>
<h2>The same data, learned in other ways</h2>
${plain(table)}
<ul>${means.map(([recipe, text]) => `<li>${escape(`${recipe}: ${text}`)}</li>`).join('')}</ul>
<p>${escape(capital(reason))}</p>
</section>
`
}

const units = (fit: Fit): string =>
  [
    fit.scaling === null
      ? 'Learned from the columns as they are.'
      : 'Learned from standardized columns (mean 0, standard deviation 1); all numbers here are back in the units of the data.',
    isPair(fit)
      ? `The pair is symmetric about ${fit.scaling === null ? '0' : "the data's mean"}, with variance 1 in the units it was learned in.`
      : hasUnitVariance(fit)
        ? 'Components have equal weights, and variance 1 in the units they were learned in.'
        : ''
  ]
    .join(' ')
    .trim()

const capital = (text: string): string => text.replace(/^[a-z]/, first => first.toUpperCase())
const sentence = (text: string): string => `${capital(text)}.`

const pre = (text: string): string => `<pre><code>${escape(text)}</code></pre>`

/** The page: of a fit, beside others of the same data. `version` is that of the program. */
export const page = async (fit: Fit, version: string, others: ReadonlyArray<Fit> = []): Promise<string> => {
  const data = charts.data(fit)
  const picture = await charts.draw(data, 'data')
  const panels = await Promise.all(
    fit.stages.map(async (stage, i) => {
      const chart = charts.objective(stage, i)
      const drawn = stage.values.length === 0 ? '' : await charts.draw(chart, `stage-${i + 1}`)
      return (
        `<figure><h3>${escape(chart.title)}</h3>${drawn}` +
        `<figcaption>${escape(`${sentence(tidy(stage.formula))} ${sentence(ending(stage))} ${chart.note}`.trim())}</figcaption></figure>`
      )
    })
  )
  const { columns, dropped, pipeline, plan } = fit
  const source = fit.source.replace(/^.*[\\/]/, '')
  const heading = title(fit)
  const left = [
    ...(fit.ignored.length > 0 ? [`Columns not used: ${ignored(fit)}.`] : []),
    ...(dropped > 0 ? [`Rows dropped for a missing cell: ${dropped}.`] : [])
  ].join(' ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(`${heading} in ${source}`)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1>${escape(capital(heading))}</h1>
<p class="lead">learned from ${escape(source)}: ${escape(columns.join(', '))}. ${escape(left)}</p>
${facts(fit)}
</header>
<section>
<h2>${escape(data.title)}</h2>
<figure>${picture}<figcaption>${escape(data.note)}</figcaption></figure>
</section>
<section>
<h2>Components</h2>
${table(fit)}
<p class="lead">${escape(units(fit))}</p>
${[...redundancies(fit), ...floored(fit)].map(text => `<p>${escape(text)}</p>`).join('\n')}
</section>
${choice(fit)}${beside([fit, ...others])}<section>
<h2>The objective, stage by stage</h2>
<div class="panels">${panels.join('\n')}</div>
${fit.stages.length > 1 ? '<p class="lead">Each stage has an objective of its own, and so an axis of its own.</p>' : ''}
</section>
<section>
<h2>How it was learned</h2>
<h3>The pipeline as mathematics</h3>
${pre(Pipeline.formula(pipeline))}
<h3>The pipeline as code</h3>
${pre(Pipeline.show(pipeline))}
<h3>How it was computed</h3>
${pre(plan)}
</section>
</main>
<footer>ornstein ${escape(version)}, seed ${fit.seed}. The same data, pipeline and seed give the same numbers.</footer>
</body>
</html>
`
}
