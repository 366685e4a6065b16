/** Scenes of the paper, each with what to look at. */
import type { Scene } from './Scene.js'

export interface Preset {
  readonly name: string
  readonly about: string
  readonly scene: Scene
  /** The noise at which the page first shows the field. */
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
      'At high noise, a step of descent on the DDPM objective is nearly one of power iteration on the second moment of the data. The centre started across the axis of the two clusters: watch it turn to the axis first, and only then grow. Power iteration and EM begin at the same place, and turn the same way.',
    scene: { ...base, rate: 1, phases: [[1.5, 150]] },
    noise: 1.5
  },
  {
    name: 'Low noise: the length',
    about:
      'A second phase at low noise begins with the right direction. There a step of descent is close to one of expectation–maximization, and the length converges. This is the first theorem of the paper, in two phases.',
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
      'Three components in a triangle, each centre started at a row of the data. Where the starts lie in different clusters, descent at low noise goes to the truth at the rate of EM. Choose other seeds: two starts in one cluster end in a local minimum, for descent and EM alike.',
    scene: {
      ...base,
      data: { law: 'triangle', rows: 1000, spread: 4, seed: 7 },
      score: 'spherical',
      components: 3,
      expectation: 'projected',
      rate: 0.8,
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
      'The gradient of the DDPM objective is a step of EM plus a correction that falls exponentially with the separation of the clusters. Here they overlap, and descent at low noise lags behind EM. Raise the spread to 5: the two paths become one.',
    scene: {
      ...base,
      data: { law: 'triangle', rows: 1000, spread: 1.6, seed: 7 },
      score: 'spherical',
      components: 3,
      expectation: 'projected',
      rate: 0.8,
      phases: [[0.1, 200]],
      start: 'kMeansPlusPlus',
      learners: ['descent', 'em']
    },
    noise: 0.1
  },
  {
    name: 'Full covariances',
    about:
      'Two stretched clusters that no two balls can tell apart. A family with full covariances learns their shape as well, by the same objective: general mixtures are learned by score matching too. Change the score to isotropic, and see two balls share what they cannot explain.',
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
      'Six clusters on a ring, and descent that begins with all centres at the mean of the data. It learns simple statistics first: the mean, then the covariance, then the clusters, one split after the other. High noise first makes the splits find their way.',
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
      'The same objective, at all noise levels up to 1.5 at once, and a network of 32 hidden units in place of a mixture: no centres, no density, only a field. Run it, and slide the noise: the arrows find the clusters by themselves. Sample by reverse diffusion, and see how near the points come; then choose the score isotropic, which knows what a mixture is, and compare.',
    scene: {
      ...base,
      data: { law: 'triangle', rows: 500, spread: 2.5, seed: 7 },
      score: 'network',
      // Of eight seeds five end with all three clusters, and this is one: so small a network may miss one in so few steps.
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
