/** `ornstein fit`: learns a mixture from a table. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { lazy } from '../../../lib/plain/iterate.js'
import type * as Place from '../../data/place.js'
import { type Fit, Pipeline, Problem, Vocabulary } from '../../index.js'
import { converged, steps, type Findings } from '../../report/findings.js'
import { documentOf, page, pictures } from '../../report/report.js'
import { all as scoreFigures } from '../../report/scoreFigures.js'
import { type ScoreFindings } from '../../report/scoreFindings.js'
import { page as scorePage } from '../../report/scoreReport.js'
import type { Picture } from '../../report/drawing.js'
import { faultless, inside } from '../checked.js'
import * as json from '../../core/json.js'
import {
  choose,
  compare,
  learn,
  learnScore,
  pipelineOf,
  type Chosen as Decided,
  type Open,
  type Reached,
  type Task
} from '../learn.js'
import { rowsOfSource, varying, type Rows } from '../rows.js'
import { type Control, type Keeper } from '../running.js'
import * as Model from '../../fit/model.js'
import * as ScoreModel from '../../fit/scoreModel.js'
import { written as fileOf } from '../../fit/written.js'
import * as look from '../look.js'
import { keeperOf, stoppedBy } from '../keeper.js'
import { closing, placeOf } from '../summedAt.js'
import { progress, type Progress } from '../progress.js'
import { GROWN, type Recipe } from '../recipeNames.js'
import { asJson, human, type Shown } from '../shown.js'
import { choicesOf, type Choices, type Keep } from '../choices.js'
import { areFree } from '../families.js'
import { diagnosed } from '../diagnosed.js'
import { fixedOf } from '../fixedFile.js'
import { outputsOf, readsAgain, type Flags } from '../fitOptions.js'
import { groupsOf, type Group } from '../groups.js'
import * as options from '../options.js'
import * as words from '../ownWords.js'
import { printable } from '../../fit/text.js'
import { failed, refused, type Failure, type Signal, type World } from '../world.js'

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

/** The choices as who reads the file again takes them: without columns that were left out of the table. */
const without = (choices: Choices, { ignored }: Rows): Choices => {
  const constant = ignored.flatMap(({ name, why }) => (why === 'constant' ? [name] : []))
  const { table } = choices
  return constant.length === 0
    ? choices
    : { ...choices, table: { ...table, exclude: [...(table.exclude ?? []), ...constant] } }
}

/** What is to be learned, and what it was chosen from. */
interface Chosen extends Pick<Decided, 'choice' | 'starts' | 'stopped' | 'isRun'> {
  readonly task: Task
}

/**
 * Columns are standardized unless their unit matters: to a pipeline, whose numbers are lengths, and to families of variance 1.
 */
const plan =
  (
    world: World,
    file: string,
    { standardize, pipeline: path, vocabulary, fixed }: Flags,
    watch: (progress: Fit.Progress) => void,
    keeper: Keeper | null,
    place: Place.Place
  ) =>
  ({ open, recipe, seed, prior }: Choices, table: Rows): TE.TaskEither<Failure, Chosen> => {
    const source = options.named(file)
    const given = { source, table, seed, prior, place }
    if (path !== undefined)
      return pipe(
        ownPipeline(world, path, { vocabulary }),
        TE.map(pipeline => ({
          task: { ...given, standardize: standardize ?? false, origin: { _tag: 'Pipeline', path, pipeline } },
          choice: null,
          starts: null,
          stopped: null,
          isRun: true
        }))
      )
    const asked = { ...given, standardize: standardize ?? areFree(open.families) }
    return pipe(
      fixed === undefined ? TE.right<Failure, Open['fixed']>(null) : fixedOf(world, fixed)(table.columns),
      TE.flatMap(
        fixed => () =>
          world.untilSignal(heard =>
            choose(watch, { heard, now: world.now, keeper, seen: world.seen })({ ...open, fixed }, asked, recipe)()
          )
      ),
      TE.map(({ origin, seed, ...decided }) => ({ task: { ...asked, origin, seed }, ...decided }))
    )
  }

/** What is shown of what was learned, to the end or until a signal. */
interface Found extends Shown {
  readonly stopped: Signal | null
}

