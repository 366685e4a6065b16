/**
 * `npm run laws:power -- [--seeds N] [--write]`: the corpus of inventions under the laws, as a user would hold it. It prints what
 * escapes, and a table by concept and by law, which `--write` puts into docs/laws.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { summary, verdicts } from './corpus/power.js'

const { values: options } = parseArgs({
  options: { seeds: { type: 'string', default: '20' }, write: { type: 'boolean', default: false } }
})

const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => i + 1)
const found = verdicts(seeds, ({ concept, name, wrong, seed, by }) => {
  if (wrong === by.length > 0) return
  console.log(`${wrong ? 'escaped' : 'FALSE ALARM'}\t${concept}\t${name}\tseed ${seed}\t${by.join(', ')}`)
})
const table = summary(found)
console.log(table)
if (options.write) {
  const page = 'docs/laws.md'
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, text.replace(/(<!-- power -->)[^]*?(<!-- end power -->)/, `$1\n\n${table}\n\n$2`))
}
process.exitCode = found.some(({ wrong, by }) => !wrong && by.length > 0) ? 1 : 0
