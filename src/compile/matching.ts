/**
 * The terms of an objective in the tensor vocabulary, one loss a row, from parameters and from what is given under names:
 * written once, for the interpreter and for the compiler. A term's own function is looked at once to see what it reads; that
 * alone is drawn, given and computed.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import {
  add,
  compute,
  div,
  exp,
  eye,
  fill,
  fromNdArray,
  Key,
  matMul,
  mean as meanOf,
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
  zeros,
  type Operand,
  type Tensor
} from '../../lib/index.js'
import { together } from '../../lib/plain/byName.js'
import { recorder } from '../../lib/plain/recorder.js'
import { refuse } from '../../lib/plain/refuse.js'
import { sameNumbers } from '../../lib/rows/byColumn.js'
import { both, computed, mapped, type Numbers } from '../../lib/rows/stretches.js'
import type * as Components from '../mixture/components.js'
import type { Basis } from '../mixture/projection.js'
import * as Inputs from './inputs.js'
import * as Noise from './noise.js'
import * as Objective from '../objective/objective.js'
import { cleanRow } from '../mixture/family.js'
import * as Parametrization from '../schedule/parametrization.js'
import * as Params from '../core/params.js'
import * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Schedule from '../schedule/schedule.js'
import * as TimeLaw from '../objective/timeLaw.js'
import * as Score from '../score/score.js'

type Size = Pick<Points.Points, 'rows' | 'dim'>

/** A number of a time. */
type OfTime = Parameters<Objective.Row['ofTime']>[0]

/** A noise level with a draw of noise; weight, α and σ are one for all rows, or one a row. */
export interface Sample {
  readonly weight: Numbers
  readonly alpha: Numbers
  readonly sigma: Numbers
  readonly noise: Noise.Noise
  /** The share of the denoising form where both forms serve: one for all rows, or one a row. */
  readonly denoising: Numbers
  /** For what is drawn beside the noise: directions that estimate a divergence, further noise. */
  readonly probes: () => Key.Key
  /** Which of the time law's levels this is a draw of. */
  readonly level: number
  /** A number of its times: one for all rows, or one a row. */
  readonly ofTime: (f: OfTime) => Numbers
  /** The labels of the rows, where some are left out; null: as the data have them. */
  readonly labels: Numbers | null
  /** The rows of its level, where they are a distribution and meet no noise. */
  readonly nodes?: { readonly values: Float64Array; readonly stay: boolean }
}

/** A term that is one loss of the score. */
export type Direct = Objective.Matching | Objective.Noiseless

/** What the loss of one parametrization counts in that of another, at the levels of a sample. */
const conversion = (
  from: Parametrization.Parametrization,
  to: Parametrization.Parametrization = Parametrization.score
): ((sample: Pick<Sample, 'alpha' | 'sigma'>) => Numbers) => {
  const weight = Parametrization.weight(from, to)
  return ({ alpha, sigma }) => both(alpha, sigma, (alpha, sigma) => weight({ alpha, sigma }))
}

// —— what is given ——

/** The data; whether they stay, or are a batch that is drawn for one evaluation. */
export const data = (data: Source.Data, stays: boolean): Inputs.Named => {
  const { dim } = data
  const weights = Source.isSource(data)
    ? Source.weightsOf(data)
    : data.weights === undefined
      ? null
      : Points.weightsOf(data)
  const labels = labelsOf(data)
  return {
    clean: Inputs.rows([dim], Source.isSource(data) ? data : data.values, stays),
    ...(weights !== null && { rowWeight: Inputs.rows([], weights, stays) }),
    ...(labels !== null && { label: Inputs.rows([1], labels, stays) }),
    ...(data.partner && { partner: Inputs.rows([dim], data.partner, stays) })
  }
}

/** The label of each row, −1 of one that has none; null where none has. */
export const labelsOf = (data: Source.Data): Numbers | null =>
  Source.isSource(data) ? data.labels : data.labels === undefined ? null : Float64Array.from(data.labels)

const signOf = (u: number): number => (u < 0.5 ? -1 : 1)

