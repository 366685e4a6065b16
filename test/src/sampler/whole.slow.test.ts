/** All cases of what `npm test` takes a part of. */
import './compiled.test.js'
import './sampler.test.js'
