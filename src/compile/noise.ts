/**
 * The noise of one evaluation, as an expectation draws it. What is drawn need not be a full standard normal vector:
 * where a mixture sees a point x only through |x − c_k|², noise in the span of the differences c_k − c_l and the squared
 * length of the rest say the same, with less variance.
 */
import { pipe } from 'fp-ts/lib/function.js'
import {
  add,
  div,
  greater,
  Key,
  matMul,
  maximum,
  mul,
  ones,
  sqrt,
  square,
  sub,
  where,
  type Tensor
} from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { RowNumbers } from '../../lib/rows/stretches.js'
import * as Expectation from '../objective/expectation.js'
import * as Components from '../mixture/components.js'
import type { Basis } from '../mixture/projection.js'
import * as Inputs from './inputs.js'
import * as Points from '../data/points.js'

/** Draws by counter: nothing of the size of the data is held. */
interface SpanNoise {
  readonly _tag: 'Span'
  /** Coordinates in the orthonormal basis: row i, direction j has normal draw i · rank + j. */
  readonly coordinates: Key.Key
  /** Normal draw i for row i, along the part of x_0 − c_k outside the span, the same for all k; null where |x|² does not matter. */
  readonly along: Key.Key | null
  /** |z|² beyond the span and `along`: its mean, or χ² draw i for row i. */
  readonly rest: number | { readonly key: Key.Key; readonly degrees: number }
  /** The opposite of all normals is −1. */
  readonly sign: 1 | -1
}

/** A point of a quadrature in the one direction of a basis of rank ≤ 1, the same for all rows. */
interface NodeNoise {
  readonly _tag: 'Node'
  readonly coordinate: number
  /** The mean of |z|² beyond the direction. */
  readonly rest: number
}

/** None: the rows are those of the noise level itself. */
interface NoNoise {
  readonly _tag: 'None'
}

/** All of the noise, [rows, dim]: given, or normal draws 0, 1, … of a key. */
interface FullNoise {
  readonly _tag: 'Full'
  readonly values: RowNumbers | Key.Key
  readonly sign: 1 | -1
}

export type NoiseOfDraw = SpanNoise | NodeNoise | FullNoise | NoNoise

/** Whether noise in full is given, and not drawn. */
export const isGiven = (values: FullNoise['values']): values is RowNumbers =>
  values instanceof Float64Array || 'read' in values

/** A row nearer to the span than this share of its distance from the origin there has no direction outside it. */
const MIN_OUTSIDE_SHARE = 1e-9

type PointsSize = Pick<Points.Points, 'rows' | 'dim'>

/** One term of the mean over the noise; weights sum to 1. */
export interface NoiseDrawTerm {
  readonly weight: number
  readonly noise: NoiseOfDraw
}

/** The span in which a mixture sees the noise, and whether it also sees the length of the rest. */
export interface NoiseProjection {
  readonly basis: Basis
  readonly seesNorm: boolean
  /** b of tanh(a + bζ), ζ the noise along the one direction; a quadrature alone asks. */
  readonly slope: () => number
}

/**
 * Normal coordinates in the basis. Where only the mean of |z|² outside it matters, that is its dimension; where its
 * law matters, one normal along the part of x_0 − c_k outside the span, and a χ² for the other directions.
 */
const inSpan =
  (dim: number, { basis: { rank }, seesNorm }: NoiseProjection) =>
  (key: Key.Key): SpanNoise => {
    const keys = pipe(key, Key.named('span', 'along', 'rest'))
    const outside = dim - rank
    const law = seesNorm && outside > 0
    return {
      _tag: 'Span',
      coordinates: keys.span,
      along: law ? keys.along : null,
      rest: law ? { key: keys.rest, degrees: outside - 1 } : outside,
      sign: 1
    }
  }

/** The draws of an expectation. `Compile` refuses a projection or nodes where there is nothing to project on. */
export const noiseDraws =
  ({ rows, dim }: PointsSize, projection: NoiseProjection | null, key: Key.Key) =>
  (expectation: Expectation.Expectation): ReadonlyArray<NoiseDrawTerm> => {
    const way = Expectation.interpret(expectation)
    const full = ({ weight, noise, sign = 1 }: Expectation.Draw): NoiseDrawTerm => ({
      weight,
      noise: { _tag: 'Full', values: noise, sign }
    })
    switch (way.where) {
      case 'everywhere':
        return way.draws({ rows, dim })(key).map(full)
      case 'span':
        return projection === null
          ? way.draws(key).map(full)
          : way.draws(key).map(({ weight, noise, sign = 1 }) => ({
              weight,
              noise: { ...inSpan(dim, projection)(noise), sign }
            }))
      case 'line': {
        const { nodes, weights } = way.rule(projection?.slope() ?? 0)
        const rest = dim - (projection?.basis.rank ?? 0)
        return Array.from(nodes, (coordinate, i) => ({
          weight: weights[i],
          noise: { _tag: 'Node', coordinate, rest }
        }))
      }
    }
  }

