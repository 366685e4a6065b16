/** `ornstein list`: the vocabulary, a line for each constructor. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Problem from '../core/Problem.js'
import { facts, paragraphs } from './text.js'
import { vocabulary, type Concept } from './vocabulary.js'
import { refused, type Failure, type World } from './World.js'

export interface Flags {
  readonly json?: boolean | undefined
}

/** A concept by its name, however it is capitalized, in the singular or the plural. */
const chosen = (wanted: string | undefined): E.Either<Failure, ReadonlyArray<Concept>> => {
  if (wanted === undefined) return E.right(vocabulary)
  const plain = wanted.toLowerCase().replace(/-/g, '')
  const found = vocabulary.filter(({ concept }) => {
    const name = concept.toLowerCase()
    return [name, `${name}s`, `${name}es`].includes(plain)
  })
  return found.length > 0
    ? E.right(found)
    : E.left(
        refused(
          Problem.of(
            'CONCEPT',
            wanted,
            `one of ${vocabulary.map(({ concept }) => concept).join(', ')}`,
            'leave it out to see them all'
          )
        )
      )
}

const section = ({ concept, about, words }: Concept): string =>
  `${concept}: ${about}\n${facts(
    words.map(({ name, about, formula }) => [name, formula === null ? about : `${about}: ${formula}`])
  )}`

const json = (concepts: ReadonlyArray<Concept>): string =>
  `${JSON.stringify(
    concepts.map(({ concept, about, words }) => ({
      concept,
      about,
      words: words.map(({ name, about, formula, code }) => ({ name, about, formula, code }))
    })),
    null,
    2
  )}\n`

export const list =
  (concept: string | undefined, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, void> =>
    pipe(
      TE.fromEither(chosen(concept)),
      TE.flatMapTask(concepts => world.stdout(flags.json === true ? json(concepts) : paragraphs(concepts.map(section))))
    )
