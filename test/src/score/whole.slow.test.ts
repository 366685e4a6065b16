/** All cases of what `npm test` takes a part of. */
import './net.test.js'
import './training.test.js'
