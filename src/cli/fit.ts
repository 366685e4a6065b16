/** `ornstein fit`: learns a mixture from a table. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import {
  Bootstrap,
  type Fit as Fits,
  Initializer,
  Mixture,
  Pipeline,
  Points,
  Problem,
  Score,
  Vocabulary,
  type Run
} from '../index.js'
import { type Program } from '../compile/Program.js'
import { comparison } from '../report/comparison.js'
import {
  candidates,
  chosen,
  otherwise,
  converged,
  ending,
  floored,
  ignored,
  isPair,
  ofBootstrap,
  ofPrior,
  outcome,
  redundancies,
  refusals,
  steps,
  title,
  type Choice,
  type Fit
} from '../report/Fit.js'
import { all as pictures } from '../report/figures.js'
import { page } from '../report/report.js'
import { file as svg } from '../report/svg.js'
import * as table from '../fit/table.js'
import { faultless } from './checked.js'
import * as json from './json.js'
import {
  HEARING,
  areFree,
  choose,
  compare,
  families,
  learn,
  learnScore,
  pipelineOf,
  recipes,
  type Control,
  type Every,
  type Keeper,
  type Open,
  type Reached,
  type ReachedScore,
  type Recipe,
  type Task
} from './learn.js'
import * as Learned from './Learned.js'
import * as Model from './Model.js'
import * as options from './options.js'
import * as words from './words.js'
import { facts, paragraphs, printable, table as showTable, word } from '../fit/text.js'
import { failed, refused, type Failure, type Output, type Signal, type World } from './World.js'

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

interface Choices {
  readonly table: Points.CsvOptions
  readonly open: Open
  readonly recipe: Recipe
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
      : E.left([Problem.of(alone, 'without --checkpoint', 'beside the file that it is about', 'add --checkpoint FILE')])
  }
  return checkpoint === '-' || checkpoint === ''
    ? E.left([Problem.of('--checkpoint', JSON.stringify(checkpoint), 'the name of a file', 'name one')])
    : pipe(
        everyOf(every ?? '30s'),
        E.map(every => ({ path: checkpoint, every, resume: resume === true }))
      )
}

const outputsOf = ({ out, report }: Flags): ReadonlyArray<Output> => [
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

/** More candidates than anybody has rows for. */
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
        : E.left([Problem.of('--components', text, 'a whole number ≥ 1, a range or a list of such', 'try 2, or 2..6')])
    }),
    E.map(parts => [...new Set(parts.flat())])
  )

const openOf = ({ components, family, criterion }: Flags): options.Checked<Open> =>
  pipe(
    options.all({
      components: components === undefined ? E.right(undefined) : counts(components),
      families:
        family === undefined
          ? E.right(undefined)
          : pipe(
              family.split(','),
              E.traverseArray(name => options.oneOf('--family', word(name.trim()), families))
            ),
      criterion: options.oneOf('--criterion', criterion, ['icl', 'bic', 'aic'] as const)
    }),
    E.filterOrElse(
      ({ families = [], components = [2] }) =>
        !families.includes('symmetric-pair') ||
        (families.length === 1 && components.length === 1 && components[0] === 2),
      ({ families = [], components }): Problem.Problems => [
        families.length > 1
          ? Problem.of('--family', families.join(','), 'families of any number of components', 'give the pair alone')
          : Problem.of(
              '--components',
              components?.join(',') ?? '',
              '2, as a pair has',
              'leave it out, or choose --family spherical'
            )
      ]
    )
  )

/** Recipes that end in expectation–maximization on the data: there a prior leads, and resamples begin. */
const maximising: ReadonlyArray<string> = ['annealed', 'em', 'spectral']

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
  missing !== 'em' || (recipe === 'annealed' && pipeline === undefined && compare === undefined)
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

