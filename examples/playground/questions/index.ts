import { canItMakeRows } from './canItMakeRows.js'
import { howGoodAStart } from './howGoodAStart.js'
import { howManyClusters } from './howManyClusters.js'
import { howManyRows } from './howManyRows.js'
import { howNearToEm } from './howNearToEm.js'
import type { Question } from './question.js'
import { whatIfNotRound } from './whatIfNotRound.js'
import { whatIfWeightsDiffer } from './whatIfWeightsDiffer.js'
import { whatIsDenoising } from './whatIsDenoising.js'
import { whatIsLearnedFirst } from './whatIsLearnedFirst.js'
import { whyLowerNoise } from './whyLowerNoise.js'

/** Questions in the page's order; a new question is a file like these, named by what it asks, and an entry here. */
export const questions: ReadonlyArray<Question> = [
  whatIsDenoising,
  whatIsLearnedFirst,
  whyLowerNoise,
  howNearToEm,
  howManyRows,
  howGoodAStart,
  whatIfWeightsDiffer,
  whatIfNotRound,
  howManyClusters,
  canItMakeRows
]