/** Random directions v with E vvᵀ = I and further noise, [rows, dim], each of a key of its own. */
const beside = ({ probes }: Reads, { rows, dim }: Size, key: Key.Key): Inputs.Named =>
  Object.fromEntries(
    laws.flatMap(law =>
      Key.split(probes[law])(law === 'noise' ? Key.named(law)(key)[law] : key).map((one, i) => [
        `${law}${i}`,
        law !== 'rademacher'
          ? Inputs.draw([dim], one)
          : Inputs.rows(
              [dim],
              mapped(
                computed(
                  rows,
                  (first, out) => {
                    Key.fillUniform(first * dim, out)(one)
                  },
                  dim
                ),
                signOf
              )
            )
      ])
    )
  )

/** Whether a denoising loss is the error of what the network itself says, which full noise allows. */
const isError = ({ noise, denoising }: Sample): boolean =>
  noise._tag === 'Full' && denoising instanceof Float64Array && denoising.every(share => share === 1)

const CONSTANT = 'constant.'

/** The constants of a term. */
export const constantsOf = ({ constants = {} }: Direct): Inputs.Named =>
  Object.fromEntries(
    Object.entries(constants).map(([name, { shape, values }]) => [CONSTANT + name, Inputs.constant(shape, values)])
  )

const constantsIn = (inputs: Inputs.Tensors): Params.Tensors<string> =>
  Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) =>
      name.startsWith(CONSTANT) ? [[name.slice(CONSTANT.length), tensor]] : []
    )
  )

/** What a term is computed from, with what is there already, as the data are. */
export const inputsOf = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  sample: Sample,
  basis: Basis,
  points: Size,
  own: Inputs.Named = {}
): Inputs.Named => {
  const { measuredIn } = term
  const isMixed = measuredIn !== undefined && !isError(sample)
  const reads = readsOf(model, term, points.dim, isMixed, sample.noise._tag === 'None')
  return together<Inputs.Input>(
    own,
    { alpha: Inputs.perRow(sample.alpha), sigma: Inputs.perRow(sample.sigma), weight: Inputs.perRow(sample.weight) },
    Noise.inputsOf(sample.noise, basis, points),
    term.constants !== undefined && constantsOf(term),
    sample.nodes && { clean: Inputs.rows([points.dim], sample.nodes.values, sample.nodes.stay) },
    measuredIn && {
      conversion: Inputs.perRow(conversion(isMixed ? Parametrization.score : model.predicts, measuredIn)(sample))
    },
    isMixed && { share: Inputs.perRow(sample.denoising) },
    sample.labels && { label: Inputs.rows([1], sample.labels) },
    reads.names.has('time') && { time: Inputs.perRow(sample.ofTime(time => time)) },
    ...reads.times.map((f, i) => ({ [`of${i}`]: Inputs.perRow(sample.ofTime(f)) })),
    laws.some(law => reads.probes[law] > 0) && beside(reads, points, sample.probes())
  )
}

/** Whether two samples, of which only the noise is drawn, differ in no more than its key. */
export const differInKeys = (one: Sample, other: Sample): boolean =>
  // What else is of their times was made with it.
  one.alpha === other.alpha &&
  areEqual(one.weight, other.weight) &&
  Noise.isDrawn(one.noise) &&
  Noise.isDrawn(other.noise) &&
  one.noise.sign === other.noise.sign

const areEqual = (a: Numbers, b: Numbers): boolean =>
  a === b || (a instanceof Float64Array && b instanceof Float64Array && sameNumbers(a, b))

/** What tells the program of a term from that of another: all else is given. */
export const identity = (term: Direct): object => (Objective.isMatching(term) ? term.perRow : term.perDatum)

// —— what is made of it ——

const rowSum = (x: Tensor): Tensor => sum(x, 1, true)

/** One for all rows, [] or [1, 1], or one a row, as [rows, 1]. */
const column = (x: Tensor, rows: number): Tensor => (x.rank === 0 ? mul(x, ones([rows, 1])) : x)

