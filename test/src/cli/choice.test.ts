/** `ornstein fit` with nothing said of family or number: what it chooses, and what it tells of the choice. */
import { afterAll, describe, expect, it } from 'vitest'
import { Fit, fit, Key, Mixture, Points, Problem } from '../../../src/index.js'
import * as ComponentTest from '../../../src/fit/componentTest.js'
import { isSlow, once, spread } from '../../cases.js'
import { replays } from '../../golden/sessions.js'
import { place, type Candidate, type Told } from './harness.js'

const here = place()
const { ornstein } = here

const truth = Mixture.of({ means: [[-5], [0], [6]], weights: [0.4, 0.3, 0.3] })
here.write('three.csv', Points.toCsv(Mixture.sample(120)(Key.fromSeed(1))(truth), ['length']))
/** What the session speaks of: a column that is the sum of others, a quarter of the rows on a line, two rows far from all others. */
const waves = Array.from({ length: 60 }, (_, i) => [(i % 2) * 6 + Math.sin(7 * i), Math.cos(11 * i)])
here.write(
  'sums.csv',
  ['a,b,sum', ...waves.map(([a, b]) => [a, b, a + 2 * b].map(x => x.toFixed(3)).join(','))].join('\n')
)
const cloud = Points.toRows(Mixture.sample(90)(Key.fromSeed(1))(Mixture.of({ means: [[0, 0]] })))
const line = Array.from({ length: 30 }, (_, i) => [8 + i / 10, 3 + i / 20])
here.write('line.csv', ['x,y', ...cloud, ...line].join('\n'))
here.write('lonely.csv', `x\n${Array.from({ length: 60 }, (_, i) => Math.sin(i)).join('\n')}\n100\n101\n`)
afterAll(here.remove)

/** By a criterion, those last that may not be selected, and of those the degenerate ones. */
const inOrder = (candidates: ReadonlyArray<Candidate>, criterion: 'bic' | 'iclc'): ReadonlyArray<Candidate> => {
  const isAside = ({ redundancies, atMinVariance }: Candidate): boolean =>
    atMinVariance.length > 0 || redundancies.some(({ _tag }) => _tag === 'Empty')
  return [...candidates].sort(
    (a, b) =>
      Number(a.selectable === false) - Number(b.selectable === false) ||
      Number(isAside(a)) - Number(isAside(b)) ||
      a[criterion] - b[criterion]
  )
}

const told = (options: string): Promise<Told> => here.told(`fit @three.csv ${options}`)

