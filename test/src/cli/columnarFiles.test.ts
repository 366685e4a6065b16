/** Files of typed columns, read in a thread that can be ended. `npm test` has built what it runs. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeVector, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, describe, expect, it } from 'vitest'
import { batches } from '../../../lib/formats/arrow.js'
import { sent, type Columns } from '../../../lib/formats/columns.js'
import { collectAsync } from '../../../lib/plain/gather.js'
import { rowGroupsOf } from '../../../lib/formats/parquet.js'
import { readPartsInThread, type ColumnarReadRequest } from '../../../src/cli/columnarFiles.js'
import { place } from './harness.js'
import { isSlow, once } from '../../cases.js'

const here = place()
afterAll(here.remove)

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes.slice())
}
const arrow = (bytes: Uint8Array): ColumnarReadRequest => ({ format: 'Arrow', bytes: whole(bytes), size: bytes.length })
const read = (asked: ColumnarReadRequest, limits?: object): Promise<ReadonlyArray<Columns>> =>
  collectAsync(readPartsInThread(asked, { readsNested: true, ...limits }))

describe('a file that is read in a thread', () => {
  const file = parquetWriteBuffer({
    columnData: [
      { name: 'x', data: [1.5, null, 3], type: 'DOUBLE' },
      { name: 'name', data: ['a', null, 'c'] },
      { name: 'list', data: [[1], [2, 3], []] }
    ],
    rowGroupSize: 2
  })
  const parquet: ColumnarReadRequest = { format: 'Parquet', file, size: file.byteLength }
  const path = here.write('some.parquet', new Uint8Array(file))
  const bytes = tableToIPC(
    new Table({
      x: makeVector(Float64Array.of(1, 2)),
      when: vectorFromArray([new Date(0), null]),
      large: vectorFromArray([1n, 2n ** 60n]),
      name: vectorFromArray(['a', 'b'], new Utf8()),
      nested: vectorFromArray([{ a: 1 }, { a: 2 }])
    })
  )

  once('has the parts that it has in this one', async () => {
    const parts = (await collectAsync(rowGroupsOf(file, { readsNested: true }))).map(sent)
    expect(await read(parquet)).toEqual(parts)
    expect(await read({ ...parquet, file: path })).toEqual(parts)
    expect(await read(arrow(bytes))).toEqual(
      (await collectAsync(batches(whole(bytes), { readsNested: true }))).map(sent)
    )
  })

  once('ends where no more of it is asked for', async () => {
    for await (const part of readPartsInThread(parquet)) {
      expect(part.rows).toBe(2)
      break
    }
  })

  // A bit of the number of rows is another; the package that reads it never ends.
  const endless = readFileSync(fileURLToPath(new URL('endless.arrow', import.meta.url)))

  once('is given up where its reader has no end', async () => {
    await expect(read(arrow(endless), { seconds: 1 })).rejects.toThrow('reading it had no end after 1 seconds')
  })

  once('is given up where its reader takes too much memory', async () => {
    const names = Array.from({ length: 400_000 }, (_, i) => `a name that takes some memory, ${i}`)
    const long = tableToIPC(new Table({ name: vectorFromArray(names, new Utf8()) }))
    await expect(read(arrow(long), { megabytes: 24 })).rejects.toThrow('reading it took more than 24 MB of memory')
    expect((await read(arrow(long), { seconds: 300 }))[0].rows).toBe(400_000)
  })

  it.runIf(isSlow)('is told of as any that is damaged, after ten seconds', async () => {
    here.write('endless.arrow', endless)
    const { exit, stderr } = await here.ornstein('fit @endless.arrow')
    expect({ exit, stderr }).toEqual({
      exit: 2,
      stderr:
        'error: endless.arrow: a file of Arrow (reading it had no end after 10 seconds) is not whole and sound; ' +
        'fetch it again, or write it again\n'
    })
  })
})
