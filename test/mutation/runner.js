/**
 * A Stryker test runner for thousands of mutants of a library whose whole test file takes milliseconds.
 *
 * Stryker's runner for Vitest starts a worker and imports every module again for each mutant: over half a second, in
 * which no test runs. Here the tests that guard a file are bundled once, with all that they import; the bundle is
 * evaluated anew for each mutant, in milliseconds, and the tests run, the quickest first, until one fails. What a module
 * computes while it is loaded is therefore mutated too, and no mutant sees what an earlier one left behind. `expect` is
 * Vitest's own.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { Script } from 'node:vm'
import { build } from 'vite'
import { chai, expect, vi } from 'vitest'
import { guards } from './guards.js'

// Vitest's own needs its worker; of a text in one line it is this.
chai.use(({ Assertion, AssertionError }) => {
  Assertion.addMethod('toMatchInlineSnapshot', function (snapshot) {
    const found = `"${String(this._obj)}"`
    if (found !== snapshot) throw new AssertionError(`${found} is not ${snapshot}`)
  })
})

const here = path => resolve(process.cwd(), path)
const builtins = new Set(builtinModules.flatMap(name => [name, `node:${name}`]))
const alias = [
  { find: /^ornstein$/, replacement: here('src/index.ts') },
  { find: /^ornstein\/float64$/, replacement: here('lib/index.ts') },
  { find: /^ornstein\/laws$/, replacement: here('src/laws/index.ts') }
]

/** One module that imports the files in order, and says before each whose tests come next. */
const entry = files => ({
  name: 'entry',
  resolveId: id => (id === 'all-tests' || id.startsWith('next:') ? `\0${id}` : undefined),
  load: id =>
    id === '\0all-tests'
      ? files.flatMap(file => [`import 'next:${file}'`, `import ${JSON.stringify(here(file))}`]).join('\n')
      : id.startsWith('\0next:')
        ? `globalThis.__nextTests__(${JSON.stringify(id.slice(6))})`
        : undefined,
  transform: (code, id) => code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
})

/** The bundle of some test files, kept beside the mutated sources for when the process starts again after a timeout. */
const bundled = async files => {
  const folder = here('.bundles')
  const path = resolve(folder, `${createHash('sha1').update(files.join()).digest('hex')}.cjs`)
  if (!existsSync(path)) {
    const built = await build({
      configFile: false,
      root: process.cwd(),
      logLevel: 'error',
      mode: 'test',
      resolve: { alias },
      plugins: [entry(files)],
      ssr: { noExternal: true, target: 'node' },
      build: {
        ssr: true,
        write: false,
        minify: false,
        target: 'node20',
        rollupOptions: {
          input: 'all-tests',
          external: id => id === 'vitest' || builtins.has(id),
          treeshake: false,
          output: { format: 'cjs' }
        }
      }
    })
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, [built].flat()[0].output[0].code)
  }
  return new Script(`(function (require, module, exports) {${readFileSync(path, 'utf8')}\n})`, {
    filename: path
  }).runInThisContext()
}

/** `%s`, `$name` and `$a.b` in the title of a test made by `each`. */
const titled = (template, args, index) => {
  const holes = template.match(/%[a-zA-Z]/g)?.length ?? 0
  const filled = format(template.replaceAll('%#', String(index)), ...args.slice(0, holes))
  return filled.replace(/\$([\w.]+)/g, (whole, path) => {
    const found = path.split('.').reduce((value, key) => value?.[key], args[0])
    return found === undefined ? whole : String(found)
  })
}

/** A run of a bundle: what Vitest's `describe`, `it` and hooks have collected. */
const collected = evaluate => {
  const tests = []
  const suite = (name, parent) => ({ name, parent, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] })
  const names = new Map()
  let file = ''
  let current = suite('', undefined)

  const each = define => rows => (title, body) =>
    rows.forEach((row, index) => {
      const args = Array.isArray(row) ? row : [row]
      define(titled(title, args, index), () => body(...args))
    })
  const it = (title, body) => {
    const path = []
    for (let at = current; at !== undefined; at = at.parent) path.unshift(at)
    const name = [...path.map(at => at.name), title].filter(part => part !== '').join(' ')
    const same = (names.get(file + name) ?? 0) + 1
    names.set(file + name, same)
    tests.push({ file, name, id: `${file}#${name}${same === 1 ? '' : ` (${String(same)})`}`, path, body })
  }
  const describe = (title, body) => {
    const outer = current
    current = suite(title, outer)
    body()
    current = outer
  }
  const hook = kind => body => void current[kind].push(body)
  const nothing = Object.assign(() => undefined, { each: () => () => undefined })
  Object.assign(it, { each: each(it), runIf: condition => (condition ? it : nothing), skip: nothing })
  Object.assign(describe, { each: each(describe), runIf: condition => (condition ? describe : nothing), skip: nothing })

  const vitest = { describe, it, test: it, expect, vi }
  for (const kind of ['beforeAll', 'afterAll', 'beforeEach', 'afterEach']) vitest[kind] = hook(kind)

  globalThis.__nextTests__ = next => {
    file = next
    current = suite('', undefined)
  }
  delete globalThis._tfengine // where tfjs keeps its engine: each evaluation has a new one
  evaluate(id => (id === 'vitest' ? vitest : process.getBuiltinModule(id)), { exports: {} }, {})
  return tests
}

