/** Pictures as values: SVG text for browsers, notebooks and files. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Run from '../compile/run.js'
import * as Problem from '../core/problem.js'
import * as Given from '../data/dataArgument.js'
import * as Points from '../data/index.js'
import * as Source from '../data/source/source.js'
import type * as Fit from '../fit/fit.js'
import { commandLineName } from '../fit/text.js'
import * as Mixture from '../mixture/mixture.js'
import { of, withDisplay, type Picture, type Shown } from './drawing.js'
import * as Marks from './mark.js'
import { arranged } from './panel.js'
import { escape, looks, schemed, type Xy } from './svg.js'
import { candidatesPicture } from './choiceFigures.js'
import { dataPicture } from './figures.js'
import type { CandidateChoice, Findings } from './findings.js'
import { fitPage } from './report.js'
import { samplesFigure } from './scoreFigures.js'
import { objectiveCurvesPicture } from './stageFigures.js'

export { curves, heatMaps, html, of, seriesOf, svg } from './drawing.js'
export type { Curves, Described, HeatMap, Picture, Point, Rule, Series, Shown } from './drawing.js'
export { arranged } from './panel.js'
export type { Axis, Layout, Panel } from './panel.js'
export type { Mark, Place } from './mark.js'
export { element } from './svg.js'
export type { Drawn, Xy } from './svg.js'
export * as Marks from './mark.js'
export * as Scale from './scale.js'

/** Style sheet of a page with pictures as elements and its own colour scheme. */
export const styles = `${schemed('.fig')}${looks}`

type PictureRows = Points.Points | ReadonlyArray<ReadonlyArray<number>>

/** Converts rows to points; throws if cells are missing. */
const pointsOfPictureRows = (rows: PictureRows): Points.Points =>
  pipe(
    Given.readData(rows),
    E.flatMap(given =>
      !('rows' in given)
        ? Points.fromRows(given)
        : Source.isSource(given)
          ? E.left(Problem.of('points', 'a source', 'rows in memory', 'read some of its rows'))
          : Points.validate(given)
    ),
    Problem.orThrow
  )

const named = (columns: ReadonlyArray<string> | undefined, dim: number): ReadonlyArray<string> =>
  columns ?? Array.from({ length: dim }, (_, j) => `x${j + 1}`)

/**
 * Draws the objective of each stage of a run by step, with a running mean if noisy. An iterator of states, such as
 * `Run.states(program)(key)`, is run to its end; otherwise the argument is the result of `Run.curves`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Key, Picture, Problem, Recipe, Run, Score } from 'ornstein'
 *
 * const points = { rows: 4, dim: 1, values: Float64Array.of(-2, -1, 1, 2) }
 * const pipeline = Recipe.expectationMaximization(Score.isotropic({ components: 2 }))(points)
 * const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
 * const picture = Picture.curve(Run.states(program)(Key.fromSeed(0)))
 * assert.match(String(picture), /^<svg xmlns/)
 */
export const curve = (run: Iterable<Run.State<string>> | ReadonlyArray<Run.Curve>): Picture => {
  const all: ReadonlyArray<Run.State<string> | Run.Curve> = [...run]
  const isCurve = (one: Run.State<string> | Run.Curve): one is Run.Curve => 'values' in one
  const isState = (one: Run.State<string> | Run.Curve): one is Run.State<string> => !isCurve(one)
  const curves = [...all.filter(isCurve), ...Run.curves(all.filter(isState))]
  return objectiveCurvesPicture(
    curves.map(({ stage, values }) => ({
      formula: '',
      scale: curves.length === 1 ? 'objective' : `stage ${stage + 1}`,
      method: '',
      limit: values.length,
      rule: null,
      taken: values.length,
      values: [...values],
      every: 1
    }))
  )
}

/**
 * Draws rows with a mixture: colours and symbols of the most probable components, ellipses of one and two standard deviations, level lines,
 * and marginals. More than two columns are shown in pairs, more than six along the directions in which components differ most. Distant rows
 * are arrows at the edge.
 *
 * @throws {RangeError} if the columns of the rows are not those of the mixture, or cells are missing.
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Mixture, Picture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[0, 0], [6, 2]] })
 * const picture = Picture.density(mixture, Mixture.sample(200)(Key.fromSeed(1))(mixture), { columns: ['length', 'width'] })
 * assert.match(picture.description, /Centres: 1 at \(0, 0\), 2 at \(6, 2\)/)
 */
