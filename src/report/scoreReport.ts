/** A score that is no mixture as one HTML page: its samples beside the data, what it has learned at each noise level, and how. */
import * as E from 'fp-ts/lib/Either.js'
import * as Problem from '../core/problem.js'
import * as Pipeline from '../pipeline/pipeline.js'
import { escape } from '../picture/svg.js'
import { show, tidy } from '../choice/table.js'
import { baseName, capital, details, document, figure, minus, plain, plural, pre, stageTable } from './report.js'
import * as figures from './scoreFigures.js'
import { levelTable, type Samples, type ScoreFindings } from './scoreFindings.js'

/** Over these the distance of samples is told from that of rows. */
const FAR = 3

const distances = ({ distance, ofRows, points, steps }: Samples): string =>
  `${points.rows} samples along the probability flow, by ${steps} steps of Heun’s method. Their energy distance from as many rows of the data is ` +
  `${show(distance, 2)}, in standard deviations; that of rows from as many other rows is ${show(ofRows, 2)}. ` +
  (distance <= FAR * ofRows
    ? 'By this measure, which hardly sees what is thin, they are alike. '
    : 'They are not alike: more steps, or a larger network, may bring them nearer. ') +
  'The rows are those that were learned from: whether new rows are alike, ornstein evaluate tells of rows that were kept back.'

const facts = ({ rows, parameters, isAveraged, loss, stages, seed }: ScoreFindings): string => {
  const entries: ReadonlyArray<readonly [string, string]> = [
    ['rows', String(rows)],
    ['parameters', String(parameters)],
    ['steps', String(stages.reduce((sum, { taken }) => sum + taken, 0))],
    ['loss, last tenth', loss === null ? 'none' : minus(show(loss, 4))],
    ['weights', isAveraged ? 'averaged' : 'of the last step'],
    ['seed', String(seed)]
  ]
  return `<dl>${entries.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

/** The page. `version` is that of the program. */
export const page = (found: ScoreFindings, version: string): string => {
  const { columns, pipeline, plan, samples, scaling, seed, stages, levels } = found
  const source = baseName(found.source)
  const title = `A score of ${plural(found.parameters, 'parameter')}`
  const drawn = figures.all(found)
  const named = (name: string): string =>
    drawn
      .filter(one => one.name.startsWith(name))
      .map(figure)
      .join('\n')
  const lead =
    `Learned from ${plural(found.rows, 'row')} of ${source} in ${columns.length <= 8 ? columns.join(', ') : `${columns.length} columns`}. ` +
    'It has no components; it draws new rows (ornstein sample), and its density is that of its flow (ornstein evaluate).'
  return document(
    { title: `${title}, from ${source}`, version, seed },
    `<header>
<h1>${escape(title)}</h1>
<p class="lead">${escape(lead)}</p>
${facts(found)}
<p class="soft">${
      scaling === null
        ? 'Learned from the columns as they are.'
        : 'Learned from standardized columns (mean 0, standard deviation 1); samples are back in the units of the data.'
    }</p>
</header>
<section>
<h2>What does it draw?</h2>
${
  E.isRight(samples)
    ? `${named('samples')}
<p>${escape(distances(samples.right))}</p>`
    : `<p>${escape(capital(samples.left.map(Problem.show).join('; ')))}.</p>`
}
</section>
<section>
<h2>What has it learned?</h2>
<div class="panels">${named('levels')}
${named('objective')}</div>
${levels.length === 0 ? '' : details('The loss by noise level as a table', plain('The loss by noise level', levelTable(levels)))}
</section>
<section>
<h2>How was it learned?</h2>
${stageTable(stages)}
<h3>The pipeline as mathematics</h3>
${pre(tidy(Pipeline.formula(pipeline)))}
<h3>The pipeline as code</h3>
${pre(Pipeline.show(pipeline))}
<h3>How it was computed</h3>
${pre(plan)}
</section>`
  )
}
