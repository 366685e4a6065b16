/**
 * What a file of tests sets for all that follow in its worker is set back before the next; every program that it compiles is verified; and
 * what a file costs is noted, where asked.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, expect } from 'vitest'
import { useVerifier } from '../lib/compiler/verify.js'

fc.resetConfigureGlobal()

const faults: string[] = []
useVerifier(fault => faults.push(fault))
afterAll(() => {
  expect(faults).toEqual([])
})

/** Seconds of processor time, of this process and, where the system tells, of the programs that it has run to their end. */
const spent = (): number => {
  const { user, system } = process.cpuUsage()
  const stat = '/proc/self/stat'
  // Fields 16 and 17, of which the name in brackets may have blanks; in hundredths of a second.
  const fields = existsSync(stat)
    ? readFileSync(stat, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
    : []
  return (user + system) / 1e6 + (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) / 100
}

const { COST } = process.env
if (COST !== undefined) {
  const before = spent()
  afterAll(() => {
    const { testPath = '' } = expect.getState()
    appendFileSync(COST, `${(spent() - before).toFixed(2)} ${testPath.replace(`${process.cwd()}/`, '')}\n`)
  })
}
