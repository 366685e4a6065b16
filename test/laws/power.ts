/**
 * `npm run laws:power -- [--seeds N] [--runs N] [--minutes N] [--concept NAME] [--vocabulary] [--all] [--resume]`: the corpus of inventions under
 * the laws. It prints what escapes, a line for each seed, and a table by concept and by law. It ends after so many minutes of processor time with what it has; `--resume` goes on where a run was stopped. The
 * first seed holds what is right to `--runs` cases of every law, as a user does, the others to a tenth of them. With `--all` the first seed
 * asks every law of what is wrong, not only until it is caught. With `--vocabulary` the inventions are the language's own values, which are right.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { corpus, type Invention } from './corpus/index.js'
import { summary, verdicts, type Verdict } from './corpus/power.js'
import { held } from './instances.js'

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    runs: { type: 'string', default: '100' },
    minutes: { type: 'string', default: '30' },
    concept: { type: 'string', multiple: true, default: [] },
    vocabulary: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false }
  }
})

const inventions: ReadonlyArray<Invention> = options.vocabulary
  ? held.flatMap(({ concept, values }) =>
      values.map(({ code, laws }) => ({ concept, name: code, law: null, held: () => laws }))
    )
  : corpus

/** What is known: a line of JSON for each verdict. */
const record = 'reports/laws-power.jsonl'
if (!options.resume) rmSync(record, { force: true })
mkdirSync(dirname(record), { recursive: true })
const recorded = existsSync(record)
  ? readFileSync(record, 'utf8')
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Verdict)
  : []

const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => i + 1)
const minutes = (): number => process.cpuUsage().user / 6e7
const goesOn = (): boolean => minutes() < Number(options.minutes)

// A run that is stopped has written what it knew by the seed before.
const found = seeds.reduce<ReadonlyArray<Verdict>>((before, seed) => {
  const own = verdicts(
    inventions,
    seed,
    [...before, ...recorded.filter(verdict => verdict.seed === seed)],
    verdict => {
      const { concept, name, wrong, by } = verdict
      if (!recorded.includes(verdict)) appendFileSync(record, `${JSON.stringify(verdict)}\n`)
      if (wrong === by.length > 0) return
      console.log(`${wrong ? 'escaped' : 'FALSE ALARM'}\t${concept}\t${name}\tseed ${seed}\t${by.join(', ')}`)
    },
    { all: options.all, numRuns: Number(options.runs), goesOn, concepts: options.concept }
  )
  if (own.length === 0) return before
  const [wrong, right] = [true, false].map(wrong => own.filter(verdict => verdict.wrong === wrong))
  const [caught, alarms] = [wrong, right].map(some => some.filter(({ by }) => by.length > 0).length)
  console.log(
    `seed ${seed}: ${caught} of ${wrong.length} caught, ${alarms} false alarms in ${right.length}, ${minutes().toFixed(1)} min`
  )
  return [...before, ...own]
}, [])
console.log(summary(found))
process.exitCode = found.some(({ wrong, by }) => !wrong && by.length > 0) ? 1 : 0
