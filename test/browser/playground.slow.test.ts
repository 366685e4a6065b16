/** All of the playground, its page written once. */
import './playground.test.js'
import './questions.test.js'
