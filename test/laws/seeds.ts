/**
 * Every value of the vocabulary under every law of its concept, as a user would hold it: fast-check's 100 cases, over many
 * seeds. `npm run laws:seeds -- --help` says how.
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
  --resume        leave out what passed in the last night, and go on from there
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

/** The greatest processor time of one law, of fast-check's hundred cases. */
const limit = 5

interface Count {
  readonly laws: number
  readonly failures: number
  readonly slow: number
}

const none: Count = { laws: 0, failures: 0, slow: 0 }

const total = held
  .filter(({ concept }) => options.concept?.includes(concept) ?? true)
  .map(({ concept, values }) => {
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
        if (whole && failed.length === 0 && !isSlow) appendFileSync(record, `${done}\n`)
        return { laws: laws + 1, failures: failures + failed.length, slow: slow + (isSlow ? 1 : 0) }
      }, none)
    console.log(
      `${concept}: ${count.laws} laws, ${seeds.length} seeds, ${numRuns} cases of each: ${count.failures} failures, ` +
        `${count.slow} too slow, ${(processor() - begun).toFixed(0)} s`
    )
    return count
  })
  .reduce((a, b) => ({ laws: a.laws + b.laws, failures: a.failures + b.failures, slow: a.slow + b.slow }), none)

if (total.laws === 0) console.log('no such law')
process.exitCode = total.laws === 0 || total.failures + total.slow > 0 ? 1 : 0
