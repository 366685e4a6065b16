/** Vocabularies: the cases that JSON can contain; lists, documentation and arbitraries of them. */
import * as t from 'io-ts'
// oxlint-disable-next-line @typescript-eslint/ban-ts-comment -- where it is there, there is nothing to expect
/** @ts-ignore: an optional peer of users; without it, arbitraries are of any type */
import type * as Fc from 'fast-check'
import { encode, field, isValue, ofCase, perField, show, type AnyValue, type Case } from './case.js'
import type { ConceptOf } from './concept.js'
import { isLeft, isRight, left, right, type Either } from './either.js'
import type { Fields, Problems } from './field.js'
import * as Problem from './problem.js'
import { hasCode } from './record.js'
import { refuse } from '../../lib/plain/refuse.js'
import { foldUp } from './walk.js'
import { nearestWords, withArticle as article, quotedValue } from './spelling.js'

/** Constructor, case without fields, or description that contains code. */
export interface Entry {
  readonly [ofCase]: Case<string, unknown>
}

type AnyNamedCase = Case<string, unknown>

export interface Vocabulary {
  readonly cases: ReadonlyMap<string, AnyNamedCase>
  /** Descriptions of cases with code, such as `Score.custom`, by concept, tag and name. */
  readonly code: ReadonlyMap<string, AnyValue>
}

const wordOf = ({ concept, name }: AnyNamedCase): string => `${concept}.${name}`
/** Key of a description with code: `Objective.custom("mine")`. */
const codeKey = (word: string, name: unknown): string => `${word}(${JSON.stringify(name)})`

/** Vocabulary without words. */
export const empty: Vocabulary = { cases: new Map(), code: new Map() }

/**
 * Adds words to a vocabulary.
 *
 * @throws RangeError if two cases of a concept have one name, since JSON could not distinguish them
 */
export const extend = (vocabulary: Vocabulary, entries: ReadonlyArray<Entry>): Vocabulary => {
  const cases = new Map(vocabulary.cases)
  const code = new Map(vocabulary.code)
  entries.forEach(entry => {
    const word = wordOf(entry[ofCase])
    const met = cases.get(word)
    if (met !== undefined && met !== entry[ofCase]) refuse(`${word}: it is not a new word; give your case another name`)
    cases.set(word, entry[ofCase])
    if (isValue(entry) && hasCode(entry[ofCase])) code.set(codeKey(word, field(entry, 'name')), entry)
  })
  return { cases, code }
}

/** Vocabulary of the given words. */
export const of = (entries: ReadonlyArray<Entry>): Vocabulary => extend(empty, entries)

const casesOfConcept = (vocabulary: Vocabulary, concept: string): ReadonlyArray<AnyNamedCase> =>
  [...vocabulary.cases.values()].filter(c => c.concept === concept)

// —— JSON ——

interface JsonNode {
  readonly path: string
  readonly concept: string
  readonly json: unknown
  readonly case: AnyNamedCase | null
}

const quotedWords = (words: ReadonlyArray<string>): string => words.map(w => `'${w}'`).join(', ')

/** Decodes a description from JSON, or returns all problems of its form. */
export const decodeDescription =
  (vocabulary: Vocabulary) =>
  <T extends AnyValue>(concept: Pick<ConceptOf<T>, 'name' | 'is'>) =>
  (json: unknown): Either<Problems, T> =>
    decodeTree(vocabulary, concept, json)

const decodeTree = <T extends AnyValue>(
  vocabulary: Vocabulary,
  concept: Pick<ConceptOf<T>, 'name' | 'is'>,
  json: unknown
): Either<Problems, T> => {
  const decoded = foldUp<JsonNode, Either<Problems, AnyValue>>(
    jsonNode(vocabulary, '', concept.name, json),
    node => nestedJsonNodes(vocabulary, node),
    (node, results) => decodeNode(vocabulary, node, results)
  )
  if (isLeft(decoded)) return decoded
  return concept.is(decoded.right)
    ? right(decoded.right)
    : left([Problem.of('', quotedValue(json), article(concept.name), 'name a case of it')])
}

