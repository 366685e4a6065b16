/** Compilation keeps its laws on weighted rows. */
import { keeps } from './compiled.js'

keeps(name => name === 'pipelines on data that are weighted')
