/** All cases of what `npm test` takes a part of. */
import './float32.test.js'