export const density = (
  mixture: Mixture.Mixture,
  rows: PictureRows,
  options: { readonly columns?: ReadonlyArray<string> } = {}
): Picture => {
  const points = pointsOfPictureRows(rows)
  requireSameDim(points, Mixture.dimension(mixture))
  return dataPicture(picturedFit(points, mixture, named(options.columns, points.dim)))
}

const requireSameDim = (points: Points.Points, dim: number): null =>
  Problem.orThrow(
    points.dim === dim
      ? E.right(null)
      : E.left<Problem.Problems>([
          Problem.of('points', `${points.dim} columns`, `the ${dim} that the mixture is of`, 'leave the others out')
        ])
  )

const picturedFit = (points: Points.Points, mixture: Mixture.Mixture, columns: ReadonlyArray<string>) => ({
  points,
  observed: points,
  mixture,
  columns,
  scaling: null,
  statistics: { rows: points.rows },
  rowNames: null,
  rowNumbers: Uint32Array.from({ length: points.rows }, (_, i) => i + 1)
})

/**
 * Draws rows of data and samples of a model on the same axes: histograms for one column, otherwise pairs of columns.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Mixture, Picture } from 'ornstein'
 *
 * const draw = (seed: number) => Mixture.sample(100)(Key.fromSeed(seed))(Mixture.of({ means: [[0, 0], [6, 2]] }))
 * assert.equal(Picture.samples(draw(1), draw(2)).title, 'Samples beside the data')
 */
export const samples = (
  rows: PictureRows,
  drawn: PictureRows,
  options: { readonly columns?: ReadonlyArray<string> } = {}
): Picture => {
  const points = pointsOfPictureRows(rows)
  const made = pointsOfPictureRows(drawn)
  requireSameDim(made, points.dim)
  return samplesFigure({ points, columns: named(options.columns, points.dim) }, made)
}

const ARROWS_PER_SIDE = 15

/**
 * Draws a vector field in the plane as arrows, at most a grid cell long: the score ∇ log p of a mixture, or a function from points to a
 * vector per row.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Picture } from 'ornstein'
 *
 * const pair = Mixture.of({ means: [[-2, 0], [2, 0]] })
 * assert.match(String(Picture.field(pair, { x: [-4, 4], y: [-3, 3] })), /<path/)
 * const turning = Picture.field(({ values }) => values.map((_, i) => (i % 2 === 0 ? -values[i + 1] : values[i - 1])), {
 *   x: [-1, 1],
 *   y: [-1, 1],
 *   title: 'Turning about 0'
 * })
 * assert.equal(turning.title, 'Turning about 0')
 */
export const field = (
  given: Mixture.Mixture | ((points: Points.Points) => ArrayLike<number>),
  { x, y, title = 'A field of vectors' }: { readonly x: Xy; readonly y: Xy; readonly title?: string }
): Picture => {
  const cell = [(x[1] - x[0]) / ARROWS_PER_SIDE, (y[1] - y[0]) / ARROWS_PER_SIDE]
  const values = Float64Array.from({ length: 2 * ARROWS_PER_SIDE * ARROWS_PER_SIDE }, (_, place) => {
    const at = Math.floor(place / 2)
    return place % 2 === 0
      ? x[0] + cell[0] * ((at % ARROWS_PER_SIDE) + 0.5)
      : y[0] + cell[1] * (Math.floor(at / ARROWS_PER_SIDE) + 0.5)
  })
  const points = { rows: ARROWS_PER_SIDE * ARROWS_PER_SIDE, dim: 2, values }
  const vectors = typeof given === 'function' ? given(points) : Mixture.score(points)(given).values
  const lengths = Array.from({ length: points.rows }, (_, i) =>
    Elementary.hypot(vectors[2 * i] / cell[0], vectors[2 * i + 1] / cell[1])
  )
  const longest = Math.max(...lengths.filter(Number.isFinite), 1e-300)
  const arrows = lengths.map((_, i): readonly [Xy, Xy] => {
    const a = values[2 * i]
    const b = values[2 * i + 1]
    const half = 0.45 / longest
    return [
      [a - half * vectors[2 * i], b - half * vectors[2 * i + 1]],
      [a + half * vectors[2 * i], b + half * vectors[2 * i + 1]]
    ]
  })
  const ratio = (y[1] - y[0]) / (x[1] - x[0])
  return of(
    arranged(
      [{ x: { title: 'x1', domain: x }, y: { title: 'x2', domain: y }, marks: [Marks.arrows(arrows, { k: 0 })] }],
      {
        width: 360,
        height: ratio > 0.3 && ratio < 2 ? 360 * ratio : 360
      }
    ),
    {
      name: 'field',
      title,
      description: `Arrows on a grid of ${ARROWS_PER_SIDE} by ${ARROWS_PER_SIDE} points, the longest for a vector of length ${Math.max(
        ...lengths.map((_, i) => Elementary.hypot(vectors[2 * i], vectors[2 * i + 1])).filter(Number.isFinite)
      ).toPrecision(3)}`
    }
  )
}

