/** Scores of one's own that are no mixtures: named parameters, and a function of points and their levels. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { add, mul, neg, rowDivergence, type Key, type Tensor } from '../../lib/index.js'
import { size } from '../../lib/arrays/ndarray.js'
import { Case, Field } from '../core/index.js'
import * as Net from '../net/net.js'
import * as Schedule from '../schedule/schedule.js'
import {
  concept,
  interpret,
  levelAgain,
  meaningOf,
  type RowLevel,
  type Meaning,
  type Model,
  type Score
} from '../family/family.js'
import * as Parametrization from '../family/parametrization.js'
import type * as Params from '../family/params.js'

/** A row-wise function in the tensor vocabulary, [rows, dim] in and out; the level comes as [rows, 1] tensors. */
export type Apply<P extends string> = (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor

export interface Network<P extends string> {
  readonly shapes: (dim: number) => Params.Shapes<P>
  readonly apply: Apply<P>
  /** What the network's output is; the score itself unless given. */
  readonly predicts?: Parametrization.Parametrization
  /** Parameters as they begin, for data of a dimension. */
  readonly initial?: Initial<P>
}

/** Parameters as a network itself begins, for data of a dimension. */
export type Initial<P extends string> = (dim: number) => (key: Key.Key) => Params.Params<P>

const modelOf = <P extends string>({
  shapes,
  apply,
  predicts = Parametrization.score,
  initial
}: Network<P>): Model<P> => {
  const score: Apply<P> = (params, x, level) =>
    Parametrization.convertTensor(predicts, Parametrization.score)(level)(x, apply(params, x, level))
  return {
    shapes,
    degreesOfFreedom: dim =>
      Object.values<ReadonlyArray<number>>(shapes(dim)).reduce((total, shape) => total + size(shape), 0),
    predicts,
    output: apply,
    score,
    divergence: (params, x, level) =>
      rowDivergence((point, again) => score(params, point, levelAgain(level, again)))(x),
    family: O.none,
    initial: O.fromNullable(initial)
  }
}

export interface NetworkSpec<
  N extends string,
  F extends Field.Fields,
  P extends string,
  A extends Case.Call
> extends Omit<Case.Spec<N, F, never, A, null>, 'meaning'> {
  /** Names and shapes. */
  readonly parameters: (fields: Field.Of<F>) => (dim: number) => Params.Shapes<P>
  readonly apply: (fields: Field.Of<F>) => Apply<NoInfer<P>>
  /** What the network's output is; the score itself unless given. */
  readonly predicts?: (fields: Field.Of<F>) => Parametrization.Parametrization
  /** Capability: parameters as they begin, which `Initializer.own` takes. */
  readonly initial?: (fields: Field.Of<F>) => Initial<NoInfer<P>>
}

/**
 * A network of one's own, with fields: it is trained, printed, stored and property-tested as ours are. It has no density, so that
 * what needs one refuses it; `family` makes what has.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { matMul, relu } from 'ornstein/float64'
 * import { Field, Parametrization, Score, Vocabulary } from 'ornstein'
 *
 * const perceptron = Score.define({
 *   name: 'perceptron',
 *   about: 'one hidden layer, without offsets',
 *   fields: { width: Field.count({ default: 16 }) },
 *   parameters: ({ width }) => dim => ({ into: [dim, width], out: [width, dim] }),
 *   apply: () => ({ into, out }, x) => matMul(relu(matMul(x, into)), out),
 *   predicts: () => Parametrization.noise
 * })
 * const score: Score.Score<'into' | 'out'> = perceptron({ width: 4 })
 * assert.deepEqual(Score.shapes(2)(score), { into: [2, 4], out: [4, 2] })
 * const codec = Score.codec(Vocabulary.extend(Vocabulary.standard, [perceptron]))
 * assert.deepEqual(codec.decode(codec.encode(score)), E.right(score))
 */
export function define<
  const N extends string,
  P extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null
>({
  parameters,
  apply,
  predicts,
  initial,
  ...spec
}: NetworkSpec<N, F, P, A>): Case.Constructor<Score<P>, N, F, A, null> {
  return Case.define('Score', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning<P> =>
      meaningOf(
        modelOf({
          shapes: parameters(fields),
          apply: apply(fields),
          ...(predicts && { predicts: predicts(fields) }),
          ...(initial && { initial: initial(fields) })
        })
      )
  })
}

