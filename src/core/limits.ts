/**
 * Limits: how much a description or a file may ask for. Each is far beyond what anybody has had use for, and well below
 * what stops a machine; beyond it, `Compile` and the readers say which number it was and what to do, before anything of
 * that size is made.
 */

/** Levels of objects and lists in each other, in a description or its JSON: what reads them calls itself at each. */
export const maxDepth = 100

/** Levels in a checkpoint, or in what processes send each other: they hold descriptions, and values of the user's own. */
export const messageDepth = 1000

/** Problems that are listed; how many more there are is said. */
export const problems = 50

/** Stages that repeats and annealing come to when they are written out, those within a restart included. */
export const stages = 10_000

/** Attempts of a restart, or starts of which an initializer takes the best, restarts within restarts multiplied. */
export const attempts = 10_000

/** Moves of split and merge that are tried, and steps by which each is polished: those of k-means too. */
export const maxMoves = 100_000

/** Starts of which a fit keeps the best: each waits for those before it. */
export const maxStarts = 1000

/** Rows that a hierarchy joins, the square of which it holds: 800 MB. */
export const maxJoinedRows = 14_000

/** Draws of noise, and directions of a divergence, for each row and step. */
export const maxDraws = 10_000

/** Nodes of a quadrature: to find them takes their square. */
export const maxNodes = 4096

/** Times of a grid, and moves of a sampler at each. */
export const maxTimes = 1_000_000

/** Numbers in the parameters of a score, or in the rows that are drawn beside others: 1 GB. */
export const maxParameters = 134_217_728

/** Cells of a text with quotes, comments or lines of unequal length, which are held one by one: about 1 GB. */
export const cells = 33_554_432

/** Columns of a table of text. */
export const maxColumns = 1_000_000

/** How many letters of an unknown name are compared with known ones. */
export const maxLetters = 100

/** Values of an objective that are kept for a report: every so-many-th, once there are more. */
export const maxValues = 65_536