const choiceOf = ({ criterion, candidates, refused, evidence }: Fit.Fit): CandidateChoice => ({
  criterion,
  candidates,
  refused,
  evidence
})

/**
 * Draws the candidates of a choice: the criterion above the lowest, by number of components, with a line per family.
 *
 * @throws {RangeError} if there was a single candidate.
 * @example
 * import { strict as assert } from 'node:assert'
 * import { fit, Picture } from 'ornstein'
 *
 * const rows = [[0], [0.1], [0.3], [0.2], [5], [5.1], [5.3], [5.2]]
 * assert.match(Picture.candidates(fit(rows, { components: [1, 2] })).description, /ICLc/)
 */
export const candidates = (model: Fit.Fit): Picture =>
  Problem.orThrow(
    model.candidates.length > 1
      ? E.right(candidatesPicture(choiceOf(model)))
      : E.left<Problem.Problems>([
          Problem.of('candidates', '1', 'two or more to compare', 'leave components or family open: fit(rows)')
        ])
  )

/** HTML page as a value; a notebook shows it in a frame. */
export interface Page extends Shown {
  readonly title: string
  readonly html: string
}

/**
 * Report of a fit as by `ornstein fit --report`: one self-contained HTML page. `rows` are those of the fit, with the same columns.
 *
 * @throws {RangeError} if the columns of the rows are not those of the fit, or cells are missing.
 * @example
 * import { strict as assert } from 'node:assert'
 * import { fit, Picture } from 'ornstein'
 *
 * const rows = [[0], [0.1], [0.3], [0.2], [5], [5.1], [5.3], [5.2]]
 * const report = Picture.report(fit(rows), rows, { source: 'eight rows' })
 * assert.match(String(report), /^<!doctype html>/)
 */
export const report = (
  model: Fit.Fit,
  rows: PictureRows,
  { source = 'rows', version = '' }: { readonly source?: string; readonly version?: string } = {}
): Page => {
  const points = pointsOfPictureRows(rows)
  requireSameDim(points, model.columns.length)
  const html = fitPage(findingsOfFit(model, points, source), version)
  const [, title = ''] = /<title>([^<]*)<\/title>/.exec(html) ?? []
  return withDisplay(
    { title, html },
    {
      text: () => html,
      line: `Report: ${title}`,
      media: () => ({
        'text/html': `<iframe srcdoc="${escape(html)}" style="width:100%;height:48rem;border:0"></iframe>`
      })
    }
  )
}

const findingsOfFit = (model: Fit.Fit, points: Points.Points, source: string): Findings => {
  const [best] = model.candidates
  return {
    ...best,
    points,
    observed: points,
    source,
    columns: model.columns,
    seed: model.seed,
    prior: model.prior,
    scaling: model.scaling,
    choice: choiceOf(model),
    starts: model.starts,
    isStreamed: false,
    rowNumbers: Uint32Array.from({ length: points.rows }, (_, i) => i + 1),
    rowNames: null,
    ignored: [],
    classes: [],
    doubtful: [],
    dropped: 0,
    missing: 0,
    empty: 0,
    family: commandLineName(model.family),
    recipe: 'grown',
    stages: [],
    plan: '',
    searchSteps: best.steps,
    bootstrap: null,
    tests: null,
    robustnessHint: null,
    localOptimum: null
  }
}
