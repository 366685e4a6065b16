/** One call from rows to a mixture: what it chooses, what it refuses, and on what its answer does not depend. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Covariance,
  ExpectationMaximization,
  Fit,
  fit,
  Key,
  Metric,
  Mixture,
  Pipeline,
  Points,
  Problem,
  Run,
  Score,
  Source
} from '../../../src/index.js'
import { candidateTable, criterionValue } from '../../../src/fit/candidates.js'
import { isSlow, spread } from '../../cases.js'
import { toldOfChosen } from './chosen.js'
import { classesOf, rowsOf } from '../../tables.js'
import { there } from '../../there.js'

const truth = Mixture.of({
  means: [[-5, 0], [5, 0], [0, 8]], // prettier-ignore
  weights: [0.5, 0.3, 0.2],
  variances: [1, 0.5, 2]
})
const drawn = (rows: number, seed: number): Points.Points => Mixture.sample(rows)(Key.fromSeed(seed))(truth)

const problems = (
  options: object,
  data: Points.Points | ReadonlyArray<ReadonlyArray<number>>
): ReadonlyArray<string> => {
  const found = Fit.mixture(options)(data)
  return E.isLeft(found) ? found.left.map(Problem.show) : []
}

/** Clusters on a circle. */
const ring = (radius: number, variance: number): Mixture.Mixture => {
  const angles = Array.from({ length: 12 }, (_, k) => (2 * Math.PI * k) / 12)
  return Mixture.of({
    means: angles.map(angle => [radius * Math.cos(angle), radius * Math.sin(angle)]),
    variances: angles.map(() => variance)
  })
}

const counts = [1, 2, 3, 4, 5, 6, 7, 8, 9]

/** Families, and those that each of their mixtures is one of. */
const nested = [
  ['tiedIsotropic', 'isotropic'],
  ['tiedIsotropic', 'tiedDiagonal'],
  ['isotropic', 'diagonal'],
  ['tiedDiagonal', 'diagonal'],
  ['tiedDiagonal', 'tied'],
  ['diagonal', 'full'],
  ['tied', 'full']
] as const

