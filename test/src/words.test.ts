/** Of every word of every concept: its formula, its JSON, and what is refused of each of its numbers, in test/golden/words.txt. */
import { expect, it } from 'vitest'
import * as glossary from '../../src/cli/glossary.js'
import * as ornstein from '../../src/index.js'
import { Case, Problem } from '../../src/index.js'
import { golden } from '../golden/golden.js'

interface Concept {
  readonly problems?: (value: Case.AnyValue) => unknown
}

/** Both sides of every bound that a field has, and the bounds. */
const ladder = [NaN, -Infinity, -1, -0.5, 0, Number.MIN_VALUE, 0.5, 1, 1.5, 2, 64, 65, Infinity]

/** The numbers in a value and in what stands in it, with the value that has another there. */
const numbers = (value: Case.AnyValue): ReadonlyArray<readonly [string, number, (to: number) => Case.AnyValue]> =>
  Object.entries(value).flatMap(([name, old]) =>
    typeof old === 'number' ? [[name, old, (to: number) => Case.changed({ [name]: to })(value)] as const] : []
  )

/** What is wrong with a value: by its concept, where that needs nothing else to say so. */
const wrong = (value: Case.AnyValue, { problems }: Concept): ReadonlyArray<string> => {
  const said: unknown = problems?.(value)
  return (Array.isArray(said) ? (said as ReadonlyArray<Problem.Problem>) : Case.problems(value)).map(Problem.show)
}

/** What is said of numbers that are refused: the numbers, and the message once. */
const refused = (value: Case.AnyValue, of: Concept): ReadonlyArray<string> => {
  const all = numbers(value)
  const siblings = all.flatMap(([, old]) => [old, old / 2, 2 * old])
  return all.flatMap(([name, , changed]) => {
    const said = new Map<string, number[]>()
    for (const x of [...new Set([...ladder, ...siblings])].sort((a, b) => a - b))
      for (const text of wrong(changed(x), of)) {
        const shown = text.replace(String(x), '⋯')
        said.set(shown, [...(said.get(shown) ?? []), x])
      }
    return [...said].map(([text, xs]) => `    ${name} ${xs.join(' ')}: ${text}`)
  })
}

const words = glossary.vocabulary.flatMap(({ concept, words }) =>
  words.map(word => ({ ...word, of: (ornstein as Readonly<Record<string, object>>)[concept] as Concept }))
)

const { Clock, Optimizer, Rate, Region, Schedule } = ornstein
/** What no example shows: names in a list, parts in parts, numbers that are left out. */
const others = [
  Optimizer.only(['a', 'b'], Optimizer.sign),
  Optimizer.partition({ means: Optimizer.project(Region.ball({ radius: 2 })), 'log variances': Optimizer.freeze('a') }),
  Rate.piecewise(Rate.linear({ rate: 0, final: 1, steps: 4 }), [{ from: 4, rate: 0.01 }]),
  Schedule.reparametrized(Clock.affine({ scale: 2 }))(Schedule.reparametrized(Clock.power(2))(Schedule.cosine()))
].map(example => ({ name: 'other', code: '', example: example as Case.AnyValue, of: {} as Concept }))

it('every word is in order, prints, goes through JSON unchanged, and refuses what it did', async () => {
  await golden(
    'words',
    [...words, ...others].flatMap(({ name, code, example, of }) => {
      if (!Case.isValue(example)) return [`${name}  ${code}`]
      const json = JSON.stringify(Case.encode(example))
      expect(wrong(example, of), name).toEqual([])
      const inner = Case.placed(example).slice(1, 9)
      return [
        `${name}  ${Case.show(example)}`,
        `    ${Case.formula(example)}`,
        `    ${json.slice(0, 400)}`,
        ...refused(example, of),
        ...inner.flatMap(({ path, value }) => refused(value, {}).map(line => `  ${path}${line}`))
      ]
    })
  )
})
