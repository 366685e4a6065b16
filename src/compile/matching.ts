/**
 * Terms of an objective as one loss for each row: one definition for the interpreter and the compiler.
 *
 * A term's own function (`perRow`) is called several times before the first step:
 * 1. `analyzeReads`, once for each kind of row, records its reads. Only these are drawn, passed and computed later.
 * 2. `SmokeTest`, for users' functions: on three rows together, on each alone, and for the gradient.
 * 3. `Compiler.compile`, twice for each program: values that differ between the two traces are not constants.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import {
  compute,
  fill,
  fromNdArray,
  Key,
  mean as meanOf,
  mul,
  ones,
  reshape,
  sum,
  zeros,
  type Tensor
} from '../../lib/index.js'
import { mergeRecords } from '../../lib/plain/byName.js'
import { listRecorder } from '../../lib/plain/recorder.js'
import { sameNumbers } from '../../lib/rows/byColumn.js'
import { zipNumbers, computedStretches, mapStretches, type RowNumbers } from '../../lib/rows/stretches.js'
import type { Basis } from '../mixture/projection.js'
import * as Inputs from './inputs.js'
import * as Noise from './noise.js'
import * as Objective from '../objective/objective.js'
import { cleanLevel } from '../mixture/family.js'
import * as Parametrization from '../schedule/parametrization.js'
import * as Params from '../core/params.js'
import * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Score from '../score/score.js'
import {
  columnTensor,
  DIRECTION_DISTRIBUTIONS,
  checkedParamAccess,
  missingNames,
  throwUnrecordedRead,
  rowLogDensity,
  lossContext,
  type DirectionDistribution,
  type PrecomputedName,
  type TimeFunction,
  type Reads,
  type DrawAccess,
  type ContextInputs,
  type RowKind
} from './lossContext.js'

type RowsAndDim = Pick<Points.Points, 'rows' | 'dim'>

/** Noise level with a draw of noise. Weight, α and σ are shared, or one for each row. */
export interface NoiseSample {
  readonly weight: RowNumbers
  readonly alpha: RowNumbers
  readonly sigma: RowNumbers
  readonly noise: Noise.NoiseOfDraw
  /** Weight of the denoising form in a mixed term; shared, or one for each row. */
  readonly denoising: RowNumbers
  /** Key of directions and of additional noise. */
  readonly probes: () => Key.Key
  /** Index of the time among those of the term. */
  readonly level: number
  /** Evaluates a function of time; shared, or one for each row. */
  readonly ofTime: (f: TimeFunction) => RowNumbers
  /** Labels of the rows if some are dropped; null for those of the data. */
  readonly labels: RowNumbers | null
  /** Quadrature nodes of x_t in place of noised rows. */
  readonly nodes?: { readonly values: Float64Array; readonly areFixed: boolean }
}

export type DirectTerm = Objective.Matching | Objective.Noiseless

/** Factor between the losses of two parametrizations, as a function of the noise level. */
const conversionWeights = (
  from: Parametrization.Parametrization,
  to: Parametrization.Parametrization = Parametrization.score
): ((sample: Pick<NoiseSample, 'alpha' | 'sigma'>) => RowNumbers) => {
  const weight = Parametrization.conversionWeight(from, to)
  return ({ alpha, sigma }) => zipNumbers(alpha, sigma, (alpha, sigma) => weight({ alpha, sigma }))
}

/** Returns the rows, weights, labels and partners as inputs. */
export const dataInputs = (data: Source.Data, reuse: Inputs.DataReuse): Inputs.NamedInputs => {
  const { dim } = data
  const weights = Source.isSource(data)
    ? Source.normalizedRowWeights(data)
    : data.weights === undefined
      ? null
      : Points.weightsOf(data)
  const labels = rowLabels(data)
  return {
    clean: Inputs.rowInput([dim], Source.isSource(data) ? data : data.values, reuse),
    ...(weights !== null && { rowWeight: Inputs.rowInput([], weights, reuse) }),
    ...(labels !== null && { label: Inputs.rowInput([1], labels, reuse) }),
    ...(data.partner && { partner: Inputs.rowInput([dim], data.partner, reuse) })
  }
}

/** Returns the labels of the rows, −1 for none; null if no row has a label. */
export const rowLabels = (data: Source.Data): RowNumbers | null =>
  Source.isSource(data) ? data.labels : data.labels === undefined ? null : Float64Array.from(data.labels)

const rademacherSign = (u: number): number => (u < 0.5 ? -1 : 1)

