/** `ornstein fit`: learns a mixture from a table. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { lazy } from '../../../lib/plain/iterate.js'
import type * as Backend from '../../data/reductionBackend.js'
import { Pipeline, Problem, Vocabulary } from '../../index.js'
import { converged, totalSteps, type Findings } from '../../report/findings.js'
import { fitDocument, fitPage, pictures } from '../../report/report.js'
import { all as scoreFigures } from '../../report/scoreFigures.js'
import { scoreReportPage } from '../../report/scoreReport.js'
import type { Picture } from '../../report/drawing.js'
import { faultless, problemInside } from '../orProblems.js'
import * as json from '../../core/json.js'
import {
  choosePipeline,
  learnByRecipes,
  learn,
  learnScore,
  taskPipeline,
  type ChosenPipeline,
  type CandidateOptions,
  type LearnedFit,
  type LearningTask
} from '../learn.js'
import { learningRowsOfSource, withoutConstantColumns, type TableRows } from '../tableRows.js'
import { type Control, type CheckpointWriter } from '../tracedRun.js'
import * as Model from '../../fit/model.js'
import * as ScoreModel from '../../fit/scoreModel.js'
import { writtenFit } from '../../fit/written.js'
import * as look from '../scoreOutput.js'
import { openCheckpoint, interruptionMessage } from '../fitCheckpoint.js'
import { closeAfter, fitBackend } from '../fitBackend.js'
import { openProgressLine, type ProgressLine } from '../progress.js'
import { GROWN, type RecipeName } from '../recipeNames.js'
import { fitResultJson, fitText, type ShownMixtureFit } from '../fitOutput.js'
import { fitChoices, type FitChoices } from '../fitChoices.js'
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

/** Excludes constant columns, for all readers of the file. */
const withoutIgnoredColumns = (choices: FitChoices, { ignored }: TableRows): FitChoices => {
  const constant = ignored.flatMap(({ name, why }) => (why === 'constant' ? [name] : []))
  const { csv } = choices
  return constant.length === 0
    ? choices
    : { ...choices, csv: { ...csv, exclude: [...(csv.exclude ?? []), ...constant] } }
}

interface ChosenTask extends Pick<ChosenPipeline, 'choice' | 'starts' | 'stopped' | 'hasRemainingRun'> {
  readonly task: LearningTask
}

interface FitRequest {
  readonly world: World
  readonly file: string
  readonly choices: FitChoices
  /** Options that determine the fit. */
  readonly typedOptions: ReadonlyArray<string>
  readonly isStreamed: boolean
  readonly checkpointWriter: CheckpointWriter | null
  readonly backend: Backend.Backend
}

/** Chooses what to learn. By default columns are standardized, unless a pipeline or a family of variance 1 uses their unit. */
const chooseTask = (
  { world, file, choices, checkpointWriter, backend }: FitRequest,
  { standardize, pipeline: path, vocabulary, fixed }: FitFlags,
  table: TableRows,
  onCandidate: ProgressLine['onCandidate']
): TE.TaskEither<CommandFailure, ChosenTask> => {
  const { search, recipe, seed, prior } = choices
  const given = { source: steps.inputName(file), table, seed, prior, backend }
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
  const openTask = { ...given, standardize: standardize ?? learnAllVariances(search.families) }
  return pipe(
    fixed === undefined
      ? TE.right<CommandFailure, CandidateOptions['fixed']>(null)
      : fixedOfFile(world, fixed)(table.columns),
    TE.flatMap(fixed => () => {
      const { now, onFit } = world
      return world.untilSignal(pollSignal =>
        choosePipeline(onCandidate, { pollSignal, now, checkpointWriter, onFit })(
          { ...search, fixed },
          openTask,
          recipe
        )()
      )
    }),
    TE.map(({ origin, seed, ...chosen }) => ({ task: { ...openTask, origin, seed }, ...chosen }))
  )
}

interface ShownFit extends ShownMixtureFit {
  readonly stopped: Signal | null
}

