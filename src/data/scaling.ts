/** Units of columns. */
import type { Scaling } from './points.js'

/** The units that lead back: x of z = (x − centre)/scale is (z + centre/scale)/(1/scale). */
export const inverseScaling = ({ centre, scale }: Scaling): Scaling => ({
  centre: centre.map((c, j) => -c / scale[j]),
  scale: scale.map(s => 1 / s)
})
