/** `ornstein sweep`: its lines are those of the fits it names, a sweep goes on where it ended, and what is wrong is told. `npm test` has built what it runs. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, describe, expect, it } from 'vitest'
import type * as Fitting from '../../../../src/cli/sweptFit.js'
import { sampled } from '../../../today.js'
import { example, place } from '../harness.js'

const main = fileURLToPath(new URL('../../../../dist/src/cli/main.js', import.meta.url))
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

  it('has a line for each fit, which is what the fit prints', async () => {
    const { status, stdout, stderr } = sweep('sweep.json', of)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/2 fits, 0 of them already in lines/)
    expect(stdout).toMatch(/faithful\.csv +two +2 of 2/)
    const found = lines().map(line => JSON.parse(line) as { seed: number; result: unknown })
    const here = place()
    const alone = await here.ornstein('fit %faithful.csv --family isotropic -k 2 --recipe em --seed 1 --json')
    here.remove()
    expect(found.find(({ seed }) => seed === 1)?.result).toEqual(JSON.parse(alone.stdout))
  })

  it('goes on where it ended, and after half a line', () => {
    const [first, second] = lines()
    writeFileSync(at('lines'), `${first}\n${second.slice(0, 40)}`)
    const { status, stdout } = sweep('sweep.json', of)
    expect(status).toBe(0)
    expect(stdout).toMatch(/2 fits, 1 of them already in lines/)
    expect(lines().slice(2)).toEqual([second])
  })

  it.each(
    sampled(2)([
      ['parquet', (file: Uint8Array) => parquetReadObjects({ file: Uint8Array.from(file).buffer })],
      [
        'arrow',
        (file: Uint8Array) =>
          Promise.resolve(
            tableFromIPC(file)
              .toArray()
              .map(row => ({ ...row }) as unknown)
          )
      ]
    ] as const)
  )('is a table of %s where its file is one, of the lines beside it', async (end, read) => {
    const name = `table.${end}`
    copyFileSync(at('lines'), at(`${name}.jsonl`))
    const { status, stdout, stderr } = sweep('sweep.json', of, name)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`2 fits, 2 of them already in ${name}.jsonl`)
    const file = readFileSync(at(name))
    // a file, not a stream of it, which DuckDB and pandas open by its name
    if (end === 'arrow')
      expect([file.toString('latin1', 0, 6), file.toString('latin1', file.length - 6)]).toEqual(['ARROW1', 'ARROW1'])
    const rows = await read(file)
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
  })

  it('tells which fits failed, and tries them again', () => {
    const wrong = { ...of, data: ['none.csv'], seeds: [0] }
    const { status, stderr } = sweep('wrong.json', wrong)
    expect(status).toBe(1)
    expect(stderr).toMatch(/none\.csv, two, seed 0: the fit \(FILE: none\.csv is not a file that exists/)
    copyFileSync(at('faithful.csv'), at('none.csv'))
    expect(sweep('wrong.json', wrong).status).toBe(0)
  })

  it('refuses options by which nothing is fitted, and tells what else prints no fit', async () => {
    const { status, stderr } = sweep('help.json', { ...of, fits: { ...fits, h: { help: true } } }, 'help')
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        /^error: help\.json, fits\.h: help is not an option of ornstein fit that a sweep leaves open; .*\n$/
      ) as string
    })
    const fitting = (await import(new URL('sweptFit.js', pathToFileURL(main)).href)) as typeof Fitting
    const asked = { data: 'faithful.csv', seed: 0, options: { help: true } }
    const problem = 'ornstein fit printed no fit but "Usage: ornstein fit [options] <FILE>"'
    expect(await fitting.fitted(asked, { cwd: folder })).toEqual({ problem })
    // as a worker is told by whoever does not look
    const told = await fitting.fitting(folder)(fitting.described(asked, ''), new AbortController().signal)
    expect(told).toEqual({ problem: expect.stringContaining('options: help is not an option') as string })
  })

  it('ends at a signal with the lines that it has, leaves no fit behind, and goes on', async () => {
    // as no other's
    const many = 100_000 + process.pid
    const long = {
      data: ['faithful.csv'],
      seeds: [0],
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
    const [code] = (await once(child, 'close')) as [number]
    expect(code).toBe(143)
    expect(found()).toHaveLength(1)
    expect(stdout).toMatch(/2 fits, 0 of them already in long; stopped by SIGTERM, the same command resumes\./)
    const left = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout
    expect(left).not.toContain(`--bootstrap=${many}`)
  })

  it('refuses options that are its own, words that it does not know, and tables that it does not write', async () => {
    const here = place()
    const refused = async (of: object, out = 'lines'): Promise<string> => {
      here.write('bad.json', JSON.stringify(of))
      const { exit, stderr } = await here.ornstein(`sweep @bad.json --out @${out}`)
      expect(exit).toBe(2)
      return stderr
    }
    const stderr = await refused({ ...of, seeds: [], fits: { a: { out: 'x' } } })
    expect(stderr).toMatch(/bad\.json, seeds: \[\] is not a list of one or more/)
    expect(stderr).toMatch(/bad\.json, fits\.a: out is not an option of ornstein fit that a sweep leaves open/)
    expect(await refused({ ...of, seed: 1 })).toMatch(/seed: a key is not one of data, seeds, fits/)
    expect(await refused(of, 'table.csv')).toMatch(/--out: table\.csv is not lines of JSON, or a table of Parquet/)
    here.remove()
  })
})
