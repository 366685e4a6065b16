/** Options of `ornstein fit`, and the rules between them. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import * as Settings from '../fit/fitSettings.js'
import type { OrProblems } from './orProblems.js'
import type { NamedFamily } from './families.js'
import {
  eitherFlagOption,
  flagOption,
  listArgument,
  mapArgument,
  nameArgument,
  optionName,
  numberArgument,
  oneOfWords,
  option,
  optionOr,
  outputArgument,
  pathArgument,
  settingOption,
  domainArgument,
  textArgument,
  wholeNumberArgument,
  type Argument,
  type OptionValues
} from './option.js'
import { stdoutProblems } from './outputs.js'
import { connectionArgument } from './queueConnection.js'
import { GROWN, EM_RECIPES, recipeNames, type RecipeName } from './recipeNames.js'
import { COLUMN_OPTIONS, READING_OPTIONS, VOCABULARY_OPTION } from './tableOptions.js'
import type { OutputFile } from './world.js'

/** In steps of a stage or in time. */
export type CheckpointInterval =
  | { readonly _tag: 'Steps'; readonly steps: number }
  | { readonly _tag: 'Milliseconds'; readonly milliseconds: number }

const MAX_COMPONENTS = 1000

/** `3`, `2..6`, or a list of these. */
export const countsArgument = mapArgument(
  textArgument('numbers'),
  (text, _, name): OrProblems<ReadonlyArray<number>> => {
    const ranges = text.split(',').map(part => {
      const [, from, to = from] = /^\s*(\d+)(?:\s*\.\.\s*(\d+))?\s*$/.exec(part) ?? []
      return [Number(from), Number(to)] as const
    })
    const isInvalid = ([first, last]: readonly [number, number]): boolean =>
      Settings.componentsSetting.problems(name, first).length > 0 || !(last >= first && last - first < MAX_COMPONENTS)
    const invalid = ranges.find(isInvalid)
    return invalid === undefined
      ? E.right([
          ...new Set(ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i)))
        ])
      : E.left([
          Problem.of(
            name,
            text,
            `${Settings.componentsSetting.says}, a range or a list of such`,
            invalid[1] >= 1 && invalid[1] < invalid[0] ? `try ${invalid[1]}..${invalid[0]}` : 'try 2, or 2..6'
          )
        ])
  }
)

const familyArgument: Argument<NamedFamily> = {
  name: 'family',
  read: async (text, option, known) => {
    const vocabulary = await known.vocabulary()
    if (E.isLeft(vocabulary)) return vocabulary
    return (await import('./families.js')).parseFamily(vocabulary.right)(text, option)
  }
}

const MILLISECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** `30s`, `5m`, `1h`, or a number of steps. */
const intervalArgument = mapArgument(textArgument('time'), (text, _, name): OrProblems<CheckpointInterval> => {
  const found = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text)
  const [amount, unit] = found === null ? [NaN, ''] : [Number(found[1]), found[2]]
  return !(amount > 0) || (unit === '' && !Number.isSafeInteger(amount))
    ? E.left([Problem.of(name, text, 'a time > 0 or a number of steps', 'try 30s, 5m, 1h or 100')])
    : E.right(
        unit === ''
          ? { _tag: 'Steps', steps: amount }
          : { _tag: 'Milliseconds', milliseconds: amount * MILLISECONDS_PER_UNIT[unit] }
      )
})

