/**
 * What networks learn, beside what is exact: `npm run examples:networks` writes docs/networks.md and its pictures;
 * `-- --quick` tells what it found of small sizes, and writes nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Key, Mixture, Picture, Points, Problem, Recipe, Run, Sampler, Score } from 'ornstein'
import { format } from 'oxfmt'
import { checkerboard, eightGaussians, inSixtyFour, swissRoll, twoMoons, type Law } from './data.js'
import { astray, ENDS, errors, learn, ratios, sample, schedule, type Budget } from './experiment.js'

const quick = process.argv.includes('--quick')
const budget: Budget = quick
  ? { steps: 60, batch: 64, hidden: [16], withWaves: true }
  : { steps: 3000, batch: 256, hidden: [64, 64], withWaves: true }
const rows = quick ? 200 : 20_000
const drawn = quick ? 100 : 2000
const key = Key.named('data', 'test', 'other', 'net', 'many', 'bound')(Key.fromSeed(20220601))

const ofMixture =
  (mixture: Mixture.Mixture): Law =>
  rows =>
  key =>
    pipe(mixture, Mixture.sample(rows)(key))

const laws: ReadonlyArray<readonly [name: string, law: Law]> = [
  ['eight Gaussians', ofMixture(eightGaussians)],
  ['two moons', twoMoons],
  ['swiss roll', swissRoll],
  ['checkerboard', checkerboard]
]

/** Points in a square, [−2.6, 2.6]². */
const panel = (title: string, { rows, values }: Points.Points, k: number): Picture.Panel => ({
  title,
  isGridded: false,
  x: { domain: [-2.6, 2.6], ticks: [], isLabelled: false },
  y: { domain: [-2.6, 2.6], ticks: [], isLabelled: false },
  marks: [
    Picture.Marks.dots(
      Array.from({ length: Math.min(rows, 1000) }, (_, i): Picture.Xy => [values[2 * i], values[2 * i + 1]]),
      { k, r: 1.2 }
    )
  ]
})

const number = (x: number): string => (x === 0 ? '0' : Math.abs(x) < 1e-3 ? x.toExponential(1) : x.toPrecision(2))
const table = (head: ReadonlyArray<string>, body: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => '---'), ...body].map(row => `| ${row.join(' | ')} |`).join('\n')

// —— planar laws: pictures, and the energy distance ——

const planar = laws.map(([name, law]) => {
  const learned = learn(budget)(law(rows)(key.data))(key.net)
  const test = law(drawn)(key.test)
  const other = law(drawn)(key.other)
  const samples = sample(drawn, 2)(learned)
  const many = law(quick ? 200 : 4000)(key.many)
  return {
    name,
    test,
    samples,
    learned,
    found: Points.energyDistance(samples, test),
    least: Points.energyDistance(other, test),
    astray: astray(samples, many, law(quick ? 200 : 4000)(key.bound))
  }
})

// —— errors by noise level, of what has a known score ——

const exactOf = (mixture: Mixture.Mixture): Sampler.Smooth => Sampler.exact(mixture, schedule)
const few = quick ? 100 : 500
const eight = errors(exactOf(eightGaussians), Mixture.sample(few)(key.test)(eightGaussians))(planar[0].learned)

/** Energy distances of samples by so many scores: of the network, and of the mixture itself. */
const costs = [6, 10, 20, 60]
const byCost = costs.map(scores =>
  [planar[0].learned, exactOf(eightGaussians)].map(score =>
    Points.energyDistance(sample(drawn, 2, scores / 2)(score), planar[0].test)
  )
)

const high = errors(exactOf(inSixtyFour), Mixture.sample(few)(key.test)(inSixtyFour))
const sizes = quick ? [100] : [250, 1000, 4000, 16_000]
const family = (points: Points.Points): Sampler.Smooth => {
  const score = Score.isotropic({ components: 4 })
  const program = Problem.orThrow(Compile.pipeline(Recipe.expectationMaximization(score)(points))(points))
  return Sampler.learned(score, schedule, Run.last(program)(key.net).params)
}
const bySize = sizes.map(size => {
  const points = Mixture.sample(size)(key.data)(inSixtyFour)
  const wide: Budget = quick ? budget : { steps: 2000, batch: 128, hidden: [128, 128], withWaves: false }
  return { size, network: high(learn(wide)(points)(key.net)), family: high(family(points)) }
})

