/** All cases of what `npm test` takes a part of. */
import './along.test.js'
import './pairwise.test.js'
