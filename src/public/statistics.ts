/** What `Statistics` has for users. */
export { type Beside, of, type Statistics } from '../mixture/statistics.js'
