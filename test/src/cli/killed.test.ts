/**
 * Model and report after a run that was killed, before every change that it makes and in the middle of what it writes: the
 * next run, or who reads the model, finds both old or both new, and nothing is left behind. `npm test` has built what is
 * killed here.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { files } from '../../../src/cli/files.js'
import { isNight, sampled } from '../../today.js'

const built = new URL('../../../dist/src/cli/files.js', import.meta.url).href
const world = files([] as unknown as AsyncIterable<string>)

/** Does something to files, and kills itself before the change of a number; it prints the changes, and how it went. */
const program = `
  import fs from 'node:fs/promises'
  import { syncBuiltinESMExports } from 'node:module'
  const [kill, fail, work, ...paths] = process.argv.slice(1)
  const changes = []
  const point = what => { if (changes.push(what) === Number(kill)) process.kill(process.pid, 'SIGKILL') }
  let renames = 0
  const before = (of, name, also) => {
    const call = of[name]
    of[name] = async function (...args) { await also.apply(this, args); return call.apply(this, args) }
  }
  const handle = await fs.open(process.execPath)
  const methods = Object.getPrototypeOf(handle)
  await handle.close()
  const write = methods.writeFile
  before(methods, 'writeFile', async function (text) {
    if (changes.length + 1 === Number(kill)) await write.call(this, text.slice(0, text.length / 2))
    point('the second half')
  })
  before(fs, 'open', (path, flags) => { if (flags !== 'r') point('open ' + path.replace(/.*[.]/, '')) })
  before(fs, 'link', () => point('link'))
  before(fs, 'rm', path => point('rm'))
  before(fs, 'rename', (from, to) => {
    point('rename to ' + to.replace(/.*[.]/, ''))
    if (++renames === Number(fail)) throw Object.assign(new Error('refused'), { code: 'EPERM' })
  })
  syncBuiltinESMExports()
  const { files } = await import(${JSON.stringify(built)})
  const world = files([])
  const outputs = paths.map(path => ({ option: '--out', path, text: 'new '.repeat(1000) }))
  const done = work === 'write' ? await world.writeFiles(outputs)() : await world.checkOutputs([], outputs)()
  console.log(JSON.stringify({ changes, tag: done._tag }))
  process.exit(0)`

/** What a child that was not killed did; null of one that was. */
type Ended = { readonly changes: ReadonlyArray<string>; readonly tag: string } | null

const child = (work: 'write' | 'check', kill: number, fail: number, paths: ReadonlyArray<string>): Ended => {
  const args = ['--input-type=module', '-e', program, String(kill), String(fail), work, ...paths]
  const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (signal === 'SIGKILL') return null
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Ended
}

interface Scene {
  readonly paths: readonly [model: string, report: string]
  readonly before: string | null
}

/** Model and report in folders, with what was there before. */
const scene = (folder: string, names: readonly [string, string], before: string | null): Scene => {
  rmSync(folder, { recursive: true, force: true })
  const [model, report] = names.map(name => join(folder, name))
  for (const path of [model, report]) {
    mkdirSync(dirname(path), { recursive: true })
    if (before !== null) writeFileSync(path, before)
  }
  return { paths: [model, report], before }
}

const what = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8').slice(0, 3) : 'none')
const temporaries = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.includes('.ornstein-'))

/** What somebody finds who comes after a run that was killed. */
type Next = (scene: Scene) => Promise<unknown>

const next: Readonly<Record<string, Next>> = {
  'reads the model': ({ paths: [model] }) => world.readText('MODEL', model)(),
  'writes a model there': ({ paths: [path] }) => world.checkOutputs([], [{ option: '--out', path }])(),
  'writes a report there': ({ paths: [, path] }) => world.checkOutputs([], [{ option: '--report', path }])()
}

const folder = mkdtempSync(join(tmpdir(), 'ornstein-killed-'))
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true })
})

const together: readonly [string, string] = ['model.json', 'report.html']
const apart: readonly [string, string] = ['models/model.json', 'reports/report.html']

const never = 0

describe.each<[string, readonly [string, string], string | null, number, string]>([
  ['in one folder, the old replaced', together, 'old', never, 'reads the model'],
  ['in two folders, nothing there before', apart, null, never, 'writes a report there'],
  // The first rename is that of the journal.
  ['in one folder, taken back because the second cannot be put in place', together, 'old', 3, 'writes a model there'],
  ['in two folders, taken back, nothing there before', apart, null, 3, 'reads the model']
])('a run killed while it writes %s', (_, names, before, fail, who) => {
  it(`leaves a pair to who ${who}`, async () => {
    const whole = child('write', never, fail, scene(folder, names, before).paths)
    if (whole === null) throw new Error('killed by another')
    expect(whole.tag).toBe(fail === never ? 'Right' : 'Left')
    // What is temporary is made as in the first.
    const from = names === together && fail === never ? 1 : whole.changes.indexOf('open journal')
    const ends = new Set<string>()
    const kills = Array.from({ length: whole.changes.length - from + 1 }, (_, i) => from + i)
    for (const kill of sampled(6)(kills)) {
      const here = scene(folder, names, before)
      expect(child('write', kill, fail, here.paths)).toBe(null)
      await next[who](here)
      const at = `killed before ${kill}: ${whole.changes[kill - 1]}`
      const [model, report] = here.paths.map(what)
      expect({ at, model, report }).toEqual({ at, model, report: model })
      ends.add(model)
      // By a run that writes there both are looked at.
      await world.checkOutputs(
        [],
        here.paths.map(path => ({ option: '--out', path }))
      )()
      expect({ at, left: temporaries(folder) }).toEqual({ at, left: [] })
      expect(here.paths.map(what)).toEqual([model, report])
    }
    // Some were killed before the new held; one that was taken back held for a while.
    const both = new Set([before ?? 'none', 'new'])
    expect([...ends].filter(end => !both.has(end))).toEqual([])
    if (isNight) expect(ends.size).toBe(2)
  }, 300_000)
})

describe.each<[string, number, string, string]>([
  ['a run was killed between the renames', never, 'rename to html', 'new'],
  ['a run was killed while it took them back', 3, 'rename to json', 'old']
])('where %s', (_, fail, where, end) => {
  it('who mends it may be killed too', async () => {
    const whole = child('write', never, fail, scene(folder, apart, 'old').paths)
    const half = (whole?.changes.lastIndexOf(where) ?? -1) + 1
    const mend = async (kill: number): Promise<Ended> => {
      const here = scene(folder, apart, 'old')
      child('write', half, fail, here.paths)
      expect(here.paths.map(what)).toEqual(['new', 'old'])
      const mended = child('check', kill, never, [here.paths[1]])
      await world.readText('MODEL', here.paths[0])()
      expect({ kill, found: here.paths.map(what) }).toEqual({ kill, found: [end, end] })
      return mended
    }
    const changes = (await mend(never))?.changes ?? []
    expect(changes).not.toEqual([])
    for (const kill of sampled(6)(changes.map((_, i) => i + 1))) expect(await mend(kill)).toBe(null)
  }, 300_000)
})
