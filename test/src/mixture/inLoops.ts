/** The E-step of a mixture in plain loops, however many rows there are. */
import type * as Chunks from '../../../lib/rows/chunks.js'
import { partsOf } from '../../../src/mixture/component.js'
import { moments, type Sums } from '../../../src/mixture/em/moments.js'
import type { Second } from '../../../src/mixture/family.js'
import * as Mixture from '../../../src/mixture/mixture.js'
import type { Rows } from '../../../src/mixture/dataRows.js'
import type { Level } from '../../../src/schedule/dynamics.js'

export const inLoops =
  <P>(toMixture: (params: P) => Mixture.Mixture, second: Second) =>
  (params: P, level: Level, rows: Rows): Chunks.Sum<Sums> => {
    const mixture = toMixture(params)
    return moments(partsOf(level.sigma === 0 ? mixture : Mixture.diffuse(level)(mixture)), second, rows)
  }
