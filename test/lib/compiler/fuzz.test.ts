/** Programs that nobody wrote: parts of what was just computed, put side by side and under other shapes, at sizes that coincide. */
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from '../../../lib/compiler/index.js'
import * as T from '../../../lib/index.js'
import { isSlow } from '../../cases.js'

/** A word of a program: which operation, of which values, where. Numbers are taken modulo what there is. */
type Word = readonly [operation: number, of: number, beside: number, at: number]

interface Programme {
  readonly d: number
  readonly k: number
  readonly rows: number
  readonly words: ReadonlyArray<Word>
  /** What is looked at: its value, the derivative in the rows, or the divergence of that. */
  readonly of: 'value' | 'slope' | 'divergence'
}

const word: fc.Arbitrary<Word> = fc.tuple(fc.nat(11), fc.nat(99), fc.nat(99), fc.nat(99))
const programme: fc.Arbitrary<Programme> = fc.constantFrom(2, 3, 4).chain(d =>
  fc.record({
    d: fc.constant(d),
    k: fc.constantFrom(d, d - 1, 2, 3, 4),
    rows: fc.constantFrom(1, 7, 9),
    words: fc.array(word, { minLength: 3, maxLength: 12 }),
    of: fc.constantFrom('value' as const, 'slope' as const, 'divergence' as const)
  })
)

const sizeOf = (shape: ReadonlyArray<number>): number => shape.reduce((n, length) => n * length, 1)

const smooth: ReadonlyArray<(x: T.Tensor) => T.Tensor> = [
  T.tanh,
  T.sigmoid,
  x => T.exp(T.tanh(x)),
  x => T.square(T.tanh(x)),
  x => T.reciprocal(T.add(1, T.square(x)))
]
const joined: ReadonlyArray<(a: T.Tensor, b: T.Tensor) => T.Tensor> = [T.add, T.mul, T.sub, T.maximum]

const isBroadcast = (a: T.Tensor, b: T.Tensor): boolean =>
  a.rank === b.rank && a.shape.every((n, i) => n === b.shape[i] || n === 1 || b.shape[i] === 1)

/** The values of a program, each [rows, …], from its words; the last are what it gives. */
const run = ({ words }: Programme, inputs: ReadonlyArray<T.Tensor>): ReadonlyArray<T.Tensor> => {
  const values = inputs.flatMap(x => [x, T.exp(T.tanh(x))])
  /** Kept unless it has grown too large; whatever it is, it meets another that it stretches to, so that parts are used where they are made. */
  const add = (made: T.Tensor, choice: number): void => {
    if (made.rank > 4 || sizeOf(made.shape.slice(1)) > 48) return
    values.push(made)
    const all = values.filter(other => isBroadcast(made, other))
    const with_ = joined[choice % joined.length](made, all[choice % all.length])
    if (sizeOf(with_.shape.slice(1)) <= 48) values.push(with_)
  }
  for (const [operation, of, beside, at] of words) {
    // from the end, where what was just computed stands
    const x = values[values.length - 1 - (of % Math.min(values.length, 4))]
    const [rows, ...own] = x.shape
    const axis = 1 + (at % own.length)
    const length = x.shape[axis]
    const begin = beside % length
    const part = (from: number, size: number): T.Tensor =>
      T.slice(
        x,
        x.shape.map((_, i) => (i === axis ? from : 0)),
        x.shape.map((_, i) => (i === axis ? size : -1))
      )
    switch (operation) {
      case 0:
        add(smooth[beside % smooth.length](x), at)
        break
      case 1:
      case 2:
        add(part(begin, operation === 1 ? 1 : 1 + (at % (length - begin))), of)
        break
      case 3: {
        const [first, second] = length % 2 === 0 ? T.split(x, 2, axis) : T.split(x, [1, length - 1], axis)
        add(T.concat([second, first], axis), at)
        break
      }
      case 4: {
        const fits = values.filter(y => y.rank === x.rank && y.shape.every((n, i) => i === axis || n === x.shape[i]))
        add(T.concat([x, fits[beside % fits.length]], axis), of)
        break
      }
      case 5: {
        const size = sizeOf(own)
        const shapes = [[size], [size, 1], [1, size], ...[2, 3, 4].filter(n => size % n === 0).map(n => [n, size / n])]
        add(T.reshape(x, [rows, ...shapes[beside % shapes.length]]), at)
        break
      }
      case 6:
        if (x.rank > 2) add(T.transpose(x, [0, ...own.map((_, i) => x.rank - 1 - i)]), beside)
        break
      case 7:
        add([T.sum, T.max, T.logSumExp][beside % 3](x, axis, true), of)
        break
      case 8:
        add(T.softmax(x, axis), beside)
        break
      case 9:
        add(T.stack([x, T.tanh(x)], axis), beside)
        break
      case 10:
        add(T.tile(x, x.shape.map((_, i) => (i === axis ? 2 : 1))), at) // prettier-ignore
        break
      default:
        add(T.gather(x, T.tensor(Array.from({ length }, (_, i) => (i + beside) % length), [length]), axis), at) // prettier-ignore
    }
  }
  return values.slice(-2)
}

