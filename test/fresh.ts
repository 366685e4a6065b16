/** What a file of tests sets for all that follow in its worker is set back before the next. */
import fc from 'fast-check'

fc.resetConfigureGlobal()
