/** Small pictures of words as SVG in the page's colours, such as a schedule over time or the times of a grid. */
import {
  Key,
  Optimizer,
  Params,
  Picture,
  Rate,
  Schedule,
  TimeGrid,
  NoiseLevels,
  Weighting
} from '../../dist/src/index.js'

/** SVG of curves `[{ name, points: [[x, y], …] }]` as lines or dots; null if no point is finite. */
const plot = ({ label, across, curves, dots = false }) => {
  const kept = curves.map(({ name, points }) => ({
    name,
    points: points.filter(point => point.every(Number.isFinite))
  }))
  const all = kept.flatMap(({ points }) => points)
  if (all.length === 0) return null
  const isFlat = all.every(([, y]) => y === all[0][1])
  const marks = kept.flatMap(({ name, points }, k) =>
    dots ? [Picture.Marks.dots(points, { k, r: 3 })] : [Picture.Marks.line(points, name === '' ? { k } : { k, name })]
  )
  const panel = {
    x: { title: across, margin: dots ? 0.02 : 0 },
    y: isFlat ? { domain: [0, 2 * all[0][1] || 1] } : {},
    marks
  }
  return Picture.element(
    Picture.of(Picture.arranged([panel], { width: 440, height: 150 }), { title: label, description: across })
  )
}

/** n + 1 evenly spaced numbers. */
const even = (from, to, n = 120) => Array.from({ length: n + 1 }, (_, i) => from + ((to - from) * i) / n)

/** Value and gradient of Rosenbrock's function. */
const rosenbrock = ({ x: { values: v } }) => ({
  value: (1 - v[0]) ** 2 + 100 * (v[1] - v[0] * v[0]) ** 2,
  gradient: {
    x: {
      shape: [2],
      values: Float64Array.of(-2 * (1 - v[0]) - 400 * v[0] * (v[1] - v[0] * v[0]), 200 * (v[1] - v[0] * v[0]))
    }
  }
})

/** Pictures of examples, by concept. */
const plots = {
  Schedule: schedule => {
    const last = Math.min(Schedule.endTime(schedule), Schedule.endTime(schedule) === Infinity ? 3 : Infinity)
    const times = even(0, last)
    const curve = name => ({
      name: { alpha: 'α', sigma: 'σ' }[name],
      points: times.map(t => [t, Schedule.level(t)(schedule)[name]])
    })
    return plot({ label: 'α and σ over the time', across: 'time', curves: [curve('alpha'), curve('sigma')] })
  },
  Rate: rate =>
    plot({
      label: 'the rate at each step',
      across: 'step',
      curves: [{ name: '', points: even(0, 1000, 250).map(step => [step, Rate.at(step)(rate)]) }]
    }),
  Weighting: weighting =>
    plot({
      label: 'the weight of a level by its log-SNR',
      across: 'log-SNR',
      curves: [
        {
          name: '',
          points: even(-6, 6).map(logSnr => {
            const t = Schedule.timeOfLogSnr(logSnr)(Schedule.ornsteinUhlenbeck)
            return [logSnr, Weighting.interpret(Schedule.ornsteinUhlenbeck)(weighting)(t)]
          })
        }
      ]
    }),
  TimeGrid: grid =>
    plot({
      label: 'the times of its steps',
      across: 'step',
      dots: true,
      curves: [{ name: '', points: [...TimeGrid.times(Schedule.ornsteinUhlenbeck)(grid)].map((t, i) => [i, t]) }]
    }),
  NoiseLevels: law => {
    const drawn = NoiseLevels.draw(Schedule.ornsteinUhlenbeck, 60)(Key.fromSeed(1))(law)
    const times = drawn.flatMap(({ time }) => (typeof time === 'number' ? [time] : [...time])).sort((a, b) => a - b)
    return plot({
      label: 'its times, least first',
      across: times.length === 60 ? '60 times, drawn and ordered' : 'its times, in order',
      dots: true,
      curves: [{ name: '', points: times.map((t, i) => [i + 1, t]) }]
    })
  },
  Optimizer: optimizer => {
    const values = []
    for (const { params } of Optimizer.iterates(optimizer, rosenbrock)(Params.of({ x: [-1.2, 1] }))) {
      values.push(Math.log10(Math.max(rosenbrock(params).value, 1e-12)))
      if (values.length > 200) break
    }
    return plot({
      label: 'log₁₀ of Rosenbrock’s function, step by step, from (−1.2, 1)',
      across: 'step of the example on Rosenbrock’s function: log₁₀ f',
      curves: [{ name: '', points: values.map((y, x) => [x, y]) }]
    })
  }
}

/** Picture of a word's example; null if its concept has none or the example cannot be drawn. */
export const plotOf = (concept, example) => plots[concept]?.(example) ?? null
