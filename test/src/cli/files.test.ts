/** What the command line does to files: never an input, all outputs or none, nothing left behind. */
import { chmodSync, linkSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeFiles } from '../../../src/cli/files.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

const table = 'a,b\n1,2\n3,5\n2,2\n9,8\n8,8\n9,9\n'
const world = nodeFiles([] as unknown as AsyncIterable<string>)
const own = 'is not a file of its own; choose another name: this one is read or written already\n'

describe('an input is never written', () => {
  it.each<[string, (from: string, to: string) => void]>([
    ['a symbolic link', (from, to) => symlinkSync(from, to)],
    ['a hard link', (from, to) => linkSync(from, to)]
  ])('through %s', async (name, join) => {
    const data = here.write(`${name.replaceAll(' ', '-')}.csv`, table)
    join(data, here.at(`${name.replaceAll(' ', '-')}.link`))
    const [csv, link] = ['csv', 'link'].map(end => `${name.replaceAll(' ', '-')}.${end}`)
    for (const [line, option, path] of [
      [`fit @${csv} -k 2 --family isotropic --no-standardize --recipe em --out @${link}`, '--out', link],
      [`fit @${link} -k 2 --family isotropic --no-standardize --recipe em --report @${csv}`, '--report', csv]
    ])
      expect(await ornstein(line)).toEqual({ exit: 2, stdout: '', stderr: `error: ${option}: ${path} ${own}` })
    expect(here.read(csv)).toBe(table)
  })

  it('through a folder that is a link, and one output over another', async () => {
    mkdirSync(here.at('real'))
    symlinkSync(here.at('real'), here.at('linked'))
    symlinkSync(here.at('real/new.json'), here.at('dangling'))
    here.write('real/data.csv', table)
    for (const [line, problem] of [
      [
        'fit @real/data.csv -k 2 --family isotropic --no-standardize --recipe em --out @linked/data.csv',
        '--out: linked/data.csv'
      ],
      [
        'fit @real/data.csv -k 2 --family isotropic --no-standardize --recipe em --out @real/x --report @linked/x',
        '--report: linked/x'
      ],
      [
        'fit @real/data.csv -k 2 --family isotropic --no-standardize --recipe em --out @dangling --report @real/new.json',
        '--report: real/new.json'
      ]
    ])
      expect(await ornstein(line)).toEqual({ exit: 2, stdout: '', stderr: `error: ${problem} ${own}` })
    expect(readdirSync(here.at('real'))).toEqual(['data.csv'])
  })

  it('nor a pipeline or a model', async () => {
    here.write('t.csv', table)
    expect(
      (await ornstein('fit @t.csv -k 2 --family isotropic --no-standardize --recipe em --quiet --out @m.json')).exit
    ).toBe(0)
    for (const name of ['m2.json', 'm2.csv']) linkSync(here.at('m.json'), here.at(name))
    for (const line of [
      'evaluate @m.json @t.csv --responsibilities @m2.csv',
      'fit @t.csv --pipeline @m.json --out @m2.json'
    ])
      expect((await ornstein(line)).stderr).toMatch(/m2\.(csv|json) is not a file of its own/)
  })
})

describe('outputs', () => {
  const write = (...outputs: ReadonlyArray<readonly [string, string]>) =>
    world.writeFiles(outputs.map(([path, text]) => ({ option: '--out', path: here.at(path), text })))()
  const temporary = (): ReadonlyArray<string> => here.list().filter(name => name.endsWith('.tmp'))

  it('are never open to more than their target was', async () => {
    here.write('private', 'old')
    chmodSync(here.at('private'), 0o600)
    const modes: number[] = []
    const done = write(['private', 'x'.repeat(1e7)])
    const ended = Symbol('ended')
    const next = (): Promise<undefined> => new Promise(resolve => setImmediate(resolve, undefined))
    while ((await Promise.race([done.then(() => ended), next()])) !== ended) {
      for (const name of temporary())
        try {
          modes.push(statSync(here.at(name)).mode & 0o777)
        } catch {
          // It has just been renamed.
        }
    }
    expect(new Set(modes)).toEqual(new Set([0o600]))
    expect(statSync(here.at('private')).mode & 0o777).toBe(0o600)
  })
})

describe('standard output', () => {
  it('takes one output, alone', async () => {
    here.write('s.csv', table)
    const { exit, stdout, stderr } = await ornstein(
      'fit @s.csv -k 2 --family isotropic --no-standardize --recipe em --out -'
    )
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ format: 'ornstein-model' })
    expect(here.list()).not.toContain('-')
    here.write('s.json', stdout)
    expect((await ornstein('evaluate @s.json @s.csv --responsibilities -')).stdout).toMatch(/^(row,)?component 1,/)
  })
})
