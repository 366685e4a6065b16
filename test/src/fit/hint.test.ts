/** Whether a fit without them says that tails or a background would be chosen; and whether it says that components are one cluster. */
import { afterAll, describe, expect, it } from 'vitest'
import { type Fit, fit, Key, Mixture, Points } from '../../../src/index.js'
import { hintSentence } from '../../../src/fit/hint.js'
import { overlapSentence } from '../../../src/fit/overlapping.js'
import { isSlow, SEED, spread, once } from '../../cases.js'
import { rowsOf } from '../../tables.js'
import { there } from '../../there.js'
import { place } from '../cli/harness.js'

const here = place()
afterAll(here.remove)

const truth = Mixture.of({ means: [[-4, 0], [4, 2]] }) // prettier-ignore
const clean = Mixture.sample(150)(Key.fromSeed(3))(truth)
const wild = [[60, 5], [-40, -70], [0, 90], [-90, 20]] // prettier-ignore
const rows = [...Points.toRows(clean), ...wild]
const options: Fit.Options = { components: [1, 2, 3], family: ['full', 'diagonal'] }

/** Two clusters, of which one has a column of few numbers. */
const z = Key.normal(240)(Key.fromSeed(2))
const few = Array.from({ length: 120 }, (_, i) => [z[2 * i] + (i % 2) * 8, i % 2 === 0 ? 0 : z[2 * i + 1] ** 3])

describe('fit.hint', () => {
  it.runIf(isSlow)('is none of Gaussian rows, and none where they were compared', () => {
    expect(fit(clean, { ...options, components: 2, criterion: 'icl' }).robustnessHint()).toBe(null)
    expect(fit(rows, { ...options, components: 2, robust: true }).robustnessHint()).toBe(null)
  })

  once('is none of rows that are all the same, where only the floor speaks', () => {
    const same = Array.from({ length: 50 }, () => [1, 2])
    expect(fit(same, { components: [1, 2] }).robustnessHint()).toBe(null)
  })

  it.runIf(isSlow)('is a background of wild rows, by as much as the comparison then gains', () => {
    const plain = fit(rows, options)
    const robustnessHint = plain.robustnessHint()
    expect(robustnessHint?.beside).toBe('background')
    const robust = fit(rows, { ...options, robust: true })
    expect(robust.family).toContain('background')
    // What a few steps reach is no better than what all candidates settle to.
    expect(robustnessHint?.less).toBeLessThanOrEqual(plain.iclc - robust.iclc + 1e-6)
    expect(robustnessHint?.less).toBeGreaterThan(0.5 * (plain.iclc - robust.iclc))
  })

  once('is none beside a component at the minimum variance, and no prior is proposed', () => {
    const model = fit(few, { components: [1, 2, 3], family: ['diagonal', 'full'] })
    expect(model.excluded?.collapsed.length).toBeGreaterThan(0)
    expect(model.robustnessHint()).toBe(null)
    expect(model.table()).toContain('a component is at the minimum variance.')
    expect(fit(few, { components: [1, 2, 3], family: ['diagonal', 'full'], prior: 0.01 }).excluded).toBe(null)
  })

  once('is none where what it would lead to is at the minimum variance, which a comparison excludes', () => {
    const rows = [...few, [40, 30], [-30, 20], [4, -40]]
    const options = { components: 2, family: 'full' } as const
    const model = fit(rows, options)
    const robust = fit(rows, { ...options, robust: true })
    expect(robust.bic).toBeGreaterThan(model.bic)
    expect(model.robustnessHint()).toBe(null)
  })

  once('is tails of rows with tails', () => {
    const points = Mixture.sample(400)(Key.fromSeed(8))({ ...truth, tails: Float64Array.of(3, 3) })
    expect(fit(points, { components: 2, family: ['isotropic', 'full'] }).robustnessHint()?.beside).toBe('tails')
  })
})

