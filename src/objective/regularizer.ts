/** Penalties on parameters. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import type { NdArray } from '../../lib/index.js'
import { Field, Problem } from '../core/index.js'
import * as Params from '../core/params.js'
import { define, type Penalty, type Unfit } from './term.js'

const namesField = Field.codec(t.readonlyArray(t.string), {
  domain: 'a list of names of parameters',
  remedy: "write ['means']",
  show: names => `[${names.map(name => `'${name}'`).join(', ')}]`,
  arbitrary: fc => fc.constant(['means']),
  sample: ['means']
})

export const paramsField: Field.Field<Params.Params<string>> = Field.codec(Params.codec, {
  domain: 'parameters by name',
  remedy: 'give Params.of({ … })',
  show: Params.show,
  arbitrary: fc => fc.constant(Params.of({ logits: [0, 0] })),
  sample: Params.of({ logits: [0, 0] })
})

interface Penalized {
  readonly norm: 'l2' | 'l1'
  readonly smoothing: number
  readonly parameters: ReadonlyArray<string> | null
  readonly towards: Params.Params<string> | null
}

/** Value, gradient and Hessian diagonal of a penalty that sums over entries. */
const penaltyOf = ({
  norm,
  smoothing,
  parameters,
  towards
}: Penalized): Required<Pick<Penalty, 'penalty' | 'curvature'>> => {
  const isWanted = (params: Params.Params<string>, name: string): boolean =>
    (parameters ?? Params.names(towards ?? params)).includes(name)
  const difference = (name: string, { values }: NdArray): Float64Array =>
    towards !== null && name in towards ? values.map((value, i) => value - towards[name].values[i]) : values
  // √(δ² + ε²) − ε without cancellation; 0 if both are 0.
  const size = (delta: number): number => Elementary.hypot(delta, smoothing)
  const one = (delta: number): number =>
    norm === 'l2' ? delta * delta : delta === 0 ? 0 : (delta * delta) / (size(delta) + smoothing)
  const slope = (delta: number): number => (norm === 'l2' ? 2 * delta : delta === 0 ? 0 : delta / size(delta))
  const bend = (delta: number): number =>
    norm === 'l2' ? 2 : smoothing === 0 ? 0 : ((smoothing / size(delta)) * (smoothing / size(delta))) / size(delta)
  const entrywise =
    (of: (delta: number) => number) =>
    (params: Params.Params<string>): Params.Params<string> =>
      Params.map<NdArray, NdArray>((array, name) => ({
        shape: array.shape,
        values: isWanted(params, name) ? difference(name, array).map(of) : new Float64Array(array.values.length)
      }))(params)
  return {
    penalty: params => ({
      value: Object.entries<NdArray>(params).reduce(
        (sum, [name, array]) =>
          isWanted(params, name) ? difference(name, array).reduce((sum, delta) => sum + one(delta), sum) : sum,
        0
      ),
      gradient: entrywise(slope)(params)
    }),
    curvature: entrywise(bend)
  }
}

/** Problems of a penalty with given shapes of parameters: unknown names, targets of another shape. */
export const penalizedShapeProblems =
  (
    { parameters = null, towards }: Partial<Penalized> & Pick<Penalized, 'towards'>,
    field = 'objective.towards'
  ): Unfit =>
  (shapes, score) => {
    const names = Params.names(shapes)
    const named: ReadonlyArray<readonly [field: string, name: string]> = [
      ...(parameters ?? []).map((name): readonly [string, string] => ['objective.parameters', name]),
      ...(towards === null ? [] : Params.names(towards)).map((name): readonly [string, string] => [field, name])
    ]
    return named.flatMap(([at, name]) => {
      if (!names.includes(name))
        return [Problem.of(at, name, `a parameter of ${score}, which has ${names.join(', ')}`, 'leave it out')]
      const wanted = `[${shapes[name].join(', ')}]`
      const given = at === field && towards !== null ? `[${towards[name].shape.join(', ')}]` : wanted
      return Problem.unless(
        given === wanted,
        `${at}.${name}`,
        `shape ${given}`,
        `of shape ${wanted}`,
        'reshape it to fit the score and the data'
      )
    })
  }

/**
 * Penalty on parameters: Σ (θ − θ_0)² (l2) or Σ √((θ − θ_0)² + ε²) − ε (l1, ε = `smoothing`), over the entries of the
 * named parameters. No factor ½; `weight` scales it.
 *
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Objective, Params, NoiseLevels } from 'ornstein'
 *
 * const pulled = Objective.sum([
 *   Objective.denoising(NoiseLevels.at(0.3)),
 *   Objective.weight(0.01)(Objective.regularizer({ norm: 'l2', towards: Params.of({ logVariances: [0, 0] }) }))
 * ])
 * assert.match(Objective.formula(pulled), /0.01 · \(\|logVariances − θ_0\|²\)/)
 */
export const regularizer = define({
  name: 'regularizer',
  about: 'a penalty on parameters: l2 or l1',
  fields: {
    /** 'l2' for squares, 'l1' for absolute values. */
    norm: Field.oneOf(['l2', 'l1']),
    /** ε, which smooths the corner of l1. Default: 0. */
    smoothing: Field.quiet(Field.notNegative({ default: 0 })),
    /** Names of penalised parameters. Default: those of `towards`, otherwise all. */
    parameters: Field.optional(namesField),
    /** θ_0. Default: 0. */
    towards: Field.optional({
      ...paramsField,
      problems: (name, u) =>
        !paramsField.is(u)
          ? paramsField.problems(name, u)
          : Params.names(u).flatMap(own =>
              Problem.unless(
                u[own].values.every(Number.isFinite),
                `${name}.${own}`,
                'NaN or infinite somewhere',
                'finite throughout',
                'give finite numbers'
              )
            )
    } satisfies Field.Field<Params.Params<string>>)
  },
  formula: ({ norm, smoothing, parameters, towards }) => {
    const of = (parameters ?? (towards === null ? ['θ'] : Params.names(towards))).join(', ')
    const difference = towards === null ? of : `${of} − θ_0`
    return norm === 'l2'
      ? `|${difference}|²`
      : smoothing === 0
        ? `|${difference}|_1`
        : `Σ √((${difference})² + ${smoothing}²) − ${smoothing}`
  },
  meaning: fields => ({
    ...penaltyOf(fields),
    unfit: penalizedShapeProblems(fields),
    // Finite differences disagree at the corner of |θ|.
    ...(fields.norm === 'l1' && fields.smoothing < 0.1 && { cornered: true })
  })
})
