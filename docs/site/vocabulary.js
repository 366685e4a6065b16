/** Page of all words of which pipelines consist, as `ornstein list` prints them. */

const cell = text => text.replace(/[|*_\\]/g, '\\$&')
const table = (header, rows) =>
  [header, header.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')

const conceptSection = ({ concept, about, words }) => {
  const hasFormula = words.some(({ formula }) => formula !== null)
  const rows = words.map(({ name, about, formula }) => [
    `\`${name}\``,
    cell(about),
    ...(hasFormula ? [cell(formula ?? '')] : [])
  ])
  return [
    `## ${concept}`,
    `${cell(about[0].toUpperCase() + about.slice(1))}.`,
    table(['', '', ...(hasFormula ? ['the example in mathematics'] : [])], rows)
  ].join('\n\n')
}

/** Table of the expectations that `Compile` supports, by objective and score. */
const supportTable = (
  { Case, Compile, Expectation, Objective, Schedule, NoiseLevels },
  float64,
  { expectations, scores }
) => {
  const at = NoiseLevels.at(0.3)
  const points = { rows: 8, dim: 2, values: Float64Array.from({ length: 16 }, (_, i) => i % 5) }
  const objectives = [
    ['denoising', Objective.denoising(at)],
    ['implicit', Objective.implicit(at)],
    ['implicit, estimated divergence', Objective.implicit(at, { divergence: 'hutchinson' })],
    ['likelihood', Objective.likelihood],
    ['regularizer', Objective.regularizer({ norm: 'l2' })],
    ['custom', Objective.custom('mine', at, ({ score }) => float64.sum(float64.square(score), 1))]
  ]
  const supportedExpectations = (score, objective) => {
    const names = expectations.words.flatMap(({ name, example }) => {
      const expectation = Case.isMadeBy(Expectation.fixed)(example) ? Expectation.fixed(points) : example
      const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation }
      // Unsupported ones are rejected before anything is compiled.
      const compiled = Compile.valueAndGrad(loss, { isTried: true, evaluations: 1 })(points)
      return compiled._tag === 'Right' ? [name.replace('Expectation.', '')] : []
    })
    return names.length === expectations.words.length ? 'all' : names.length === 0 ? '—' : names.join(', ')
  }
  return table(
    ['', ...scores.words.map(({ name }) => `\`${name}\``)],
    objectives.map(([kind, objective]) => [
      kind,
      ...scores.words.map(({ example }) => supportedExpectations(example, objective))
    ])
  )
}

/** Markdown page, given the modules `ornstein`, `ornstein/float64` and the glossary of the command line. */
export const vocabularyPage = (ornstein, float64, glossary) =>
  [
    '# The vocabulary',
    'For anyone composing a pipeline and looking for a part. Everything a pipeline can be made of is here; each word has a page with its fields, ' +
      'its code and its JSON. `ornstein list` prints the same in a terminal, and `ornstein list optimizer` one concept.',
    ...glossary.standardVocabulary.map(conceptSection),
    '## Schedules, seen',
    '![α, σ and log-SNR of the schedules over their time](images/schedules.svg)',
    'A schedule is its log-SNR over time. Two schedules with the same log-SNR show the same data through the same noise, on another scale ' +
      'and at another time (`Schedule.sameNoise`).',
    '## Optimizers, seen',
    '![Optimizers from the same start on Rosenbrock’s function](images/rosenbrock.svg)',
    'Rosenbrock’s function (1 − x)² + 100 (y − x²)², a curved valley, from (−1.2, 1) towards its minimum at (1, 1): the first 300 steps of ' +
      '`Optimizer.iterates`, and the value where they end. A number is the rate; none is tuned. L-BFGS and Newton search along a line: one ' +
      'of their steps may evaluate the function several times.',
    '## Which expectation serves which score and objective',
    '`Compile` was asked about every one. What it refuses, it refuses with a reason and a remedy.',
    supportTable(ornstein, float64, glossary)
  ].join('\n\n') + '\n'
