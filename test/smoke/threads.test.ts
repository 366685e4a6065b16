/** The built package in plain Node: threads take part in a large pass, and keep no process alive. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

it('threads keep no process alive', () => {
  const output = execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import * as Fused from './dist/src/fused/index.js'
       import { useThreads } from './dist/lib/index.js'
       useThreads(3)
       const [rows, dim] = [200_000, 8]
       const data = { rows, dim, x: new Float64Array(rows * dim).fill(1), weights: null }
       const mixture = { components: 4, centres: new Float64Array(4 * dim), logits: new Float64Array(4), variances: new Float64Array(4).fill(1), free: true }
       console.log(Fused.expectationPass(data, mixture).mass.reduce((a, b) => a + b, 0).toFixed(9))`
    ],
    { encoding: 'utf8', timeout: 30_000 }
  )
  expect(output.trim()).toBe('1.000000000')
})
