/** `ornstein fit` with nothing said of family or number: what it chooses, and what it tells of the choice. */
import { afterAll, describe, expect, it } from 'vitest'
import { Fit, fit, Key, Mixture, Points, Problem } from '../../../src/index.js'
import type * as Bootstrap from '../../../src/fit/bootstrap.js'
import * as ComponentTest from '../../../src/fit/componentTest.js'
import { isSlow, spread } from '../../cases.js'
import { replays } from '../../golden/sessions.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here

const truth = Mixture.of({ means: [[-5], [0], [6]], weights: [0.4, 0.3, 0.3] })
here.write('three.csv', Points.toCsv(Mixture.sample(240)(Key.fromSeed(1))(truth), ['length']))
afterAll(here.remove)

interface Candidate {
  readonly components: number
  readonly bic: number
  readonly icl: number
  readonly redundancies: ReadonlyArray<{ readonly _tag: string }>
  readonly floored: ReadonlyArray<number>
}
/** By a criterion, those last that have an empty component or one as narrow as the floor: they are set aside. */
const inOrder = (candidates: ReadonlyArray<Candidate>, criterion: 'bic' | 'icl'): ReadonlyArray<Candidate> => {
  const isAside = ({ redundancies, floored }: Candidate): boolean =>
    floored.length > 0 || redundancies.some(({ _tag }) => _tag === 'Empty')
  return [...candidates].sort((a, b) => Number(isAside(a)) - Number(isAside(b)) || a[criterion] - b[criterion])
}

interface Told {
  readonly family: string
  readonly components: number
  readonly bic: number
  readonly standardized: boolean
  readonly choice: {
    readonly criterion: string
    readonly belief: number
    readonly candidates: ReadonlyArray<Candidate>
  }
}
const told = async (options: string): Promise<Told> =>
  JSON.parse((await ornstein(`fit @three.csv ${options} --json`)).stdout) as Told

