/** All cases of what `npm test` takes a part of. */
import './fit.test.js'
import './prior.test.js'
import './support.test.js'
import './weightless.test.js'
