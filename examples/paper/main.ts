/**
 * Runs the paper's programs with the full budget, or those named on the command line, and writes their figures to
 * docs/paper and their sections to docs/paper.md, the page of pictures docs/theorems.md from these: `npm run paper`,
 * `npm run paper -- two-gaussians`. With `--quick` it tells what it found, and writes nothing; with `--pictures` it
 * runs nothing, and writes docs/theorems.md from the sections as they are.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ornstein from 'ornstein'
import * as float64 from 'ornstein/float64'
import { format } from 'oxfmt'
import { showCell, type Budget, type Declared, type Figure, type Main, type Report, type Table } from './frame.js'
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
const PICTURES = 'docs/theorems.md'
const FIGURES = 'docs/paper'

const head = `# The paper, reproduced

_Learning Mixtures of Gaussians Using the DDPM Objective_ (Shah, Chen & Klivans 2023,
[arXiv 2307.01178](https://arxiv.org/abs/2307.01178)): each claim as a program of \`examples/paper\`, what it measured, and
what becomes of the claim where an assumption is changed. \`npm run paper\` writes this page;
\`npm run paper -- two-gaussians\` one section of it. The programs are written in the language: what is run is what is
printed as code. A number in brackets after another is the end of its 95 % confidence interval. Same seeds, same bits.

`

const headOfPictures = `# The theorems in pictures

What _Learning Mixtures of Gaussians Using the DDPM Objective_ (Shah, Chen & Klivans 2023,
[arXiv 2307.01178](https://arxiv.org/abs/2307.01178)) proves, and what lies beyond it: each claim, a picture of it, the
first thing that was measured, and the program. [The paper, reproduced](paper.md) has all numbers and how they were
measured. \`npm run paper\` writes this page.

`

const cell = (text: string): string => text.replaceAll('|', '\\|')

const table = ({ caption, header, rows }: Table): string =>
  [
    `_${caption}_`,
    '',
    `| ${header.map(cell).join(' | ')} |`,
    `| ${header.map((_, j) => (rows.every(row => typeof row[j] === 'string') ? '---' : '---:')).join(' | ')} |`,
    ...rows.map(row => `| ${row.map(value => cell(showCell(value))).join(' | ')} |`)
  ].join('\n')

/** Pipelines as a program of their own, with what they import. */
const code = (pipelines: ReadonlyArray<Declared>): string => {
  const body = pipelines.map(({ name, code }) => `export const ${name} = ${code}`).join('\n\n')
  const used = [...new Set([...body.matchAll(/\b([A-Z]\w+)\.\w+/g)].map(([, name]) => name))].sort()
  const language = used.filter(name => name in ornstein)
  const ground = used.filter(name => name in float64 && !(name in ornstein))
  return [
    '```ts',
    `import { ${language.join(', ')} } from 'ornstein'`,
    ...(ground.length === 0 ? [] : [`import { ${ground.join(', ')} } from 'ornstein/float64'`]),
    '',
    body,
    '```'
  ].join('\n')
}

const section = (
  name: string,
  { title, claim, setting, findings, pipelines, tables, figures }: Report<unknown>
): string =>
  [
    `## ${title}`,
    `**Claim.** ${claim}`,
    `**Found.**`,
    findings.map(finding => `- ${finding}`).join('\n'),
    ...figures.flatMap(figure => [`![${figure.description}](paper/${name}-${figure.name}.svg)`, figure.caption]),
    ...tables.map(table),
    '**How.**',
    ...setting,
    ...(pipelines.length === 0 ? [] : ['<details><summary>The pipelines</summary>', code(pipelines), '</details>'])
  ].join('\n\n')

/** The sections that a document has, by the names of their programs. */
const sectionsOf = (document: string): ReadonlyMap<string, string> =>
  new Map(
    [...document.matchAll(/<!-- program: (\S+) -->(.*?)<!-- end: \1 -->/gs)].map(([, name, text]) => [
      name,
      text.trim()
    ])
  )

/** The document of sections, numbered in the order of the programs. */
const assembled = (sections: ReadonlyMap<string, string>): string => {
  const place = (name: string): number => programs.findIndex(program => program.name === name)
  const known = [...sections].filter(([name]) => place(name) >= 0).sort(([a], [b]) => place(a) - place(b))
  return [
    head,
    ...known.map(([name, text]) => {
      const numbered = text.replace(/^## (?:\d+\. )?/, `## ${place(name) + 1}. `)
      return `<!-- program: ${name} -->\n\n${numbered}\n\n<!-- end: ${name} -->\n\n`
    })
  ].join('')
}

/** The place of a heading in a page, as the site and GitHub name it. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-')

/** Of each section of a document its claim, its first finding and its first picture. */
const pictures = (document: string): string =>
  headOfPictures +
  [...sectionsOf(document)]
    .map(([name, text]) => {
      const [, title = ''] = /^## (.*)/.exec(text) ?? []
      const [, claim = ''] = /\*\*Claim\.\*\* (.*?)\n\n/s.exec(text) ?? []
      const [, finding = ''] = /\*\*Found\.\*\*\n\n- (.*?)\n(?:- |\n)/s.exec(text) ?? []
      const [picture = '', caption = ''] = /!\[[^\]]*\]\([^)]*\)\n\n.*?(?=\n\n)/s.exec(text)?.[0].split('\n\n') ?? []
      return [
        `## ${title}`,
        claim,
        picture,
        caption,
        `**Measured.** ${finding.replace(/\n\s*/g, ' ')}`,
        `[The program](../examples/paper/${name}.ts) · [its numbers](paper.md#${anchor(title)})`
      ].join('\n\n')
    })
    .join('\n\n')

/** A figure as a file. */
const pictureOf = ({ name, description, caption, drawn }: Figure): string =>
  ornstein.Picture.svg(ornstein.Picture.of(drawn, { name, title: description, description: caption }))

const save = async (file: string, text: string): Promise<void> => {
  const style = JSON.parse(readFileSync('.oxfmtrc.json', 'utf8')) as Record<string, unknown>
  writeFileSync(file, (await format(file, text, { ...style, proseWrap: 'always' })).code)
}

const write = async (name: string, report: Report<unknown>): Promise<void> => {
  mkdirSync(FIGURES, { recursive: true })
  for (const figure of report.figures) writeFileSync(join(FIGURES, `${name}-${figure.name}.svg`), pictureOf(figure))
  const sections = sectionsOf(existsSync(FILE) ? readFileSync(FILE, 'utf8') : '')
  await save(FILE, assembled(new Map([...sections, [name, section(name, report)]])))
  await save(PICTURES, pictures(readFileSync(FILE, 'utf8')))
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
  }
}

const [budgets, names] = [
  process.argv.slice(2).filter(argument => argument.startsWith('--')),
  process.argv.slice(2).filter(argument => !argument.startsWith('--'))
]
if (budgets.includes('--pictures')) await save(PICTURES, pictures(readFileSync(FILE, 'utf8')))
else await run(names, budgets.includes('--quick') ? 'quick' : 'full')
