/** What kept sums are refused for. What is gone on from is held where fits are killed (`killed.test.ts`). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, expect, it } from 'vitest'
import { generator } from '../../../lib/random/key.js'
import { kept } from '../../../src/cluster/keptSums.js'
import * as Problem from '../../../src/core/problem.js'
import * as Place from '../../../src/data/place.js'

const folder = mkdtempSync(join(tmpdir(), 'ornstein-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

it('of another generator of random numbers, by its name', () => {
  const path = join(folder, 'sums')
  const begun = Problem.orThrow(kept(path, 'a fit')(Place.here))
  begun.close()
  const head = readFileSync(path, 'latin1')
  expect(head).toContain(`generator ${generator} `)
  const refusalOf = (text: string): string => {
    writeFileSync(path, text)
    const found = kept(path, 'a fit')(Place.here)
    return E.isLeft(found) ? Problem.show(found.left) : 'none'
  }
  // The first generator was not named.
  expect(refusalOf(head.replace(/generator \d+ /, ''))).toMatch(
    /random numbers of generator 1 is not of generator 2, .*; use the ornstein that wrote it, or remove it/
  )
  expect(refusalOf(head.replace(/generator \d+ /, 'generator 7 '))).toContain('generator 7')
  expect(refusalOf(head)).toBe('none')
})
