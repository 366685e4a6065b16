/** Draws the pictures of docs/vocabulary.md, from the built package: `npm run pictures`. A test draws them from the source. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { parse, View } from 'vega'

// Okabe & Ito's colours, which colour-blind readers tell apart, without the yellow; dashes tell those apart that are near.
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#000000', '#56b4e9', '#e69f00', '#7a5195']
const dashes = [[], [8, 3], [2, 3], [10, 3, 2, 3], [], [6, 4], [3, 2], [12, 4]]
const ink = '#1a1d21'
const soft = '#565d66'
const config = {
  axis: {
    labelFont: 'sans-serif',
    titleFont: 'sans-serif',
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    labelColor: soft,
    titleColor: ink,
    gridColor: '#e4e7eb',
    domainColor: soft,
    tickColor: soft
  },
  title: { font: 'sans-serif', fontSize: 14, color: ink },
  legend: {
    labelFont: 'sans-serif',
    labelFontSize: 13,
    labelColor: ink,
    labelLimit: 400,
    symbolType: 'stroke',
    symbolSize: 900
  }
}
const place = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }

/** A legend's and the lines' looks for names in their order. */
const looks = names => [
  { name: 'colour', type: 'ordinal', domain: names, range: colours },
  { name: 'dash', type: 'ordinal', domain: names, range: dashes }
]
const legend = { stroke: 'colour', strokeDash: 'dash', symbolStrokeWidth: 2.25 }

const curves = data => ({
  type: 'group',
  from: { facet: { name: `one of ${data}`, data, groupby: 'name' } },
  marks: [
    {
      type: 'line',
      from: { data: `one of ${data}` },
      encode: {
        enter: {
          ...place,
          stroke: { scale: 'colour', field: 'name' },
          strokeDash: { scale: 'dash', field: 'name' },
          strokeWidth: { value: 2.25 },
          strokeJoin: { value: 'round' }
        }
      }
    }
  ]
})

/** A panel's title, above its left edge. */
const heading = text => ({
  type: 'text',
  encode: {
    enter: {
      y: { value: -10 },
      text: { value: text },
      fill: { value: ink },
      font: { value: 'sans-serif' },
      fontSize: { value: 13 }
    }
  }
})

const drawn = async (title, spec) => {
  const svg = await new View(parse({ ...spec, config, background: 'white' }), { renderer: 'none' }).toSVG()
  return (
    svg
      .replace(/ (?:d|transform)="[^"]*"/g, attribute => attribute.replace(/(\.\d)\d+/g, '$1'))
      .replace(/^(<svg[^>]*)>/, `$1 role="img" aria-label="${title}">`) + '\n'
  )
}

// -- schedules -------------------------------------------------------------------------------------------------------

