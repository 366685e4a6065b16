/** Samplers: from noise to data along a score, by the reverse SDE, the probability-flow ODE, or Langevin moves. */
export { probabilityFlow, concept, define, formula, problems, show } from './step.js'
export type { Flow, Meaning, MultistepMemory, Moved, Node, Sampler, ScoreFunction, Step } from './step.js'
export * from './samplers.js'
export * from './scores.js'
export * from './sampling.js'