/** The rows of which a network has what the family has of the fewest, at noise in the middle. */
const middle = ratios.indexOf(0.5)
const enough = bySize.find(({ network }) => network[middle] <= bySize[0].family[middle])?.size
const last = bySize[bySize.length - 1]

const levels = ratios.map(ratio => `σ/α = ${ratio}`)
const text = `# What networks learn

How well does a small network learn a score that is known exactly? \`npm run examples:networks\` measures it and writes this page.

Networks are perceptrons of two hidden layers, learned on the denoising loss over
log-SNRs from −5 to 7 by Adam, with a warm-up, clipped gradients and a moving average of the weights.

In the plane they have ${budget.hidden.join(' and ')} units and EDM's preconditioning, and learn for ${budget.steps} steps on batches of ${budget.batch} of
${rows} rows, each epoch of which uses every row once. Their input is the point and 32 random Fourier features of it, a layer
that the example defines (\`Net.define\`): without these, layers of this size do not learn the gaps of the checkerboard.

## In the plane

Above, 1000 points of the distribution; below, as many samples of the network, by Heun's method in 30 steps.

![points of four distributions, and samples of networks](images/networks.svg)

The energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′| of ${drawn} samples and points of the distribution, and between two sets of such points. It is hardly
sensitive to thin structures, so the last column is the share of stray samples: those further from the points of the distribution than 99 % of its own
points are.

${table(
  ['distribution', 'energy distance of samples', 'of its points', 'stray samples'],
  planar.map(({ name, found, least, astray }) => [name, number(found), number(least), `${(100 * astray).toFixed(1)} %`])
)}

## The error of the score

The score of a mixture is known. The relative error E|s − s*|²/E|s*|² by noise level, for the eight Gaussians:

${table(levels, [eight.map(number)])}

## The cost of a sample

Energy distances of samples of the eight Gaussians by the number of score evaluations for a sample, two for each step of Heun's method; that of points of the
distribution itself is ${number(planar[0].least)}. The distance of the exact mixture comes from the discrete steps, and from the noise that remains at the end (σ/α = ${ENDS[1]}).

${table(
  ['evaluations', ...costs.map(String)],
  ['network', 'exact mixture'].map((name, i) => [name, ...byCost.map(found => number(found[i]))])
)}

PyTorch’s same network on the same budget is in [performance](performance.md#networks-beside-pytorch).

## The number of rows

Four Gaussians in 64 dimensions, of variance ½, centres at a distance of 4 from 0. A plain network of two layers of 128 units that predicts
the noise, without the features, and the family of the distribution (\`Score.isotropic({ components: 4 })\`, by expectation–maximization), on the same rows:

${table(
  ['rows', 'learned', ...levels],
  bySize.flatMap(({ size, network, family }) => [
    [String(size), 'network', ...network.map(number)],
    [String(size), 'family', ...family.map(number)]
  ])
)}

At σ/α = ${ratios[middle]} the family fitted to ${bySize[0].size} rows has an error of ${number(bySize[0].family[middle])}; ${
  enough === undefined
    ? `no network here reaches it: that of ${last.size} rows has ${number(last.network[middle])}`
    : `a network needs ${enough} rows to reach it`
}.
`

if (quick) console.log(text)
else {
  mkdirSync('docs/images', { recursive: true })
  writeFileSync(
    'docs/images/networks.svg',
    String(
      Picture.of(
        Picture.arranged(
          [
            ...planar.map(({ name, test }) => panel(name, test, 5)),
            ...planar.map(({ samples }) => panel('', samples, 0))
          ],
          { columns: 4, width: 196, height: 196 }
        ),
        {
          title: 'What networks learn in the plane',
          description: 'Above, points of four distributions; below, samples of networks that learned them'
        }
      )
    )
  )
  const style = JSON.parse(readFileSync('.oxfmtrc.json', 'utf8')) as Record<string, unknown>
  writeFileSync('docs/networks.md', (await format('networks.md', text, style)).code)
}
