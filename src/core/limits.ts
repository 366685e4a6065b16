/**
 * Limits on the size of descriptions and files. Each is far above any practical use and well below what a machine
 * can handle; beyond it, `Compile` and the readers report the number and a remedy before anything of that size is
 * allocated.
 */

/** Maximum nesting of objects and lists in a description or its JSON, which are read recursively. */
export const maxDepth = 100

/** Maximum nesting in a checkpoint or a message between processes, which contain descriptions and user values. */
export const messageDepth = 1000

/** Maximum number of problems listed; the number of further ones is reported. */
export const problems = 50

/** Maximum number of stages after expanding repeats and annealing, including those within a restart. */
export const stages = 10_000

/** Maximum number of attempts of a restart, or of starts compared by an initializer; nested restarts are multiplied. */
export const attempts = 10_000

/** Maximum number of split-and-merge moves, and of the steps that polish each; also of the steps of k-means. */
export const maxMoves = 100_000

/** Maximum number of starts of a fit; they run one after another. */
export const maxStarts = 1000

/** Maximum number of rows merged by hierarchical clustering, whose memory is quadratic: 800 MB. */
export const maxJoinedRows = 14_000

/** Maximum number of noise draws, and of directions of a divergence estimate, for each row and step. */
export const maxDraws = 10_000

/** Maximum number of quadrature nodes; computing them takes quadratic time. */
export const maxNodes = 4096

/** Maximum number of times of a grid, and of a sampler's corrector steps at each. */
export const maxTimes = 1_000_000

/** Maximum number of entries in the parameters of a score, or in additional drawn rows: 1 GB. */
export const maxParameters = 134_217_728

/**
 * Maximum number of cells in a text with quotes, comments or lines of unequal length, which are stored one by one:
 * about 1 GB.
 */
export const cells = 33_554_432

/** Maximum number of columns of a text table. */
export const maxColumns = 1_000_000

/** Maximum number of characters of an unknown name that are compared with known ones. */
export const maxLetters = 100

/** Maximum number of objective values stored for a report; if there are more, every n-th is stored. */
export const maxValues = 65_536
