/** The vocabulary is whole, `ornstein list` prints it, and docs/vocabulary.md is it: `npx vitest run test/src/vocabulary -u`. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { afterAll, describe, expect, it } from 'vitest'
import { square, sum } from '../../lib/index.js'
import { expectations, schedules, scores, vocabulary, type Word } from '../../src/cli/glossary.js'
import * as ornstein from '../../src/index.js'
import { areSameBits, throughText } from '../../src/laws/bits.js'
import { formatted } from '../formatted.js'
import { instancesOf } from '../laws/instances.js'
import { rows, sampleOf } from '../laws/samples.js'
import { Case, Compile, Expectation, Objective, Schedule, TimeLaw, Vocabulary, type Points } from '../../src/index.js'
import { place } from './cli/harness.js'

const namespaces: Readonly<Record<string, object>> = ornstein

/** What the concepts export beside their constructors. */
const others = new Set(
  [
    'show formula lossFormula weightFormula fold problems codec interpret anyInterpret stateCodec step iterates estimate',
    'rateInForce needsDeterminism misfits level logSnr timeOfLogSnr logSnrRange drift diffusion until preservesVariance',
    'equalNoise sameNoise timeProblems affine power evenLogSnr draw isDeterministic coefficients convert perRow',
    'convertTensor targetTensor weight degree terms isMatching retimed shapes degreesOfFreedom tensors evaluate mixture',
    'assumesUnitVariance fromClean all concept define field extent draws at from project simple Monoid exact learned compile transport trajectory sample logDensity times quadrature',
    'varianceFloor'
  ].flatMap(names => names.split(' '))
)

/** Names that are a constructor in one concept, and something else in another. */
const shared: Readonly<Record<string, ReadonlyArray<string>>> = {
  TimeGrid: ['logSnr'],
  Expectation: ['quadrature'],
  Rate: ['step'],
  TimeLaw: ['at'],
  Objective: ['weight'],
  Optimizer: ['project']
}

const evaluated = (code: string): unknown =>
  // The code of an example, with the names that a user would import.
  // oxlint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function(...Object.keys(namespaces), `return ${code}`)(...Object.values(namespaces))

describe('the vocabulary', () => {
  it.each(vocabulary)('$concept: every constructor that is exported, and no other', ({ concept, words }) => {
    const own = shared[concept] ?? []
    // A case is known by itself; of concepts whose cases are tags, the names that are no constructors are listed above.
    const cases = Object.entries<unknown>({ ...namespaces[concept] }).filter(
      ([, value]) =>
        ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
        Case.ofCase in value &&
        (value[Case.ofCase] as { readonly concept: string }).concept === concept
    )
    const { recipes = [] } = namespaces[concept] as { readonly recipes?: ReadonlyArray<Vocabulary.Recipe> }
    const short = recipes.map(({ name }) => name.replace(`${concept}.`, ''))
    expect(short.filter(name => !(name in namespaces[concept]))).toEqual([])
    const exported =
      cases.length > 0
        ? [...cases.map(([name]) => name), ...short]
        : Object.keys(namespaces[concept]).filter(name => own.includes(name) || !others.has(name))
    expect([...new Set(words.map(({ name }) => name))].sort()).toEqual(
      // A recipe may have the name of its case: `implicit`, with the divergence estimated.
      [...new Set(exported)].map(name => `${concept}.${name}`).sort()
    )
  })

  it('every code builds its example', () => {
    const words = vocabulary.flatMap(({ words }) => words).filter(({ code }) => !/…| × /.test(code))
    expect(words.map(({ code }) => [code, evaluated(code)])).toEqual(words.map(({ code, example }) => [code, example]))
  })
})

