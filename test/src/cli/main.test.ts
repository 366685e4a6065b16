/** The command as a process. `npm test` has built it. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { example, place } from './harness.js'
import { isSlow, once } from '../../cases.js'

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const here = place()
afterAll(here.remove)
beforeAll(async () => {
  await here.ornstein(
    'fit %faithful.csv -k 2 --family isotropic --no-standardize --recipe em --quiet --out @model.json'
  )
})

const ended = (command: string): Promise<{ exit: number | null; stdout: string; stderr: string }> =>
  new Promise(resolve => {
    execFile('sh', ['-c', command], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })

describe('the command', () => {
  once('knows its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--version'])
    expect(stdout).toBe(`${version}\n`)
  })

  once('ends quietly when nobody reads on', async () => {
    const child = spawn(process.execPath, [main, 'sample', here.at('model.json'), '-n', '1000000000'])
    let complaint = ''
    child.stderr.on('data', (data: Buffer) => {
      complaint += data.toString()
    })
    const code = await new Promise(resolve => {
      child.stdout.once('data', () => child.stdout.destroy())
      child.once('exit', resolve)
    })
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' })
  })

  once('ends though its input, which it need not read, is open', async () => {
    const line = [main, 'fit', example('faithful.csv'), '--out', '-', '--report', '-']
    const child = spawn(process.execPath, line, { stdio: ['pipe', 'ignore', 'ignore'] })
    expect(await new Promise(resolve => child.once('exit', resolve))).toBe(2)
  })

  it.runIf(!isSlow && existsSync('/dev/full'))('says that a disk is full, in one line', async () => {
    const { exit, stderr } = await ended(
      `"${process.execPath}" "${main}" sample "${here.at('model.json')}" > /dev/full`
    )
    expect(exit).toBe(1)
    expect(stderr).toMatch(/^error: standard output: .*\n$/)
  })

  it.runIf(!isSlow && existsSync('/proc/self/fd'))('writes to what is no plain file without replacing it', async () => {
    // As /dev/stdout is, but not the machine's own.
    symlinkSync('/proc/self/fd/1', here.at('stdout'))
    const { exit, stdout } = await ended(
      `"${process.execPath}" "${main}" fit "${example('faithful.csv')}" -k 2 --family isotropic --recipe em --quiet --out "${here.at('stdout')}" | cat`
    )
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ format: 'ornstein-model' })
    expect(lstatSync(here.at('stdout')).isSymbolicLink()).toBe(true)
  })

  it.runIf(isSlow)('ends a sweep whose lines have no more room, in one line', async () => {
    const fits = { one: { components: 1, family: 'isotropic', recipe: 'em' } }
    here.write('sweep.json', JSON.stringify({ data: [example('faithful.csv')], seeds: [1, 2], fits }))
    // A limit on the length of files is a full disk.
    const full = `cd ${here.at('')}; trap '' XFSZ; ulimit -f 0`
    expect(await ended(`${full}; "${process.execPath}" "${main}" sweep sweep.json --out lines`)).toEqual({
      exit: 1,
      stdout: '',
      stderr: 'error: --out: lines is not of a size that is allowed; raise the limit (ulimit -f)\n'
    })
  })

  once('says at the first Ctrl-C that it stops, and quits at the second though a step blocks', async () => {
    const library = new URL('../../../dist/src/index.js', import.meta.url).href
    here.write(
      'blocks.mjs',
      `import { writeFileSync } from 'node:fs'
       import { Field, Optimizer, Params } from ${JSON.stringify(library)}
       import * as t from ${JSON.stringify(import.meta.resolve('io-ts'))}
       export const endless = Optimizer.define({
         name: 'endless', about: 'a step without an end', fields: {}, memory: t.null, init: () => () => null,
         update: () => gradient => {
           writeFileSync(${JSON.stringify(here.at('blocked'))}, '')
           for (;;) Params.mapValues(g => g)(gradient)
         }
       })`
    )
    const { stdout } = await here.ornstein('fit %faithful.csv --recipe two-stage -k 2 --print-pipeline')
    const pipeline = JSON.parse(stdout) as { readonly stages: ReadonlyArray<object> }
    const stages = [{ ...pipeline.stages[0], optimizer: { _tag: 'endless' } }]
    here.write('blocks.json', JSON.stringify({ ...pipeline, stages }))
    const named = ['--pipeline', here.at('blocks.json'), '--vocabulary', here.at('blocks.mjs')]
    const child = spawn(process.execPath, [main, 'fit', example('faithful.csv'), ...named])
    let said = ''
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString()
    })
    const end = new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal, said })))
    const later = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 20))
    while (!existsSync(here.at('blocked')) && child.exitCode === null) await later()
    child.kill('SIGINT')
    while (!said.includes('\n') && child.exitCode === null) await later()
    child.kill('SIGINT')
    expect(await end).toEqual({
      code: null,
      signal: 'SIGINT',
      said: 'stopping … press Ctrl-C again to quit\n'
    })
  })

  once('shows no trace of its inside for a mistake', async () => {
    const { exit, stderr } = await ended(`"${process.execPath}" "${main}" fit /no/such/file`)
    expect(exit).toBe(2)
    expect(stderr).toBe('error: FILE: no such file: /no/such/file; check the path\n')
  })
})
