/**
 * The spectral connection: next to 0 the gradient of the DDPM objective is a multiple of (Ĉ − I) mean, at every noise
 * level; as noise grows, also far from 0, except for the term that stops it. So descent at high noise sees the centre where,
 * and only where, the top eigenvector does.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Picture,
  Pipeline,
  Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { compiled, mean, show, type Budget, type Estimate, type Report } from './frame.js'

const schedule = Schedule.ornsteinUhlenbeck
const alphaAt = (time: number): number => Schedule.level(time)(schedule).alpha
const exact = Expectation.quadrature()

const centre = (dim: number, length: number): ReadonlyArray<number> =>
  Array.from({ length: dim }, () => length / Math.sqrt(dim))

const sampled = (dim: number, length: number, rows: number, key: Key.Key): Points.Points =>
  Mixture.sample(rows)(key)(Mixture.symmetricPair(centre(dim, length)))

// -- the map next to 0, and away from it -----------------------------------------------------------------------------

/** The eigenvalues of the symmetric part, falling. */
const eigenvalues = (rows: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> => {
  const matrix = new Matrix(rows.map(row => [...row]))
  const symmetric = Matrix.add(matrix, matrix.transpose()).mul(0.5)
  return new EigenvalueDecomposition(symmetric, { assumeSymmetric: true }).realEigenvalues.sort((a, b) => b - a)
}

/** −½∂L/∂mean at a mean, over 2α⁴. */
const scaledGradient = (points: Points.Points, time: number): ((mean: ReadonlyArray<number>) => Float64Array) => {
  const objective = Objective.denoising(NoiseLevels.at(time))
  const loss = { schedule, score: Score.symmetricPair, objective, expectation: exact }
  const gradient = Problem.orThrow(Compile.valueAndGrad(loss)(points))
  return mean =>
    gradient(Params.of({ mean }), Key.fromSeed(0)).gradient.mean.values.map(g => -g / (4 * alphaAt(time) ** 4))
}

export interface Deviation {
  readonly time: number
  /** The length of the means that the map was tried on. */
  readonly length: number
  readonly eigenvalues: ReadonlyArray<number>
  /** The greatest difference of an eigenvalue from that of Ĉ − I, over the greatest of these. */
  readonly relative: number
}

/**
 * The map mean ↦ −½∂L/∂mean / 2α⁴ + |mean|² mean, which is Ĉ − I next to 0, tried on the axes at a length: its column j
 * is what becomes of ρeⱼ, over ρ.
 */
const deviation =
  (points: Points.Points, wanted: ReadonlyArray<number>) =>
  (time: number, length: number): Deviation => {
    const { dim } = points
    const map = scaledGradient(points, time)
    const columns = Array.from({ length: dim }, (_, j) =>
      Array.from(
        map(Array.from({ length: dim }, (_, i) => (i === j ? length : 0))),
        (value, i) => value / length + (i === j ? length ** 2 : 0)
      )
    )
    const found = eigenvalues(columns)
    const worst = found.reduce((most, value, k) => Math.max(most, Math.abs(value - wanted[k])), 0)
    return { time, length, eigenvalues: found, relative: worst / wanted[0] }
  }

const spectrumOf = (points: Points.Points): ReadonlyArray<number> => {
  const { dim } = points
  const moment = Points.secondMoment(points)
  return eigenvalues(
    Array.from({ length: dim }, (_, i) =>
      Array.from({ length: dim }, (_, j) => moment[i * dim + j] - (i === j ? 1 : 0))
    )
  )
}

// -- who sees the centre ---------------------------------------------------------------------------------------------

const learning = (
  initializer: Initializer.Initializer,
  stages: ReadonlyArray<Stage.Stage>
): Pipeline.Pipeline<'mean'> => Pipeline.of({ schedule, score: Score.symmetricPair, initializer, stages })

/** Quasi-Newton: next to the threshold the first two eigenvalues are near each other, and plain descent slow. */
const descend = (time: number, steps: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    expectation: Expectation.quadrature(),
    optimizer: Optimizer.lbfgs(),
    steps,
    relativeChange: 1e-6
  })

const HIGH = 2.5
const LOW = 0.1

const NAMES = ['top eigenvector of Ĉ', 'descent at high noise', 'descent at high, then low noise']

const topEigenvector = learning(Initializer.spectral, [])

const highThenLow = (dim: number, length: number): Pipeline.Pipeline<'mean'> =>
  learning(Initializer.gaussian({ scale: length / Math.sqrt(dim) }), [descend(HIGH, 300), descend(LOW, 300)])

/** Where each of `NAMES` ends. */
const found = (points: Points.Points, length: number, run: Key.Key): ReadonlyArray<Float64Array> => {
  const states = [...Run.states(compiled(highThenLow(points.dim, length))(points))(run)]
  return [
    Run.last(compiled(topEigenvector)(points))(run),
    states[states.filter(({ stage }) => stage === 0).length - 1],
    states[states.length - 1]
  ].map(({ params }) => params.mean.values)
}