export const FIT_OPTIONS = {
  components: option(countsArgument, 'number of components: 3, or 2..6 to choose from', {
    short: 'k',
    otherwise: 'chosen from 1..9'
  }),
  family: option(
    listArgument(familyArgument, 'families'),
    'covariance family, or a list to choose from: isotropic (one variance per component), full, …; a name of mclust (VVE) or of factor analysers (UUU2); ' +
      'spherical (equal weights, variance 1); symmetric-pair (variance 1, at m and -m); or one of --vocabulary',
    { otherwise: 'chosen from those with learned variances' }
  ),
  criterion: option(
    domainArgument(Settings.criterionSetting, 'criterion'),
    'selection criterion: iclc for separate clusters, or icl without its correction for small tables; bic for density estimation; aic for more components; crossValidated for held-out rows',
    { otherwise: 'iclc; bic where two or more components are given' }
  ),
  robust: flagOption('also try heavy tails (t) and a background component for rows in no cluster', {
    conflicts: ['pipeline']
  }),
  background: option(
    domainArgument(Settings.backgroundSetting, 'background'),
    'also try each family beside a background of this shape: box for uniform noise, cauchy for rows far away',
    { conflicts: ['pipeline'] }
  ),
  fixed: option(
    pathArgument(),
    'hold known components, in the units of the table: centres as a table, a model (means and covariances), or a JSON list of { mean, covariance, weight }',
    { conflicts: ['pipeline', 'robust', 'background', 'testComponents'] }
  ),
  ...COLUMN_OPTIONS,
  ...READING_OPTIONS,
  standardize: eitherFlagOption(
    'scale each column to mean 0 and standard deviation 1 to learn; results stay in the units of the data ' +
      '(default, except for pipelines and for families with variance 1)',
    'learn from unscaled columns'
  ),
  recipe: optionOr(
    oneOfWords([GROWN, ...recipeNames], 'recipe'),
    GROWN,
    'grown: expectation-maximization with components split one by one and split-and-merge moves, as fit(rows) does; ' +
      'annealed: expectation-maximization from one start, then noise and split-and-merge moves if they raise the likelihood; ' +
      'two-stage: the DDPM objective at high noise, then at low noise; em: expectation-maximization; ' +
      'maximum-likelihood: all noise levels together; spectral: from principal directions'
  ),
  prior: option(
    numberArgument(Settings.priorSetting, 'rows'),
    'use the weak prior of Fraley & Raftery with this strength in rows, which keeps components from collapsing: 0.01, as in mclust',
    { otherwise: 'none' }
  ),
  bootstrap: option(
    wholeNumberArgument(Settings.resamplesSetting(Settings.levelSetting.otherwise)),
    'compute bootstrap intervals of weights, means and covariances from this many resamples: 200',
    { otherwise: 'none', conflicts: ['printPipeline', 'pipeline'] }
  ),
  testComponents: option(
    wholeNumberArgument(Settings.testResamplesSetting),
    'test the number of components by likelihood ratios of this many resamples, against one fewer and one more: 99',
    { otherwise: 'none', conflicts: ['printPipeline', 'pipeline', 'prior', 'stream', 'queue'] }
  ),
  compare: option(
    listArgument(oneOfWords(recipeNames, 'recipe'), 'recipes'),
    'also learn by these recipes, and compare the results: em,annealed',
    { conflicts: ['printPipeline'] }
  ),
  pipeline: option(pathArgument(), 'learn by this pipeline (JSON) instead of a recipe', {
    conflicts: ['components', 'family', 'criterion', 'recipe', 'prior']
  }),
  ...VOCABULARY_OPTION,
  seed: settingOption(Settings.seedSetting, wholeNumberArgument, 'random seed; the same seed gives the same numbers'),
  starts: settingOption(
    Settings.startsSetting,
    wholeNumberArgument,
    'run this many fits with successive seeds, keep the best, and report how many agree: 10'
  ),
  checkpoint: option(
    nameArgument('file', ''),
    'write a checkpoint periodically, to resume after a crash; of a choice among candidates, with --stream',
    {
      conflicts: ['compare', 'printPipeline']
    }
  ),
  every: option(intervalArgument, 'how often: 30s, 5m, 1h, or a number of steps', { otherwise: '30s' }),
  resume: flagOption('resume from the checkpoint if it exists'),
  stream: eitherFlagOption(
    'read the table in pieces into a temporary file, for tables that do not fit in memory: learned from a sample, refined on all rows',
    'read the whole table into memory (default: only if it fits in half of it)',
    { conflicts: ['by'] }
  ),
  queue: option(
    connectionArgument,
    'distribute the computation over queue workers, bit-identical to --stream: redis://host:port, rediss:// for TLS, or env:NAME',
    { conflicts: ['by', 'stream'] }
  ),
  out: option(outputArgument, 'write the model as JSON'),
  report: option(outputArgument, 'write a report as HTML, to open in a browser'),
  figures: option(nameArgument('folder', 'figures'), 'write the figures of the report as SVG files'),
  by: option(textArgument('column'), 'fit each group of rows separately; files are named model-GROUP.json', {
    conflicts: ['printPipeline', 'checkpoint']
  }),
  labels: option(
    textArgument('column'),
    'column of known classes, not used for learning: prints the rows of each class by component, and the adjusted Rand index',
    { conflicts: ['stream', 'queue', 'printPipeline'] }
  ),
  json: flagOption('print the result as JSON'),
  quiet: flagOption('print only errors', { conflicts: ['verbose'] }),
  verbose: flagOption('print all candidates, the pipeline, and how it was computed'),
  printPipeline: flagOption("print the recipe's pipeline as JSON without running it; for grown, that of the last steps")
}

