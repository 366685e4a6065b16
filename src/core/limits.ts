/**
 * Limits on the size of descriptions and files, far above practical use and below the capacity of a machine. `Compile` and the readers
 * report violations before they allocate memory.
 */

/** Maximum nesting of objects and lists in a description or its JSON, which are read recursively. */
export const maxDepth = 100

/** Maximum nesting in a checkpoint or a message between processes. */
export const messageDepth = 1000

/** Maximum number of problems listed; further ones are counted. */
export const problems = 50

/** Maximum number of stages after expanding repeats and annealing, including those within a restart. */
export const stages = 10_000

/** Maximum number of attempts of a restart, or of starts compared by an initializer; nested restarts are multiplied. */
export const attempts = 10_000

/** Maximum number of split-and-merge moves, of the steps that polish each, and of the steps of k-means. */
export const maxMoves = 100_000

/** Maximum number of starts of a fit. */
export const maxStarts = 1000

/** Maximum number of rows merged by hierarchical clustering; its memory is quadratic: 800 MB. */
export const maxJoinedRows = 14_000

/** Maximum number of noise draws, and of directions of a divergence estimate, for each row and step. */
export const maxDraws = 10_000

/** Maximum number of quadrature nodes, computed in quadratic time. */
export const maxNodes = 4096

/** Maximum number of times of a grid, and of a sampler's corrector steps at each. */
export const maxTimes = 1_000_000

/** Maximum number of entries in the parameters of a score, or in additional drawn rows: 1 GB. */
export const maxParameters = 134_217_728

/** Maximum number of cells in a text with quotes, comments or lines of unequal length, stored one by one: about 1 GB. */
export const cells = 33_554_432

/** Maximum number of columns of a text table. */
export const maxColumns = 1_000_000

/** Maximum number of characters of an unknown name that are compared with known ones. */
export const maxLetters = 100

/** Maximum number of objective values stored for a report; of more, every n-th is stored. */
export const maxValues = 65_536