/** One for all rows as [1, 1], or one a row, [rows, 1]. */
const single = (x: Tensor): Tensor => (x.rank === 0 ? reshape(x, [1, 1]) : x)

// —— the row that a term sees ——

const laws = ['rademacher', 'normal', 'noise'] as const
/** The law of directions, and noise, which has a key of its own. */
type Law = (typeof laws)[number]

/** What is computed before the function of a row is called, if it is read. */
type Name = Single | Head
type Single = 'clean' | 'score' | 'target' | 'output' | 'outputTarget' | 'noise' | 'time' | 'label' | 'partner'
type Head = `heads.${string}`

const isHead = (name: Name): name is Head => name.startsWith('heads.')

/** Whether what is read depends on the parameters. */
const isOfModel = (name: Name): boolean => name === 'score' || name === 'output' || isHead(name)

/** What a function of a row reads. */
export interface Reads {
  readonly names: ReadonlySet<Name>
  /** The numbers of times that it asks for, in this order. */
  readonly times: ReadonlyArray<OfTime>
  /** How many directions of each law, and how much further noise. */
  readonly probes: Readonly<Record<Law, number>>
  /** Whether it asks for a density, which networks do not have. */
  readonly density: boolean
  /** How many numbers it makes of a row; 1 of a loss. */
  readonly width: number
}

type Definitions = (name: Name) => Tensor

/** Heads by name, as they are read; another name is refused. */
const byName = (read: (name: string) => Tensor): Objective.Row['heads'] =>
  new Proxy<Objective.Row['heads']>({}, { get: (_, name) => read(String(name)) })

/** A head of those that a score has. */
const headIn = (heads: Params.Tensors<string>, name: string): Tensor =>
  Object.hasOwn(heads, name)
    ? heads[name]
    : refuse(
        `heads.${name}: the score has ${Object.keys(heads).join(', ') || 'one output'}; read one of its heads, or make it of Net.heads`
      )

/** Parameters, of which another name is refused. */
const named = (params: Params.Tensors<string>): Params.Tensors<string> =>
  new Proxy(params, {
    get: (all, name) =>
      typeof name === 'symbol' || name in all
        ? (Reflect.get(all, name) as unknown)
        : refuse(`params.${name}: the score has ${Object.keys(all).join(', ')}; read one of its parameters`)
  })

/** How a row comes to what is drawn for it. */
interface Access {
  /** One for all rows, or one a row. */
  readonly ofTime: (f: OfTime) => Tensor
  readonly direction: (law: Law, i: number) => Tensor
  readonly density: () => void
}

/** The data with their noise. */
interface Material {
  readonly clean: Tensor
  readonly drawn: Tensor
  /** |z|² beyond what is drawn. */
  readonly orthogonal: Operand
  readonly inSpan?: Components.InSpan | undefined
  /** One for all rows, or one a row. */
  readonly alpha: Tensor
  readonly sigma: Tensor
  readonly label: Tensor | undefined
  readonly share: Tensor | undefined
  readonly time: Tensor | undefined
  readonly partner: Tensor | undefined
  readonly constants: Params.Tensors<string>
  /** x_t, where it is no sum of data and noise. */
  readonly noisy?: Tensor
  /** What these rows do not have. */
  readonly lacks: ReadonlyArray<keyof Objective.Row>
}

/** What is of the noise. */
const OF_NOISE = ['noise', 'target', 'outputTarget'] as const

/** What rows of a term lack: where there is no noise that of the noise, and on nodes of x_t the data too. */
export const lacking = ({ timeLaw }: Pick<Objective.Matching, 'timeLaw'>, isOnNodes: boolean): ReadonlyArray<Single> =>
  TimeLaw.isClean(timeLaw) ? OF_NOISE : isOnNodes ? ['clean', ...OF_NOISE] : []

const absent = (what: string): never =>
  refuse(`${what}: read now, but not when the function was first looked at; do not branch on values`)

