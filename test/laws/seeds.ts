/**
 * Every value of the vocabulary under every law of its concept, as a user would hold it: fast-check's 100 cases, over many
 * seeds. It ends with a table, and as a failure if any law failed. `npm run laws:seeds -- --help` says how.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { held } from './instances.js'

const { values: options } = parseArgs({
  options: {
    concept: { type: 'string', multiple: true },
    value: { type: 'string' },
    law: { type: 'string' },
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    path: { type: 'string' },
    runs: { type: 'string', default: '100' },
    resume: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})

if (options.help) {
  console.log(`npm run laws:seeds -- [options]

  --concept NAME  this concept alone; may be repeated
  --value CODE    values whose code begins so
  --law NAME      this law alone
  --seeds N       how many seeds (20), from --first (1) on
  --runs N        cases of each (100, as fast-check has it)
  --resume        leave out what passed before, and go on from there
  --seed S --path P   one case: what is printed of a failure`)
  process.exit(0)
}

/** What has passed: a line of JSON for each value and law. */
const record = 'reports/laws-seeds.jsonl'

const seeds =
  options.seed === undefined
    ? Array.from({ length: Number(options.seeds) }, (_, i) => Number(options.first) + i)
    : [Number(options.seed)]
const numRuns = Number(options.runs)

/** Of one case nothing is recorded. */
const whole = options.seed === undefined
if (whole && !options.resume) rmSync(record, { force: true })
mkdirSync(dirname(record), { recursive: true })
const asked = JSON.stringify([seeds, numRuns])
const passed = new Set(whole && existsSync(record) ? readFileSync(record, 'utf8').split('\n') : [])

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const processor = (): number => process.cpuUsage().user / 1e6

/** Seconds of processor time above which a law of fast-check's hundred cases is told to be slow; that is no failure. */
const limit = 3

interface Count {
  readonly laws: number
  /** The seed of each failure. */
  readonly failures: ReadonlyArray<number>
  readonly slow: number
}

const none: Count = { laws: 0, failures: [], slow: 0 }

interface Row extends Count {
  readonly concept: string
  readonly values: number
  readonly seconds: number
}

const rows = held
  .filter(({ concept }) => options.concept?.includes(concept) ?? true)
  .map(({ concept, values }): Row => {
    const begun = processor()
    const count = values
      .filter(({ code }) => code.startsWith(options.value ?? ''))
      .flatMap(({ code, laws }) => laws.map(law => ({ code, law })))
      .filter(({ law }) => options.law === undefined || law.name === options.law)
      .reduce<Count>(({ laws, failures, slow }, { code, law }) => {
        const done = JSON.stringify([concept, code, law.name, asked])
        if (passed.has(done)) return { laws: laws + 1, failures, slow }
        const start = processor()
        const failed = seeds.filter(seed => {
          const verdict = fc.check(law.property, {
            seed,
            numRuns,
            ...(options.path === undefined ? {} : { path: options.path })
          })
          if (!verdict.failed) return false
          console.log(
            `✗ ${concept}, ${code}: ${law.name}\n  npm run laws:seeds -- --concept ${concept} --value ${quoted(code)} ` +
              `--law ${quoted(law.name)} --seed ${seed} --path ${verdict.counterexamplePath ?? ''}\n` +
              `  ${String(verdict.errorInstance)}\n${fc.stringify(verdict.counterexample)}`
          )
          return true
        })
        const seconds = (processor() - start) / seeds.length
        const isSlow = seconds > limit
        if (isSlow) console.log(`◷ ${concept}, ${code}: ${law.name}: ${seconds.toFixed(1)} s of processor time a seed`)
        if (whole && failed.length === 0) appendFileSync(record, `${done}\n`)
        return { laws: laws + 1, failures: [...failures, ...failed], slow: slow + (isSlow ? 1 : 0) }
      }, none)
    const row = { concept, values: values.length, seconds: processor() - begun, ...count }
    console.log(`${concept}: ${count.laws} laws, ${count.failures.length} failures`)
    return row
  })
  .filter(({ laws }) => laws > 0)

const table = [
  ['concept', 'values', 'laws', 'seeds', 'failures', 'by seed', 'slow', 'seconds'],
  ...rows.map(({ concept, values, laws, failures, slow, seconds }) => [
    concept,
    values,
    laws,
    seeds.length,
    failures.length,
    seeds
      .map(seed => [seed, failures.filter(failed => failed === seed).length])
      .filter(([, times]) => times > 0)
      .map(([seed, times]) => `${seed}: ${times}`)
      .join(', ') || '–',
    slow,
    seconds.toFixed(0)
  ])
].map(row => row.map(String))
const widths = table[0].map((_, j) => Math.max(...table.map(row => row[j].length)))
const lined = table.map(row =>
  row
    .map((cell, j) => cell.padEnd(widths[j]))
    .join('  ')
    .trimEnd()
)
console.log(rows.length === 0 ? 'no such law' : `\n${lined.join('\n')}`)

process.exitCode = rows.length === 0 || rows.some(({ failures }) => failures.length > 0) ? 1 : 0
