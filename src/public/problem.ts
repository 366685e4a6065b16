/** What `Problem` has for users. */
export {
  of,
  orThrow,
  type Part,
  type Phrase,
  type Problem,
  type Problems,
  show,
  type Speaker,
  unless,
  within
} from '../core/problem.js'
