/**
 * What a mixture answers once it is learned: columns from others, what is seen of a sum, how far components are apart, classes. Rows are drawn
 * here, so that the truth is known.
 */
import { pipe } from 'fp-ts/lib/function.js'
import { Discriminant, Divergence, fit, Key, Mixture } from 'ornstein'

const truth = Mixture.of({
  weights: [0.4, 0.3, 0.3],
  means: [[-4, 0], [3, -1], [3, 3]], // prettier-ignore
  covariances: [[[1, 0.8], [0.8, 1]], [[2, -1], [-1, 1]], [[2, 0.5], [0.5, 1]]] // prettier-ignore
})
const points = pipe(truth, Mixture.sample(600)(Key.fromSeed(1)))
const { mixture } = fit(points, { components: 3, family: 'full' })

const show = (x: number): string => x.toFixed(3)

// the second column from the first, and how sure that is
const { mean, sd, quantile } = pipe(mixture, Mixture.predict([1])({ rows: 2, dim: 1, values: Float64Array.of(-4, 3) }))
;[0, 1].forEach(i => {
  const [low, high] = [0.05, 0.95].map(p => show(quantile(p).values[i]))
  console.log(`y at ${i === 0 ? -4 : 3}: ${show(mean.values[i])} ± ${show(sd.values[i])}, 90 % from ${low} to ${high}`)
})

// only the sum of both columns is seen, with noise
const seen = pipe(mixture, Mixture.given({ matrix: [[1, 1]], observed: [-5], deviation: 0.5 }))
console.log(`a sum of -5: weights ${Array.from(seen.weights, show).join(' ')}`)

// how far it is from the truth, and its components from each other
const { value, standardError } = Divergence.kl(truth)(mixture)
console.log(`relative entropy from the truth ${show(value)} ± ${show(standardError)}`)
console.log(`rows of one taken for another: ${Array.from(Mixture.overlap(mixture).values, show).join(' ')}`)

// two of the three components may be one cluster
const { steps } = Mixture.merging(points)(mixture)
console.log(
  `as two clusters: ${steps[1].clusters.join(' ')}, entropy ${show(steps[1].entropy)} of ${show(steps[2].entropy)}`
)

// the same rows with the labels that the truth gives them
const labels = Mixture.assign(points)(truth)
const classes = Discriminant.fit(points, labels)
const { error } = Discriminant.confusion(classes.classes, labels, classes.predict(points))
console.log(`classes with ${classes.covariances[0]}: ${(100 * error).toFixed(1)} % of rows taken for another`)
