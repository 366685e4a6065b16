/**
 * Limits on descriptions and files, far above practical use and below a machine's capacity. `Compile` and the readers report violations
 * before they allocate memory.
 */

/** Maximum nesting of a description or its JSON, which are read recursively. */
export const maxDepth = 100

/** Maximum nesting in a checkpoint or a message between processes. */
export const messageDepth = 1000

/** Maximum number of problems listed; further ones are counted. */
export const problems = 50

/** Maximum number of stages, with repeats, annealing and restarts expanded. */
export const stages = 10_000

/** Maximum number of attempts of a restart, or of an initializer's starts; nested restarts are multiplied. */
export const attempts = 10_000

/** Maximum number of split-and-merge moves, of polishing steps after each, and of k-means steps. */
export const maxMoves = 100_000

/** Maximum number of starts of a fit. */
export const maxStarts = 1000

/** Maximum number of rows in hierarchical clustering, with quadratic memory: 800 MB. */
export const maxJoinedRows = 14_000

/** Maximum number of noise draws, or directions of a divergence estimate, per row and step. */
export const maxDraws = 10_000

/** Maximum number of quadrature nodes, computed in quadratic time. */
export const maxNodes = 4096

/** Maximum number of times of a grid, and of a sampler's corrector steps at each. */
export const maxTimes = 1_000_000

/** Maximum number of entries in a score's parameters, or in additional drawn rows: 1 GB. */
export const maxParameters = 134_217_728

/** Maximum number of cells, stored one by one, in a text with quotes, comments or unequal lines: about 1 GB. */
export const cells = 33_554_432

/** Maximum number of columns of a text table. */
export const maxColumns = 1_000_000

/** Maximum number of characters of an unknown name that are compared with known ones. */
export const maxLetters = 100

/** Maximum number of objective values in a report; of longer runs, every n-th is stored. */
export const maxValues = 65_536
