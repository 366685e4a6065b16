/** Small pictures of words, in the page's own ink: how a schedule, a rate, a weighting runs, where a grid stands. */
import { Key, Optimizer, Params, Rate, Schedule, TimeGrid, TimeLaw, Weighting } from '../../dist/src/index.js'

const [width, height, left, bottom, top, right] = [520, 200, 52, 34, 10, 10]

const short = x => String(Number(x.toPrecision(3))).replace('-', '−')

/** Lines over one axis: `[{ name, points: [[x, y], …] }]`. */
const lines = ({ label, across, curves, dots = false }) => {
  const kept = curves.map(({ name, points }) => ({
    name,
    points: points.filter(point => point.every(Number.isFinite))
  }))
  const all = kept.flatMap(({ points }) => points)
  if (all.length === 0) return null
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)]
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)]
  const [low, high] = [Math.min(...ys), Math.max(...ys)]
  const [y0, y1] = low === high ? [Math.min(0, low), Math.max(low + Math.abs(low), 1e-9)] : [low, high]
  const px = x => left + ((x - x0) / (x1 - x0 || 1)) * (width - left - right)
  const py = y => height - bottom - ((y - y0) / (y1 - y0 || 1)) * (height - bottom - top)
  const at = ([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`
  const text = (x, y, anchor, what) => `<text x="${x}" y="${y}" text-anchor="${anchor}">${what}</text>`
  /** A line's name above it, or below it where that is off the picture. */
  const beside = (name, i, [x, y]) =>
    `<text class="name-${i}" x="${px(x).toFixed(1)}" y="${(py(y) < top + 16 ? py(y) + 18 : py(y) - 8).toFixed(1)}" text-anchor="middle">${name}</text>`
  return `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}"><path class="axis" d="M${left},${top}V${height - bottom}H${width - right}"/>${[
    text(left - 6, py(y1) + 9, 'end', short(y1)),
    text(left - 6, py(y0), 'end', short(y0)),
    text(px(x0), height - bottom + 16, 'start', short(x0)),
    text(px(x1), height - bottom + 16, 'end', short(x1)),
    text((left + width - right) / 2, height - 4, 'middle', across)
  ].join('')}${kept
    .map(({ name, points }, i) =>
      dots
        ? points
            .map(
              point =>
                `<circle class="line-${i}" r="3" cx="${at(point).split(',')[0]}" cy="${at(point).split(',')[1]}"/>`
            )
            .join('')
        : `<polyline class="line-${i}" points="${points.map(at).join(' ')}"/>` +
          (name === '' ? '' : beside(name, i, points[Math.floor(0.85 * points.length)]))
    )
    .join('')}</svg>`
}

const even = (from, to, n = 120) => Array.from({ length: n + 1 }, (_, i) => from + ((to - from) * i) / n)

const rosenbrock = ({ x: { values: v } }) => ({
  value: (1 - v[0]) ** 2 + 100 * (v[1] - v[0] * v[0]) ** 2,
  gradient: {
    x: {
      shape: [2],
      values: Float64Array.of(-2 * (1 - v[0]) - 400 * v[0] * (v[1] - v[0] * v[0]), 200 * (v[1] - v[0] * v[0]))
    }
  }
})

const plots = {
  Schedule: schedule => {
    const last = Math.min(Schedule.until(schedule), Schedule.until(schedule) === Infinity ? 3 : Infinity)
    const times = even(0, last)
    const curve = name => ({
      name: { alpha: 'α', sigma: 'σ' }[name],
      points: times.map(t => [t, Schedule.level(t)(schedule)[name]])
    })
    return lines({ label: 'α and σ over the time', across: 'time', curves: [curve('alpha'), curve('sigma')] })
  },
  Rate: rate =>
    lines({
      label: 'the rate at each step',
      across: 'step',
      curves: [{ name: '', points: even(0, 1000, 250).map(step => [step, Rate.at(step)(rate)]) }]
    }),
  Weighting: weighting =>
    lines({
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
    lines({
      label: 'the times of its steps',
      across: 'step',
      dots: true,
      curves: [{ name: '', points: [...TimeGrid.times(Schedule.ornsteinUhlenbeck)(grid)].map((t, i) => [i, t]) }]
    }),
  TimeLaw: law => {
    const drawn = TimeLaw.draw(Schedule.ornsteinUhlenbeck, 60)(Key.fromSeed(1))(law)
    const times = drawn.flatMap(({ time }) => (typeof time === 'number' ? [time] : [...time])).sort((a, b) => a - b)
    return lines({
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
    return lines({
      label: 'log₁₀ of Rosenbrock’s function, step by step, from (−1.2, 1)',
      across: 'step of the example on Rosenbrock’s function: log₁₀ f',
      curves: [{ name: '', points: values.map((y, x) => [x, y]) }]
    })
  }
}

/** A word's picture, where its concept has one and the example can be drawn. */
export const plotOf = (concept, name, example) => plots[concept]?.(example) ?? null