/** Random directions v with E vvᵀ = I, and additional noise, each [rows, dim], from separate keys. */
const drawnInputs = ({ probes }: Reads, { rows, dim }: RowsAndDim, key: Key.Key): Inputs.NamedInputs =>
  Object.fromEntries(
    DIRECTION_DISTRIBUTIONS.flatMap(law =>
      Key.split(probes[law])(law === 'noise' ? Key.named(law)(key)[law] : key).map((one, i) => [
        `${law}${i}`,
        law !== 'rademacher'
          ? Inputs.drawInput([dim], one)
          : Inputs.rowInput(
              [dim],
              mapStretches(
                computedStretches(
                  rows,
                  (first, out) => {
                    Key.fillUniform(first * dim, out)(one)
                  },
                  dim
                ),
                rademacherSign
              )
            )
      ])
    )
  )

/** True if a denoising loss is the error of the network's own output, which requires full noise. */
const isOutputError = ({ noise, denoising }: NoiseSample): boolean =>
  noise._tag === 'Full' && denoising instanceof Float64Array && denoising.every(share => share === 1)

const CONSTANT_PREFIX = 'constant.'

/** Returns the constants of a term as inputs. */
export const termConstants = ({ constants = {} }: DirectTerm): Inputs.NamedInputs =>
  Object.fromEntries(
    Object.entries(constants).map(([name, { shape, values }]) => [
      CONSTANT_PREFIX + name,
      Inputs.constantInput(shape, values)
    ])
  )

const constantTensors = (inputs: Inputs.InputTensors): Params.Tensors<string> =>
  Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) =>
      name.startsWith(CONSTANT_PREFIX) ? [[name.slice(CONSTANT_PREFIX.length), tensor]] : []
    )
  )

/** Returns the inputs of a term for a sample, added to `existing`. Default: none. */
export const termInputs = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  sample: NoiseSample,
  {
    basis,
    points,
    existing = {}
  }: { readonly basis: Basis; readonly points: RowsAndDim; readonly existing?: Inputs.NamedInputs }
): Inputs.NamedInputs => {
  const { measuredIn } = term
  const isMixed = measuredIn !== undefined && !isOutputError(sample)
  const rowKind = sample.noise._tag === 'None' ? 'nodes' : 'data'
  const reads = analyzeReads(model, term, { dim: points.dim, isMixed, rowKind })
  const { nodes } = sample
  return mergeRecords<Inputs.ProgramInput>(
    existing,
    {
      alpha: Inputs.perRowInput(sample.alpha),
      sigma: Inputs.perRowInput(sample.sigma),
      weight: Inputs.perRowInput(sample.weight)
    },
    Noise.noiseInputs(sample.noise, basis, points),
    term.constants !== undefined && termConstants(term),
    nodes && { clean: Inputs.rowInput([points.dim], nodes.values, nodes.areFixed ? 'often' : 'once') },
    measuredIn && {
      conversion: Inputs.perRowInput(
        conversionWeights(isMixed ? Parametrization.score : model.predicts, measuredIn)(sample)
      )
    },
    isMixed && { share: Inputs.perRowInput(sample.denoising) },
    sample.labels && { label: Inputs.rowInput([1], sample.labels) },
    reads.names.has('time') && { time: Inputs.perRowInput(sample.ofTime(time => time)) },
    ...reads.times.map((f, i) => ({ [`of${i}`]: Inputs.perRowInput(sample.ofTime(f)) })),
    DIRECTION_DISTRIBUTIONS.some(law => reads.probes[law] > 0) && drawnInputs(reads, points, sample.probes())
  )
}

/** True if two samples draw noise and differ in its key alone. */
export const differsOnlyInKey = (one: NoiseSample, other: NoiseSample): boolean =>
  // all other values at their times were computed together with α
  one.alpha === other.alpha &&
  areEqualNumbers(one.weight, other.weight) &&
  Noise.isDrawnNoise(one.noise) &&
  Noise.isDrawnNoise(other.noise) &&
  one.noise.sign === other.noise.sign

const areEqualNumbers = (a: RowNumbers, b: RowNumbers): boolean =>
  a === b || (a instanceof Float64Array && b instanceof Float64Array && sameNumbers(a, b))

/** Returns the object by which programs of terms are distinguished. */
export const programIdentity = (term: DirectTerm): object => (Objective.isMatching(term) ? term.perRow : term.perDatum)

interface ReadSetting {
  readonly dim: number
  /** True if denoising and implicit forms are mixed. Default: false. */
  readonly isMixed?: boolean
  /** Default: 'data'. */
  readonly rowKind?: RowKind
}

