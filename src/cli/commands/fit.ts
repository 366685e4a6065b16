/** `ornstein fit`: learns a mixture from a table. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { lazy } from '../../../lib/plain/iterate.js'
import type * as Place from '../../data/place.js'
import * as Source from '../../data/source.js'
import { Bootstrap, ComponentTest, type Fit, Mixture, Pipeline, Problem, Score, Vocabulary } from '../../index.js'
import * as Hint from '../../trust/hint.js'
import * as Stuck from '../../trust/stuck.js'
import * as Missing from '../../mixture/em/missing.js'
import { converged, steps, type Findings } from '../../report/findings.js'
import { all as pictures } from '../../report/figures.js'
import { documentOf, page } from '../../report/report.js'
import { all as scoreFigures } from '../../report/scoreFigures.js'
import { type ScoreFindings } from '../../report/scoreFindings.js'
import { page as scorePage } from '../../report/scoreReport.js'
import type { Picture } from '../../picture/drawing.js'
import { faultless, inside, type Checked } from '../checked.js'
import * as json from '../../core/json.js'
import {
  choose,
  compare,
  heardAmong,
  learn,
  learnScore,
  pipelineOf,
  rowsOfSource,
  varying,
  type Chosen as Decided,
  type Control,
  type Keeper,
  type Open,
  type Reached,
  type Rows,
  type Task
} from '../learn.js'
import * as Model from '../../fit/model.js'
import * as ScoreModel from '../../fit/scoreModel.js'
import { written as fileOf } from '../../fit/written.js'
import * as look from '../look.js'
import { keeperOf, stoppedBy } from '../keeper.js'
import { closing, placeOf, type Summing } from '../summedAt.js'
import { progress, type Progress } from '../progress.js'
import { GROWN, type Recipe } from '../recipes.js'
import { asJson, human, type Shown } from '../shown.js'
import { choicesOf, type Choices, type Keep } from '../choices.js'
import { areFree } from '../families.js'
import { fixedOf } from '../fixedFile.js'
import { outputsOf, type Flags } from '../fitOptions.js'
import { groupsOf, type Group } from '../groups.js'
import * as options from '../options.js'
import * as words from '../ownWords.js'
import { printable } from '../../fit/text.js'
import { failed, type Failure, type Signal, type World } from '../world.js'

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

/** Each group alone: one that cannot be learned keeps none of the others back, and is told of at the end. */
const byGroup =
  (world: World, by: string, flags: Flags, learnGroup: (group: Group) => TE.TaskEither<Failure, Found>) =>
  (groups: ReadonlyArray<Group>): TE.TaskEither<Failure, Signal | null> =>
  async () => {
    const found: (readonly [Group, Shown])[] = []
    const problems: Problem.Problem[] = []
    let stopped: Signal | null = null
    for (const group of groups) {
      const one = await learnGroup(group)()
      if (E.isRight(one)) found.push([group, one.right])
      else problems.push(...one.left.problems.map(inside(`${by} = ${group.value ?? ''}`)))
      stopped = E.isRight(one) ? one.right.stopped : null
      if (stopped !== null) break
    }
    await world.stdout(found.length === 0 ? '' : ofGroups(by, flags, world.terminal.out, found))()
    const [first, ...rest] = problems
    return problems.length === 0 ? E.right(stopped) : E.left(failed(first, ...rest))
  }

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

/** The last of states that are computed one after another, or where a signal came. */
const untilHeard = <S>(
  world: World,
  states: Iterable<S>
): Promise<{ readonly last: S | null; readonly stopped: Signal | null }> =>
  world.untilSignal(async heard => {
    let last: S | null = null
    for await (const { state, stopped } of heardAmong({ now: world.now, heard }, states)) {
      last = state
      if (stopped !== null) return { last, stopped }
    }
    return { last, stopped: null }
  })

/** What resamples say of a fit; of those that were drawn when a signal came, where they are enough. */
const known =
  (world: World, watch: Progress['resampling'], resamples: number | null) =>
  ({ seed, ...fitted }: Bootstrap.Fitted & Pick<Findings, 'seed'>, data: Source.Data) =>
  async (): Promise<{ readonly bootstrap: Findings['bootstrap']; readonly stopped: Signal | null }> => {
    if (resamples === null) return { bootstrap: null, stopped: null }
    const states = Bootstrap.states({ resamples, seed, onProgress: watch })(fitted, data)
    if (E.isLeft(states)) return { bootstrap: states, stopped: null }
    const { last, stopped } = await untilHeard(world, states.right)
    return { bootstrap: last?.bootstrap() ?? null, stopped }
  }

/** The family of a score, for any number of components. */
const lineOf = (score: Score.Score<string>): Fit.Constructor | null =>
  'components' in score ? ({ components }) => ({ ...score, components }) : null

