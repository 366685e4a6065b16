/** Custom scores that are not mixtures: named parameters, and a function of points and noise levels. */
import * as Elementary from '../../lib/numbers/elementary.js'
import { add, mul, neg, rowDivergence, type Key, type Tensor } from '../../lib/index.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, Field, argumentWithFields, Problem } from '../core/index.js'
import * as Net from './net.js'
import * as Schedule from '../schedule/schedule.js'
import {
  concept,
  interpret,
  repeatLevel,
  meaningOfModel,
  type RowLevel,
  type Meaning,
  type Model,
  type NamedOutputs,
  type Score
} from '../mixture/family.js'
import * as Parametrization from '../schedule/parametrization.js'
import type * as Params from '../core/params.js'

/** Row-wise function in the tensor vocabulary: [rows, dim] in and out, α and σ [rows, 1]. */
export type Apply<P extends string> = (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor

/** Name of the one head that is the score, with its parametrization; empty if only objectives read the heads. */
export type Scoring<H extends string> = { readonly [K in H]?: Parametrization.Parametrization }

interface Network<P extends string> {
  readonly shapes: (dim: number) => Params.Shapes<P>
  readonly apply: Apply<P>
  /** All heads, if there are several. */
  readonly said?: NamedOutputs<P>
  /** Parametrization of the output. Default: the score. */
  readonly predicts?: Parametrization.Parametrization
  /** Initial parameters, for data of a dimension. */
  readonly initial?: Initial<P>
  /** True if no head is the score. */
  readonly scoreless?: true
}

/** The head that is the score; undefined if there is none. `headProblems` rejects several. */
const scoreHead = (
  heads: Scoring<string>
): readonly [name: string, predicts: Parametrization.Parametrization] | undefined =>
  Object.entries(heads).flatMap(([name, predicts]) => (predicts === undefined ? [] : [[name, predicts] as const]))[0]

const outputFormula = (heads: Scoring<string>): string => {
  const head = scoreHead(heads)
  return head === undefined ? 'heads' : Parametrization.formula(head[1])
}

/** Field for the `heads` of a score; null for a single output. */
const scoringField = Field.optional({
  ...Field.dictionary(Field.of(Parametrization.concept)),
  arbitrary: (fc, any) => fc.record({ noise: any(Parametrization.concept.name, 3) })
} satisfies Field.Field<Readonly<Record<string, Parametrization.Parametrization>>>)

const headProblems = (heads: Scoring<string> | null): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    heads !== null && Object.keys(heads).length <= 1,
    'heads',
    heads === null ? 'missing' : `{ ${Object.keys(heads).join(', ')} }`,
    'the one head that is the score',
    'name it with what it predicts, { noise: Parametrization.noise }, or give {} where none is'
  )

/** Meaning of a network with several heads, with the score from one. */
const headedNetwork = <P extends string>(
  said: NamedOutputs<P>,
  heads: Scoring<string>
): Pick<Network<P>, 'apply' | 'said' | 'predicts' | 'scoreless'> => {
  const head = scoreHead(heads)
  if (head === undefined)
    return {
      said,
      scoreless: true,
      apply: () => refuse('heads: none of them is the score; name it in heads, or read the heads alone')
    }
  const [name, predicts] = head
  return {
    said,
    predicts,
    apply: (params, x, level) => {
      const all = said(params, x, level)
      return Object.hasOwn(all, name)
        ? all[name]
        : refuse(`heads: ${name} is not one of ${Object.keys(all).join(', ')}; name the head that is the score`)
    }
  }
}

export type Initial<P extends string> = (dim: number) => (key: Key.Key) => Params.Params<P>

const modelOfNetwork = <P extends string>({
  shapes,
  apply,
  said,
  predicts = Parametrization.score,
  initial,
  scoreless
}: Network<P>): Model<P> => {
  const score: Apply<P> = (params, x, level) =>
    Parametrization.convertTensor(predicts, Parametrization.score)(level)(x, apply(params, x, level))
  return {
    shapes,
    degreesOfFreedom: dim =>
      Object.values<ReadonlyArray<number>>(shapes(dim)).reduce((total, shape) => total + shapeSize(shape), 0),
    predicts,
    output: apply,
    heads: said,
    ...(scoreless && { scoreless }),
    score,
    divergence: (params, x, level) =>
      rowDivergence((point, again) => score(params, point, repeatLevel(level, again)))(x),
    initial
  }
}

export interface NetworkSpec<
  N extends string,
  F extends Field.Fields,
  P extends string,
  A extends Case.Call
