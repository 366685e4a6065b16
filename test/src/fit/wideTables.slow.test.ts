/** All four families, of which the quick suite fits one. */
import './wideTables.test.js'
