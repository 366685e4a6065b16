/** `ornstein fit`: learns a mixture from a table. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { lazy } from '../../../lib/plain/iterate.js'
import type * as Backend from '../../data/reductionBackend.js'
import { type Fit, Pipeline, Problem, Vocabulary } from '../../index.js'
import { converged, totalSteps, type Findings } from '../../report/findings.js'
import { fitDocument, fitPage, pictures } from '../../report/report.js'
import { all as scoreFigures } from '../../report/scoreFigures.js'
import { type ScoreFindings } from '../../report/scoreFindings.js'
import { scoreReportPage as scorePage } from '../../report/scoreReport.js'
import type { Picture } from '../../report/drawing.js'
import { faultless, problemInside } from '../orProblems.js'
import * as json from '../../core/json.js'
import {
  choosePipeline,
  learnByRecipes,
  learn,
  learnScore,
  taskPipeline,
  type ChosenPipeline as Decided,
  type CandidateOptions,
  type LearnedFit,
  type LearningTask
} from '../learn.js'
import { learningRowsOfSource, withoutConstantColumns, type TableRows } from '../tableRows.js'
import { type Control, type CheckpointWriter } from '../tracedRun.js'
import * as Model from '../../fit/model.js'
import * as ScoreModel from '../../fit/scoreModel.js'
import { writtenFit as fileOf } from '../../fit/written.js'
import * as look from '../scoreOutput.js'
import { openCheckpoint, interruptionMessage } from '../fitCheckpoint.js'
import { closeAfter, fitBackend } from '../fitBackend.js'
import { openProgressLine, type ProgressLine } from '../progress.js'
import { GROWN, type RecipeName } from '../recipeNames.js'
import { fitResultJson, fitText, type ShownMixtureFit } from '../fitOutput.js'
import { fitChoices, type FitChoices, type CheckpointOptions } from '../fitChoices.js'
import { learnAllVariances } from '../families.js'
import { diagnoseFit } from '../diagnoseFit.js'
import { fixedOfFile } from '../fixedFile.js'
import { fitOutputs, readingOptions, type FitFlags } from '../fitOptions.js'
import { rowGroups, type RowGroup } from '../groups.js'
import * as steps from '../commandSteps.js'
import * as words from '../customVocabulary.js'
import { printableText } from '../../fit/text.js'
import { workFailure, usageFailure, type CommandFailure, type Signal, type World } from '../world.js'

const readPipelineFile = (
  world: World,
  path: string,
  flags: words.VocabularyFlags
): TE.TaskEither<CommandFailure, Pipeline.Pipeline<string>> =>
  pipe(
    words.customVocabulary(world, flags),
    TE.bindTo('vocabulary'),
    TE.bind('text', () => world.readText('--pipeline', path)),
    TE.flatMap(({ vocabulary, text }) =>
      steps.fromCheck(
        pipe(text, json.parseJsonText('--pipeline', path), E.flatMap(json.decodeJson(Pipeline.codec(vocabulary), path)))
      )
    )
  )

/** Adds columns that were left out of the table to the excluded ones, so that all readers of the file leave them out. */
const withoutIgnoredColumns = (choices: FitChoices, { ignored }: TableRows): FitChoices => {
  const constant = ignored.flatMap(({ name, why }) => (why === 'constant' ? [name] : []))
  const { csv: table } = choices
  return constant.length === 0
    ? choices
    : { ...choices, csv: { ...table, exclude: [...(table.exclude ?? []), ...constant] } }
}

/** A task to learn, and the candidates and starts from which it was chosen. */
interface ChosenTask extends Pick<Decided, 'choice' | 'starts' | 'stopped' | 'hasRemainingRun'> {
  readonly task: LearningTask
}

/**
 * Chooses the pipeline to run. Columns are standardized by default, unless their unit matters: the numbers of a pipeline are lengths, and
 * some families have variance 1.
 */
const planFit =
  (
    world: World,
    file: string,
    { standardize, pipeline: path, vocabulary, fixed }: FitFlags,
    watch: (progress: Fit.Progress) => void,
    keeper: CheckpointWriter | null,
    backend: Backend.Backend
  ) =>
  ({ search: open, recipe, seed, prior }: FitChoices, table: TableRows): TE.TaskEither<CommandFailure, ChosenTask> => {
    const source = steps.inputName(file)
    const given = { source, table, seed, prior, backend }
    if (path !== undefined)
      return pipe(
        readPipelineFile(world, path, { vocabulary }),
        TE.map(pipeline => ({
          task: { ...given, standardize: standardize ?? false, origin: { _tag: 'Pipeline', path, pipeline } },
          choice: null,
          starts: null,
          stopped: null,
          hasRemainingRun: true
        }))
      )
    const asked = { ...given, standardize: standardize ?? learnAllVariances(open.families) }
    return pipe(
      fixed === undefined
        ? TE.right<CommandFailure, CandidateOptions['fixed']>(null)
        : fixedOfFile(world, fixed)(table.columns),
      TE.flatMap(
        fixed => () =>
          world.untilSignal(heard =>
            choosePipeline(watch, { pollSignal: heard, now: world.now, checkpoint: keeper, onFit: world.onFit })(
              { ...open, fixed },
              asked,
              recipe
            )()
          )
      ),
      TE.map(({ origin, seed, ...decided }) => ({ task: { ...asked, origin, seed }, ...decided }))
    )
  }

