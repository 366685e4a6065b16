/**
 * Which noise level removes a bad minimum? Three students of three Gaussians at −6, −2 and 7: one student between the two near ones and two at
 * the third (one fits many, many fit one: Chen et al. 2024) is a minimum at low noise. It is followed in the level, until it is none.
 */
import { Mixture, Objective, Params, Population, Score, TimeLaw } from 'ornstein'

const truth = Mixture.of({ means: [[-6], [-2], [7]] })
const lossAt = (time: number): Population.Loss<'means'> =>
  Population.loss({
    score: Score.spherical({ components: 3 }),
    objective: Objective.against(truth, TimeLaw.at(time))
  })

/** Where the flow from the bad minimum ends at a level; null where it leaves for the truth. */
const bad = (time: number, from: Params.Params<'means'>): Params.Params<'means'> | null => {
  const course = Population.flow(lossAt(time), { until: { gradientNorm: 1e-7, steps: 3000 } })(from)
  const { params } = course[course.length - 1]
  const centres = [...params.means.values].sort((a, b) => a - b)
  return centres[1] > 0 ? params : null
}

const start = Params.of({ means: [[-4], [6.5], [7.5]] })
/** Bisection between a level with the minimum and one without, each from the minimum that was found last. */
export const removedAt = ((): number => {
  let [low, high, at] = [0.1, 1.5, bad(0.1, start) ?? start]
  while (high - low > 1e-3) {
    const middle = (low + high) / 2
    const found = bad(middle, at)
    if (found === null) high = middle
    else [low, at] = [middle, found]
  }
  return (low + high) / 2
})()
console.log(`the bad minimum is there up to t = ${removedAt.toFixed(3)}`)
