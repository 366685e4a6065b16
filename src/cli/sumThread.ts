/** The thread in which `ornstein worker` sums: it opens tables of the folder that it is given. */
import { workerData } from 'node:worker_threads'
import { serve } from '../cluster/index.js'
import { tableOpener } from './sharedTable.js'

serve(tableOpener(String(workerData)))
