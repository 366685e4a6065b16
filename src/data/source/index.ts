export * from './gathered.js'
export * from './source.js'
