/** What is asked of `ornstein fit`: its options, checked. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { word } from '../fit/text.js'
import { type Points, Problem, type Vocabulary } from '../index.js'
import { faultless } from './checked.js'
import * as Limits from '../core/limits.js'
import { familiesOf, GROWN, recipes, type Every, type Named, type Open, type Recipe } from './learn.js'
import * as options from './options.js'
import type * as words from './ownWords.js'
import type { Output } from './world.js'

export interface Flags extends options.TableFlags, words.Flags {
  readonly components?: string | undefined
  readonly family?: string | undefined
  readonly criterion: string
  readonly recipe: string
  readonly compare?: string | undefined
  readonly pipeline?: string | undefined
  readonly standardize?: boolean | undefined
  readonly prior?: string | undefined
  readonly bootstrap?: string | undefined
  readonly seed: string
  readonly starts: string
  readonly out?: string | undefined
  readonly report?: string | undefined
  readonly figures?: string | undefined
  readonly by?: string | undefined
  readonly verbose?: boolean | undefined
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly printPipeline?: boolean | undefined
  readonly checkpoint?: string | undefined
  readonly every?: string | undefined
  readonly resume?: boolean | undefined
  readonly stream?: boolean | undefined
  readonly queue?: string | undefined
}

export interface Choices {
  readonly table: Points.CsvOptions
  readonly open: Open
  readonly recipe: Recipe | typeof GROWN
  readonly compare: ReadonlyArray<Recipe>
  readonly seed: number
  readonly prior: number | null
  /** How many resamples say how far parameters are known; null for none. */
  readonly bootstrap: number | null
  readonly outputs: ReadonlyArray<Output>
  readonly keep: Keep | null
}

/** Where a run is kept, and whether it goes on from there. */
export interface Keep {
  readonly path: string
  readonly every: Every
  readonly resume: boolean
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** `30s`, `5m`, `1h`, or a number of steps. */
const everyOf = (text: string): options.Checked<Every> => {
  const found = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text)
  const [amount, unit] = found === null ? [NaN, ''] : [Number(found[1]), found[2]]
  return !(amount > 0) || (unit === '' && !Number.isSafeInteger(amount))
    ? E.left([Problem.of('--every', text, 'a time > 0 or a number of steps', 'try 30s, 5m, 1h or 100')])
    : E.right(
        unit === '' ? { _tag: 'Steps', steps: amount } : { _tag: 'Milliseconds', milliseconds: amount * units[unit] }
      )
}

const keepOf = ({ checkpoint, every, resume }: Flags): options.Checked<Keep | null> => {
  if (checkpoint === undefined) {
    const alone = every !== undefined ? '--every' : resume === true ? '--resume' : null
    return alone === null
      ? E.right(null)
      : E.left([Problem.of(alone, every ?? 'it', 'of use without a checkpoint', 'add --checkpoint FILE')])
  }
  return checkpoint === '-' || checkpoint === ''
    ? E.left([Problem.of('--checkpoint', JSON.stringify(checkpoint), 'the name of a file', 'name one')])
    : pipe(
        everyOf(every ?? '30s'),
        E.map(every => ({ path: checkpoint, every, resume: resume === true }))
      )
}

/** The files that are asked for. */
export const outputsOf = ({ out, report }: Flags): ReadonlyArray<Output> => [
  ...(out === undefined ? [] : [{ option: '--out', path: out }]),
  ...(report === undefined ? [] : [{ option: '--report', path: report }])
]

/** Recipes to learn by too: each once, and none that is learned by already. */
const others = ({ compare, pipeline, recipe }: Flags): options.Checked<ReadonlyArray<Recipe>> => {
  if (compare === undefined) return E.right([])
  const asked = compare.split(',').map(word => word.trim())
  const known = pipeline === undefined ? [recipe] : []
  const repeated = asked.find((word, i) => known.includes(word) || asked.indexOf(word) < i)
  return repeated === undefined
    ? pipe(
        asked,
        E.traverseArray(word => options.oneOf('--compare', word, recipes))
      )
    : E.left([
        Problem.of('--compare', compare, `a list of other recipes without repeats (${repeated})`, 'name each once')
      ])
}

