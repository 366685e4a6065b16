/** Files of Parquet whose pages gzip packed: their checksums are verified. */
import { gzipSync } from 'node:zlib'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { expect, it } from 'vitest'
import { rowGroupsOf } from '../../../lib/formats/parquet.js'
import { collectAsync } from '../../../lib/plain/gather.js'

const values = Array.from({ length: 40 }, (_, i) => i * 1.1)

const packed = async (): Promise<Uint8Array> => {
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    codec: 'GZIP',
    // stored: a bit that flips among the numbers leaves an archive that unpacks
    compressors: { GZIP: bytes => gzipSync(bytes, { level: 0 }) },
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'x', type: 'DOUBLE', repetition_type: 'REQUIRED' }
    ]
  })
  await file.write({ columnData: [{ name: 'x', data: values, encoding: 'PLAIN' }] })
  await file.finish()
  return new Uint8Array(writer.getBuffer())
}

const cells = async (bytes: Uint8Array): Promise<ReadonlyArray<unknown>> =>
  (await collectAsync(rowGroupsOf(Uint8Array.from(bytes).buffer))).flatMap(({ columns: [{ cells }] }) =>
    Array.from(cells)
  )

it('has the numbers that were written', async () => {
  expect(await cells(await packed())).toEqual(values)
})

it('is rejected if a compressed number has changed', async () => {
  const bytes = await packed()
  const at = Buffer.from(bytes).indexOf(Buffer.from(Float64Array.of(values[7]).buffer))
  expect(at).toBeGreaterThan(0)
  await expect(cells(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)))).rejects.toThrow(
    'bytes that do not have their CRC-32'
  )
})
