/** What plain JavaScript may give to the functions that are called first: the answer is a sentence, never an error of the engine. */
import { describe, expect, it } from 'vitest'
import { Fit, fit, Key, Mixture, Points } from '../../src/index.js'

const nonsense: ReadonlyArray<unknown> = [
  ...[undefined, null, 0, -1.5, NaN, '', 'x', true, 3n, Symbol('s'), new Date(0), new Map(), () => 1],
  ...[[], [1], ['1'], [[1]], [[1n]], {}, { _tag: 'x' }, { rows: 1 }, { means: 3 }]
]
const ENGINE =
  /Cannot (read|convert|mix|destructure|use|set|assign|create)|is not a function|is not iterable|Invalid (typed )?array|Reduce of empty|is not defined|not a constructor|call stack|called on/i

type Any = (...given: ReadonlyArray<unknown>) => unknown

/** Every way of calling a curried function, so deep, that ends in an error of the engine. */
const bare = (name: string, f: Any, deep = 3): ReadonlyArray<string> =>
  nonsense.flatMap(one => {
    try {
      const found = f(one)
      return typeof found === 'function' && deep > 1 ? bare(`${name}(…)`, found as Any, deep - 1) : []
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      return error instanceof Error && !ENGINE.test(said) ? [] : [`${name}: ${said}`]
    }
  })

/** Those of the concepts' many functions that are called first. */
const first: Readonly<Record<string, unknown>> = {
  ...{ fit, 'Fit.fit': Fit.fit, 'Fit.mixture': Fit.mixture },
  ...Object.fromEntries(Object.entries(Key).map(([name, f]) => [`Key.${name}`, f])),
  ...Object.fromEntries(
    (
      [
        'fromRows',
        'fromCsv',
        'readCsv',
        'validate',
        'mean',
        'variances',
        'covariance',
        'secondMoment',
        'standardize',
        'toRows',
        'row',
        'tensor',
        'totalWeight',
        'weightsOf',
        'weighted'
      ] as const
    ) // prettier-ignore
      .map(name => [`Points.${name}`, Points[name]])
  ),
  ...Object.fromEntries(
    (
      [
        'of',
        'parse',
        'sample',
        'logDensity',
        'score',
        'divergence',
        'responsibilities',
        'assign',
        'components',
        'dim',
        'centres',
        'order',
        'memberships',
        'meanLogDensity',
        'symmetricPair'
      ] as const
    ) // prettier-ignore
      .map(name => [`Mixture.${name}`, Mixture[name]])
  )
}

describe('nonsense', () => {
  it.each(Object.entries(first).filter(([, f]) => typeof f === 'function'))(
    'is answered by a sentence: %s',
    (name, f) => {
      expect([...new Set(bare(name, f as Any))].join('\n')).toBe('')
    }
  )

  const holes: Array<Array<number>> = []
  holes[5] = [1, 2]
  it.each<[unknown, object, string]>([
    [
      holes,
      {},
      'row 1: undefined is not a list of numbers; list those of each row in one order: rows.map(({ a, b }) => [a, b])'
    ],
    [
      [['1'], ['2']],
      {},
      'row 1, column 1: the text "1" is not a finite number; correct it or leave the row out (1 more like this)'
    ],
    [[[1], [2n]], {}, 'row 2, column 1: the bigint 2n is not a finite number; correct it or leave the row out'],
    [[[1], [new Date(0)]], {}, 'row 2, column 1: a Date is not a finite number; correct it or leave the row out'],
    [[[1], [2], [4]], { components: '3' }, 'components: the text "3" is not a whole number ≥ 1; try 2']
  ])('fit says what was given: %s', (data, options, said) => {
    expect(() => fit(data as never, options)).toThrow(said)
  })

  it('rows in place of points are told how to become points', () => {
    const mixture = Mixture.of({ means: [[0], [1]] })
    expect(() => Mixture.logDensity([[1]] as never)(mixture)).toThrow(
      /a list of 1 was given for points: make them by Problem.orThrow\(Points\.fromRows/
    )
  })
})