/** log p(x), [rows, 1]; without a density, which `Compile` refuses, NaN. */
const density = <P extends string>(
  { family }: Score.Model<P>,
  params: Params.Tensors<P>,
  x: Tensor,
  level: Score.RowLevel
): Tensor => (family === undefined ? fill([x.shape[0], 1], NaN) : family.logDensity(params, x, level))

/** Levels as rows are given them, and the form in which a model is: of a mixture one for all rows, where it is. */
const levelsOf = (rows: number, label: Tensor | undefined, isMixture: boolean) => {
  const forms = new WeakMap<Objective.RowLevel, Score.RowLevel>()
  return {
    levelOf: (alpha: Tensor, sigma: Tensor): Objective.RowLevel => {
      const own = { alpha: column(alpha, rows), sigma: column(sigma, rows), ...(label && { label }) }
      const common = alpha.rank === 0 && sigma.rank === 0 ? { alpha: single(alpha), sigma: single(sigma) } : null
      const columns = common === null ? own : { ...own, common }
      forms.set(columns, isMixture ? { alpha: single(alpha), sigma: single(sigma) } : columns)
      return columns
    },
    form: (level: Objective.RowLevel): Score.RowLevel => forms.get(level) ?? level
  }
}

const rowOf = <P extends string>(
  model: Score.Model<P>,
  params: Params.Tensors<P>,
  material: Material,
  access: Access
): { readonly define: Definitions; readonly row: (read: (name: Name) => Tensor) => Objective.Row } => {
  const { clean, drawn, orthogonal, inSpan, alpha, sigma, label, share, time, constants, partner, lacks } = material
  const [rows] = clean.shape
  const isMixture = model.family !== undefined
  const { levelOf, form } = levelsOf(rows, label, isMixture)
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
    time: () => (time === undefined ? absent('time') : column(time, rows)),
    label: () => label ?? fill([rows, 1], -1),
    partner: () => partner ?? refuse('partner: these rows have none; give Points.paired(partners)(points)')
  }
  const define: Definitions = name =>
    isHead(name) ? headIn(headsAt(noisy, level), name.slice('heads.'.length)) : singles[name]()
  return {
    define,
    row: read => {
      const rest: Omit<Objective.Row, Single> = {
        noisy,
        level,
        params: named(params),
        constants,
        heads: byName(name => read(`heads.${name}`)),
        ofTime: f => column(access.ofTime(f), rows),
        levelAt,
        scoreAt,
        outputAt,
        headsAt: (x, at) => {
          const there = headsAt(x, at)
          return byName(name => headIn(there, name))
        },
        logDensityAt: (x, at) => {
          access.density()
          const there = formAt(at)
          return opened(() => density(model, params, x, there))
        },
        directions,
        noises: count =>
          Number.isInteger(count) && count >= 1
            ? Array.from({ length: count }, (_, i) => access.direction('noise', i))
            : refuse(`noises(${count}): no whole number from 1 on; say how many draws a row sees`),
        divergence: estimate => {
          if (estimate === undefined) return exact()
          const { probes = 1, law = 'rademacher' } = estimate
          const all = directions({ probes, law }).map(v => rowSum(mul(vjp(x => scoreAt(x, level))(noisy, v), v)))
          return div(all.reduce(add), probes)
        },
        seen: seenIn(model, params, { clean, noisy, drawn, orthogonal, inSpan, level: own, share, rows }),
        overStudent: () => {
          const { noisy, share } = ofStudent(model, params, clean, read('label'), own)
          const { row, define } = rowOf(model, params, { ...material, noisy }, access)
          return {
            row: row(name => (isOfModel(name) ? define(name) : read(name))),
            share
          }
        },
        under: (others, there = constants) => {
          // The names are those of parameters of the model.
          const { row, define } = rowOf(
            model,
            { ...params, ...others } as Params.Tensors<P>,
            { ...material, constants: there },
            access
          )
          return row(name => {
            const asHere = read(name)
            return isOfModel(name) ? define(name) : asHere
          })
        }
      }
      // What takes the rest of a row, `({ score, ...row })`, does not read by that what there is not.
      const late = (name: Single): PropertyDescriptor => ({ enumerable: !lacks.includes(name), get: () => read(name) })
      // These are all that it has beside.
      return Object.defineProperties(rest as Objective.Row, RR.mapWithIndex(late)(singles))
    }
  }
}

