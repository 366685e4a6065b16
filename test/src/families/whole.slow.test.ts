/** All cases of what `npm test` takes a part of. */
import './analysers.test.js'
import './em.test.js'
import './fixed.test.js'
import './identities.test.js'
import './recipes.test.js'
