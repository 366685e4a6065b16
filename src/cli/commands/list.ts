/** `ornstein list`: prints the vocabulary, one line per constructor. */
import { readFile } from 'node:fs/promises'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../../core/either.js'
import { nearestWords } from '../../core/spelling.js'
import { factLines, paragraphs } from '../../fit/text.js'
import type { GlossaryConcept, GlossaryWord } from '../glossary.js'
import type { ListFlags } from '../commandOptions.js'
import { rejectUsage, type CommandFailure, type World } from '../world.js'

/** Concept as plain text; the build stores it, so that listing does not load the language. */
export interface ListedConcept extends Omit<GlossaryConcept, 'words'> {
  readonly words: ReadonlyArray<Omit<GlossaryWord, 'example'>>
}

/** Returns the vocabulary as plain text. */
export const listedConcepts = (vocabulary: ReadonlyArray<GlossaryConcept>): ReadonlyArray<ListedConcept> =>
  vocabulary.map(({ concept, about, words }) => ({
    concept,
    about,
    words: words.map(({ name, about, formula, code }) => ({ name, about, formula, code }))
  }))

/** Reads the list that the build stored, or computes it. */
export const loadListedConcepts = async (): Promise<ReadonlyArray<ListedConcept>> => {
  try {
    // The build writes the result of `listedConcepts`; a test compares them.
    return JSON.parse(await readFile(new URL('words.json', import.meta.url), 'utf8')) as ReadonlyArray<ListedConcept>
  } catch {
    return listedConcepts((await import('../glossary.js')).standardVocabulary)
  }
}

/** Standard concepts, and those of `--vocabulary`, which loads the language. */
const knownConcepts = async (
  world: World,
  flags: ListFlags
): Promise<E.Either<CommandFailure, ReadonlyArray<ListedConcept>>> => {
  if (flags.vocabulary === undefined) return E.right(await loadListedConcepts())
  const [{ customVocabulary: load }, { concepts }] = await Promise.all([
    import('../customVocabulary.js'),
    import('../glossary.js')
  ])
  const custom = await load(world, flags)()
  return E.isLeft(custom) ? custom : E.right(listedConcepts(Object.values(concepts(custom.right))))
}

/** Finds a concept by its singular or plural name, ignoring case; all if undefined. */
const chosenConcepts = (
  vocabulary: ReadonlyArray<ListedConcept>,
  wanted: string | undefined
): E.Either<CommandFailure, ReadonlyArray<ListedConcept>> => {
  if (wanted === undefined) return E.right(vocabulary)
  const plain = wanted.toLowerCase().replace(/-/g, '')
  const matching = vocabulary.filter(({ concept }) => {
    const name = concept.toLowerCase()
    return [name, `${name}s`, `${name}es`].includes(plain)
  })
  return matching.length > 0
    ? E.right(matching)
    : rejectUsage(
        'CONCEPT',
        wanted,
        `one of ${vocabulary.map(({ concept }) => concept).join(', ')}`,
        `try ${
          nearestWords(
            wanted,
            vocabulary.map(({ concept }) => concept)
          )[0]
        }, or leave it out to see them all`
      )
}

const conceptSection =
  (within: number) =>
  ({ concept, about, words }: ListedConcept): string =>
    `${concept}: ${about}\n${factLines(
      words.map(({ name, about, formula }) => [name, formula === null ? about : `${about}: ${formula}`]),
      within
    )}`

/** Runs `ornstein list`. */
export const runList =
  (concept: string | undefined, flags: ListFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> =>
  async () => {
    const all = await knownConcepts(world, flags)
    if (E.isLeft(all)) return all
    const concepts = chosenConcepts(all.right, concept)
    if (E.isLeft(concepts)) return concepts
    const { right } = concepts
    const text = flags.json
      ? `${JSON.stringify(right, null, 2)}\n`
      : paragraphs(right.map(conceptSection(world.terminal.out)), world.terminal.out)
    await world.stdout(text)()
    return E.right(undefined)
  }
