/** Pipelines as files; of descent on the DDPM objective, of a mixture and of a network. */
import {
  Initializer,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  Vocabulary
} from '../../../src/index.js'

export const written = (
  score: Score.Score<string>,
  initializer: Initializer.Initializer,
  ...stages: ReadonlyArray<Stage.Stage>
): string =>
  JSON.stringify(
    Pipeline.codec(Vocabulary.standard).encode(
      Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer, stages })
    )
  )

const descent = (steps: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.uniform(0.05, 1)),
    optimizer: Optimizer.adam({ rate: 0.05 }),
    steps
  })

export const ddpm = (steps: number): string =>
  written(Score.isotropic({ components: 2 }), Initializer.kMeansPlusPlus, descent(steps))

export const network = (steps: number): string =>
  written(
    Score.network(Net.mlp({ hidden: [8], activation: 'silu', embedding: Net.fourier(4) }), {
      predicts: Parametrization.noise
    }),
    Initializer.gaussian({ scale: 0.3 }),
    descent(steps)
  )
