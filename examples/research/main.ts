/**
 * Runs the programs of this folder, or those named on the command line, and writes what they found to docs/research.md and
 * their pictures to docs/research: `npm run examples:research`, `npm run examples:research -- reflow`. A program is any other file
 * here that exports `program`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { format } from 'oxfmt'
import type { Outcome, Program } from './program.js'

const here = new URL('.', import.meta.url)
const names = readdirSync(here)
  .filter(name => name.endsWith('.js') && !['main.js', 'program.js'].includes(name))
  .map(name => name.slice(0, -3))
const asked = process.argv.slice(2)

/** Lines of substance: without imports, comments, empty lines, and what stands after the line that begins the check. */
const linesOf = (name: string): number => {
  const [program] = readFileSync(`examples/research/${name}.ts`, 'utf8').split('// —— check')
  return program
    .replace(/\/\*\*[^]*?\*\//g, '')
    .replace(/^import [^]*?from '.*'$/gm, '')
    .split('\n')
    .filter(line => line.trim() !== '' && !line.trim().startsWith('//')).length
}

const digits = (x: number): string =>
  x === 0 ? '0' : Math.abs(x) < 1e-3 ? x.toExponential(1) : String(Number(x.toPrecision(4)))

const section = (name: string, { title }: Program, { plan, checks, picture }: Outcome): string =>
  [
    `## ${title}`,
    '',
    `[\`examples/research/${name}.ts\`](../examples/research/${name}.ts), ${linesOf(name)} lines.`,
    '',
    '```text',
    plan,
    '```',
    '',
    '| quantity | result | expected | tolerance | source of the expected value |',
    '| --- | ---: | ---: | ---: | --- |',
    ...checks.map(
      ({ what, found, wanted, within, by }) =>
        `| ${[what.replaceAll('|', '\\|'), digits(found), digits(wanted), digits(within), by].join(' | ')} |`
    ),
    ...(picture === undefined ? [] : ['', `![${title}](research/${name}.svg)`]),
    ''
  ].join('\n')

mkdirSync('docs/research', { recursive: true })
const rows: Array<string> = []
const sections: Array<string> = []
for (const name of names.filter(name => asked.length === 0 || asked.includes(name))) {
  const { program } = (await import(new URL(`${name}.js`, here).href)) as { readonly program: Program }
  const begun = performance.now()
  const outcome = await program.run(1)
  const seconds = (performance.now() - begun) / 1000
  const worst = Math.max(...outcome.checks.map(({ found, wanted }) => Math.abs(found - wanted)))
  const wrong = outcome.checks.filter(({ found, wanted, within }) => !(Math.abs(found - wanted) <= within))
  console.log(`${name}: ${seconds.toFixed(1)} s, ${wrong.length === 0 ? 'as it should be' : JSON.stringify(wrong)}`)
  if (wrong.length > 0) process.exitCode = 1
  if (outcome.picture !== undefined) writeFileSync(`docs/research/${name}.svg`, String(outcome.picture))
  const engines = [...new Set(outcome.plan.match(/by (compiled|interpreted|closed form)/g) ?? [outcome.plan])].join(
    ', '
  )
  rows.push(`| ${program.title} | ${linesOf(name)} | ${engines.replaceAll('by ', '')} | ${digits(worst)} |`)
  sections.push(section(name, program, outcome))
}
const page = `# Programs of papers

Each section is a method from a paper, written as a program of \`examples/research\`, and compares its results with a closed form, or with numbers of
SciPy or PyTorch. \`npm run examples:research\` writes this page; \`npm test\` runs the same programs with fewer steps.

| program | lines | computed | largest difference |
| --- | ---: | --- | ---: |
${rows.join('\n')}

${sections.join('\n')}`
const { code } = await format(
  'docs/research.md',
  page,
  JSON.parse(readFileSync('.oxfmtrc.json', 'utf8')) as Record<string, unknown>
)
if (asked.length === 0) writeFileSync('docs/research.md', code)
