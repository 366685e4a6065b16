/** Stationary points and values of losses in population that another program found (`test/oracle`). */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

type Numbers = ReadonlyArray<number>

/** A stationary point: its centres, its value, how many directions go down, how many are flat, and its Hessian's eigenvalues. */
export interface Stationary {
  readonly key: Numbers
  readonly value: number
  readonly index: number
  readonly null: number
  readonly eig: Numbers
}

interface At {
  readonly M: Numbers
  readonly value: number
  readonly eig: Numbers
}

interface Oracle {
  readonly test_values: Readonly<Record<string, At>>
  readonly point_p0: Readonly<
    Record<string, { readonly value: number; readonly gradient: Numbers; readonly H: ReadonlyArray<Numbers> }>
  >
  readonly stationary: Readonly<Record<string, ReadonlyArray<Stationary>>>
  readonly jin_R30: Readonly<Record<string, ReadonlyArray<At & { readonly D: number }>>>
  readonly efficiency: Readonly<
    Record<
      string,
      ReadonlyArray<{ readonly t: number; readonly trace_means: number; readonly rms_weights: number | null }>
    >
  >
}

// The file is as the program wrote it.
export const oracle = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../oracle/population.json', import.meta.url)), 'utf8')
) as Oracle
