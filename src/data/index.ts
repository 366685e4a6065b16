/** Points, and where they come from: the namespace `Points` of the language. */
export * from './Points.js'
export * from './csv.js'