export interface Sight {
  readonly length: number
  /** |μ|⁴ n / d; the threshold is 1. */
  readonly multiple: number
  readonly rows: number
  /** Degrees between the line found and that of the centre, for each way. */
  readonly angles: ReadonlyArray<Estimate>
  /** What random matrices as d → ∞ say of the top eigenvector, in degrees. */
  readonly theory: number
}

const angle = (found: Float64Array, wanted: ReadonlyArray<number>): number => {
  const inner = found.reduce((sum, value, j) => sum + value * wanted[j], 0)
  return (Math.acos(Math.min(1, Math.abs(inner) / (Math.hypot(...found) * Math.hypot(...wanted)))) * 180) / Math.PI
}

/** cos² = (1 − γ/r⁴)/(1 + γ/r²) above γ = d/n = r⁴, and 0 below (Paul 2007). */
export const theory = (length: number, multiple: number): number => {
  const cos2 = multiple <= 1 ? 0 : (1 - 1 / multiple) / (1 + length ** 2 / multiple)
  return (Math.acos(Math.sqrt(cos2)) * 180) / Math.PI
}

const sight =
  (dim: number, seeds: number) =>
  (length: number, multiple: number): Sight => {
    const rows = Math.ceil((multiple * dim) / length ** 4)
    const wanted = centre(dim, length)
    const angles = Key.split(seeds)(Key.fromSeed(rows)).map(key => {
      const { data, run } = Key.named('data', 'run')(key)
      const points = sampled(dim, length, rows, data)
      return found(points, length, run).map(values => angle(values, wanted))
    })
    return {
      length,
      multiple,
      rows,
      angles: NAMES.map((_, k) => mean(angles.map(row => row[k]))),
      theory: theory(length, multiple)
    }
  }

// -- the report ------------------------------------------------------------------------------------------------------

export interface Measured {
  /** The eigenvalues of Ĉ − I, falling. */
  readonly spectrum: ReadonlyArray<number>
  readonly deviations: ReadonlyArray<Deviation>
  readonly sights: ReadonlyArray<Sight>
}

const NEXT_TO_0 = 1e-3

const measure = (
  budget: Budget
): Measured & { readonly dim: number; readonly rows: number; readonly seeds: number } => {
  const isFull = budget === 'full'
  const dim = isFull ? 64 : 16
  const small = dim ** (-1 / 4)
  const rows = 8 * dim ** 2
  const points = sampled(dim, small, rows, Key.fromSeed(4))
  const spectrum = spectrumOf(points)
  const seeds = isFull ? 40 : 10
  const multiples = isFull ? [0.25, 0.5, 1, 2, 4, 8] : [0.25, 1, 8]
  return {
    dim,
    rows,
    seeds,
    spectrum,
    deviations: [NEXT_TO_0, 0.5, 1, 2].flatMap(length =>
      [0.1, 0.5, 1, 1.5, 2, 2.5, 3].map(time => deviation(points, spectrum)(time, length))
    ),
    sights: [small, 1].flatMap(length => multiples.map(multiple => sight(dim, seeds)(length, multiple)))
  }
}