// A cell of one row, or of three, that makes the unit of its column: on the scale of that the others are one place.
describe('rows far from most', () => {
  once.each([
    [65, 65, 1e9],
    [120, 40, 1e6],
    [120, 40, 999]
  ])('bring no background that takes more of %i rows than they have, one in %i being %d', (count, every, cell) => {
    const rows = Points.toRows(Mixture.sample(count)(Key.fromSeed(SEED))(truth)).map(([x, y], i) => [i % every === 0 ? cell : x, y]) // prettier-ignore
    for (const options of [{ components: [1, 2, 3, 4] }, { components: 3, family: ['tiedDiagonal', 'full'] }] as const)
      expect(fit(rows, options).robustnessHint()?.rows ?? 0).toBeLessThan(count / 2)
  })
})

describe('components of a row or two', () => {
  const asked = { family: ['tied', 'full'], components: [2, 3, 4, 5] } as const

  it.runIf(isSlow)(
    'are no clusters: a background takes the wild rows that a common covariance makes components of',
    () => {
      // Each of the three is a component of its own, since no candidate is without one.
      const model = fit([...rowsOf('faithful'), [3.5, 300], [20, 70], [-6, -40]], {
        family: 'tied',
        components: [4, 5]
      })
      expect([model.family, model.components]).toEqual(['tied', 5])
      const robustnessHint = model.robustnessHint()
      expect(robustnessHint).toMatchObject({ beside: 'background', components: 2, lone: 3 })
      expect(Math.round(robustnessHint?.rows ?? 0)).toBe(3)
      expect(hintSentence(there(robustnessHint), 'ICL')).toMatch(
        /^3 components rest on too few rows for a cluster\. Beside a background, which takes about 3 rows, 2 components describe the others, with an ICL about \d+ (lower|higher)\. Compare with --robust -k 2\.$/
      )
    }
  )

  it.each(spread(3)(['faithful', 'iris', 'penguins']))('are not in %s, and nothing is said', name => {
    expect(fit(rowsOf(name), asked).robustnessHint()).toBe(null)
  })
})

it.runIf(isSlow)('ornstein fit prints it, and JSON and report have it', async () => {
  here.write('wild.csv', `x,y\n${rows.map(row => row.join(',')).join('\n')}\n`)
  const line = 'fit @wild.csv --family full -k 1..3'
  const { stdout } = await here.ornstein(`${line} --report @wild.html`)
  expect(stdout).toMatch(
    /Beside a background, which has about \d+ rows, the ICLc of\s+\d components\s+is about \d+\s+lower\.\s+Compare\s+with\s+--robust\./
  )
  expect(here.read('wild.html')).toContain('Compare with')
  const { robustnessHint } = JSON.parse((await here.ornstein(`${line} --json`)).stdout) as {
    readonly robustnessHint: Fit.Hint
  }
  expect(robustnessHint.beside).toBe('background')
  expect((await here.ornstein(`${line} --robust --json`)).stdout).not.toContain('"hint"')
})

once('three components that are two clusters say so, and components that are apart say nothing', () => {
  // A cross, which takes two Gaussians, and a round cluster far away.
  const cross = Mixture.of({
    means: [[0, 0], [0, 0], [30, 0]], // prettier-ignore
    covariances: [[[9, 0], [0, 0.2]], [[0.2, 0], [0, 9]], [[1, 0], [0, 1]]] // prettier-ignore
  })
  const points = Mixture.sample(300)(Key.fromSeed(1))(cross)
  const clusters = fit(points, { components: 3, family: 'full' }).overlapping()
  expect(clusters?.clusters).toEqual([0, 0, 1])
  expect(clusters && overlapSentence(clusters)).toMatch(
    /^Components 1 and 2 overlap: merged .* the 3 components are 2 clusters\. ornstein assign --merged/
  )
  const apart = Mixture.sample(300)(Key.fromSeed(1))(Mixture.of({ means: [[0, 0], [9, 0], [0, 9]] })) // prettier-ignore
  expect(fit(apart, { components: 3, family: 'full' }).overlapping()).toBe(null)
  const two = Mixture.sample(300)(Key.fromSeed(1))(Mixture.of({ means: [[0], [1]] }))
  expect(fit(two, { components: 2, family: 'isotropic' }).overlapping()?.count).toBe(1)
})