export type FitFlags = OptionValues<typeof FIT_OPTIONS>

/** Less common options by help title: `--help` lists names, `--help all` describes them. */
export const HELP_GROUPS: Readonly<Record<string, ReadonlyArray<keyof FitFlags>>> = {
  'Reading the table': ['errors', 'sheet', 'path', 'header', 'delimiter', 'decimal', 'skip', 'comment', 'na'],
  Learning: ['standardize', 'background', 'recipe', 'prior', 'fixed'],
  Diagnosis: ['bootstrap', 'testComponents', 'compare', 'by', 'figures', 'verbose'],
  'Large tables and long fits': ['stream', 'queue', 'checkpoint', 'every', 'resume'],
  Pipelines: ['pipeline', 'printPipeline', 'vocabulary']
}

export const OUTPUT_OPTIONS: ReadonlyArray<keyof FitFlags> = [
  ...(['out', 'report', 'figures', 'json', 'quiet', 'verbose'] as const),
  ...(['checkpoint', 'every', 'resume', 'printPipeline'] as const)
]
/** Further work, which does not change the fit. */
const EXTRA_WORK_OPTIONS: ReadonlyArray<keyof FitFlags> = ['compare', 'bootstrap', 'testComponents', 'queue']

/** Returns the typed options that reproduce the fit. */
export const learningOptions = (typed: ReadonlyArray<string>): ReadonlyArray<string> =>
  typed.filter(
    option => ![...OUTPUT_OPTIONS, ...EXTRA_WORK_OPTIONS].some(key => optionName(key) === option.replace(/ .*/s, ''))
  )

/** Returns the typed options with which other commands read the same table. */
export const readingOptions = (typed: ReadonlyArray<string>): ReadonlyArray<string> =>
  typed.filter(option =>
    Object.keys({ ...READING_OPTIONS, ...VOCABULARY_OPTION }).some(key =>
      [optionName(key), optionName(`no-${key}`)].includes(option.replace(/ .*/s, ''))
    )
  )

/** Model and report files to be written. */
export const fitOutputs = ({ out, report }: Pick<Partial<FitFlags>, 'out' | 'report'>): ReadonlyArray<OutputFile> => [
  ...(out === undefined ? [] : [{ option: '--out', path: out }]),
  ...(report === undefined ? [] : [{ option: '--report', path: report }])
]

/** Rejects recipes listed twice, or equal to the fit's. */
const compareProblems = ({ compare = [], pipeline, recipe }: Partial<FitFlags>): ReadonlyArray<Problem.Problem> => {
  const used: ReadonlyArray<string | undefined> = pipeline === undefined ? [recipe] : []
  const repeated = compare.find((word, i) => used.includes(word) || compare.indexOf(word) < i)
  return Problem.unless(
    repeated === undefined,
    '--compare',
    compare.join(','),
    `a list of other recipes without repeats (${repeated ?? ''})`,
    'name each once'
  )
}