const writeFitOutputs = (
  world: World,
  { out, report, figures }: FitFlags,
  contents: {
    readonly model: () => string
    readonly report: () => string
    readonly figures: () => ReadonlyArray<Picture>
  }
): TE.TaskEither<CommandFailure, void> =>
  pipe(
    figures === undefined ? TE.right(undefined) : world.makeFolder('--figures', figures),
    TE.flatMap(() =>
      steps.writeOutputs(world)([
        ...(out === undefined ? [] : [{ option: '--out', path: out, text: contents.model() }]),
        ...(report === undefined ? [] : [{ option: '--report', path: report, text: contents.report() }]),
        ...(figures === undefined
          ? []
          : contents.figures().map(figure => ({
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
  { fit, parts }: ShownMixtureFit
): TE.TaskEither<CommandFailure, void> =>
  writeFitOutputs(world, flags, {
    model: () => Model.show(writtenFit({ ...fit, steps: totalSteps(fit), converged: converged(fit) })),
    report: () => fitPage(fit, world.version, parts()),
    figures: () => pictures(fit)
  })

const groupsText = (
  by: string,
  flags: FitFlags,
  within: number,
  fits: ReadonlyArray<readonly [RowGroup, ShownMixtureFit]>
): string =>
  flags.json
    ? `${JSON.stringify({ by, groups: fits.map(([{ value }, shown]) => ({ group: value, ...fitResultJson(shown, flags) })) })}\n`
    : flags.quiet
      ? ''
      : fits
          .map(([{ value, flags }, shown]) => {
            const heading = printableText(`${by} = ${value === null || value === '' ? '(empty)' : value}`)
            return `${heading}\n${'='.repeat(heading.length)}\n\n${fitText(shown, flags, within)}`
          })
          .join('\n\n')

/** Runs the task, then `--compare`, until a signal arrives. */
const fitTask = (
  world: World,
  hooks: Pick<Control, 'watch' | 'checkpointWriter'>,
  { task, choice, starts, stopped: stoppedBefore }: ChosenTask,
  recipes: ReadonlyArray<RecipeName>
): TE.TaskEither<CommandFailure, Omit<ShownFit, 'parts'>> => {
  const fitted = ({ fit }: LearnedFit): Findings => fit
  return () =>
    world.untilSignal(pollSignal => {
      const control: Control = { ...hooks, now: world.now, pollSignal }
      return pipe(
        learn(control)(task),
        TE.bindTo('main'),
        TE.bind('others', ({ main: { fit, stopped } }) =>
          stopped === null && stoppedBefore === null
            ? learnByRecipes({ ...control, checkpointWriter: null }, task, fit.pipeline.score, recipes)
            : TE.right<CommandFailure, ReadonlyArray<LearnedFit>>([])
        ),
        TE.map(({ main, others }) => ({
          fit: { ...main.fit, choice, starts },
          others: others.map(fitted),
          stopped: [main, ...others].at(-1)?.stopped ?? stoppedBefore
        }))
      )()
    })
}

/** Learns a score without a mixture; writes and prints its findings. */
const fitScore = (
  { world, choices: { checkpointOptions }, checkpointWriter }: FitRequest,
  flags: FitFlags,
  { path, task }: { readonly path: string; readonly task: LearningTask },
  watch: Control['watch']
): TE.TaskEither<CommandFailure, Signal | null> =>
  pipe(
    steps.fromCheck(faultless(mixtureOptionProblems(flags, path), undefined)),
    TE.flatMap(() => () => {
      const { now } = world
      return world.untilSignal(pollSignal => learnScore({ watch, checkpointWriter, now, pollSignal })(task, path)())
    }),
    TE.tap(learned => {
      // Computed at most once, on demand.
      const findings = lazy(() => look.scoreFindings(learned, task, path))
      const isPrinted = flags.json || (!flags.quiet && fitOutputs(flags).every(({ path }) => path !== '-'))
      return pipe(
        writeFitOutputs(world, flags, {
          model: () => ScoreModel.show(learned.learned),
          report: () => scoreReportPage(findings(), world.version),
          figures: () => scoreFigures(findings())
        }),
        TE.tapTask(() =>
          isPrinted
            ? world.stdout(look.scoreSummary(learned, flags, findings(), world.terminal.out))
            : () => Promise.resolve()
        )
      )
    }),
    TE.map(({ stopped, stages }) => {
      const isSaved = fitOutputs(flags).length > 0 || checkpointOptions !== null
      if (stopped !== null)
        world.stderr(interruptionMessage(stopped, { stages, checkpoint: checkpointOptions, choice: null, isSaved }))
      return stopped
    })
  )

const mixtureOptionProblems = ({ compare, labels }: FitFlags, path: string): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(
    compare === undefined,
    '--compare',
    path,
    'a pipeline that learns a mixture',
    'leave the option out: recipes learn mixtures'
  ),
  ...Problem.unless(
    labels === undefined,
    '--labels',
    path,
    'a pipeline that learns a mixture',
    'leave the option out: there are no components'
  )
]

/** Rejects `--every` without a pipeline: a search stores each sum. */
const checkpointIntervalProblems = ({ every, pipeline }: FitFlags): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    every === undefined || pipeline !== undefined,
    '--every',
    'it',
    'needed here: each sum is written as it comes',
    'leave it out'
  )

/** Reading of a table; the last is the default for large ones. */
export type TableReading = 'whole' | 'inPieces' | 'inPiecesBySize'

/** Notice that a large table is read in pieces; in memory one more run may change the last digits. */
const streamingNotice = ({ search: { families, components }, recipe }: FitChoices, { pipeline }: FitFlags): string => {
  const isOpen = pipeline === undefined && recipe === GROWN && !(families?.length === 1 && components?.length === 1)
  const others = isOpen ? '; the last digits of the result may differ' : ''
  return `reading the table in pieces, as it is large for this memory${others}; use --no-stream to read it whole\n`
}

const fitRows = async (
  { world, choices, typedOptions, checkpointWriter }: FitRequest,
  flags: FitFlags,
  chosen: ChosenTask,
  line: ProgressLine
): Promise<E.Either<CommandFailure, ShownFit>> => {
  const learned = await fitTask(
    world,
    { watch: line.onStep, checkpointWriter: chosen.hasRemainingRun ? checkpointWriter : null },
    chosen,
    choices.compare
  )()
  if (E.isLeft(learned)) return learned
  const { others, ...main } = learned.right
  const isDescribed = flags.json || !flags.quiet || flags.report !== undefined || flags.figures !== undefined
  const { diagnoses, stopped } =
    main.stopped === null
      ? await diagnoseFit(world, line, choices, { fit: main.fit, data: chosen.task.table.data, isDescribed })
      : { diagnoses: {}, stopped: main.stopped }
  const fit: Findings = {
    ...main.fit,
    typedOptions,
    readOptions: readingOptions(typedOptions),
    ...(flags.out !== undefined && flags.out !== '-' && { modelPath: flags.out }),
    ...diagnoses
  }
  const parts = lazy(() => fitDocument(fit, others, { isLabelled: flags.labels !== undefined }))
  const shown: ShownFit = { fit, others, parts, stopped }
  if (flags.report !== undefined || flags.figures !== undefined) line.show('writing the report')
  const written = await writeMixtureFit(world, flags, shown)()
  return E.isLeft(written) ? written : E.right(shown)
}

/** Fits each group; reports failures after all fits. */
const fitGroups = async (
  request: FitRequest,
  by: string,
  flags: FitFlags,
  groups: ReadonlyArray<RowGroup>
): Promise<E.Either<CommandFailure, Signal | null>> => {
  const { world } = request
  const fits: (readonly [RowGroup, ShownMixtureFit])[] = []
  const problems: Problem.Problem[] = []
  let stopped: Signal | null = null
  for (const group of groups) {
    const line = openProgressLine(world, group.flags, `${group.value ?? ''}: `)
    const chosen = await chooseTask(request, group.flags, group.table, line.onCandidate)()
    const shown = E.isLeft(chosen)
      ? chosen
      : await fitRows(request, group.flags, chosen.right, line).finally(line.clear)
    if (E.isRight(shown)) fits.push([group, shown.right])
    else problems.push(...shown.left.problems.map(problemInside(`${by} = ${group.value ?? ''}`)))
    stopped = E.isRight(shown) ? shown.right.stopped : null
    if (stopped !== null) break
  }
  await world.stdout(fits.length === 0 ? '' : groupsText(by, flags, world.terminal.out, fits))()
  return E.mapLeft(workFailure)(faultless(problems, stopped))
}

const fitOneTable = async (
  request: FitRequest,
  flags: FitFlags,
  table: TableRows,
  line: ProgressLine
): Promise<E.Either<CommandFailure, Signal | null>> => {
  const { world, choices, isStreamed } = request
  const chosen = await chooseTask(request, flags, table, line.onCandidate)()
  if (E.isLeft(chosen)) return chosen
  const { task, hasRemainingRun } = chosen.right
  if (flags.printPipeline) return printPipeline(world, task)
  const { origin } = task
  if (origin._tag === 'Pipeline' && ScoreModel.isScoreWithoutMixture(origin.pipeline.score))
    return fitScore(request, flags, { path: origin.path, task }, line.onStep)()
  const shown = await fitRows(request, flags, chosen.right, line)
  line.clear()
  if (E.isLeft(shown)) return shown
  const { stopped, others, fit } = shown.right
  if (flags.json) await world.stdout(`${JSON.stringify(fitResultJson(shown.right, flags))}\n`)()
  else if (!flags.quiet && fitOutputs(flags).every(({ path }) => path !== '-'))
    await world.stdout(fitText(shown.right, flags, world.terminal.out))()
  if (stopped !== null)
    world.stderr(
      interruptionMessage(stopped, {
        stages: (others.at(-1) ?? fit).stages,
        checkpoint: isStreamed || hasRemainingRun ? choices.checkpointOptions : null,
        choice: chosen.right.stopped && fit.choice,
        isSaved: fitOutputs(flags).length > 0 || choices.checkpointOptions !== null
      })
    )
  return E.right(stopped)
}

const printPipeline = async (world: World, task: LearningTask): Promise<E.Either<CommandFailure, null>> => {
  const pipeline = taskPipeline(task)
  if (E.isLeft(pipeline)) return pipeline
  const json = Pipeline.codec(Vocabulary.standard).encode(pipeline.right)
  await world.stdout(`${JSON.stringify(json, null, 2)}\n`)()
  return E.right(null)
}

/** Reads the table, or its groups. Constant columns are left out, except for a pipeline. */
const readGroups = async (
  world: World,
  file: string,
  flags: FitFlags,
  { csv, isStreamed }: Pick<FitChoices, 'csv'> & Pick<FitRequest, 'isStreamed'>
): Promise<E.Either<CommandFailure, ReadonlyArray<RowGroup>>> => {
  const line = openProgressLine(world, flags)
  line.show(`reading ${steps.inputName(file)}`)
  const read = isStreamed
    ? pipe(
        steps.readSourceFile(world, 'FILE')(file, csv),
        TE.map((source): ReadonlyArray<RowGroup> => [{ value: null, table: learningRowsOfSource(source), flags }])
      )
    : pipe(steps.readTableFile(world, 'FILE')(file, csv, flags.labels), TE.flatMapEither(rowGroups(flags)))
  const groups = await read().finally(line.clear)
  // A pipeline's numbers refer to all columns, so none is left out.
  return E.isLeft(groups) || flags.pipeline !== undefined
    ? groups
    : E.right(groups.right.map(group => ({ ...group, table: withoutConstantColumns(group.table) })))
}

interface FitInvocation {
  readonly file: string
  readonly flags: FitFlags
  readonly reading: TableReading
  readonly typedOptions: ReadonlyArray<string>
}

/** Runs `ornstein fit`. `typedOptions` are those that determine the fit. */
export const runFit =
  (file: string, flags: FitFlags, reading: TableReading = 'whole', typedOptions: ReadonlyArray<string> = []) =>
  (world: World): TE.TaskEither<CommandFailure, Signal | null> =>
  () =>
    fitFile(world, { file, flags, reading, typedOptions })

const fitFile = async (
  world: World,
  { file, flags, reading, typedOptions }: FitInvocation
): Promise<E.Either<CommandFailure, Signal | null>> => {
  const isStreamed = reading !== 'whole'
  const { by } = flags
  const choices = fitChoices(flags)
  const { checkpointOptions } = choices
  const interval = faultless(isStreamed ? checkpointIntervalProblems(flags) : [], undefined)
  if (E.isLeft(interval)) return E.left(usageFailure(interval.left))
  if (reading === 'inPiecesBySize' && !flags.quiet) world.stderr(streamingNotice(choices, flags))
  const checkOutputs = steps.checkWritableOutputs(
    world,
    [file, flags.pipeline, flags.fixed].filter(path => path !== undefined)
  )
  const writable = await checkOutputs([
    // Output files of groups are known only after the table is read.
    ...(by === undefined ? fitOutputs(flags) : []),
    ...(checkpointOptions === null ? [] : [{ option: '--checkpoint', path: checkpointOptions.path }])
  ])()
  if (E.isLeft(writable)) return writable
  // A search on a source stores each sum, as does its last run.
  const checkpoint =
    isStreamed && flags.pipeline === undefined ? E.right(null) : await openCheckpoint(world, checkpointOptions)()
  if (E.isLeft(checkpoint)) return checkpoint
  const groups = await readGroups(world, file, flags, { csv: choices.csv, isStreamed })
  if (E.isLeft(groups)) return groups
  const [{ table }] = groups.right
  const opened = await fitBackend(world, { file, flags, choices: withoutIgnoredColumns(choices, table) }, table.data)()
  if (E.isLeft(opened)) return opened
  const { backend, close } = opened.right
  const checkpointWriter = checkpoint.right
  const request: FitRequest = { world, file, choices, typedOptions, isStreamed, checkpointWriter, backend }
  const line = openProgressLine(world, flags)
  return closeAfter(close)<Signal | null>(
    by === undefined
      ? () => fitOneTable(request, flags, table, line).finally(line.clear)
      : pipe(
          checkOutputs(groups.right.flatMap(group => fitOutputs(group.flags))),
          TE.flatMap(() => () => fitGroups(request, by, flags, groups.right))
        )
  )()
}
