/** All cases of what `npm test` takes a part of. */
import './hessian.test.js'
