/** Loss context: the values that a term reads for each row, computed when read. */
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import {
  add,
  div,
  exp,
  eye,
  fill,
  matMul,
  mul,
  neg,
  oneHot,
  ones,
  opened,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  vjp,
  type Operand,
  type Tensor
} from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import type * as Components from '../mixture/components.js'
import type * as Objective from '../objective/objective.js'
import { cleanLevel } from '../mixture/family.js'
import * as Parametrization from '../schedule/parametrization.js'
import type * as Params from '../core/params.js'
import * as Schedule from '../schedule/schedule.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import type * as Score from '../score/score.js'

const sumOverColumns = (x: Tensor): Tensor => sum(x, 1, true)

/** Converts a shared value, [], to a column [rows, 1]; columns are unchanged. */
export const columnTensor = (x: Tensor, rows: number): Tensor => (x.rank === 0 ? mul(x, ones([rows, 1])) : x)

/** Converts a shared value, [], to [1, 1]; columns are unchanged. */
const singleRowTensor = (x: Tensor): Tensor => (x.rank === 0 ? reshape(x, [1, 1]) : x)

export const DIRECTION_DISTRIBUTIONS = ['rademacher', 'normal', 'noise'] as const
/** Distribution of random directions; 'noise' is additional noise with a key of its own. */
export type DirectionDistribution = (typeof DIRECTION_DISTRIBUTIONS)[number]

/** Value that is computed before a term's function is called, if the function reads it. */
export type PrecomputedName = Single | HeadName
type Single = 'clean' | 'score' | 'target' | 'output' | 'outputTarget' | 'noise' | 'time' | 'label' | 'partner'
type HeadName = `heads.${string}`

const isHead = (name: PrecomputedName): name is HeadName => name.startsWith('heads.')

const dependsOnParams = (name: PrecomputedName): boolean => name === 'score' || name === 'output' || isHead(name)

export type TimeFunction = Parameters<Objective.Row['ofTime']>[0]

export interface Reads {
  readonly names: ReadonlySet<PrecomputedName>
  /** Functions of time, in the order of their calls. */
  readonly times: ReadonlyArray<TimeFunction>
  /** Number of directions of each distribution, and of additional noises. */
  readonly probes: Readonly<Record<DirectionDistribution, number>>
  /** True if the function reads a density, which networks do not have. */
  readonly density: boolean
  /** Number of values of a row; 1 for a loss. */
  readonly width: number
}

type ValueByName = (name: PrecomputedName) => Tensor

const headsByName = (read: (name: string) => Tensor): Objective.Row['heads'] =>
  new Proxy<Objective.Row['heads']>({}, { get: (_, name) => read(String(name)) })

/** @throws RangeError if the score has no head of this name */
const headNamed = (heads: Params.Tensors<string>, name: string): Tensor =>
  Object.hasOwn(heads, name)
    ? heads[name]
    : refuse(
        `heads.${name}: the score has ${Object.keys(heads).join(', ') || 'one output'}; read one of its heads, or make it of Net.heads`
      )

/** Returns parameters by name; reading an unknown name throws. */
export const checkedParamAccess = (params: Params.Tensors<string>): Params.Tensors<string> =>
  new Proxy(params, {
    get: (all, name) =>
      typeof name === 'symbol' || name in all
        ? (Reflect.get(all, name) as unknown)
        : refuse(`params.${name}: the score has ${Object.keys(all).join(', ')}; read one of its parameters`)
  })

/** Values of a row that depend on its sample. */
export interface DrawAccess {
  /** Shared, or one for each row. */
  readonly ofTime: (f: TimeFunction) => Tensor
  readonly direction: (law: DirectionDistribution, i: number) => Tensor
  readonly density: () => void
}

export interface ContextInputs {
  readonly clean: Tensor
  readonly drawn: Tensor
  /** |z|² outside the drawn part. */
  readonly orthogonal: Operand
  readonly inSpan?: Components.NoiseInSpan | undefined
  /** Shared, or one for each row. */
  readonly alpha: Tensor
  readonly sigma: Tensor
  readonly label: Tensor | undefined
  readonly share: Tensor | undefined
  readonly time: Tensor | undefined
  readonly partner: Tensor | undefined
  readonly constants: Params.Tensors<string>
  /** x_t, if it is not the sum of data and noise. */
  readonly noisy?: Tensor
  /** Names that are undefined for these rows. */
  readonly lacks: ReadonlyArray<keyof Objective.Row>
}

