import type { Scaling } from './points.js'

/** Inverse scaling: x of z = (x − centre)/scale is (z + centre/scale)/(1/scale). */
export const inverseScaling = ({ centre, scale }: Scaling): Scaling => ({
  centre: centre.map((c, j) => -c / scale[j]),
  scale: scale.map(s => 1 / s)
})