describe('fit', () => {
  it('finds of Ruspini’s rows in two diagonal components what mclust finds, whatever the seed', () => {
    // Ruspini 1970, as R's package cluster has it; the log-likelihood is mclust's.
    const { ruspini } = JSON.parse(readFileSync('test/oracle/hierarchy.json', 'utf8')) as {
      readonly ruspini: { readonly values: ReadonlyArray<number>; readonly logLikelihood: number }
    }
    const points = { rows: 75, dim: 2, values: Float64Array.from(ruspini.values) }
    for (const seed of [0, 1, 2, 3, 4, 5]) {
      const { logLikelihood } = fit(points, { components: 2, family: 'diagonal', seed })
      // mclust stops where a step gains less than 1e-5 of the log-likelihood; the other maximum lies 0.1 a row below.
      expect(75 * logLikelihood).toBeGreaterThan(ruspini.logLikelihood - 0.01)
    }
  })

  it('finds how many round components there are, whatever the seed', () => {
    for (const seed of spread(4)([1, 2, 3, 4, 5, 6, 7, 8])) {
      const found = fit(drawn(300, seed), { family: 'isotropic', components: [2, 3, 4], seed, standardize: false })
      expect(found.components).toBe(3)
      // Centres of the rows of one component: four standard errors of the fewest, some 60 rows of variance 2.
      found.mixture.means.values.forEach((x, at) => {
        const ordered = Mixture.relabelled(Mixture.order(truth))(truth)
        expect(Math.abs(x - ordered.means.values[at])).toBeLessThan(4 * Math.sqrt(2 / 60))
      })
    }
  })

  it('ranks by the criterion it is told, and says what it chose from', () => {
    const points = drawn(300, 1)
    for (const criterion of ['bic', 'icl', 'iclc', 'aic'] as const) {
      const found = fit(points, { components: [1, 2, 3, 4], criterion, family: 'isotropic' })
      const worths = found.candidates.map(({ statistics }) => statistics[criterion])
      expect(worths).toEqual([...worths].sort((a, b) => a - b))
      expect(found[criterion]).toBe(worths[0])
      expect(found.candidates.length + found.refused.length).toBe(4)
      const beliefs = found.candidates.map(({ posterior }) => posterior)
      expect(beliefs.reduce((a, b) => a + b)).toBeCloseTo(1, 14)
      // The ratio of two beliefs is that of e^{−Δ/2}.
      expect(Math.log(beliefs[0] / beliefs[1])).toBeCloseTo((worths[1] - worths[0]) / 2, 8)
    }
  })

  it('refuses more components than rows without growing to them', () => {
    const found = fit(drawn(30, 1), { components: [2, 1e9], family: 'isotropic' })
    expect(found.components).toBe(2)
    expect(found.refused.map(({ components, problem }) => [components, Problem.show(problem)])).toEqual([
      [1e9, 'components: 1000000000 exceeds the 30 rows of the table; ask for fewer components or give more data']
    ])
  })

  it('does not know the unit of a column, nor where its 0 is, nor the order of the rows', () => {
    const points = drawn(300, 2)
    const few = { components: [2, 3], family: ['isotropic', 'tied'] } as const
    const moved = { ...points, values: points.values.map((x, at) => (at % 2 === 0 ? 1e3 * x - 1e6 : x)) }
    const a = fit(points, few)
    const b = fit(moved, few)
    expect([b.family, b.components]).toEqual([a.family, a.components])
    b.mixture.means.values.forEach((x, at) => {
      const back = at % 2 === 0 ? (x + 1e6) / 1e3 : x
      // Rounding of the offset, 1e6 · 2⁻⁵² in units of 1e3, times the steps of a fit that contracts by a half or so.
      expect(back).toBeCloseTo(a.mixture.means.values[at], 8)
    })
    const reversed = fit(Points.select(Array.from({ length: 300 }, (_, i) => 299 - i))(points), few)
    expect(reversed.components).toBe(a.components)
  })

  it('takes rows, weights and names, and gives the same bits for the same seed', () => {
    const points = drawn(120, 3)
    const options: Fit.Options = {
      components: 3,
      family: 'full',
      weights: Array.from({ length: 120 }, (_, i) => 1 + (i % 2)),
      columns: ['a', 'b']
    }
    const once = fit(Points.toRows(points), options)
    const twice = fit(points, options)
    expect(twice.mixture).toEqual(once.mixture)
    expect(once.table()).toContain('sd b')
    // A row of weight 2 is two rows.
    const doubled = Points.select(Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? [i] : [i, i])).flat())(points)
    expect(once.bic).toBeCloseTo(fit(doubled, { components: 3, family: 'full' }).bic, 6)
  })

  it('chooses no component that only the floor holds up where it has another choice', () => {
    // Twelve equal rows are a component without a variance of its own, whose likelihood has no bound.
    const cloud = Mixture.sample(200)(Key.fromSeed(4))(Mixture.of({ means: [[0, 0]] }))
    const points = { rows: 212, dim: 2, values: Float64Array.of(...cloud.values, ...new Float64Array(24).fill(3)) }
    const found = fit(points, { family: 'isotropic', criterion: 'bic' })
    expect(found.candidates.some(({ atMinVariance }) => atMinVariance.length > 0)).toBe(true)
    expect(found.candidates[0].atMinVariance).toEqual([])
    const bics = found.candidates.map(({ statistics: { bic } }) => bic)
    expect(Math.min(...bics)).toBeLessThan(found.bic)
  })

  it('tells the same of a candidate as the candidate fitted alone', () => {
    const points = drawn(300, 5)
    const found = fit(points, { components: [2, 3], family: 'isotropic', seed: 9 })
    const settled = found.candidates.filter(({ isConverged }) => isConverged)
    expect(settled[0]).toBe(found.candidates[0])
    settled.forEach(({ components, mixture, statistics }) => {
      const alone = fit(points, { components, family: 'isotropic', seed: 9 })
      expect(alone.mixture).toEqual(mixture)
      expect(alone.bic).toBe(statistics.bic)
    })
  })

  it.runIf(isSlow)('learns many rows from a sample of them, and what it chooses from all', () => {
    const points = drawn(4500, 11)
    const found = fit(points, { components: 3 })
    const { candidates } = found
    const best = candidates[0]
    expect([best.family, best.isConverged, best.statistics.rows]).toEqual(['diagonal', true, 4500])
    // What is not settled is expected to be no less likely than what is nested in it.
    expect(candidates.filter(({ isConverged }) => isConverged).length).toBeLessThan(candidates.length)
    const of = (family: string): number =>
      candidates.find(one => one.family === family)?.statistics.logLikelihood ?? NaN
    for (const [minVarianceColumns, wide] of nested)
      if (of(wide) < of(minVarianceColumns)) expect(of(minVarianceColumns) - of(wide)).toBeLessThan(2e-9)
    // Steps on all rows from there gain next to nothing: a standard error of the mean of 4500 log densities is 2e-2.
    const family = there(Score.interpret(Score.diagonal({ components: 3 })).family)
    const step = ExpectationMaximization.step(family, 1e-6, points)
    let params = there(family.fromMixture)(best.mixture)
    for (let i = 0; i < 300; i++) params = step(params).params
    const gain = -step(params).value - found.logLikelihood
    expect(gain).toBeLessThan(1e-5)
    expect(gain).toBeGreaterThan(-1e-12)
    expect(fit(points, { components: 3, family: 'diagonal' }).mixture).toEqual(found.mixture)
  })

  it('takes families of a user’s own, and refuses those without a mixture by name', () => {
    const points = drawn(100, 6)
    expect(fit(points, { components: 2, family: Score.isotropic }).mixture).toEqual(
      fit(points, { components: 2, family: 'isotropic' }).mixture
    )
  })

  it('lists all that is wrong, with a remedy', () => {
    const points = drawn(20, 7)
    expect(problems({ component: 3, criterion: 'bicc', seed: -1, starts: 0, components: [0, 2.5] }, points)).toEqual([
      'options: component is not one of components, family, criterion, robust, background, fixed, seed, starts, weights, standardize, missing, columns, prior, backend, signal, onProgress; try components',
      'components: 0 is not a whole number ≥ 1; try 2',
      'components: 2.5 is not a whole number ≥ 1; try 2',
      'criterion: bicc is not one of iclc, icl, bic, aic, crossValidated; try bic',
      'seed: -1 is not a whole number ≥ 0; try 0',
      'starts: 0 is not a whole number ≥ 1; try 10'
    ])
    expect(problems({ family: 'izotropic' }, points)[0]).toMatch(
      /^family: izotropic is not one of .*isotropic.*; try isotropic$/
    )
    expect(problems({ columns: ['a'] }, points)).toEqual([
      'columns: a list of 1 is not a list of 2, a name for each column; leave it out'
    ])
    expect(problems({}, [[1], [NaN]])).toEqual([
      'row 2, column 1: NaN is not a finite number; correct it or leave the row out'
    ])
    expect(problems({}, [[1]])).toEqual(['rows: 1 is not at least 2, which a variance needs; give more rows'])
    expect(problems({ components: 30 }, points).length).toBeGreaterThan(0)
    expect(() => fit([[1], [1e200]])).toThrow(/column x1: a number of size 1\.00e\+200 is not within reach/)
  })

  it.runIf(isSlow)(
    'goes on while the best is at the end of the default range, and says so of one that was given',
    () => {
      const points = Mixture.sample(480)(Key.fromSeed(2))(ring(9, 0.5))
      const seen: Array<Fit.Progress> = []
      const open = fit(points, { family: ['tiedIsotropic', 'isotropic'], onProgress: progress => seen.push(progress) })
      expect([open.family, open.components]).toEqual(['tiedIsotropic', 12])
      expect(seen.every(({ done, of }, i) => done === i && done < of)).toBe(true)
      expect(open.table()).not.toContain('may be better')
      const most = 'It has the most components that were compared: more may be better.'
      const least = 'It has the fewest components that were compared: fewer may be better.'
      const given = { family: 'tiedIsotropic' } as const
      expect(fit(points, { ...given, components: [3, 4, 5] }).table()).toContain(most)
      expect(fit(points, { ...given, components: [13, 14, 15] }).table()).toContain(least)
      expect(fit(points, { ...given, components: [11, 12, 13] }).table()).not.toContain('may be better')
    }
  )

  it('takes a family that is given as a score, of a number of components of its own or another', () => {
    const rows = Points.toRows(drawn(100, 6))
    const score = Score.withBackground({ shape: 'box' })(Score.full({ components: 2 }))
    const found = fit(rows, { components: 2, family: 'full', background: 'box' })
    expect(found.family).toBe('full with uniform background')
    expect(fit(rows, { family: score }).mixture).toEqual(found.mixture)
    expect(fit(rows, { family: score, components: 3 }).components).toBe(3)
    expect(problems({ family: Score.symmetricPair }, rows)).toEqual([
      'family: Score.symmetricPair is not a mixture of a number of components; give what makes one: options => Score.full(options)'
    ])
    // By robust it is compared with others.
    const robust = fit(rows, { components: 2, family: 'full', robust: true })
    expect(robust.candidates.map(({ family }) => family)).toContain('full with background')
  })

  it('chooses the family by BIC where two or more components are given', () => {
    const points = drawn(120, 1)
    expect(fit(points, { components: 3 }).criterion).toBe('bic')
    expect(fit(points, { components: 3, criterion: 'icl' }).criterion).toBe('icl')
    expect(fit(points, { components: 1 }).criterion).toBe('iclc')
    expect(fit(points, { components: [2, 3], family: 'isotropic' }).criterion).toBe('iclc')
  })

  it('keeps the best of several starts, and tells how many agree', () => {
    // Eight components on a ring of twelve clusters: many maxima, and seeds end in different ones.
    const points = Mixture.sample(100)(Key.fromSeed(8))(ring(7, 1))
    const options = { components: 8, family: 'isotropic', standardize: false } as const
    const alone = [4, 5, 6].map(seed => fit(points, { ...options, seed }))
    const best = alone.reduce((a, b) => (b.bic < a.bic ? b : a))
    const agree = alone.filter(({ logLikelihood }) => Math.abs(logLikelihood - best.logLikelihood) <= 1e-3).length
    // otherwise this says nothing
    expect(agree).toBeLessThan(3)

    const seen: Array<Fit.Progress> = []
    const together = fit(points, { ...options, seed: 4, starts: 3, onProgress: progress => seen.push(progress) })
    expect(together.mixture).toEqual(best.mixture)
    const alike = alone.filter(
      ({ candidates, logLikelihood }) =>
        !candidates[0].dependsOnSeed && Math.abs(logLikelihood - best.logLikelihood) <= 1e-3
    ).length
    expect(together.starts).toEqual({ of: 3, agree, alike, within: 1e-3 })
    expect(together.seed).toBe(best.seed)
    expect(together.table()).toContain(`${agree} of 3 starts agree`)
    expect(JSON.parse(JSON.stringify(together))).toMatchObject({
      seed: best.seed,
      starts: { of: 3, agree, alike, within: 1e-3 }
    })
    expect(best.starts).toEqual({ of: 1, agree: 1, alike: 0, within: 1e-3 })
    expect(best.table()).not.toContain('starts')
    expect(seen.map(({ done, of }) => [done, of])).toEqual([0, 1, 2].map(done => [done, 3]))
  })

  it('has after some starts the best of these', () => {
    const options: Fit.Options = { components: [1, 2], family: 'isotropic', starts: 3 }
    const counts = Array.from(Problem.orThrow(Fit.states(options)(drawn(60, 8))), state => {
      const found = state.fit()
      return E.isRight(found) ? found.right.starts.of : 0
    })
    expect(counts[0]).toBe(0)
    expect(counts.at(-1)).toBe(3)
    expect(counts).toEqual([...counts].sort())
  })

  it('says how far it has come', () => {
    const seen: Array<Fit.Progress> = []
    fit(drawn(60, 8), { components: [1, 2], family: 'isotropic', onProgress: progress => seen.push(progress) })
    expect(seen.map(({ components, done, of }) => [components, done, of])).toEqual([
      [1, 0, 2],
      [2, 1, 2]
    ])
  })

  it.runIf(isSlow)('compares the fourteen covariances from where six end, and leaves out what is no rival', () => {
    // Three ellipses of one shape and orientation, whose volumes differ: VEE.
    const ellipses = Mixture.of({
      means: [[0, 0], [6, 0], [0, 7]], // prettier-ignore
      covariances: [1, 3, 0.4].map(volume => [[2, 1.4], [1.4, 1.5]].map(row => row.map(s => volume * s))) // prettier-ignore
    })
    const rows = Mixture.sample(180)(Key.fromSeed(11))(ellipses)
    const asked = { components: [2, 3], criterion: 'bic' } as const
    const found = fit(rows, { ...asked, family: Covariance.names })
    // Without one of the fourteen each grows alone.
    const apart = fit(rows, { ...asked, family: Covariance.names.filter(name => name !== 'EII') })
    expect([found.family, found.components]).toEqual(['VEE', 3])
    expect(found.bic).toBeCloseTo(apart.bic, 4)
    const left = apart.candidates.filter(
      one => !found.candidates.some(({ family, components }) => family === one.family && components === one.components)
    )
    expect(left.length).toBeGreaterThan(5)
    // Rivals are within 14 of the best: a belief of a thousandth of its own.
    left.forEach(({ statistics }) => expect(statistics.bic).toBeGreaterThan(found.bic + 14))
    const all = { family: Covariance.names, components: 2, criterion: 'crossValidated' } as const
    const few = Points.select(Array.from({ length: 40 }, (_, i) => i))(rows)
    expect(fit(few, all).candidates).toHaveLength(Covariance.names.length)
  })

  it('does not call a single Gaussian unrefined: its estimate is the maximum', () => {
    const { candidates } = fit(Problem.orThrow(Points.fromRows(rowsOf('faithful'))), { components: [1, 2, 3, 4] })
    const { header, rows } = candidateTable('iclc', candidates)
    const single = rows.filter(row => row[1] === '1')
    expect(single.filter(row => /not (refined|converged)/.test(row.at(-1) ?? ''))).toEqual([])
    // The log-likelihood at the mean and the covariance of the rows, by scipy.
    const value = header.indexOf('log-likelihood per row')
    expect(Number(single.find(([family]) => family === 'tied')?.[value])).toBeCloseTo(-4.7419, 4)
  })

  it('finds the species of penguins, finishes what it shows, and shows no family less likely than one that is nested in it', () => {
    const rows = Problem.orThrow(Points.fromRows(rowsOf('penguins')))
    // nine numbers of components where slow: those of more than are found take most of the time
    const found = isSlow ? fit(rows) : fit(rows, { components: [2, 3, 4, 5] })
    const { candidates } = found
    expect(found.components).toBe(3)
    expect(Metric.adjustedRand(classesOf('penguins'), Mixture.assign(rows)(found.mixture))).toBeGreaterThan(0.9)
    expect(toldOfChosen({ candidates })).toEqual([])
    expect(candidates.slice(0, 8).every(({ isConverged }) => isConverged)).toBe(true)
    const second = candidates[1]
    const alone = fit(rows, {
      components: second.components,
      family: (Object.keys(Fit.families) as ReadonlyArray<Fit.FamilyName>).find(name => name === second.family)
    })
    expect(alone.icl).toBe(second.statistics.icl)
    const { header, rows: lines } = candidateTable('iclc', candidates)
    expect(header.at(-1)).toBe('warnings')
    lines.forEach((line, i) => {
      // The estimate of a single Gaussian is the mean and the covariance of the rows, however short the search.
      const { isConverged, components } = candidates[i]
      expect(line.at(-1)?.includes('not refined')).toBe(!isConverged && components > 1)
    })
    const at = (family: string, components: number): Fit.Ranked | undefined =>
      candidates.find(one => one.family === family && one.components === components && one.atMinVariance.length === 0)
    const pairs = counts.flatMap(components =>
      nested.flatMap(([minVarianceColumns, wide]) => {
        const less = at(minVarianceColumns, components)
        const more = at(wide, components)
        return less === undefined || more === undefined
          ? []
          : [more.statistics.logLikelihood - less.statistics.logLikelihood]
      })
    )
    expect(pairs.length).toBeGreaterThan(20)
    // Two sums over the rows of the same mixture, each with its rounding.
    expect(Math.min(...pairs)).toBeGreaterThan(-2e-9)
  })

  it('counts the steps that its pipeline takes', () => {
    const points = drawn(200, 2)
    const found = fit(points, { components: 3, family: 'full' })
    const [{ pipeline, steps }] = found.candidates
    const standardized = Points.standardize(points).points
    const states = [...Run.states(Problem.orThrow(Compile.pipeline(pipeline)(standardized)))(Key.fromSeed(0))]
    const taken = states.filter(({ step }) => step > 0).length
    expect(steps).toBe(taken)
    expect(steps).toBeGreaterThan(0)
    expect(found.toJSON()).toMatchObject({ fit: { steps } })
    const streamed = Problem.orThrow(Fit.mixture({ components: 3, family: 'full' })(Source.of(points)))
    expect(streamed.candidates[0].steps).toBe(steps)
  })
})