const joinJsonPath = (path: string, inner: string): string => (path === '' ? inner : `${path}.${inner}`)

const jsonNode = (vocabulary: Vocabulary, path: string, concept: string, json: unknown): JsonNode => {
  const tag = field(json, '_tag')
  const met = typeof tag === 'string' ? vocabulary.cases.get(`${concept}.${tag}`) : undefined
  return { path, concept, json, case: met ?? null }
}

const nestedJsonNodes = (vocabulary: Vocabulary, { path, json, case: c }: JsonNode): ReadonlyArray<JsonNode> =>
  c === null || hasCode(c)
    ? []
    : Object.entries(c.fields).flatMap(([k, f]) =>
        f.nestedJson(field(json, k)).map(n => jsonNode(vocabulary, joinJsonPath(path, k + n.at), n.concept, n.json))
      )

/** Decodes one level of the tree from the `results` of nested descriptions. */
const decodeNode = (
  vocabulary: Vocabulary,
  node: JsonNode,
  results: ReadonlyArray<Either<Problems, AnyValue>>
): Either<Problems, AnyValue> => {
  const { json, case: c } = node
  if (typeof json !== 'object' || json === null || Array.isArray(json) || c === null)
    return left([missingCaseProblem(vocabulary, node)])
  const extras = extraFieldProblems(c, node.path, json)
  if (hasCode(c)) {
    const named = namedCode(vocabulary, c, node)
    return isRight(named) && extras.length > 0 ? left(extras) : named
  }
  const fields = decodeFields(c, node, results)
  const bad = [...extras, ...fields.flatMap(e => (isLeft(e) ? e.left : []))]
  const value: unknown = Object.freeze({
    _tag: c.name,
    ...Object.fromEntries(fields.flatMap(e => (isRight(e) ? [e.right] : []))),
    [ofCase]: c
  })
  return bad.length > 0 || !isValue(value) ? left(bad) : right(value)
}

/** Problem of JSON that is no record, or has an unknown tag. */
const missingCaseProblem = (vocabulary: Vocabulary, { path, concept, json }: JsonNode): Problem.Problem => {
  const known = casesOfConcept(vocabulary, concept).map(c => c.name)
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return Problem.of(
      path === '' ? concept : path,
      quotedValue(json),
      article(concept),
      `write { "_tag": … }, one of ${quotedWords(known)}`
    )
  const tag = field(json, '_tag')
  return Problem.of(
    joinJsonPath(path, '_tag'),
    quotedValue(tag),
    `the name of ${article(concept)}`,
    `use one of ${quotedWords(nearestWords(String(tag), known))}, or add your own case to the vocabulary`
  )
}

const extraFieldProblems = (c: AnyNamedCase, path: string, json: object): Problems => {
  const known = Object.keys(c.fields)
  return Object.keys(json)
    .filter(k => k !== '_tag' && !Object.hasOwn(c.fields, k))
    .map(k =>
      Problem.of(
        joinJsonPath(path, k),
        quotedValue(field(json, k)),
        `a field of ${wordOf(c)}`,
        known.length === 0 ? 'it has none' : `use one of ${quotedWords(nearestWords(k, known))}`
      )
    )
}

/** Description with code, by its name in the vocabulary. */
const namedCode = (
  vocabulary: Vocabulary,
  c: AnyNamedCase,
  { path, concept, json }: JsonNode
): Either<Problems, AnyValue> => {
  const word = codeKey(wordOf(c), field(json, 'name'))
  const met = vocabulary.code.get(word)
  if (met !== undefined) return right(met)
  return left([
    Problem.of(
      path === '' ? concept : path,
      word,
      'in the vocabulary, and code does not survive JSON',
      `give it to Vocabulary.extend, or define a case of ${concept}`
    )
  ])
}

