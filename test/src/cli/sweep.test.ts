/** `ornstein sweep`: its lines are those of the fits it names, a sweep goes on where it ended, and what is wrong is told. `npm test` has built what it runs. */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, describe, expect, it } from 'vitest'
import { example } from './harness.js'

const main = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ornstein-sweep-'))
const at = (name: string): string => join(folder, name)
copyFileSync(example('faithful.csv'), at('faithful.csv'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Line {
  readonly seed: number
  readonly result?: Readonly<Record<'family' | 'components' | 'logLikelihood' | 'bic', unknown>>
}

const sweep = (name: string, of: object, out = 'lines'): { status: number | null; stdout: string; stderr: string } => {
  writeFileSync(at(name), JSON.stringify(of))
  return spawnSync(process.execPath, [main, 'sweep', name, '--out', out], { cwd: folder, encoding: 'utf8' })
}
const lines = (): ReadonlyArray<string> => readFileSync(at('lines'), 'utf8').trim().split('\n')

describe('a sweep', () => {
  const fits = { two: { family: 'isotropic', components: 2, recipe: 'em' } }
  const of = { data: ['faithful.csv'], seeds: [0, 1], fits }

  it('has a line for each fit, which is what the fit prints', () => {
    const { status, stdout, stderr } = sweep('sweep.json', of)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/2 fits, of which 0 were in lines already/)
    expect(stdout).toMatch(/faithful\.csv +two +2 of 2/)
    const found = lines().map(line => JSON.parse(line) as { seed: number; result: unknown })
    const alone = ['fit', 'faithful.csv', '--family', 'isotropic', '-k', '2', '--recipe', 'em', '--seed', '1', '--json']
    expect(found.find(({ seed }) => seed === 1)?.result).toEqual(
      JSON.parse(execFileSync(process.execPath, [main, ...alone], { cwd: folder, encoding: 'utf8' }))
    )
  })

  it('goes on where it ended, and after half a line', () => {
    const [first, second] = lines()
    writeFileSync(at('lines'), `${first}\n${second.slice(0, 40)}`)
    const { status, stdout } = sweep('sweep.json', of)
    expect(status).toBe(0)
    expect(stdout).toMatch(/2 fits, of which 1 were in lines already/)
    expect(lines().slice(2)).toEqual([second])
  })

  it('is a table of Parquet where its file is one, of the lines beside it', async () => {
    copyFileSync(at('lines'), at('table.parquet.jsonl'))
    const { status, stdout, stderr } = sweep('sweep.json', of, 'table.parquet')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/2 fits, of which 2 were in table\.parquet\.jsonl already/)
    const file = readFileSync(at('table.parquet'))
    const rows = await parquetReadObjects({ file: file.buffer.slice(file.byteOffset, file.byteOffset + file.length) })
    // one of them is half a line
    const known = lines().flatMap(line => (line.endsWith('}') ? [JSON.parse(line) as Line] : []))
    expect(rows).toEqual(
      of.seeds.map(seed => {
        const line = known.find(one => one.seed === seed)
        const { family, components, logLikelihood, bic } = line?.result ?? {}
        const told = { family, components, logLikelihood, bic, problem: null }
        return { data: 'faithful.csv', fit: 'two', seed, ...told, line: JSON.stringify(line) }
      })
    )
    expect(sweep('sweep.json', of, 'table.csv').stderr).toMatch(
      /--out: table\.csv is not lines of JSON, or a table of Parquet/
    )
  })

  it('tells which fits failed, and tries them again', () => {
    const wrong = { ...of, data: ['faithful.csv', 'none.csv'], seeds: [0] }
    const { status, stderr } = sweep('wrong.json', wrong)
    expect(status).toBe(1)
    expect(stderr).toMatch(/none\.csv, two, seed 0: the fit \(FILE: none\.csv is not a file that exists/)
    copyFileSync(at('faithful.csv'), at('none.csv'))
    expect(sweep('wrong.json', wrong).status).toBe(0)
  })

  it('refuses options that are its own, and words that it does not know', () => {
    const { status, stderr } = sweep('bad.json', { ...of, seeds: [], fits: { a: { out: 'x' } } })
    expect(status).toBe(2)
    expect(stderr).toMatch(/bad\.json, seeds: \[\] is not a list of one or more/)
    expect(stderr).toMatch(/bad\.json, fits\.a: out is not an option of ornstein fit that a sweep leaves open/)
    expect(sweep('bad.json', { ...of, seed: 1 }).stderr).toMatch(/seed: a key is not one of data, seeds, fits/)
  })
})
