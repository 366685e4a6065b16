/** All cases of what `npm test` takes a part of. */
import './along.test.js'
import './objective.test.js'
import './pairwise.test.js'
import './timeLaw.test.js'