/** Tests of a fit's number of components against one fewer and one more; those that were done when a signal came. */
const tested =
  (world: World, watch: Progress['testing'], resamples: number | null) =>
  (
    { scaling, pipeline, mixture, seed }: Pick<Findings, 'scaling' | 'pipeline' | 'mixture' | 'seed'>,
    data: Source.Data
  ) =>
  async (): Promise<{ readonly tests: Findings['tests']; readonly stopped: Signal | null }> => {
    if (resamples === null) return { tests: null, stopped: null }
    const family = lineOf(pipeline.score)
    if (family === null || Source.isSource(data) || Missing.has(data))
      return {
        tests: E.left([
          family === null
            ? Problem.of(
                'family',
                Score.nameOf(pipeline.score),
                'of Gaussians alone',
                'test one without tails or a background'
              )
            : Source.isSource(data)
              ? Problem.of('rows', 'in pieces', 'in memory', 'try --no-stream')
              : Problem.of('rows', 'some with missing cells', 'whole', 'leave these out: --missing drop')
        ]),
        stopped: null
      }
    const to = Mixture.components(mixture)
    const states = ComponentTest.states({
      ...{ family, resamples, seed, to, from: Math.max(1, to - 1), standardize: scaling !== null, onProgress: watch }
    })(data)
    if (E.isLeft(states)) return { tests: states, stopped: null }
    const { last, stopped } = await untilHeard(world, states.right)
    return { tests: last?.tests() ?? null, stopped }
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
const everyOf = ({ every, pipeline }: Flags): Checked<null> =>
  faultless(
    Problem.unless(
      every === undefined || pipeline !== undefined,
      '--every',
      'it',
      'needed here: each sum is written as it comes',
      'leave it out'
    ),
    null
  )

/** What is there before anything is learned. */
interface Begun {
  readonly choices: Choices
  readonly keeper: Keeper | null
  readonly groups: ReadonlyArray<Group>
  readonly there: Summing
}

/** How a table is read: whole, in pieces, or in pieces because of its size. */
export type Reading = 'whole' | 'inPieces' | 'unasked'

/** What a person is told of a table that is read in pieces unasked: of it whole, what is chosen is learned once more at the end. */
const unasked = ({ open: { families, components }, recipe }: Choices, { pipeline }: Flags): string => {
  const isOpen = pipeline === undefined && recipe === GROWN && !(families?.length === 1 && components?.length === 1)
  const others = isOpen ? '; the last digits of the result may differ' : ''
  return `reading the table in pieces, as it is large for this memory${others}; use --no-stream to read it whole\n`
}

/** Where components share a cluster, and others cover two. */
const stuckOf = ({ pipeline, seen, ...fit }: Shown['fit']): Shown['fit']['stuck'] =>
  Stuck.of({ ...fit, points: seen, score: pipeline.score })

/** What tails or a background would gain. */
const hintOf = ({ choice, mixture, pipeline, seen, ...fit }: Shown['fit']): ReturnType<typeof Hint.of> =>
  Hint.of({
    ...{ ...fit, points: seen, chosen: { score: pipeline.score, mixture } },
    ...{ others: Hint.others(choice?.candidates ?? []), families: Hint.families(choice?.candidates ?? []) },
    criterion: choice?.criterion ?? 'bic',
    isHeld: fit.floored.length > 0 || (choice !== null && Hint.isHeld(choice.criterion, choice.candidates))
  })

/** What is shown goes when work is done, however it ends. */
const ended =
  (end: () => void) =>
  <A>(work: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
  async () => {
    try {
      return await work()
    } finally {
      end()
    }
  }

export const fit =
  (file: string, flags: Flags, reading: Reading = 'whole', asked: ReadonlyArray<string> = []) =>
  (world: World): TE.TaskEither<Failure, Signal | null> => {
    const isStreamed = reading !== 'whole'
    const inputs = [file, flags.pipeline, flags.fixed].filter(path => path !== undefined)
    const learned = ({ choices, keeper, groups, there: { place } }: Begun): TE.TaskEither<Failure, Signal | null> => {
      /** Learns, and writes what is asked for. The line of progress goes, however that ends. */
      const watchedFit = (
        { watch, resampling, testing, doing, end }: Progress,
        flags: Flags,
        chosen: Chosen
      ): TE.TaskEither<Failure, Found> =>
        pipe(
          async (): Promise<E.Either<Failure, Omit<Found, 'told'>>> => {
            const found = await work(world, { watch, keeper: chosen.isRun ? keeper : null }, chosen, choices.compare)()
            if (E.isLeft(found)) return found
            const { fit } = found.right
            if (found.right.stopped !== null) return E.right({ ...found.right, fit: { ...fit, asked } })
            const { bootstrap, stopped } = await known(
              world,
              resampling,
              choices.bootstrap
            )(fit, chosen.task.table.data)()
            doing('looking for outliers and for better places of components')
            const hint = choices.open.robust || choices.open.background !== null ? null : hintOf(fit)
            const tests =
              stopped === null
                ? await tested(world, testing, choices.testComponents)(fit, chosen.task.table.data)()
                : { tests: null, stopped }
            const stuck = fit.isStreamed ? null : stuckOf(fit)
            return E.right({
              ...found.right,
              fit: { ...fit, asked, bootstrap, hint, stuck, tests: tests.tests },
              stopped: tests.stopped
            })
          },
          TE.map(found => ({
            ...found,
            told: lazy(() => documentOf(found.fit, found.others, flags.labels !== undefined))
          })),
          TE.tap(found => {
            if (flags.report !== undefined || flags.figures !== undefined) doing('writing the report')
            return write(world, flags, found)
          }),
          ended(end)
        )
      const learnGroup = ({ value, table, flags }: Group): TE.TaskEither<Failure, Found> => {
        const line = progress(world, flags, value === null ? '' : `${value}: `)
        return pipe(
          plan(world, file, flags, line.choosing, keeper, place)(choices, table),
          TE.flatMap(chosen => watchedFit(line, flags, chosen))
        )
      }
      const { by } = flags
      if (by !== undefined)
        return pipe(
          options.checkOutputs(world, inputs)(groups.flatMap(({ flags }) => outputsOf(flags))),
          TE.flatMap(() => byGroup(world, by, flags, learnGroup)(groups))
        )
      const [group] = groups
      const line = progress(world, flags)
      return pipe(
        plan(world, file, flags, line.choosing, keeper, place)(choices, group.table),
        TE.flatMap(chosen =>
          flags.printPipeline
            ? pipe(
                TE.fromEither(pipelineOf(chosen.task)),
                TE.flatMapTask(pipeline =>
                  world.stdout(`${JSON.stringify(Pipeline.codec(Vocabulary.standard).encode(pipeline), null, 2)}\n`)
                ),
                TE.map((): Signal | null => null)
              )
            : chosen.task.origin._tag === 'Pipeline' && ScoreModel.isOne(chosen.task.origin.pipeline.score)
              ? pipe(
                  fitScore(
                    world,
                    flags,
                    chosen.task.origin.path,
                    chosen.task,
                    { watch: line.watch, keeper },
                    choices.keep
                  ),
                  TE.tapIO(() => line.end)
                )
              : pipe(
                  watchedFit(line, flags, chosen),
                  TE.tapTask(found =>
                    flags.json
                      ? world.stdout(`${JSON.stringify(asJson(found, flags))}\n`)
                      : flags.quiet || outputsOf(flags).some(({ path }) => path === '-')
                        ? () => Promise.resolve()
                        : world.stdout(human(found, flags, world.terminal.out))
                  ),
                  TE.map(({ stopped, ...found }) => {
                    const { stages } = found.others.at(-1) ?? found.fit
                    if (stopped !== null)
                      world.stderr(
                        stoppedBy(
                          stopped,
                          stages,
                          isStreamed || chosen.isRun ? choices.keep : null,
                          chosen.stopped && found.fit.choice,
                          outputsOf(flags).length > 0 || choices.keep !== null
                        )
                      )
                    return stopped
                  })
                )
        )
      )
    }
    return pipe(
      options.checked(isStreamed ? everyOf(flags) : E.right(null)),
      TE.map(() => ({ choices: choicesOf(flags) })),
      TE.tapIO(({ choices }) => () => {
        if (reading === 'unasked' && !flags.quiet) world.stderr(unasked(choices, flags))
      }),
      // Where each group has files of its own, they are known when the groups are.
      TE.tap(({ choices: { keep } }) =>
        options.checkOutputs(
          world,
          inputs
        )([
          ...(flags.by === undefined ? outputsOf(flags) : []),
          ...(keep === null ? [] : [{ option: '--checkpoint', path: keep.path }])
        ])
      ),
      // What a search on a source comes to is kept sum by sum, and so is its last run.
      TE.bind('keeper', ({ choices: { keep } }) =>
        isStreamed && flags.pipeline === undefined ? TE.right(null) : keeperOf(world, keep)
      ),
      TE.bind('read', ({ choices }) => {
        const line = progress(world, flags)
        line.doing(`reading ${options.named(file)}`)
        return pipe(
          isStreamed
            ? pipe(
                options.readSource(world, 'FILE')(file, choices.table),
                TE.map(source => [{ value: null, table: rowsOfSource(source), flags }])
              )
            : pipe(
                options.readTable(world, 'FILE')(file, choices.table, flags.labels),
                TE.flatMapEither(groupsOf(flags))
              ),
          ended(line.end)
        )
      }),
      // A pipeline's numbers are those of all columns.
      TE.let('groups', ({ read }) =>
        flags.pipeline === undefined ? read.map(group => ({ ...group, table: varying(group.table) })) : read
      ),
      TE.bind('there', ({ choices, groups: [{ table }] }) =>
        placeOf(world, file, flags, without(choices, table), table.data)
      ),
      TE.flatMap(begun => pipe(learned(begun), closing(begun.there.close)))
    )
  }
