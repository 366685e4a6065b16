/** What a fit is given, and how it is ended: data of other kinds, what is no data, and a signal. */
import { runInNewContext } from 'node:vm'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { answers } from '../../golden/golden.js'
import { said } from '../../said.js'
import { fit, Fit, Key, Mixture, Points, Problem, Source } from '../../../src/index.js'

const numbers = [1, 2, 3, 4, 10, 11, 12, 14]
const points = { rows: 4, dim: 2, values: Float64Array.from(numbers) }
const options = { components: 1, family: 'tied' } as const
/** As JavaScript gives it, which knows no types. */
const untyped = (data: unknown, asked: unknown = options): Fit.Fit =>
  (fit as (data: unknown, options: unknown) => Fit.Fit)(data, asked)

describe('data that are no Float64Array of this context', () => {
  const foreign: unknown = runInNewContext(`Float64Array.of(${numbers.join()})`)
  const rows = [0, 2, 4, 6].map(at => numbers.slice(at, at + 2))
  it.each<[string, unknown]>([
    ['a Float32Array', { ...points, values: Float32Array.from(numbers) }],
    ['a list', { ...points, values: numbers }],
    ['a Float64Array of another context', { ...points, values: foreign }],
    ['a list of weights', { ...points, weights: [2, 2, 2, 2] }],
    ['rows that are a Float32Array each', rows.map(row => Float32Array.from(row))],
    ['a list of another context', runInNewContext(JSON.stringify(rows))]
  ])('are read: %s', (_, data) => {
    const { mixture, assign } = untyped(data)
    // Of so few whole numbers sums are exact, whatever the weight of all.
    expect(mixture).toEqual(fit(points, options).mixture)
    expect(() => assign(points)).not.toThrow()
  })
  it('are read by assign, and with missing cells', () => {
    const model = fit(points, options)
    const told = (model.assign as (data: unknown) => unknown)({ ...points, values: numbers })
    expect(told).toEqual(model.assign(points))
    const holes = [[1, NaN], ...rows]
    const typed = holes.map(row => Float64Array.from(row))
    expect(untyped(typed, { ...options, missing: 'em' }).mixture).toEqual(
      fit(holes, { ...options, missing: 'em' }).mixture
    )
  })
})

const thrown = (act: () => unknown): Error => {
  try {
    act()
  } catch (error) {
    if (error instanceof Error) return error
  }
  return expect.fail('nothing was thrown')
}

describe('what is no data', () => {
  const given: ReadonlyArray<unknown> = [
    ...[undefined, null, 3, {}, 'data.csv', [1, 2], [{ a: 1 }], Promise.resolve([[1]])],
    Points.fromCsv('1,2\n3,4\n'),
    Problem.orThrow(Points.readCsv('1,2\n3,4\n')),
    { rows: 1, dim: 1, values: BigInt64Array.of(1n) }
  ]
  it('is refused with the remedy', () =>
    answers(
      'given',
      given.map(data => {
        const error = thrown(() => untyped(data))
        expect(error.name).toBe('RangeError')
        return [data, error.message]
      })
    ))
  it('nor options', () => {
    const remedy = "is not an object of options; give { components: 3, family: 'full' }, or none"
    for (const asked of [null, 'full'])
      expect(() => untyped([[1], [2]], asked)).toThrow(`options: ${String(asked)} ${remedy}`)
  })
  it('is refused by Points too', () => {
    const values: unknown = Float32Array.of(1)
    expect(said(Points.validate({ rows: 1, dim: 1, values: values as Float64Array }))).toBe(
      'values: another list is not a Float64Array; give Float64Array.from(values)'
    )
  })
})

describe('a signal', () => {
  const many = pipe(Mixture.of({ means: [[-4], [4]] }), Mixture.sample(300)(Key.fromSeed(1)))
  it('ends a fit between two candidates', () => {
    const control = new AbortController()
    const tried: number[] = []
    const asked: Fit.Options = {
      components: [1, 2, 3, 4],
      family: 'isotropic',
      signal: control.signal,
      onProgress: ({ components }) => {
        tried.push(components)
        if (components === 2) control.abort()
      }
    }
    const problem =
      'signal: aborted is not one that lets the fit go on; take the last of Fit.states for the best until then'
    expect(() => fit(many, asked)).toThrow(expect.objectContaining({ name: 'RangeError', message: problem }))
    expect(tried).toEqual([1, 2])
    expect(() => fit(many, asked)).toThrow(problem)
    expect(tried).toEqual([1, 2])
  })
  it('changes nothing where it is silent', () => {
    const [alone, heard] = [{}, { signal: new AbortController().signal }].map(more =>
      fit(many, { components: 2, ...more })
    )
    expect(heard.mixture).toEqual(alone.mixture)
  })
  it('ends states, and gives back what a source took', () => {
    const control = new AbortController()
    const states = Problem.orThrow(Fit.states({ components: [1, 2, 3], signal: control.signal })(Source.of(many)))
    const seen: Fit.State[] = []
    for (const state of states) if (seen.push(state) === 2) control.abort()
    expect(seen).toHaveLength(2)
  })
})
