/**
 * Loss context: the data, noise and model values that a term reads for each row, in the tensor vocabulary, each
 * computed when it is read.
 */
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

/** Column [rows, 1] of a tensor that has one value for all rows, [], or one for each. */
export const columnTensor = (x: Tensor, rows: number): Tensor => (x.rank === 0 ? mul(x, ones([rows, 1])) : x)

/** One value for all rows as [1, 1]; one for each row, [rows, 1], is returned unchanged. */
const singleRowTensor = (x: Tensor): Tensor => (x.rank === 0 ? reshape(x, [1, 1]) : x)

// —— reads ——

export const DIRECTION_DISTRIBUTIONS = ['rademacher', 'normal', 'noise'] as const
/** Distribution of random directions; 'noise' is additional noise, which has a separate key. */
export type DirectionDistribution = (typeof DIRECTION_DISTRIBUTIONS)[number]

/** Name of a value that is computed before a term's function is called, if the function reads it. */
export type PrecomputedName = Single | HeadName
type Single = 'clean' | 'score' | 'target' | 'output' | 'outputTarget' | 'noise' | 'time' | 'label' | 'partner'
type HeadName = `heads.${string}`

const isHead = (name: PrecomputedName): name is HeadName => name.startsWith('heads.')

/** True if the value depends on the parameters. */
const dependsOnParams = (name: PrecomputedName): boolean => name === 'score' || name === 'output' || isHead(name)

/** Function of time, evaluated at the times of the rows. */
export type TimeFunction = Parameters<Objective.Row['ofTime']>[0]

/** Values that a term's function reads. */
export interface Reads {
  readonly names: ReadonlySet<PrecomputedName>
  /** Functions of time, in the order in which they are called. */
  readonly times: ReadonlyArray<TimeFunction>
  /** Number of directions of each distribution, and of additional noises. */
  readonly probes: Readonly<Record<DirectionDistribution, number>>
  /** True if it reads a density, which networks do not have. */
  readonly density: boolean
  /** Number of values returned for a row; 1 for a loss. */
  readonly width: number
}

type Definitions = (name: PrecomputedName) => Tensor

/** Heads by name, computed when read; an unknown name throws. */
const headsByName = (read: (name: string) => Tensor): Objective.Row['heads'] =>
  new Proxy<Objective.Row['heads']>({}, { get: (_, name) => read(String(name)) })

/**
 * Returns a head of the score.
 *
 * @throws RangeError if the score has no head of this name
 */
const headNamed = (heads: Params.Tensors<string>, name: string): Tensor =>
  Object.hasOwn(heads, name)
    ? heads[name]
    : refuse(
        `heads.${name}: the score has ${Object.keys(heads).join(', ') || 'one output'}; read one of its heads, or make it of Net.heads`
      )

/** Parameters by name; reading an unknown name throws. */
export const checkedParamAccess = (params: Params.Tensors<string>): Params.Tensors<string> =>
  new Proxy(params, {
    get: (all, name) =>
      typeof name === 'symbol' || name in all
        ? (Reflect.get(all, name) as unknown)
        : refuse(`params.${name}: the score has ${Object.keys(all).join(', ')}; read one of its parameters`)
  })

/** Access to the values drawn for the rows. */
export interface DrawAccess {
  /** One value for all rows, or one for each. */
  readonly ofTime: (f: TimeFunction) => Tensor
  readonly direction: (law: DirectionDistribution, i: number) => Tensor
  readonly density: () => void
}

/** Data and noise from which a loss context is computed. */
export interface ContextInputs {
  readonly clean: Tensor
  readonly drawn: Tensor
  /** |z|² outside the drawn part. */
  readonly orthogonal: Operand
  readonly inSpan?: Components.NoiseInSpan | undefined
  /** One value for all rows, or one for each. */
  readonly alpha: Tensor
  readonly sigma: Tensor
  readonly label: Tensor | undefined
  readonly share: Tensor | undefined
  readonly time: Tensor | undefined
  readonly partner: Tensor | undefined
  readonly constants: Params.Tensors<string>
  /** x_t, if it is not the sum of data and noise. */
  readonly noisy?: Tensor
  /** Names that these rows do not have. */
  readonly lacks: ReadonlyArray<keyof Objective.Row>
}

/** Properties of a row that exist only with noise. */
const NOISE_NAMES = ['noise', 'target', 'outputTarget'] as const

/** Names that a term's rows do not have: those of the noise if there is none, and on nodes of x_t also the data. */
export const missingNames = (
  { noiseLevels }: Pick<Objective.Matching, 'noiseLevels'>,
  isOnNodes: boolean
): ReadonlyArray<Single> =>
  NoiseLevels.isCleanLaw(noiseLevels) ? NOISE_NAMES : isOnNodes ? ['clean', ...NOISE_NAMES] : []