const readsByTerm = new WeakMap<object, WeakMap<object, ReadonlyMap<string, Reads>>>()

/**
 * Returns the values that a term's function reads, found by one call on a row of made-up numbers. Cached by function, model and setting.
 */
export const analyzeReads = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  { dim, isMixed = false, rowKind = 'data' }: ReadSetting
): Reads => {
  const { perRow } = term
  const lacks = missingNames(term, rowKind)
  const ofTerm = readsByTerm.get(perRow) ?? new WeakMap<object, ReadonlyMap<string, Reads>>()
  readsByTerm.set(perRow, ofTerm)
  const ofModel = ofTerm.get(model) ?? new Map<string, Reads>()
  const key = `${dim} ${isMixed} ${lacks.join(' ')}`
  const known = ofModel.get(key)
  if (known !== undefined) return known
  const found = recordReads(model, term, { dim, isMixed, lacks })
  ofTerm.set(model, new Map([...ofModel, [key, found]]))
  return found
}

/** Returns the values that a term's function reads; null if it throws. */
export const tryAnalyzeReads = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  { dim, rowKind }: Pick<ReadSetting, 'dim' | 'rowKind'>
): Reads | null =>
  O.toNullable(
    O.tryCatch(() =>
      analyzeReads(model, term, { dim, isMixed: term.measuredIn !== undefined, ...(rowKind && { rowKind }) })
    )
  )

/** Returns the random draws of a term other than its noise, in words. */
export const additionalDraws = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching,
  dim: number
): ReadonlyArray<string> => {
  const { noise, normal, rademacher } = tryAnalyzeReads(model, term, { dim })?.probes ?? {
    noise: 0,
    normal: 0,
    rademacher: 0
  }
  return [
    ...(noise > 0 ? ['further noise'] : []),
    ...(normal + rademacher > 0 ? ['the directions of a divergence'] : [])
  ]
}

/** Model that computes only shapes, since scores may need expensive derivatives. */
const shapesOnlyModel = <P extends string>(model: Score.Model<P>): Score.Model<P> => {
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

const recordReads = <P extends string>(
  model: Score.Model<P>,
  { perRow, constants = {} }: Objective.Matching,
  { dim, isMixed, lacks }: { readonly dim: number; readonly isMixed: boolean; readonly lacks: ContextInputs['lacks'] }
): Reads => {
  const names = listRecorder<PrecomputedName>()
  const times = listRecorder<TimeFunction>()
  const probes = listRecorder<readonly [law: DirectionDistribution, i: number]>()
  const densities = listRecorder<true>()
  const access: DrawAccess = {
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
    const params = Score.tensors(Params.zeros(model.shapes(dim)))
    const inputs = {
      ...madeUpRow(dim, isMixed ? 'mixed' : 'whole'),
      constants: Params.map(fromNdArray)(constants),
      lacks
    }
    const { define, row } = lossContext(shapesOnlyModel(model), params, inputs, access)
    return perRow(
      row(name => {
        names.add(name)
        return define(name)
      })
    )
  })
  const count = (law: DirectionDistribution): number =>
    probes.all().reduce((most, [of, i]) => (of === law ? Math.max(most, i + 1) : most), 0)
  return {
    names: new Set(names.all()),
    times: times.all(),
    probes: { rademacher: count('rademacher'), normal: count('normal'), noise: count('noise') },
    density: densities.all().length > 0,
    width: values.length
  }
}

/** Row of made-up numbers, with a share if the noise is mixed. */
const madeUpRow = (dim: number, noise: 'mixed' | 'whole'): Omit<ContextInputs, 'constants' | 'lacks'> => {
  const half = (width: number): Tensor => fill([1, width], 0.5)
  return {
    clean: half(dim),
    drawn: half(dim),
    orthogonal: 0,
    alpha: half(1),
    sigma: half(1),
    label: fill([1, 1], -1),
    share: noise === 'mixed' ? half(1) : undefined,
    time: half(1),
    partner: half(dim)
  }
}

