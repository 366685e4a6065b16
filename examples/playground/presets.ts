/** Scenes of the paper, each with a text. */
import type { Scene } from './Scene.js'

export interface Preset {
  readonly name: string
  readonly about: string
  readonly scene: Scene
  /** Time of the noise at which the field is first shown. */
  readonly noise: number
}

const base: Scene = {
  data: { law: 'pair', rows: 1000, spread: 2, seed: 7 },
  score: 'symmetricPair',
  components: 2,
  schedule: 'ornsteinUhlenbeck',
  objective: 'denoising',
  expectation: 'quadrature',
  optimizer: 'gradientDescent',
  rate: 0.5,
  phases: [[1.5, 200]],
  start: 'gaussian',
  seed: 29,
  learners: ['descent', 'em', 'power']
}

export const presets: ReadonlyArray<Preset> = [
  {
    name: 'High noise: the direction',
    about:
      'At high noise, a step of descent on the DDPM objective is nearly one of power iteration on the second moment of the data, while the centre is short. Steps are as long as those of EM at this noise (rate ½ exp 2t). Power iteration and EM begin at the same place. Question 1 shows angle and length apart.',
    scene: { ...base, rate: 10, start: 'tiny', phases: [[1.5, 60]] },
    noise: 1.5
  },
  {
    name: 'Low noise: the length',
    about:
      'Fifty steps at high noise, then sixty at low noise, at one rate: at high noise a step is a tenth of one of EM, at low noise about one and a half. These are the two phases of the first theorem. For a pair, either phase alone would do.',
    scene: {
      ...base,
      rate: 1,
      phases: [
        [1.5, 50],
        [0.1, 60]
      ]
    },
    noise: 0.1
  },
  {
    name: 'The basin of a warm start',
    about:
      'Three components in a triangle, each centre started at a row of the data. Where the starts lie in different clusters, descent at low noise converges about as fast as EM. Choose other seeds: where two starts share a cluster, either may end in a local minimum. Question 5 counts how often.',
    scene: {
      ...base,
      data: { law: 'triangle', rows: 1000, spread: 4, seed: 7 },
      score: 'spherical',
      components: 3,
      expectation: 'projected',
      rate: 2.2,
      phases: [[0.2, 150]],
      start: 'fromData',
      seed: 1,
      learners: ['descent', 'em']
    },
    noise: 0.2
  },
  {
    name: 'The correction fades',
    about:
      'The gradient of the DDPM objective is a step of EM plus a correction that falls exponentially with the separation of the clusters. Steps are as long as those of EM (rate 1.83). Here the clusters overlap; at a spread of 5 the correction is small. Question 3 measures it.',
    scene: {
      ...base,
      data: { law: 'triangle', rows: 1000, spread: 1.6, seed: 7 },
      score: 'spherical',
      components: 3,
      expectation: 'projected',
      rate: 1.83,
      phases: [[0.1, 200]],
      start: 'kMeansPlusPlus',
      learners: ['descent', 'em']
    },
    noise: 0.1
  },
  {
    name: 'Full covariances',
    about:
      'Two stretched clusters side by side. A family with full covariances learns their shape by the same objective. Change the score to isotropic: the centres then lie along the length.',
    scene: {
      ...base,
      data: { law: 'stretched', rows: 1000, spread: 4, seed: 7 },
      score: 'full',
      expectation: 'monteCarlo',
      optimizer: 'adam',
      rate: 0.05,
      phases: [
        [0.7, 150],
        [0.15, 250]
      ],
      start: 'kMeansPlusPlus',
      learners: ['descent', 'em']
    },
    noise: 0.3
  },
  {
    name: 'One after another',
    about:
      'Six clusters on a ring, and descent that begins with all centres at the mean of the data. It learns the mean first, then the covariance, then the clusters, one split after the other. High noise comes first.',
    scene: {
      ...base,
      data: { law: 'ring', rows: 1200, spread: 4, seed: 7 },
      score: 'spherical',
      components: 6,
      expectation: 'projected',
      rate: 2,
      phases: [
        [1.2, 150],
        [0.5, 150],
        [0.1, 100]
      ],
      start: 'tiny',
      learners: ['descent', 'em']
    },
    noise: 0.5
  },
  {
    name: 'A small network',
    about:
      'The same objective, at all noise levels up to 1.5 at once, and a network of 32 hidden units in place of a mixture: no centres, no density, only a field. Run it, and slide the noise: the arrows point to the clusters. So small a network may miss one in so few steps: of eight seeds, five found all three, and this scene has one of the five. Sample by reverse diffusion, then choose the score isotropic, which is a mixture, and compare.',
    scene: {
      ...base,
      data: { law: 'triangle', rows: 500, spread: 2.5, seed: 7 },
      score: 'network',
      seed: 8,
      objective: 'denoisingUpTo',
      expectation: 'monteCarlo',
      optimizer: 'adam',
      rate: 0.02,
      phases: [[1.5, 600]],
      learners: ['descent']
    },
    noise: 0.3
  }
]

/** True if a scene equals a preset's. */
export const isPreset = (scene: Scene, preset: Preset): boolean =>
  JSON.stringify(scene) === JSON.stringify(preset.scene)

const valueText = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? 'drawn' in value
      ? 'points of your own'
      : Object.values(value).flat().join(', ')
    : String(value)

/** Text of a preset; for a changed scene, the changes, since the text describes the original. */
export const presetText = (scene: Scene, preset: Preset): string => {
  if (isPreset(scene, preset)) return preset.about
  const before: Readonly<Record<string, unknown>> = preset.scene
  const changed = Object.entries(scene)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]))
    .map(([name, value]) => `${name} ${valueText(value)} (was ${valueText(before[name])})`)
  return `Changed from “${preset.name}”: ${changed.join('; ')}. That scene’s text describes its own choices; the table has the numbers of yours.`
}
