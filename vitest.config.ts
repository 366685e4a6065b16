import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Whole studies, and all cases of what other files take a part of: `npm run test:slow`. */
const isSlow = process.argv[process.argv.indexOf('--mode') + 1] === 'slow'
const slow = 'test/**/*.slow.test.ts'
const end = isSlow ? '.slow.test.ts' : '.test.ts'
const notOurs = isSlow ? [] : [slow]

/**
 * What counts threads, memory or programs, or puts something in the place of what a module has, has a worker to itself. All others
 * share nothing but the library, which each would load anew: one worker takes one after another.
 */
const alone = ['lib/tensors/backend', 'lib/wasm/simd', 'lib/compiler/compile', 'src/memory'].map(
  path => `test/${path}${end}`
)

/** Folders of what starts servers, browsers and programs, and waits for them. */
const waiting = ['test/bits/', 'test/browser/', 'test/smoke/', 'test/src/cluster/']
const inWaiting = waiting.map(folder => `${folder}**/*${end}`)

/** Paths that were asked for: a project of which none is, is not begun. */
const asked = process.argv.slice(2).filter(argument => argument.startsWith('test/'))
const isAsked = (path: string): boolean =>
  asked.length === 0 || asked.some(one => path.startsWith(one) || one.startsWith(path))

/**
 * Files that take more than 10 s of processor time in their suite, longest first. One of them that is started last keeps one processor
 * busy and the others idle.
 */
const longest = (
  isSlow
    ? [
        'test/src/whole',
        'test/src/cluster/killed',
        'test/laws/whole',
        'test/browser/playground',
        'test/src/population/examples',
        'test/src/compile/whole',
        'test/smoke/package',
        'test/src/mixture/families/whole',
        'test/src/fit/whole',
        'test/src/cli/damaged',
        'test/src/memory',
        'test/browser/site',
        'test/research/research',
        'test/src/cli/stream',
        'test/src/cli/checkpoint',
        'test/paper/two-gaussians',
        'test/src/pipeline/whole',
        'test/src/sampler/whole',
        'test/src/fit/wideTables',
        'test/lib/compiler/fuzz',
        'test/bits/bits',
        'test/src/population/whole',
        'test/paper/warm-start'
      ]
    : [
        'test/laws/power',
        'test/laws/arbitraries',
        'test/generated/examples/docs/tutorial',
        'test/browser/questions',
        'test/smoke/package',
        'test/laws/vocabulary',
        'test/src/mixture/families/table',
        'test/src/cli/cli',
        'test/src/mixture/families/everything',
        'test/src/population/unresolved',
        'test/src/cli/damaged',
        'test/bits/bits',
        'test/src/cli/stream',
        'test/src/fit/wideTables',
        'test/src/fit/fit'
      ]
).map(name => here(`./${name}${end}`))

/**
 * Sorts the files: `waiting` first, then `longest`, all others by Vitest's own rule. A worker is kept for the next file in the queue only if
 * both belong to one project, so the files of a project follow one another.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const group = ({ project }: TestSpecification): number => (project.name === 'waiting' ? 0 : 1)
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.indexOf(moduleId)
      return at < 0 ? longest.length : at
    }
    const sorted = await super.sort(files)
    return sorted.sort((one, other) => group(one) - group(other) || rank(one) - rank(other))
  }
}

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
        extends: true as const,
        test: {
          name: 'pure',
          include: [`test/**/*${end}`],
          exclude: [...inWaiting, ...alone, ...notOurs],
          isolate: false,
          setupFiles: ['test/fresh.ts']
        }
      },
      ...(waiting.some(isAsked)
        ? [
            {
              extends: true as const,
              test: {
                name: 'waiting',
                include: inWaiting,
                exclude: notOurs,
                isolate: false,
                setupFiles: ['test/fresh.ts']
              }
            }
          ]
        : []),
      ...(alone.some(isAsked)
        ? [
            {
              extends: true as const,
              test: { name: 'alone', include: alone, setupFiles: ['test/fresh.ts'], sequence: { groupOrder: 1 } }
            }
          ]
        : [])
    ],
    sequence: { sequencer: LongestFirst },
    // One more than processors, because some tests wait for servers, browsers and programs.
    maxWorkers: availableParallelism() + 1,
    // Most of a test runs once: V8 compiles at once but optimizes only what stays hot, and collects less often.
    execArgv: [
      '--always-sparkplug',
      '--interrupt-budget=2000000',
      '--min-semi-space-size=64',
      '--max-semi-space-size=64'
    ],
    // What a module was made into is kept for the next run, by its text.
    experimental: { fsModuleCache: true },
    // What is built is loaded as users load it, by Node.
    server: { deps: { external: [/\/dist\//] } },
    // Of what hangs: a machine may have much else to do.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // What takes a part of its cases takes all: see test/cases.ts.
    env: { SLOW: isSlow ? 'yes' : 'no' }
  }
})
