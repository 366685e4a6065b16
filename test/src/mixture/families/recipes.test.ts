/** The default recipe with the families, from data as people have them: to the best likelihoods that are known. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { Compile, Key, Mixture, Points, Problem, Recipe, Run, Score } from '../../../../src/index.js'
import { spread } from '../../../cases.js'
import { rowsOf } from '../../../tables.js'
import { there } from '../../../there.js'

const read = (name: string): Points.Points => Points.standardize(Problem.orThrow(Points.fromRows(rowsOf(name)))).points

const learned = <P extends string>(score: Score.Score<P>, points: Points.Points, seed: number): Mixture.Mixture => {
  const program = Problem.orThrow(Compile.pipeline(Recipe.annealed(score)(points))(points))
  return there(pipe(Run.last(program)(Key.fromSeed(seed)).params, Score.toMixture(score), O.toUndefined))
}

type Name = 'tiedIsotropic' | 'diagonal' | 'tiedDiagonal' | 'tied' | 'full' | 'lowRank'

/** The best that 50 starts of scikit-learn, mclust and a program of moves found, on standardized columns, K = 3. */
const best: Readonly<Record<string, Readonly<Record<Name, number>>>> = {
  iris: {
    tiedIsotropic: -3.81122296,
    diagonal: -2.78137364667318,
    tiedDiagonal: -3.1451407146540284,
    tied: -2.4446641865791876,
    full: -1.9368737461977157,
    lowRank: -2.0396398807567873
  },
  penguins: {
    tiedIsotropic: -4.13245604,
    diagonal: -3.923312860876137,
    tiedDiagonal: -4.09389293,
    tied: -3.47337931,
    full: -3.358004109083104,
    lowRank: -3.37119323292955
  }
}

const scores: Readonly<Record<Name, Score.Score<string>>> = {
  tiedIsotropic: Score.tiedIsotropic({ components: 3 }),
  diagonal: Score.diagonal({ components: 3 }),
  tiedDiagonal: Score.tiedDiagonal({ components: 3 }),
  tied: Score.tied({ components: 3 }),
  full: Score.full({ components: 3 }),
  lowRank: Score.lowRank({ components: 3, rank: 1 })
}

describe.each(Object.entries(best))('%s', (name, all) => {
  const points = read(name)
  it.each(spread(6)(Object.entries(all)))('%s', (family, target) => {
    const mixture = learned(scores[family as Name], points, 0)
    // 1e-3 a row is how the table counts a success.
    expect(Mixture.meanLogDensity(points)(mixture)).toBeGreaterThan(target - 1e-3)
    // Far higher would be a component on a few rows.
    expect(Mixture.meanLogDensity(points)(mixture)).toBeLessThan(target + 1e-3)
  })
})
