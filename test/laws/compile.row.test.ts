/** Compilation keeps its laws on one row. */
import { keeps } from './compiled.js'

keeps(name => name === 'pipelines on data that are one row')
