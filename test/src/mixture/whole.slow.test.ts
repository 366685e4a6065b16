/** All cases of what `npm test` takes a part of. */
import './mixture.test.js'
import './tailed.test.js'
