/** What the compiler knows of an optimizer: its state, and whether it must be given the objective. */
import { describe, expectTypeOf, it } from 'vitest'
import { Optimizer, type Params } from '../../src/index.js'

type P = Params.Params<'a' | 'b'>
type States = Optimizer.States<'a' | 'b'>

const init = <O extends Optimizer.Optimizer>(optimizer: O): ((params: P) => Optimizer.State<O, 'a' | 'b'>) =>
  Optimizer.interpret(optimizer)<'a' | 'b'>().init

describe('the state', () => {
  it('of a part is by its tag', () => {
    expectTypeOf(init(Optimizer.scaleByRate(1))).returns.toEqualTypeOf<{ readonly count: number }>()
    expectTypeOf(init(Optimizer.trace(0.5))).returns.toEqualTypeOf<{ readonly trace: P }>()
    expectTypeOf(init(Optimizer.sign)).returns.toEqualTypeOf<null>()
  })

  it('of a chain is the list of its parts’ states', () => {
    type Adam = ReturnType<ReturnType<typeof init<ReturnType<typeof Optimizer.adam>>>>
    expectTypeOf<Adam[0]>().toEqualTypeOf<States['ScaleByAdam']>()
    expectTypeOf<Adam[1]>().toEqualTypeOf<States['ScaleByRate']>()
    expectTypeOf<Adam['length']>().toEqualTypeOf<2>()
    type Nested = Optimizer.Chain<[ReturnType<typeof Optimizer.adam>, Optimizer.Average]>
    expectTypeOf<Optimizer.State<Nested, 'a' | 'b'>[0][1]>().toEqualTypeOf<States['ScaleByRate']>()
    expectTypeOf<Optimizer.State<Nested, 'a' | 'b'>[1]['average']>().toEqualTypeOf<P>()
    expectTypeOf<ReturnType<typeof init<Optimizer.Chain<[]>>>>().returns.toEqualTypeOf<readonly []>()
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

  it('of an optimizer that is not known is any', () => {
    expectTypeOf(init<Optimizer.Optimizer>(Optimizer.zero)).returns.toEqualTypeOf<Optimizer.AnyState<'a' | 'b'>>()
    type Half = Optimizer.State<Optimizer.Chain<[Optimizer.Optimizer, Optimizer.Average]>, 'a' | 'b'>
    expectTypeOf<Half[0]>().toEqualTypeOf<Optimizer.AnyState<'a' | 'b'>>()
    expectTypeOf<Half[1]>().toEqualTypeOf<States['Average']>()
    expectTypeOf<States['ScaleByLbfgs']>().toExtend<Optimizer.AnyState<'a' | 'b'>>()
    expectTypeOf<Optimizer.States<'a'>['ScaleByAdam']>().toExtend<Optimizer.AnyState<'a' | 'b'>>()
  })
})

describe('update', () => {
  type Rest<O extends Optimizer.Optimizer> = Optimizer.ContextOf<O, 'a'>
  type Needed = readonly [context: Optimizer.Context<'a'>]
  type Optional = readonly [context?: Optimizer.Context<'a'>]

  it('takes the objective only where a part looks at it', () => {
    expectTypeOf<Rest<Optimizer.ScaleByAdam>>().toEqualTypeOf<Optional>()
    expectTypeOf<Rest<ReturnType<typeof Optimizer.adamW>>>().toEqualTypeOf<Optional>()
    expectTypeOf<Rest<Optimizer.ScaleByPolyak>>().toEqualTypeOf<Needed>()
    expectTypeOf<Rest<ReturnType<typeof Optimizer.lbfgs>>>().toEqualTypeOf<Needed>()
    expectTypeOf<Rest<Optimizer.Chain<[Optimizer.Chain<[]>, Optimizer.ReduceOnPlateau]>>>().toEqualTypeOf<Needed>()
    expectTypeOf<Rest<Optimizer.Only<'a', Optimizer.LineSearch>>>().toEqualTypeOf<Needed>()
    expectTypeOf<Rest<Optimizer.Partition<{ a: Optimizer.Zero; b: Optimizer.ScaleByNewton }>>>().toEqualTypeOf<Needed>()
    expectTypeOf<Rest<Optimizer.Partition<{ a: Optimizer.Zero }>>>().toEqualTypeOf<Optional>()
  })

  it('cannot tell of an optimizer that is not known', () => {
    expectTypeOf<Rest<Optimizer.Optimizer>>().toEqualTypeOf<Optional>()
    expectTypeOf<Rest<Optimizer.Chain<[Optimizer.Optimizer, Optimizer.Average]>>>().toEqualTypeOf<Optional>()
    expectTypeOf<Rest<Optimizer.Partition<{ a: Optimizer.Optimizer }>>>().toEqualTypeOf<Optional>()
  })

  it('does not compile without the objective, where it is needed', () => {
    const { update } = Optimizer.interpret(Optimizer.polyak())<'a'>()
    const call = (a: Params.Params<'a'>, state: Parameters<typeof update>[1]): unknown =>
      // @ts-expect-error -- the fourth argument
      update(a, state, a)
    expectTypeOf(call).toBeFunction()
  })
})