/** The most components that may be asked for: more than anybody has rows for. */
const MOST = 1000

/** `3`, `2..6`, or a list of such. */
const counts = (text: string): options.Checked<ReadonlyArray<number>> =>
  pipe(
    text.split(','),
    E.traverseArray((part): options.Checked<ReadonlyArray<number>> => {
      const [, from, to = from] = /^\s*(\d+)(?:\s*\.\.\s*(\d+))?\s*$/.exec(part) ?? []
      const [first, last] = [Number(from), Number(to)]
      return first >= 1 && last >= first && last - first < MOST
        ? E.right(Array.from({ length: last - first + 1 }, (_, i) => first + i))
        : E.left([
            Problem.of(
              '--components',
              text,
              'a whole number ≥ 1, a range or a list of such',
              last >= 1 && last < first ? `try ${last}..${first}` : 'try 2, or 2..6'
            )
          ])
    }),
    E.map(parts => [...new Set(parts.flat())])
  )

/** The covariances of mclust by what they are called here; of one column the first two. */
const ofMclust: Readonly<Record<string, string>> = {
  E: 'tied-isotropic',
  V: 'isotropic',
  EII: 'tied-isotropic',
  VII: 'isotropic',
  EEI: 'tied-diagonal',
  VVI: 'diagonal',
  EEE: 'tied',
  VVV: 'full'
}

/** What the letters of mclust's other names say that components share: volume, shape, directions. */
const shared = (name: string): string =>
  ['volume', 'shape', 'directions'].filter((_, i) => name[i] === 'E').join(' and ') ||
  'nothing but directions along the columns'

const openOf =
  (vocabulary: Vocabulary.Vocabulary) =>
  (flags: Flags): options.Checked<Open> => {
    const { components, family, criterion } = flags
    const known = familiesOf(vocabulary)
    const words = known.map(({ word }) => word)
    const named = (text: string): options.Checked<Named> => {
      const name = text.trim()
      const [own, other] = [word(name), Object.hasOwn(ofMclust, name) ? ofMclust[name] : '']
      return !words.includes(own) && other === '' && /^[EV][EVI]{2}$/.test(name)
        ? E.left([
            Problem.of(
              '--family',
              name,
              `here: components of mclust that share ${shared(name)}`,
              `the families of mclust that are here are ${Object.keys(ofMclust).slice(2).join(', ')}`
            )
          ])
        : pipe(
            options.oneOf('--family', words.includes(own) ? own : other === '' ? name : other, words),
            E.map(word => known[words.indexOf(word)])
          )
    }
    return pipe(
      options.all({
        components: components === undefined ? E.right(undefined) : counts(components),
        families: family === undefined ? E.right(undefined) : pipe(family.split(','), E.traverseArray(named)),
        criterion: options.oneOf('--criterion', criterion, ['icl', 'bic', 'aic'] as const),
        starts: startsOf(flags)
      }),
      E.flatMap(open => faultless(misfits(open), open))
    )
  }

/** Several starts are those of a search. */
const startsOf = ({ starts, recipe, pipeline }: Flags): options.Checked<number> =>
  pipe(
    options.whole('--starts', starts, 1, 10),
    E.filterOrElse(
      starts => starts <= Limits.starts,
      (): Problem.Problems => [Problem.of('--starts', starts, `≤ ${Limits.starts}`, 'try 10')]
    ),
    E.filterOrElse(
      starts => starts === 1 || (recipe === GROWN && pipeline === undefined),
      (): Problem.Problems => [
        Problem.of(
          '--starts',
          starts,
          'something that --recipe and --pipeline take',
          'leave them out, or fit with several values of --seed'
        )
      ]
    )
  )

