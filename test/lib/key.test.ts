import { describe, expect, it } from 'vitest'
import * as Key from '../../lib/key.js'

const hex = (words: ReadonlyArray<number>): string => words.map(x => x.toString(16).padStart(8, '0')).join(' ')

describe('the block function is Threefry-2x32-20', () => {
  const of = (k0: number, k1: number): Key.Key => ({ _tag: 'Key', k0, k1 })
  it.each([
    [of(0, 0), 0, 0, '6b200159 99ba4efe'],
    [of(0xffffffff, 0xffffffff), 0xffffffff, 0xffffffff, '1cb996fc bb002be7'],
    [of(0x13198a2e, 0x03707344), 0x243f6a88, 0x85a308d3, 'c4923a9c 483df7a0']
  ])('known answer %#', (from, c0, c1, expected) => {
    expect(hex(Key.block(c0, c1)(from))).toBe(expected)
  })
})
