/** What `ExpectationMaximization` has for users. */
export {
  type Judged,
  loss,
  type Noise,
  noisyStep,
  type Pass,
  step,
  type Take,
  type Taken,
  type UnderPrior
} from '../mixture/em/expectationMaximization.js'