/** Noise in full of a key: normal draws of it. */
interface DrawnNoise extends FullNoise {
  readonly values: Key.Key
}

/** Whether noise is drawn at each evaluation, in all coordinates: neither given nor nodes. */
export const isDrawn = (noise: NoiseOfDraw): noise is DrawnNoise => noise._tag === 'Full' && !isGiven(noise.values)

const basisInputs = ({ rank, vectors }: Basis, { dim }: Pick<PointsSize, 'dim'>): Inputs.NamedInputs => ({
  basis: Inputs.constantInput([rank, dim], vectors)
})

/** Of what noise is made of, all that depends on the key, in full noise, or on the parameters, where it is nodes. */
export const changing = (noise: NoiseOfDraw, basis: Basis, { dim }: Pick<PointsSize, 'dim'>): Inputs.NamedInputs =>
  isDrawn(noise) ? { noise: Inputs.drawInput([dim], noise.values) } : basisInputs(basis, { dim })

const SIGNS = { [1]: Inputs.numberInput(1), [-1]: Inputs.numberInput(-1) } as const

/** What the noise is made of, under names. */
export const noiseInputs = (noise: NoiseOfDraw, own: Basis, { dim }: PointsSize): Inputs.NamedInputs => {
  if (noise._tag === 'Full') {
    const { values, sign } = noise
    return {
      noise: isGiven(values) ? Inputs.rowInput([dim], values, true) : Inputs.drawInput([dim], values),
      sign: SIGNS[sign]
    }
  }
  if (noise._tag === 'None') return { none: Inputs.numberInput(0) }
  const basis = basisInputs(own, { dim })
  if (noise._tag === 'Node')
    return { coordinate: Inputs.numberInput(noise.coordinate), beyond: Inputs.numberInput(noise.rest), ...basis }
  const { coordinates, along, rest, sign } = noise
  return {
    coordinates: Inputs.drawInput([own.rank], coordinates),
    sign: SIGNS[sign],
    beyond: typeof rest === 'number' ? Inputs.numberInput(rest) : Inputs.chiSquaredInput(rest.degrees, rest.key),
    origin: Inputs.constantInput([1, dim], own.origin),
    ...(along !== null && { along: Inputs.drawInput([1], along) }),
    ...basis
  }
}

/** The noise in the vocabulary: what is drawn, [rows | 1, dim], and |z|² beyond it, a number, [] or [rows, 1]. */
export const ofInputs = (
  { noise, sign, basis, coordinate, coordinates, beyond, along, origin, none }: Partial<Inputs.InputTensors>,
  clean: Tensor
): Components.ComponentNoise => {
  if (none !== undefined) return { drawn: mul(none, ones([1, clean.shape[1] ?? 1])), orthogonal: 0 }
  if (noise !== undefined && sign !== undefined) return { drawn: mul(sign, noise), orthogonal: 0 }
  if (basis === undefined || beyond === undefined) return refuse('noise that is not given')
  if (coordinate !== undefined)
    return { drawn: matMul(mul(coordinate, ones([1, basis.shape[0]])), basis), orthogonal: beyond }
  if (coordinates === undefined || sign === undefined || origin === undefined) return refuse('noise that is not given')
  const own = mul(sign, coordinates)
  const drawn = matMul(own, basis)
  const there = matMul(clean, basis, { transposeB: true })
  const rest = sub(sub(clean, origin), matMul(there, basis))
  const outside = Components.normsOf(rest)
  const inSpan = { basis, origin, coordinates: own, along: there, outside }
  if (along === undefined) return { drawn, orthogonal: beyond, inSpan: { ...inSpan, share: null } }
  const length = sqrt(outside)
  const normal = mul(sign, along)
  // A row in the span has no direction outside it: its normal is one of the χ²'s.
  const hasDirection = greater(length, mul(MIN_OUTSIDE_SHARE, sqrt(add(Components.normsOf(sub(clean, origin)), 1))))
  const share = where(hasDirection, div(normal, maximum(length, Number.MIN_VALUE)), 0)
  return {
    drawn: add(drawn, mul(share, rest)),
    orthogonal: where(hasDirection, beyond, add(beyond, square(normal))),
    inSpan: { ...inSpan, share }
  }
}

/** The noise of one draw on data, as tensors. */
export const noiseTensors = (noise: NoiseOfDraw, basis: Basis, points: Points.Points): Components.ComponentNoise =>
  ofInputs(Inputs.inputTensors(0, points.rows)(noiseInputs(noise, basis, points)), Points.pointsTensor(points))