const schedulesSeen = ({ Schedule }) => {
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

  const sampled = (of, [lo, hi]) =>
    schedules.flatMap(([name, schedule, last]) =>
      Array.from({ length: 201 }, (_, i) => ({ name, x: i / 200, y: of(schedule, (last * i) / 200) })).filter(
        ({ y }) => y >= lo && y <= hi
      )
    )

  const panel = (title, domain, of, index) => ({
    type: 'group',
    encode: { enter: { x: { value: index * 305 }, width: { value: 240 }, height: { value: 250 } } },
    data: [{ name: 'curves', values: sampled(of, domain) }],
    scales: [
      { name: 'x', type: 'linear', domain: [0, 1], range: [0, 240] },
      { name: 'y', type: 'linear', domain, range: [250, 0], zero: false }
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'share of the time', grid: true, gridScale: 'y', tickCount: 5 },
      { orient: 'left', scale: 'y', grid: true, gridScale: 'x', tickCount: 6 }
    ],
    marks: [curves('curves'), heading(title)]
  })

  return drawn('α, σ and log-SNR of the schedules over their time', {
    width: 850,
    height: 250,
    padding: 12,
    scales: looks(schedules.map(([name]) => name)),
    legends: [{ ...legend, orient: 'bottom', columns: 4, columnPadding: 24, rowPadding: 4, offset: 20 }],
    marks: [
      panel('α, the signal', [0, 1.02], (schedule, t) => Schedule.level(t)(schedule).alpha, 0),
      panel('σ, the noise (cut at 3)', [0, 3], (schedule, t) => Schedule.level(t)(schedule).sigma, 1),
      panel('log-SNR', [-12, 12], (schedule, t) => Schedule.logSnr(t)(schedule), 2)
    ]
  })
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
const optimizersSeen = ({ Optimizer, Params }) => {
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
      points.push({ name, x, y })
      if (points.length > steps || Math.hypot(x - 1, y - 1) < near) break
    }
    const { x, y } = points[points.length - 1]
    const arrived = Math.hypot(x - 1, y - 1) < near
    return {
      points,
      title: `${name}: ${arrived ? `there after ${points.length - 1} steps` : `f = ${value(x, y).toPrecision(1)}`}`
    }
  }

  const [wide, high, gap] = [210, 150, 34]
  const [xs, ys] = [
    [-1.7, 1.6],
    [-0.55, 1.8]
  ]
  // A value for the middle of each square of 2 by 2 pixels.
  const [columns, lines] = [wide / 2, high / 2]
  const grid = Array.from({ length: columns * lines }, (_, at) =>
    Math.log10(
      value(
        xs[0] + ((xs[1] - xs[0]) * ((at % columns) + 0.5)) / columns,
        ys[1] - ((ys[1] - ys[0]) * (Math.floor(at / columns) + 0.5)) / lines
      )
    )
  )

  const small = ({ title, points }, index) => ({
    type: 'group',
    encode: {
      enter: {
        x: { value: (index % 4) * (wide + gap) },
        y: { value: Math.floor(index / 4) * (high + 62) },
        width: { value: wide },
        height: { value: high }
      }
    },
    data: [
      { name: 'walk', values: points },
      { name: 'steps', values: points.length < 50 ? points : [] },
      {
        name: 'ends',
        values: [
          { x: -1.2, y: 1, fill: 'white' },
          { x: 1, y: 1, fill: ink }
        ]
      }
    ],
    scales: [
      { name: 'x', type: 'linear', domain: xs, range: [0, wide], zero: false },
      { name: 'y', type: 'linear', domain: ys, range: [high, 0], zero: false }
    ],
    axes: [
      { orient: 'bottom', scale: 'x', tickCount: 4 },
      { orient: 'left', scale: 'y', tickCount: 3 }
    ],
    marks: [
      {
        type: 'path',
        clip: true,
        from: { data: 'contours' },
        encode: { enter: { stroke: { value: '#c3cad3' }, fill: { value: 'transparent' } } },
        transform: [{ type: 'geopath', field: 'datum.contour' }]
      },
      {
        type: 'line',
        clip: true,
        from: { data: 'walk' },
        encode: { enter: { ...place, stroke: { value: colours[0] }, strokeWidth: { value: 2 } } }
      },
      {
        type: 'symbol',
        clip: true,
        from: { data: 'steps' },
        encode: { enter: { ...place, fill: { value: colours[0] }, size: { value: 9 } } }
      },
      {
        type: 'symbol',
        from: { data: 'ends' },
        encode: {
          enter: {
            ...place,
            size: { value: 55 },
            fill: { field: 'fill' },
            stroke: { value: ink },
            strokeWidth: { value: 1.5 }
          }
        }
      },
      heading(title)
    ]
  })

  return drawn('Optimizers from the same start on the function of Rosenbrock', {
    width: 4 * wide + 3 * gap,
    height: 2 * high + 62,
    padding: { left: 12, right: 12, top: 24, bottom: 12 },
    data: [
      { name: 'grid', values: [{ width: columns, height: lines, values: grid }] },
      {
        name: 'contours',
        source: 'grid',
        transform: [{ type: 'isocontour', scale: 2, thresholds: [0.25, 1, 1.75, 2.5] }]
      }
    ],
    marks: optimizers.map(walk).map(small)
  })
}

/** The pictures by name, as SVG; of the library's namespaces. */
export const pictures = async ornstein => ({
  schedules: await schedulesSeen(ornstein),
  rosenbrock: await optimizersSeen(ornstein)
})

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [name, svg] of Object.entries(await pictures(await import('../dist/src/index.js'))))
    writeFileSync(new URL(`images/${name}.svg`, import.meta.url), svg)
