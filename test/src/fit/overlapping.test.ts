/** Whether a fit says that its components overlap, and how many clusters they are. */
import { expect, it } from 'vitest'
import { fit, Key, Mixture } from '../../../src/index.js'
import * as Overlapping from '../../../src/fit/overlapping.js'

it('three components that are two clusters say so, and components that are apart say nothing', () => {
  // A cross, which takes two Gaussians, and a round cluster far away.
  const cross = Mixture.of({
    means: [[0, 0], [0, 0], [30, 0]], // prettier-ignore
    covariances: [[[9, 0], [0, 0.2]], [[0.2, 0], [0, 9]], [[1, 0], [0, 1]]] // prettier-ignore
  })
  const points = Mixture.sample(300)(Key.fromSeed(1))(cross)
  const clusters = fit(points, { components: 3, family: 'full' }).overlapping()
  expect(clusters?.clusters).toEqual([0, 0, 1])
  expect(clusters && Overlapping.sentence(clusters)).toMatch(
    /^Components 1 and 2 overlap: merged .* the 3 components are 2 clusters\. ornstein assign --merged/
  )
  const apart = Mixture.sample(300)(Key.fromSeed(1))(Mixture.of({ means: [[0, 0], [9, 0], [0, 9]] })) // prettier-ignore
  expect(fit(apart, { components: 3, family: 'full' }).overlapping()).toBe(null)
  const two = Mixture.sample(300)(Key.fromSeed(1))(Mixture.of({ means: [[0], [1]] }))
  expect(fit(two, { components: 2, family: 'isotropic' }).overlapping()?.count).toBe(1)
})