/** What is wrong with a family that has a number of components of its own. */
const misfits = ({ families = [], components, starts }: Open): ReadonlyArray<Problem.Problem> => [
  ...families.flatMap(({ word, count }) =>
    Problem.unless(
      starts === 1 || count === null,
      '--starts',
      String(starts),
      `something that ${word} takes, which is learned by its recipe`,
      'leave it out, or fit with several values of --seed'
    )
  ),
  ...families.flatMap(({ word, count }) =>
    count === null
      ? []
      : families.length > 1
        ? [
            Problem.of(
              '--family',
              families.map(({ word }) => word).join(','),
              'families of any number of components',
              `give ${word} alone`
            )
          ]
        : Problem.unless(
            components === undefined || (components.length === 1 && components[0] === count),
            '--components',
            components?.join(',') ?? '',
            `${count}, the number that ${word} has`,
            'leave it out, or choose another family'
          )
  )
]

/** Recipes that end in expectation–maximization on the data: there a prior leads, and resamples begin. */
const maximising: ReadonlyArray<string> = [GROWN, 'annealed', 'em', 'spectral']

/** The fewest resamples for an interval of 95 %. */
const RESAMPLES = 40

const bootstrapOf = ({ bootstrap, recipe }: Flags): options.Checked<number | null> =>
  bootstrap === undefined
    ? E.right(null)
    : !maximising.includes(recipe)
      ? E.left([
          Problem.of(
            '--bootstrap',
            bootstrap,
            `something that the recipe ${recipe} takes`,
            `use it with one of ${maximising.join(', ')}`
          )
        ])
      : options.whole('--bootstrap', bootstrap, RESAMPLES, 200)

const priorOf = ({ prior, recipe, compare }: Flags): options.Checked<number | null> => {
  if (prior === undefined) return E.right(null)
  const recipes = [recipe, ...(compare?.split(',').map(word => word.trim()) ?? [])]
  const other = recipes.find(one => !maximising.includes(one))
  const rows = prior.trim() === '' ? NaN : Number(prior)
  return faultless(
    [
      ...Problem.unless(rows > 0 && rows < Infinity, '--prior', prior, 'a number of rows > 0', 'try 0.01'),
      ...Problem.unless(
        other === undefined,
        '--prior',
        prior,
        `something that the recipe ${other ?? ''} takes`,
        `use it with one of ${maximising.join(', ')}`
      )
    ],
    rows
  )
}

/** Missing cells are taken as candidates are learned, and in no other way. */
const missingOf = ({ missing, recipe, pipeline, compare }: Flags): options.Checked<null> =>
  missing !== 'em' || (recipe === GROWN && pipeline === undefined && compare === undefined)
    ? E.right(null)
    : E.left([
        Problem.of(
          '--missing',
          missing,
          'something that --recipe, --pipeline and --compare take',
          'leave them out, or use --missing drop'
        )
      ])

/** As many classes as a table of them has room for. */
const CLASSES = 12

export const choicesOf = (flags: Flags, vocabulary: Vocabulary.Vocabulary): options.Checked<Choices> =>
  options.all({
    missing: missingOf(flags),
    table: pipe(
      options.table(flags),
      E.map(table => ({
        ...table,
        keep: { columns: flags.by === undefined ? [] : [flags.by], classes: CLASSES }
      }))
    ),
    open: openOf(vocabulary)(flags),
    recipe: options.oneOf('--recipe', flags.recipe, [GROWN, ...recipes] as const),
    compare: others(flags),
    seed: options.whole('--seed', flags.seed, 0, 0),
    prior: priorOf(flags),
    bootstrap: bootstrapOf(flags),
    keep: keepOf(flags),
    outputs: options.outputs(outputsOf(flags), flags.json === true || flags.by !== undefined),
    figures: pipe(
      flags.figures === '' || flags.figures === '-'
        ? E.left<Problem.Problems, undefined>([
            Problem.of('--figures', JSON.stringify(flags.figures), 'the name of a folder', 'name one: figures')
          ])
        : E.right(undefined)
    )
  })
