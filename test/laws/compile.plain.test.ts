/** Compilation keeps its laws on plain data. */
import { keeps } from './compiled.js'

keeps(name => name === 'pipelines on data that are plain')
