/** All cases of what `npm test` takes a part of. */
import './loss.test.js'
import './noise.test.js'
import './pipelines.test.js'
import './sameBits.test.js'
