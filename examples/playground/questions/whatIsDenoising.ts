/** A denoiser guesses where a noised point came from; the loss measures how far such guesses miss. */
import { Initializer, Key, Mixture, Picture, type Points, Schedule, Score } from 'ornstein'
import { arrow, cross, curve, disc, label, type Look, path, type Place, placesOf, ring, rule, tick } from '../plot.js'
import { noisedCloud, defineQuestion, descend, mean, noisedAt, noiseSpread, states, upTo } from './question.js'

const { Marks } = Picture

const WIDTH = 0.4
const CENTRES: ReadonlyArray<Place> = [
  [-2.1, -1.3],
  [2.1, -1.3],
  [0, 2.3]
]
const NAMES = ['A', 'B', 'C']
const WRONG: Place = [0.7, -3.2]
const ROWS = 900
const MAX_NOISE_TIME = 2.7
/** Number of steps of the slider from no noise to the most. */
const NOISE_STEPS = 54
const OPENING_STEP = 9
const DESCENT_STEPS = 40

const mixtureOf = (centres: ReadonlyArray<Place>): Mixture.Mixture =>
  Mixture.of({ means: centres.map(at => [...at]), variances: centres.map(() => WIDTH * WIDTH) })
const truth = mixtureOf(CENTRES)
const timeAt = (step: number): number => (MAX_NOISE_TIME * step) / NOISE_STEPS

interface Frame {
  readonly time: number
  /** Centres of the model; null if they are as chosen. */
  readonly model: ReadonlyArray<Place> | null
}

const rowsOf = (values: Float64Array): Points.Points => ({ rows: values.length / 2, dim: 2, values })

/** E[x₀ | x_t] = (x_t + σ² s(x_t)) / α for rows x_t/α: a mixture's best guess for each. */
const guesses = (mixture: Mixture.Mixture, noised: Float64Array, time: number): Float64Array => {
  const level = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
  const { alpha, sigma } = level
  const scores = Mixture.score(rowsOf(noised.map(x => alpha * x)))(Mixture.diffuse(level)(mixture)).values
  return noised.map((x, i) => x + (sigma * sigma * scores[i]) / alpha)
}
/** Probability of each component given a noised point. */
const chances = (mixture: Mixture.Mixture, place: Place, time: number): ReadonlyArray<number> => {
  const level = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
  const row = rowsOf(Float64Array.from(place, x => level.alpha * x))
  return [...Mixture.responsibilities(row)(Mixture.diffuse(level)(mixture)).values]
}
/** Loss: mean squared miss over the rows, for the draw of noise that is shown. */
const lossOf = (mixture: Mixture.Mixture, points: Float64Array, time: number): number => {
  const guessed = guesses(mixture, noisedAt(points, time), time)
  return mean([...guessed].map((x, i) => 2 * (x - points[i]) ** 2))
}

type Losses = ReadonlyArray<Place>
const losses = new Map<string, Losses>()
/** Loss by noise level, cached until a centre moves. */
const lossesOf = (centres: ReadonlyArray<Place>, points: Float64Array): Losses => {
  const key = centres.join()
  const known =
    losses.get(key) ??
    Array.from({ length: NOISE_STEPS / 2 + 1 }, (_, i) => {
      const time = timeAt(2 * i)
      return [time, lossOf(mixtureOf(centres), points, time)] as const
    })
  if (losses.size > 50) losses.clear()
  losses.set(key, known)
  return known
}

const nearest = (points: Float64Array, [x, y]: Place): number => {
  const far = placesOf(points).map(([u, v]) => (u - x) ** 2 + (v - y) ** 2)
  return far.indexOf(Math.min(...far))
}

/** Index of the first point to ask about: at the opening noise about 0.35 of B and 0.6 of another centre. */
const firstAskedPoint = (points: Float64Array): number => {
  const time = timeAt(OPENING_STEP)
  const noised = noisedAt(points, time)
  const sent = placesOf(guesses(truth, noised, time))
  const far = placesOf(noised).map(([x, y], i) => {
    const shares = chances(truth, [x, y], time)
    const way = Math.hypot(sent[i][0] - x, sent[i][1] - y)
    return Math.abs(Math.max(...shares) - 0.6) + Math.abs(shares[1] - 0.35) + Math.abs(way - 1.6) / 4
  })
  return far.indexOf(Math.min(...far))
}
let asked = -1

