import { correction } from './correction.js'
import { count } from './count.js'
import { denoising } from './denoising.js'
import { direction } from './direction.js'
import { lower } from './lower.js'
import type { Question } from './question.js'
import { rows } from './rows.js'
import { sampling } from './sampling.js'
import { shapes } from './shapes.js'
import { start } from './start.js'
import { weights } from './weights.js'

/** Questions in the page's order; a new question is a file like these and an entry here. */
export const questions: ReadonlyArray<Question> = [
  denoising,
  direction,
  lower,
  correction,
  rows,
  start,
  weights,
  shapes,
  count,
  sampling
]
