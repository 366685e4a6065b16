/**
 * Pictures in a notebook: the kernel that Deno brings for Jupyter (`npm install deno`, or the program that `DENO=path` names) is sent cells as
 * a notebook sends them. Where there is none the test is skipped, and says so.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kernel, type Kernel } from './kernel.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const own = join(root, 'node_modules/.bin/deno')
const deno = process.env.DENO ?? (existsSync(own) ? own : 'deno')
const isHere = spawnSync(deno, ['--version']).status === 0
if (!isHere) console.log('no deno: pictures are not tried in a notebook; npm install --no-save deno')

describe.skipIf(!isHere)('in a notebook of Deno', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ornstein-notebook-'))
  let notebook: Kernel | null = null

  beforeAll(async () => {
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/ornstein'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module", "dependencies": { "ornstein": "*" } }')
    notebook = await kernel(deno, ['jupyter', '--kernel', '--conn'], folder)
    await notebook.execute(`
      import { fit, Key, Mixture, Picture } from 'ornstein'
      const pair = Mixture.of({ means: [[-2, 0], [2, 0]] })
      const rows = Mixture.sample(50)(Key.fromSeed(1))(pair)
    `)
  })
  afterAll(() => {
    notebook?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    ['a density', 'Picture.density(pair, rows)'],
    ['a field', 'Picture.field(pair, { x: [-4, 4], y: [-3, 3] })'],
    ['a report', 'Picture.report(fit(rows), rows)']
  ])('a cell that ends with %s shows it', async (_, code) => {
    const shown = await notebook?.execute(code)
    expect(shown?.error).toBeUndefined()
    expect(shown?.['text/html'] ?? shown?.['image/svg+xml']).toMatch(/<(svg|figure|iframe)/)
    expect(shown?.['text/plain']).toMatch(/\S/)
  })

  it('a cell that fails says the problem with its remedy', async () => {
    const shown = await notebook?.execute(`Picture.field(pair, { x: [0, 1] })`)
    expect(shown?.error).toMatch(/\S/)
  })
})
