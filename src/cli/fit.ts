/** `ornstein fit`: learns a mixture from a table. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type Fit as Fits, Initializer, Mixture, Pipeline, Points, Problem, Vocabulary, type Run } from '../index.js'
import { type Program } from '../compile/Program.js'
import { comparison } from '../report/comparison.js'
import {
  candidates,
  chosen,
  converged,
  ending,
  floored,
  ignored,
  isPair,
  redundancies,
  steps,
  title,
  word,
  type Choice,
  type Fit
} from '../report/Fit.js'
import { page } from '../report/report.js'
import * as table from '../fit/table.js'
import * as json from './json.js'
import {
  areFree,
  choose,
  compare,
  families,
  learn,
  pipelineOf,
  recipes,
  type Open,
  type Recipe,
  type Task
} from './learn.js'
import * as Model from './Model.js'
import * as options from './options.js'
import * as words from './words.js'
import { facts, paragraphs, table as showTable } from '../fit/text.js'
import { failed, type Failure, type Output, type World } from './World.js'

export interface Flags extends options.TableFlags, words.Flags {
  readonly components?: string | undefined
  readonly family?: string | undefined
  readonly criterion: string
  readonly recipe: string
  readonly compare?: string | undefined
  readonly pipeline?: string | undefined
  readonly standardize?: boolean | undefined
  readonly seed: string
  readonly out?: string | undefined
  readonly report?: string | undefined
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly printPipeline?: boolean | undefined
}

interface Choices {
  readonly table: Points.CsvOptions
  readonly open: Open
  readonly recipe: Recipe
  readonly compare: ReadonlyArray<Recipe>
  readonly seed: number
  readonly outputs: ReadonlyArray<Output>
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
      criterion: options.oneOf('--criterion', criterion, ['bic', 'icl', 'aic'] as const)
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

const choicesOf = (flags: Flags): options.Checked<Choices> =>
  options.all({
    table: options.table(flags),
    open: openOf(flags),
    recipe: options.oneOf('--recipe', flags.recipe, recipes),
    compare: others(flags),
    seed: options.whole('--seed', flags.seed, 0, 0),
    outputs: options.outputs(outputsOf(flags), flags.json === true)
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
}

/**
 * Columns are standardized unless their unit matters: to a pipeline, whose numbers are lengths, and to families of variance 1.
 */
const plan =
  (
    world: World,
    file: string,
    { standardize, pipeline: path, vocabulary }: Flags,
    watch: (progress: Fits.Progress) => void
  ) =>
  ({ open, recipe, seed }: Choices, table: Points.Table): TE.TaskEither<Failure, Chosen> => {
    const source = file === '-' ? 'standard input' : file
    const given = { source, table, seed }
    if (path !== undefined)
      return pipe(
        ownPipeline(world, path, { vocabulary }),
        TE.map(pipeline => ({
          task: { ...given, standardize: standardize ?? false, plan: { _tag: 'Pipeline', path, pipeline } },
          choice: null
        }))
      )
    const asked = { ...given, standardize: standardize ?? areFree(open.families) }
    return TE.fromEither(
      pipe(
        choose(watch)(open, asked),
        E.map((decided): Chosen => {
          if (decided._tag === 'Asked')
            return { task: { ...asked, plan: { _tag: 'Recipe', score: decided.score, recipe } }, choice: null }
          const { pipeline, choice } = decided
          // Another recipe learns the score that was chosen in its own way.
          return recipe === 'annealed'
            ? { task: { ...asked, plan: { _tag: 'Chosen', pipeline } }, choice }
            : { task: { ...asked, plan: { _tag: 'Recipe', score: pipeline.score, recipe } }, choice }
        })
      )
    )
  }

