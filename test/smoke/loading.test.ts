/** The built command in plain Node: what of it is loaded for what is asked. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listedConcepts } from '../../src/cli/commands/list.js'
import { standardVocabulary } from '../../src/cli/glossary.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'ornstein-loading-'))
const [hooks, first, log, model, words] = ['hooks.mjs', 'first.mjs', 'loaded.txt', 'model.json', 'words.mjs'].map(
  name => join(home, name)
)

beforeAll(() => {
  writeFileSync(
    hooks,
    `import { appendFileSync } from 'node:fs'
     export const load = (url, context, next) => {
       appendFileSync(${JSON.stringify(log)}, url + '\\n')
       return next(url, context)
     }`
  )
  // What is required rather than imported passes no hook, but is kept.
  writeFileSync(
    first,
    `import { appendFileSync } from 'node:fs'
     import { createRequire, register } from 'node:module'
     register(${JSON.stringify(pathToFileURL(hooks).href)})
     process.on('exit', () => {
       const { cache } = createRequire(import.meta.url)
       appendFileSync(${JSON.stringify(log)}, Object.keys(cache).join('\\n') + '\\n')
     })`
  )
})

afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

/** The files of the package loaded by a command, and how it ended. */
const loadedBy = (...args: ReadonlyArray<string>): Promise<{ readonly files: ReadonlyArray<string>; code: number }> =>
  new Promise(done => {
    writeFileSync(log, '')
    const main = join(root, 'dist/cli/main.js')
    execFile(process.execPath, ['--import', pathToFileURL(first).href, main, ...args], { cwd: root }, error => {
      const files = readFileSync(log, 'utf8').split('\n')
      done({ files: [...new Set(files)].filter(file => file.includes('/dist/')), code: Number(error?.code ?? 0) })
    })
  })

/** Text that only one part of the program has, by its part: the bundle has no other names. */
const marks = {
  tfjs: '_tfengine',
  compiler: 'a branch on values',
  papaparse: 'BAD_DELIMITERS',
  language: 'variance preserving, a linear rate'
}
/** The parts that are in files. */
const partsIn = (files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const texts = files.map(file => readFileSync(file.startsWith('file:') ? fileURLToPath(file) : file, 'utf8'))
  return Object.entries(marks).flatMap(([part, mark]) => (texts.some(text => text.includes(mark)) ? [part] : []))
}
const bundled = /\/dist\/cli\//

describe('ornstein loads what it needs', () => {
  it('fit: all parts, so that their absence below means something, from a bundle', async () => {
    const { files, code } = await loadedBy(
      ...['fit', 'examples/data/faithful.csv', '-k', '2', '--recipe', 'em', '--family', 'spherical', '--out', model]
    )
    expect(code).toBe(0)
    expect(partsIn(files)).toEqual(Object.keys(marks))
    expect(files.filter(file => !bundled.test(file))).toEqual([])
    expect(files.length).toBeLessThan(100)
  })

  it.each([
    ['fit --help', 0],
    ['fit --componets 3 table.csv', 2],
    ['list schedule --json', 0],
    ['sample MODEL -n 3', 0]
  ])('%s: none of them', async (args, expected) => {
    const { files, code } = await loadedBy(...args.replace('MODEL', model).split(' '))
    expect(code).toBe(expected)
    expect(files.some(file => file.endsWith('dist/cli/ornstein.js'))).toBe(true)
    expect(partsIn(files)).toEqual([])
  })

  it.each(['list --vocabulary VOCABULARY', 'worker --queue redis://127.0.0.1:1'])(
    '%s: the modules of the library, which other code shares',
    async args => {
      writeFileSync(words, `export * from ${JSON.stringify(pathToFileURL(join(root, 'dist/src/index.js')).href)}`)
      const { files } = await loadedBy(...args.replace('VOCABULARY', words).split(' '))
      expect(files.some(file => file.endsWith('dist/src/cli/main.js'))).toBe(true)
      expect(files.filter(file => bundled.test(file))).toHaveLength(1)
    }
  )
})

it('the words that the build has written down are those of the language', () => {
  const written: unknown = JSON.parse(readFileSync(join(root, 'dist/cli/chunks/words.json'), 'utf8'))
  expect(written).toEqual(listedConcepts(standardVocabulary))
})

it.each([
  ['before', 'loads()'],
  ['after', 'first(); loads()']
])('a program that loads all of tfjs %s the first tensor shares the engine with the library', async (_, begin) => {
  const program = join(home, 'shares.mjs')
  const lib = pathToFileURL(join(root, 'dist/lib/index.js')).href
  writeFileSync(
    program,
    `import { strict as assert } from 'node:assert'
     import { createRequire } from 'node:module'
     import { compute, mul, scalar, valueAndGrad } from ${JSON.stringify(lib)}
     let tf
     const loads = () => { tf = createRequire(${JSON.stringify(join(root, 'package.json'))})('@tensorflow/tfjs-core') }
     const first = () => { assert.equal(compute(() => mul(scalar(0.1), 3)).values[0], 0.1 * 3) }
     ${begin}
     const f = ({ a }) => tf.sum(tf.mul(tf.square(a.clone()), scalar(0.1)))
     const { gradient } = valueAndGrad(f)({ a: { shape: [2], values: Float64Array.of(0.1, 0.3) } })
     assert.deepEqual([...gradient.a.values], [2 * 0.1 * 0.1, 2 * 0.3 * 0.1])
     compute(() => {
       const t = scalar(0.3)
       assert.ok(t instanceof tf.Tensor)
       assert.deepEqual([...t.cast('int32').dataSync()], [0])
       assert.equal(t.bufferSync().get(0), 0.3)
       return t
     })`
  )
  await promisify(execFile)(process.execPath, [program], { cwd: root })
})