/**
 * x_t = αc_k + √(α²v_k + σ²) z of rows z with labels k, and Kπ_k. Of round components log N(c_k; c_k, v_k I) = −(d/2) log 2πv_k tells v_k,
 * whatever their parameters are called.
 */
const ofStudent = <P extends string>(
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
  const atAll = opened(() => logDensity(centres, cleanRow()))
  const atCentre = sum(mul(atAll, eye(count)), 1, true)
  const variances = div(exp(mul(-2 / dim, atCentre)), 2 * Math.PI)
  const which = oneHot(reshape(label, [-1]), count)
  const spread = sqrt(add(mul(square(level.alpha), matMul(which, variances)), square(level.sigma)))
  return {
    noisy: add(mul(level.alpha, matMul(which, centres)), mul(spread, z)),
    share: mul(count, matMul(which, exp(reshape(logWeights, [count, 1]))))
  }
}

/** |z|² of what is drawn, by its coordinates. */
const squaredInSpan = ({ coordinates, share, outside }: Components.InSpan): Tensor => {
  const own = rowSum(square(coordinates))
  return share === null ? own : add(own, mul(square(share), outside))
}

/** What a mixture sees of the noise, by its own projection where it has one. */
const seenIn = <P extends string>(
  model: Score.Model<P>,
  params: Params.Tensors<P>,
  of: {
    readonly clean: Tensor
    readonly noisy: Tensor
    readonly drawn: Tensor
    readonly orthogonal: Components.Noise['orthogonal']
    readonly inSpan: Components.InSpan | undefined
    readonly level: Score.RowLevel
    readonly share: Tensor | undefined
    readonly rows: number
  }
): Objective.SeenNoise => {
  const { clean, noisy, drawn, orthogonal, inSpan, level, share, rows } = of
  const projection = model.family?.projection
  return {
    share: share === undefined ? null : column(share, rows),
    squaredNoise: () => add(inSpan === undefined ? rowSum(square(drawn)) : squaredInSpan(inSpan), orthogonal),
    implicit: () =>
      projection === undefined
        ? opened(() =>
            add(rowSum(square(model.score(params, noisy, level))), mul(2, model.divergence(params, noisy, level)))
          )
        : projection.implicit(params, noisy, level, mul(square(level.sigma), orthogonal)),
    mixed: share =>
      projection === undefined
        ? opened(() => {
            const score = model.score(params, noisy, level)
            const cross = div(mul(share, rowSum(mul(score, drawn))), level.sigma)
            const curvature = mul(sub(1, share), model.divergence(params, noisy, level))
            return add(rowSum(square(score)), mul(2, add(curvature, cross)))
          })
        : projection.mixed(params, clean, level, { drawn, orthogonal, ...(inSpan && { inSpan }) }, share)
  }
}

const looked = new WeakMap<object, WeakMap<object, ReadonlyMap<string, Reads>>>()

/** What a term reads of a row, of one row of made-up numbers: a function in the vocabulary reads the same of every row. */
export const readsOf = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  dim: number,
  isMixed: boolean,
  isOnNodes: boolean
): Reads => {
  const { perRow } = term
  const lacks = lacking(term, isOnNodes)
  const ofTerm = looked.get(perRow) ?? new WeakMap<object, ReadonlyMap<string, Reads>>()
  looked.set(perRow, ofTerm)
  const ofModel = ofTerm.get(model) ?? new Map<string, Reads>()
  const key = `${dim} ${isMixed} ${lacks.join(' ')}`
  const known = ofModel.get(key)
  if (known !== undefined) return known
  const found = look(model, term, dim, isMixed, lacks)
  ofTerm.set(model, new Map([...ofModel, [key, found]]))
  return found
}

