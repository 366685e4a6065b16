/** The programs of examples/research in small: each holds its checks. `EFFORT=1` runs all as `npm run examples:research` does. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Program } from '../../examples/research/program.js'
import { spread } from '../cases.js'

const folder = new URL('../../examples/research/', import.meta.url)
const apart = ['main.ts', 'program.ts']
const names = readdirSync(folder)
  .filter(name => name.endsWith('.ts') && !apart.includes(name))
  .map(name => name.slice(0, -3))
const effort = Number(process.env.EFFORT ?? 0.1)

describe.each(process.env.EFFORT === undefined ? spread(4)(names) : names)('%s', name => {
  it('is what it is by another source', async () => {
    const { program } = (await import(new URL(`${name}.ts`, folder).href)) as { readonly program: Program }
    const { checks, plan } = await program.run(effort)
    if (process.env.EFFORT !== undefined) console.log(name, JSON.stringify(checks, null, 1), plan)
    expect(plan).toMatch(/\S/)
    expect(checks.length).toBeGreaterThan(0)
    checks.forEach(({ what, found, wanted, within }) => {
      expect(Math.abs(found - wanted), `${what}: ${found} is not ${wanted}`).toBeLessThanOrEqual(within)
    })
  })
})
