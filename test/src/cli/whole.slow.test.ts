/** All cases of what `npm test` takes a part of. */
import './apart.test.js'
import './commands/sweep.test.js'
import './main.test.js'