const kindOf = (shares: ReadonlyArray<number>): string => {
  const most = Math.max(...shares)
  return most > 0.9 ? 'near' : most < 0.45 ? 'middle' : 'between'
}
const shown = ([x, y]: Place): string => `(${x.toFixed(2)}, ${y.toFixed(2)})`.replaceAll('-', '−')
const squared = (a: Place, b: Place): number => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
const withB = (b: Place): ReadonlyArray<Place> => [CENTRES[0], b, CENTRES[2]]
/** Centre of B in the choice; the true one if it was not moved. */
const chosenB = (b: string): Place => {
  const [x, y] = b.split(',').map(Number)
  return [x, y]
}
const written = ([x, y]: Place): string => `${x.toFixed(2)},${y.toFixed(2)}`

export const whatIsDenoising = defineQuestion<Float64Array, Frame>({
  number: '0',
  name: 'What is denoising',
  question: 'What is denoising?',
  lead: 'Points start in three small clusters. Random {noise} pushes each of them, and we see only where it landed. A {denoiser|denoising} guesses where it came from; the best one has the least mean squared miss. The slider sets the noise level t; click a point to ring it.',
  statement:
    'E[x₀ | y] = Σ rₖ (μₖ + τ²/(τ² + s²) (y − μₖ)), where rₖ ∝ N(y; μₖ, τ² + s²), τ = 0.4 is the spread of a cluster and s that of the noise. The {loss} of a model is E|x₀ − guess|²: the least possible, plus the mean squared distance between its guesses and the best ones. By the {score}, the best guess is (x_t + σ² ∇log p_t(x_t))/α.',
  leads: 'What does descent learn first?',
  unit: 'step',
  play: '▶ Noise',
  place: ({ frames, step, choice }) =>
    choice.learns === 'yes'
      ? `step ${step} of ${DESCENT_STEPS}`
      : `t = ${frames[step].time.toFixed(2)}, spread ${noiseSpread(frames[step].time).toFixed(1)}`,
  opens: { step: OPENING_STEP, blur: 1 },
  finding: { step: OPENING_STEP, blur: 1 },
  controls: [
    {
      name: 'arrows',
      label: 'Arrows',
      options: [
        ['one', 'of the ringed point'],
        ['many', 'of many points']
      ],
      shows: true
    },
    {
      name: 'learns',
      label: 'Descent',
      options: [
        ['no', 'does not run'],
        ['yes', 'moves the model']
      ]
    },
    { name: 'point', label: 'The ringed point', options: [], chosen: '-1', shows: true },
    { name: 'b', label: 'The model’s B', options: [], chosen: written(CENTRES[1]), shows: true }
  ],
  tries: [
    { text: 'Almost no noise', asks: 'Which centres count?', choice: { step: '2' } },
    { text: 'Very much noise', asks: 'Where do all arrows go?', choice: { step: '50', arrows: 'many' } },
    {
      text: 'A wrong mixture',
      asks: 'How low can its loss go?',
      choice: { b: written(WRONG), step: String(OPENING_STEP) }
    },
    { text: 'Let descent move it', asks: 'Does it find the centre?', choice: { b: written(WRONG), learns: 'yes' } }
  ],
  ask: ({ b, learns }) =>
    learns === 'yes'
      ? {
          text: 'Descent sees only the loss. Where will it leave the model’s B?',
          options: [
            ['true', 'At the true centre'],
            ['nearer', 'Nearer the middle'],
            ['stuck', 'Where it is']
          ]
        }
      : b === written(CENTRES[1])
        ? {
            text: 'Where will the best guess send the ringed point?',
            options: [
              ['near', 'Nearest centre'],
              ['between', 'In between'],
              ['middle', 'Middle of all']
            ],
            atOnce: true
          }
        : {
            text: 'Where must the model’s B be for the lowest loss?',
            options: [
              ['true', 'True centre'],
              ['nearer', 'Nearer the middle'],
              ['out', 'Further out']
            ],
            atOnce: true
          },
  steps: ({ learns }) => (learns === 'yes' ? DESCENT_STEPS : NOISE_STEPS),
  run: ({ learns, b }) => {
    const data = Mixture.sample(ROWS)(Key.fromSeed(20))(truth)
    const frames = function* (): Generator<Frame> {
      if (learns !== 'yes') {
        for (let step = 0; step <= NOISE_STEPS; step++) yield { time: timeAt(step), model: null }
        return
      }
      const time = timeAt(OPENING_STEP)
      // The score has components of variance 1, so the plane is in units of a cluster's standard deviation.
      const unit = { ...data, values: data.values.map(x => x / WIDTH) }
      const start = Initializer.centres(withB(chosenB(b)).map(([x, y]) => [x / WIDTH, y / WIDTH]))
      // Noise is smaller relative to these units: σ/α = s/τ.
      const own = Math.log(1 + (noiseSpread(time) / WIDTH) ** 2) / 2
      const stages = [descend(own, DESCENT_STEPS, 3)]
      for (const { params } of states({ data: unit, score: Score.spherical({ components: 3 }), start, stages }))
        yield { time, model: placesOf(params.means.values.map(x => WIDTH * x)) }
    }
    return { setting: data.values, frames: frames() }
  },
  view: seen => {
    const { setting: points, frames, step, choice, told } = seen
    const frame = frames[step]
    const time = seen.blur * frame.time
    const learns = choice.learns === 'yes'
    const b = chosenB(choice.b)
    const centres = frame.model ?? withB(b)
    const isWrong = learns || choice.b !== written(CENTRES[1])
    const model = mixtureOf(centres)
    if (choice.point === '-1' && asked < 0) asked = firstAskedPoint(points)
    const picked = choice.point === '-1' ? asked : Math.min(ROWS - 1, Math.trunc(Number(choice.point)))
    const noised = noisedAt(points, time)
    const from: Place = [points[2 * picked], points[2 * picked + 1]]
    const at: Place = [noised[2 * picked], noised[2 * picked + 1]]
    const shares = chances(truth, at, time)
    const [best] = placesOf(guesses(truth, Float64Array.from(at), time))
    const [own] = placesOf(guesses(model, Float64Array.from(at), time))
    const least = lossOf(truth, points, time)
    const loss = isWrong ? lossOf(model, points, time) : least
    const { cloud, widened } = noisedCloud(seen, points, frame.time)

    const look: Look = isWrong ? 'descent' : 'em'
    const many = choice.arrows === 'many' && told
    const sent = many ? placesOf(guesses(isWrong ? model : truth, noised, time)) : []
    const marks = [
      cloud,
      ...sent.flatMap((to, i) => (i % 16 === 5 ? [arrow([noised[2 * i], noised[2 * i + 1]], to, look, 1.4, 0.6)] : [])),
      ...(told && !isWrong
        ? CENTRES.flatMap((centre, k) =>
            shares[k] < 0.005 ? [] : [path([best, centre], 'truth', { width: 0.5 + 6 * shares[k], opacity: 0.45 })]
          )
        : []),
      ...CENTRES.map(cross),
      ...CENTRES.map((centre, k) => label(centre, NAMES[k], 'truth', [0, centre[1] < 0 ? 24 : -18], 'middle')),
      ...(told ? [path([best, from], 'third', { width: 2, dash: '3 4' })] : []),
      ...(told && isWrong ? [path([own, from], 'third', { width: 2, dash: '3 4' }), arrow(at, own, 'descent', 3)] : []),
      ...(told ? [arrow(at, best, 'em', 3.4), disc(from, 'third')] : []),
      ring(at, 'truth', 8),
      disc(at, 'truth', 3),
      ...(isWrong ? [disc(centres[1], 'descent', 9)] : [])
    ]
    const lines = upTo(frames, learns ? step : -1, ({ model }) =>
      lossOf(mixtureOf(model ?? CENTRES), points, frame.time)
    )
    const curves = lossesOf(CENTRES, points)
    const most = Math.max(...curves.map(([, y]) => y))
    const kind = kindOf(shares)
    const off = Math.sqrt(squared(centres[1], CENTRES[1]))
    const order = [0, 1, 2].filter(k => shares[k] >= 0.005).sort((p, q) => shares[q] - shares[p])
    const listed = order.map(k => `${(100 * shares[k]).toFixed(0)}\u00a0% ${NAMES[k]}`).join(', ')
    const isDown = loss < 1.02 * least + 0.002
    return {
      picture: {
        reach: widened(4.3),
        caption: told
          ? `✕ centres; blue → best guess${isWrong ? ', orange: the model’s' : ''}; green ● true origin, dashed: the miss`
          : 'Grey: where points landed; ✕ centres; ◉ the ringed point',
        marks
      },
      panels: [
        {
          title: told ? 'Mean squared miss, by noise level' : 'Mean squared miss: after your answer',
          x: { domain: [0, MAX_NOISE_TIME], title: 'noise level t' },
          y: { domain: [0, 1.3 * most], count: 3 },
          marks: told
            ? [
                rule('x', time),
                ...(isWrong
                  ? curve({
                      label: 'this model',
                      look: 'descent',
                      places: lossesOf(centres, points),
                      at: [time, loss]
                    })
                  : []),
                ...curve({ label: 'best guess', look: 'em', places: curves, at: [time, least] })
              ]
            : []
        },
        learns
          ? {
              title: `The loss at this noise: ${loss.toFixed(2)}`,
              x: { domain: [0, DESCENT_STEPS], title: 'step of descent', least: 1 },
              y: { domain: [0, 1.1 * Math.max(lines[0][1], least)], count: 3 },
              marks: [
                ...curve({
                  label: 'best guess',
                  look: 'em',
                  places: [
                    [0, least],
                    [DESCENT_STEPS, least]
                  ]
                }),
                ...curve({ label: 'this model', look: 'descent', places: lines, at: [step, loss] })
              ]
            }
          : {
              title: told ? 'Chance by centre' : 'Chance by centre: after your answer',
              x: { domain: [0, 100], ticks: [0, 50, 100].map(value => tick(value, `${value} %`)) },
              y: {
                domain: [-0.5, 2.5],
                ticks: NAMES.map((name, k) => tick(2 - k, told ? `${name}: ${(100 * shares[k]).toFixed(0)} %` : name))
              },
              isGridded: false,
              marks: told
                ? [
                    Marks.turned(
                      Marks.bars(shares.map((share, k) => ({ from: 1.75 - k, to: 2.25 - k, height: 100 * share })))
                    )
                  ]
                : []
            }
      ],
      handles: [
        {
          at,
          label: 'The ringed point',
          text: `at ${shown(at)}`,
          to: place => ({ point: String(nearest(noised, place)) }),
          jumps: true
        },
        ...(isWrong && !learns
          ? [
              {
                at: centres[1],
                label: 'The model’s centre B',
                text: `at ${shown(centres[1])}, loss ${loss.toFixed(2)}`,
                to: ([x, y]: Place) => ({ b: written([x, y]) })
              }
            ]
          : [])
      ],
      now: isWrong
        ? `The model’s B is *${off < 0.05 ? 'where it should be' : `${off.toFixed(1)} from where it should be`}*. Over all ${ROWS} points its guess misses by *${loss.toFixed(2)}* in the mean square: that is its {loss}.`
        : told
          ? `The best guess for the ringed point is ${shown(best)}: the chances that it came from each centre are *${listed}*.`
          : `At noise level t = ${time.toFixed(2)} a push has standard deviation √(exp 2t − 1) = *${noiseSpread(time).toFixed(1)}* in each direction. Choose an answer; the best guess is then drawn.`,
      answer: isWrong ? (learns && !isDown ? 'nearer' : 'true') : kind,
      happened: isWrong
        ? learns
          ? `Descent lowered the loss from ${lines[0][1].toFixed(2)} to ${loss.toFixed(2)}, and moved B to ${off.toFixed(2)} from the true centre, without being told where it is.`
          : isDown
            ? `This is as low as it gets: the true mixture has ${least.toFixed(2)}.`
            : `The true mixture has ${least.toFixed(2)}, the least that is possible. Drag ● to lower the loss.`
        : `It came from ${shown(from)}, so the squared miss is ${squared(best, from).toFixed(1)}. Over all ${ROWS} points the mean is *${least.toFixed(2)}*: even the best guess misses.`,
      why: isWrong
        ? 'A model with wrong centres sends points to wrong places, and no guess misses less on average than that of the true mixture. So the loss is least at the truth. On the way there, a model with a lower loss can be further away: that is why descent can end at a wrong place, as in question 5.'
        : 'The {best guess} averages the centres’ own answers, each weighted by the chance that the point came from there. Little noise leaves one centre likely; much noise makes all of them nearly equally likely, and then the guess is the middle.'
    }
  }
})
