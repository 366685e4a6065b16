/** What the compiler knows of an optimizer: what it remembers, and whether it must be given the objective. */
import * as t from 'io-ts'
import { describe, expectTypeOf, it } from 'vitest'
import { Field, Optimizer, Params, type Rate } from '../../src/index.js'

type P = Params.Params<'a' | 'b'>
type State<O> = Optimizer.State<O, 'a' | 'b'>
interface Counted {
  readonly count: number
}
interface Moments extends Counted {
  readonly first: P
  readonly second: P
}

const init = <O extends Optimizer.Optimizer>(optimizer: O): ((params: P) => State<O>) =>
  Optimizer.interpret(optimizer)<'a' | 'b'>().init

const mine = Optimizer.define({
  name: 'mine',
  about: 'half a step, every other time',
  fields: { half: Field.fraction({ default: 0.5 }) },
  memory: t.type({ odd: t.boolean, last: t.union([t.null, Params.codec]) }),
  init: () => () => ({ odd: false, last: null }),
  update:
    () =>
    (gradient, { odd }) => [gradient, { odd: !odd, last: gradient }]
})

describe('the state', () => {
  it('of a part is what it remembers', () => {
    expectTypeOf(init(Optimizer.scaleByRate(1))).returns.toEqualTypeOf<Counted>()
    expectTypeOf(init(Optimizer.trace(0.5))).returns.toEqualTypeOf<{ readonly trace: P }>()
    expectTypeOf(init(Optimizer.sign)).returns.toEqualTypeOf<null>()
    expectTypeOf<Optimizer.MemoryOf<typeof Optimizer.sign>>().toEqualTypeOf<null>()
  })

  it('of a chain is the list of its parts’ states', () => {
    type Adam = State<ReturnType<typeof Optimizer.adam>>
    expectTypeOf<Adam[0]>().toEqualTypeOf<{ readonly count: number; readonly first: P; readonly second: P }>()
    expectTypeOf<Adam[0]>().toExtend<Moments>()
    expectTypeOf<Adam[1]>().toEqualTypeOf<{ readonly count: number }>()
    expectTypeOf<Adam['length']>().toEqualTypeOf<2>()
    type Nested = State<Optimizer.Chain<[ReturnType<typeof Optimizer.adam>, ReturnType<typeof Optimizer.average>]>>
    expectTypeOf<Nested[0][1]>().toEqualTypeOf<{ readonly count: number }>()
    expectTypeOf<Nested[1]['average']>().toEqualTypeOf<P>()
    expectTypeOf<State<Optimizer.Chain<[]>>>().toEqualTypeOf<readonly []>()
  })

  it('of a part that sees some names is of those names', () => {
    expectTypeOf(init(Optimizer.only('a', Optimizer.trace(0.5)))).returns.toEqualTypeOf<{
      readonly trace: Params.Params<'a'>
    }>()
    const partition = Optimizer.partition({ a: Optimizer.trace(0.5), b: Optimizer.gradientDescent({ rate: 1 }) })
    expectTypeOf(init(partition)).returns.toEqualTypeOf<{
      readonly a: { readonly trace: Params.Params<'a'> }
      readonly b: { readonly count: number }
    }>()
  })

  it('of one’s own has the names of the parameters too', () => {
    interface Mine {
      readonly odd: boolean
      readonly last: P | null
    }
    expectTypeOf(init(mine())).returns.toEqualTypeOf<{ readonly odd: boolean; readonly last: P | null }>()
    expectTypeOf(init(Optimizer.chain(mine(), Optimizer.zero))).returns.toEqualTypeOf<
      readonly [{ readonly odd: boolean; readonly last: P | null }, null]
    >()
    expectTypeOf<State<ReturnType<typeof mine>>>().toExtend<Mine>()
  })

  it('of an optimizer that is not known is not known', () => {
    expectTypeOf(init<Optimizer.Optimizer>(Optimizer.zero)).returns.toBeUnknown()
    type Half = State<Optimizer.Chain<[Optimizer.Optimizer, ReturnType<typeof Optimizer.average>]>>
    expectTypeOf<Half[0]>().toBeUnknown()
    expectTypeOf<Half[1]>().toEqualTypeOf<{ readonly count: number; readonly average: P }>()
  })
})