> extends Omit<Case.Spec<N, F, never, A, null>, 'meaning'> {
  /** Shapes by name, for data of a dimension. */
  readonly parameters: (fields: Field.Of<F>) => (dim: number) => Params.Shapes<P>
  readonly apply: (fields: Field.Of<F>) => Apply<NoInfer<P>>
  /** Parametrization of the output. Default: the score. */
  readonly predicts?: (fields: Field.Of<F>) => Parametrization.Parametrization
  /** Capability: initial parameters, which `Initializer.networkDefault` uses. */
  readonly initial?: (fields: Field.Of<F>) => Initial<NoInfer<P>>
}

/** A network of several heads, with `says` for `apply` and `heads` for `predicts`. */
export interface HeadsSpec<
  N extends string,
  F extends Field.Fields,
  P extends string,
  A extends Case.Call,
  H extends string
> extends Omit<NetworkSpec<N, F, P, A>, 'apply' | 'predicts'> {
  /** All heads by name, each [rows, any]. */
  readonly says: (fields: Field.Of<F>) => NamedOutputs<NoInfer<P>, H>
  /** The head that is the score, with its parametrization. */
  readonly heads: (fields: Field.Of<F>) => Scoring<NoInfer<H>>
}

/**
 * Defines a custom network with fields, which is trained, printed, stored and property-tested like the built-in ones. It has no density; use
 * `family` for a score that has one. A network of several heads has `says` and `heads`, as in `custom`.
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
 * const codec = Vocabulary.codec(Vocabulary.extend(Vocabulary.standard, [perceptron]))(Score.concept)
 * assert.deepEqual(codec.decode(codec.encode(score)), E.right(score))
 */
export function define<
  const N extends string,
  P extends string,
  H extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null
>(spec: HeadsSpec<N, F, P, A, H>): Case.Constructor<Score<P, H>, N, F, A, null>
export function define<
  const N extends string,
  P extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null
>(spec: NetworkSpec<N, F, P, A>): Case.Constructor<Score<P>, N, F, A, null>
export function define<N extends string, P extends string, F extends Field.Fields, A extends Case.Call>(
  said: NetworkSpec<N, F, P, A> | HeadsSpec<N, F, P, A, string>
): Case.Constructor<Score<P>, N, F, A, null> {
  const wanted = 'what a network says, { name, about, parameters, apply }'
  const { parameters, initial, ...spec } = argumentWithFields(
    said,
    ['name', 'parameters'],
    wanted,
    'Score.define(says)'
  )
  return Case.define('Score', {
    ...spec,
    check: (fields: Field.Of<F>) => [
      ...(spec.check?.(fields) ?? []),
      ...('heads' in spec ? headProblems(spec.heads(fields)) : [])
    ],
    meaning: (fields: Field.Of<F>): Meaning<P> =>
      meaningOfModel(
        modelOfNetwork({
          shapes: parameters(fields),
          ...('heads' in spec
            ? headedNetwork(spec.says(fields), spec.heads(fields))
            : { apply: spec.apply(fields), ...(spec.predicts && { predicts: spec.predicts(fields) }) }),
          ...(initial && { initial: initial(fields) })
        })
      )
  })
}

export interface Custom<P extends string = string> extends Omit<Network<P>, 'said'> {
  readonly name: string
}

export interface CustomHeads<P extends string, H extends string> extends Pick<Custom<P>, 'name' | 'shapes'> {
  /** All heads by name, each [rows, any]. */
  readonly says: NamedOutputs<NoInfer<P>, H>
  /** The head that is the score, with its parametrization. */
  readonly heads: Scoring<NoInfer<H>>
}

const exampleShapes = (dim: number): Params.Shapes<string> => ({ weights: [dim] })

const exampleApply: Apply<string> = ({ weights }, x) => neg(mul(weights, x))

const exampleHeads: NamedOutputs<string> = (params, x, level) => ({
  score: exampleApply(params, x, level),
  size: mul(x, x)
})

const customNetwork = Case.define('Score', {
  name: 'custom',
  about: 'a student network of your own, of any parametrization, with one output or several heads',
  fields: {
    /** Name in printed code. */
    name: Field.text({ remedy: 'name it' }),
    /** Shapes of the parameters, for data of a dimension. */
    shapes: Field.code(exampleShapes),
    /** Output at x and its level, [rows, dim]. */
    apply: Field.optional(Field.code(exampleApply)),
    /** Parametrization of the output. Default: the score. */
    predicts: Field.optional(Field.of(Parametrization.concept)),
    /** Heads by name, in place of `apply`. */
    says: Field.optional(Field.code(exampleHeads)),
    /** The head that is the score, with its parametrization. */
    heads: scoringField
  },
  example: { apply: exampleApply },
  formula: ({ name, predicts, heads }) =>
    `${heads === null ? Parametrization.formula(predicts ?? Parametrization.score) : outputFormula(heads)} = ${name}(x)`,
  check: ({ apply, predicts, says, heads }) =>
    says === null
      ? [
          ...Problem.unless(apply !== null, 'apply', 'missing', 'a function of rows', 'give it, or says and heads'),
          ...Problem.unless(heads === null, 'heads', 'those of one output', 'those of says', 'give says, or predicts')
        ]
      : [
          ...Problem.unless(
            apply === null && predicts === null,
            'says',
            'given beside apply or predicts',
            'alone',
            'leave those out'
          ),
          ...headProblems(heads)
        ],
  meaning: ({ shapes, apply, predicts, says, heads }) =>
    meaningOfModel(
      modelOfNetwork<string>({
        shapes,
        ...(says === null || heads === null
          ? { apply: apply ?? exampleApply, predicts: predicts ?? Parametrization.score }
          : headedNetwork(says, heads))
      })
    )
})

