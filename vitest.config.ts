import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^ornstein$/, replacement: here('./src/index.ts') },
      { find: /^ornstein\/float64$/, replacement: here('./lib/index.ts') },
      { find: /^ornstein\/laws$/, replacement: here('./src/laws/index.ts') }
    ]
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Vitest leaves one processor free, and a machine of two half idle.
    maxWorkers: '100%',
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // What a run by day leaves out: see test/today.ts.
    env: { NIGHTLY: process.argv.includes('nightly') ? 'yes' : 'no' }
  }
})
