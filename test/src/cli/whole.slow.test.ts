/** All cases of what `npm test` takes a part of. */
import './columnarFiles.test.js'
import './commands/sweep.test.js'
import './main.test.js'
