/** A gradient step is an EM step plus a correction, which fades as the clusters separate. */
import { Initializer, Key, Mixture, Objective, Params, Population, Schedule, Score, Stage, NoiseLevels } from 'ornstein'
import { arrow, cloud as dots, cross, curve, disc, path, type Place, placesOf, tick } from '../plot.js'
import { alpha2, noisedCloud, defineQuestion, finalParams, length, noisedAt, percent, rotated } from './question.js'

interface Pair {
  readonly em: Place
  readonly descent: Place
  /** Length of the steps' difference, relative to the EM step. */
  readonly gap: number
}
/** Steps of one guess at each noise, in the plane of the parameters. */
interface Frame {
  readonly far: number
  readonly at: Readonly<Record<string, Pair>>
}

const noises = [
  ['0.1', 't = 0.1'],
  ['0.5', 't = 0.5'],
  ['1', 't = 1']
] as const
/** Dashes of the curve of each noise. */
const dashes: Readonly<Record<string, string>> = { 0.1: '', 0.5: '9 5', 1: '1 5' }
const DISTANCES = Array.from({ length: 12 }, (_, i) => 0.5 + 0.5 * i)
/** Step at which the page opens, with points of all three colours. */
const OPENING_STEP = 3
const guessOf = (far: number): Place => rotated([1.25 * 0.8 * far, 1.25 * 0.6 * far], 25)

/** Both steps from one guess for the whole population: EM on the noised data, and descent scaled to its length. */
const stepsFrom = (far: number, time: number): Pair => {
  const truth = Mixture.symmetricPair([0.8 * far, 0.6 * far])
  const alpha = Math.sqrt(alpha2(time))
  const guess = guessOf(far)
  const begin = guess.map(x => alpha * x)
  const noisy = Mixture.diffuse(Schedule.level(time)(Schedule.ornsteinUhlenbeck))(truth)
  const params = finalParams({
    data: Population.of(noisy),
    score: Score.symmetricPair,
    start: Initializer.centres([begin]),
    stages: [Stage.expectationMaximization({ steps: 1 })]
  })
  const [x, y] = params.mean.values
  const { gradient } = Population.loss({
    score: Score.symmetricPair,
    objective: Objective.denoising(NoiseLevels.at(time)),
    data: truth
  }).evaluate(Params.of({ mean: [...guess] }))
  const [u, v] = gradient.mean.values
  const em: Place = [(x - begin[0]) / alpha, (y - begin[1]) / alpha]
  const descent: Place = [-u / (2 * alpha ** 2), -v / (2 * alpha ** 2)]
  return { em, descent, gap: length([descent[0] - em[0], descent[1] - em[1]]) / length(em) }
}

export const frameOf = (far: number): Frame => ({
  far,
  at: Object.fromEntries(noises.map(([t]) => [t, stepsFrom(far, Number(t))]))
})

/** Maximum distance from ½ of the responsibility of a point between the clusters. */
const MAX_UNSURE_DIFFERENCE = 0.4
/** Rows by responsibilities under a pair ±guess: of the guess, of its mirror image, and between. */
const byResponsibility = (
  points: Float64Array,
  guess: Place,
  time: number
): readonly [Float64Array, Float64Array, Float64Array] => {
  const parts: [number[], number[], number[]] = [[], [], []]
  for (const [x, y] of placesOf(points)) {
    // p(+ | x_t) = 1/(1 + exp(−2⟨αm, x_t⟩)), with x_t/α = (x, y).
    const p = 1 / (1 + Math.exp(-2 * alpha2(time) * (guess[0] * x + guess[1] * y)))
    parts[Math.abs(p - 0.5) < MAX_UNSURE_DIFFERENCE ? 2 : p > 0.5 ? 0 : 1].push(x, y)
  }
  return [Float64Array.from(parts[0]), Float64Array.from(parts[1]), Float64Array.from(parts[2])]
}

/** Rows at a distance, from the same noise; every second one belongs to each cluster. */
const rowsAt = (noise: Float64Array, far: number): Float64Array =>
  noise.map((z, i) => z + (i % 4 < 2 ? 1 : -1) * (i % 2 === 0 ? 0.8 : 0.6) * far)

