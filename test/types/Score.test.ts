/** What the compiler knows of a score: the names of its parameters, and the fields of its case. */
import { describe, expectTypeOf, it } from 'vitest'
import { logSoftmax, matMul, neg, squaredDistances } from '../../lib/index.js'
import { Field, Net, type Params, Parametrization, Recipe, Schedule, Score } from '../../src/index.js'

const heap = Score.family({
  name: 'heap',
  about: 'squared distances for log-densities',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }) =>
    dim => ({ means: [components, dim], logits: [components] }),
  degreesOfFreedom: () => () => 1,
  components:
    () =>
    ({ means, logits }) => ({
      logWeights: logSoftmax(logits),
      centres: means,
      logDensity: (x, { alpha }) => neg(squaredDistances(x, means, alpha))
    })
})

const linear = Score.define({
  name: 'linear',
  about: 'a matrix',
  parameters: () => dim => ({ matrix: [dim, dim] }),
  apply:
    () =>
    ({ matrix }, x) =>
      matMul(x, matrix)
})

describe('a score', () => {
  it('is tied to the names of its parameters', () => {
    expectTypeOf(Score.symmetricPair).toExtend<Score.Score<'mean'>>()
    expectTypeOf(Score.isotropic({ components: 2 })).toExtend<Score.Score<'means' | 'logits' | 'logVariances'>>()
    expectTypeOf(heap({ components: 2 })).toExtend<Score.Score<'means' | 'logits'>>()
    expectTypeOf(linear).toExtend<Score.Score<'matrix'>>()
    expectTypeOf(Score.custom({ name: 'a', shapes: () => ({ a: [1] }), apply: (_, x) => x })).toEqualTypeOf<
      Score.Score<'a'>
    >()
    expectTypeOf(Score.convert(Schedule.edm)(linear)).toExtend<Score.Score<'matrix'>>()
    expectTypeOf(Score.shapes(2)(heap({ components: 2 }))).toEqualTypeOf<Params.Shapes<'means' | 'logits'>>()
    expectTypeOf(Recipe.annealed(heap({ components: 2 }))).returns.toHaveProperty('score')
  })

  it('of a network has parameters for labels only where there are classes', () => {
    type Layers = Net.LayerNames<`hidden${number}` | 'output'>
    expectTypeOf(Net.mlp({ hidden: [8] })).toEqualTypeOf<Net.Net<Layers>>()
    expectTypeOf(Net.mlp({ hidden: [8], classes: 3 })).toEqualTypeOf<Net.Net<Layers | 'label.classes'>>()
    const recipe: Net.Recipe = { hidden: [8] }
    expectTypeOf(Net.mlp(recipe)).toEqualTypeOf<Net.Net<Layers | 'label.classes'>>()
    expectTypeOf(Net.residualMlp({ hidden: [8] })).not.toExtend<Net.Net<'label.classes'>>()
    expectTypeOf(Score.network(Net.mlp({ hidden: [8] }), { predicts: Parametrization.noise })).toEqualTypeOf<
      Score.Score<Layers>
    >()
    // @ts-expect-error a word that is no field
    Net.mlp({ hidden: [8], activaton: 'silu' })
  })

  it('is one of any names', () => {
    const all: ReadonlyArray<Score.Score<string>> = [Score.symmetricPair, heap({ components: 2 }), linear]
    expectTypeOf(all).items.toEqualTypeOf<Score.Score<string>>()
  })

  it('may be one of several families, and is printed and judged without a word on its names', () => {
    const families = [Score.tied({ components: 2 }), Score.full({ components: 2 }), Score.isotropic({ components: 2 })]
    expectTypeOf(families.map(Score.show)).toEqualTypeOf<string[]>()
    expectTypeOf(families.map(Score.degreesOfFreedom(2))).toEqualTypeOf<number[]>()
  })

  it('is not one of other names, of fewer or of more', () => {
    expectTypeOf(Score.symmetricPair).not.toExtend<Score.Score<'logits'>>()
    expectTypeOf(heap({ components: 2 })).not.toExtend<Score.Score<'means'>>()
    expectTypeOf(Score.spherical({ components: 2 })).not.toExtend<Score.Score<'means' | 'logits'>>()
    expectTypeOf<{ readonly _tag: 'symmetricPair' }>().not.toExtend<Score.Score<'mean'>>()
    // @ts-expect-error its parameter is mean
    const other: Score.Score<'logits'> = Score.symmetricPair
    expectTypeOf(other).not.toBeAny()
  })

  it('refuses wrong fields, and parameters that it has not', () => {
    expectTypeOf(Score.isotropic).parameter(0).toEqualTypeOf<{ readonly components: number }>()
    expectTypeOf(Score.custom<'a'>)
      .parameter(0)
      .toHaveProperty('apply')
      .parameter(0)
      .not.toHaveProperty('mean')
    // @ts-expect-error its parameter is mean
    Score.degreesOfFreedom(1)<'logits'>(Score.symmetricPair)
  })

  it('cannot be made without what a wrong default would falsify', () => {
    type Said = Score.Spec<'a', Field.NoFields, 'means', null>
    expectTypeOf<Omit<Said, 'components'>>().not.toExtend<Said>()
  })
})
