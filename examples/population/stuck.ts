/**
 * Why is a fit stuck? At a minimum that is not the truth, one student stands for several components, or several for one (Chen et al. 2024): each
 * component is given to its nearest student, and each student to its nearest component. Three students of three Gaussians at −5, −1 and 6.
 */
import { Expectation, Mixture, Objective, type Params, Population, Schedule, Score, NoiseLevels } from 'ornstein'

/** At the level t = 0.1, where centres are αc. */
const { alpha } = Schedule.level(0.1)(Schedule.ornsteinUhlenbeck)
const centres = [-5, -1, 6]

const nearest = (x: number, all: ReadonlyArray<number>): number =>
  all.reduce((best, y, k) => (Math.abs(x - y) < Math.abs(x - all[best]) ? k : best), 0)

export interface Diagnosis {
  /** Components that share a student. */
  readonly oneFitsMany: ReadonlyArray<ReadonlyArray<number>>
  /** Components that have several students. */
  readonly manyFitOne: ReadonlyArray<number>
}

export const diagnosis = ({ means }: Params.Params<'means'>): Diagnosis => {
  const students = Array.from(means.values, m => alpha * m)
  // Students that coincide are one place.
  const places = students.filter((m, k) => students.findIndex(other => Math.abs(other - m) < 0.1) === k)
  return {
    oneFitsMany: places.map((_, k) => centres.filter(c => nearest(c, places) === k)).filter(own => own.length > 1),
    manyFitOne: centres.filter((_, j) => students.filter(m => nearest(m, centres) === j).length > 1)
  }
}

const forward = Objective.fisherDivergence(Mixture.of({ means: centres.map(c => [c / alpha]) }), NoiseLevels.at(0.1))
export const minima = [forward, Expectation.underModel(forward)].map(objective => {
  const loss = Population.loss({ score: Score.spherical({ components: 3 }), objective })
  const { points } = Population.stationary(loss, { starts: 8, spread: 6 })
  console.log(Objective.formula(objective))
  return points
    .filter(({ index, flat }) => index === 0 && flat === 0)
    .map(({ params, value }) => {
      const found = diagnosis(params)
      const students = Array.from(params.means.values, m => (alpha * m).toFixed(2)).sort(
        (a, b) => Number(a) - Number(b)
      )
      const one = found.oneFitsMany.map(own => `one fits ${own.join(' and ')}`)
      const many = found.manyFitOne.map(own => `several fit ${own}`)
      console.log(`${value.toFixed(5)}  ${students.join(', ')}  ${[...one, ...many].join('; ')}`)
      return { value, ...found }
    })
})