const NOISE_NAMES = ['noise', 'target', 'outputTarget'] as const

/** Data to which noise is added, or quadrature nodes of x_t itself. */
export type RowKind = 'data' | 'nodes'

/** Returns the names that are undefined for a term's rows: those of the noise if there is none, and on nodes also the data. */
export const missingNames = (
  { noiseLevels }: Pick<Objective.Matching, 'noiseLevels'>,
  kind: RowKind
): ReadonlyArray<Single> =>
  NoiseLevels.isCleanLaw(noiseLevels) ? NOISE_NAMES : kind === 'nodes' ? ['clean', ...NOISE_NAMES] : []

/** Throws, for a value that was not read when a function's reads were recorded. */
export const throwUnrecordedRead = (what: string): never =>
  refuse(`${what}: read now, but not when the function was first looked at; do not branch on values`)

/** Returns log p(x), [rows, 1]; NaN if there is no density, which `Compile` rejects. */
export const rowLogDensity = <P extends string>(
  { family }: Score.Model<P>,
  params: Params.Tensors<P>,
  x: Tensor,
  level: Score.RowLevel
): Tensor => (family === undefined ? fill([x.shape[0], 1], NaN) : family.logDensity(params, x, level))

/** Maps noise levels to columns, [rows, 1], and these to the model's form: a mixture takes a shared level as [1, 1] ('common'). */
const makeRowLevels = (rows: number, label: Tensor | undefined, modelShape: 'columns' | 'common') => {
  const forms = new WeakMap<Objective.RowLevel, Score.RowLevel>()
  return {
    levelOf: (alpha: Tensor, sigma: Tensor): Objective.RowLevel => {
      const own = { alpha: columnTensor(alpha, rows), sigma: columnTensor(sigma, rows), ...(label && { label }) }
      const common =
        alpha.rank === 0 && sigma.rank === 0 ? { alpha: singleRowTensor(alpha), sigma: singleRowTensor(sigma) } : null
      const columns = common === null ? own : { ...own, common }
      forms.set(
        columns,
        modelShape === 'common' ? { alpha: singleRowTensor(alpha), sigma: singleRowTensor(sigma) } : columns
      )
      return columns
    },
    form: (level: Objective.RowLevel): Score.RowLevel => forms.get(level) ?? level
  }
}

export interface LossContext {
  readonly define: ValueByName
  /** Builds the argument of a term's function; `read` returns precomputed values. */
  readonly row: (read: ValueByName) => Objective.Row
}

/** Returns the loss context of a term. The argument of `row` decides when values are computed. */
export const lossContext = <P extends string>(
  model: Score.Model<P>,
  params: Params.Tensors<P>,
  inputs: ContextInputs,
  access: DrawAccess
): LossContext => {
  const context = { model, params, inputs, access, at: modelAccess(model, params, inputs, access) }
  const values = precomputedValues(context)
  return {
    define: name =>
      isHead(name)
        ? headNamed(context.at.headsAt(context.at.noisy, context.at.level), name.slice('heads.'.length))
        : values[name](),
    row: read => {
      // Missing names are not enumerable: destructuring the rest of a row, `({ score, ...row })`, does not read them.
      const onRead = (name: Single): PropertyDescriptor => ({
        enumerable: !inputs.lacks.includes(name),
        get: () => read(name)
      })
      return Object.defineProperties(rowFunctions(context, read) as Objective.Row, RR.mapWithIndex(onRead)(values))
    }
  }
}

/** Noised rows, and the model as functions of points and a noise level or time. */
interface ModelAccess extends Pick<
  Objective.Row,
  'noisy' | 'level' | 'levelAt' | 'scoreAt' | 'outputAt' | 'logDensityAt'
> {
  readonly modelLevel: Score.RowLevel
  /** Outputs of all heads by name; none if the score has no heads. */
  readonly headsAt: (x: Tensor, at: Objective.RowLevel | Objective.Time) => Params.Tensors<string>
}

interface ContextParts<P extends string> {
  readonly model: Score.Model<P>
  readonly params: Params.Tensors<P>
  readonly inputs: ContextInputs
  readonly access: DrawAccess
  readonly at: ModelAccess
}