describe('update', () => {
  type Rest<O> = Optimizer.ContextOf<O, 'a'>
  type Made<F extends (...args: never) => unknown> = ReturnType<F>
  type Needed = readonly [context: Optimizer.Context<'a'>]
  type Optional = readonly [context?: Optimizer.Context<'a'>]

  it('takes the objective only where a part looks at it', () => {
    expectTypeOf<Rest<Made<typeof Optimizer.scaleByAdam>>>().toEqualTypeOf<Optional>()
    expectTypeOf<Rest<Made<typeof Optimizer.adamW>>>().toEqualTypeOf<Optional>()
    expectTypeOf<Rest<Made<typeof Optimizer.scaleByPolyak>>>().toEqualTypeOf<Needed>()
    expectTypeOf<Rest<Made<typeof Optimizer.lbfgs>>>().toEqualTypeOf<Needed>()
    type Nested = Optimizer.Chain<[Optimizer.Chain<[]>, Made<typeof Optimizer.reduceOnPlateau>]>
    expectTypeOf<Rest<Nested>>().toEqualTypeOf<Needed>()
    expectTypeOf<Rest<Optimizer.Only<'a', Optimizer.LineSearch>>>().toEqualTypeOf<Needed>()
    type Both = Optimizer.Partition<{ a: typeof Optimizer.zero; b: Optimizer.ScaleByNewton }>
    expectTypeOf<Rest<Both>>().toEqualTypeOf<Needed>()
    expectTypeOf<Rest<Optimizer.Partition<{ a: typeof Optimizer.zero }>>>().toEqualTypeOf<Optional>()
  })

  it('cannot tell of an optimizer that is not known', () => {
    expectTypeOf<Rest<Optimizer.Optimizer>>().toEqualTypeOf<Optional>()
    expectTypeOf<
      Rest<Optimizer.Chain<[Optimizer.Optimizer, Made<typeof Optimizer.average>]>>
    >().toEqualTypeOf<Optional>()
    expectTypeOf<Rest<Optimizer.Partition<{ a: Optimizer.Optimizer }>>>().toEqualTypeOf<Optional>()
    expectTypeOf<Rest<Made<typeof mine>>>().toEqualTypeOf<Optional>()
  })

  it('does not compile without the objective, where it is needed', () => {
    const { update } = Optimizer.interpret(Optimizer.polyak())<'a'>()
    const call = (a: Params.Params<'a'>, state: Parameters<typeof update>[1]): unknown =>
      // @ts-expect-error -- the fourth argument
      update(a, state, a)
    expectTypeOf(call).toBeFunction()
  })
})

describe('constructors', () => {
  it('take their fields, and no others', () => {
    expectTypeOf(Optimizer.scaleByRate).parameter(0).toEqualTypeOf<number | Rate.Rate>()
    const wrong = (): ReadonlyArray<unknown> => [
      // @ts-expect-error -- it is beta1
      Optimizer.scaleByAdam({ beta: 0.9 }),
      // @ts-expect-error -- a rate is required
      Optimizer.adam({}),
      // @ts-expect-error -- a text is no factor
      Optimizer.scale('1'),
      // @ts-expect-error -- a rate is no optimizer
      Optimizer.chain(Optimizer.sign, 0.1)
    ]
    expectTypeOf(wrong).toBeFunction()
  })

  it('give a memory of its type: a part that forgets does not compile', () => {
    const wrong = (): unknown =>
      Optimizer.define({
        name: 'forgetful',
        about: '',
        memory: t.type({ count: t.number }),
        init: () => () => ({ count: 0 }),
        // @ts-expect-error -- no count
        update: () => gradient => [gradient, {}]
      })
    expectTypeOf(wrong).toBeFunction()
  })
})
