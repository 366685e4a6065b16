import type { Scaling } from './points.js'

/** The inverse as a scaling, with the centre −centre/scale and the scale 1/scale: x = (z + centre/scale)/(1/scale). */
export const inverseScaling = ({ centre, scale }: Scaling): Scaling => ({
  centre: centre.map((c, j) => -c / scale[j]),
  scale: scale.map(s => 1 / s)
})
