/** Networks: parts that map the numbers of each row, [rows, width], and its noise level to [rows, width′]. */
import { pipe } from 'fp-ts/lib/function.js'
import type * as t from 'io-ts'
import { add, concat as joined, Key, type NdArray } from '../../lib/index.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import { refuse, refuseWith } from '../../lib/plain/refuse.js'
import { Case, Field, Problem, Vocabulary } from '../core/index.js'
import type { NamedOutputs } from '../mixture/family.js'
import * as Params from '../core/params.js'
import {
  fourier,
  gelu,
  identity,
  label,
  layerNorm,
  linear,
  output,
  relu,
  silu,
  sinusoidal,
  softplus,
  standardized,
  tanh
} from './net/layers.js'
import { buildNet, concept, define, type Built, type Net, type Site, type Start } from './net/netPart.js'

export * from './net/layers.js'
export * from './net/netPart.js'

// —— composition ——

/** Throws a RangeError with the problem of a part that does not fit its place. */
const throwMisfit = (problem: Problem.Problem): never => refuseWith(problem, Problem.show(problem))

/** Merges the parameters of parts; throws if two have the same name. */
const joinParts = (parts: ReadonlyArray<Built<string>>): Pick<Built<string>, 'shapes' | 'starts'> => {
  const shapes = parts.flatMap(({ shapes }) => Object.entries<ReadonlyArray<number>>(shapes))
  const starts = parts.flatMap(({ starts }) => Object.entries<Start>(starts))
  const twice = shapes.find(([name], i) => shapes.findIndex(([other]) => other === name) !== i)
  return twice === undefined
    ? { shapes: Object.fromEntries(shapes), starts: Object.fromEntries(starts) }
    : throwMisfit(
        Problem.of(
          'net',
          `a second ${twice[0]}`,
          'the only parameter of its name',
          "give its part one: Net.named('hidden', …)"
        )
      )
}

const partListField = {
  /** Parts, in order. */
  parts: Field.array(Field.of(concept))
}

const emptyPartsProblems = ({ parts }: { readonly parts: ReadonlyArray<unknown> }): ReadonlyArray<Problem.Problem> =>
  Problem.unless(parts.length > 0, 'parts', 'none', 'one part or more', 'use Net.identity')

/** Constructor of a case from its parts, typed with their parameters. */
const partsConstructor = (made: ((...parts: ReadonlyArray<Net<string>>) => Net<string>) & Case.CaseOf<Net<string>>) =>
  Case.caseCalledBy(
    made,
    <P extends string = never>(...parts: ReadonlyArray<Net<P>>): Net<P> => made(...parts) as Net<P>
  )

const chainNet = define({
  name: 'chain',
  about: 'one part after another',
  fields: partListField,
  call: ['...parts'],
  formula: ({ parts }) => parts.map(Case.formula).join(' → '),
  check: emptyPartsProblems,
  meaning:
    ({ parts }) =>
    place => {
      const built = parts.reduce<ReadonlyArray<Built<string>>>(
        (before, part) => [...before, buildNet({ ...place, width: before.at(-1)?.width ?? place.width })(part)],
        []
      )
      const before = built.slice(0, -1)
      const heads = built.at(-1)?.heads
      return {
        width: built.at(-1)?.width ?? place.width,
        ...joinParts(built),
        apply: (params, x, level) => built.reduce((x, { apply }) => apply(params, x, level), x),
        ...(heads && {
          heads: {
            widths: heads.widths,
            of: (params, x, level) =>
              heads.of(
                params,
                before.reduce((x, { apply }) => apply(params, x, level), x),
                level
              )
          }
        })
      }
    }
})

/**
 * Composition of parts, the first one first.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Net } from 'ornstein'
 *
 * const net = Net.chain(Net.named('in', Net.linear(5)), Net.silu, Net.named('out', Net.output()))
 * assert.equal(Net.parameterCount(2)(net), 2 * 5 + 5 + 5 * 2 + 2)
 */
export const chain = partsConstructor(chainNet)