export const choicesOf = (flags: Flags): options.Checked<Choices> =>
  options.all({
    missing: missingOf(flags),
    table: pipe(
      options.table(flags),
      E.map(table => ({
        ...table,
        keep: { columns: flags.by === undefined ? [] : [flags.by], classes: CLASSES }
      }))
    ),
    open: openOf(flags),
    recipe: options.oneOf('--recipe', flags.recipe, recipes),
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

const ownPipeline = (
  world: World,
  path: string,
  flags: words.Flags
): TE.TaskEither<Failure, Pipeline.Pipeline<string>> =>
  pipe(
    words.words(world, flags),
    TE.bindTo('vocabulary'),
    TE.bind('text', () => world.readText('--pipeline', path)),
    TE.flatMap(({ vocabulary, text }) =>
      options.checked(
        pipe(text, json.parse('--pipeline', path), E.flatMap(json.decode(Pipeline.codec(vocabulary), path)))
      )
    )
  )

/** What is to be learned, and what it was chosen from. */
interface Chosen {
  readonly task: Task
  readonly choice: Choice | null
  /** By which signal the choice was ended early. */
  readonly stopped: Signal | null
}

/**
 * Columns are standardized unless their unit matters: to a pipeline, whose numbers are lengths, and to families of variance 1.
 */
const plan =
  (
    world: World,
    file: string,
    { standardize, pipeline: path, vocabulary }: Flags,
    watch: (progress: Fits.Progress) => void,
    keeper: Keeper | null
  ) =>
  ({ open, recipe, seed, prior }: Choices, table: Points.Table): TE.TaskEither<Failure, Chosen> => {
    const source = options.named(file)
    const given = { source, table, seed, prior }
    if (path !== undefined)
      return pipe(
        ownPipeline(world, path, { vocabulary }),
        TE.map(pipeline => ({
          task: { ...given, standardize: standardize ?? false, plan: { _tag: 'Pipeline', path, pipeline } },
          choice: null,
          stopped: null
        }))
      )
    const asked = { ...given, standardize: standardize ?? areFree(open.families) }
    return pipe(
      () => world.untilSignal(heard => choose(watch, { heard, now: world.now, keeper })(open, asked)()),
      TE.map((decided): Chosen => {
        if (decided._tag === 'Asked')
          return {
            task: { ...asked, plan: { _tag: 'Recipe', score: decided.score, recipe } },
            choice: null,
            stopped: null
          }
        const { pipeline, choice, stopped } = decided
        // Another recipe learns the score that was chosen in its own way.
        return recipe === 'annealed'
          ? { task: { ...asked, plan: { _tag: 'Chosen', pipeline } }, choice, stopped }
          : { task: { ...asked, plan: { _tag: 'Recipe', score: pipeline.score, recipe } }, choice, stopped }
      })
    )
  }

interface Progress {
  readonly watch: Control['watch']
  readonly choosing: (progress: Fits.Progress) => void
  readonly resampling: (progress: Bootstrap.Progress) => void
  readonly end: () => void
}

const nobody = (): void => undefined
const unwatched: Progress = { watch: nobody, choosing: nobody, resampling: nobody, end: nobody }

/** As a person would say it. */
const duration = (milliseconds: number): string => {
  const seconds = milliseconds / 1000
  return seconds < 100
    ? `${Math.max(1, Math.round(seconds))} s`
    : seconds < 6000
      ? `${Math.round(seconds / 60)} min`
      : `${Math.round(seconds / 3600)} h`
}

/** A single line of a terminal, written ten times a second at most. */
const progress = (world: World, whose: string): Progress => {
  const begun = world.now()
  let [written, furthest, place, since] = [-Infinity, 0, '', begun]
  const say = (text: () => string): void => {
    if (world.now() - written < 100) return
    written = world.now()
    world.stderr(`\r\x1b[2K${printable(whose + text())}`)
  }
  /** What is left of `of`, where `done` took so long; nothing before it can be told, or where nobody needs to know. */
  const left = (how: string, from: number, done: number, of: number): string => {
    const taken = world.now() - from
    const rest = (taken / done) * (of - done)
    return done > 0 && taken > 1000 && rest > 1000 ? `, ${how} ${duration(rest)} left` : ''
  }
  const choosing = ({ family, components, done, of }: Fits.Progress): void => {
    furthest = Math.max(furthest, done)
    say(() => `candidate ${done + 1} of ${of}: ${components} ${word(family)}${left('about', begun, furthest, of)}`)
  }
  const watch = ({ stage, step, value }: Run.State<string>, { stages }: Program<string>): void => {
    const here = `stage ${stage + 1} of ${stages.length}`
    if (here !== place) [place, since] = [here, world.now()]
    if (value === null) return
    const { steps } = stages[stage].stopping
    say(() => `${here}, step ${step} of ${steps}: ${table.show(value)}${left('at most', since, step, steps)}`)
  }
  const resampling = ({ done, of }: Bootstrap.Progress): void => {
    if (done === 0) since = world.now()
    say(() => `resample ${Math.min(done + 1, of)} of ${of}${left('about', since, done, of)}`)
  }
  return {
    watch,
    choosing,
    resampling,
    end: () => {
      if (written > -Infinity) world.stderr('\r\x1b[2K')
    }
  }
}

interface Found {
  readonly fit: Fit
  readonly others: ReadonlyArray<Fit>
}

/** What differs between fits of the same data. */
const found = (fit: Fit): object => {
  const { mixture, statistics, recipe, stages } = fit
  const { means, weights, variances } = Mixture.marginals(mixture)
  return {
    recipe,
    means,
    weights,
    variances,
    ...(mixture.factors !== null && { factors: Mixture.toDescription(mixture).factors }),
    logLikelihood: statistics.logLikelihood,
    bic: statistics.bic,
    parameters: statistics.parameters,
    sizes: statistics.sizes,
    redundancies: fit.redundancies,
    floored: fit.floored,
    steps: steps(fit),
    converged: converged(fit),
    stages: stages.map(({ formula, taken, rule }) => ({ formula, steps: taken, endedBy: rule }))
  }
}

const choiceAsJson = ({ criterion, candidates, refused }: Choice): object => ({
  criterion,
  belief: candidates[0].belief,
  candidates: candidates.map(({ family, components, belief, statistics, redundancies, floored }) => {
    const { logLikelihood, bic, aic, icl, parameters } = statistics
    return {
      family: word(family),
      components,
      belief,
      logLikelihood,
      bic,
      aic,
      icl,
      parameters,
      redundancies,
      floored
    }
  }),
  refused: refused.map(({ family, components, problem }) => ({
    family: word(family),
    components,
    problem: Problem.show(problem)
  }))
})

const asJson = ({ fit, others }: Found): object => {
  const { family, columns, dropped, mixture, statistics, seed, scaling } = fit
  return {
    family,
    components: Mixture.components(mixture),
    dim: columns.length,
    columns,
    ...found(fit),
    ...(fit.choice !== null && { choice: choiceAsJson(fit.choice) }),
    rows: statistics.rows,
    dropped,
    ...(fit.missing > 0 && { missing: fit.missing }),
    ignored: fit.ignored,
    seed,
    standardized: scaling !== null,
    ...(fit.prior !== null && { prior: fit.prior }),
    ...(fit.bootstrap !== null && {
      bootstrap: E.isRight(fit.bootstrap) ? fit.bootstrap.right : { problems: fit.bootstrap.left.map(Problem.show) }
    }),
    ...(others.length > 0 && { compared: others.map(found) })
  }
}

/** The fit beside others of the same data. */
const beside = (fits: readonly [Fit, ...ReadonlyArray<Fit>]): ReadonlyArray<string> => {
  if (fits.length < 2) return []
  const { table, means, reason } = comparison(fits)
  return ['The same data, learned in other ways:', showTable(table), facts(means), reason]
}

const notes = (fit: Fit): string => {
  const { scaling, points, columns, doubtful } = fit
  const deviations = Points.standardize(points).scale
  const [least, most] = [Math.min(...deviations), Math.max(...deviations)]
  const mean = Array.from(Points.mean(points), (x, j) => `${columns[j]} ${table.show(x, 3)}`).join(', ')
  return [
    ...(scaling === null && most > 3 * least
      ? [
          `Standard deviations of the columns run from ${table.show(least, 3)} to ${table.show(most, 3)}, and a component ` +
            'has one for all. Try --standardize.'
        ]
      : []),
    ...(isPair(fit) && scaling === null
      ? [`The pair is symmetric about 0, and the data's mean is ${mean}; --standardize moves it to 0.`]
      : []),
    ...doubtful.map(({ name, why }) =>
      why === 'weights'
        ? `${name} is learned from like any other column; if it says how often a row counts, use --weights ${name}.`
        : `${name} holds few different whole numbers; if they are labels, leave it out with --columns.`
    ),
    ...redundancies(fit),
    ...floored(fit)
  ].join('\n')
}

/** What a model is good for. */
export const nextAfter = (out: string | undefined): string =>
  out === undefined
    ? 'Add --out model.json to keep the model for ornstein evaluate and ornstein sample.'
    : `The model is in ${out}. Next: ornstein evaluate ${out} FILE, or ornstein sample ${out} -n 10`

/** So many intervals are shown unless all are asked for. */
const LINES = 40

const intervals = (fit: Fit, most: number): ReadonlyArray<string> => {
  const found = ofBootstrap(fit)
  if (found === null) return []
  const { text, table } = found
  if (table === null) return [text]
  const more = table.rows.length - most
  return [
    text,
    showTable({ ...table, rows: table.rows.slice(0, most) }) +
      (more > 0 ? `\n  … and ${more} more: --verbose shows them, --json all of it` : '')
  ]
}

const human = ({ fit, others }: Found, { out, report, figures, verbose = false }: Flags): string => {
  const { source, columns, dropped, points, mixture, statistics, recipe, stages, pipeline, plan, scaling } = fit
  const { rows, logLikelihood, bic, parameters } = statistics
  const units = scaling === null ? '' : ' (standardized to learn)'
  return paragraphs([
    [
      `Learned ${title(fit)} from ${rows} rows of ${source}.`,
      `columns: ${columns.join(', ')}${units}`,
      ...(fit.ignored.length > 0 ? [`ignored: ${ignored(fit)}; --columns chooses others`] : []),
      ...(dropped > 0 ? [`dropped: ${dropped} row${dropped === 1 ? '' : 's'} with a missing cell`] : []),
      ...(fit.missing > 0
        ? [
            `missing: ${fit.missing} cell${fit.missing === 1 ? '' : 's'}, taken by what is to be expected of the rest of the row`
          ]
        : []),
      ...(points.weights === undefined ? [] : [`weights: ${table.show(Points.totalWeight(points))} in all`])
    ].join('\n'),
    showTable(table.ofMixture(columns, mixture)),
    ...intervals(fit, verbose ? Infinity : LINES),
    ...(fit.choice === null
      ? []
      : [
          [
            chosen(fit.choice, fit.choice.candidates.length),
            ...[otherwise(fit.choice)].filter(said => said !== null),
            '',
            showTable(candidates(fit.choice, verbose ? Infinity : 8))
          ].join('\n')
        ]),
    ...(verbose && fit.choice !== null && fit.choice.refused.length > 0
      ? [`Could not be learned:\n${facts(refusals(fit.choice))}`]
      : []),
    facts([
      ['log-likelihood per row', table.show(logLikelihood)],
      ['BIC', `${table.show(bic)} with ${parameters} parameters (less is better)`],
      [
        'steps',
        {
          converged: `${steps(fit)} (converged)`,
          complete: `${steps(fit)} (as many as planned)`,
          stopped: `${steps(fit)} (stopped before the end)`,
          chosen: 'those of the choice, which learned it to the end'
        }[outcome(fit)]
      ]
    ]),
    [
      `How (${recipe}, seed ${fit.seed}):`,
      facts([
        [
          'start',
          fit.recipe === 'grown'
            ? 'from one component on, split by split; likelier starts by k-means++ taken where there are'
            : Initializer.show(pipeline.initializer)
        ],
        ...stages.map((stage, i): [string, string] => [
          `stage ${i + 1}`,
          table.tidy(`${stage.formula}; ${stage.means}; ${ending(stage)}`)
        ])
      ])
    ].join('\n'),
    ...(verbose ? [`How it was computed:\n${plan}`, `The pipeline:\n${Pipeline.show(pipeline)}`] : []),
    ...beside([fit, ...others]),
    ofPrior(fit) ?? '',
    notes(fit),
    [
      ...(report === undefined ? [] : [`The report is in ${report}: open it in a browser.`]),
      ...(figures === undefined ? [] : [`The figures are in ${figures}.`]),
      nextAfter(out),
      ...(report === undefined ? ['Add --report report.html to see it.'] : [])
    ].join('\n')
  ])
}

/** Writes all that is asked of a fit. */
const write = (world: World, { out, report, figures }: Flags, { fit, others }: Found): TE.TaskEither<Failure, void> =>
  pipe(
    figures === undefined ? TE.right(undefined) : world.makeFolder('--figures', figures),
    TE.flatMap(() =>
      options.write(world)([
        ...(out === undefined ? [] : [{ option: '--out', path: out, text: Model.show(Model.ofFit(fit)) }]),
        ...(report === undefined ? [] : [{ option: '--report', path: report, text: page(fit, world.version, others) }]),
        ...(figures === undefined
          ? []
          : pictures(fit).map(figure => ({
              option: '--figures',
              path: `${figures}/${figure.name}.svg`,
              text: svg(figure)
            })))
      ])
    )
  )

/** The rows that are learned from together, and where what is found goes. */
interface Group {
  /** Its value in the column of `--by`; null for all rows. */
  readonly value: string | null
  readonly table: Points.Table
  readonly flags: Flags
}

/** `model.json` of a group is `model-group.json`. */
const ofGroup = (path: string | undefined, group: string): string | undefined =>
  path?.replace(/(\.[^./\\]*)?$/, ending => `-${group}${ending}`)

/** The rows at some places. */
const part = (
  { points, rowNumbers, kept = [], ...table }: Points.Table,
  places: ReadonlyArray<number>
): Points.Table => ({
  ...table,
  points: Points.select(Int32Array.from(places))(points),
  rowNumbers: Uint32Array.from(places, place => rowNumbers[place]),
  kept: kept.map(({ name, cells }) => ({ name, cells: places.map(place => cells[place]) }))
})

/** More are no groups: such a column tells rows apart. */
const GROUPS = 1000

/** All rows, or those of each value of the column of `--by`, in the order of their values. */
const groupsOf =
  (flags: Flags) =>
  (table: Points.Table): E.Either<Failure, ReadonlyArray<Group>> => {
    const { by, figures } = flags
    const [column, ...kept] = table.kept ?? []
    if (by === undefined) return E.right([{ value: null, table, flags }])
    const values = [...new Set(column.cells)].sort()
    if (values.length > GROUPS)
      return E.left(
        refused(Problem.of('--by', by, `a column of few values (it has ${values.length})`, 'name one that has groups'))
      )
    // Signs that a file system may not take are left out of names, which are numbered where that makes them equal.
    const letters = values.map(value => value.replace(/[^\p{L}\p{N}.]+/gu, '_') || 'empty')
    return E.right(
      values.map((value, g): Group => {
        const isAlone = letters.indexOf(letters[g]) === letters.lastIndexOf(letters[g])
        const name = isAlone ? letters[g] : `${letters[g]}-${g + 1}`
        return {
          value,
          table: part(
            { ...table, kept },
            column.cells.flatMap((cell, i) => (cell === value ? [i] : []))
          ),
          flags: {
            ...flags,
            out: ofGroup(flags.out, name),
            report: ofGroup(flags.report, name),
            figures: figures === undefined ? undefined : `${figures}/${name}`
          }
        }
      })
    )
  }

/** What is printed of fits of groups. */
const ofGroups = (by: string, flags: Flags, all: ReadonlyArray<readonly [Group, Found]>): string =>
  flags.json === true
    ? `${JSON.stringify({ by, groups: all.map(([{ value }, found]) => ({ group: value, ...asJson(found) })) })}\n`
    : flags.quiet === true
      ? ''
      : all
          .map(([{ value, flags }, found]) => {
            const heading = printable(`${by} = ${value === null || value === '' ? '(empty)' : value}`)
            return `${heading}\n${'='.repeat(heading.length)}\n\n${human(found, flags)}`
          })
          .join('\n\n')

/** Each group by itself: one that cannot be learned keeps none of the others back, and is told of at the end. */
const byGroup =
  (
    world: World,
    by: string,
    flags: Flags,
    learnGroup: (group: Group) => TE.TaskEither<Failure, Found & { readonly stopped: Signal | null }>
  ) =>
  (groups: ReadonlyArray<Group>): TE.TaskEither<Failure, Signal | null> =>
  async () => {
    const found: (readonly [Group, Found])[] = []
    const problems: Problem.Problem[] = []
    let stopped: Signal | null = null
    for (const group of groups) {
      const one = await learnGroup(group)()
      if (E.isRight(one)) found.push([group, one.right])
      else
        problems.push(
          ...one.left.problems.map(problem => ({ ...problem, field: `${by} = ${group.value ?? ''}, ${problem.field}` }))
        )
      stopped = E.isRight(one) ? one.right.stopped : null
      if (stopped !== null) break
    }
    await world.stdout(found.length === 0 ? '' : ofGroups(by, flags, found))()
    const [first, ...rest] = problems
    return problems.length === 0 ? E.right(stopped) : E.left(failed(first, ...rest))
  }

/** Whether there is a checkpoint to go on from; one that is there is gone on from where that is asked for, and not in silence. */
export const isBegun = (world: World, { path, resume }: Keep): TE.TaskEither<Failure, boolean> =>
  pipe(
    TE.fromTask(world.exists(path)),
    TE.filterOrElse(
      isThere => resume || !isThere,
      () =>
        refused(
          Problem.of('--checkpoint', path, 'a new file', 'add --resume to go on from it, or remove it to begin anew')
        )
    )
  )

/** The checkpoint to go on from, and how the next are written. */
const keeperOf = (world: World, keep: Keep | null): TE.TaskEither<Failure, Keeper | null> => {
  if (keep === null) return TE.right(null)
  const { path, every } = keep
  const option = '--checkpoint'
  // Once, until it can be written again.
  let isSaid = false
  return pipe(
    isBegun(world, keep),
    TE.flatMap(isThere => (isThere ? world.readText(option, path) : TE.right(null))),
    TE.map(begun => ({
      path,
      writer: `ornstein ${world.version}`,
      begun,
      every,
      write: async text => {
        const done = await world.writeFiles([{ option, path, text }])()
        const wasSaid = isSaid
        isSaid = E.isLeft(done)
        if (E.isRight(done) || wasSaid) return
        const problems = done.left.problems.map(Problem.show).join('; ')
        world.stderr(`warning: ${printable(problems)}; the run goes on without it\n`)
      }
    }))
  )
}

/** How far a run came that was stopped, and how to go on. */
const stoppedBy = (signal: Signal, stages: Fit['stages'], keep: Keep | null, choice: Choice | null = null): string => {
  const at = stages.findIndex(({ rule }) => rule === null)
  const where =
    at < 0 ? '' : ` in stage ${at + 1} of ${stages.length}, after ${stages[at].taken} of ${stages[at].limit} steps`
  const among = choice === null ? '' : ` while candidates were learned, of which ${choice.candidates.length} were`
  return (
    `stopped by ${signal}${where}${among}: what was learned until then is kept.` +
    `${keep === null ? '' : ` To go on, give the same command with --resume: the checkpoint is in ${keep.path}.`}\n`
  )
}

/** Learns, and learns in other ways too, until it is done or stopped. */
const work = (
  world: World,
  control: Pick<Control, 'watch' | 'keeper'>,
  { task, choice, stopped: before }: Chosen,
  recipes: ReadonlyArray<Recipe>
): TE.TaskEither<Failure, Found & { readonly stopped: Signal | null }> => {
  const fitted = ({ fit }: Reached): Fit => fit
  return () =>
    world.untilSignal(heard => {
      const controlled: Control = { ...control, now: world.now, heard }
      return pipe(
        learn(controlled)(task),
        TE.bindTo('own'),
        TE.bind('others', ({ own: { fit, stopped } }) =>
          stopped === null && before === null
            ? compare({ ...controlled, keeper: null })(task, fit.pipeline.score)(recipes)
            : TE.right<Failure, ReadonlyArray<Reached>>([])
        ),
        TE.map(({ own, others }) => ({
          fit: { ...own.fit, choice },
          others: others.map(fitted),
          stopped: [own, ...others].at(-1)?.stopped ?? before
        }))
      )()
    })
}

/** What resamples say of a fit; of those that were drawn when a signal came, where they are enough. */
const known =
  (world: World, watch: Progress['resampling'], resamples: number | null) =>
  ({ scaling, prior, pipeline, mixture }: Fit, { table: { points }, seed }: Task) =>
  async (): Promise<{ readonly bootstrap: Fit['bootstrap']; readonly stopped: Signal | null }> => {
    if (resamples === null) return { bootstrap: null, stopped: null }
    const states = Bootstrap.states({ resamples, seed, onProgress: watch })(
      { scaling, prior, pipeline, mixture },
      points
    )
    if (E.isLeft(states)) return { bootstrap: states, stopped: null }
    return world.untilSignal(async heard => {
      let [last, stopped, looked]: [Bootstrap.State | null, Signal | null, number] = [null, null, world.now()]
      for (const state of states.right) {
        last = state
        const at = world.now()
        if (at - looked < HEARING) continue
        looked = at
        stopped = await heard()
        if (stopped !== null) break
      }
      return { bootstrap: last?.bootstrap() ?? null, stopped }
    })
  }

/** What is printed of a score that is no mixture. */
const ofScore = ({ learned, stages }: ReachedScore, flags: Flags): string => {
  const { columns, pipeline, params, seed, standardization, fit } = learned
  const parameters = Object.values(params).reduce((sum, { values }) => sum + values.length, 0)
  const { rows, loss, steps, converged } = fit
  if (flags.json === true)
    return `${JSON.stringify({
      score: Score.show(pipeline.score),
      columns,
      rows,
      seed,
      standardized: standardization !== null,
      parameters,
      loss,
      steps,
      converged,
      stages: stages.map(({ formula, taken, rule }) => ({ formula, steps: taken, endedBy: rule }))
    })}\n`
  const { out } = flags
  return paragraphs([
    [
      `Learned a score of ${parameters} parameters from ${rows} rows.`,
      `columns: ${columns.join(', ')}${standardization === null ? '' : ' (standardized to learn)'}`
    ].join('\n'),
    facts([
      ['loss', loss === null ? 'none' : `${table.show(loss)} over the last tenth of the last stage`],
      ['steps', String(steps)],
      ...stages.map((stage, i): [string, string] => [
        `stage ${i + 1}`,
        table.tidy(`${stage.formula}; ${stage.means}; ${ending(stage)}`)
      ])
    ]),
    out === undefined
      ? 'Add --out model.json to keep it for ornstein sample and ornstein evaluate.'
      : `The model is in ${out}. Next: ornstein sample ${out} -n 10, or ornstein evaluate ${out} FILE`
  ])
}

/** Learns a score that is no mixture: its model is parameters, and there are no components to report. */
const fitScore = (
  world: World,
  flags: Flags,
  path: string,
  task: Task,
  control: Pick<Control, 'watch' | 'keeper'>,
  keep: Keep | null
): TE.TaskEither<Failure, Signal | null> => {
  const beside = [
    ...(flags.report === undefined ? [] : ['--report']),
    ...(flags.compare === undefined ? [] : ['--compare']),
    ...(flags.figures === undefined ? [] : ['--figures'])
  ]
  return pipe(
    options.checked(
      faultless(
        beside.map(option =>
          Problem.of(
            option,
            path,
            'a pipeline that learns a mixture',
            'leave the option out: this score has no components'
          )
        ),
        undefined
      )
    ),
    TE.flatMap(() => () => world.untilSignal(heard => learnScore({ ...control, now: world.now, heard })(task, path)())),
    TE.tap(({ learned }) =>
      flags.out === undefined
        ? TE.right(undefined)
        : options.write(world)([{ option: '--out', path: flags.out, text: Learned.show(learned) }])
    ),
    TE.tapTask(reached =>
      (flags.quiet === true && flags.json !== true) || flags.out === '-'
        ? () => Promise.resolve()
        : world.stdout(ofScore(reached, flags))
    ),
    TE.map(({ stopped, stages }) => {
      if (stopped !== null) world.stderr(stoppedBy(stopped, stages, keep))
      return stopped
    })
  )
}

export const fit =
  (file: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, Signal | null> => {
    const inputs = [file, ...(flags.pipeline === undefined ? [] : [flags.pipeline])]
    const isWatched = world.isTTY && flags.quiet !== true
    return pipe(
      options.checked(choicesOf(flags)),
      TE.bindTo('choices'),
      // Where each group has files of its own, they are known when the groups are.
      TE.tap(({ choices: { outputs, keep } }) =>
        options.checkOutputs(
          world,
          inputs
        )([
          ...(flags.by === undefined ? outputs : []),
          ...(keep === null ? [] : [{ option: '--checkpoint', path: keep.path }])
        ])
      ),
      TE.bind('keeper', ({ choices: { keep } }) => keeperOf(world, keep)),
      TE.bind('groups', ({ choices }) =>
        pipe(options.readTable(world, 'FILE')(file, choices.table), TE.flatMapEither(groupsOf(flags)))
      ),
      TE.flatMap(({ choices, keeper, groups }) => {
        const watched = (whose: string): Progress => (isWatched ? progress(world, whose) : unwatched)
        /** Learns, and writes what is asked for. The line of progress goes, however that ends. */
        const written = (
          { watch, resampling, end }: Progress,
          flags: Flags,
          chosen: Chosen
        ): TE.TaskEither<Failure, Found & { readonly stopped: Signal | null }> =>
          pipe(
            async () => {
              // The checkpoint of a choice has what it led to; to learn what was chosen once more takes no longer than one candidate.
              const own = chosen.choice === null ? keeper : null
              const found = await work(world, { watch, keeper: own }, chosen, choices.compare)()
              if (E.isLeft(found) || found.right.stopped !== null) {
                end()
                return found
              }
              const { fit } = found.right
              const { bootstrap, stopped } = await known(world, resampling, choices.bootstrap)(fit, chosen.task)()
              end()
              return E.right({ ...found.right, fit: { ...fit, bootstrap }, stopped })
            },
            TE.tap(found => write(world, flags, found))
          )
        const learnGroup = ({
          value,
          table,
          flags
        }: Group): TE.TaskEither<Failure, Found & { readonly stopped: Signal | null }> => {
          const line = watched(value === null ? '' : `${value}: `)
          return pipe(
            plan(world, file, flags, line.choosing, keeper)(choices, table),
            TE.flatMap(chosen => written(line, flags, chosen))
          )
        }
        const { by } = flags
        if (by !== undefined)
          return pipe(
            options.checkOutputs(world, inputs)(groups.flatMap(({ flags }) => outputsOf(flags))),
            TE.flatMap(() => byGroup(world, by, flags, learnGroup)(groups))
          )
        const [group] = groups
        const line = watched('')
        return pipe(
          plan(world, file, flags, line.choosing, keeper)(choices, group.table),
          TE.flatMap(chosen =>
            flags.printPipeline === true
              ? pipe(
                  TE.fromEither(pipelineOf(chosen.task)),
                  TE.flatMapTask(pipeline =>
                    world.stdout(`${JSON.stringify(Pipeline.codec(Vocabulary.standard).encode(pipeline), null, 2)}\n`)
                  ),
                  TE.map((): Signal | null => null)
                )
              : chosen.task.plan._tag === 'Pipeline' && Learned.isOne(chosen.task.plan.pipeline.score)
                ? pipe(
                    fitScore(
                      world,
                      flags,
                      chosen.task.plan.path,
                      chosen.task,
                      { watch: line.watch, keeper },
                      choices.keep
                    ),
                    TE.tapIO(() => line.end)
                  )
                : pipe(
                    written(line, flags, chosen),
                    TE.tapTask(found =>
                      flags.json === true
                        ? world.stdout(`${JSON.stringify(asJson(found))}\n`)
                        : flags.quiet === true || outputsOf(flags).some(({ path }) => path === '-')
                          ? () => Promise.resolve()
                          : world.stdout(human(found, flags))
                    ),
                    TE.map(({ stopped, ...found }) => {
                      const { stages } = found.others.at(-1) ?? found.fit
                      if (stopped !== null)
                        world.stderr(stoppedBy(stopped, stages, choices.keep, chosen.stopped && found.fit.choice))
                      return stopped
                    })
                  )
          )
        )
      })
    )
  }