/** Fields of a case; those that JSON omits have their defaults. */
const decodeFields = (
  c: AnyNamedCase,
  { path, json }: JsonNode,
  results: ReadonlyArray<Either<Problems, AnyValue>>
): ReadonlyArray<Either<Problems, readonly [string, unknown]>> =>
  perField(c.fields, (f, k) => f.nestedJson(field(json, k)).length, results).map(([k, f, inner]) => {
    const bad = inner.flatMap(e => (isLeft(e) ? e.left : []))
    if (bad.length > 0) return left(bad)
    const values = inner.flatMap(e => (isRight(e) ? [e.right] : []))
    const given = field(json, k)
    if (given === undefined && f.fallback._tag === 'Some') return right([k, f.fallback.value] as const)
    const decoded = f.decode(joinJsonPath(path, k), given, values)
    return isLeft(decoded) ? decoded : right([k, decoded.right] as const)
  })

/** Error of the codec: a problem with its path in the decoded value. */
export interface Misread extends t.ValidationError {
  readonly problem: Problem.Problem
}

/** io-ts codec of the descriptions of a concept; its errors are `Misread`. */
export const codec =
  (vocabulary: Vocabulary) =>
  <T extends AnyValue>(concept: Pick<ConceptOf<T>, 'name' | 'is'>): t.Type<T, unknown> =>
    new t.Type<T, unknown>(
      concept.name,
      concept.is,
      (u, context) => {
        const read = decodeDescription(vocabulary)(concept)(u)
        return isLeft(read)
          ? left(
              read.left.map(p => ({
                value: p.value,
                context,
                message: Problem.show(p),
                // The path of the whole value is empty.
                problem: p.field === concept.name ? { ...p, field: '' } : p
              }))
            )
          : read
      },
      encode
    )

/** Version of the file format of `write`. */
export const version = 2

/** File content of a description, with the version of the format. */
export const write = (value: AnyValue): unknown => ({ version, concept: value[ofCase].concept, value: encode(value) })

/** Reads a description written by `write`, or returns all problems. */
export const read =
  (vocabulary: Vocabulary) =>
  <T extends AnyValue>(concept: ConceptOf<T>) =>
  (json: unknown): Either<Problems, T> => {
    const found = field(json, 'version')
    return found === version
      ? decodeDescription(vocabulary)(concept)(field(json, 'value'))
      : left([
          Problem.of(
            'version',
            quotedValue(found),
            `${version}, which this ornstein reads`,
            typeof found === 'number' && found > version ? 'install a newer ornstein' : 'write the file again'
          )
        ])
  }

// —— words ——

/** Name of a composite description, such as `Optimizer.adam`, listed with the cases. */
export interface Recipe<out T extends AnyValue = AnyValue> {
  readonly name: string
  readonly about: string
  readonly example: T
  /** Code that calls it. */
  readonly code: string
}

export interface Word<out T extends AnyValue = AnyValue> {
  /** Name in code: `Schedule.cosine`. */
  readonly name: string
  readonly about: string
  readonly fields: ReadonlyArray<{ readonly name: string; readonly domain: string; readonly default: string | null }>
  readonly example: T
  /** Code of the example. */
  readonly code: string
}

/** Example of a case from defaults, suggestions, and the first cases of nested concepts. */
const exampleOf = (vocabulary: Vocabulary, c: AnyNamedCase): AnyValue => {
  const any = (concept: string): AnyValue => {
    const first = casesOfConcept(vocabulary, concept).at(0)
    return first === undefined ? refuse(`${concept}: it is not in the vocabulary; extend it by a case`) : make(first)
  }
  const make = (c: AnyNamedCase): AnyValue => {
    const code = [...vocabulary.code.values()].find(value => value[ofCase] === c)
    const value: unknown =
      code ??
      Object.freeze({
        _tag: c.name,
        ...Object.fromEntries(Object.entries(c.fields).map(([k, f]) => [k, f.sample(any)])),
        ...c.example,
        [ofCase]: c
      })
    return isValue(value) ? value : refuse(`${wordOf(c)}: it has no example`)
  }
  return make(c)
}