/** Writes all that is asked of what was learned. */
const written = (
  world: World,
  { out, report, figures }: Flags,
  made: {
    readonly model: () => string
    readonly report: () => string
    readonly figures: () => ReadonlyArray<Picture>
  }
): TE.TaskEither<Failure, void> =>
  pipe(
    figures === undefined ? TE.right(undefined) : world.makeFolder('--figures', figures),
    TE.flatMap(() =>
      options.write(world)([
        ...(out === undefined ? [] : [{ option: '--out', path: out, text: made.model() }]),
        ...(report === undefined ? [] : [{ option: '--report', path: report, text: made.report() }]),
        ...(figures === undefined
          ? []
          : made.figures().map(figure => ({
              option: '--figures',
              path: `${figures}/${figure.name}.svg`,
              text: String(figure)
            })))
      ])
    )
  )

const write = (world: World, flags: Flags, { fit, told }: Shown): TE.TaskEither<Failure, void> =>
  written(world, flags, {
    model: () => Model.show(fileOf({ ...fit, steps: steps(fit), converged: converged(fit) })),
    report: () => page(fit, world.version, told()),
    figures: () => pictures(fit)
  })

/** What is printed of fits of groups. */
const ofGroups = (by: string, flags: Flags, within: number, all: ReadonlyArray<readonly [Group, Shown]>): string =>
  flags.json
    ? `${JSON.stringify({ by, groups: all.map(([{ value }, found]) => ({ group: value, ...asJson(found, flags) })) })}\n`
    : flags.quiet
      ? ''
      : all
          .map(([{ value, flags }, found]) => {
            const heading = printable(`${by} = ${value === null || value === '' ? '(empty)' : value}`)
            return `${heading}\n${'='.repeat(heading.length)}\n\n${human(found, flags, within)}`
          })
          .join('\n\n')

/** Learns, and learns in other ways too, until it is done or stopped. */
const work = (
  world: World,
  control: Pick<Control, 'watch' | 'keeper'>,
  { task, choice, starts, stopped: before }: Chosen,
  recipes: ReadonlyArray<Recipe>
): TE.TaskEither<Failure, Omit<Found, 'told'>> => {
  const fitted = ({ fit }: Reached): Findings => fit
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
          fit: { ...own.fit, choice, starts },
          others: others.map(fitted),
          stopped: [own, ...others].at(-1)?.stopped ?? before
        }))
      )()
    })
}

/** Learns a score that is no mixture: its model is parameters, and there are no components to report. */
const fitScore = (
  world: World,
  flags: Flags,
  path: string,
  task: Task,
  control: Pick<Control, 'watch' | 'keeper'>,
  keep: Keep | null
): TE.TaskEither<Failure, Signal | null> =>
  pipe(
    options.checked(
      faultless(
        [
          ...Problem.unless(
            flags.compare === undefined,
            '--compare',
            path,
            'a pipeline that learns a mixture',
            'leave the option out: recipes learn mixtures'
          ),
          ...Problem.unless(
            flags.labels === undefined,
            '--labels',
            path,
            'a pipeline that learns a mixture',
            'leave the option out: there are no components'
          )
        ],
        undefined
      )
    ),
    TE.flatMap(() => () => world.untilSignal(heard => learnScore({ ...control, now: world.now, heard })(task, path)())),
    TE.tap(reached => {
      // Looked at where something of it is told, and once.
      let known: ScoreFindings | null = null
      const found = (): ScoreFindings => (known ??= look.findings(reached, task, path))
      const isTold = flags.json || (!flags.quiet && outputsOf(flags).every(({ path }) => path !== '-'))
      return pipe(
        written(world, flags, {
          model: () => ScoreModel.show(reached.learned),
          report: () => scorePage(found(), world.version),
          figures: () => scoreFigures(found())
        }),
        TE.tapTask(() =>
          isTold ? world.stdout(look.told(reached, flags, found(), world.terminal.out)) : () => Promise.resolve()
        )
      )
    }),
    TE.map(({ stopped, stages }) => {
      if (stopped !== null)
        world.stderr(stoppedBy(stopped, stages, keep, null, outputsOf(flags).length > 0 || keep !== null))
      return stopped
    })
  )

