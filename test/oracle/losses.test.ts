/** Every reference value, computed independently by PyTorch 2.6 autograd in float64. */
import { readFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  ExpectationMaximization,
  Key,
  Mixture,
  Objective,
  Params,
  Points,
  Schedule,
  Score,
  NoiseLevels
} from '../../src/index.js'
import { there } from '../there.js'

type Row = ReadonlyArray<number>
type Rows = ReadonlyArray<Row>

interface Case {
  readonly family: 'symmetricPair' | 'spherical' | 'isotropic'
  readonly components: number
  readonly t: number
  readonly alpha: number
  readonly sigma: number
  readonly mean: Row
  readonly means: Rows
  readonly logits: Row
  readonly logVariances: Row
  readonly x0: Rows
  readonly z: Rows
  readonly xt: Rows
  readonly score: Rows
  readonly responsibilitiesAtX0?: Rows
  readonly denoising: Loss
  readonly implicit: Loss
  readonly noiseAveragedDenoising?: Loss
  readonly likelihood: Loss
  readonly emStep: Row | Readonly<Record<'means' | 'weights' | 'variances', Params.Nested>>
}

interface Loss {
  readonly value: number
  readonly grad: Params.Nested | Readonly<Record<string, Params.Nested>>
}

// The file is written by the reference program and checked in: its type is as above.
const { cases } = JSON.parse(readFileSync(new URL('losses.json', import.meta.url), 'utf8')) as {
  readonly cases: ReadonlyArray<Case>
}

const right = <A>(either: E.Either<unknown, A>): A => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

const close = (actual: ArrayLike<number>, wanted: Params.Nested): void => {
  const flat = [wanted].flat(5) as ReadonlyArray<number>
  expect(actual.length).toBe(flat.length)
  // Relative to the largest entry: an entry near 0 is the difference of terms of that size.
  const scale = Math.max(1e-300, ...flat.map(Math.abs))
  flat.forEach((value, i) => {
    expect(Math.abs(actual[i] - value) / scale).toBeLessThanOrEqual(1e-11)
  })
}

/**
 * The order of the reference's own Gauss–Hermite rule; its truncation error, seen against 200 nodes, reaches 1.4e-11.
 */
const NODES = 80

const names = { symmetricPair: ['mean'], spherical: ['means'], isotropic: ['means', 'logits', 'logVariances'] } as const

const scoreOf = ({ family, components }: Case): Score.Score<string> =>
  // The table is over families whose parameters have different names.
  ({
    symmetricPair: () => Score.symmetricPair,
    spherical: () => Score.spherical({ components }),
    isotropic: () => Score.isotropic({ components })
  })[family]()

const paramsOf = (c: Case): Params.Params<string> =>
  Params.of(Object.fromEntries(names[c.family].map(name => [name, c[name]])))

describe.each(cases.map((c, i) => ({ name: `${i}: ${c.family}, t = ${c.t}`, c })))('$name', ({ c }) => {
  const score = scoreOf(c)
  const params = paramsOf(c)
  const schedule = Schedule.ornsteinUhlenbeck
  const points = right(Points.fromRows(c.x0))
  const at = NoiseLevels.at(c.t)
  const check = (objective: Objective.Objective, expectation: Expectation.Expectation, { value, grad }: Loss): void => {
    const compiled = right(Compile.valueAndGrad({ schedule, score, objective, expectation })(points))
    const found = compiled(params, Key.fromSeed(0))
    close([found.value], value)
    const wanted = typeof grad === 'number' || Array.isArray(grad) ? { mean: grad } : grad
    for (const [name, nested] of Object.entries(wanted as Record<string, Params.Nested>))
      if (name in params) close(found.gradient[name].values, nested)
  }
  const noise = Expectation.fixed(right(Points.fromRows(c.z)))

  it('level', () => {
    const { alpha, sigma } = Schedule.level(c.t)(schedule)
    close([alpha, sigma], [c.alpha, c.sigma])
  })
  it('score', () => {
    close(Score.evaluate(score, schedule)(params)(c.t)(right(Points.fromRows(c.xt))).values, c.score)
  })
  it('denoising with the given noise', () => {
    check(Objective.denoising(at), noise, c.denoising)
  })
  it('implicit with the given noise', () => {
    check(Objective.implicit(at), noise, c.implicit)
  })
  it('likelihood', () => {
    check(Objective.likelihood, noise, c.likelihood)
  })
  // What the reference has for this family.
  const { noiseAveragedDenoising: averaged, responsibilitiesAtX0: responsibilities } = c
  if (averaged !== undefined)
    it('noise-averaged denoising', () => {
      check(Objective.denoising(at), Expectation.quadrature({ nodes: NODES }), averaged)
    })
  if (responsibilities !== undefined)
    it('responsibilities', () => {
      const mixture = pipe(
        params,
        Score.toMixture(score),
        O.getOrElseW(() => {
          throw new Error('not a mixture')
        })
      )
      close(Mixture.responsibilities(points)(mixture).values, responsibilities)
    })
  it('expectation–maximization step', () => {
    const family = there(Score.interpret(score).family)
    const { value, params: next } = ExpectationMaximization.step(family, 1e-12, points)(params)
    close([value], c.likelihood.value)
    const step = c.emStep
    if (Array.isArray(step)) {
      close(next['mean'].values, step as Row)
      return
    }
    const { means, weights, variances } = step as Exclude<typeof step, Row>
    close(next['means'].values, means)
    if (c.family === 'isotropic') {
      close(next['logits'].values.map(Math.exp), weights)
      close(next['logVariances'].values.map(Math.exp), variances)
    }
  })
})