/** Words of a concept, in the vocabulary's order, with examples. */
export const words =
  (vocabulary: Vocabulary) =>
  <T extends AnyValue>(concept: Pick<ConceptOf<T>, 'name' | 'about' | 'is'>): ReadonlyArray<Word<T>> =>
    casesOfConcept(vocabulary, concept.name).flatMap(c => {
      const example = exampleOf(vocabulary, c)
      return concept.is(example)
        ? [
            {
              name: wordOf(c),
              about: c.about,
              fields: Object.entries(c.fields).map(([name, f]) => ({
                name,
                domain: f.domain,
                default: f.fallback._tag === 'Some' ? f.show(f.fallback.value, []) : null
              })),
              example,
              code: show(example)
            }
          ]
        : []
    })

/** Words of a concept as a Markdown table. */
export const markdown =
  (vocabulary: Vocabulary) =>
  (concept: ConceptOf<AnyValue>): string =>
    [
      '| word | about | fields |',
      '| --- | --- | --- |',
      ...words(vocabulary)(concept).map(
        ({ name, about, fields }) =>
          `| \`${name}\` | ${about} | ${fields.map(f => `\`${f.name}\` ${f.domain}${f.default === null ? '' : ` (${f.default})`}`).join('; ')} |`
      )
    ].join('\n')

// —— arbitraries ——

/** Concepts of a field's nested descriptions: alone, in a list, or by name. */
const nestedConcepts = ({ nestedJson }: Fields[string]): ReadonlyArray<string> =>
  [[{}], { mine: {} }].flatMap(json => nestedJson(json).map(({ concept }) => concept))

/** Cases that contain no description of the given concept; without a concept, those that contain none at all. */
const casesWithoutNested = (cases: ReadonlyArray<AnyNamedCase>, name?: string): ReadonlyArray<AnyNamedCase> =>
  cases.filter(({ fields }) => {
    const nested = Object.values(fields).flatMap(nestedConcepts)
    return name === undefined ? nested.length === 0 : !nested.includes(name)
  })

/** Arbitrary of the valid descriptions of a concept, from all its cases. */
export const arbitrary =
  (fc: typeof Fc, vocabulary: Vocabulary) =>
  <T extends AnyValue>(concept: ConceptOf<T>): Fc.Arbitrary<T> => {
    // Without this cache their number doubles with each level.
    const made = new Map<string, Fc.Arbitrary<AnyValue>>()
    const any = (name: string, depth: number): Fc.Arbitrary<AnyValue> => {
      const at = `${name} ${depth}`
      const found = made.get(at) ?? anew(name, depth)
      made.set(at, found)
      return found
    }
    const anew = (name: string, depth: number): Fc.Arbitrary<AnyValue> => {
      const all = casesOfConcept(vocabulary, name)
      // Cases do not nest their own concept deeper than 2, nor any deeper than 5, so descriptions are finite.
      const flat = [depth > 5 ? casesWithoutNested(all) : [], depth > 2 ? casesWithoutNested(all, name) : []]
      return fc.oneof(...(flat.find(cases => cases.length > 0) ?? all).map(c => one(c, depth)))
    }
    const one = (c: AnyNamedCase, depth: number): Fc.Arbitrary<AnyValue> =>
      fc
        .record(Object.fromEntries(Object.entries(c.fields).map(([k, f]) => [k, f.arbitrary(fc, any, depth + 1)])))
        .map((fields): unknown => Object.freeze({ _tag: c.name, ...fields, [ofCase]: c }))
        .filter(isValue)
        .filter(value => c.check(value).length === 0)
    return any(concept.name, 0).filter(concept.is)
  }