describe('ornstein fit', () => {
  let known: Promise<Told> | undefined
  /** What nothing is said of, learned once. */
  const byItself = (): Promise<Told> => (known ??= told(''))

  it('chooses by itself, from standardized columns, and tells what it chose from', async () => {
    const found = await byItself()
    expect([found.components, found.standardized, found.choice.criterion]).toEqual([3, true, 'icl'])
    expect(found.choice.candidates).toEqual(inOrder(found.choice.candidates, 'icl'))
    expect(found.choice.candidates[0].bic).toBe(found.bic)
    expect(new Set(found.choice.candidates.map(({ components }) => components)).size).toBe(9)
    const { exit, stdout } = await ornstein('fit @three.csv -k 2,3 --family isotropic,tied --report @three.html')
    expect(exit).toBe(0)
    expect(stdout).toMatch(
      /Chosen by ICL among \d+ candidates. ICL is [\d.]+ lower than for the runner-up, \d [a-z-]+: a \w+ difference/
    )
    expect(stdout).not.toContain('excluded')
    expect(here.read('three.html')).toContain('What it was chosen from')
  })

  it('learns what it chose as if that had been asked for', async () => {
    const { family, components, bic } = await byItself()
    expect((await told(`-k ${components} --family ${family}`)).bic).toBe(bic)
  })

  it('keeps the best of several starts, and tells how many agree', async () => {
    for (const options of spread(2)(['-k 3 --family isotropic', '-k 2..3 --family isotropic,tied-isotropic'])) {
      const line = `fit @three.csv ${options} --seed 4`
      const one = await ornstein(`${line} --json`)
      const three = await ornstein(`${line} --starts 3 --json`)
      // Three clusters 5 standard deviations apart have one maximum.
      const wanted = JSON.parse(one.stdout) as { readonly logLikelihood: number; readonly choice?: object }
      const found = JSON.parse(three.stdout) as typeof wanted
      expect(found).toMatchObject({ components: 3, starts: { of: 3, agree: 3, within: 1e-3 } })
      expect(Math.abs(found.logLikelihood - wanted.logLikelihood)).toBeLessThan(1e-3)
      expect(found.choice === undefined).toBe(wanted.choice === undefined)
      expect(wanted).not.toHaveProperty('starts')
    }
    expect((await ornstein('fit @three.csv -k 3 --family isotropic --starts 2')).stdout).toContain(
      '2 of 2 starts agree: they chose this family and number of components, and end within 0.001 nats a row.\n'
    )
  })

  it.each(spread(2)([300, 4100]))('learns %d rows of a single candidate to the bits of fit(points)', async rows => {
    // A cluster far away draws starts to itself.
    const means = [[0, 0], [3, 0], [0, 3], [40, 40]] // prettier-ignore
    const truth = Mixture.of({ means, weights: [0.4, 0.3, 0.28, 0.02] })
    const points = Mixture.sample(rows)(Key.fromSeed(2))(truth)
    here.write('far.csv', Points.toCsv(points, ['x', 'y']))
    const { mixture, logLikelihood } = fit(points, { components: 3, family: ['tied'] })
    const run = await ornstein('fit @far.csv --components 3 --family tied --out @far.json --json')
    expect(JSON.parse(run.stdout)).toMatchObject({ recipe: 'grown', logLikelihood })
    expect(JSON.parse(run.stdout)).not.toHaveProperty('choice')
    const kept = Problem.orThrow(Fit.fromJSON(JSON.parse(here.read('far.json'))))
    expect(kept.mixture).toEqual(mixture)
    const byRecipe = await ornstein('fit @three.csv --components 3 --family full --recipe em --json')
    expect(JSON.parse(byRecipe.stdout)).toMatchObject({ recipe: 'em' })
  })

  it('shows one log-likelihood per row, in the units of the data', async () => {
    expect((await ornstein('fit %penguins.csv -k 3 --family tied --json --report @units.html')).exit).toBe(0)
    // what it ends at, as the table above has it
    expect(here.read('units.html')).toMatch(/−log-likelihood per row, step by step: from 15\.\d+ to 15\.1759 in/)
    expect(here.read('units.html')).toContain('<dt>log-likelihood per row</dt><dd>−15.1759</dd>')
  })

  it('tells of a component that few rows hold up, in text, table, report and JSON', async () => {
    const { stdout } = await ornstein('fit %penguins.csv -k 4 --family full --report @few.html')
    const said = 'Component 4 may be an accident of few rows: it rests on 12.5 and has 15 parameters.'
    expect(stdout).toContain(`\n${said}`)
    expect(stdout).toMatch(/Try --components 3, a family with fewer parameters, or --prior 0\.01\.\n/)
    expect(here.read('few.html')).toContain(said)
    const json = await ornstein('fit %penguins.csv -k 4 --family full --json')
    expect(JSON.parse(json.stdout)).toMatchObject({ unsupported: [{ component: 4, parameters: 15 }] })
    expect((await ornstein('fit %penguins.csv -k 3,4 --family full')).stdout).toMatch(/component 4 has few rows\n/)
  })

  it('tells of columns that depend on each other', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => {
      const a = (i % 2) * 6 + Math.sin(7 * i)
      const b = Math.cos(11 * i)
      return [a, b, a + 2 * b].map(x => x.toFixed(3)).join(',')
    })
    here.write('sums.csv', ['a,b,sum', ...rows].join('\n'))
    const said = /a, b, sum depend on each other: .*--exclude sum\./
    expect((await ornstein('fit @sums.csv -k 2 --family full')).stdout).toMatch(said)
    expect((await ornstein('fit @sums.csv -k 2 --family full --exclude sum')).stdout).not.toMatch(
      /depend on each other/
    )
  })

  it('tells of a candidate that is likelier by far, and set aside for a component as narrow as may be', async () => {
    // A quarter of the rows lies on a line.
    const cloud = Mixture.sample(90)(Key.fromSeed(1))(Mixture.of({ means: [[0, 0]] }))
    const line = Array.from({ length: 30 }, (_, i) => [8 + i / 10, 3 + i / 20]).flat()
    const points = { rows: 120, dim: 2, values: Float64Array.of(...cloud.values, ...line) }
    here.write('line.csv', Points.toCsv(points, ['x', 'y']))
    const { stdout } = await ornstein('fit @line.csv -k 1,2 --family full --report @line.html')
    expect(stdout).toContain('Learned 1 full Gaussian from 120 rows')
    const said = /2 full is lower by [\d.]+ in ICL, but has a component at the minimum variance, and was excluded/
    expect(stdout).toMatch(said)
    expect(stdout).toContain(
      'Chosen by ICL among 2 candidates: in each other a component is empty, or sits at the minimum variance'
    )
    expect(here.read('line.html')).toMatch(said)
  })

  it('chooses from what is left open, by the criterion asked for', async () => {
    const found = await told('-k 2..4,6 --family isotropic --criterion bic')
    expect(found.choice.candidates.map(({ components }) => components).sort()).toEqual([2, 3, 4, 6])
    expect(found.choice.candidates).toEqual(inOrder(found.choice.candidates, 'bic'))
  })

  it('leaves the unit alone for families of variance 1', async () => {
    expect((await told('--family spherical -k 3')).standardized).toBe(false)
    expect((await told('--family isotropic -k 3 --no-standardize')).standardized).toBe(false)
  })

  replays('choice', here)
})

