/** Counterexamples as complete scripts. */
import { exactText } from '../../lib/plain/said.js'
import * as Float64 from '../../lib/index.js'
import * as Ornstein from '../index.js'
import { Expectation, Vocabulary } from '../index.js'
import * as Case from '../core/case.js'
import { showExpectation } from './arbitraries.js'
import { mapLaws } from './check.js'
import type { Law, Laws } from './law.js'

/** Source of a function, with import rewriting by test runners undone. */
const functionSource = (f: (...args: ReadonlyArray<never>) => unknown): string =>
  f
    .toString()
    .replace(/\(0,\s*[\w$]+\.([\w$]+)\)/g, '$1')
    .replace(/__vi_import_\d+__\.|__vite_ssr_import_\d+__\./g, '')

const isFunction = (u: unknown): u is (...args: ReadonlyArray<never>) => unknown => typeof u === 'function'

const codeIn = (value: Case.AnyValue): ReadonlyArray<string> =>
  Case.parts(value).flatMap(part =>
    Object.entries(part[Case.ofCase].fields).flatMap(([name, { code }]) => {
      const held = Case.field(part, name)
      return code && isFunction(held) ? [functionSource(held)] : []
    })
  )

const functionSourcesIn = (value: unknown): ReadonlyArray<string> => {
  if (Case.isValue(value)) return codeIn(value)
  if (isFunction(value)) return [functionSource(value)]
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
    ? Object.values(value).flatMap(functionSourcesIn)
    : []
}

const caseAsCode = (value: Case.AnyValue): string => {
  if (Expectation.concept.is(value)) return showExpectation(value)
  const [first, ...rest] = Case.show(value).split('…')
  const code = codeIn(value)
  return code.length === rest.length ? first + rest.map((text, i) => code[i] + text).join('') : Case.show(value)
}

const isWord = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name)

/**
 * Returns the code that builds a value, also of points, parameters and functions.
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
  if (typeof value === 'number') return exactText(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (isFunction(value)) return Case.isValue(value) ? Case.show(value) : functionSource(value)
  if (value instanceof Float64Array) return `Float64Array.of(${Array.from(value, codeOf).join(', ')})`
  if (Array.isArray(value)) return `[${value.map(codeOf).join(', ')}]`
  if (Case.isValue(value)) return caseAsCode(value)
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
    return entries.length === 0
      ? '{}'
      : `{ ${entries.map(([name, inner]) => `${isWord(name) ? name : JSON.stringify(name)}: ${codeOf(inner)}`).join(', ')} }`
  }
  return String(value)
}

/** Names `concept.case` of the cases in a value that the library does not define. */
const customCasesIn = (value: unknown): ReadonlyArray<string> =>
  Case.isValue(value)
    ? Case.parts(value).flatMap(part => {
        const { concept, name } = part[Case.ofCase]
        return Vocabulary.standard.cases.has(`${concept}.${name}`) ? [] : [`${concept}.${name}`]
      })
    : typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
      ? Object.values(value).flatMap(customCasesIn)
      : []

/** True if the library's words alone build the value, without functions or custom cases. */
export const isBuiltByCode = (value: unknown): boolean =>
  customCasesIn(value).length === 0 && !/=>|\bfunction\b/.test(codeOf(value))

export interface Made {
  readonly by: string
  readonly of: ReadonlyArray<unknown>
}

/** Exported names of each module; a function, since modules import each other. */
const exportedWords = (): Readonly<Record<string, ReadonlyArray<string>>> => {
  const main = Object.keys(Ornstein)
  return { ornstein: main, 'ornstein/float64': Object.keys(Float64).filter(word => !main.includes(word)) }
}

/** Identifiers that code calls or reads a member of. */
const calledWords = (code: string): ReadonlySet<string> =>
  new Set(code.match(/(?<![.\w$])[A-Za-z_$][\w$]*(?=\s*[.(])/g) ?? [])

/**
 * Imports of the library's names in printed code; commented out if only users' functions contain them, since a helper may have the same
 * name.
 */
const importsOf = (printedCode: string, userCode: string): ReadonlyArray<string> => {
  const printed = calledWords(printedCode)
  const used = calledWords(userCode)
  const modules = Object.entries(exportedWords())
  const importsIf = (isImported: (word: string) => boolean): ReadonlyArray<string> =>
    modules.flatMap(([module, words]) => {
      const names = words.filter(isImported)
      return names.length === 0 ? [] : [`import { ${names.join(', ')} } from '${module}'`]
    })
  const possible = importsIf(word => used.has(word) && !printed.has(word))
  return [
    ...importsIf(word => printed.has(word)),
    `import * as laws from 'ornstein/laws'`,
    ...(possible.length === 0
      ? []
      : [
          "// Your functions use names that the library has too. If they are the library's, uncomment; otherwise define them here.",
          ...possible.map(line => `// ${line}`)
        ])
  ]
}

/** Script that fails as the law did on a case; custom cases must be defined in it. */
export const scriptOf = ({ by, of }: Made, { name, statement }: Law, value: unknown): string => {
  const own = [...new Set([...of, value].flatMap(customCasesIn))]
  const body = [
    `const held = laws.${by}(${of.map(codeOf).join(', ')})`,
    `const found = laws.named(${JSON.stringify(name)})(held)`,
    `found.on(${codeOf(value)})`
  ].join('\n')
  // Longest first, since one may contain another.
  const sources = [...of, value]
    .flatMap(functionSourcesIn)
    .filter(source => body.includes(source))
    .sort((a, b) => b.length - a.length)
  const printedCode = sources.reduce((code, source) => code.replaceAll(source, ''), body)
  return [
    `// ${name}`,
    `// ${statement}`,
    ...importsOf(printedCode, sources.join('\n')),
    ...own.map(word => `// ↓ put here your ${word}`),
    '',
    body
  ].join('\n')
}

/** Returns the laws with counterexamples printed as scripts. */
export const scripted = (made: Made, laws: ReadonlyArray<Law> | Laws): Laws =>
  mapLaws(law => law.shownBy?.(value => scriptOf(made, law, value)) ?? law)(laws)
