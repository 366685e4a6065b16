/**
 * Runs the paper's programs with the full budget, or those named on the command line: `npm run paper`, `npm run paper -- two-gaussians`.
 * Prints what they found and their tables, and writes their figures to docs/paper and their sections to docs/paper.md. With `--quick` it
 * writes nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Picture } from 'ornstein'
import { format } from 'oxfmt'
import { showCell, type Budget, type Figure, type Main, type Report, type Table } from './frame.js'
import * as expectationMaximization from './expectation-maximization.js'
import * as generalMixtures from './general-mixtures.js'
import * as maximumLikelihood from './maximum-likelihood.js'
import * as overParameterized from './over-parameterized.js'
import * as sampling from './sampling.js'
import * as simplicity from './simplicity.js'
import * as spectral from './spectral.js'
import * as twoGaussians from './two-gaussians.js'
import * as warmStart from './warm-start.js'

/** In the order of the document. */
const programs: ReadonlyArray<{ readonly name: string; readonly main: Main<unknown> }> = [
  { name: 'two-gaussians', main: twoGaussians.main },
  { name: 'warm-start', main: warmStart.main },
  { name: 'expectation-maximization', main: expectationMaximization.main },
  { name: 'spectral', main: spectral.main },
  { name: 'maximum-likelihood', main: maximumLikelihood.main },
  { name: 'over-parameterized', main: overParameterized.main },
  { name: 'simplicity', main: simplicity.main },
  { name: 'general-mixtures', main: generalMixtures.main },
  { name: 'sampling', main: sampling.main }
]

const FILE = 'docs/paper.md'
const FIGURES = 'docs/paper'

const cell = (text: string): string => text.replaceAll('|', '\\|')

const table = ({ caption, header, rows }: Table): string =>
  [
    `_${caption}_`,
    '',
    `| ${header.map(cell).join(' | ')} |`,
    `| ${header.map((_, j) => (rows.every(row => typeof row[j] === 'string') ? '---' : '---:')).join(' | ')} |`,
    ...rows.map(row => `| ${row.map(value => cell(showCell(value))).join(' | ')} |`)
  ].join('\n')

/** The section of a program, which stands in the page between marks. */
const section = (name: string, at: number, { title, claim, setting, findings, figures }: Report<unknown>): string =>
  [
    `<!-- program: ${name} -->`,
    `## ${at + 1}. ${title}`,
    `**Claim.** ${claim}`,
    `**Found.**`,
    findings.map(finding => `- ${finding}`).join('\n'),
    ...figures.flatMap(figure => [`![${figure.description}](paper/${name}-${figure.name}.svg)`, figure.caption]),
    `**How** ([the program](../examples/paper/${name}.ts)).`,
    ...setting,
    `<!-- end: ${name} -->`
  ].join('\n\n')

/** A figure as a file. */
const pictureOf = ({ name, description, caption, drawn }: Figure): string =>
  Picture.svg(Picture.of(drawn, { name, title: description, description: caption }))

const write = async (name: string, report: Report<unknown>): Promise<void> => {
  mkdirSync(FIGURES, { recursive: true })
  for (const figure of report.figures) writeFileSync(join(FIGURES, `${name}-${figure.name}.svg`), pictureOf(figure))
  const at = programs.findIndex(program => program.name === name)
  const page = readFileSync(FILE, 'utf8').replace(
    new RegExp(`<!-- program: ${name} -->.*<!-- end: ${name} -->`, 's'),
    () => section(name, at, report)
  )
  const style = JSON.parse(readFileSync('.oxfmtrc.json', 'utf8')) as Record<string, unknown>
  writeFileSync(FILE, (await format(FILE, page, { ...style, proseWrap: 'always' })).code)
}

const run = async (names: ReadonlyArray<string>, budget: Budget): Promise<void> => {
  const unknown = names.filter(name => !programs.some(program => program.name === name))
  if (unknown.length > 0) {
    console.error(`${unknown.join(', ')}: not one of ${programs.map(({ name }) => name).join(', ')}`)
    process.exitCode = 1
    return
  }
  for (const { name, main } of programs) {
    if (names.length > 0 && !names.includes(name)) continue
    console.log(`${name} …`)
    const started = performance.now()
    const report = main(budget)
    if (budget === 'full') await write(name, report)
    console.log(`  ${((performance.now() - started) / 1000).toFixed(0)} s`)
    for (const finding of report.findings) console.log(`  - ${finding}`)
    for (const one of report.tables) console.log(`\n${table(one)}`)
  }
}

const budgets = process.argv.slice(2).filter(argument => argument.startsWith('--'))
const names = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
await run(names, budgets.includes('--quick') ? 'quick' : 'full')
