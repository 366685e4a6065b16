/** Counterexamples as scripts: complete, to be pasted, and failing when run. */
import { exact } from '../../lib/plain/said.js'
import * as Float64 from '../../lib/index.js'
import { type Vocabulary as Words } from '../core/index.js'
import { Case, Expectation, Vocabulary } from '../index.js'
import { showExpectation } from './arbitraries.js'
import { eachLaw } from './check.js'
import type { Law, Laws } from './law.js'

/** A function as the code that it was written in; what test runners make of imports is undone. */
const sourceOf = (f: (...args: ReadonlyArray<never>) => unknown): string =>
  f
    .toString()
    .replace(/\(0,\s*[\w$]+\.([\w$]+)\)/g, '$1')
    .replace(/__vi_import_\d+__\.|__vite_ssr_import_\d+__\./g, '')

const isFunction = (u: unknown): u is (...args: ReadonlyArray<never>) => unknown => typeof u === 'function'

/** Functions in a description, in the order in which its code mentions them. */
const codeIn = (value: Case.AnyValue): ReadonlyArray<string> =>
  Case.parts(value).flatMap(part =>
    Object.entries(part[Case.ofCase].fields).flatMap(([name, { code }]) => {
      const held = Case.field(part, name)
      return code && isFunction(held) ? [sourceOf(held)] : []
    })
  )

/** A description as code, its functions written out. */
const described = (value: Case.AnyValue): string => {
  if (Expectation.concept.is(value)) return showExpectation(value)
  const [first, ...rest] = Case.show(value).split('…')
  const code = codeIn(value)
  return code.length === rest.length ? first + rest.map((text, i) => code[i] + text).join('') : Case.show(value)
}

const isWord = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name)

/**
 * A value as the code that builds it: descriptions, points, parameters, arrays and records of them, functions as they were
 * written.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Schedule } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * assert.equal(
 *   laws.codeOf({ schedule: Schedule.edm, row: Float64Array.of(0, -1) }),
 *   '{ schedule: Schedule.edm, row: Float64Array.of(0, -1) }'
 * )
 */
export const codeOf = (value: unknown): string => {
  if (typeof value === 'number') return exact(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (isFunction(value)) return Case.isValue(value) ? Case.show(value) : sourceOf(value)
  if (value instanceof Float64Array) return `Float64Array.of(${Array.from(value, codeOf).join(', ')})`
  if (Array.isArray(value)) return `[${value.map(codeOf).join(', ')}]`
  if (Case.isValue(value)) return described(value)
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
    return entries.length === 0
      ? '{}'
      : `{ ${entries.map(([name, inner]) => `${isWord(name) ? name : JSON.stringify(name)}: ${codeOf(inner)}`).join(', ')} }`
  }
  return String(value)
}

/** The names that `ornstein` is imported for. */
const NAMES = [
  ...[
    'Clock',
    'Covariance',
    'Expectation',
    'Initializer',
    'Mixture',
    'Net',
    'Objective',
    'Optimizer',
    'Parametrization',
    'Params'
  ],
  ...['Pipeline', 'Rate', 'Region', 'Sampler', 'Schedule', 'Score', 'Stage', 'TimeGrid', 'TimeLaw', 'Weighting']
]