/** How often a run is kept is asked of a pipeline alone: a choice writes each sum down as it comes. */
const everyOf = ({ every, pipeline }: Flags): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    every === undefined || pipeline !== undefined,
    '--every',
    'it',
    'needed here: each sum is written as it comes',
    'leave it out'
  )

/** How a table is read: whole, in pieces, or in pieces because of its size. */
export type Reading = 'whole' | 'inPieces' | 'unasked'

/** What a person is told of a table that is read in pieces unasked: of it whole, what is chosen is learned once more at the end. */
const unasked = ({ open: { families, components }, recipe }: Choices, { pipeline }: Flags): string => {
  const isOpen = pipeline === undefined && recipe === GROWN && !(families?.length === 1 && components?.length === 1)
  const others = isOpen ? '; the last digits of the result may differ' : ''
  return `reading the table in pieces, as it is large for this memory${others}; use --no-stream to read it whole\n`
}

/** A fit whose words, files and places are known to be right. */
interface Begun {
  readonly world: World
  readonly file: string
  readonly choices: Choices
  /** The options that say what is learned, as they were typed. */
  readonly asked: ReadonlyArray<string>
  readonly isStreamed: boolean
  readonly keeper: Keeper | null
  readonly place: Place.Place
}

/** Learns from some rows, and writes what is asked for. */
const fitted = async (
  { world, choices, asked, keeper }: Begun,
  flags: Flags,
  chosen: Chosen,
  line: Progress
): Promise<E.Either<Failure, Found>> => {
  const learned = await work(
    world,
    { watch: line.watch, keeper: chosen.isRun ? keeper : null },
    chosen,
    choices.compare
  )()
  if (E.isLeft(learned)) return learned
  const { others, stopped } = learned.right
  const known =
    stopped === null
      ? await diagnosed(world, line, choices, learned.right.fit, chosen.task.table.data)
      : { found: {}, stopped }
  const fit: Findings = {
    ...learned.right.fit,
    asked,
    readBy: readsAgain(asked),
    ...(flags.out !== undefined && flags.out !== '-' && { modelPath: flags.out }),
    ...known.found
  }
  const told = lazy(() => documentOf(fit, others, flags.labels !== undefined))
  const found: Found = { fit, others, told, stopped: known.stopped }
  if (flags.report !== undefined || flags.figures !== undefined) line.doing('writing the report')
  const done = await write(world, flags, found)()
  return E.isLeft(done) ? done : E.right(found)
}

/** Each group alone: one that cannot be learned keeps none of the others back, and is told of at the end. */
const fitGroups = async (
  begun: Begun,
  by: string,
  flags: Flags,
  groups: ReadonlyArray<Group>
): Promise<E.Either<Failure, Signal | null>> => {
  const { world, file, choices, keeper, place } = begun
  const found: (readonly [Group, Shown])[] = []
  const problems: Problem.Problem[] = []
  let stopped: Signal | null = null
  for (const group of groups) {
    const line = progress(world, group.flags, `${group.value ?? ''}: `)
    const chosen = await plan(world, file, group.flags, line.choosing, keeper, place)(choices, group.table)()
    const one = E.isLeft(chosen) ? chosen : await fitted(begun, group.flags, chosen.right, line).finally(line.end)
    if (E.isRight(one)) found.push([group, one.right])
    else problems.push(...one.left.problems.map(inside(`${by} = ${group.value ?? ''}`)))
    stopped = E.isRight(one) ? one.right.stopped : null
    if (stopped !== null) break
  }
  await world.stdout(found.length === 0 ? '' : ofGroups(by, flags, world.terminal.out, found))()
  return E.mapLeft(failed)(faultless(problems, stopped))
}