export const main = (budget: Budget): Report<Measured> => {
  const { dim, rows, seeds, ...measured } = measure(budget)
  const { spectrum, deviations, sights } = measured
  const lengths = [...new Set(deviations.map(({ length }) => length))]
  const at = (length: number, time: number): Deviation =>
    deviations.find(each => each.length === length && each.time === time) ?? deviations[0]
  const small = sights[0].length
  const nearest = Math.max(...deviations.filter(({ length }) => length === NEXT_TO_0).map(({ relative }) => relative))
  const below = sights[0]
  const above = sights.filter(({ length }) => length === small).slice(-1)[0]
  const furthest = Math.max(...sights.map(({ angles }) => Math.abs(angles[1].value - angles[0].value)))
  const labels = new Map([
    [small, 'd^(−1/4)'],
    [1, '1']
  ])
  return {
    title: 'The spectral connection',
    claim:
      'At high noise, gradient descent on the DDPM objective of two Gaussians is power iteration on Ĉ − I, the second moment of the data less the identity (the analysis of the first stage, for a random start).',
    findings: [
      `Next to 0 (|mean| = ${NEXT_TO_0}) the map mean ↦ −½∂L/∂mean / 2α⁴ has the eigenvalues of Ĉ − I at every noise level, to ${show(nearest, 2)} of the greatest. So it is not high noise that makes the gradient linear there. Away from 0 the direction tends, as noise grows, to that of (Ĉ − I) mean − |mean|² mean. The second part shortens the mean and does not turn it.`,
      `At |mean| = 1, up to that multiple of the mean, the eigenvalues are off by ${show(at(1, 0.1).relative, 2)} times the greatest at t = 0.1, by ${show(at(1, 1).relative, 2)} at t = 1 and by ${show(at(1, 3).relative, 2)} at t = 3: as α² = e^(−2t).`,
      `Descent at high noise sees the centre where the top eigenvector does: over all cells their mean angles differ by at most ${show(furthest, 2)}°. At a quarter of the threshold they are at ${show(below.angles[1].value)}° and ${show(below.angles[0].value)}° (a random line: ${show(randomAngle(dim))}°), at ${above.multiple} times the threshold at ${show(above.angles[1].value)}° and ${show(above.angles[0].value)}° (theory: ${show(above.theory)}°).`
    ],
    figures: [
      {
        name: 'map',
        description:
          'Eigenvalues of the map next to 0 and away from it beside those of Ĉ − I, and how the difference falls as noise grows',
        caption: `d = ${dim}, |μ| = d^(−1/4), n = 8d/|μ|⁴ = ${rows}, one sample. Left and middle: all eigenvalues in falling order; the first is the centre’s. Right: the greatest difference of an eigenvalue from that of Ĉ − I.`,
        drawn: Picture.curves(
          [
            ...[NEXT_TO_0, 1].map(length => ({
              title: `The map at |mean| = ${length}`,
              x: { title: 'rank of the eigenvalue', domain: [0, dim + 1] as const },
              y: { title: 'eigenvalue / |μ|²', domain: [-1, 4] as const },
              series: [
                ...[0.1, 1, 2].map((time): Picture.Series => ({
                  name: `t = ${time}`,
                  points: at(length, time).eigenvalues.map((value, k) => ({ x: k + 1, y: value / small ** 2 }))
                })),
                { name: 'Ĉ − I', points: spectrum.map((value, k) => ({ x: k + 1, y: value / small ** 2 })) }
              ]
            })),
            {
              title: 'Difference / greatest eigenvalue',
              x: { title: 't', domain: [0, 3] },
              y: {
                title: '',
                domain: [1e-9, 100],
                scale: 'log',
                ticks: [1e-8, 1e-6, 1e-4, 1e-2, 1, 100]
              },
              series: [
                ...lengths.map((length): Picture.Series => ({
                  name: `|mean| = ${length}`,
                  marks: 'both',
                  points: deviations
                    .filter(each => each.length === length)
                    .map(({ time, relative }) => ({ x: time, y: relative }))
                }))
              ]
            }
          ],
          { columns: 3, width: 220, height: 220 }
        )
      },
      {
        name: 'threshold',
        description:
          'Angle to the centre of the top eigenvector and of descent, by the number of rows around the spectral threshold',
        caption: `d = ${dim}; means over ${seeds} seeds, bars are 95 % intervals. The threshold is at |μ|⁴ n / d = 1; the theory is that of d → ∞.`,
        drawn: Picture.curves(
          [small, 1].map(length => ({
            title: `|μ| = ${labels.get(length) ?? ''}`,
            x: {
              title: '|μ|⁴ n / d',
              domain: [0.2, 10] as const,
              scale: 'log' as const,
              ticks: [0.25, 0.5, 1, 2, 4, 8]
            },
            y: { title: 'angle to the centre, degrees', domain: [0, 92] as const, ticks: [0, 15, 30, 45, 60, 75, 90] },
            series: [
              ...NAMES.map((name, k): Picture.Series => ({
                name,
                marks: 'both',
                points: sights
                  .filter(each => each.length === length)
                  .map(({ multiple, angles }) => ({
                    x: multiple * 1.05 ** (k - 1),
                    y: angles[k].value,
                    low: angles[k].low,
                    high: angles[k].high
                  }))
              })),
              {
                name: 'theory of the eigenvector',
                points: Array.from({ length: 101 }, (_, k) => 0.25 * 32 ** (k / 100)).map(multiple => ({
                  x: multiple,
                  y: theory(length, multiple)
                }))
              }
            ]
          })),
          { columns: 2, width: 300, height: 230 }
        )
      }
    ],
    tables: [
      {
        caption: 'Angle to the centre, degrees',
        header: ['separation', '|μ|⁴ n / d', 'n', ...NAMES, 'theory of the eigenvector'],
        rows: sights.map(({ length, multiple, rows, angles, theory }) => [
          labels.get(length) ?? '',
          multiple,
          rows,
          ...angles,
          theory
        ])
      }
    ],
    setting: [
      `The map is tried on the axes: its column j is −½∂L/∂mean at ρeⱼ, with the mean over the noise exact, over 2α⁴ρ, plus ρ² eⱼ for the term −2α⁴|mean|² mean that stops descent. Angles are between lines. High noise is t = ${HIGH}, low noise t = ${LOW}; data and starts are keyed by the number of rows and the seed, ${seeds} seeds. Intervals are Student’s. The theory of the top eigenvector of spiked covariances is that of Baik, Ben Arous & Péché (2005) and Paul (2007): above d/n = |μ|⁴, cos² = (1 − γ/|μ|⁴)/(1 + γ/|μ|²), γ = d/n; below, none. In full it takes about 3 minutes of processor time.`
    ],
    measured
  }
}

/** The mean angle of a random line to a given one in d dimensions, by its density sin^{d−2} over equal steps. */
const randomAngle = (dim: number): number => {
  const at = Array.from({ length: 900 }, (_, k) => ((k + 0.5) * Math.PI) / 1800)
  const density = at.map(angle => Math.sin(angle) ** (dim - 2))
  const total = density.reduce((sum, p) => sum + p, 0)
  return (at.reduce((sum, angle, k) => sum + angle * density[k], 0) / total) * (180 / Math.PI)
}
