/** The tables of docs/coming-from.md name what exists. */
import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
import { expect, it } from 'vitest'
import * as Library from '../../src/index.js'

const page = readFileSync(new URL('../../docs/coming-from.md', import.meta.url), 'utf8')
const { Optimizer } = Library

/** Cells of the right column of the table that follows a sentence. */
const rightCells = (sentence: string): ReadonlyArray<string> =>
  page
    .slice(page.indexOf(sentence))
    .split('\n\n')[1]
    .split('\n')
    .slice(2)
    .map(row => row.split('|')[2])

it('the chains of the optax table build', () => {
  const cells = rightCells('Every alias of `optax`')
  expect(cells.length).toBeGreaterThan(25)
  const named = cells.flatMap(cell => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name))
  expect(named.filter(name => !(name in Optimizer) && !['centered', 'lowerBound', 'momentum'].includes(name))).toEqual(
    []
  )
  const programs = cells.flatMap(cell => [...cell.matchAll(/`(\w+\(.*?\))`/g)].map(([, code]) => code))
  const names = Object.keys(Optimizer)
  for (const code of programs.filter(code => !code.includes('…'))) {
    // the code of the page, with the names that its sentence gives it
    const build = runInThisContext(`(c, r, ${names.join()}) => ${code}`) as (...args: ReadonlyArray<unknown>) => unknown
    const built = build(0.9, 0.1, ...Object.values(Optimizer))
    expect(Optimizer.concept.is(built), code).toBe(true)
    if (Optimizer.concept.is(built)) expect(Optimizer.problems(built), code).toEqual([])
  }
})

it('the page names parts of the library that exist', () => {
  const modules: Readonly<Record<string, object>> = { ...Library }
  const named = [...page.matchAll(/`([A-Z]\w+)\.(\w+)/g)].filter(([, module]) => module in modules)
  expect(named.length).toBeGreaterThan(80)
  expect(named.filter(([, module, name]) => !(name in modules[module])).map(([name]) => name)).toEqual([])
})