/** A network under a name: the fields of `custom`. */
export interface Custom<P extends string = string> extends Network<P> {
  readonly name: string
}

const mine = (dim: number): Params.Shapes<string> => ({ weights: [dim] })

const shrinks: Apply<string> = ({ weights }, x) => neg(mul(weights, x))

const byName = define({
  name: 'custom',
  about: 'a student network of your own, of any parametrization',
  fields: {
    name: Field.text({ remedy: 'name it' }),
    shapes: Field.code(mine),
    apply: Field.code(shrinks),
    predicts: Field.optional(Field.of(Parametrization.concept))
  },
  formula: ({ name, predicts }) => `${Parametrization.formula(predicts ?? Parametrization.score)} = ${name}(x)`,
  parameters: ({ shapes }) => shapes,
  apply: ({ apply }) => apply,
  predicts: ({ predicts }) => predicts ?? Parametrization.score
})

/**
 * A student network of one's own: named parameter shapes, and a row-wise function in the tensor vocabulary,
 * [rows, dim] in and out. The level comes as [rows, 1] tensors, so that each row may have its own noise. The network may
 * predict the noise, the data or another parametrization: `predicts` says which, and the score follows. The short form of
 * `define`, for a network without fields.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { add, matMul, neg } from 'ornstein/float64'
 * import { Params, Schedule, Score } from 'ornstein'
 *
 * const affine = Score.custom({
 *   name: 'affine',
 *   shapes: dim => ({ matrix: [dim, dim], offset: [dim] }),
 *   apply: ({ matrix, offset }, x) => neg(add(matMul(x, matrix), offset))
 * })
 * const params = Params.of({ matrix: [[1, 0], [0, 2]], offset: [0, 1] })
 * const at = Score.evaluate(affine, Schedule.ornsteinUhlenbeck)(params)(0.1)
 * assert.deepEqual([...at({ rows: 1, dim: 2, values: Float64Array.of(3, 4) }).values], [-3, -9])
 */
export const custom = Case.called(
  byName,
  <P extends string>(description: Custom<P>): Score<P> =>
    // Its meaning has the names of the shapes that are given, and `apply` meets parameters of these shapes alone.
    byName(description as unknown as Custom) as Score<string> as Score<P>
)

const ofNet = Case.define('Score', {
  name: 'network',
  about: 'a Net as a score, of any parametrization',
  fields: { net: Field.of(Net.concept), predicts: Field.of(Parametrization.concept) },
  call: ['net', '{}'],
  example: { net: Net.mlp({ hidden: [16], embedding: Net.fourier(4) }), predicts: Parametrization.noise },
  formula: ({ net, predicts }) => `${Parametrization.formula(predicts)} = ${Net.formula(net)}`,
  meaning: ({ net, predicts }) =>
    meaningOf(
      modelOf<string>({
        shapes: dim => Net.shapes(dim)(net),
        apply: (params, x, level) => Net.forData(x.shape[1] ?? 0)(net).apply(params, x, level),
        predicts,
        initial: dim => key => Net.initial(dim)(key)(net)
      })
    )
})

/**
 * A network as a score: what it predicts is the noise, the data, or any other parametrization, and the score follows; so do
 * divergence, objectives, programs over the rows, and files.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Net, Parametrization, Score, Vocabulary } from 'ornstein'
 *
 * const net = Net.mlp({ hidden: [64, 64], activation: 'silu', embedding: Net.fourier(16) })
 * const score = Score.network(net, { predicts: Parametrization.noise })
 * const codec = Score.codec(Vocabulary.standard)
 * assert.deepEqual(codec.decode(JSON.parse(JSON.stringify(codec.encode(score)))), E.right(score))
 */
export const network = Case.called(
  ofNet,
  <P extends string>(net: Net.Net<P>, { predicts }: { readonly predicts: Parametrization.Parametrization }): Score<P> =>
    // Its parameters are those of the network.
    ofNet(net, { predicts }) as Score<string> as Score<P>
)

