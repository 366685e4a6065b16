/** Laws of an objective's declarations: shortcuts equal the plain computation, declared properties hold. */
import * as fc from 'fast-check'
import { mul } from '../../lib/index.js'
import * as Compatibility from '../compile/compatibility.js'
import type { Points } from '../data/points.js'
import * as Params from '../core/params.js'
import { Compile, Expectation, Key, Parametrization, Schedule, Score, NoiseLevels } from '../index.js'
import * as Objective from '../objective/index.js'
import * as Arbitrary from './arbitraries.js'
import { compiledOrThrow, flattenParams } from './check.js'
import * as Density from './density.js'
import { atMost, declarationInfo, forAll, equalsRelatively, type LawBuilder } from './lawRows.js'

interface DeclarationCase {
  readonly points: Points
  readonly params: Params.Params<string>
  readonly seed: number
}

const pair: Score.Score<string> = Score.symmetricPair
const two: Score.Score<string> = Score.isotropic({ components: 2 })

const linearScore = (predicts: Parametrization.Parametrization): Score.Score<string> =>
  Score.custom({
    name: 'linear',
    shapes: dim => ({ slopes: [dim] }),
    apply: ({ slopes }, x, { sigma }) => mul(predicts === Parametrization.noise ? sigma : -1, mul(slopes, x)),
    predicts
  })
const scorePredictor = linearScore(Parametrization.score)
const noisePredictor = linearScore(Parametrization.noise)

/** Dimensions 1 and 2 if objective and score accept one, otherwise all accepted. */
const lowDims = (objective: Objective.Objective, score: Score.Score<string>): ReadonlyArray<number> => {
  const found = Arbitrary.objectiveDims(objective, score)
  const few = found.filter(dim => dim <= 2)
  return few.length > 0 ? few : found
}

/** True if the score has all heads and parameters that the objective reads. */
const supportsScore = (objective: Objective.Objective, score: Score.Score<string>): boolean =>
  lowDims(objective, score).every(dim =>
    Objective.terms(objective).every(({ term }) => Compatibility.readsAreAvailable(Score.interpret(score), term, dim))
  )

/** The integrand at other noise levels, without declarations or closed form. */
const integrandOf = ({ noiseLevels, perRow, measuredIn, constants }: Objective.Matching, at = noiseLevels) =>
  Objective.define({
    name: 'integrand',
    about: 'its integrand alone',
    meaning: () => ({
      noiseLevels: at,
      perRow: row => perRow(row),
      ...(measuredIn && { measuredIn }),
      ...(constants && { constants })
    })
  })

const valueAndGradientRow = (
  score: Score.Score<string>,
  objective: Objective.Objective,
  expectation: Expectation.Expectation,
  { points, params, seed }: DeclarationCase
): ReadonlyArray<number> => {
  const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation }
  const { value, gradient } = compiledOrThrow(Compile.valueAndGrad(loss, { evaluations: 1 })(points))(
    params,
    Key.fromSeed(seed)
  )
  return [value, ...flattenParams(gradient)]
}

/** Returns the laws of an objective's own declarations, without those of its parts. */
export const declarationLaws = (
  objective: Objective.Objective,
  score: Score.Score<string>
): ReadonlyArray<LawBuilder> => {
  const subject = declarationSubject(objective, score)
  return [
    projectedNoiseIsExact(subject),
    boundedAtSmallTimes(subject),
    measuredInChangesNothing(subject),
    curvatureIsHessian(subject)
  ]
}

const declarationSubject = (objective: Objective.Objective, score: Score.Score<string>) => {
  const term = Objective.terms(objective).find(({ term }) => term.of === objective)?.term
  return {
    objective,
    score,
    matching: term !== undefined && Objective.isMatching(term) ? term : undefined,
    penalty: term !== undefined && Objective.isPenalty(term) ? term : undefined,
    /** True if the noise levels exist on the Ornstein–Uhlenbeck schedule. */
    isTimed: Objective.problems(Schedule.ornsteinUhlenbeck)(objective).length === 0,
    own: supportsScore(objective, two) ? two : score,
    onCases: (score: Score.Score<string>) =>
      forAll(
        lowDims(objective, score).map(dim => {
          const points = Arbitrary.points({ minRows: 2, maxRows: 4, extent: 2, far: 2 })
          return fc.record({
            points: Arbitrary.withPartners(objective, score)(points)(dim),
            params: Arbitrary.params(score, { extent: 1.5 })(dim),
            seed: Arbitrary.seeds
          })
        })
      )
  }
}
type DeclarationSubject = ReturnType<typeof declarationSubject>

