/**
 * Noise of one evaluation. If a mixture depends on a point x only through |x − c_k|², noise in the span of the differences c_k − c_l and
 * the squared length of the remainder give the expectation of full noise, with less variance.
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

/** Noise in the span of the centres, drawn by counter, so no array is stored. */
interface SpanNoise {
  readonly _tag: 'Span'
  /** Key of the coordinates in the basis: row i, direction j uses normal draw i · rank + j. */
  readonly coordinates: Key.Key
  /** Key of normal draw i for row i, along the part of x_0 − c_k outside the span (equal for all k); null if |x|² is not read. */
  readonly along: Key.Key | null
  /** |z|² outside the span and `along`: its mean, or χ² draw i for row i. */
  readonly rest: number | { readonly key: Key.Key; readonly degrees: number }
  /** Factor of all normals: −1 for the second of an antithetic pair. */
  readonly sign: 1 | -1
}

/** Quadrature node in the direction of a basis of rank ≤ 1, shared by all rows. */
interface NodeNoise {
  readonly _tag: 'Node'
  readonly coordinate: number
  /** Mean of |z|² outside the direction. */
  readonly rest: number
}

/** Rows that are already at the noise level. */
interface NoNoise {
  readonly _tag: 'None'
}

/** Noise in all coordinates, [rows, dim]: given values, or normal draws 0, 1, … of a key. */
interface FullNoise {
  readonly _tag: 'Full'
  readonly values: RowNumbers | Key.Key
  readonly sign: 1 | -1
}

export type NoiseOfDraw = SpanNoise | NodeNoise | FullNoise | NoNoise

/** True if full noise is given rather than drawn. */
export const isGivenNoise = (values: FullNoise['values']): values is RowNumbers =>
  values instanceof Float64Array || 'read' in values

/** Minimum distance of a row from the span, relative to that from the origin, for a direction outside. */
const MIN_OUTSIDE_SHARE = 1e-9

type PointsSize = Pick<Points.Points, 'rows' | 'dim'>

/** Draw of the noise, with its weight in the mean; the weights sum to 1. */
export interface NoiseDrawTerm {
  readonly weight: number
  readonly noise: NoiseOfDraw
}

/** The part of the noise that a mixture depends on: that in the span of `basis`, and with `seesNorm` the length of the rest. */
export interface NoiseProjection {
  readonly basis: Basis
  readonly seesNorm: boolean
  /** b in tanh(a + bζ), ζ the noise along the direction; for quadratures. */
  readonly slope: () => number
}

/** Noise in the span, with keys derived from one. `rest` is the mean of |z|² outside, unless its distribution matters. */
const spanNoiseFromKey =
  (dim: number, { basis: { rank }, seesNorm }: NoiseProjection) =>
  (key: Key.Key): SpanNoise => {
    const keys = pipe(key, Key.named('span', 'along', 'rest'))
    const outside = dim - rank
    const seesLength = seesNorm && outside > 0
    return {
      _tag: 'Span',
      coordinates: keys.span,
      along: seesLength ? keys.along : null,
      rest: seesLength ? { key: keys.rest, degrees: outside - 1 } : outside,
      sign: 1
    }
  }

/** Returns the draws of an expectation. `Compile` rejects projections and nodes for scores without a span. */
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
              noise: { ...spanNoiseFromKey(dim, projection)(noise), sign }
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

interface DrawnNoise extends FullNoise {
  readonly values: Key.Key
}

/** True if noise is drawn in all coordinates at each evaluation. */
export const isDrawnNoise = (noise: NoiseOfDraw): noise is DrawnNoise =>
  noise._tag === 'Full' && !isGivenNoise(noise.values)

const basisInputs = ({ rank, vectors }: Basis, { dim }: Pick<PointsSize, 'dim'>): Inputs.NamedInputs => ({
  basis: Inputs.constantInput([rank, dim], vectors)
})

/** Returns the inputs that change between evaluations: the key of full noise, otherwise the basis. */
export const changingNoiseInputs = (
  noise: NoiseOfDraw,
  basis: Basis,
  { dim }: Pick<PointsSize, 'dim'>
): Inputs.NamedInputs =>
  isDrawnNoise(noise) ? { noise: Inputs.drawInput([dim], noise.values) } : basisInputs(basis, { dim })

const SIGNS = { [1]: Inputs.numberInput(1), [-1]: Inputs.numberInput(-1) } as const

/** Returns noise as inputs, for `noiseFromInputs`. */
export const noiseInputs = (noise: NoiseOfDraw, own: Basis, { dim }: PointsSize): Inputs.NamedInputs => {
  if (noise._tag === 'Full') {
    const { values, sign } = noise
    return {
      noise: isGivenNoise(values) ? Inputs.rowInput([dim], values, 'often') : Inputs.drawInput([dim], values),
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

/** Returns noise as tensors: the drawn part, [rows | 1, dim], and |z|² outside it, a number, [] or [rows, 1]. */
export const noiseFromInputs = (
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
  const outside = Components.squaredRowNorms(rest)
  const inSpan = { basis, origin, coordinates: own, along: there, outside }
  if (along === undefined) return { drawn, orthogonal: beyond, inSpan: { ...inSpan, share: null } }
  const length = sqrt(outside)
  const normal = mul(sign, along)
  // a row in the span has no direction outside it, so its normal is added to the χ²
  const hasDirection = greater(
    length,
    mul(MIN_OUTSIDE_SHARE, sqrt(add(Components.squaredRowNorms(sub(clean, origin)), 1)))
  )
  const share = where(hasDirection, div(normal, maximum(length, Number.MIN_VALUE)), 0)
  return {
    drawn: add(drawn, mul(share, rest)),
    orthogonal: where(hasDirection, beyond, add(beyond, square(normal))),
    inSpan: { ...inSpan, share }
  }
}

/** Returns one draw of noise on data as tensors. */
export const noiseTensors = (noise: NoiseOfDraw, basis: Basis, points: Points.Points): Components.ComponentNoise =>
  noiseFromInputs(Inputs.inputTensors(0, points.rows)(noiseInputs(noise, basis, points)), Points.pointsTensor(points))
