/** A few of the corpus by one seed: what is wrong is caught, and what is right is let pass. `npm run laws:power` takes all. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spread } from '../cases.js'
import { corpus, type Invention } from './corpus/index.js'
import { summary, verdictOf } from './corpus/power.js'

const inventionOf = (name: string): Invention => {
  const invention = corpus.find(one => `${one.concept}: ${one.name}` === name)
  if (invention === undefined) throw new Error(`no invention ‘${name}’`)
  return invention
}

/** Seconds are for the whole corpus: here each is held to its laws until one fails. */
const catches = (name: string, numRuns: number): ReadonlyArray<string> =>
  verdictOf(inventionOf(name), 1, { numRuns, all: false }).by

describe('the corpus', () => {
  it('names each invention once', () => {
    const names = corpus.map(({ concept, name, wrong }) => `${concept} ${name} ${wrong}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it('has two hundred that are wrong, and eighty that are right', () => {
    expect(corpus.filter(({ wrong }) => wrong).length).toBeGreaterThanOrEqual(200)
    expect(corpus.filter(({ wrong }) => !wrong).length).toBeGreaterThanOrEqual(80)
  })

  const wrong = [
    'weighting: the log-SNR, which changes sign',
    'time law: the density of the uniform law',
    'parametrization: noise behind velocity, where α² + σ² = 1 alone',
    'expectation: two coordinates of one size',
    'time grid: a step back',
    'time grid between ends: a step before its end',
    'optimizer of entries: Adam, v not corrected',
    'optimizer: a count outside the memory',
    'rate: a cosine without its warm-up',
    'region: softmax for the simplex',
    'initializer: D for D²',
    'pipeline: a step too few',
    'score: hard for soft',
    'family: one variance counted for all columns',
    'same expectation: noise about 0.1',
    'net: normalized over the batch',
    'expectation–maximization: the value without its constant',
    'key: normals a tenth too long',
    'objective: the negated objective',
    'objective: the constant 0',
    'objective: a target that is wrong for d ≥ 2',
    'stated formula: half of it',
    'schedule: noise that falls',
    'schedule: g for g²',
    'sampler: twice the noise',
    'sampler: η = ½, it says',
    'optimizer of one memory: coupled decay',
    'optimizer of one memory: a rate off by one',
    'optimizer: a floor below which nothing moves, said to be linear',
    'expectation: noise that begins again after four rows',
    'sampler: noise in the last step',
    'sampler of two steps: as if steps were even',
    'initializer: the first rows, said to be drawn',
    'stage of batches: never the last row',
    'penalty: half of its slope',
    'guidance: a posterior of the first that is seen alone',
    'codec: names without blanks',
    'by strangers: v whose noise is written with the other sign',
    'by strangers: the determinant α for α²',
    'by strangers: half of the curvature',
    'by strangers: an average that is never advanced',
    'by strangers: the ball after the box',
    'by strangers: the first rows'
  ]
  it.each(spread(12)(wrong))('%s is caught', name => {
    expect(catches(name, 10)).toHaveLength(1)
  })

  // By one law each: before it stand others that take seconds.
  it.each([
    ['as said: Euler that writes over its argument', 'a step leaves alone what it is given'],
    ['sampler of two steps: lengths the other way', 'a step is of its order'],
    ['as said: Langevin moves of noise √h', 'has the moments of the law at every time'],
    ['as said: Metropolis without the way back', 'has the moments of the law at every time'],
    ['as said: weighed by |x|, said to move', 'moves with data and mixture of itself'],
    ['as said: floats, said to be enough, of a square completed far off', 'floats are enough, as it says'],
    ['family: variances of its own, said to be 1', 'its components have the variance 1 that it says'],
    ['network with kinks: e^wx of each coordinate', 'is finite, a row for each row']
  ])('%s is caught: ‘%s’', (name, law) => {
    const held = inventionOf(name)
      .held()
      .filter(({ name }) => name === law)
    expect(held.map(({ property }) => fc.check(property, { seed: 1, numRuns: 10, endOnFailure: true }).failed)).toEqual(
      [true]
    )
  })

  const right = [
    'time grid between ends: even in a seventh root',
    'time law: from noise to data',
    'region: what is 0 but in the first entry',
    'rate: a sawtooth',
    'schedule: straight',
    'schedule: circle',
    'optimizer of one memory: momentum by hand',
    'optimizer of one memory: in another order',
    'penalty: a double well',
    'stage of batches: any two',
    'by strangers: a log-SNR as Laplace has it, steep at both ends',
    'by strangers: a cone of second order',
    'by strangers: by the first column'
  ]
  it.each(spread(12)(right))('%s is let pass', name => {
    expect(catches(name, 10)).toEqual([])
  })
})

it('the table counts what is caught, what escaped and false alarms', () => {
  const of = (name: string, wrong: boolean, by: ReadonlyArray<string>) => ({
    concept: 'c',
    name,
    wrong,
    seed: 1,
    by,
    seconds: 1
  })
  const text = summary([of('a', true, ['x']), of('b', true, []), of('d', false, ['x']), of('e', false, [])])
  expect(text).toContain('| c | 2 | 50 % | 2 | 1 | 0 | 0 | 0 |')
  expect(text).toContain('| x | 1 | 1 |')
  expect(text).toContain('Not caught by every seed: c: b.')
})