/** As Stryker numbers them. */
const [SUCCEEDED, FAILED] = [0, 1]

/** A test that takes more milliseconds of the processor than this is not run on mutants. */
const SLOW = 500

/** How long each test took on the code as it is: in a file, for when the process starts again after a timeout. */
const durations = () => here('.bundles/durations.json')

/** Runs tests in turn, until one fails if `bail`. */
const run = async (tests, bail, before) => {
  const started = new Set()
  const results = []
  const once = async ({ id, name, file, path, body }) => {
    const start = process.cpuUsage()
    const done = status => {
      const { user, system } = process.cpuUsage(start)
      return { id, name, fileName: here(file), timeSpentMs: (user + system) / 1000, ...status }
    }
    try {
      for (const suite of path) {
        if (started.has(suite)) continue
        started.add(suite)
        for (const hook of suite.beforeAll) await hook()
      }
      for (const suite of path) for (const hook of suite.beforeEach) await hook()
      await body()
      for (const suite of path.toReversed()) for (const hook of suite.afterEach) await hook()
      return done({ status: SUCCEEDED })
    } catch (error) {
      return done({ status: FAILED, failureMessage: String(error instanceof Error ? error.message : error) })
    }
  }
  for (const test of tests) {
    before(test)
    const result = await once(test)
    results.push(result)
    if (bail && result.status === FAILED) break
  }
  for (const suite of started) for (const hook of suite.afterAll) await hook()
  return results
}

const guarding = sources => [...new Set(sources.flatMap(source => guards[source.replace(/^.*\bsrc\//, '')] ?? []))]

class BundleTestRunner {
  #namespace = (globalThis.__stryker__ ??= {})
  #bundles = new Map()

  capabilities() {
    return { reloadEnvironment: true }
  }

  async #evaluator(files) {
    const key = files.join()
    const known = this.#bundles.get(key) ?? (await bundled(files))
    this.#bundles.set(key, known)
    return known
  }

  async dryRun({ files }) {
    const stryker = this.#namespace
    stryker.activeMutant = undefined
    const tests = collected(await this.#evaluator(guarding(files)))
    const results = await run(tests, false, ({ id }) => {
      stryker.currentTestId = id
    })
    stryker.currentTestId = undefined
    writeFileSync(
      durations(),
      JSON.stringify(Object.fromEntries(results.map(({ id, timeSpentMs }) => [id, timeSpentMs])))
    )
    return { status: 'complete', tests: results, mutantCoverage: stryker.mutantCoverage }
  }

  async mutantRun({ activeMutant, hitLimit, mutantActivation, sandboxFileName, testFilter }) {
    const stryker = this.#namespace
    const evaluate = await this.#evaluator(guarding([sandboxFileName]))
    stryker.hitCount = 0
    stryker.hitLimit = hitLimit
    stryker.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined
    try {
      const chosen = testFilter === undefined ? undefined : new Set(testFilter)
      const took = JSON.parse(readFileSync(durations(), 'utf8'))
      const duration = ({ id }) => took[id] ?? 0
      const tests = collected(evaluate)
        .filter(test => duration(test) < SLOW && (chosen === undefined || chosen.has(test.id)))
        .sort((a, b) => duration(a) - duration(b))
      stryker.activeMutant = activeMutant.id
      const results = await run(tests, true, () => undefined)
      const failed = results.find(({ status }) => status === FAILED)
      if (stryker.hitCount > hitLimit) return { status: 'timeout', reason: `hit more than ${String(hitLimit)} times` }
      return failed === undefined
        ? { status: 'survived', nrOfTests: results.length }
        : { status: 'killed', killedBy: [failed.id], failureMessage: failed.failureMessage, nrOfTests: results.length }
    } catch (error) {
      return { status: 'killed', killedBy: [], failureMessage: `does not load: ${String(error)}`, nrOfTests: 0 }
    }
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'bundle', injectableClass: BundleTestRunner }]
