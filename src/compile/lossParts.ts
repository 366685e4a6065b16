import type * as Expectation from '../objective/expectation.js'
import type * as Objective from '../objective/objective.js'
import type * as Schedule from '../schedule/schedule.js'
import type * as Score from '../score/score.js'

/** Objective of a score on a schedule, with the expectation over the noise. */
export interface Loss<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  readonly expectation: Expectation.Expectation
}