interface OptionUse {
  readonly recipes: ReadonlyArray<RecipeName | typeof GROWN>
  /** True if the recipes of --compare must support it too. Default: false. */
  readonly appliesToCompared?: boolean
  /** True if it excludes families with a fixed number of components. Default: false. */
  readonly needsFreeCount?: boolean
  /** End of the remedy: an alternative. */
  readonly alternative?: string
}

const OPTION_USES: Readonly<Record<string, OptionUse>> = {
  fixed: { recipes: [GROWN], needsFreeCount: true, alternative: '; --compare learns by another recipe too' },
  robust: { recipes: [GROWN] },
  background: { recipes: [GROWN] },
  starts: { recipes: [GROWN], needsFreeCount: true, alternative: ', or fit with several values of --seed' },
  missing: { recipes: [GROWN], appliesToCompared: true, alternative: ', or use --missing drop' },
  prior: { recipes: EM_RECIPES, appliesToCompared: true },
  bootstrap: { recipes: EM_RECIPES }
} satisfies Partial<Record<keyof FitFlags, OptionUse>>

/** Rejects options that the recipe or the pipeline does not support. */
const unsupportedOptions = (flags: Partial<FitFlags>): ReadonlyArray<Problem.Problem> => {
  const { recipe = GROWN, pipeline, family = [], compare = [], missing, robust, starts } = flags
  const { fixed, background, prior, bootstrap } = flags
  const given: Readonly<Record<string, string | number | undefined>> = {
    fixed,
    background,
    prior,
    bootstrap,
    robust: robust === true ? 'it' : undefined,
    starts: starts === 1 ? undefined : starts,
    // Other values choose rows, which every recipe supports.
    missing: missing === 'keep' ? 'em' : undefined
  }
  return Object.entries(OPTION_USES).flatMap(
    ([
      key,
      { recipes: by, appliesToCompared: isCompared = false, needsFreeCount: grows = false, alternative: or = '' }
    ]) => {
      const value = given[key]
      const other = [
        pipeline !== undefined ? '--pipeline' : by.includes(recipe) ? null : `--recipe ${recipe}`,
        ...compare.map(one => (!isCompared || by.includes(one) ? null : `--compare ${one}`)),
        ...family.map(({ word, count }) => (!grows || count === null ? null : `the family ${word}`))
      ].find(way => way !== null)
      return value === undefined || other === undefined
        ? []
        : Problem.of(
            optionName(key),
            String(value),
            `available with ${other}`,
            `${by.length === 1 ? 'leave one of the two out' : `use it with one of ${by.join(', ')}`}${or}`
          )
    }
  )
}

/** Rejects families with a fixed number of components together with others or another number. */
const familyCountProblems = ({ family = [], components }: Partial<FitFlags>): ReadonlyArray<Problem.Problem> =>
  family.flatMap(({ word, count }) =>
    count === null
      ? []
      : family.length > 1
        ? [
            Problem.of(
              '--family',
              family.map(({ word }) => word).join(','),
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

const checkpointProblems = ({ checkpoint, every, resume = false }: Partial<FitFlags>): ReadonlyArray<Problem.Problem> =>
  checkpoint !== undefined || (every === undefined && !resume)
    ? []
    : [
        Problem.of(
          every === undefined ? '--resume' : '--every',
          'it',
          'useful without a checkpoint',
          'add --checkpoint FILE'
        )
      ]

/** Problems of options that are valid one by one. */
export const fitOptionProblems = (flags: Partial<FitFlags>): ReadonlyArray<Problem.Problem> => [
  ...compareProblems(flags),
  ...unsupportedOptions(flags),
  ...familyCountProblems(flags),
  ...checkpointProblems(flags),
  ...stdoutProblems(fitOutputs(flags), { printsResult: flags.json === true || flags.by !== undefined })
]
