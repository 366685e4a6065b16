/**
 * Codecs look at all that they read: of the example of every constructor, no number, text or list may be of another
 * kind, no tag another, and nothing missing but what is optional.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Type } from 'io-ts'
import { describe, expect, it } from 'vitest'
import * as vocabulary from '../../src/cli/glossary.js'
import {
  Case,
  Clock,
  Covariance,
  Expectation,
  Initializer,
  Objective,
  Optimizer,
  Parametrization,
  Rate,
  Region,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  NoiseLevels,
  Vocabulary,
  Weighting
} from '../../src/index.js'

type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [name: string]: Json }
type Path = ReadonlyArray<string | number>

interface Subject {
  readonly name: string
  readonly code: string
  readonly value: unknown
  readonly codec: Type<unknown, unknown>
}

const subjects = <T extends { readonly _tag: string }>(
  { words }: vocabulary.GlossaryConcept<T>,
  codec: Type<T, unknown>
): ReadonlyArray<Subject> =>
  words
    .filter(({ example }) => !/"(custom|pairwise)"/i.test(JSON.stringify(codec.encode(example))))
    .map(({ name, code, example }) => ({ name, code, value: example, codec: codec as Type<unknown, unknown> }))

const all: ReadonlyArray<Subject> = [
  subjects(vocabulary.schedules, Vocabulary.codec(Vocabulary.standard)(Schedule.concept)),
  subjects(vocabulary.clocks, Vocabulary.codec(Vocabulary.standard)(Clock.concept)),
  subjects(vocabulary.noiseLevels, Vocabulary.codec(Vocabulary.standard)(NoiseLevels.concept)),
  subjects(vocabulary.weightings, Vocabulary.codec(Vocabulary.standard)(Weighting.concept)),
  subjects(vocabulary.parametrizations, Vocabulary.codec(Vocabulary.standard)(Parametrization.concept)),
  subjects(vocabulary.expectations, Vocabulary.codec(Vocabulary.standard)(Expectation.concept)),
  subjects(vocabulary.objectives, Vocabulary.codec(Vocabulary.standard)(Objective.concept)),
  subjects(vocabulary.covariances, Vocabulary.codec(Vocabulary.standard)(Covariance.concept)),
  subjects(vocabulary.scores, Vocabulary.codec(Vocabulary.standard)(Score.concept)),
  subjects(vocabulary.rates, Vocabulary.codec(Vocabulary.standard)(Rate.concept)),
  subjects(vocabulary.regions, Vocabulary.codec(Vocabulary.standard)(Region.concept)),
  subjects(vocabulary.optimizers, Vocabulary.codec(Vocabulary.standard)(Optimizer.concept)),
  subjects(vocabulary.initializers, Vocabulary.codec(Vocabulary.standard)(Initializer.concept)),
  subjects(vocabulary.stages, Vocabulary.codec(Vocabulary.standard)(Stage.concept)),
  subjects(vocabulary.samplers, Vocabulary.codec(Vocabulary.standard)(Sampler.concept)),
  subjects(vocabulary.timeGrids, Vocabulary.codec(Vocabulary.standard)(TimeGrid.concept))
].flat()

const isObject = (json: Json): json is { readonly [name: string]: Json } =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

/** Every place below the top; of a list, its first element. */
const places = (json: Json): ReadonlyArray<Path> =>
  Array.isArray(json)
    ? (json as ReadonlyArray<Json>).slice(0, 1).flatMap(inner => [[0], ...places(inner).map(path => [0, ...path])])
    : isObject(json)
      ? Object.entries(json).flatMap(([name, inner]) => [[name], ...places(inner).map(path => [name, ...path])])
      : []

/** The text with something else at a place, or nothing. */
const changed = (json: Json, [first, ...rest]: Path, to: (old: Json) => Json | undefined): Json => {
  const inside = (inner: Json): Json | undefined => (rest.length === 0 ? to(inner) : changed(inner, rest, to))
  return Array.isArray(json)
    ? (json as ReadonlyArray<Json>).flatMap((inner, i) =>
        i === first ? [inside(inner)].flatMap(x => x ?? []) : [inner]
      )
    : Object.fromEntries(
        Object.entries(json as { readonly [name: string]: Json }).flatMap(([name, inner]) => {
          const value = name === first ? inside(inner) : inner
          return value === undefined ? [] : [[name, value]]
        })
      )
}

const text = ({ codec, value }: Subject): Json => JSON.parse(JSON.stringify(codec.encode(value))) as Json

/** What may be left out. */
const optional: Readonly<Record<string, ReadonlyArray<string>>> = {
  'Objective.implicit': ['estimate.divergence', 'estimate.probes', 'estimate.law'],
  'Objective.fisherDivergence': ['truth.weights', 'truth.variances'],
  'Objective.directionalDerivative': ['direction.means'],
  'Objective.underModel': ['objective.truth.weights', 'objective.truth.variances'],
  'Optimizer.partition': ['rules.means'],
  'Initializer.values': ['values.mean'],
  'Stage.descend': ['batch'],
  'Stage.expectationMaximization': ['time']
}

/** Of a case, what has a default may be left out. */
const hasDefault = (value: unknown, [first, ...rest]: Path): boolean => {
  const fields = Case.isValue(value) ? value[Case.ofCase].fields : {}
  return rest.length === 0
    ? Object.hasOwn(fields, first) && fields[first].fallback._tag === 'Some'
    : typeof value === 'object' && value !== null && hasDefault(Reflect.get(value, first), rest)
}

describe.each(all)('$code', subject => {
  const { codec, value, name } = subject
  const json = text(subject)
  const reads = (other: Json): boolean => E.isRight(codec.decode(other))
  const named = places(json).filter(path => typeof path.at(-1) === 'string')

  it('is read back, and not with anything of another kind, another tag, nor without what is not optional', () => {
    expect(codec.decode(json)).toEqual(E.right(value))
    const accepted = places(json).filter(path =>
      reads(changed(json, path, old => (typeof old === 'boolean' ? 1 : true)))
    )
    expect(accepted).toEqual([])
    const tags = named.filter(path => path.at(-1) === '_tag')
    expect(tags.length).toBeGreaterThan(0)
    for (const tag of ['', 'Other']) expect(tags.filter(path => reads(changed(json, path, () => tag)))).toEqual([])
    const without = named.filter(path => reads(changed(json, path, () => undefined)))
    const mayBe = optional[name] ?? []
    expect(without.filter(path => !hasDefault(value, path) && !mayBe.includes(path.join('.')))).toEqual([])
  })
})

it.each(all.filter(({ code }, i) => all.findIndex(other => other.code.split('.')[0] === code.split('.')[0]) === i))(
  'nothing else is read as $code',
  ({ codec }) => {
    for (const other of [null, undefined, 1, 'text', true, [], {}, { _tag: 1 }])
      expect(E.isLeft(codec.decode(other))).toBe(true)
  }
)
