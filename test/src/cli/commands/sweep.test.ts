/** `ornstein sweep`: its lines are those of the fits it names, a sweep goes on where it ended, and what is wrong is told. `npm test` has built what it runs. */
import { spawn, spawnSync } from 'node:child_process'
import { once as onceOf } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { example, place } from '../harness.js'
import { isSlow, once } from '../../../cases.js'

const main = fileURLToPath(new URL('../../../../dist/cli/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ornstein-sweep-'))
const at = (name: string): string => join(folder, name)
copyFileSync(example('faithful.csv'), at('faithful.csv'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Line {
  readonly data: string
  readonly result?: Readonly<Record<'family' | 'components' | 'logLikelihood' | 'bic', unknown>> & {
    readonly labels?: { readonly adjustedRand: number }
  }
}

const sweep = (name: string, of: object): { status: number | null; stdout: string; stderr: string } => {
  writeFileSync(at(name), JSON.stringify(of))
  return spawnSync(process.execPath, [main, 'sweep', name, '--out', 'lines'], { cwd: folder, encoding: 'utf8' })
}
const lines = (): ReadonlyArray<string> => readFileSync(at('lines'), 'utf8').trim().split('\n')
/** What a table came to last; one of the lines may be half of one. */
const lineOf = (data: string): Line => {
  const found = lines()
    .flatMap(line => (line.endsWith('}') ? [JSON.parse(line) as Line] : []))
    .filter(line => line.data === data)
    .at(-1)
  expect(found).toBeDefined()
  return found as Line
}

describe('a sweep', () => {
  const fits = { two: { family: 'isotropic', components: 2, recipe: 'em' } }
  const of = { data: ['faithful.csv', 'none.csv'], seeds: [1], fits }

  once('has a line for each fit, which is what the fit prints, and tells which failed', async () => {
    const { status, stdout, stderr } = sweep('sweep.json', of)
    expect(status).toBe(1)
    expect(stderr).toMatch(/none\.csv, two, seed 1: the fit \(FILE: no such file: none\.csv/)
    expect(stdout).toMatch(/2 fits, 0 of them already in lines/)
    expect(stdout).toMatch(/faithful\.csv +two +1 of 1/)
    const here = place()
    const alone = await here.ornstein('fit %faithful.csv --family isotropic -k 2 --recipe em --seed 1 --json')
    here.remove()
    expect(lineOf('faithful.csv').result).toEqual(JSON.parse(alone.stdout))
    expect(lineOf('none.csv').result).toBe(undefined)
  })

  once('goes on where it ended, after half a line, and tries again what failed', () => {
    const known = lines()
    writeFileSync(at('lines'), `${known.join('\n')}\n${known[0].slice(0, 40)}`)
    copyFileSync(at('faithful.csv'), at('none.csv'))
    const { status, stdout } = sweep('sweep.json', of)
    expect(status).toBe(0)
    expect(stdout).toMatch(/2 fits, 1 of them already in lines/)
    const [, , , ...more] = lines()
    expect(more.map(line => JSON.parse(line) as Line)).toEqual([
      expect.objectContaining({ data: 'none.csv', result: lineOf('faithful.csv').result })
    ])
  })

  it.runIf(isSlow)('has the Rand index of fits that are held against labels', () => {
    copyFileSync(example('iris.csv'), at('iris.csv'))
    const labelled = { full: { family: 'full', components: 3, recipe: 'em', labels: 'Species' } }
    const { status, stdout } = sweep('labelled.json', { data: ['iris.csv'], seeds: [1], fits: labelled })
    expect(status).toBe(0)
    const [, index] = /Rand, of the best\n.* ([01]\.\d{3})\n/.exec(stdout) ?? []
    const { adjustedRand } = lineOf('iris.csv').result?.labels ?? { adjustedRand: NaN }
    expect(index).toBe(adjustedRand.toFixed(3))
  })

  it.runIf(isSlow)('ends at a signal with the lines that it has, leaves no fit behind, and goes on', async () => {
    // as no other's
    const many = 100_000 + process.pid
    const long = {
      ...of,
      data: ['faithful.csv'],
      fits: { em: fits.two, grown: { bootstrap: many, components: 3 } }
    }
    writeFileSync(at('long.json'), JSON.stringify(long))
    const child = spawn(process.execPath, [main, 'sweep', 'long.json', '--out', 'long', '--jobs', '1'], { cwd: folder })
    let stdout = ''
    child.stdout.on('data', (text: Buffer) => {
      stdout += text.toString()
    })
    const found = (): ReadonlyArray<string> =>
      existsSync(at('long')) ? readFileSync(at('long'), 'utf8').trim().split('\n') : []
    while ((found()[0] ?? '') === '') await new Promise(resolve => setTimeout(resolve, 20))
    child.kill('SIGTERM')
    const [code] = (await onceOf(child, 'close')) as [number]
    expect(code).toBe(143)
    expect(found()).toHaveLength(1)
    expect(stdout).toMatch(/2 fits, 0 of them already in long; stopped by SIGTERM, the same command resumes\./)
    const left = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout
    expect(left).not.toContain(`--bootstrap=${many}`)
  })

  once('refuses options that are its own, and words that it does not know', async () => {
    const here = place()
    const refused = async (of: object): Promise<string> => {
      here.write('bad.json', JSON.stringify(of))
      const { exit, stderr } = await here.ornstein('sweep @bad.json --out @lines')
      expect(exit).toBe(2)
      return stderr
    }
    expect(await refused({ ...of, fits: { ...fits, h: { help: true } } })).toMatch(
      /^error: bad\.json, fits\.h: help is not an option of ornstein fit that a sweep leaves open; .*\n$/
    )
    const stderr = await refused({ ...of, seeds: [], fits: { a: { out: 'x' } } })
    expect(stderr).toMatch(/bad\.json, seeds: \[\] is not a list of one or more/)
    expect(stderr).toMatch(/bad\.json, fits\.a: out is not an option of ornstein fit that a sweep leaves open/)
    expect(await refused({ ...of, fits: { ...fits, n: { columns: 'a\0b' } } })).toMatch(
      /bad\.json, fits\.n, columns: "a\\u0000b" is not text without NUL/
    )
    expect(await refused({ ...of, seed: 1 })).toMatch(/seed: a key is not one of data, seeds, fits/)
    here.remove()
  })
})
