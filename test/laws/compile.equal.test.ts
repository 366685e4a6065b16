/** Compilation keeps its laws on equal rows. */
import { keeps } from './compiled.js'

keeps(name => name === 'pipelines on data that are one column, all equal')
