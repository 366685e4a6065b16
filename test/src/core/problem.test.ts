/** Problems: their sentence, their path, and the domains at their very ends. */
import { describe, expect, it } from 'vitest'
import * as Problem from '../../../src/core/problem.js'

const found = (problems: ReadonlyArray<Problem.Problem>): ReadonlyArray<string> => problems.map(Problem.show)

it('is a value with a sentence', () => {
  const problem = Problem.of('rate', -1, '> 0', 'try 0.1')
  expect(problem).toEqual({ _tag: 'Problem', field: 'rate', value: '-1', domain: '> 0', remedy: 'try 0.1' })
  expect(Problem.show(problem)).toBe('rate: -1 is not > 0; try 0.1')
})

it('says the settings of its remedy as who speaks has them, and its text is that of code', () => {
  const problem = Problem.of('x', 1, 'of few columns', [
    ...['name one with ', Problem.named('columns'), ', or '],
    ...[
      Problem.set('missing', 'drop'),
      ', ',
      Problem.set('header', null),
      ' or ',
      Problem.set('skip', undefined, 'a number')
    ],
    Problem.inCode('; look at the state')
  ])
  expect(problem.remedy).toBe(
    "name one with 'columns', or set 'missing' to 'drop', set 'header' to true or false or set 'skip' to a number; look at the state"
  )
  const spoken = Problem.rephrase(part => ('name' in part ? part.name.toUpperCase() : ''))
  expect(spoken(problem).remedy).toBe('name one with COLUMNS, or MISSING, HEADER or SKIP')
  expect(spoken(Problem.of('x', 1, ['of ', Problem.wordPhrase('tied')], 'leave it out')).domain).toBe('of TIED')
  const plain = Problem.of('rate', -1, '> 0', 'try 0.1')
  expect(spoken(plain)).toEqual(plain)
})

it('is seen from further out, under the outer name alone where it has none of its own', () => {
  const within = Problem.within('stages[0]')
  expect(within(Problem.of('rate', 0, '> 0', 'try 1')).field).toBe('stages[0].rate')
  expect(within(Problem.of('', 0, '> 0', 'try 1')).field).toBe('stages[0]')
})

it('is there unless its condition holds', () => {
  expect(Problem.unless(true, 'a', 1, '2', 'try 2')).toEqual([])
  expect(found(Problem.unless(false, 'a', 1, '2', 'try 2'))).toEqual(['a: 1 is not 2; try 2'])
})

describe('positive', () => {
  it.each([Number.MIN_VALUE, 1, Number.MAX_VALUE])('takes %s', value => {
    expect(Problem.requirePositive('x', value, 1)).toEqual([])
  })

  it.each([0, -0, -1, Infinity, -Infinity, NaN])('refuses %s', value => {
    expect(found(Problem.requirePositive('x', value, 3))).toEqual([`x: ${value} is not > 0 and finite; try 3`])
  })
})

describe('count', () => {
  it.each([2, 3, Number.MAX_SAFE_INTEGER])('takes %s', value => {
    expect(Problem.requireCount('n', value, { least: 2, suggestion: 5 })).toEqual([])
  })

  it.each([1, 0, -2, 2.5, NaN, Infinity, Number.MAX_SAFE_INTEGER + 1])('refuses %s', value => {
    expect(found(Problem.requireCount('n', value, { least: 2, suggestion: 5 }))).toEqual([
      `n: ${value} is not a whole number ≥ 2; try 5`
    ])
  })
})
