/** Folds choose the rule of the tag; the codec of what holds code writes its name and reads nothing. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { describe, expect, it } from 'vitest'
import * as Tagged from '../../../src/core/Tagged.js'

interface Disc {
  readonly _tag: 'Disc'
  readonly radius: number
}
interface Custom {
  readonly _tag: 'Custom'
  readonly name: string
  readonly area: () => number
}
type Shape = Disc | Custom

const disc: Shape = { _tag: 'Disc', radius: 2 }
const custom: Custom = { _tag: 'Custom', name: 'mine', area: () => 5 }

it('a fold gives each case to the rule of its tag', () => {
  const area = Tagged.fold<Shape>()<number>({ Disc: ({ radius }) => 3 * radius ** 2, Custom: ({ area }) => area() })
  expect([disc, custom].map(area)).toEqual([12, 5])
})

describe('code', () => {
  const codec = Tagged.code<Custom>('Custom', 'shape')

  it('is named for its concept', () => expect(codec.name).toBe('custom shape'))

  it('is written by name, without the code', () => {
    expect(codec.encode(custom)).toEqual({ _tag: 'Custom', name: 'mine' })
  })

  it('is refused on the way in, with what to do instead', () => {
    const read = codec.decode(codec.encode(custom))
    expect(E.isLeft(read)).toBe(true)
    expect(PathReporter.report(read)).toEqual([
      'a custom shape is code and does not survive JSON; build the pipeline in TypeScript'
    ])
    expect(
      pipe(
        read,
        E.mapLeft(errors => errors.map(({ value }) => value))
      )
    ).toEqual(E.left([{ _tag: 'Custom', name: 'mine' }]))
  })

  it.each([
    [custom, true],
    [{ _tag: 'Custom', name: 'bare' }, true],
    [disc, false],
    [{ _tag: 'Disc', name: 'mine' }, false],
    [{ _tag: 'Custom' }, false],
    [{ name: 'mine' }, false],
    [Object.assign(() => 1, { _tag: 'Custom' }), false],
    ['Custom', false],
    [null, false],
    [undefined, false]
  ])('%o is one: %s', (value, wanted) => expect(codec.is(value)).toBe(wanted))
})
