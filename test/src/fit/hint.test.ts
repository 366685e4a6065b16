/** Whether a fit without them says that tails or a background would be chosen. */
import { afterAll, describe, expect, it } from 'vitest'
import { type Fit, fit, Key, Mixture, Points } from '../../../src/index.js'
import { place } from '../cli/harness.js'

const here = place()
afterAll(here.remove)

const truth = Mixture.of({
  means: [
    [-4, 0],
    [4, 2]
  ]
})
const clean = Mixture.sample(150)(Key.fromSeed(3))(truth)
const wild = [
  [60, 5],
  [-40, -70],
  [0, 90],
  [-90, 20]
]
const rows = [...Points.toRows(clean), ...wild]
const options: Fit.Options = { components: [1, 2, 3, 4], family: ['full', 'diagonal'] }

describe('fit.hint', () => {
  it('is none of Gaussian rows, and none where they were compared', () => {
    expect(fit(clean, options).hint()).toBe(null)
    expect(fit(rows, { ...options, components: 2, robust: true }).hint()).toBe(null)
  })

  it('is a background of wild rows, by as much as the comparison then gains', () => {
    const plain = fit(rows, options)
    const hint = plain.hint()
    if (hint === null) throw new Error('no hint')
    expect(hint.beside).toBe('background')
    const robust = fit(rows, { ...options, robust: true })
    expect(robust.family).toContain('background')
    // What a few steps reach is no better than what all candidates settle to.
    expect(hint.less).toBeLessThanOrEqual(plain.icl - robust.icl + 1e-6)
    expect(hint.less).toBeGreaterThan(0.5 * (plain.icl - robust.icl))
  })

  it('is tails of rows with tails', () => {
    const points = Mixture.sample(400)(Key.fromSeed(8))({ ...truth, tails: Float64Array.of(3, 3) })
    expect(fit(points, { components: 2, family: ['isotropic', 'full'] }).hint()?.beside).toBe('tails')
  })
})

it('ornstein fit prints it, and JSON and report have it', async () => {
  here.write('wild.csv', `x,y\n${rows.map(row => row.join(',')).join('\n')}\n`)
  const line = 'fit @wild.csv --family full -k 1..3'
  const { stdout } = await here.ornstein(`${line} --report @wild.html`)
  expect(stdout).toMatch(
    /Beside a background, which has about \d+ rows, the ICL of\s+\d components\s+is about \d+\s+lower\.\s+Compare\s+with\s+--robust\./
  )
  expect(here.read('wild.html')).toContain('Compare with')
  const { hint } = JSON.parse((await here.ornstein(`${line} --json`)).stdout) as { readonly hint: Fit.Hint }
  expect(hint.beside).toBe('background')
  expect((await here.ornstein(`${line} --robust --json`)).stdout).not.toContain('"hint"')
})