/** Evaluates the model; `access` supplies, or records, functions of time and reads of the density. */
const modelAccess = <P extends string>(
  model: Score.Model<P>,
  params: Params.Tensors<P>,
  inputs: ContextInputs,
  access: DrawAccess
): ModelAccess => {
  const { clean, drawn, alpha, sigma, label } = inputs
  const { levelOf, form } = makeRowLevels(clean.shape[0], label, model.family === undefined ? 'columns' : 'common')
  const level = levelOf(alpha, sigma)
  const modelLevel = form(level)
  const noisy = inputs.noisy ?? add(mul(modelLevel.alpha, clean), mul(modelLevel.sigma, drawn))
  const levelAt = (at: Objective.Time): Objective.RowLevel => {
    const timeAt = typeof at === 'number' ? () => at : at
    const of = (pick: (level: Schedule.Level) => number): Tensor =>
      access.ofTime((time, schedule) => pick(Schedule.level(timeAt(time, schedule))(schedule)))
    return levelOf(
      of(({ alpha }) => alpha),
      of(({ sigma }) => sigma)
    )
  }
  const evaluateAt =
    <A>(f: (params: Params.Tensors<P>, x: Tensor, level: Score.RowLevel) => A) =>
    (x: Tensor, at: Objective.RowLevel | Objective.Time): A => {
      const there = form(typeof at === 'object' ? at : levelAt(at))
      return opened(() => f(params, x, there))
    }
  const logDensityAt = evaluateAt((params, x, there) => rowLogDensity(model, params, x, there))
  return {
    noisy,
    level,
    modelLevel,
    levelAt,
    scoreAt: evaluateAt((params, x, there) => model.score(params, x, there)),
    outputAt: evaluateAt((params, x, there) => model.output(params, x, there)),
    headsAt: evaluateAt((params, x, there) => model.heads?.(params, x, there) ?? {}),
    logDensityAt: (x, at) => {
      access.density()
      return logDensityAt(x, at)
    }
  }
}

const precomputedValues = <P extends string>({
  model,
  inputs: { clean, drawn, time, label, partner },
  at: { noisy, level, modelLevel, scoreAt, outputAt }
}: ContextParts<P>): Readonly<Record<Single, () => Tensor>> => {
  const [rows] = clean.shape
  return {
    clean: () => clean,
    score: () => scoreAt(noisy, level),
    target: () => neg(div(drawn, modelLevel.sigma)),
    output: () => outputAt(noisy, level),
    outputTarget: () => opened(() => Parametrization.targetTensor(model.predicts)(modelLevel)(clean, drawn)),
    noise: () => drawn,
    time: () => (time === undefined ? throwUnrecordedRead('time') : columnTensor(time, rows)),
    label: () => label ?? fill([rows, 1], -1),
    partner: () => partner ?? refuse('partner: these rows have none; give Points.paired(partners)(points)')
  }
}

const rowFunctions = <P extends string>(context: ContextParts<P>, read: ValueByName): Omit<Objective.Row, Single> => {
  const { params, inputs, access, at } = context
  const [rows] = inputs.clean.shape
  const directions: Objective.Row['directions'] = ({ probes, law }) =>
    Array.from({ length: probes }, (_, i) => access.direction(law, i))
  return {
    noisy: at.noisy,
    level: at.level,
    params: checkedParamAccess(params),
    constants: inputs.constants,
    heads: headsByName(name => read(`heads.${name}`)),
    ofTime: f => columnTensor(access.ofTime(f), rows),
    levelAt: at.levelAt,
    scoreAt: at.scoreAt,
    outputAt: at.outputAt,
    headsAt: (x, level) => {
      const heads = at.headsAt(x, level)
      return headsByName(name => headNamed(heads, name))
    },
    logDensityAt: at.logDensityAt,
    directions,
    noises: count =>
      Number.isInteger(count) && count >= 1
        ? Array.from({ length: count }, (_, i) => access.direction('noise', i))
        : refuse(`noises(${count}): no whole number from 1 on; say how many draws a row sees`),
    divergence: estimate => {
      if (estimate === undefined) return exactDivergence(context)
      const { probes = 1, law = 'rademacher' } = estimate
      const all = directions({ probes, law }).map(v =>
        sumOverColumns(mul(vjp(x => at.scoreAt(x, at.level))(at.noisy, v), v))
      )
      return div(all.reduce(add), probes)
    },
    projectedNoise: projectedNoiseOf(context),
    underModel: () => rowUnderModel(context, read),
    under: (others, constants) => rowUnder(context, read, others, constants)
  }
}

const exactDivergence = <P extends string>({ model, params, at }: ContextParts<P>): Tensor =>
  opened(() => model.divergence(params, at.noisy, at.modelLevel))