const total = (values: ReadonlyArray<T.Tensor>): T.Tensor =>
  values.map(x => T.sum(T.tanh(x))).reduce((a, b) => T.add(a, b))

/** The value, and the last of what was made, a derivative in the rows, or the divergence of that. */
const write = (
  one: Programme,
  { w, x, y }: Readonly<Record<string, T.Tensor>>
): { value: T.Tensor; made: T.Tensor } => {
  const of = (x: T.Tensor, y: T.Tensor): ReadonlyArray<T.Tensor> => run(one, [T.mul(w, x), y])
  const slope = (x: T.Tensor, y: T.Tensor): T.Tensor => T.grad(x => total(of(x, y)))(x)
  const found = {
    value: () => of(x, y).slice(-1)[0],
    slope: () => slope(x, y),
    divergence: () => T.rowDivergence((at, again) => slope(at, again(y)))(x)
  }
  const made = found[one.of]()
  // of the row whatever else it is
  const level = T.reshape(T.sum(x, 1), [x.shape[0], ...made.shape.slice(1).map(() => 1)])
  return { value: T.div(one.of === 'value' ? total(of(x, y)) : T.sum(T.square(made)), x.shape[0]), made: T.add(made, level) } // prettier-ignore
}

describe('programs with parts of computed values', () => {
  it('have the results of the interpreter', () => {
    let compiled = 0
    const count = isSlow ? 480 : 60
    fc.assert(
      fc.property(programme, fc.infiniteStream(fc.integer({ min: -200, max: 200 })), (one, stream) => {
        const { d, k, rows } = one
        const fill = (length: number): Float64Array =>
          Float64Array.from({ length }, () => Number(stream.next().value) / 100)
        const w = fill(d)
        const x = fill(rows * d)
        const y = fill(rows * k * d)
        const signature = {
          params: { w: [d] },
          rows: { x: { shape: [d], from: 'call' }, y: { shape: [k, d], from: 'call' } },
          constants: {}
        } as const
        const program = compile(
          signature,
          ({ params, rows }) => {
            const { value, made } = write(one, { ...params, ...rows })
            return { value, others: { made } }
          },
          [null, null]
        )
        // what may be refused is a table of `compile.test.ts`; here nothing else may come of it than another word
        if (E.isLeft(program)) return !program.left.includes('errs')
        compiled++
        const found = program.right.run({ rows, params: { w }, given: { x, y }, constants: {} })
        const given = (): Record<'x' | 'y', T.Tensor> => ({ x: T.tensor(x, [rows, d]), y: T.tensor(y, [rows, k, d]) })
        const wanted = T.valueAndGrad<'w'>(own => write(one, { ...own, ...given() }).value)({
          w: { shape: [d], values: w }
        })
        const { made } = T.compute(() => ({ made: write(one, { ...given(), w: T.tensor(w, [d]) }).made }))
        // each of some fifty operations, none of which magnifies by more than e², rounds once, and sums of ≤ 48 terms by 48
        const hold = (own: ArrayLike<number>, theirs: ArrayLike<number>): void => {
          const scale = Array.from(theirs).reduce((m, x) => Math.max(m, Math.abs(x)), 1)
          Array.from(theirs).forEach((x, i) => expect(Math.abs(own[i] - x) / scale).toBeLessThan(1e-10))
        }
        hold([found.value], [wanted.value])
        hold(found.gradient.w.values, wanted.gradient.w.values)
        hold(found.others.made.values, made.values)
        return true
      }),
      { numRuns: count }
    )
    // most of them are programs
    expect(compiled).toBeGreaterThan(count / 2)
  })
})
