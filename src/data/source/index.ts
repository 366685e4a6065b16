/** Sources of rows, and the ways to one. */
export * from './gathered.js'
export * from './source.js'
