/** All cases of what `npm test` takes a part of. */
import './basin.test.js'
import './efficiency.test.js'
import './follow.test.js'
import './population.test.js'
import './reference.test.js'
