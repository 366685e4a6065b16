/** The E-step of a mixture in plain loops, however many rows there are. */
import type * as Reductions from '../../../lib/rows/reduction.js'
import { componentsAndBackground } from '../../../src/mixture/component.js'
import { momentReduction, type MomentSums } from '../../../src/mixture/em/eStepLoops.js'
import type { Second } from '../../../src/mixture/family.js'
import * as Mixture from '../../../src/mixture/mixture.js'
import type { WeightedRows } from '../../../src/mixture/dataRows.js'
import type { Level } from '../../../src/schedule/dynamics.js'

export const inLoops =
  <P>(toMixture: (params: P) => Mixture.Mixture, second: Second) =>
  (params: P, level: Level, rows: WeightedRows): Reductions.Reduction<MomentSums> => {
    const mixture = toMixture(params)
    return momentReduction(
      componentsAndBackground(level.sigma === 0 ? mixture : Mixture.diffuse(level)(mixture)),
      second,
      rows
    )
  }
