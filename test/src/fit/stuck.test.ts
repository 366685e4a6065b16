/** A fit that is stuck between clusters says so, and good ones do not. */
import { afterAll, describe, expect, it } from 'vitest'
import {
  Compile,
  fit,
  Initializer,
  Key,
  Mixture,
  Pipeline,
  Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage
} from '../../../src/index.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Stuck from '../../../src/fit/stuck.js'
import { today } from '../../today.js'
import { place } from '../cli/harness.js'

const here = place()
afterAll(here.remove)

// One cluster far to the left, two to the right.
const truth = Mixture.of({ means: [[-20, 0], [8, 0], [16, 2]], weights: [0.4, 0.3, 0.3] }) // prettier-ignore
const points = Mixture.sample(300)(Key.fromSeed(2))(truth)

/** Where expectation–maximization leads from means. */
const learned = (means: ReadonlyArray<ReadonlyArray<number>>): Mixture.Mixture => {
  const score = Score.isotropic({ components: means.length })
  const start = Score.interpret(score).family
  const params =
    O.isSome(start) && O.isSome(start.value.fromMixture) ? start.value.fromMixture.value(Mixture.of({ means })) : null
  if (params === null) throw new RangeError('no way from mixtures')
  const pipeline = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.values(params),
    stages: [Stage.expectationMaximization({ steps: 500, relativeChange: 1e-9 })]
  })
  const found = Score.toMixture(score)(
    Run.last(Problem.orThrow(Compile.pipeline(pipeline)(points)))(Key.fromSeed(1)).params
  )
  if (!O.isSome(found)) throw new RangeError('no mixture')
  return found.value
}
const asked = (mixture: Mixture.Mixture): Stuck.Stuck | null =>
  Stuck.of({ score: Score.isotropic({ components: 3 }), mixture, points, scaling: null, prior: null, fixed: [] })

describe('a stuck fit', () => {
  it('is told by its structure: two in one cluster, one over two', () => {
    const mixture = learned([[-21, 0], [-19, 0], [12, 1]]) // prettier-ignore
    const found = asked(mixture)
    expect(found?.shared).toEqual([0, 1])
    expect(found?.over).toBe(2)
    // What the better place gains in the end, and a few steps nearly.
    const best = learned([[-20, 0], [8, 0], [16, 2]]) // prettier-ignore
    const [less, more] = [mixture, best].map(Mixture.meanLogDensity(points))
    expect(found?.gain).toBeLessThanOrEqual(300 * (more - less) + 1e-6)
    expect(found?.gain).toBeGreaterThan(0.9 * 300 * (more - less))
    expect(asked(best)).toBe(null)
  })

  it('is none where components are merely too few or too many', () => {
    expect(asked(learned([[-20, 0], [8, 0], [16, 2], [0, 0]]))).toBe(null) // prettier-ignore
    const many = learned([[-20, 0], [8, 0], [16, 2], [17, 3]]) // prettier-ignore
    expect(
      Stuck.of({
        score: Score.isotropic({ components: 4 }),
        mixture: many,
        points,
        scaling: null,
        prior: null,
        fixed: []
      })
    ).toBe(null)
  })

  it.each(Array.from({ length: 20 }, (_, i) => (today % 1000) + i))('is none of what fit chooses, seed %i', seed => {
    const rows = Mixture.sample(200)(Key.fromSeed(seed))(truth)
    expect(fit(rows, { components: [2, 3, 4, 5], family: ['isotropic', 'full'], seed }).stuck()).toBe(null)
  })
})

it('ornstein fit prints it, and JSON and report have it', async () => {
  here.write(
    'rows.csv',
    `x,y\n${Points.toRows(points)
      .map(row => row.join(','))
      .join('\n')}\n`
  )
  // Expectation–maximization alone, from a start that leads there.
  const seeds = Array.from({ length: 12 }, (_, i) => i)
  const found: string[] = []
  for (const seed of seeds) {
    const { stdout } = await here.ornstein(
      `fit @rows.csv -k 3 --family isotropic --recipe em --seed ${seed} --report @stuck.html`
    )
    if (!stdout.includes('The fit is stuck')) continue
    found.push(stdout)
    expect(here.read('stuck.html')).toContain('The fit is stuck')
    const { stdout: json } = await here.ornstein(
      `fit @rows.csv -k 3 --family isotropic --recipe em --seed ${seed} --json`
    )
    expect((JSON.parse(json) as { readonly stuck: { readonly gain: number } }).stuck.gain).toBeGreaterThan(5)
    break
  }
  expect((await here.ornstein('fit @rows.csv -k 3 --family isotropic')).stdout).not.toContain('stuck')
  console.log(found.length === 0 ? 'no seed was stuck' : 'told')
})