/** A single line of a terminal, written again and again. */
const progress = (
  world: World
): {
  readonly watch: Parameters<typeof learn>[0]
  readonly choosing: (progress: Fits.Progress) => void
  readonly end: () => void
} => {
  let written = -Infinity
  const choosing = ({ family, components, done, of }: Fits.Progress): void => {
    written = world.now()
    world.stderr(`\r\x1b[2Kcandidate ${done + 1} of ${of}: ${components} ${word(family)}`)
  }
  const watch = ({ stage, step, value }: Run.State<string>, { stages }: Program<string>): void => {
    if (world.now() - written < 100 || value === null) return
    written = world.now()
    world.stderr(
      `\r\x1b[2Kstage ${stage + 1} of ${stages.length}, step ${step} of ${stages[stage].stopping.steps}: ${table.show(value)}`
    )
  }
  return {
    watch,
    choosing,
    end: () => {
      if (written > -Infinity) world.stderr('\r\x1b[2K')
    }
  }
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

const asJson = (fit: Fit, others: ReadonlyArray<Fit>): string => {
  const { family, columns, dropped, mixture, statistics, seed, scaling } = fit
  return `${JSON.stringify({
    family,
    components: Mixture.components(mixture),
    dim: columns.length,
    columns,
    ...found(fit),
    ...(fit.choice !== null && { choice: choiceAsJson(fit.choice) }),
    rows: statistics.rows,
    dropped,
    ignored: fit.ignored,
    seed,
    standardized: scaling !== null,
    ...(others.length > 0 && { compared: others.map(found) })
  })}\n`
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

const human = (fit: Fit, others: ReadonlyArray<Fit>, { out, report }: Flags): string => {
  const { source, columns, dropped, points, mixture, statistics, recipe, stages, pipeline, scaling } = fit
  const { rows, logLikelihood, bic, parameters } = statistics
  const units = scaling === null ? '' : ' (standardized to learn)'
  return paragraphs([
    [
      `Learned ${title(fit)} from ${rows} rows of ${source}.`,
      `columns: ${columns.join(', ')}${units}`,
      ...(fit.ignored.length > 0 ? [`ignored: ${ignored(fit)}; --columns chooses others`] : []),
      ...(dropped > 0 ? [`dropped: ${dropped} row${dropped === 1 ? '' : 's'} with a missing cell`] : []),
      ...(points.weights === undefined ? [] : [`weights: ${table.show(Points.totalWeight(points))} in all`])
    ].join('\n'),
    showTable(table.ofMixture(columns, mixture)),
    ...(fit.choice === null
      ? []
      : [[chosen(fit.choice, fit.choice.candidates.length), '', showTable(candidates(fit.choice))].join('\n')]),
    facts([
      ['log-likelihood per row', table.show(logLikelihood)],
      ['BIC', `${table.show(bic)} with ${parameters} parameters (less is better)`],
      ['steps', `${steps(fit)} (${converged(fit) ? 'converged' : 'as many as planned'})`]
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
    ...beside([fit, ...others]),
    notes(fit),
    [
      ...(report === undefined ? [] : [`The report is in ${report}: open it in a browser.`]),
      ...(out === undefined
        ? ['Add --out model.json to keep the model for ornstein evaluate and ornstein sample.']
        : [`The model is in ${out}. Next: ornstein evaluate ${out} FILE, or ornstein sample ${out} -n 10`]),
      ...(report === undefined ? ['Add --report report.html to see it.'] : [])
    ].join('\n')
  ])
}

interface Found {
  readonly fit: Fit
  readonly others: ReadonlyArray<Fit>
}

const write = (world: World, { out, report }: Flags, { fit, others }: Found): TE.TaskEither<Failure, void> =>
  pipe(
    report === undefined
      ? TE.right([])
      : TE.tryCatch(
          async () => [{ option: '--report', path: report, text: await page(fit, world.version, others) }],
          error => failed(Problem.of('--report', String(error), 'a drawing', 'leave it out'))
        ),
    TE.flatMap(pages =>
      options.write(world)([
        ...(out === undefined ? [] : [{ option: '--out', path: out, text: Model.show(Model.ofFit(fit)) }]),
        ...pages
      ])
    )
  )

export const fit =
  (file: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, void> =>
    pipe(
      options.checked(choicesOf(flags)),
      TE.bindTo('choices'),
      TE.tap(({ choices }) =>
        options.checkOutputs(world, [file, ...(flags.pipeline === undefined ? [] : [flags.pipeline])])(choices.outputs)
      ),
      TE.bind('table', ({ choices }) =>
        pipe(
          world.readText('FILE', file),
          TE.flatMapEither(options.readTable(file === '-' ? 'standard input' : file, choices.table))
        )
      ),
      TE.let('watching', () => {
        const { watch, choosing, end } = progress(world)
        const isWatched = world.isTTY && flags.quiet !== true
        return isWatched ? { watch, choosing, end } : { watch: () => undefined, choosing: () => undefined, end }
      }),
      TE.bind('chosen', ({ choices, table, watching }) => plan(world, file, flags, watching.choosing)(choices, table)),
      TE.flatMap(({ choices, chosen: { task, choice }, watching: { watch, end } }) =>
        flags.printPipeline === true
          ? pipe(
              TE.fromEither(pipelineOf(task)),
              TE.flatMapTask(pipeline =>
                world.stdout(`${JSON.stringify(Pipeline.codec(Vocabulary.standard).encode(pipeline), null, 2)}\n`)
              )
            )
          : pipe(
              TE.fromIOEither(() => {
                const result = pipe(
                  E.Do,
                  E.bind('fit', () =>
                    pipe(
                      learn(watch)(task),
                      E.map(fit => ({ ...fit, choice }))
                    )
                  ),
                  E.bind('others', ({ fit }) => compare(watch)(task, fit.pipeline.score)(choices.compare))
                )
                end()
                return result
              }),
              TE.tap(found => write(world, flags, found)),
              TE.flatMapTask(({ fit, others }) =>
                flags.json === true
                  ? world.stdout(asJson(fit, others))
                  : flags.quiet === true || outputsOf(flags).some(({ path }) => path === '-')
                    ? () => Promise.resolve()
                    : world.stdout(human(fit, others, flags))
              )
            )
      )
    )
