/** All cases of what `npm test` takes a part of. */
import './eStep.test.js'
import './errors.test.js'
import './missing.test.js'
