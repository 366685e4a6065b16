/** Document about a score that is not a mixture. */
import * as E from 'fp-ts/lib/Either.js'
import * as Problem from '../core/problem.js'
import * as Pipeline from '../pipeline/pipeline.js'
import { show, tidy } from '../fit/table.js'
import { asPage, codePart, figures, heading, onPage, tablePart, textPart, type DocumentPart } from './document.js'
import { objectiveCurves, stagesOf } from './report.js'
import * as drawn from './scoreFigures.js'
import { levelTable, type Samples, type ScoreFindings } from './scoreFindings.js'
import { baseName, capital, countedNoun } from './phrases.js'

/** Ratio of energy distances above which samples are reported as different. */
const FAR_DISTANCE_RATIO = 3

const distanceSentence = ({ energyDistance, ofRows, points, steps }: Samples): string =>
  `${points.rows} samples along the probability flow, by ${steps} steps of Heun’s method. Their energy distance from as many rows of the data is ` +
  `${show(energyDistance, 2)}, in standard deviations; that of rows from as many other rows is ${show(ofRows, 2)}. ` +
  (energyDistance <= FAR_DISTANCE_RATIO * ofRows
    ? 'By this measure, which hardly sees what is thin, they are alike. '
    : 'They are not alike: more steps, or a larger network, may bring them nearer. ') +
  'The rows are those that were learned from: whether new rows are alike, ornstein evaluate tells of rows that were kept back.'

/** Returns the document about a score, with an optional next command. */
export const scoreDocument = (found: ScoreFindings, next = ''): ReadonlyArray<DocumentPart> => {
  const { columns, pipeline, plan, samples, scaling, stages, levels, loss, parameters, rows, isAveraged } = found
  const steps = stages.reduce((sum, { taken }) => sum + taken, 0)
  return [
    onPage(() => [heading(1, `A score of ${countedNoun(parameters, 'parameter')}`)]),
    textPart(
      `Learned a score of ${parameters} parameters from ${countedNoun(rows, 'row')} of ${baseName(found.source)}.\n` +
        `columns: ${columns.join(', ')}${scaling === null ? '' : ' (each column scaled for the fit)'}`,
      'lead'
    ),
    onPage(() => [
      heading(2, 'What does it draw?'),
      ...(E.isRight(samples)
        ? [figures([drawn.samplesFigure(found, samples.right.points)]), textPart(distanceSentence(samples.right))]
        : [textPart(`${capital(samples.left.map(Problem.show).join('; '))}.`)])
    ]),
    heading(2, 'What has it learned?'),
    onPage(() => [figures(drawn.levelFigures(found))]),
    tablePart('The loss by noise level', levelTable(levels)),
    heading(2, 'How was it learned?'),
    {
      _tag: 'Facts',
      entries: [
        ['loss', loss === null ? 'none' : `${show(loss)} over the last tenth of the last stage`],
        ['weights', isAveraged ? 'averaged over steps' : 'of the last step'],
        ...(E.isRight(samples)
          ? [
              [
                'samples',
                `energy distance ${show(samples.right.energyDistance, 2)} from rows, which are ${show(samples.right.ofRows, 2)} from other rows`
              ] as const
            ]
          : []),
        ['steps', String(steps)],
        ...stagesOf(stages)
      ]
    },
    objectiveCurves(stages),
    onPage(() => [codePart('The pipeline as mathematics', tidy(Pipeline.formula(pipeline)))]),
    codePart('The pipeline as code', Pipeline.show(pipeline)),
    codePart('How it was computed', plan),
    textPart(next, 'next')
  ]
}

/** Renders the report page. `version` is the program's. */
export const scoreReportPage = (found: ScoreFindings, version: string): string =>
  asPage(
    {
      title: `A score of ${countedNoun(found.parameters, 'parameter')}, from ${baseName(found.source)}`,
      version,
      seed: found.seed
    },
    scoreDocument(found)
  )
