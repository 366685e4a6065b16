/** Thread in which `ornstein worker` computes sums; `workerData` is the folder of its tables. */
import { workerData } from 'node:worker_threads'
import { serve } from '../cluster/index.js'
import { tableOpener } from './sharedTable.js'

serve(tableOpener(String(workerData)))