/**
 * A network by EDM's preconditioning, for data of standard deviation σ_d: x̂_0 = c_skip x + c_out F(c_in x, c_noise), where
 * c_skip and c_out are those of `Parametrization.edm`, c_in that of `Net.standardized`, and c_noise what embeddings see
 * (Karras et al. 2022, arXiv 2206.00364, table 1). A recipe.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Net, Parametrization, Score } from 'ornstein'
 *
 * const net = Net.mlp({ hidden: [8] })
 * assert.equal(
 *   Score.show(Score.preconditioned(net, { deviation: 2 })),
 *   Score.show(
 *     Score.network(Net.chain(Net.standardized({ deviation: 2 }), net), {
 *       predicts: Parametrization.edm({ sigmaData: 2 })
 *     })
 *   )
 * )
 */
export const preconditioned = <P extends string>(
  net: Net.Net<P>,
  { deviation }: { readonly deviation: number }
): Score<P> =>
  network(Net.chain<P>(Net.standardized({ deviation }), net), {
    predicts: Parametrization.edm({ sigmaData: deviation })
  })

const converted = Case.define('Score', {
  name: 'convert',
  about: 'a score trained on one schedule, for use on any other',
  fields: { trained: Field.of(Schedule.concept), score: Field.of(concept) },
  call: ['trained'],
  on: 'score',
  example: { score: custom({ name: 'mine', shapes: mine, apply: shrinks }) },
  formula: ({ trained, score }) => `s′(x) = s(x/c)/c, s trained on ${Schedule.show(trained)}: ${Case.formula(score)}`,
  meaning: ({ trained, score }) => meaningOf(convertedModel(trained, interpret(score)))
})

const convertedModel = <P extends string>(trained: Schedule.Schedule, model: Model<P>): Model<P> => {
  if (O.isSome(model.family)) return model
  const { shapes, output: apply, predicts } = model
  const there = Schedule.equalNoise(trained)
  const degree = Parametrization.degree(predicts)
  const relevelled = Parametrization.relevelled(predicts)
  return {
    ...modelOf({
      shapes,
      predicts,
      apply: (params, x, level) => {
        const at = (f: (same: Schedule.SameNoise) => number): Tensor =>
          Parametrization.perRow(level, own => f(there(own)))
        const point = mul(
          at(({ scale }) => scale),
          x
        )
        const output = apply(params, point, {
          alpha: at(({ level }) => level.alpha),
          sigma: at(({ level }) => level.sigma),
          ...(level.label && { label: level.label })
        })
        return pipe(
          degree,
          O.fold(
            // By the data and the noise behind it.
            () => {
              const here = (pick: (of: Parametrization.Coefficients) => number): Tensor =>
                Parametrization.perRow(level, own => pick(relevelled(there(own).level, own)))
              return add(
                mul(
                  here(({ ofOutput }) => ofOutput),
                  output
                ),
                mul(
                  here(({ ofPoint }) => ofPoint),
                  point
                )
              )
            },
            degree =>
              degree === 0
                ? output
                : mul(
                    at(({ scale }) => Elementary.pow(scale, -degree)),
                    output
                  )
          )
        )
      }
    }),
    degreesOfFreedom: model.degreesOfFreedom,
    initial: model.initial
  }
}

/**
 * A score trained on one schedule, for use on any other: s′(x′) = s(x′/c)/c, with s at the level of `trained` of equal
 * log-SNR and c = α′/α = σ′/σ. The scores of mixtures know every level, and stay as they are.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { div, neg } from 'ornstein/float64'
 * import { Params, Schedule, Score } from 'ornstein'
 *
 * // The score of N(0, 1) where α² + σ² = 1, and on no other schedule.
 * const trained = Score.custom({
 *   name: 'normal',
 *   shapes: () => ({ scale: [] }),
 *   apply: ({ scale }, x) => neg(div(x, scale))
 * })
 * const score = Score.evaluate(pipe(trained, Score.convert(Schedule.ornsteinUhlenbeck)), Schedule.edm)
 * const { values } = score(Params.of({ scale: 1 }))(2)({ rows: 1, dim: 1, values: Float64Array.of(1) })
 * assert.ok(Math.abs(values[0] + 1 / (1 + 2 ** 2)) < 1e-15)
 */
export const convert = Case.called(
  converted,
  (trained: Schedule.Schedule) =>
    <P extends string>(score: Score<P>): Score<P> =>
      // Its parameters are those of the score that is given.
      O.isSome(interpret(score).family) ? score : (converted(trained)(score) as Score<string> as Score<P>)
)