/** Returns the loss of each row, [rows] or [rows, 1]; `call` can wrap the term's own function. */
export const termOutputPerRow =
  <P extends string>(model: Score.Model<P>, term: Objective.Matching) =>
  (params: Params.Tensors<P>, inputs: Inputs.InputTensors, call: <R>(f: () => R) => R = f => f()): Tensor => {
    const { clean } = inputs
    const optional = (name: string): Tensor | undefined => (name in inputs ? inputs[name] : undefined)
    const rowKind = 'none' in inputs ? 'nodes' : 'data'
    const reads = analyzeReads(model, term, { dim: clean.shape[1] ?? 1, isMixed: 'share' in inputs, rowKind })
    const times = listRecorder<TimeFunction>()
    const { row, define } = lossContext(
      model,
      params,
      {
        clean,
        ...Noise.noiseFromInputs(inputs, clean),
        alpha: inputs.alpha,
        sigma: inputs.sigma,
        label: optional('label'),
        share: optional('share'),
        time: optional('time'),
        partner: optional('partner'),
        constants: constantTensors(inputs),
        lacks: [...('partner' in inputs ? [] : ['partner' as const]), ...missingNames(term, rowKind)]
      },
      {
        ofTime: f => optional(`of${times.add(f)}`) ?? throwUnrecordedRead('a number of another time'),
        direction: (law, i) =>
          optional(`${law}${i}`) ?? throwUnrecordedRead(law === 'noise' ? 'noises' : 'a direction'),
        density: () => undefined
      }
    )
    // Computed before the function is called, to outlive the derivatives taken in it. A missing partner is reported when
    // it is read.
    const names = Array.from(reads.names).filter(name => name !== 'partner' || name in inputs)
    const prepared = new Map(names.map(name => [name, define(name)]))
    const seen = row(name => prepared.get(name) ?? (name === 'partner' ? define(name) : throwUnrecordedRead(name)))
    return call(() => term.perRow(seen))
  }

const termPerRow = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Matching
): ((params: Params.Tensors<P>, inputs: Inputs.InputTensors) => Tensor) => {
  const loss = termOutputPerRow(model, term)
  return (params, inputs) => {
    const [rows] = inputs.clean.shape
    const own = reshape(loss(params, inputs), [rows, 1])
    const converted = 'conversion' in inputs ? mul(columnTensor(inputs.conversion, rows), own) : own
    return mul(columnTensor(inputs.weight, rows), converted)
  }
}

/** Returns a term without noise for each row, [rows] or [rows, 1]. */
export const noiselessTermPerRow =
  <P extends string>(model: Score.Model<P>, { perDatum }: Objective.Noiseless) =>
  (params: Params.Tensors<P>, { clean, ...inputs }: Inputs.InputTensors): Tensor => {
    const label = 'label' in inputs ? inputs.label : fill([clean.shape[0], 1], -1)
    return perDatum(
      noiselessDatum(params, constantTensors(inputs), { clean, label }, params =>
        rowLogDensity(model, params, clean, cleanLevel())
      )
    )
  }

/** Argument of a term's function without noise; `density` is called when it is read. */
const noiselessDatum = <P extends string>(
  params: Params.Tensors<P>,
  constants: Params.Tensors<string>,
  data: Pick<Objective.Datum, 'clean' | 'label'>,
  density: (params: Params.Tensors<P>) => Tensor
): Objective.Datum => ({
  ...data,
  params: checkedParamAccess(params),
  constants,
  logDensity: () => density(params),
  under: (others, there = constants) =>
    noiselessDatum({ ...params, ...others } as Params.Tensors<P>, there, data, density)
})

/**
 * True if a term without noise reads the density, by one row of made-up numbers. A term that throws, which is reported elsewhere, counts by
 * its reads before.
 */
export const readsNoiselessDensity = <P extends string>(
  model: Score.Model<P>,
  { perDatum, constants = {} }: Objective.Noiseless,
  dim: number
): boolean => {
  const densities = listRecorder<true>()
  return pipe(
    O.tryCatch(() =>
      compute(() =>
        perDatum(
          noiselessDatum(
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

/** Returns the term for each row, [rows]. */
export const flatTermPerRow = <P extends string>(
  model: Score.Model<P>,
  term: DirectTerm
): ((params: Params.Tensors<P>, inputs: Inputs.InputTensors) => Tensor) => {
  const own = Objective.isMatching(term) ? termPerRow(model, term) : noiselessTermPerRow(model, term)
  return (params, inputs) => reshape(own(params, inputs), [inputs.clean.shape[0]])
}

/** Returns the weighted mean of a term over the rows. */
export const weightedMeanTerm = <P extends string>(
  model: Score.Model<P>,
  term: DirectTerm
): ((params: Params.Tensors<P>, inputs: Inputs.InputTensors) => Tensor) => {
  const own = flatTermPerRow(model, term)
  return (params, inputs) => {
    const flat = own(params, inputs)
    return 'rowWeight' in inputs ? sum(mul(inputs.rowWeight, flat)) : meanOf(flat)
  }
}