describe('ornstein fit --prior', () => {
  it('learns the mode under it, chosen or asked for, and says so in text, report, JSON and model', async () => {
    const run = await ornstein(
      'fit @three.csv --prior 0.5 --family isotropic -k 2,3 --out @mode.json --report @mode.html'
    )
    expect(run.stdout).toMatch(
      /The mode of the posterior under the prior of Fraley & Raftery \(2007\), whose mean counts as 0.5 rows/
    )
    expect(here.read('mode.html')).toContain('of Fraley &#38; Raftery (2007), whose mean counts as 0.5 rows')
    expect(JSON.parse(here.read('mode.json'))).toMatchObject({ fit: { prior: 0.5 } })
    const [chosen, asked, without] = (await Promise.all(
      ['-k 2,3 --prior 0.5', '-k 3 --prior 0.5', '-k 3'].map(options => told(`--family isotropic ${options}`))
    )) as ReadonlyArray<Told & { readonly prior?: number }>
    expect([chosen.prior, asked.prior, without.prior]).toEqual([0.5, 0.5, undefined])
    expect(asked.bic).toBeCloseTo(chosen.bic, 5)
    // The likeliest mixture is likelier than the mode.
    expect(without.bic).toBeLessThan(asked.bic)
    const streamed = await ornstein('fit @three.csv --prior 0.5 --family isotropic -k 3 --stream --json')
    expect(JSON.parse(streamed.stdout)).toMatchObject({ prior: 0.5 })
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
      const { componentTests } = JSON.parse((await ornstein(`${line} 3 --json`)).stdout) as {
        readonly componentTests: ComponentTest.Tests
      }
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

  it('ends where a signal comes, and tells the tests that were done', async () => {
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
  it('tells how far parameters are known, in text, report and JSON, and shows how far it has come', async () => {
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
    expect(run.stdout).toMatch(/ {2}2 +length +-?0\.\d{3} +-?0\.\d{3} +-?0\.\d{3}\n/)
    expect(here.read('known.html')).toContain('Percentile intervals of level 95 %')
    expect(shown.join('')).toMatch(/resample \d+ of 50/)
    const found = (await told(line)) as Told & { readonly bootstrap: Bootstrap.Bootstrap; readonly means: number[][] }
    const { means, used } = found.bootstrap
    expect(used).toBe(50)
    // The truth is −5, 0, 6, by some 80 rows each: six standard errors.
    ;[-5, 0, 6].forEach((truth, k) => {
      expect(means[k][0].estimate).toBe(found.means[k][0])
      expect(means[k][0].lower).toBeLessThan(means[k][0].estimate)
      expect(Math.abs(means[k][0].estimate - truth)).toBeLessThan(6 * means[k][0].standardError)
    })
  })

  it('is stopped by a signal, and says what came of it until then', async () => {
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

  it('keeps a fit whose components resamples do not, and says why there are no intervals', async () => {
    here.write('lonely.csv', `x\n${Array.from({ length: 60 }, (_, i) => Math.sin(i)).join('\n')}\n100\n101\n`)
    const { exit, stdout } = await ornstein('fit @lonely.csv --family isotropic -k 2 --bootstrap 40')
    expect(exit).toBe(0)
    expect(stdout).toMatch(/No intervals\. bootstrap: \d+ of 40 resamples that keep all components is not at least 40/)
  })
})

describe('what cannot be learned', () => {
  it('is said once for each reason where nothing can', async () => {
    here.write('two.csv', 'x,y\n1,2\n3,5\n')
    const few =
      'is not few enough for 2 rows and the family tied-diagonal; give more rows, or take a family with fewer parameters'
    const unfixed =
      'is not one that 2 rows of 2 columns can fix; give more rows than columns, or take a family without correlations'
    expect(await ornstein('fit @two.csv --family tied-diagonal,full,tied')).toEqual({
      exit: 2,
      stdout: '',
      stderr: `error: --components: 1 ${few}\nerror: --family: full ${unfixed}\n`
    })
  })

  it('is said once for each family where others can', async () => {
    const { exit, stdout } = await ornstein('fit @two.csv --verbose')
    expect([exit, stdout.match(/ is not (few enough|one that 2 rows of 2 columns can fix)/g)?.length]).toEqual([0, 6])
    expect(stdout).toMatch(/ 1, 2 full +family: full is not one that 2 rows of 2 columns can fix; /)
    expect(stdout).toMatch(/ 2 isotropic +components: 2 is not few enough/)
    expect(stdout).toContain('Chosen by ICL among 1 candidate.')
  })
})
