/** All cases of what `npm test` takes a part of. */
import './recipe.test.js'
import './stage.test.js'
