/** Code on lines: cut where its brackets say, never within a string, and the same code. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { laidOut } from '../../../src/core/lines.js'

it('leaves what is short', () => {
  expect(laidOut('Stage.repeat(2)(Stage.sequence([a, b]))', 40)).toBe('Stage.repeat(2)(Stage.sequence([a, b]))')
})

it('breaks the last brackets, part by part, and keeps one part alone where it is', () => {
  expect(laidOut('Stage.anneal([2, 1])(Stage.descend({ objective: Objective.likelihood, steps: 7 }))', 50)).toBe(
    ['Stage.anneal([2, 1])(Stage.descend({', '  objective: Objective.likelihood,', '  steps: 7', '}))'].join('\n')
  )
  expect(laidOut('A.of({ first: [B.c({ x: 1, y: 2 }), B.d], second: E.f(1, 2) })', 24)).toBe(
    ['A.of({', '  first: [', '    B.c({ x: 1, y: 2 }),', '    B.d', '  ],', '  second: E.f(1, 2)', '})'].join('\n')
  )
})

it('passes over strings', () => {
  expect(laidOut(`f('a, (b', "\\"c, d", [e])`, 5)).toBe(`f(\n  'a, (b',\n  "\\"c, d",\n  [\n    e\n  ]\n)`)
})

it('is the same code, and no line that could be cut is too long', () => {
  const { code } = fc.letrec<{ code: string }>(tie => ({
    code: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', '12', "'x, (y'", 'T.word'),
      fc.array(tie('code'), { minLength: 1, maxLength: 3 }).map(parts => `f(${parts.join(', ')})`),
      fc.array(tie('code'), { minLength: 1, maxLength: 3 }).map(parts => `[${parts.join(', ')}]`),
      tie('code').map(part => `{ k: ${part}, l: 1 }`)
    )
  }))
  const bare = (text: string): string => text.replace(/\s+/g, '')
  fc.assert(
    fc.property(code, fc.integer({ min: 10, max: 60 }), (code, width) => {
      const laid = laidOut(code, width)
      expect(bare(laid)).toBe(bare(code))
      expect(code.length > width || laid === code).toBe(true)
    }),
    { seed: 1 }
  )
})
