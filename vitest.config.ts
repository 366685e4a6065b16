import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * Files of the language, its laws, its examples: pure, they share nothing but the library, and each would load it anew. One
 * worker takes one after another. What counts threads, memory and files has a worker to itself.
 */
const pure = [
  'test/{generated,laws,oracle,paper,types}/**/*.test.ts',
  'test/src/{compile,core,data,fit,mixture,net,objective,optimizer,pipeline,report,sampler,schedule,score}/**/*.test.ts'
]

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
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: pure } },
      {
        extends: true,
        test: {
          name: 'pure',
          include: pure,
          isolate: false,
          setupFiles: ['test/fresh.ts'],
          // A worker goes on to the next file only where all in the queue are of this kind.
          sequence: { groupOrder: 1 }
        }
      }
    ],
    // Vitest leaves one processor free, and a machine of two half idle.
    maxWorkers: '100%',
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // What a run by day leaves out: see test/today.ts.
    env: { NIGHTLY: process.argv.includes('nightly') ? 'yes' : 'no' }
  }
})
