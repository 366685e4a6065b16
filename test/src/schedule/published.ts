import type { Parametrization, Schedule } from '../../../src/index.js'

/** What each says of data x_0 and noise z, as published: no formula of the code is used. */
export const published = (
  parametrization: Parametrization.Parametrization,
  { alpha, sigma }: Schedule.Level,
  x0: number,
  z: number
): number => {
  const { sigmaData: d = NaN } = parametrization as { readonly sigmaData?: number }
  // Karras et al. 2022, table 1, on x/α with noise σ/α.
  const s = sigma / alpha
  const skip = d ** 2 / (s ** 2 + d ** 2)
  const of: Readonly<Record<string, number>> = {
    score: -z / sigma,
    noise: z,
    data: x0,
    velocity: alpha * z - sigma * x0,
    flow: z - x0,
    edm: (x0 - skip * (x0 + s * z)) / ((s * d) / Math.sqrt(s ** 2 + d ** 2))
  }
  return of[parametrization._tag]
}
