/** `ornstein list`: the vocabulary, a line for each constructor. */
import { readFile } from 'node:fs/promises'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../../core/either.js'
import { nearest } from '../../core/spelling.js'
import { facts, paragraphs } from '../../fit/text.js'
import type { Concept, Word } from '../glossary.js'
import type { Listing } from '../usage.js'
import { refusal, type Failure, type World } from '../world.js'

/** A concept in words alone: what the build writes down, so that listing it loads nothing of the language. */
export interface Listed extends Omit<Concept, 'words'> {
  readonly words: ReadonlyArray<Omit<Word, 'example'>>
}

/** The vocabulary in words. */
export const listed = (vocabulary: ReadonlyArray<Concept>): ReadonlyArray<Listed> =>
  vocabulary.map(({ concept, about, words }) => ({
    concept,
    about,
    words: words.map(({ name, about, formula, code }) => ({ name, about, formula, code }))
  }))

/** As the build has written them down; of a program that was not built, or not to its end, from the language itself. */
export const words = async (): Promise<ReadonlyArray<Listed>> => {
  try {
    // What the build wrote of `listed`, as a test holds it to.
    return JSON.parse(await readFile(new URL('words.json', import.meta.url), 'utf8')) as ReadonlyArray<Listed>
  } catch {
    return listed((await import('../glossary.js')).vocabulary)
  }
}

/** Those of the language, and with `--vocabulary` one's own among them: then the language is loaded. */
const known = async (world: World, flags: Listing): Promise<E.Either<Failure, ReadonlyArray<Listed>>> => {
  if (flags.vocabulary === undefined) return E.right(await words())
  const [{ words: load }, { concepts }] = await Promise.all([import('../ownWords.js'), import('../glossary.js')])
  const found = await load(world, flags)()
  return E.isLeft(found) ? found : E.right(listed(Object.values(concepts(found.right))))
}

/** A concept by its name, however it is capitalized, in the singular or the plural. */
const chosen = (
  vocabulary: ReadonlyArray<Listed>,
  wanted: string | undefined
): E.Either<Failure, ReadonlyArray<Listed>> => {
  if (wanted === undefined) return E.right(vocabulary)
  const plain = wanted.toLowerCase().replace(/-/g, '')
  const found = vocabulary.filter(({ concept }) => {
    const name = concept.toLowerCase()
    return [name, `${name}s`, `${name}es`].includes(plain)
  })
  return found.length > 0
    ? E.right(found)
    : refusal(
        'CONCEPT',
        wanted,
        `one of ${vocabulary.map(({ concept }) => concept).join(', ')}`,
        `try ${
          nearest(
            wanted,
            vocabulary.map(({ concept }) => concept)
          )[0]
        }, or leave it out to see them all`
      )
}

const section =
  (within: number) =>
  ({ concept, about, words }: Listed): string =>
    `${concept}: ${about}\n${facts(
      words.map(({ name, about, formula }) => [name, formula === null ? about : `${about}: ${formula}`]),
      within
    )}`

export const list =
  (concept: string | undefined, flags: Listing) =>
  (world: World): TE.TaskEither<Failure, void> =>
  async () => {
    const all = await known(world, flags)
    if (E.isLeft(all)) return all
    const concepts = chosen(all.right, concept)
    if (E.isLeft(concepts)) return concepts
    const { right } = concepts
    const text = flags.json
      ? `${JSON.stringify(right, null, 2)}\n`
      : paragraphs(right.map(section(world.terminal.out)), world.terminal.out)
    await world.stdout(text)()
    return E.right(undefined)
  }
