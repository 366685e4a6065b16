import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Those of the documentation, which `npm run doctest` writes. */
const examples = 'test/generated/**/*.test.ts'

export default defineConfig({
  resolve: {
    alias: [
      { find: /^ornstein$/, replacement: here('./src/index.ts') },
      { find: /^ornstein\/float64$/, replacement: here('./lib/index.ts') },
      { find: /^ornstein\/laws$/, replacement: here('./src/laws/index.ts') }
    ]
  },
  test: {
    projects: [
      { extends: true, test: { name: 'tests', include: ['test/**/*.test.ts'], exclude: [examples] } },
      // Examples are programs that share nothing: each would load the library anew.
      { extends: true, test: { name: 'examples', include: [examples], isolate: false } }
    ],
    // Vitest leaves one processor free, and a machine of two half idle.
    maxWorkers: '100%',
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // What a run by day leaves out: see test/today.ts.
    env: { NIGHTLY: process.argv.includes('nightly') ? 'yes' : 'no' }
  }
})
