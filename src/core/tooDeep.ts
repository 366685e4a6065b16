import * as Limits from './limits.js'
import * as Problem from './problem.js'

/** Problem of a description that is nested too deeply. */
export const tooDeep = (field: string): Problem.Problem =>
  Problem.of(
    field,
    `nested deeper than ${Limits.maxDepth} levels`,
    'readable',
    'put stages in one sequence, not in each other'
  )
