import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { isSlow } from '../cases.js'

// `npm run bits:engines` does the same under each Node that is supported, with all of them.
it('results of the built package have the stored bits: a third of them (`npm run test:slow`: the others), and each that there is is stored', async () => {
  const across = fileURLToPath(new URL('across.js', import.meta.url))
  for (const part of isSlow ? ['1/3', '2/3'] : ['0/3']) {
    const { stdout } = await promisify(execFile)(process.execPath, [across, part])
    expect(stdout).toMatch(/(\d{2,}) of \1 results as stored/)
  }
})