/** The same on points; null where it cannot be told, since its function throws. */
export const readsIn = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  dim: number,
  isOnNodes = false
): Reads | null => O.toNullable(O.tryCatch(() => readsOf(model, term, dim, term.measuredIn !== undefined, isOnNodes)))

/** What a term draws from the key beside the noise, in words. */
export const drawnBeside = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  dim: number
): ReadonlyArray<string> => {
  const { noise, normal, rademacher } = readsIn(model, term, dim)?.probes ?? { noise: 0, normal: 0, rademacher: 0 }
  return [
    ...(noise > 0 ? ['further noise'] : []),
    ...(normal + rademacher > 0 ? ['the directions of a divergence'] : [])
  ]
}

/** A model as far as shapes go: what is read of it is looked at, not what it says, which takes a derivative or two to compute. */
const shapesOf = <P extends string>(model: Score.Model<P>): Score.Model<P> => {
  const one = (x: Tensor): Tensor => ones([x.shape[0], 1])
  const alike = (_: unknown, x: Tensor): Tensor => fill(x.shape, 0.5)
  const { family } = model
  const projection = family?.projection
  return {
    ...model,
    score: alike,
    output: alike,
    divergence: (_, x) => one(x),
    ...(family && {
      family: {
        ...family,
        logDensity: (_, x) => one(x),
        projection: projection && { ...projection, implicit: (_, x) => one(x), mixed: (_, clean) => one(clean) }
      }
    })
  }
}

const look = <P extends string>(
  model: Score.Model<P>,
  { perRow, constants = {} }: Objective.Matching,
  dim: number,
  isMixed: boolean,
  lacks: Material['lacks']
): Reads => {
  const names = recorder<Name>()
  const times = recorder<OfTime>()
  const probes = recorder<readonly [law: Law, i: number]>()
  const densities = recorder<true>()
  const access: Access = {
    ofTime: f => {
      times.add(f)
      return fill([], 0.5)
    },
    direction: (law, i) => {
      probes.add([law, i])
      return ones([1, dim])
    },
    density: () => {
      densities.add(true)
    }
  }
  const { values } = compute(() => {
    const half = (width: number): Tensor => fill([1, width], 0.5)
    const material: Material = {
      clean: half(dim),
      drawn: half(dim),
      orthogonal: 0,
      alpha: half(1),
      sigma: half(1),
      label: fill([1, 1], -1),
      share: isMixed ? half(1) : undefined,
      time: half(1),
      partner: half(dim),
      constants: Params.map(fromNdArray)(constants),
      lacks
    }
    const { define, row } = rowOf(shapesOf(model), Score.tensors(Params.zeros(model.shapes(dim))), material, access)
    return perRow(
      row(name => {
        names.add(name)
        return define(name)
      })
    )
  })
  const most = (law: Law): number =>
    probes.all().reduce((most, [of, i]) => (of === law ? Math.max(most, i + 1) : most), 0)
  return {
    names: new Set(names.all()),
    times: times.all(),
    probes: { rademacher: most('rademacher'), normal: most('normal'), noise: most('noise') },
    density: densities.all().length > 0,
    width: values.length
  }
}

/** The loss of each row as the term gives it, [rows] or [rows, 1]; `call` may watch over the term's own function. */
export const raw =
  <P extends string>(model: Score.Model<P>, term: Objective.Matching) =>
  (params: Params.Tensors<P>, inputs: Inputs.Tensors, call: <R>(f: () => R) => R = f => f()): Tensor => {
    const { clean } = inputs
    const optional = (name: string): Tensor | undefined => (name in inputs ? inputs[name] : undefined)
    const isOnNodes = 'none' in inputs
    const reads = readsOf(model, term, clean.shape[1] ?? 1, 'share' in inputs, isOnNodes)
    const times = recorder<OfTime>()
    const { row, define } = rowOf(
      model,
      params,
      {
        clean,
        ...Noise.ofInputs(inputs, clean),
        alpha: inputs.alpha,
        sigma: inputs.sigma,
        label: optional('label'),
        share: optional('share'),
        time: optional('time'),
        partner: optional('partner'),
        constants: constantsIn(inputs),
        lacks: [...('partner' in inputs ? [] : ['partner' as const]), ...lacking(term, isOnNodes)]
      },
      {
        ofTime: f => optional(`of${times.add(f)}`) ?? absent('a number of another time'),
        direction: (law, i) => optional(`${law}${i}`) ?? absent(law === 'noise' ? 'noises' : 'a direction'),
        density: () => undefined
      }
    )
    // Before the function is called, so that they outlive the derivatives that it takes.
    // A partner that rows do not have is missed where it is read.
    const names = Array.from(reads.names).filter(name => name !== 'partner' || name in inputs)
    const prepared = new Map(names.map(name => [name, define(name)]))
    const seen = row(name => prepared.get(name) ?? (name === 'partner' ? define(name) : absent(name)))
    return call(() => term.perRow(seen))
  }

