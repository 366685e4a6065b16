/** Compilation keeps its laws for every kind of loss. */
import { keeps } from './compiled.js'

keeps(name => !name.startsWith('pipelines'))