const mentioned = (code: string): ((name: string) => boolean) => {
  const words = new Set(code.match(/(?<![.\w$])[A-Za-z_$][\w$]*(?=\s*[.(])/g) ?? [])
  return name => words.has(name)
}

/** Cases of one's own, which a script needs the definition of. */
const ownIn = (values: ReadonlyArray<unknown>, words: Words.Vocabulary): ReadonlyArray<string> => {
  const within = (value: unknown): ReadonlyArray<Case.AnyValue> =>
    Case.isValue(value)
      ? Case.parts(value)
      : Array.isArray(value)
        ? value.flatMap(within)
        : typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
          ? Object.values(value).flatMap(within)
          : []
  return [
    ...new Set(
      values
        .flatMap(within)
        .map(part => part[Case.ofCase])
        .filter(({ concept, name }) => !words.cases.has(`${concept}.${name}`))
        .map(({ concept, name }) => `${concept}.${name}`)
    )
  ]
}

/** Whether code alone builds a value: of the words of the library, and without functions. */
export const isPlain = (value: unknown): boolean =>
  ownIn([value], Vocabulary.standard).length === 0 && !/=>|\bfunction\b/.test(codeOf(value))

/** How laws are made: the function of `ornstein/laws`, and what it is given. */
export interface Made {
  readonly by: string
  readonly of: ReadonlyArray<unknown>
  /** What they are laws of; the first of these unless given. */
  readonly instance?: unknown
}

/** Where a script finds what a user made. */
export interface Source {
  /** The module of yours that a script imports your cases from, each by its name, as the script is to write it: `./mine.js`. */
  readonly from?: string
  /** The name under which that module exports the instance itself, whose functions need then not be written out. */
  readonly as?: string
}

/** Options without where what they are of is found. */
export const withoutSource = (options: Source): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'from' && name !== 'as'))

const imported = (names: ReadonlyArray<string>, from: string): ReadonlyArray<string> =>
  names.length === 0 ? [] : [`import { ${names.join(', ')} } from '${from}'`]

const MINE = 'mine'

/** The imports of what code mentions. */
export const importsOf = (code: string): string => {
  const uses = mentioned(code)
  return [
    ...imported(NAMES.filter(uses), 'ornstein'),
    ...imported(
      Object.keys(Float64)
        .filter(word => !NAMES.includes(word))
        .filter(uses)
        .sort((a, b) => (a < b ? -1 : 1)),
      'ornstein/float64'
    )
  ].join('\n')
}

/** The script that fails as the law did on a case. */
export const scriptOf = (
  { by, of, instance = of[0] }: Made,
  { name, statement }: Law,
  value: unknown,
  { from, as }: Source = {}
): string => {
  const own = ownIn([...of, value], Vocabulary.standard)
  // What the module exports whole is not described again.
  const whole = from === undefined || as === undefined ? null : codeOf(instance)
  const mine = (code: string): string =>
    own.reduce(
      (code, word) =>
        code.replaceAll(new RegExp(`(?<![\\w$.])${word}(?![\\w$])`, 'g'), `${MINE}.${word.split('.')[1]}`),
      whole === null ? code : code.replaceAll(whole, `${MINE}.${as}`)
    )
  const body = mine(
    [
      `const held = laws.${by}(${of.map(codeOf).join(', ')})`,
      `const found = laws.named(${JSON.stringify(name)})(held)`,
      `found.on(${codeOf(value)})`
    ].join('\n')
  )
  const needsMine = new RegExp(`(?<![\\w$.])${MINE}\\.`).test(body)
  return [
    `// ${name}`,
    `// ${statement}`,
    ...[importsOf(body)].filter(text => text !== ''),
    `import * as laws from 'ornstein/laws'`,
    ...(needsMine
      ? from === undefined
        ? [
            `// ↓ put here the module that exports your ${own.join(', ')}: laws.check(…, { from: './yours.js' }) writes it`,
            `import * as ${MINE} from './${MINE}.js'`
          ]
        : [`import * as ${MINE} from ${JSON.stringify(from).replaceAll('"', "'")}`]
      : []),
    '',
    body
  ].join('\n')
}

/** The laws, with counterexamples printed as scripts that fail when run. */
export const scripted = (made: Made, laws: ReadonlyArray<Law> | Laws, source: Source = {}): Laws =>
  eachLaw(law => {
    const shown = law.shownBy?.(value => scriptOf(made, law, value, source)) ?? law
    return law.option === undefined ? shown : { ...shown, option: law.option }
  })(laws)
