/** What is made of the command line's description of itself, and of the vocabulary: help, schema, a first pipeline. */
import { afterAll, describe, expect, it } from 'vitest'
import { schemaOf } from '../../../src/cli/commands/new.js'
import { commands } from '../../../src/cli/usage.js'
import { optionName } from '../../../src/cli/option.js'
import { standardVocabulary } from '../../../src/cli/glossary.js'
import { Vocabulary } from '../../../src/index.js'
import * as Case from '../../../src/core/case.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

describe('the help', () => {
  const all = commands.flatMap(({ name, summary, description, operands, options }) => [
    ...[summary, description].map(text => [name, text] as const),
    ...operands.map(one => [`${name} ${one.name}`, one.about] as const),
    ...Object.entries(options).map(([key, { about }]) => [`${name} ${key}`, about] as const)
  ])

  it('of fit describes fifteen options, names all others under a title, and describes these where all are asked for', async () => {
    const fit = commands[0]
    const titled = Object.values(fit.groups ?? {}).flat()
    const everyday = Object.keys(fit.options).filter(key => !titled.includes(key))
    const more = titled
    expect(everyday.sort()).toEqual(
      ['columns', 'components', 'criterion', 'exclude', 'family', 'json', 'labels', 'missing']
        .concat(['out', 'quiet', 'report', 'robust', 'seed', 'starts', 'weights'])
        .sort()
    )
    expect([...everyday, ...more].sort()).toEqual(Object.keys(fit.options).sort())
    const { stdout: short } = await ornstein('fit --help')
    const [described, named = ''] = short.split('More options')
    const { stdout: all } = await ornstein('fit --help all')
    expect((await ornstein('help fit all')).stdout).toBe(all)
    for (const key of everyday) expect(described).toMatch(new RegExp(`^  (-., )?${optionName(key)} `, 'm'))
    for (const key of more) {
      expect(described).not.toMatch(new RegExp(`^  (-., )?${optionName(key)}\\b`, 'm'))
      expect(named).toContain(optionName(key))
      expect(all).toMatch(new RegExp(`^  (-., )?${optionName(key)}\\b`, 'm'))
    }
    // One screen.
    expect(short.split('\n').length).toBeLessThan(80)
  })

  it('has no line of more than 100 cells, however wide the terminal', async () => {
    const terminal = { out: 300, err: 300, isColoured: false }
    for (const line of ['--help', ...commands.map(({ name }) => `${name} --help`)])
      for (const text of (await ornstein(line, { terminal })).stdout.split('\n')) expect(text.length).toBeLessThan(101)
  })

  it('has the words of the field, and none of the house', () => {
    const house =
      /\b((?<!time-)laws?|tells?|anew|polished|settled?|spread|belief|doubts?|to the bit|by itself|(?<!-)(?<!split-and-merge )moves|now and then|found out|words? of (your|its) own|stand still|in turn)\b/
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter(([, text]) => house.test(text))).toEqual([])
  })

  it('has one idea a sentence, of 25 words at the most', () => {
    const sentences = all.flatMap(([of, text]) => text.split(/[.:;] (?=\D)/).map(sentence => [of, sentence] as const))
    expect(sentences.filter(([, sentence]) => sentence.split(/\s+/).length > 25)).toEqual([])
  })
})

describe('a first pipeline', () => {
  it('is written beside its schema, read, explained and run', async () => {
    const { exit, stdout } = await ornstein('new @pipeline.json')
    expect([exit, stdout.slice(0, 44)]).toEqual([0, 'Wrote pipeline.json and ornstein.schema.json'])
    expect(JSON.parse(here.read('pipeline.json'))).toMatchObject({ $schema: './ornstein.schema.json' })
    expect(JSON.parse(here.read('ornstein.schema.json'))).toEqual(JSON.parse((await ornstein('schema')).stdout))
    expect((await ornstein('explain @pipeline.json')).exit).toBe(0)
    const { stdout: found } = await ornstein('fit %faithful.csv --standardize --pipeline @pipeline.json')
    expect(found).toMatch(/^\d+ rows of \S+ fall into 2 groups: /)
  })
})

interface Form {
  readonly properties: Readonly<Record<string, { readonly description?: string; readonly default?: unknown }>>
  readonly required?: ReadonlyArray<string>
}
interface Schema {
  readonly definitions: Readonly<
    Record<
      string,
      {
        readonly properties: { readonly _tag: { readonly enum: ReadonlyArray<string> } }
        readonly allOf: ReadonlyArray<{
          readonly if: { readonly properties: { readonly _tag: { readonly const: string } } }
          readonly then: Form
        }>
      }
    >
  >
}

it('the schema has each word of the vocabulary, with the fields that its JSON has', () => {
  const { definitions } = schemaOf(Vocabulary.standard) as unknown as Schema
  const examples = standardVocabulary.flatMap(({ words }) => words.map(({ example }) => example)).filter(Case.isValue)
  const met = new Set<string>()
  for (const example of examples) {
    const { concept, fields } = Case.caseOf(example)
    if (Object.values(fields).some(({ code }) => code)) continue
    const { _tag, ...json } = Case.encode(example) as Record<string, unknown>
    met.add(`${concept}.${String(_tag)}`)
    expect(definitions[concept].properties._tag.enum).toContain(_tag)
    const form = definitions[concept].allOf.find(one => one.if.properties._tag.const === _tag)?.then
    expect(Object.keys(form?.properties ?? {}).sort()).toEqual(Object.keys(json).sort())
    for (const name of form?.required ?? []) expect(json).toHaveProperty(name)
  }
  const all = Object.entries(definitions).flatMap(([concept, { properties }]) =>
    properties._tag.enum.map(name => `${concept}.${name}`)
  )
  // A pipeline's own words stand at the top, and are no word of another.
  expect(all.filter(name => !met.has(name) && !name.startsWith('Pipeline.'))).toEqual([])
  expect(met.size).toBeGreaterThan(80)
})