/** Throws for a value that a function reads now but did not read when its reads were recorded. */
export const throwUnrecordedRead = (what: string): never =>
  refuse(`${what}: read now, but not when the function was first looked at; do not branch on values`)

/** log p(x), [rows, 1]; NaN if there is no density, which `Compile` rejects. */
export const rowLogDensity = <P extends string>(
  { family }: Score.Model<P>,
  params: Params.Tensors<P>,
  x: Tensor,
  level: Score.RowLevel
): Tensor => (family === undefined ? fill([x.shape[0], 1], NaN) : family.logDensity(params, x, level))

/**
 * Noise levels as columns, and in the form that the model takes: for a mixture, one level for all rows if they share
 * it.
 */
const makeRowLevels = (rows: number, label: Tensor | undefined, isMixture: boolean) => {
  const forms = new WeakMap<Objective.RowLevel, Score.RowLevel>()
  return {
    levelOf: (alpha: Tensor, sigma: Tensor): Objective.RowLevel => {
      const own = { alpha: columnTensor(alpha, rows), sigma: columnTensor(sigma, rows), ...(label && { label }) }
      const common =
        alpha.rank === 0 && sigma.rank === 0 ? { alpha: singleRowTensor(alpha), sigma: singleRowTensor(sigma) } : null
      const columns = common === null ? own : { ...own, common }
      forms.set(columns, isMixture ? { alpha: singleRowTensor(alpha), sigma: singleRowTensor(sigma) } : columns)
      return columns
    },
    form: (level: Objective.RowLevel): Score.RowLevel => forms.get(level) ?? level
  }
}

/**
 * Loss context of a term: `define` computes a value by name, `row` builds the context from a function that reads
 * them.
 */
export const lossContext = <P extends string>(
  model: Score.Model<P>,
  params: Params.Tensors<P>,
  material: ContextInputs,
  access: DrawAccess
): { readonly define: Definitions; readonly row: (read: (name: PrecomputedName) => Tensor) => Objective.Row } => {
  const { clean, drawn, orthogonal, inSpan, alpha, sigma, label, share, time, constants, partner, lacks } = material
  const [rows] = clean.shape
  const isMixture = model.family !== undefined
  const { levelOf, form } = makeRowLevels(rows, label, isMixture)
  const level = levelOf(alpha, sigma)
  const own = form(level)
  const noisy = material.noisy ?? add(mul(own.alpha, clean), mul(own.sigma, drawn))
  const levelAt = (at: Objective.Time): Objective.RowLevel => {
    const there = typeof at === 'number' ? () => at : at
    const of = (pick: (level: Schedule.Level) => number): Tensor =>
      access.ofTime((time, schedule) => pick(Schedule.level(there(time, schedule))(schedule)))
    return levelOf(
      of(({ alpha }) => alpha),
      of(({ sigma }) => sigma)
    )
  }
  const formAt = (at: Objective.RowLevel | Objective.Time): Score.RowLevel =>
    form(typeof at === 'object' ? at : levelAt(at))
  const scoreAt: Objective.Row['scoreAt'] = (x, at) => {
    const there = formAt(at)
    return opened(() => model.score(params, x, there))
  }
  const outputAt: Objective.Row['outputAt'] = (x, at) => {
    const there = formAt(at)
    return opened(() => model.output(params, x, there))
  }
  const directions: Objective.Row['directions'] = ({ probes, law }) =>
    Array.from({ length: probes }, (_, i) => access.direction(law, i))
  const exact = (): Tensor => opened(() => model.divergence(params, noisy, own))
  const headsAt: Objective.Row['headsAt'] = (x, at) => {
    const there = formAt(at)
    const { heads } = model
    return heads === undefined ? {} : opened(() => heads(params, x, there))
  }
  const singles: Readonly<Record<Single, () => Tensor>> = {
    clean: () => clean,
    score: () => scoreAt(noisy, level),
    target: () => neg(div(drawn, own.sigma)),
    output: () => outputAt(noisy, level),
    outputTarget: () => opened(() => Parametrization.targetTensor(model.predicts)(own)(clean, drawn)),
    noise: () => drawn,
    time: () => (time === undefined ? throwUnrecordedRead('time') : columnTensor(time, rows)),
    label: () => label ?? fill([rows, 1], -1),
    partner: () => partner ?? refuse('partner: these rows have none; give Points.paired(partners)(points)')
  }
  const define: Definitions = name =>
    isHead(name) ? headNamed(headsAt(noisy, level), name.slice('heads.'.length)) : singles[name]()
  return {
    define,
    row: read => {
      const rest: Omit<Objective.Row, Single> = {
        noisy,
        level,
        params: checkedParamAccess(params),
        constants,
        heads: headsByName(name => read(`heads.${name}`)),
        ofTime: f => columnTensor(access.ofTime(f), rows),
        levelAt,
        scoreAt,
        outputAt,
        headsAt: (x, at) => {
          const there = headsAt(x, at)
          return headsByName(name => headNamed(there, name))
        },
        logDensityAt: (x, at) => {
          access.density()
          const there = formAt(at)
          return opened(() => rowLogDensity(model, params, x, there))
        },
        directions,
        noises: count =>
          Number.isInteger(count) && count >= 1
            ? Array.from({ length: count }, (_, i) => access.direction('noise', i))
            : refuse(`noises(${count}): no whole number from 1 on; say how many draws a row sees`),
        divergence: estimate => {
          if (estimate === undefined) return exact()
          const { probes = 1, law = 'rademacher' } = estimate
          const all = directions({ probes, law }).map(v =>
            sumOverColumns(mul(vjp(x => scoreAt(x, level))(noisy, v), v))
          )
          return div(all.reduce(add), probes)
        },
        projectedNoise: projectedNoiseOf(model, params, {
          clean,
          noisy,
          drawn,
          orthogonal,
          inSpan,
          level: own,
          share,
          rows
        }),
        underModel: () => {
          const { noisy, share } = modelSample(model, params, clean, read('label'), own)
          const { row, define } = lossContext(model, params, { ...material, noisy }, access)
          return {
            row: row(name => (dependsOnParams(name) ? define(name) : read(name))),
            share
          }
        },
        under: (others, there = constants) => {
          // The names are those of the model's parameters.
          const { row, define } = lossContext(
            model,
            { ...params, ...others } as Params.Tensors<P>,
            { ...material, constants: there },
            access
          )
          return row(name => {
            const asHere = read(name)
            return dependsOnParams(name) ? define(name) : asHere
          })
        }
      }
      // Missing names are not enumerable, so that destructuring the rest of a row, `({ score, ...row })`, does not
      // read them.
      const late = (name: Single): PropertyDescriptor => ({ enumerable: !lacks.includes(name), get: () => read(name) })
      // With these properties the row is complete.
      return Object.defineProperties(rest as Objective.Row, RR.mapWithIndex(late)(singles))
    }
  }
}

