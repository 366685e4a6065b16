/** Thread that reads a Parquet or Arrow file. Posts a part per message, then null, and the numbers of bytes read. */
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { sent } from '../../lib/formats/columns.js'
import { readParts, type ColumnarThreadInput } from './columnarFiles.js'

// As columnarFiles.ts starts the thread.
const { request, readsNested } = workerData as ColumnarThreadInput
const readRequest = request.format === 'Arrow' ? { ...request, bytes: process.stdin } : request

if (parentPort !== null) {
  const port = parentPort
  await once(port, 'message')
  const onBytes = (bytes: number): void => {
    port.postMessage(bytes)
  }
  for await (const part of readParts(readRequest, { readsNested, onBytes })) {
    const copy = sent(part)
    const next = once(port, 'message')
    // Numbers are transferred without a copy; no reader shares memory.
    port.postMessage(
      copy,
      copy.columns.flatMap(({ cells }) => (ArrayBuffer.isView(cells) ? [cells.buffer as ArrayBuffer] : []))
    )
    await next
  }
  port.postMessage(null)
}
