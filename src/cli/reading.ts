/** The thread in which `apart` has a file of Parquet or Arrow read: bytes come to it, and parts go, as it is asked for them. */
import { parentPort, workerData } from 'node:worker_threads'
import { reason } from '../../lib/plain/said.js'
import { batches } from '../../lib/formats/arrow.js'
import { Absent, sent } from '../../lib/formats/columns.js'
import { groups } from '../../lib/formats/parquet.js'
import type { Failed, Said, Task, Told } from './apart.js'

const { format, byteLength, readsNested } = workerData as Task

const waiting = new Map<number, (bytes: Uint8Array | null) => void>()
let asked = 0

const say = (said: Said): void => {
  const cells = said._tag === 'Part' ? said.part.columns.map(column => column.cells) : []
  // numbers go there without a copy
  parentPort?.postMessage(
    said,
    cells.flatMap(cells => (ArrayBuffer.isView(cells) ? [cells.buffer as ArrayBuffer] : []))
  )
}

const needed = (from: number, to: number): Promise<Uint8Array | null> =>
  new Promise(resolve => {
    asked += 1
    waiting.set(asked, resolve)
    say({ _tag: 'Needs', id: asked, from, to })
  })

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = await needed(0, 0)
    if (piece === null) return
    yield piece
  }
}

const slice = async (from: number, to = byteLength): Promise<ArrayBuffer> =>
  ((await needed(from, to)) ?? new Uint8Array(0)).buffer as ArrayBuffer

const parts = (format === 'Arrow' ? batches(pieces(), readsNested) : groups({ byteLength, slice }, readsNested))[
  Symbol.asyncIterator
]()

const failed = (error: unknown): Failed => ({
  name: error instanceof Error ? error.name : 'Error',
  message: reason(error),
  library: error instanceof Absent ? error.library : null
})

parentPort?.on('message', (told: Told) => {
  if (told._tag === 'Bytes') {
    waiting.get(told.id)?.(told.bytes)
    waiting.delete(told.id)
  } else
    parts.next().then(
      ({ done, value }) => {
        say(done === true ? { _tag: 'End' } : { _tag: 'Part', part: sent(value) })
      },
      (error: unknown) => {
        say({ _tag: 'Failed', error: failed(error) })
      }
    )
})