const builtParts = (place: Site, parts: ReadonlyArray<Net<string>>): ReadonlyArray<Built<string>> =>
  parts.map(buildNet(place))

const concatNet = define({
  name: 'concat',
  about: 'parts side by side',
  fields: partListField,
  call: ['...parts'],
  formula: ({ parts }) => `[${parts.map(Case.formula).join(', ')}]`,
  check: emptyPartsProblems,
  meaning:
    ({ parts }) =>
    place => {
      const built = builtParts(place, parts)
      return {
        width: built.reduce((sum, { width }) => sum + width, 0),
        ...joinParts(built),
        apply: (params, x, level) =>
          joined(
            built.map(({ apply }) => apply(params, x, level)),
            1
          )
      }
    }
})

/** Concatenates the outputs of parts on the same x. */
export const concat = partsConstructor(concatNet)

const sumNet = define({
  name: 'sum',
  about: 'the sum of parts',
  fields: partListField,
  call: ['...parts'],
  formula: ({ parts }) => parts.map(part => `(${Case.formula(part)})`).join(' + '),
  check: emptyPartsProblems,
  meaning:
    ({ parts }) =>
    place => {
      const built = builtParts(place, parts)
      const widths = built.map(({ width }) => width)
      if (widths.some(width => width !== widths[0]))
        throwMisfit(
          Problem.of(
            'net',
            `Net.sum of widths ${widths.join(', ')}`,
            'of one width',
            'put Net.linear after what differs'
          )
        )
      return {
        width: widths[0],
        ...joinParts(built),
        apply: (params, x, level) => built.map(({ apply }) => apply(params, x, level)).reduce((a, b) => add(a, b))
      }
    }
})

/** Adds the outputs of parts of equal width on the same x. */
export const sum = partsConstructor(sumNet)

/** Recipe for x + f(x) (He et al. 2015, arXiv 1512.03385). */
export const residual = <P extends string>(net: Net<P>): Net<P> => sum(identity, net)

/** Recipe for [x, f(x)]. */
export const skip = <P extends string>(net: Net<P>): Net<P> => concat(identity, net)

