/** `ornstein sample`: what it draws. What it refuses stands in `wrong.session`. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Key, Mixture, Points } from '../../../../src/index.js'
import { place } from '../harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)
beforeAll(async () => {
  expect(
    (await ornstein('fit %faithful.csv -k 2 --family isotropic --no-standardize --recipe em --quiet --out @model.json'))
      .exit
  ).toBe(0)
})

type Json = Record<string, unknown>

/** The model as JSON, changed. */
const changed = (change: (model: Json & { mixture: Json }) => unknown): string => {
  const model = JSON.parse(here.read('model.json')) as Json & { mixture: Json }
  change(model)
  return JSON.stringify(model)
}

const triangles = [
  [
    [0.5, 0],
    [-0.25, 2]
  ],
  [
    [1, 0],
    [3, 0.125]
  ]
]

it.each([
  ['a variance for each component', () => undefined],
  [
    'one for each column',
    ({ mixture }: { mixture: Json }) =>
      (mixture.variances = [
        [1, 2],
        [0.25, 0.5]
      ])
  ],
  ['columns that hang together', ({ mixture }: { mixture: Json }) => (mixture.factors = triangles)],
  ['weights that sum to 1 but for rounding', ({ mixture }: { mixture: Json }) => (mixture.weights = [0.3, 0.7 + 1e-12])]
])('draws from the mixture of the model: %s', async (_, change) => {
  const text = changed(change)
  here.write('changed.json', text)
  const { columns, mixture: written } = JSON.parse(text) as { columns: string[]; mixture: Mixture.Description }
  const { weights = [], means, factors } = written
  // with factors, variances are but their diagonal
  const mixture = Mixture.of(factors === undefined ? written : { weights, means, factors })
  const { dim, values } = Mixture.sample(4096)(Key.child(0)(Key.fromSeed(3)))(mixture)
  expect((await ornstein('sample @changed.json -n 40 --seed 3')).stdout).toBe(
    Points.toCsv({ rows: 40, dim, values: values.slice(0, 40 * dim) }, columns)
  )
})
