/** All cases of what `npm test` takes a part of. */
import './along.test.js'
import './noiseLevels.test.js'
