/** All cases of what `npm test` takes a part of. */
import './lattice.test.js'
import './reference.test.js'
