/** The thread in which `apart` has a file of Parquet or Arrow read: a part goes when it is asked for, and the bytes it took are told. */
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { sent } from '../../lib/formats/columns.js'
import { readParts, type ColumnarThreadInput } from './columnarFiles.js'

// as columnarFiles.ts begins the thread
const { request: asked, readsNested } = workerData as ColumnarThreadInput
const readRequest = asked.format === 'Arrow' ? { ...asked, bytes: process.stdin } : asked

if (parentPort !== null) {
  const port = parentPort
  await once(port, 'message')
  for await (const part of readParts(readRequest, readsNested, taken => {
    port.postMessage(taken)
  })) {
    const own = sent(part)
    const next = once(port, 'message')
    // numbers go there without a copy; no reader shares memory
    port.postMessage(
      own,
      own.columns.flatMap(({ cells }) => (ArrayBuffer.isView(cells) ? [cells.buffer as ArrayBuffer] : []))
    )
    await next
  }
  port.postMessage(null)
}
