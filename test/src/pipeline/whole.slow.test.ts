/** All cases of what `npm test` takes a part of. */
import './ownInitializers.test.js'
import './ownStages.test.js'
import './recipe.test.js'