describe('ornstein fit', () => {
  let known: Promise<Told> | undefined
  /** What nothing is said of, learned once. */
  const byItself = (): Promise<Told> => (known ??= told(''))

  once('chooses by itself, from standardized columns, and tells what it chose from', async () => {
    const found = await byItself()
    expect([found.components, found.standardized, found.choice.criterion]).toEqual([3, true, 'iclc'])
    expect(found.choice.candidates).toEqual(inOrder(found.choice.candidates, 'iclc'))
    expect(found.choice.candidates[0].bic).toBe(found.bic)
    expect(new Set(found.choice.candidates.map(({ components }) => components)).size).toBe(9)
    const { exit, stdout } = await ornstein('fit @three.csv -k 2,3 --family isotropic,tied --report @three.html')
    expect(exit).toBe(0)
    expect(stdout).toMatch(
      /Chosen by ICLc among \d+ candidates. ICLc is [\d.]+ lower than for the runner-up, \d [a-z-]+: a \w+ difference/
    )
    expect(stdout).not.toContain('excluded')
    expect(here.read('three.html')).toContain('What it was chosen from')
  })

  once('learns what it chose as if that had been asked for', async () => {
    const { family, components, bic } = await byItself()
    expect((await told(`-k ${components} --family ${family}`)).bic).toBe(bic)
  })

  it('keeps the best of several starts, and tells how many agree', async () => {
    for (const options of spread(2)(['-k 3 --family isotropic', '-k 2..3 --family isotropic,tied-isotropic'])) {
      const line = `fit @three.csv ${options} --seed 4`
      // Three clusters 5 standard deviations apart have one maximum.
      const wanted = await here.told(line)
      const found = await here.told(`${line} --starts 3`)
      expect(found).toMatchObject({ components: 3, starts: { of: 3, agree: 3, within: 1e-3 } })
      expect(Math.abs(found.logLikelihood - wanted.logLikelihood)).toBeLessThan(1e-3)
      expect('choice' in found).toBe('choice' in wanted)
      expect(wanted).not.toHaveProperty('starts')
    }
    expect((await ornstein('fit @three.csv -k 3 --family isotropic --starts 2')).stdout).toContain(
      '2 of 2 starts agree: they chose this family and number of components, and end within 0.001 nats a row.\n'
    )
  })

  it.each(isSlow ? [300, 4100] : [300])(
    'learns %d rows of a single candidate to the bits of fit(points)',
    async rows => {
      // A cluster far away draws starts to itself.
      const means = [[0, 0], [3, 0], [0, 3], [40, 40]] // prettier-ignore
      const truth = Mixture.of({ means, weights: [0.4, 0.3, 0.28, 0.02] })
      const points = Mixture.sample(rows)(Key.fromSeed(2))(truth)
      here.write('far.csv', Points.toCsv(points, ['x', 'y']))
      const { mixture, logLikelihood } = fit(points, { components: 3, family: ['tied'] })
      const run = await here.told('fit @far.csv --components 3 --family tied --out @far.json')
      expect(run).toMatchObject({ recipe: 'grown', logLikelihood })
      expect(run).not.toHaveProperty('choice')
      const kept = Problem.orThrow(Fit.fromJSON(JSON.parse(here.read('far.json'))))
      expect(kept.mixture).toEqual(mixture)
      expect(await told('--components 3 --family full --recipe em')).toMatchObject({ recipe: 'em' })
    }
  )

  once('shows one log-likelihood per row, in the units of the data', async () => {
    expect((await ornstein('fit %penguins.csv -k 3 --family tied --json --report @units.html')).exit).toBe(0)
    // what it ends at, as the table above has it
    expect(here.read('units.html')).toMatch(/−log-likelihood per row, step by step: from 15\.\d+ to 15\.1759 in/)
    expect(here.read('units.html')).toContain('<dt>log-likelihood per row</dt><dd>−15.1759</dd>')
  })

  once('tells by JSON too of a component that few rows hold up', async () => {
    expect(await here.told('fit %penguins.csv -k 4 --family full')).toMatchObject({
      unsupported: [{ component: 4, parameters: 15 }]
    })
  })

  once('chooses from what is left open, by the criterion asked for', async () => {
    const found = await told('-k 2..4,6 --family isotropic --criterion bic')
    expect(found.choice.candidates.map(({ components }) => components).sort()).toEqual([2, 3, 4, 6])
    expect(found.choice.candidates).toEqual(inOrder(found.choice.candidates, 'bic'))
  })

  once('leaves the unit alone for families of variance 1', async () => {
    expect((await told('--family spherical -k 3')).standardized).toBe(false)
    expect((await told('--family isotropic -k 3 --no-standardize')).standardized).toBe(false)
  })

  replays('choice', here)
})

describe('ornstein fit --prior', () => {
  once('learns the mode under it, chosen or asked for, and says so in text, report, JSON and model', async () => {
    const run = await ornstein(
      'fit @three.csv --prior 0.5 --family isotropic -k 2,3 --out @mode.json --report @mode.html'
    )
    expect(run.stdout).toMatch(
      /The mode of the posterior under the prior of Fraley & Raftery \(2007\), whose mean counts as 0.5 rows/
    )
    expect(here.read('mode.html')).toContain('of Fraley &#38; Raftery (2007), whose mean counts as 0.5 rows')
    expect(JSON.parse(here.read('mode.json'))).toMatchObject({ fit: { prior: 0.5 } })
    const [chosen, asked, without] = await Promise.all(
      ['-k 2,3 --prior 0.5', '-k 3 --prior 0.5', '-k 3'].map(options => told(`--family isotropic ${options}`))
    )
    expect([chosen.prior, asked.prior, without.prior]).toEqual([0.5, 0.5, undefined])
    expect(asked.bic).toBeCloseTo(chosen.bic, 5)
    // The likeliest mixture is likelier than the mode.
    expect(without.bic).toBeLessThan(asked.bic)
    expect(await told('--prior 0.5 --family isotropic -k 3 --stream')).toMatchObject({ prior: 0.5 })
    expect((await ornstein('evaluate @mode.json @three.csv')).exit).toBe(0)
    expect((await ornstein('sample @mode.json -n 3')).exit).toBe(0)
  })
})

