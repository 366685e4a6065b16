import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

// `npm run bits:engines` does the same under each Node that is supported.
it('results of the built package have the stored bits', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('across.js', import.meta.url))])
  expect(stdout).toMatch(/(\d{3}) of \1 results as stored/)
})