/** All rows together. */
const fitWhole = async (
  begun: Begun,
  flags: Flags,
  table: Rows,
  line: Progress
): Promise<E.Either<Failure, Signal | null>> => {
  const { world, file, choices, isStreamed, keeper, place } = begun
  const chosen = await plan(world, file, flags, line.choosing, keeper, place)(choices, table)()
  if (E.isLeft(chosen)) return chosen
  const { task, isRun } = chosen.right
  if (flags.printPipeline) {
    const pipeline = pipelineOf(task)
    if (E.isLeft(pipeline)) return pipeline
    const written = Pipeline.codec(Vocabulary.standard).encode(pipeline.right)
    await world.stdout(`${JSON.stringify(written, null, 2)}\n`)()
    return E.right(null)
  }
  const { origin } = task
  if (origin._tag === 'Pipeline' && ScoreModel.isOne(origin.pipeline.score))
    return fitScore(world, flags, origin.path, task, { watch: line.watch, keeper }, choices.keep)()
  const found = await fitted(begun, flags, chosen.right, line)
  line.end()
  if (E.isLeft(found)) return found
  const { stopped, others, fit } = found.right
  if (flags.json) await world.stdout(`${JSON.stringify(asJson(found.right, flags))}\n`)()
  else if (!flags.quiet && outputsOf(flags).every(({ path }) => path !== '-'))
    await world.stdout(human(found.right, flags, world.terminal.out))()
  if (stopped !== null)
    world.stderr(
      stoppedBy(
        stopped,
        (others.at(-1) ?? fit).stages,
        isStreamed || isRun ? choices.keep : null,
        chosen.right.stopped && fit.choice,
        outputsOf(flags).length > 0 || choices.keep !== null
      )
    )
  return E.right(stopped)
}

/** The table, or its groups, without columns that are the same in every row. */
const readGroups = async (
  world: World,
  file: string,
  flags: Flags,
  how: Choices['table'],
  isStreamed: boolean
): Promise<E.Either<Failure, ReadonlyArray<Group>>> => {
  const line = progress(world, flags)
  line.doing(`reading ${options.named(file)}`)
  const read = isStreamed
    ? pipe(
        options.readSource(world, 'FILE')(file, how),
        TE.map((source): ReadonlyArray<Group> => [{ value: null, table: rowsOfSource(source), flags }])
      )
    : pipe(options.readTable(world, 'FILE')(file, how, flags.labels), TE.flatMapEither(groupsOf(flags)))
  const groups = await read().finally(line.end)
  // A pipeline's numbers are those of all columns.
  return E.isLeft(groups) || flags.pipeline !== undefined
    ? groups
    : E.right(groups.right.map(group => ({ ...group, table: varying(group.table) })))
}

export const fit =
  (file: string, flags: Flags, reading: Reading = 'whole', asked: ReadonlyArray<string> = []) =>
  (world: World): TE.TaskEither<Failure, Signal | null> =>
  async () => {
    const isStreamed = reading !== 'whole'
    const { by } = flags
    const choices = choicesOf(flags)
    const { keep } = choices
    const every = faultless(isStreamed ? everyOf(flags) : [], undefined)
    if (E.isLeft(every)) return E.left(refused(every.left))
    if (reading === 'unasked' && !flags.quiet) world.stderr(unasked(choices, flags))
    const checkOutputs = options.checkOutputs(
      world,
      [file, flags.pipeline, flags.fixed].filter(path => path !== undefined)
    )
    const free = await checkOutputs([
      // Where each group has files of its own, they are known when the groups are.
      ...(by === undefined ? outputsOf(flags) : []),
      ...(keep === null ? [] : [{ option: '--checkpoint', path: keep.path }])
    ])()
    if (E.isLeft(free)) return free
    // What a search on a source comes to is kept sum by sum, and so is its last run.
    const keeper = isStreamed && flags.pipeline === undefined ? E.right(null) : await keeperOf(world, keep)()
    if (E.isLeft(keeper)) return keeper
    const groups = await readGroups(world, file, flags, choices.table, isStreamed)
    if (E.isLeft(groups)) return groups
    const [{ table }] = groups.right
    const there = await placeOf(world, file, flags, without(choices, table), table.data)()
    if (E.isLeft(there)) return there
    const { place, close } = there.right
    const begun: Begun = { world, file, choices, asked, isStreamed, keeper: keeper.right, place }
    const work = async (): Promise<E.Either<Failure, Signal | null>> => {
      if (by === undefined) {
        const line = progress(world, flags)
        return fitWhole(begun, flags, table, line).finally(line.end)
      }
      const own = await checkOutputs(groups.right.flatMap(({ flags }) => outputsOf(flags)))()
      return E.isLeft(own) ? own : fitGroups(begun, by, flags, groups.right)
    }
    return closing(close)(work)()
  }
