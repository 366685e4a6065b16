/** All cases of what `npm test` takes a part of. */
import './bootstrap.test.js'
import './hint.test.js'