const projectedNoiseIsExact = ({ objective, matching, isTimed, onCases }: DeclarationSubject): LawBuilder =>
  onCases(pair)({
    ...declarationInfo('supportsProjectedNoise'),
    statement:
      '∀ cases: of the pair by quadrature on the line that it sees it is its integrand over all noise, by Hermite nodes in every direction, value and gradient. To 1e-3 (1 + |L| + |∇L|): 24 nodes.',
    claim: isTimed && lowDims(objective, pair).length > 0 && matching?.supportsProjectedNoise && matching,
    maxCases: 5,
    says: (each, matching) => {
      const all = Density.pairWithNoiseNodes(each.points, Density.hermiteRule(24))
      const onNodes = { ...each, points: all.points }
      return equalsRelatively(
        valueAndGradientRow(pair, objective, Expectation.quadrature({ nodes: 32 }), each),
        valueAndGradientRow(pair, integrandOf(matching), Expectation.fixed(all.noise), onNodes),
        1e-3
      )
    }
  })

const boundedAtSmallTimes = ({ objective, matching, isTimed, own, onCases }: DeclarationSubject): LawBuilder =>
  onCases(own)({
    ...declarationInfo('bounded'),
    statement: '∀ cases: its integrand at t = 1e-9 is at most ten times that at 1e-4, and 1, for the same noise.',
    claim: isTimed && lowDims(objective, own).length > 0 && matching?.bounded && matching,
    maxCases: 10,
    says: (each, matching) => {
      // Other draws than noise must be new.
      const noise =
        matching.exact === undefined
          ? Expectation.fixed(Arbitrary.normalNoise(each.points, each.seed))
          : Expectation.monteCarlo()
      const at = (time: number): number =>
        Math.abs(valueAndGradientRow(own, integrandOf(matching, NoiseLevels.at(time)), noise, each)[0])
      return atMost(at(1e-9), 10 * (1 + at(1e-4)))
    }
  })

const measuredInChangesNothing = ({ objective, matching, onCases }: DeclarationSubject): LawBuilder =>
  onCases(scorePredictor)({
    ...declarationInfo('measuredIn'),
    statement:
      '∀ cases: a network that says the score, and one that says the noise of the same score, have one loss and one gradient. To 1e-11 (1 + |L| + |∇L|).',
    claim: matching?.measuredIn !== undefined && supportsScore(objective, scorePredictor),
    maxCases: 5,
    says: each => {
      const noise = Expectation.monteCarlo()
      return equalsRelatively(
        valueAndGradientRow(scorePredictor, objective, noise, each),
        valueAndGradientRow(noisePredictor, objective, noise, each),
        1e-11
      )
    }
  })

const curvatureIsHessian = ({ penalty, score, onCases }: DeclarationSubject): LawBuilder =>
  onCases(score)({
    ...declarationInfo('curvature'),
    statement:
      '∀ cases: it is the whole Hessian: a step h along a coordinate changes the gradient in that alone, by h times it. By central differences, h = 1e-4, to 1e-5 (1 + |∂²L|).',
    claim: penalty?.curvature && { gradientOf: penalty.penalty, curvature: penalty.curvature },
    maxCases: 5,
    says: ({ params, seed }, { gradientOf, curvature }) => {
      const shapes = Params.shapes(params)
      const axis = Params.unit(shapes, seed % Params.paramsSize(shapes))
      const h = 1e-4
      const at = (by: number) => flattenParams(gradientOf(Params.zipWith((p, e) => p + by * e)(params, axis)).gradient)
      const down = at(-h)
      return equalsRelatively(
        at(h).map((up, i) => (up - down[i]) / (2 * h)),
        flattenParams(Params.zipWith((c, e) => c * e)(curvature(params), axis)),
        1e-5
      )
    }
  })