/**
 * Custom network: named parameter shapes, and a row-wise function in the tensor vocabulary, [rows, dim] in and out, with α and σ [rows, 1]
 * of each row's noise. If the output is another parametrization, `predicts` names it, and the score is derived. A network of several heads
 * returns them by name as `says` and selects the score by `heads: { noise: Parametrization.noise }`; objectives read all. Short form of
 * `define`, without fields.
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
export const custom = Case.caseCalledBy(
  customNetwork,
  // Typed with the given names, which the general constructor cannot express.
  customNetwork as unknown as Customs
)

interface Customs {
  <P extends string, H extends string>(description: CustomHeads<P, H>): Score<P, H>
  <P extends string>(description: Custom<P>): Score<P>
}

/** Meaning of a network of heads; the score's head must be as wide as the data. */
const networkOfHeads = (net: Net.Net<string>, heads: Scoring<string>): Network<string> => {
  const [name] = scoreHead(heads) ?? []
  const built = (dim: number): Required<Net.Built<string>> => {
    const { heads, ...rest } = Net.buildNet({ width: dim, dim })(net)
    if (heads === undefined)
      return refuse(`heads${name === undefined ? '' : `.${name}`}: the network has one output; end it by Net.heads`)
    if (name === undefined) return { ...rest, heads }
    if (!Object.hasOwn(heads.widths, name))
      return refuse(
        `heads.${name}: the network has heads ${Object.keys(heads.widths).join(', ')}; name one of Net.heads`
      )
    const found = heads.widths[name]
    return found === dim
      ? { ...rest, heads }
      : refuse(`heads.${name}: ${found} numbers a row are not ${dim}, as many as the data have; end it by Net.output()`)
  }
  return {
    shapes: dim => built(dim).shapes,
    ...headedNetwork((params, x, level) => built(x.shape[1] ?? 0).heads.of(params, x, level), heads)
  }
}

const netScore = Case.define('Score', {
  name: 'network',
  about: 'a Net as a score, of any parametrization',
  fields: {
    /** Network from x and its level to an output. */
    net: Field.of(Net.concept),
    /** Parametrization of the output. Default: the score. */
    predicts: Field.optional(Field.of(Parametrization.concept)),
    /** The head that is the score, with its parametrization. */
    heads: scoringField
  },
  call: ['net', '{}'],
  example: { net: Net.mlp({ hidden: [16], embedding: Net.fourier(4) }), predicts: Parametrization.noise },
  formula: ({ net, predicts, heads }) =>
    `${predicts === null ? outputFormula(heads ?? {}) : Parametrization.formula(predicts)} = ${Net.formula(net)}`,
  check: ({ predicts, heads }) =>
    predicts === null
      ? headProblems(heads)
      : Problem.unless(heads === null, 'heads', 'given beside predicts', 'alone', 'leave predicts out'),
  meaning: ({ net, predicts, heads }) =>
    meaningOfModel(
      modelOfNetwork<string>({
        ...(heads === null
          ? {
              shapes: (dim: number) => Net.forData(dim)(net).shapes,
              apply: (params, x, level) => Net.forData(x.shape[1] ?? 0)(net).apply(params, x, level),
              predicts: predicts ?? Parametrization.score
            }
          : networkOfHeads(net, heads)),
        initial: dim => key => Net.initial(dim)(key)(net)
      })
    )
})

/**
 * Network as a score, derived from the noise, the data, or another parametrization.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Net, Parametrization, Score, Vocabulary } from 'ornstein'
 *
 * const net = Net.mlp({ hidden: [64, 64], activation: 'silu', embedding: Net.fourier(16) })
 * const score = Score.network(net, { predicts: Parametrization.noise })
 * const codec = Vocabulary.codec(Vocabulary.standard)(Score.concept)
 * assert.deepEqual(codec.decode(JSON.parse(JSON.stringify(codec.encode(score)))), E.right(score))
 *
 * // Several heads, one of them the score; objectives read `heads.variance`.
 * const heads = { noise: Net.output(), variance: Net.output() }
 * const both: Score.Score<string, 'noise' | 'variance'> = Score.network(Net.mlp({ hidden: [64], heads }), {
 *   heads: { noise: Parametrization.noise }
 * })
 * assert.deepEqual(Score.shapes(2)(both)['variance.weights'], [64, 2])
 */
