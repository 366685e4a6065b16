import { correction } from './correction.js'
import { count } from './count.js'
import { direction } from './direction.js'
import { lower } from './lower.js'
import type { Question } from './question.js'
import { rows } from './rows.js'
import { sampling } from './sampling.js'
import { start } from './start.js'
import { weights } from './weights.js'

export const questions: ReadonlyArray<Question> = [direction, lower, correction, rows, start, weights, count, sampling]
