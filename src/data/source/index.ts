/** Sources of rows, and the ways to one. What reads text and files is apart, so that what learns from a source does not bring it. */
export * from './gathered.js'
export * from './source.js'