/** Row sampled from the model, with its importance share; values without parameters are those of the original row. */
const rowUnderModel = <P extends string>(
  { model, params, inputs, access, at }: ContextParts<P>,
  read: ValueByName
): ReturnType<Objective.Row['underModel']> => {
  const { noisy, share } = modelSample(model, params, inputs.clean, { label: read('label'), level: at.modelLevel })
  const { row, define } = lossContext(model, params, { ...inputs, noisy }, access)
  return { row: row(name => (dependsOnParams(name) ? define(name) : read(name))), share }
}

/** Row at other parameters and constants, with the same data and noise. */
const rowUnder = <P extends string>(
  { model, params, inputs, access }: ContextParts<P>,
  read: ValueByName,
  others: Partial<Params.Tensors<string>>,
  constants = inputs.constants
): Objective.Row => {
  const changed = { ...params, ...others } as Params.Tensors<P>
  const { row, define } = lossContext(model, changed, { ...inputs, constants }, access)
  return row(name => {
    // always read, so that it is recorded for the original row too
    const original = read(name)
    return dependsOnParams(name) ? define(name) : original
  })
}

/**
 * Rows drawn from the model, x_t = αc_k + √(α²v_k + σ²) z, from standard normal rows z with labels k, and their importance shares Kπ_k. For
 * isotropic components, v_k follows from log N(c_k; c_k, v_k I) = −(d/2) log 2πv_k. NaN for a score without a mixture.
 */
const modelSample = <P extends string>(
  { family }: Score.Model<P>,
  params: Params.Tensors<P>,
  z: Tensor,
  { label, level }: { readonly label: Tensor; readonly level: Score.RowLevel }
): { readonly noisy: Tensor; readonly share: Tensor } => {
  if (family === undefined) return { noisy: mul(z, NaN), share: fill([z.shape[0], 1], NaN) }
  const dim = z.shape[1] ?? 1
  const { logWeights, centres, logDensity } = opened(() => family.components(params, dim))
  const [count] = centres.shape
  const densitiesAtCentres = opened(() => logDensity(centres, cleanLevel()))
  const ownDensities = sum(mul(densitiesAtCentres, eye(count)), 1, true)
  const variances = div(exp(mul(-2 / dim, ownDensities)), 2 * Math.PI)
  const oneHotLabels = oneHot(reshape(label, [-1]), count)
  const deviations = sqrt(add(mul(square(level.alpha), matMul(oneHotLabels, variances)), square(level.sigma)))
  return {
    noisy: add(mul(level.alpha, matMul(oneHotLabels, centres)), mul(deviations, z)),
    share: mul(count, matMul(oneHotLabels, exp(reshape(logWeights, [count, 1]))))
  }
}

/** |z|² of the drawn part, [rows, 1]. */
const squaredInSpan = ({ coordinates, share, outside }: Components.NoiseInSpan): Tensor => {
  const inSpan = sumOverColumns(square(coordinates))
  return share === null ? inSpan : add(inSpan, mul(square(share), outside))
}

/** Losses of projected noise, by the family's projection otherwise by score and divergence. */
const projectedNoiseOf = <P extends string>(context: ContextParts<P>): Objective.SeenNoise => {
  const { model, params, inputs, at } = context
  const { clean, drawn, orthogonal, inSpan, share } = inputs
  const { noisy, modelLevel: level } = at
  const projection = model.family?.projection
  return {
    share: share === undefined ? null : columnTensor(share, clean.shape[0]),
    squaredNoise: () => add(inSpan === undefined ? sumOverColumns(square(drawn)) : squaredInSpan(inSpan), orthogonal),
    implicit: () =>
      projection === undefined
        ? opened(() =>
            add(
              sumOverColumns(square(model.score(params, noisy, level))),
              mul(2, model.divergence(params, noisy, level))
            )
          )
        : projection.implicit(params, noisy, level, mul(square(level.sigma), orthogonal)),
    mixed: share =>
      projection === undefined
        ? opened(() => {
            const score = model.score(params, noisy, level)
            const cross = div(mul(share, sumOverColumns(mul(score, drawn))), level.sigma)
            const curvature = mul(sub(1, share), model.divergence(params, noisy, level))
            return add(sumOverColumns(square(score)), mul(2, add(curvature, cross)))
          })
        : projection.mixed(params, clean, level, { drawn, orthogonal, ...(inSpan && { inSpan }), denoising: share })
  }
}
