/** All cases of what `npm test` takes a part of. */
import './analysers.test.js'
import './background.test.js'
import './fixed.test.js'
import './digits.test.js'
import './recipes.test.js'
