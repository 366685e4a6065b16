/** Draws the pictures of the README and of the vocabulary, from the built package: `npm run pictures`. A test draws them from the source. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

// -- a fit -----------------------------------------------------------------------------------------------------------

const fitSeen = ({ fit, Picture, Points, Problem }) => {
  const file = new URL('../examples/data/faithful.csv', import.meta.url)
  const { points, columns } = Problem.orThrow(Points.readCsv(readFileSync(file, 'utf8')))
  return Picture.density(fit(points, { columns }).mixture, points, { columns })
}

// -- schedules -------------------------------------------------------------------------------------------------------

const schedulesSeen = ({ Picture, Schedule }) => {
  const ddpm = Schedule.betas(Schedule.linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))
  const schedules = [
    ['ornsteinUhlenbeck, t to 3', Schedule.ornsteinUhlenbeck, 3],
    ['vpLinear', Schedule.vpLinear(), 1],
    ['cosine', Schedule.cosine(), 1],
    ['subVp', Schedule.subVp(), 1],
    ['varianceExploding', Schedule.varianceExploding(), 1],
    ['edm, t to 3', Schedule.edm, 3],
    ['rectifiedFlow', Schedule.rectifiedFlow, 1],
    ['betas of DDPM, 1000 steps', ddpm, 1000]
  ]

  const panel = (title, domain, of) => ({
    title,
    x: { title: 'share of the time', domain: [0, 1] },
    y: { domain },
    series: schedules.map(([name, schedule, last]) => ({
      name,
      points: Array.from({ length: 201 }, (_, i) => ({ x: i / 200, y: of(schedule, (last * i) / 200) }))
    }))
  })

  return Picture.of(
    Picture.curves(
      [
        panel('α, the signal', [0, 1.02], (schedule, t) => Schedule.level(t)(schedule).alpha),
        panel('σ, the noise (cut at 3)', [0, 3], (schedule, t) => Schedule.level(t)(schedule).sigma),
        panel('log-SNR', [-12, 12], (schedule, t) => Schedule.logSnr(t)(schedule))
      ],
      { width: 240, height: 250 }
    ),
    {
      title: 'The schedules',
      description: 'α, σ and log-SNR of the schedules over their time'
    }
  )
}

// -- optimizers ------------------------------------------------------------------------------------------------------

const value = (x, y) => (1 - x) ** 2 + 100 * (y - x * x) ** 2
const rosenbrock = ({ x: { values: v } }) => ({
  value: value(v[0], v[1]),
  gradient: {
    x: {
      shape: [2],
      values: Float64Array.of(-2 * (1 - v[0]) - 400 * v[0] * (v[1] - v[0] * v[0]), 200 * (v[1] - v[0] * v[0]))
    }
  }
})

const steps = 300
const near = 1e-3
const optimizersSeen = ({ Optimizer, Params, Picture }) => {
  const optimizers = [
    ['gradientDescent 0.001', Optimizer.gradientDescent({ rate: 0.001 })],
    ['momentum 0.0005', Optimizer.momentum({ rate: 0.0005 })],
    ['adam 0.05', Optimizer.adam({ rate: 0.05 })],
    ['rmsProp 0.01', Optimizer.rmsProp({ rate: 0.01 })],
    ['lbfgs', Optimizer.lbfgs()],
    ['lion 0.01', Optimizer.lion({ rate: 0.01 })],
    ['adagrad 0.3', Optimizer.adagrad({ rate: 0.3 })],
    ['newton', Optimizer.newton()]
  ]

  const walk = ([name, optimizer]) => {
    const points = []
    for (const { params } of Optimizer.iterates(optimizer, rosenbrock)(Params.of({ x: [-1.2, 1] }))) {
      const [x, y] = params.x.values
      points.push([x, y])
      if (points.length > steps || Math.hypot(x - 1, y - 1) < near) break
    }
    const [x, y] = points[points.length - 1]
    const arrived = Math.hypot(x - 1, y - 1) < near
    return {
      points,
      title: `${name}: ${arrived ? `there after ${points.length - 1} steps` : `f = ${value(x, y).toPrecision(1)}`}`
    }
  }

  const [x, y] = [
    [-1.7, 1.6],
    [-0.55, 1.8]
  ]
  const side = 90
  const values = Float64Array.from({ length: side * side }, (_, at) =>
    Math.log10(
      value(
        x[0] + ((x[1] - x[0]) * (at % side)) / (side - 1),
        y[0] + ((y[1] - y[0]) * Math.floor(at / side)) / (side - 1)
      )
    )
  )
  const { levelLine, line, dots, ring } = Picture.Marks
  const levels = [0.25, 1, 1.75, 2.5].map(level =>
    levelLine({ columns: side, rows: side, values, x, y }, level, { paint: 'bar' })
  )
  const panel = ({ title, points }) => ({
    title,
    x: { domain: x, count: 4 },
    y: { domain: y, count: 3 },
    marks: [
      ...levels,
      line(points, { k: 0 }),
      ...(points.length < 50 ? [dots(points, { k: 0, r: 2 })] : []),
      ring([-1.2, 1], { r: 4, isFull: true }),
      ring([1, 1], { r: 5 })
    ]
  })

  return Picture.of(Picture.arranged(optimizers.map(walk).map(panel), { columns: 4, width: 200, height: 150 }), {
    title: 'Optimizers on Rosenbrock’s function',
    description: 'Optimizers from the same start on the Rosenbrock function; level lines of its logarithm'
  })
}

// -- how many groups -------------------------------------------------------------------------------------------------

/** Share of tables of two groups in which they are found, by separation: the table of how-many-groups.md. */
const SEPARATIONS = [2, 3, 4, 5, 6, 8]
const FOUND = {
  12: [0.17, 0.5, 0.72, 0.94, 0.83, 1],
  20: [0.28, 0.56, 0.83, 0.78, 1, 1],
  40: [0.17, 0.83, 1, 1, 1, 1],
  100: [0.33, 0.89, 1, 1, 1, 1]
}

const powerSeen = ({ Picture }) =>
  Picture.of(
    Picture.curves(
      [
        {
          title: 'two groups reported',
          x: { title: 'separation, in standard deviations', domain: [1.5, 8.5] },
          y: { title: 'share of tables', domain: [0, 1.05] },
          series: Object.entries(FOUND).map(([rows, shares]) => ({
            name: `${rows} rows`,
            points: shares.map((y, i) => ({ x: SEPARATIONS[i], y }))
          }))
        }
      ],
      { width: 480, height: 280 }
    ),
    {
      title: 'Groups that can be shown',
      description:
        'Share of tables in which two groups are reported, by their separation, a line for each number of rows'
    }
  )

/** The pictures by name, of the library's namespaces. */
export const pictures = ornstein => ({
  faithful: fitSeen(ornstein),
  schedules: schedulesSeen(ornstein),
  rosenbrock: optimizersSeen(ornstein),
  power: powerSeen(ornstein)
})

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [name, picture] of Object.entries(pictures(await import('../dist/src/index.js'))))
    writeFileSync(new URL(`images/${name}.svg`, import.meta.url), String(picture))