describe('ornstein list', () => {
  const { ornstein, remove } = place()
  afterAll(remove)

  it('prints every word once, on a line of its own', async () => {
    const { exit, stdout, stderr } = await ornstein('list')
    expect([exit, stderr]).toEqual([0, ''])
    const lines = stdout.split('\n')
    const all = vocabulary.flatMap(({ words }) => words)
    for (const { name, about } of all)
      expect(lines.filter(line => line.startsWith(`  ${name} `) && line.includes(`  ${about}`))).toHaveLength(1)
    expect(lines.filter(line => line.startsWith('  '))).toHaveLength(all.length)
  })

  it('prints one concept, aligned', async () => {
    for (const word of ['region', 'Region', 'regions'])
      expect((await ornstein(`list ${word}`)).stdout).toBe(
        [
          'Region: where Optimizer.project holds parameters',
          '  Region.ball              |x| ≤ radius',
          '  Region.box               least ≤ x_i ≤ most',
          '  Region.simplex           x_i ≥ 0, Σ x_i = total',
          '  Region.nonNegative       x_i ≥ 0',
          '  Region.orthonormal       MᵀM = I, of matrices of at least as many rows as columns',
          '  Region.positiveDefinite  M = Mᵀ, no eigenvalue below least',
          ''
        ].join('\n')
      )
    expect((await ornstein('list time-laws')).stdout).toMatch(/^TimeLaw: /)
  })

  it('prints JSON', async () => {
    const { stdout } = await ornstein('list --json expectation')
    const [{ words }] = JSON.parse(stdout) as [{ words: ReadonlyArray<unknown> }]
    expect(words[1]).toEqual({
      name: 'Expectation.quadrature',
      about: 'to 1e-12 in the one direction that matters to the pair',
      formula: null,
      code: 'Expectation.quadrature()'
    })
  })

  it('refuses what is no concept', async () => {
    const { exit, stdout, stderr } = await ornstein('list optimiser')
    expect([exit, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      /^error: CONCEPT: optimiser is not one of Schedule, Clock, TimeLaw, .*; try Optimizer, or leave it out to see them all\n$/
    )
  })

  it('has a help', async () => {
    expect((await ornstein('list --help')).stdout).toMatch(/\$ ornstein list optimizer/)
    expect((await ornstein('--help')).stdout).toMatch(
      /list \[options\] \[CONCEPT\] +list the building blocks of pipelines/
    )
  })
})

// —— the page ——

const cell = (text: string): string => text.replace(/[|*_\\]/g, '\\$&')
const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [header, header.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')

const words = vocabulary
  .map(({ concept, about, words }) => {
    const hasFormula = words.some(({ formula }) => formula !== null)
    return (
      `### ${concept}\n\n${cell(about[0].toUpperCase() + about.slice(1))}.\n\n` +
      table(
        ['', '', ...(hasFormula ? ['the example in mathematics'] : [])],
        words.map(({ name, about, formula }) => [
          `\`${name}\``,
          cell(about),
          ...(hasFormula ? [cell(formula ?? '')] : [])
        ])
      )
    )
  })
  .join('\n\n')

/** How many of the values have something: all, or all but those that are named. */
const among = (words: ReadonlyArray<Word>, has: (word: Word) => boolean): string => {
  const without = [...new Set(words.filter(word => !has(word)).map(({ name }) => name))]
  return without.length === 0 ? 'all' : `all but ${without.map(name => `\`${name}\``).join(', ')}`
}

interface Reads {
  readonly show: (value: unknown) => string
  readonly codec: t.Type<unknown, unknown> | ((vocabulary: Vocabulary.Vocabulary) => t.Type<unknown, unknown>)
}

/** For each concept, asks every value whether it prints and survives JSON, its arbitrary for it, and its laws how many. */
const owns = (): string =>
  table(
    ['', 'values', 'print as code', 'survive JSON', 'come from its arbitrary', 'laws of each'],
    vocabulary.map(({ concept, words }) => {
      // Every concept has a printer and a codec, which the index knows by name only.
      const { show, codec: own } = namespaces[concept] as Reads
      const codec = typeof own === 'function' ? own(Vocabulary.standard) : own
      const built = (word: Word): unknown => {
        const code = show(word.example)
        const value = /…|\d × \d/.test(code) ? undefined : evaluated(code)
        return value
      }
      const row = rows.find(({ name }) => name === concept)
      const drawn = new Set(row === undefined ? [] : sampleOf(row).map(({ value }) => value._tag))
      const { by, values } = instancesOf(concept)
      const counts = values.map(({ laws }) => laws.length)
      const [least, most] = [Math.min(...counts), Math.max(...counts)]
      return [
        concept,
        String(words.length),
        among(words, word => areSameBits(built(word), word.example)),
        among(words, ({ example }) => {
          const read = codec.decode(throughText(codec.encode(example)))
          return E.isRight(read) && areSameBits(read.right, example)
        }),
        among(words, ({ example }) => drawn.has((example as { readonly _tag: string })._tag)),
        `\`${by}\`: ${least === most ? least : `${least} to ${most}`}`
      ]
    })
  )

