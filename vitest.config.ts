import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { today } from './test/today.js'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * What counts threads, memory or programs, or puts something in the place of what a module has, has a worker to itself. All others
 * share nothing but the library, which each would load anew: one worker takes one after another.
 */
const alone = [
  'test/lib/{tensors/backend,simd}.test.ts',
  'test/lib/compiler/compile.test.ts',
  'test/src/memory.test.ts'
]

/** What starts servers, browsers and programs, and waits for them. */
const waiting = ['test/{bits,browser,smoke}/**/*.test.ts', 'test/src/cluster/**/*.test.ts']

/** Programs of the paper that take seconds: one of them by day, another the next. */
const inTurn = [
  ...['expectation-maximization', 'general-mixtures', 'maximum-likelihood', 'over-parameterized'],
  ...['sampling', 'spectral', 'two-gaussians', 'warm-start']
].map(name => `test/paper/${name}.test.ts`)
const isNightly = process.argv.includes('nightly')
const elsewhen = inTurn.filter((_, i) => !isNightly && i !== today % inTurn.length)

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
      {
        extends: true,
        test: { name: 'waiting', include: waiting, isolate: false, setupFiles: ['test/fresh.ts'], maxWorkers: 3 }
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, setupFiles: ['test/fresh.ts'], sequence: { groupOrder: 1 } }
      },
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [...waiting, ...alone, ...elsewhen],
          isolate: false,
          setupFiles: ['test/fresh.ts'],
          // A worker goes on to the next file only where all in the queue are of this kind.
          sequence: { groupOrder: 2 }
        }
      }
    ],
    // Vitest leaves one processor free, and a machine of two half idle.
    maxWorkers: '100%',
    // Most of a test runs once: V8 optimizes only what stays hot, and collects less often.
    execArgv: ['--interrupt-budget=2000000', '--min-semi-space-size=64', '--max-semi-space-size=64'],
    // What a module was made into is kept for the next run, by its text.
    experimental: { fsModuleCache: true },
    // What is built is loaded as users load it, by Node.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // What a run by day leaves out: see test/today.ts.
    env: { NIGHTLY: isNightly ? 'yes' : 'no' }
  }
})
