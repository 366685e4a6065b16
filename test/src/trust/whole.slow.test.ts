/** All cases of what `npm test` takes a part of. */
import './bootstrap.test.js'
import './far.test.js'
import './hint.test.js'
import './stuck.test.js'
