/** All cases of what `npm test` takes a part of. */
import './objective.test.js'
import './ownExpectation.test.js'
import './timeLaw.test.js'
