import type { Scaling } from './points.js'

/** Inverse, x = (z + centre/scale)/(1/scale), as a scaling with centre −centre/scale and scale 1/scale. */
export const inverseScaling = ({ centre, scale }: Scaling): Scaling => ({
  centre: centre.map((c, j) => -c / scale[j]),
  scale: scale.map(s => 1 / s)
})
