/** All cases of what `npm test` takes a part of. */
import './defaults.test.js'
import './power.test.js'
import './same.test.js'
import './theorems.test.js'
import './vocabulary.test.js'