export const howNearToEm = defineQuestion<Float64Array, Frame>({
  number: '3',
  name: 'Nearly EM',
  question: 'How close is a denoising step to an EM step?',
  lead: 'Two clusters at *c* and *−c*; the model is a guess ● and its mirror image. An {EM|expectation–maximization} step moves the guess to the mean of all points, each weighted by how likely it is the guess’s: blue surely, green surely not, purple perhaps. A step of descent on the denoising {loss} moves it too.',
  statement:
    '−½ ∂L/∂m = (EM(m) − m) + G, with m = α · guess. The correction G contains tanh′⟨m, x⟩, which is large only for points between the clusters, so it falls exponentially in α²|c|². Both steps are exact means over data and noise.',
  leads: 'How many rows does either need?',
  unit: 'place',
  first: 1,
  opens: { step: OPENING_STEP },
  finding: { step: DISTANCES.indexOf(3) },
  place: ({ frames, step }) => `|c| = ${frames[step].far}`,
  controls: [{ name: 'noise', label: 'Noise level', options: noises, shows: true }],
  tries: [
    { text: 'Low noise, |c| = 3', asks: 'Do the arrows coincide?', choice: { noise: '0.1', step: '5' } },
    { text: 'High noise, |c| = 3', asks: 'Is the gap back?', choice: { noise: '1', step: '5' } },
    { text: 'Clusters overlap', asks: 'Which arrow is longer?', choice: { noise: '0.1', step: '0' } },
    { text: 'Start over', asks: 'Move them apart', choice: {} }
  ],
  ask: () => ({
    text: 'The clusters move apart. What will the gap between the two steps do?',
    options: [
      ['fade', 'It fades'],
      ['grow', 'It grows'],
      ['same', 'It stays']
    ]
  }),
  steps: () => DISTANCES.length - 1,
  stored: { choices: [{}], compute: () => DISTANCES.map(frameOf) },
  run: (_, stored) => ({
    setting: Key.normal(800)(Key.fromSeed(7)),
    frames:
      // Result of `compute`, through JSON.
      (stored as ReadonlyArray<Frame> | undefined) ??
      (function* (): Generator<Frame> {
        for (const far of DISTANCES) yield frameOf(far)
      })()
  }),
  view: seen => {
    const { setting, frames, step, choice, told } = seen
    const { far, at } = frames[step]
    const { em, descent } = at[choice.noise]
    const c: Place = [0.8 * far, 0.6 * far]
    const points = rowsAt(setting, far)
    const unsure = (far: number): number => {
      const time = Number(choice.noise)
      return byResponsibility(noisedAt(rowsAt(setting, far), time), guessOf(far), time)[2].length / 2
    }
    const { widened, says } = noisedCloud(seen, points, Number(choice.noise))
    const from = guessOf(far)
    const [own, other, between] = byResponsibility(
      noisedAt(points, seen.blur * Number(choice.noise)),
      from,
      Number(choice.noise)
    )
    const moved = (origin: Place, step: Place, scale: number): Place => [
      origin[0] + scale * step[0],
      origin[1] + scale * step[1]
    ]

    // A lens next to the data shows both steps enlarged to one size.
    const enlarged = 1.3 / Math.max(length(em), length(descent))
    const heel = moved([0, 0], descent, -enlarged / 2)
    const now = at[choice.noise].gap
    const first = frames[0].at[choice.noise].gap
    const last = frames[frames.length - 1].at[choice.noise].gap
    // Before the answer, only the drawn distance.
    const known = told ? frames : frames.slice(step === OPENING_STEP ? OPENING_STEP : 0, step + 1)
    return {
      picture: {
        reach: widened(Math.max(4.8, far + 2.4)),
        caption: `✕ truth, ● guess; ${says}`,
        marks: [
          dots(own, 'em'),
          dots(other, 'third'),
          dots(between, 'moves', 2.6),
          ...[1, -1].map(side => cross([side * c[0], side * c[1]])),
          arrow(from, moved(from, em, 1), 'em', told ? 4 : 2),
          ...(told ? [arrow(from, moved(from, descent, 1), 'descent', 2)] : []),
          disc(from, 'truth', 4)
        ],
        inset: {
          share: 0.17,
          marks: [
            // Wider, so that it is visible where both coincide.
            arrow(heel, moved(heel, em, enlarged), 'em', told ? 8 : 4),
            ...(told
              ? [
                  arrow(heel, moved(heel, descent, enlarged), 'descent', 4),
                  path([moved(heel, em, enlarged), moved(heel, descent, enlarged)], 'truth', {
                    width: 1.5,
                    dash: '3 3'
                  })
                ]
              : []),
            disc(heel, 'truth', 4)
          ],
          words: [['EM step', 'em'], ...(told ? [['descent step', 'descent'] as const] : [])]
        }
      },
      panels: [
        {
          title: 'Gap between the steps, % of EM step',
          x: { domain: [0.5, 6], least: 1, title: '|c| (half the distance)' },
          y: {
            domain: [1e-6, 1],
            scale: 'log',
            ticks: [tick(1, '100 %'), tick(0.01, '1 %'), tick(1e-4, '0.01 %')]
          },
          marks: noises.flatMap(([time, name]) =>
            curve({
              label: name,
              look: time === choice.noise ? 'descent' : 'quiet',
              dash: dashes[time],
              places: known.map(frame => [frame.far, frame.at[time].gap] as const),
              at: time === choice.noise ? [far, now] : undefined
            })
          )
        }
      ],
      now: !told
        ? `The EM step moves the guess by *${length(em).toFixed(2)}*. The purple points, ${between.length / 2} of ${points.length / 2}, have a chance of 10 to 90\u00a0% to belong to the guess. Choose an answer; the descent step is then drawn.`
        : `At |c| = ${far} and noise t = ${choice.noise} the steps differ by *${percent(now)}* of the EM step; the descent step is *${(length(descent) / length(em)).toFixed(2)} times* as long.`,
      answer: last < 0.5 * first ? 'fade' : last > 2 * first ? 'grow' : 'same',
      happened: `From |c| = ${frames[0].far} to ${frames[frames.length - 1].far} the difference fell from ${percent(first)} to ${percent(last)}. At |c| = 3 it is ${noises.map(([time, name]) => `${percent(frames[Math.min(5, frames.length - 1)].at[time].gap)} at ${name}`).join(', ')}.`,
      why: `The gap between the tips comes from the purple points between the clusters, whose cluster the model cannot tell. With the noise added they are ${unsure(2)} of ${setting.length / 2} at |c| = 2, and ${unsure(DISTANCES[DISTANCES.length - 1])} at |c| = ${DISTANCES[DISTANCES.length - 1]}: the further apart the clusters, the fewer. More noise blurs the clusters into each other and brings them back.`
    }
  }
})
