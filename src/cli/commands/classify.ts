/** `ornstein classify`: learns classes from labelled rows, and classifies others. */
import * as E from 'fp-ts/lib/Either.js'
import * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as Problem from '../../core/problem.js'
import * as Points from '../../data/index.js'
import { classified } from '../../fit/addedColumns.js'
import * as Discriminant from '../../fit/discriminant.js'
import { show } from '../../fit/table.js'
import * as Crossed from '../../report/crossed.js'
import { shellQuoted } from '../../fit/text.js'
import { factsPart, tablePart, textPart } from '../../report/document.js'
import { appendColumns } from '../appendColumns.js'
import * as steps from '../commandSteps.js'
import { csvOptions } from '../tableOptions.js'
import { printResult } from '../printResult.js'
import type { ClassifyFlags } from '../commandOptions.js'
import { rejectUsage, usageFailure, type CommandFailure, type World } from '../world.js'

interface LabelledRows {
  readonly points: Points.Points
  readonly columns: ReadonlyArray<string>
  readonly labels: ReadonlyArray<string>
  readonly unlabelled: number
}

const readLabelled =
  (world: World, flags: ClassifyFlags) =>
  (file: string): TE.TaskEither<CommandFailure, LabelledRows> =>
    pipe(
      steps.readTableFile(world, 'FILE')(
        file,
        { ...csvOptions(flags), keep: { columns: [flags.labels], classes: 0 } },
        flags.labels
      ),
      TE.map(({ points, columns, kept }) => {
        const cells = (kept ?? []).flatMap(({ cells }) => cells)
        const places = cells.flatMap((cell, i) => (cell === '' ? [] : [i]))
        return {
          points: Points.select(places)(points),
          columns,
          labels: places.map(i => cells[i]),
          unlabelled: cells.length - places.length
        }
      })
    )

const classifyFailure = (problems: Problem.Problems): CommandFailure => {
  const placed = (problem: Problem.Problem): Problem.Problem => {
    const option = ['labels', 'covariance', 'components', 'folds'].find(name => name === problem.field)
    return option === undefined ? problem : { ...problem, field: `--${option}` }
  }
  return usageFailure(NEA.map(placed)(problems))
}

const discriminantOptions = ({ covariance, components, seed }: ClassifyFlags): Discriminant.Options => ({
  covariance,
  components,
  seed
})

interface ClassifierAssessment {
  readonly classifier: Discriminant.Discriminant
  readonly crossValidation: Discriminant.Confusion
}

const assessClassifier = (
  { points, labels }: LabelledRows,
  flags: ClassifyFlags
): E.Either<CommandFailure, ClassifierAssessment> =>
  pipe(
    Discriminant.learned(discriminantOptions(flags))(points, labels),
    E.bindTo('classifier'),
    E.bind('crossValidation', () =>
      Discriminant.crossValidated(discriminantOptions(flags), { folds: flags.folds, seed: flags.seed })(points, labels)
    ),
    E.mapLeft(classifyFailure)
  )

/** Prints the cross-validated error and the confusion matrix of a classifier. */
const reportClassifier =
  (file: string, rows: LabelledRows, flags: ClassifyFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> =>
    pipe(
      TE.fromEither(assessClassifier(rows, flags)),
      TE.flatMapTask(assessment => printResult(world, flags, describeAssessment(file, rows, flags, assessment)))
    )

const describeAssessment = (
  file: string,
  { points, columns, labels, unlabelled }: LabelledRows,
  flags: ClassifyFlags,
  { classifier, crossValidation }: ClassifierAssessment
): Parameters<typeof printResult>[2] => {
  const { classes, counts, error, brier } = crossValidation
  const { covariances, parameters, bic, priors } = classifier
  const { rows } = points
  const trainingError = Discriminant.confusion(classes, labels, classifier.predict(points), points.weights).error
  const hasOneCovariance = new Set(covariances).size === 1
  return {
    json: {
      rows,
      unlabelled,
      columns,
      labels: flags.labels,
      classes,
      priors: [...priors],
      covariances,
      parameters,
      bic,
      folds: flags.folds,
      error,
      brier,
      confusion: counts,
      errorOnTheSameRows: trainingError
    },
    parts: [
      textPart(
        `${classes.length} classes by ${columns.join(', ')}, from ${rows} rows of ${steps.inputName(file)}${unlabelled === 0 ? '' : ` (${unlabelled} without a label)`}.`
      ),
      textPart(`Rows of each class, by what they are taken for when they are not learned from (${flags.folds} folds):`),
      tablePart('Classes', {
        header: [flags.labels, ...classes],
        rows: classes.map((one, c) => [one, ...counts[c].map(Crossed.rowCountText)])
      }),
      factsPart([
        [
          'error',
          `${(100 * error).toFixed(1)} % of new rows, ${(100 * trainingError).toFixed(1)} % of those learned from`
        ],
        ['Brier score', `${show(brier, 3)}: 0 of sure and right classes, 2 of sure and wrong ones`],
        [
          'covariances',
          hasOneCovariance ? covariances[0] : classes.map((one, c) => `${one}: ${covariances[c]}`).join('; ')
        ],
        ['BIC', `${show(bic)} with ${parameters} parameters (lower is better)`]
      ]),
      textPart(
        `To classify rows of another table: ornstein classify ${shellQuoted(file)} OTHER --labels ${shellQuoted(flags.labels)}`
      )
    ]
  }
}

/** Runs `ornstein classify`. */
export const runClassify =
  (file: string, other: string | undefined, flags: ClassifyFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    return pipe(
      steps.checkWritableOutputs(world, [file, ...(other === undefined ? [] : [other])])([
        { option: '--out', path: flags.out }
      ]),
      TE.flatMap(() => readLabelled(world, flags)(file)),
      TE.flatMap(labelled => {
        if (other === undefined) return reportClassifier(file, labelled, flags)(world)
        if (flags.json)
          return TE.fromEither(
            rejectUsage('--json', 'with OTHER', 'available', 'leave it out, or print rows as JSON by --to jsonl')
          )
        return pipe(
          TE.fromEither(
            E.mapLeft(classifyFailure)(
              Discriminant.learned(discriminantOptions(flags))(labelled.points, labelled.labels)
            )
          ),
          TE.flatMap(classifier =>
            appendColumns({
              argument: 'OTHER',
              file: other,
              flags,
              inPieces: false,
              // Columns of the labelled table; the other table needs no weights.
              csv: {
                ...csvOptions({ ...flags, weights: undefined, exclude: undefined }),
                columns: labelled.columns
              },
              columns: labelled.columns,
              newColumns: ({ points }) => classified(points)(classifier)
            })(world)
          )
        )
      })
    )
  }