export const network = Case.caseCalledBy(
  netScore,
  <P extends string, H extends string>(
    net: Net.Net<P, H>,
    options: { readonly predicts: Parametrization.Parametrization } | { readonly heads: Scoring<NoInfer<H>> }
  ): Score<P, H> =>
    // Typed with the network's names, which the general constructor cannot express.
    netScore(net, options as { readonly predicts: Parametrization.Parametrization }) as Score<string> as Score<P, H>
)

/**
 * Recipe of EDM's preconditioned network, for data of standard deviation σ_d: x̂_0 = c_skip x + c_out F(c_in x, c_noise), with c_skip and
 * c_out of `Parametrization.edm`, c_in of `Net.standardized`, and c_noise of embeddings (Karras et al. 2022, arXiv 2206.00364, table 1).
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
  options: { readonly deviation: number }
): Score<P> => {
  const call = 'Score.preconditioned(net, { deviation })'
  const { deviation } = argumentWithFields(options, ['deviation'], '{ deviation }, that of the data,', call)
  return network(Net.chain<P>(Net.standardized({ deviation }), net), {
    predicts: Parametrization.edm({ sigmaData: deviation })
  })
}

const convertedScore = Case.define('Score', {
  name: 'convert',
  about: 'a score trained on one schedule, for use on any other',
  fields: {
    /** Schedule of the training. */
    trained: Field.of(Schedule.concept),
    /** Trained score. */
    score: Field.of(concept)
  },
  call: ['trained'],
  on: 'score',
  example: { score: custom({ name: 'mine', shapes: exampleShapes, apply: exampleApply }) },
  formula: ({ trained, score }) => `s′(x) = s(x/c)/c, s trained on ${Schedule.show(trained)}: ${Case.formula(score)}`,
  meaning: ({ trained, score }) => meaningOfModel(convertedModel(trained, interpret(score)))
})

const convertedModel = <P extends string>(trained: Schedule.Schedule, model: Model<P>): Model<P> => {
  if (model.family !== undefined) return model
  const { shapes, predicts, heads } = model
  const there = Schedule.equalNoise(trained)
  const degree = Parametrization.degree(predicts)
  const relevelled = Parametrization.relevelled(predicts)
  /** Point and level on the training schedule. */
  const atTrained = (x: Tensor, level: RowLevel): { readonly point: Tensor; readonly level: RowLevel } => {
    const at = (f: (same: Schedule.SameNoise) => number): Tensor =>
      Parametrization.numberPerRow(level, own => f(there(own)))
    return {
      point: mul(
        at(({ scale }) => scale),
        x
      ),
      level: {
        alpha: at(({ level }) => level.alpha),
        sigma: at(({ level }) => level.sigma),
        ...(level.label && { label: level.label })
      }
    }
  }
  const here = (output: Tensor, point: Tensor, level: RowLevel): Tensor => {
    if (degree === 0) return output
    if (degree !== undefined)
      return mul(
        Parametrization.numberPerRow(level, own => Elementary.pow(there(own).scale, -degree)),
        output
      )
    // Coefficients of the output at this level, with the same x_0 and z.
    const per = (pick: (of: Parametrization.Coefficients) => number): Tensor =>
      Parametrization.numberPerRow(level, own => pick(relevelled(there(own).level, own)))
    const ofOutput = per(own => own.ofOutput)
    const ofPoint = per(own => own.ofPoint)
    return add(mul(ofOutput, output), mul(ofPoint, point))
  }
  return {
    ...modelOfNetwork({
      shapes,
      predicts,
      apply: (params, x, level) => {
        const { point, level: other } = atTrained(x, level)
        return here(model.output(params, point, other), point, level)
      }
    }),
    // Unscaled, as predicted at the rescaled point.
    heads:
      heads &&
      ((params, x, level) => {
        const { point, level: other } = atTrained(x, level)
        return heads(params, point, other)
      }),
    ...(model.scoreless && { scoreless: true as const }),
    degreesOfFreedom: model.degreesOfFreedom,
    initial: model.initial
  }
}

/**
 * Score trained on one schedule, for any other: s′(x′) = s(x′/c)/c, with s at the level of `trained` with equal log-SNR and c = α′/α =
 * σ′/σ. Returns scores of mixtures unchanged, which are valid on every schedule.
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
export const convert = Case.caseCalledBy(
  convertedScore,
  (trained: Schedule.Schedule) =>
    <P extends string>(score: Score<P>): Score<P> =>
      // Typed with the score's parameters, which the general constructor cannot express.
      interpret(score).family !== undefined ? score : (convertedScore(trained)(score) as Score<string> as Score<P>)
)