/**
 * Rows drawn from the model itself: x_t = αc_k + √(α²v_k + σ²) z of rows z with labels k, and Kπ_k. For isotropic components, v_k follows from log
 * N(c_k; c_k, v_k I) = −(d/2) log 2πv_k for any parametrization.
 */
const modelSample = <P extends string>(
  model: Score.Model<P>,
  params: Params.Tensors<P>,
  z: Tensor,
  label: Tensor,
  level: Score.RowLevel
): { readonly noisy: Tensor; readonly share: Tensor } => {
  const { family } = model
  if (family === undefined) return { noisy: mul(z, NaN), share: fill([z.shape[0], 1], NaN) }
  const dim = z.shape[1] ?? 1
  const { logWeights, centres, logDensity } = opened(() => family.components(params, dim))
  const [count] = centres.shape
  const atAll = opened(() => logDensity(centres, cleanLevel()))
  const atCentre = sum(mul(atAll, eye(count)), 1, true)
  const variances = div(exp(mul(-2 / dim, atCentre)), 2 * Math.PI)
  const which = oneHot(reshape(label, [-1]), count)
  const spread = sqrt(add(mul(square(level.alpha), matMul(which, variances)), square(level.sigma)))
  return {
    noisy: add(mul(level.alpha, matMul(which, centres)), mul(spread, z)),
    share: mul(count, matMul(which, exp(reshape(logWeights, [count, 1]))))
  }
}

/** |z|² of the drawn part, from its coordinates. */
const squaredInSpan = ({ coordinates, share, outside }: Components.NoiseInSpan): Tensor => {
  const own = sumOverColumns(square(coordinates))
  return share === null ? own : add(own, mul(square(share), outside))
}

/** Projected noise: losses of a mixture by its own projection if it has one, otherwise by score and divergence. */
const projectedNoiseOf = <P extends string>(
  model: Score.Model<P>,
  params: Params.Tensors<P>,
  of: {
    readonly clean: Tensor
    readonly noisy: Tensor
    readonly drawn: Tensor
    readonly orthogonal: Components.ComponentNoise['orthogonal']
    readonly inSpan: Components.NoiseInSpan | undefined
    readonly level: Score.RowLevel
    readonly share: Tensor | undefined
    readonly rows: number
  }
): Objective.SeenNoise => {
  const { clean, noisy, drawn, orthogonal, inSpan, level, share, rows } = of
  const projection = model.family?.projection
  return {
    share: share === undefined ? null : columnTensor(share, rows),
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
        : projection.mixed(params, clean, level, { drawn, orthogonal, ...(inSpan && { inSpan }) }, share)
  }
}