const data: Points.Points = { rows: 8, dim: 2, values: Float64Array.from({ length: 16 }, (_, i) => Math.cos(i)) }

/** Asks Compile, for each score and objective, which expectations it takes. */
const support = (): string => {
  const at = TimeLaw.at(0.3)
  const kinds: ReadonlyArray<readonly [string, Objective.Objective]> = [
    ['denoising', Objective.denoising(at)],
    ['implicit', Objective.implicit(at)],
    ['implicit, estimated divergence', Objective.implicit(at, { divergence: 'hutchinson' })],
    ['likelihood', Objective.likelihood],
    ['regularizer', Objective.regularizer({ norm: 'l2' })],
    ['custom', Objective.custom('mine', at, ({ score }) => sum(square(score), 1))]
  ]
  const serves = expectations.words.map(({ name, example }) => ({
    name: name.replace('Expectation.', ''),
    expectation: Case.isMadeBy(Expectation.fixed)(example) ? Expectation.fixed(data) : example
  }))
  const names = serves.map(({ name }) => name)
  return table(
    ['', ...scores.words.map(({ name }) => `\`${name}\``)],
    kinds.map(([kind, objective]) => [
      kind,
      ...scores.words.map(({ example: score }) => {
        const taken = serves
          .filter(({ expectation }) =>
            E.isRight(
              // No code of a user's is to be tried, and what is refused is so before anything is compiled.
              Compile.valueAndGrad(
                { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation },
                { isTried: true, evaluations: 1 }
              )(data)
            )
          )
          .map(({ name }) => name)
        return taken.length === names.length ? 'all' : taken.length === 0 ? '—' : taken.join(', ')
      })
    ])
  )
}

const digits = (x: number): string =>
  (Number.isFinite(x) ? String(Number(x.toPrecision(4))) : x > 0 ? '∞' : '-∞').replace(/^-/, '−')

/** α, σ and log-SNR at the quarters of the schedule's time; of an endless one, of its first 4. */
const levels = (): string =>
  table(
    ['schedule', 't', 'α', 'σ', 'log-SNR'],
    schedules.words
      .filter(({ example }) => !Case.isMadeBy(Schedule.custom)(example))
      .flatMap(({ name, example }) => {
        const last = Schedule.until(example)
        return [0, 0.25, 0.5, 0.75, 1].map((share, i) => {
          const t = share * (last < Infinity ? last : 4)
          const { alpha, sigma } = Schedule.level(t)(example)
          const numbers = [t, alpha, sigma, Schedule.logSnr(t)(example)]
          return [i === 0 ? `\`${name}\`` : '', ...numbers.map(digits)]
        })
      })
  )

it('docs/vocabulary.md is the vocabulary', async () => {
  const page = fileURLToPath(new URL('../../docs/vocabulary.md', import.meta.url))
  const before = readFileSync(page, 'utf8')
  const sections: Readonly<Record<string, string>> = {
    words,
    owns: owns(),
    support: support(),
    levels: levels()
  }
  const text = before.replace(
    /(<!-- vocabulary: (\w+) -->)[^]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => `${begin}\n\n${sections[name]}\n\n${end}`
  )
  await expect(await formatted(page, text)).toMatchFileSnapshot(page)
})