/** A term at a noise level, [rows, 1]. */
const perRow = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching
): ((params: Params.Tensors<P>, inputs: Inputs.Tensors) => Tensor) => {
  const loss = raw(model, term)
  return (params, inputs) => {
    const [rows] = inputs.clean.shape
    const own = reshape(loss(params, inputs), [rows, 1])
    const converted = 'conversion' in inputs ? mul(column(inputs.conversion, rows), own) : own
    return mul(column(inputs.weight, rows), converted)
  }
}

/** A term without noise, [rows] or [rows, 1]. */
export const perDatum =
  <P extends string>(model: Score.Model<P>, { perDatum }: Objective.Noiseless) =>
  (params: Params.Tensors<P>, { clean, ...inputs }: Inputs.Tensors): Tensor => {
    const label = 'label' in inputs ? inputs.label : fill([clean.shape[0], 1], -1)
    return perDatum(
      datumOf(params, constantsIn(inputs), { clean, label }, params => density(model, params, clean, cleanRow()))
    )
  }

/** What a term without noise sees, by the density under any parameters. */
const datumOf = <P extends string>(
  params: Params.Tensors<P>,
  constants: Params.Tensors<string>,
  data: Pick<Objective.Datum, 'clean' | 'label'>,
  density: (params: Params.Tensors<P>) => Tensor
): Objective.Datum => ({
  ...data,
  params: named(params),
  constants,
  logDensity: () => density(params),
  // The names are those of parameters of the model.
  under: (others, there = constants) => datumOf({ ...params, ...others } as Params.Tensors<P>, there, data, density)
})

/** Whether a term without noise asks for a density, seen on one row of made-up numbers; what throws is said elsewhere. */
export const asksDensity = <P extends string>(
  model: Score.Model<P>,
  { perDatum, constants = {} }: Objective.Noiseless,
  dim: number
): boolean => {
  const densities = recorder<true>()
  return pipe(
    O.tryCatch(() =>
      compute(() =>
        perDatum(
          datumOf(
            Score.tensors(Params.zeros(model.shapes(dim))),
            Params.map(fromNdArray)(constants),
            { clean: fill([1, dim], 0.5), label: fill([1, 1], -1) },
            () => {
              densities.add(true)
              return zeros([1, 1])
            }
          )
        )
      )
    ),
    () => densities.all().length > 0
  )
}

/** A term of each row, [rows]. */
export const each = <P extends string>(
  model: Score.Model<P>,
  term: Direct
): ((params: Params.Tensors<P>, inputs: Inputs.Tensors) => Tensor) => {
  const own = Objective.isMatching(term) ? perRow(model, term) : perDatum(model, term)
  return (params, inputs) => reshape(own(params, inputs), [inputs.clean.shape[0]])
}

/** The mean of a term over the rows, by their weights. */
export const mean = <P extends string>(
  model: Score.Model<P>,
  term: Direct
): ((params: Params.Tensors<P>, inputs: Inputs.Tensors) => Tensor) => {
  const own = each(model, term)
  return (params, inputs) => {
    const flat = own(params, inputs)
    return 'rowWeight' in inputs ? sum(mul(inputs.rowWeight, flat)) : meanOf(flat)
  }
}
