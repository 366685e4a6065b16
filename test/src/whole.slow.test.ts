/** All cases of what `npm test` takes a part of. */
import './composes.test.js'
import './examples.test.js'
import './far.test.js'
import './guardedStages.test.js'
import './origin.test.js'
import './pairQuadrature.test.js'
import './plans.test.js'
import './wide.test.js'
