/** All cases of what `npm test` takes a part of. */
import './analysers.test.js'
import './anew.test.js'
import './background.test.js'
import './families.test.js'
import './fixed.test.js'
import './identities.test.js'
import './maps.test.js'
import './recipes.test.js'