/** A fit to print, and the signal that ended it early; null if none did. */
interface ShownFit extends ShownMixtureFit {
  readonly stopped: Signal | null
}

/** Writes the model, the report and the figures, each if its option is given. */
const writeFitOutputs = (
  world: World,
  { out, report, figures }: FitFlags,
  made: {
    readonly model: () => string
    readonly report: () => string
    readonly figures: () => ReadonlyArray<Picture>
  }
): TE.TaskEither<CommandFailure, void> =>
  pipe(
    figures === undefined ? TE.right(undefined) : world.makeFolder('--figures', figures),
    TE.flatMap(() =>
      steps.writeOutputs(world)([
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

const writeMixtureFit = (
  world: World,
  flags: FitFlags,
  { fit, parts: told }: ShownMixtureFit
): TE.TaskEither<CommandFailure, void> =>
  writeFitOutputs(world, flags, {
    model: () => Model.show(fileOf({ ...fit, steps: totalSteps(fit), converged: converged(fit) })),
    report: () => fitPage(fit, world.version, told()),
    figures: () => pictures(fit)
  })

/** Returns the text or JSON that is printed for fits of groups. */
const groupsText = (
  by: string,
  flags: FitFlags,
  within: number,
  all: ReadonlyArray<readonly [RowGroup, ShownMixtureFit]>
): string =>
  flags.json
    ? `${JSON.stringify({ by, groups: all.map(([{ value }, found]) => ({ group: value, ...fitResultJson(found, flags) })) })}\n`
    : flags.quiet
      ? ''
      : all
          .map(([{ value, flags }, found]) => {
            const heading = printableText(`${by} = ${value === null || value === '' ? '(empty)' : value}`)
            return `${heading}\n${'='.repeat(heading.length)}\n\n${fitText(found, flags, within)}`
          })
          .join('\n\n')

/** Runs the task, then the recipes of `--compare`, until a signal arrives. */
const fitTask = (
  world: World,
  control: Pick<Control, 'watch' | 'checkpoint'>,
  { task, choice, starts, stopped: before }: ChosenTask,
  recipes: ReadonlyArray<RecipeName>
): TE.TaskEither<CommandFailure, Omit<ShownFit, 'parts'>> => {
  const fitted = ({ fit }: LearnedFit): Findings => fit
  return () =>
    world.untilSignal(heard => {
      const controlled: Control = { ...control, now: world.now, pollSignal: heard }
      return pipe(
        learn(controlled)(task),
        TE.bindTo('own'),
        TE.bind('others', ({ own: { fit, stopped } }) =>
          stopped === null && before === null
            ? learnByRecipes({ ...controlled, checkpoint: null })(task, fit.pipeline.score)(recipes)
            : TE.right<CommandFailure, ReadonlyArray<LearnedFit>>([])
        ),
        TE.map(({ own, others }) => ({
          fit: { ...own.fit, choice, starts },
          others: others.map(fitted),
          stopped: [own, ...others].at(-1)?.stopped ?? before
        }))
      )()
    })
}

/** Learns a score that is not a mixture: its model consists of parameters, and there are no components to report. */
const fitScore = (
  world: World,
  flags: FitFlags,
  path: string,
  task: LearningTask,
  control: Pick<Control, 'watch' | 'checkpoint'>,
  keep: CheckpointOptions | null
): TE.TaskEither<CommandFailure, Signal | null> =>
  pipe(
    steps.fromCheck(
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
    TE.flatMap(
      () => () =>
        world.untilSignal(heard => learnScore({ ...control, now: world.now, pollSignal: heard })(task, path)())
    ),
    TE.tap(reached => {
      // Computed only if a report or text needs it, and once.
      let known: ScoreFindings | null = null
      const found = (): ScoreFindings => (known ??= look.scoreFindings(reached, task, path))
      const isTold = flags.json || (!flags.quiet && fitOutputs(flags).every(({ path }) => path !== '-'))
      return pipe(
        writeFitOutputs(world, flags, {
          model: () => ScoreModel.show(reached.learned),
          report: () => scorePage(found(), world.version),
          figures: () => scoreFigures(found())
        }),
        TE.tapTask(() =>
          isTold
            ? world.stdout(look.scoreSummary(reached, flags, found(), world.terminal.out))
            : () => Promise.resolve()
        )
      )
    }),
    TE.map(({ stopped, stages }) => {
      if (stopped !== null)
        world.stderr(interruptionMessage(stopped, stages, keep, null, fitOutputs(flags).length > 0 || keep !== null))
      return stopped
    })
  )

/** Rejects `--every` if there is no pipeline: a search stores each sum as it is computed. */
const checkpointIntervalProblems = ({ every, pipeline }: FitFlags): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    every === undefined || pipeline !== undefined,
    '--every',
    'it',
    'needed here: each sum is written as it comes',
    'leave it out'
  )

/** How a table is read: whole, in pieces, or in pieces because of its size. */
export type TableReading = 'whole' | 'inPieces' | 'inPiecesBySize'

/**
 * Notice that a large table is read in pieces. In memory, the chosen candidate would be run once more, which may change the last digits.
 */
const streamingNotice = ({ search: { families, components }, recipe }: FitChoices, { pipeline }: FitFlags): string => {
  const isOpen = pipeline === undefined && recipe === GROWN && !(families?.length === 1 && components?.length === 1)
  const others = isOpen ? '; the last digits of the result may differ' : ''
  return `reading the table in pieces, as it is large for this memory${others}; use --no-stream to read it whole\n`
}

/** A fit whose options, files and backend have been checked. */
interface FitRequest {
  readonly world: World
  readonly file: string
  readonly choices: FitChoices
  /** Options given on the command line that determine what is learned. */
  readonly asked: ReadonlyArray<string>
  readonly isStreamed: boolean
  readonly keeper: CheckpointWriter | null
  readonly backend: Backend.Backend
}

/** Learns from a table or a group of its rows, and writes the requested files. */
const fitRows = async (
  { world, choices, asked, keeper }: FitRequest,
  flags: FitFlags,
  chosen: ChosenTask,
  line: ProgressLine
): Promise<E.Either<CommandFailure, ShownFit>> => {
  const learned = await fitTask(
    world,
    { watch: line.onStep, checkpoint: chosen.hasRemainingRun ? keeper : null },
    chosen,
    choices.compare
  )()
  if (E.isLeft(learned)) return learned
  const { others, stopped } = learned.right
  const known =
    stopped === null
      ? await diagnoseFit(world, line, choices, learned.right.fit, chosen.task.table.data)
      : { found: {}, stopped }
  const fit: Findings = {
    ...learned.right.fit,
    typedOptions: asked,
    readOptions: readingOptions(asked),
    ...(flags.out !== undefined && flags.out !== '-' && { modelPath: flags.out }),
    ...known.found
  }
  const told = lazy(() => fitDocument(fit, others, { isLabelled: flags.labels !== undefined }))
  const found: ShownFit = { fit, others, parts: told, stopped: known.stopped }
  if (flags.report !== undefined || flags.figures !== undefined) line.show('writing the report')
  const done = await writeMixtureFit(world, flags, found)()
  return E.isLeft(done) ? done : E.right(found)
}

/** Fits each group separately. Failures of groups are collected, and reported after the fits of the others. */
const fitGroups = async (
  begun: FitRequest,
  by: string,
  flags: FitFlags,
  groups: ReadonlyArray<RowGroup>
): Promise<E.Either<CommandFailure, Signal | null>> => {
  const { world, file, choices, keeper, backend } = begun
  const found: (readonly [RowGroup, ShownMixtureFit])[] = []
  const problems: Problem.Problem[] = []
  let stopped: Signal | null = null
  for (const group of groups) {
    const line = openProgressLine(world, group.flags, `${group.value ?? ''}: `)
    const chosen = await planFit(world, file, group.flags, line.onCandidate, keeper, backend)(choices, group.table)()
    const one = E.isLeft(chosen) ? chosen : await fitRows(begun, group.flags, chosen.right, line).finally(line.clear)
    if (E.isRight(one)) found.push([group, one.right])
    else problems.push(...one.left.problems.map(problemInside(`${by} = ${group.value ?? ''}`)))
    stopped = E.isRight(one) ? one.right.stopped : null
    if (stopped !== null) break
  }
  await world.stdout(found.length === 0 ? '' : groupsText(by, flags, world.terminal.out, found))()
  return E.mapLeft(workFailure)(faultless(problems, stopped))
}

/** Fits all rows of the table. */
const fitWhole = async (
  begun: FitRequest,
  flags: FitFlags,
  table: TableRows,
  line: ProgressLine
): Promise<E.Either<CommandFailure, Signal | null>> => {
  const { world, file, choices, isStreamed, keeper, backend } = begun
  const chosen = await planFit(world, file, flags, line.onCandidate, keeper, backend)(choices, table)()
  if (E.isLeft(chosen)) return chosen
  const { task, hasRemainingRun: isRun } = chosen.right
  if (flags.printPipeline) {
    const pipeline = taskPipeline(task)
    if (E.isLeft(pipeline)) return pipeline
    const written = Pipeline.codec(Vocabulary.standard).encode(pipeline.right)
    await world.stdout(`${JSON.stringify(written, null, 2)}\n`)()
    return E.right(null)
  }
  const { origin } = task
  if (origin._tag === 'Pipeline' && ScoreModel.isScoreWithoutMixture(origin.pipeline.score))
    return fitScore(world, flags, origin.path, task, { watch: line.onStep, checkpoint: keeper }, choices.checkpoint)()
  const found = await fitRows(begun, flags, chosen.right, line)
  line.clear()
  if (E.isLeft(found)) return found
  const { stopped, others, fit } = found.right
  if (flags.json) await world.stdout(`${JSON.stringify(fitResultJson(found.right, flags))}\n`)()
  else if (!flags.quiet && fitOutputs(flags).every(({ path }) => path !== '-'))
    await world.stdout(fitText(found.right, flags, world.terminal.out))()
  if (stopped !== null)
    world.stderr(
      interruptionMessage(
        stopped,
        (others.at(-1) ?? fit).stages,
        isStreamed || isRun ? choices.checkpoint : null,
        chosen.right.stopped && fit.choice,
        fitOutputs(flags).length > 0 || choices.checkpoint !== null
      )
    )
  return E.right(stopped)
}

/** Reads the table, or its groups, without constant columns. */
const readGroups = async (
  world: World,
  file: string,
  flags: FitFlags,
  how: FitChoices['csv'],
  isStreamed: boolean
): Promise<E.Either<CommandFailure, ReadonlyArray<RowGroup>>> => {
  const line = openProgressLine(world, flags)
  line.show(`reading ${steps.inputName(file)}`)
  const read = isStreamed
    ? pipe(
        steps.readSourceFile(world, 'FILE')(file, how),
        TE.map((source): ReadonlyArray<RowGroup> => [{ value: null, table: learningRowsOfSource(source), flags }])
      )
    : pipe(steps.readTableFile(world, 'FILE')(file, how, flags.labels), TE.flatMapEither(rowGroups(flags)))
  const groups = await read().finally(line.clear)
  // The numbers of a pipeline refer to all columns.
  return E.isLeft(groups) || flags.pipeline !== undefined
    ? groups
    : E.right(groups.right.map(group => ({ ...group, table: withoutConstantColumns(group.table) })))
}

export const runFit =
  (file: string, flags: FitFlags, reading: TableReading = 'whole', asked: ReadonlyArray<string> = []) =>
  (world: World): TE.TaskEither<CommandFailure, Signal | null> =>
  async () => {
    const isStreamed = reading !== 'whole'
    const { by } = flags
    const choices = fitChoices(flags)
    const { checkpoint: keep } = choices
    const every = faultless(isStreamed ? checkpointIntervalProblems(flags) : [], undefined)
    if (E.isLeft(every)) return E.left(usageFailure(every.left))
    if (reading === 'inPiecesBySize' && !flags.quiet) world.stderr(streamingNotice(choices, flags))
    const checkOutputs = steps.checkWritableOutputs(
      world,
      [file, flags.pipeline, flags.fixed].filter(path => path !== undefined)
    )
    const free = await checkOutputs([
      // With `--by`, output files of groups are known only after the table is read.
      ...(by === undefined ? fitOutputs(flags) : []),
      ...(keep === null ? [] : [{ option: '--checkpoint', path: keep.path }])
    ])()
    if (E.isLeft(free)) return free
    // A search on a source stores each sum, and so does its last run.
    const keeper = isStreamed && flags.pipeline === undefined ? E.right(null) : await openCheckpoint(world, keep)()
    if (E.isLeft(keeper)) return keeper
    const groups = await readGroups(world, file, flags, choices.csv, isStreamed)
    if (E.isLeft(groups)) return groups
    const [{ table }] = groups.right
    const there = await fitBackend(world, file, flags, withoutIgnoredColumns(choices, table), table.data)()
    if (E.isLeft(there)) return there
    const { backend, close } = there.right
    const begun: FitRequest = { world, file, choices, asked, isStreamed, keeper: keeper.right, backend }
    const work = async (): Promise<E.Either<CommandFailure, Signal | null>> => {
      if (by === undefined) {
        const line = openProgressLine(world, flags)
        return fitWhole(begun, flags, table, line).finally(line.clear)
      }
      const own = await checkOutputs(groups.right.flatMap(({ flags }) => fitOutputs(flags)))()
      return E.isLeft(own) ? own : fitGroups(begun, by, flags, groups.right)
    }
    return closeAfter(close)(work)()
  }