describe('ornstein fit --test-components', () => {
  it.runIf(isSlow)(
    'tests the number that was chosen against one fewer and one more, in text, JSON and report',
    async () => {
      const two = Mixture.of({ means: [[-5], [6]] })
      here.write('few.csv', Points.toCsv(Mixture.sample(30)(Key.fromSeed(1))(two), ['length']))
      const line = 'fit @few.csv --family isotropic -k 2 --test-components'
      const { exit, stdout } = await ornstein(`${line} 19 --report @tests.html`)
      expect(exit).toBe(0)
      expect(stdout).toMatch(
        /The bootstrap likelihood-ratio test rejects 1 \(p = 0\.05\), and does not reject 2\s+\(p = (0\.\d+|1)\)/
      )
      const { componentTests } = await here.told(`${line} 3`)
      const rows = here
        .read('few.csv')
        .trimEnd()
        .split('\n')
        .slice(1)
        .map(row => row.split(',').map(Number))
      const direct = Problem.orThrow(ComponentTest.of({ family: 'isotropic', from: 1, to: 2, resamples: 3 })(rows))
      // Of three resamples p is 1/4 at least: two are not rejected.
      expect(componentTests).toEqual({
        components: 1,
        tests: direct.tests.map(({ resampled, ...test }) => ({ ...test, resamples: resampled.length }))
      })
      expect(here.read('tests.html')).toContain('Tests of the number of components')
    }
  )

  once('ends where a signal comes, and tells the tests that were done', async () => {
    let now = 0
    let shown = ''
    const stopped = await ornstein('fit @three.csv --family isotropic -k 3 --test-components 100000', {
      isTTY: true,
      now: () => (now += 60),
      stderr: text => {
        shown += text
      },
      untilSignal: work => work(() => Promise.resolve(shown.includes('resample 5') ? 'SIGINT' : null))
    })
    expect(stopped.exit).toBe(130)
    expect(stopped.stdout).toMatch(
      /likelihood-ratio test\s+(ended before|rejects 2 \(p = [\d.]+\)\. Whether 4 are needed)/
    )
  })
})

describe('ornstein fit --bootstrap', () => {
  once('tells how far parameters are known, in text, report and JSON, and shows how far it has come', async () => {
    const line = '--family isotropic -k 3 --bootstrap 50 --seed 2'
    const shown: string[] = []
    let time = 0
    const run = await ornstein(`fit @three.csv ${line} --report @known.html`, {
      isTTY: true,
      now: () => (time += 60),
      stderr: text => {
        shown.push(text)
      }
    })
    expect(run.stdout).toMatch(/Percentile intervals of level 95 % from 50 of 50 resamples of the rows\./)
    expect(run.stdout).toMatch(/component +estimate +2\.5 % +97\.5 %/)
    // As many decimals in each, of a width that shows three digits.
    expect(run.stdout).toMatch(/ {2}3 +length( +\d\.\d{3}){3}\n/)
    expect(here.read('known.html')).toContain('Percentile intervals of level 95 %')
    expect(shown.join('')).toMatch(/resample \d+ of 50/)
    const found = await told(line)
    const { means, used } = found.bootstrap
    expect(used).toBe(50)
    // The truth is −5, 0, 6, by some 40 rows each: six standard errors.
    ;[-5, 0, 6].forEach((truth, k) => {
      expect(means[k][0].estimate).toBe(found.means[k][0])
      expect(means[k][0].lower).toBeLessThan(means[k][0].estimate)
      expect(Math.abs(means[k][0].estimate - truth)).toBeLessThan(6 * means[k][0].standardError)
    })
  })

  once('is stopped by a signal, and says what came of it until then', async () => {
    let now = 0
    const run = await ornstein('fit @three.csv --family isotropic -k 3 --bootstrap 100000', {
      now: () => (now += 60),
      untilSignal: work => {
        let asked = 0
        return work(() => Promise.resolve(++asked > 60 ? 'SIGINT' : null))
      }
    })
    expect(run.exit).toBe(130)
    expect(run.stdout).toMatch(/from \d+ of \d\d resamples of the rows/)
  })
})