describe('a column that has no width', () => {
  const rows = 240
  const apart = Mixture.sample(rows)(Key.fromSeed(8))(Mixture.of({ means: [[-3, -3], [3, 3]] })) // prettier-ignore
  const plain = Points.toRows(apart)
  const columns = ['x', 'y', 'z']
  const withColumn = (z: (row: ReadonlyArray<number>, i: number) => number): ReadonlyArray<ReadonlyArray<number>> =>
    plain.map((row, i) => [...row, z(row, i)])

  it('is left out where it is the same in every row, in memory and read in pieces', () => {
    const options = { components: [1, 2], family: 'tied' } as const
    const without = fit(plain, options)
    // A tenth has no double: the mean of many is rounded.
    const table = withColumn(() => 0.1)
    const held = fit(table, { ...options, columns })
    const streamed = fit(Source.of(Problem.orThrow(Points.fromRows(table))), { ...options, columns })
    for (const found of [held, streamed]) {
      expect(found.mixture).toEqual(without.mixture)
      expect([found.columns, found.leftOut]).toEqual([['x', 'y'], ['z']])
      expect(found.table()).toContain('Left out, the same in every row: z.')
    }
    expect(held.assign(table)).toEqual(without.assign(plain))
    expect(held.assign(plain)).toEqual(without.assign(plain))
    const holes = table.map((row, i) => row.map((x, j) => (i > 0 && (i + 7 * j) % 20 === 0 ? NaN : x)))
    expect(fit(holes, { ...options, columns, missing: 'em' }).leftOut).toEqual(['z'])
    // Of nothing but such columns none is.
    expect(fit([[1, 2], [1, 2], [1, 2]], { components: 1 }).leftOut).toEqual([]) // prettier-ignore
  })

  it.runIf(isSlow)('does not hide clusters where it is a sum of others, or the same but for a cell', () => {
    const ofSum = withColumn(([x, y]) => x + y)
    const sum = fit(ofSum, { columns })
    expect([sum.components, sum.candidates[0].collapsed]).toEqual([2, []])
    expect([sum.candidates[0].atMinVariance, sum.minVarianceColumns]).toEqual([[0, 1], columns])
    const ofCell = withColumn((_, i) => (i === 17 ? 8 : 7))
    const cell = fit(ofCell, { columns })
    // The odd cell is no cluster.
    expect(cell.components).toBe(2)
  })

  it('is named where it makes the floor hold up what was set aside', () => {
    const { components, excluded, minVarianceColumns, candidates, table, criterion } = fit(
      withColumn((_, i) => (i % 5 === 0 || i % 7 === 0 ? 1 : 0)),
      { columns, components: [1, 2, 3, 4, 5, 6], family: ['tied', 'diagonal', 'full'] }
    )
    expect(components).toBeLessThan(6)
    expect(minVarianceColumns).toEqual(['z'])
    expect(excluded?.collapsed.length).toBeGreaterThan(0)
    expect(excluded).not.toBeNull()
    if (excluded !== null)
      expect(criterionValue(criterion, excluded.statistics)).toBeLessThan(
        criterionValue(criterion, candidates[0].statistics)
      )
    expect(table()).toContain('Components are at the minimum variance in z')
  })

  it('has one floor for all numbers of components', () => {
    const table = withColumn(([x, y]) => x + y)
    const { candidates } = fit(table, { components: [2, 4], family: 'tied', standardize: false })
    const least = candidates
      .map(({ pipeline }) => O.toNullable(Pipeline.varianceFloor(pipeline)))
      .filter(x => x !== null)
    expect(least.length).toBeGreaterThan(1)
    expect(new Set(least).size).toBe(1)
  })
})