const prefixedNet = define({
  name: 'named',
  about: 'a part whose parameters have a first name',
  fields: {
    /** Prefix of the parameter names. */
    name: Field.text({ remedy: "call it 'hidden', say" }),
    /** Part whose parameters are prefixed. */
    net: Field.of(concept)
  },
  call: ['name', 'net'],
  formula: ({ net }) => Case.formula(net),
  check: ({ name }) => Problem.unless(name !== '', 'name', "''", 'a name', "call it 'hidden', say"),
  meaning:
    ({ name, net }) =>
    place => {
      const { width, shapes, starts, apply, heads } = buildNet(place)(net)
      const first = <A>(own: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
        Object.fromEntries(Object.entries(own).map(([last, a]) => [`${name}.${last}`, a]))
      const names = Params.names(shapes)
      const own = (params: Params.Tensors<string>): Params.Tensors<string> =>
        Object.fromEntries(names.map(last => [last, params[`${name}.${last}`]]))
      return {
        width,
        shapes: first(shapes),
        starts: first(starts),
        apply: (params, x, level) => apply(own(params), x, level),
        ...(heads && { heads: { ...heads, of: (params, x, level) => heads.of(own(params), x, level) } })
      }
    }
})

/** Prefixes the parameter names of a part: `weights` becomes `hidden.weights`. Names must be unique in a network. */
export const named = Case.caseCalledBy(
  prefixedNet,
  <const N extends string, P extends string>(name: N, net: Net<P>): Net<`${N}.${P}`> =>
    prefixedNet(name, net) as Net<string> as Net<`${N}.${P}`>
)

const headsField: Field.Field<Readonly<Record<string, Net<string>>>> = {
  ...Field.dictionary(Field.of(concept)),
  arbitrary: (fc, any) =>
    fc.dictionary(fc.constantFrom('noise', 'variance'), any(concept.name, 3), { minKeys: 1, noNullPrototype: true }),
  sample: any => Object.freeze({ noise: any(concept.name) })
}

const headsNet = define({
  name: 'heads',
  about: 'several outputs of one trunk, by name',
  fields: {
    /** Part that all heads share. */
    trunk: Field.of(concept),
    /** Net of each output, by its name. */
    heads: headsField
  },
  call: ['trunk', 'heads'],
  formula: ({ trunk, heads }) =>
    `${Case.formula(trunk)} → { ${Object.entries(heads)
      .map(([name, head]) => `${name}: ${Case.formula(head)}`)
      .join(', ')} }`,
  check: ({ heads }) =>
    Problem.unless(Object.keys(heads).length > 0, 'heads', '{}', 'one head or more', 'name what the network says'),
  meaning:
    ({ trunk, heads }) =>
    place => {
      const stem = buildNet(place)(trunk)
      const tops = Object.entries(heads).map(([name, head]) => ({
        name,
        ...buildNet({ ...place, width: stem.width })(named(name, head))
      }))
      const of: NamedOutputs<string> = (params, x, level) => {
        const seen = stem.apply(params, x, level)
        return Object.fromEntries(tops.map(({ name, apply }) => [name, apply(params, seen, level)]))
      }
      return {
        width: tops.reduce((sum, { width }) => sum + width, 0),
        ...joinParts([stem, ...tops]),
        apply: (params, x, level) => joined(Object.values(of(params, x, level)), 1),
        heads: { widths: Object.fromEntries(tops.map(({ name, width }) => [name, width])), of }
      }
    }
})

type Heads = Readonly<Record<string, Net<string>>>

/** Names of the parameters of heads. */
type HeadNames<T> = { [K in keyof T & string]: T[K] extends Net<infer P> ? `${K}.${P}` : never }[keyof T & string]

/**
 * Network with several outputs (heads) on one trunk, each with its own part: parameters of the head `variance` are `variance.weights`, …
 * `Score.network(net, { heads: { noise: Parametrization.noise } })` selects the score's head; objectives read all.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Net } from 'ornstein'
 *
 * const trunk = Net.chain(Net.concat(Net.identity, Net.fourier(4)), Net.named('hidden', Net.linear(8)), Net.silu)
 * const net = Net.heads(trunk, { noise: Net.output(), variance: Net.linear(1) })
 * assert.deepEqual(Net.shapes(2)(net)['variance.weights'], [8, 1])
 */
export const heads = Case.caseCalledBy(
  headsNet,
  <P extends string, const T extends Heads>(trunk: Net<P>, heads: T): Net<P | HeadNames<T>, keyof T & string> =>
    // Parameters and heads are those of the parts, which the general constructor cannot express.
    headsNet(trunk, heads) as Net<string> as Net<P | HeadNames<T>, keyof T & string>
)

// —— recipes ——

const activations = { silu, gelu, tanh, softplus, relu }

export interface Recipe {
  /** Widths of the hidden layers. */
  readonly hidden: ReadonlyArray<number>
  /** Default: `silu`. */
  readonly activation?: keyof typeof activations | Net<never>
  /** Embedding of the noise level, concatenated to x. Default: `fourier(16)`. */
  readonly embedding?: Net<never>
  /** Standard deviation of the data, which standardizes x. Default: x as it is. */
  readonly deviation?: number
  /** Number of classes, each with learned numbers that are concatenated to x. Default: no labels. */
  readonly classes?: number
}

export type LayerNames<N extends string> = `${N}.weights` | `${N}.bias`
type MlpNames = LayerNames<`hidden${number}` | 'output'>

/** Activation by its name, or the network given instead of one. Default: SiLU. */
const activationOf = (activation: Recipe['activation'] = 'silu'): Net<never> =>
  typeof activation === 'string' ? activations[activation] : activation

/** Hidden widths of a recipe; throws if untyped code omits them. */
const widthsOf = (name: string, { hidden }: Partial<Recipe>): ReadonlyArray<number> =>
  hidden ?? refuse(`Net.${name}: hidden: undefined is not a list of widths; give { hidden: [64, 64] }`)

type Unlabelled = Recipe & { readonly classes?: never }
type LabelNames = 'label.classes'

/** Input of a recipe: x, standardized if a deviation is given, with embeddings concatenated. */
const entrance = ({ embedding = fourier(16), deviation, classes }: Recipe): Net<LabelNames> =>
  chain<LabelNames>(
    ...(deviation === undefined ? [] : [standardized({ deviation })]),
    concat<LabelNames>(
      identity,
      embedding,
      ...(classes === undefined ? [] : [named('label', label({ classes, width: 16 }))])
    )
  )

/**
 * Multilayer perceptron: [x, embedding] → linear → activation → … → linear, initially 0; `heads` replace the last layer.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Net, Parametrization, Schedule, Score } from 'ornstein'
 *
 * const net = Net.mlp({ hidden: [64, 64], activation: 'silu', embedding: Net.fourier(16) })
 * assert.equal(Net.parameterCount(2)(net), (2 + 32 + 1) * 64 + (64 + 1) * 64 + (64 + 1) * 2)
 * const score = Score.network(net, { predicts: Parametrization.noise })
 *
 * // The last layer is 0 at first: so is the noise that it predicts.
 * const params = Net.initial(2)(Key.fromSeed(1))(net)
 * const at = Score.evaluate(score, Schedule.ornsteinUhlenbeck)(params)(0.5)
 * assert.ok(at({ rows: 1, dim: 2, values: Float64Array.of(3, 4) }).values.every(s => s === 0))
 */
export function mlp<const T extends Heads>(
  recipe: Recipe & { readonly heads: T }
): Net<LayerNames<`hidden${number}`> | LabelNames | HeadNames<T>, keyof T & string>
export function mlp(recipe: Unlabelled): Net<MlpNames>
export function mlp(recipe: Recipe): Net<MlpNames | LabelNames>
export function mlp(recipe: Recipe & { readonly heads?: Heads }): Net<string> {
  const trunk = [
    entrance(recipe),
    ...widthsOf('mlp', recipe).flatMap((width, i) => [
      named(`hidden${i + 1}`, linear(width)),
      activationOf(recipe.activation)
    ])
  ]
  return recipe.heads === undefined
    ? chain<string>(...trunk, named('output', output()))
    : heads(chain<string>(...trunk), recipe.heads)
}

export type BlockNames<N extends string> =
  | LayerNames<`${N}.in` | `${N}.embedding` | `${N}.out`>
  | `${N}.norm.gain`
  | `${N}.norm.offset`
type ResidualNames = LayerNames<'input' | 'output'> | BlockNames<`block${number}`>

/**
 * Perceptron of residual blocks: h ← h + W₂ φ(W₁ φ(norm h) + W₃ embedding), with W₂ = 0 initially, so each block starts as the identity.
 * `hidden` lists the blocks' widths, which must be equal.
 */
export function residualMlp(recipe: Unlabelled): Net<ResidualNames>
export function residualMlp(recipe: Recipe): Net<ResidualNames | LabelNames>
export function residualMlp(recipe: Recipe): Net<ResidualNames | LabelNames> {
  const { embedding = fourier(16) } = recipe
  const hidden = widthsOf('residualMlp', recipe)
  const activation = activationOf(recipe.activation)
  return chain<ResidualNames | LabelNames>(
    entrance(recipe),
    named('input', linear(hidden[0] ?? 64)),
    ...hidden.map((width, i) =>
      residual(
        named(
          `block${i + 1}`,
          chain<LayerNames<'in' | 'embedding' | 'out'> | 'norm.gain' | 'norm.offset'>(
            named('norm', layerNorm),
            activation,
            sum<LayerNames<'in' | 'embedding'>>(
              named('in', linear(width)),
              chain<LayerNames<'embedding'>>(embedding, named('embedding', linear(width)))
            ),
            activation,
            named('out', linear(width, { initial: 'zero' }))
          )
        )
      )
    ),
    activation,
    named('output', output())
  )
}

// —— what a reader of networks needs ——

/** Builds a network for data of a dimension; only one with heads may have another output width. */
const buildForDim =
  (dim: number) =>
  <P extends string>(net: Net<P>): Built<P> => {
    const built = buildNet({ width: dim, dim })(net)
    return built.heads === undefined ? forData(dim)(net) : built
  }

/** Builds a network for data of a dimension; throws unless its output is [rows, dim]. */
export const forData =
  (dim: number) =>
  <P extends string>(net: Net<P>): Built<P> => {
    const built = buildNet({ width: dim, dim })(net)
    if (built.heads !== undefined)
      return throwMisfit(
        Problem.of(
          'net',
          `heads ${Object.keys(built.heads.widths).join(', ')}`,
          'of one output',
          'say which head is the score: Score.network(net, { heads: { noise: Parametrization.noise } })'
        )
      )
    return built.width === dim
      ? built
      : throwMisfit(
          Problem.of(
            'net',
            `${built.width} numbers a row`,
            `${dim}, as many as the data have`,
            'end it by Net.output()'
          )
        )
  }

/** Names and shapes of the parameters for data of a dimension. */
export const shapes =
  (dim: number) =>
  <P extends string>(net: Net<P>): Params.Shapes<P> =>
    buildForDim(dim)(net).shapes

/** Number of parameters for data of a dimension. */
export const parameterCount =
  (dim: number) =>
  <P extends string>(net: Net<P>): number =>
    Object.values<ReadonlyArray<number>>(shapes(dim)(net)).reduce((total, shape) => total + shapeSize(shape), 0)

/** Draws initial parameters of a built part, each array by the child key labelled with its name. */
export const initialParams =
  <P extends string>({ shapes, starts }: Pick<Built<P>, 'shapes' | 'starts'>) =>
  (key: Key.Key): Params.Params<P> =>
    pipe(
      shapes,
      Params.map<ReadonlyArray<number>, NdArray>((shape, name) => {
        const { mean, deviation } = starts[name as P]
        const values =
          deviation === 0
            ? new Float64Array(shapeSize(shape)).fill(mean)
            : Key.normal(shapeSize(shape))(Key.named(name)(key)[name]).map(z => mean + deviation * z)
        return { shape, values }
      })
    )

/** Draws initial parameters of a network for data of a dimension. */
export const initial =
  (dim: number) =>
  (key: Key.Key) =>
  <P extends string>(net: Net<P>): Params.Params<P> =>
    initialParams(buildForDim(dim)(net))(key)

/** Returns the code that builds the network. */
export const show = <P extends string>(net: Net<P>): string => Case.show(net)

/** Returns the network as a formula. */
export const formula = <P extends string>(net: Net<P>): string => Case.formula(net)

/** Problems of a network itself. `Score.problems`, which has the data, reports parts that do not fit together. */
export const problems = <P extends string>(net: Net<P>): ReadonlyArray<Problem.Problem> => Case.problems(net)

export const all: ReadonlyArray<Vocabulary.Entry> = [
  linear,
  output,
  layerNorm,
  identity,
  silu,
  gelu,
  tanh,
  softplus,
  relu,
  standardized,
  fourier,
  sinusoidal,
  label,
  chain,
  concat,
  sum,
  named,
  heads
]

export const recipes: ReadonlyArray<Vocabulary.Recipe<Net<string>>> = [
  {
    name: 'Net.residual',
    about: 'x + f(x) (arXiv 1512.03385)',
    example: residual(tanh),
    code: 'Net.residual(Net.tanh)'
  },
  { name: 'Net.skip', about: '[x, f(x)]', example: skip(tanh), code: 'Net.skip(Net.tanh)' },
  {
    name: 'Net.mlp',
    about: 'a perceptron of several layers, with the noise level beside x',
    example: mlp({ hidden: [64, 64] }),
    code: 'Net.mlp({ hidden: [64, 64] })'
  },
  {
    name: 'Net.residualMlp',
    about: 'a perceptron of residual blocks',
    example: residualMlp({ hidden: [64, 64] }),
    code: 'Net.residualMlp({ hidden: [64, 64] })'
  }
]

/** JSON codec of the networks in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Net<string>, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
