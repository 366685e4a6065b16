/** EM loop on parameters alone, without pipeline or checkpoints. */
import type * as Params from '../core/params.js'

type AnyParams = Params.Params<string>

/** One EM iteration (see `ExpectationMaximization.step`): new parameters, and the loss at the given ones. */
export type EMStep = (params: AnyParams) => { readonly params: AnyParams; readonly value: number }

export interface EMState {
  readonly params: AnyParams
  /** Mean negative log-likelihood before the last iteration, minus log p(θ) per row under a prior; Infinity before the first. */
  readonly loss: number
  readonly iterations: number
}

export interface EMResult extends EMState {
  /** Decrease of the loss in the last iteration. */
  readonly gain: number
}

export interface EMStopping {
  readonly maxIterations: number
  /** Stops after an iteration that gains less, in nats per row. Default: 1e-5. */
  readonly minGain?: number
  /** Gives up when the loss is not expected to fall below this value. Default: never. */
  readonly abandonAbove?: number
}

const DEFAULT_MIN_GAIN = 1e-5

/** Minimum number of iterations before a run is given up. */
const MIN_ITERATIONS_BEFORE_ABANDONING = 4

/**
 * A run is given up if all remaining iterations together, each with this many times the last gain, would not suffice. Gains fall, except near
 * a saddle where two components coincide.
 */
const MAX_GAIN_GROWTH = 3

/** Returns the state before the first iteration. */
export const initialState = (params: AnyParams): EMState => ({ params, loss: Infinity, iterations: 0 })

/** Runs EM from a state until a stopping rule holds. */
export const runEM = (step: EMStep, initial: EMState, stopping: EMStopping): EMResult => {
  const { maxIterations, minGain = DEFAULT_MIN_GAIN, abandonAbove = Infinity } = stopping
  let state: EMResult = { ...initial, gain: Infinity }
  for (let remaining = maxIterations; remaining > 0; remaining--) {
    const { loss, iterations, gain } = state
    const isHopeless =
      iterations >= MIN_ITERATIONS_BEFORE_ABANDONING && loss - MAX_GAIN_GROWTH * remaining * gain > abandonAbove
    if (gain < minGain || isHopeless) break
    const { params, value } = step(state.params)
    state = { params, loss: value, iterations: iterations + 1, gain: loss - value }
  }
  return state
}
