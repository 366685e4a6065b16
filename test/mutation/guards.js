/** The tests that guard each file of the language, the quickest first: what runs on its mutants. */
const src = (...names) => names.map(name => `test/src/${name}.test.ts`)
const laws = (...names) => names.map(name => `test/laws/${name}.test.ts`)

export const guards = {
  'Compile.ts': src('Compile', 'Stage', 'batch'),
  'Components.ts': src('Components'),
  'Expectation.ts': src('Expectation'),
  'ExpectationMaximization.ts': src('ExpectationMaximization', 'Stage'),
  'Initializer.ts': src('Initializer', 'codecs'),
  'Loss.ts': src('Loss', 'batch', 'Objective'),
  'Metric.ts': src('Metric'),
  'Mixture.ts': src('Mixture'),
  'Noise.ts': src('draws'),
  'Objective.ts': src('objectives', 'Objective', 'codecs'),
  'Optimizer.ts': src('Optimizer', 'optimizers/lineSearch', 'codecs'),
  'Parametrization.ts': src('Parametrization', 'codecs'),
  'Params.ts': src('Params'),
  'Pipeline.ts': src('Pipeline'),
  'Points.ts': src('Points'),
  'Problem.ts': src('Problem'),
  'Program.ts': src('Compile', 'Run'),
  'Rate.ts': src('Rate', 'codecs'),
  'Recipe.ts': src('Recipe'),
  'Region.ts': src('Region', 'codecs'),
  'Run.ts': src('Run'),
  'Sampler.ts': src('Sampler', 'codecs'),
  'Schedule.ts': src('Schedule', 'codecs'),
  'Score.ts': src('Score'),
  'SplitAndMerge.ts': src('SplitAndMerge'),
  'Stage.ts': src('stages', 'Compile', 'codecs'),
  'Tagged.ts': src('Tagged'),
  'TimeGrid.ts': src('TimeGrid', 'codecs'),
  'TimeLaw.ts': src('TimeLaw', 'codecs'),
  'Weighting.ts': src('Weighting', 'codecs')
}
