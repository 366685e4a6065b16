/** Pipelines on the paper's schedule, and where they end. */
import { Compile, Key, Pipeline, Problem, Run, Schedule } from '../src/index.js'
import type { Initializer, Params, Score, Source, Stage } from '../src/index.js'

export const compiled = <P extends string>(
  score: Score.Score<P>,
  initializer: Initializer.Initializer,
  stages: ReadonlyArray<Stage.Stage>,
  data: Source.Data
): ReturnType<ReturnType<typeof Compile.pipeline<P>>> =>
  Compile.pipeline(Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer, stages }))(data)

export const statesOf = <P extends string>(...asked: Parameters<typeof compiled<P>>): ReadonlyArray<Run.State<P>> => [
  ...Run.states(Problem.orThrow(compiled(...asked)))(Key.fromSeed(3))
]

/** The parameters at the end, by a key of this seed. */
export const learned =
  (seed: number) =>
  <P extends string>(...asked: Parameters<typeof compiled<P>>): Params.Params<P> =>
    Run.last(Problem.orThrow(compiled(...asked)))(Key.fromSeed(seed)).params
