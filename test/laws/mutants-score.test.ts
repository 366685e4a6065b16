/** Wrong scores: custom ones that claim to be the score of a mixture, on the schedule of Ornstein and Uhlenbeck. */
import fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import {
  add,
  div,
  exp,
  expandDims,
  log,
  matMul,
  mean,
  mul,
  neg,
  relu,
  reshape,
  slice,
  softmax,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  tensor,
  type Tensor
} from '../../lib/index.js'
import { Schedule, Score } from '../../src/index.js'
import { student } from './generators.js'
import { meaning } from '../../src/laws/density.js'
import type { Law } from '../../src/laws/law.js'
import * as laws from '../../src/laws/score.js'
import { symmetriesOf } from '../../src/laws/symmetries.js'
import { areCaught } from './mutant.js'

const schedules = fc.constant(Schedule.ornsteinUhlenbeck)

/** The laws of a score that is written by hand and claims to be that of a family. */
const claims =
  <P extends string>(family: Score.Score<P>) =>
  (apply: Score.Custom<P>['apply'], divergence?: Score.Model<P>['divergence']): ReadonlyArray<Law> => {
    const mixture = O.toUndefined(meaning(family))
    return laws.score(Score.custom({ name: 'by hand', shapes: Score.interpret(family).shapes, apply }), {
      schedules,
      symmetries: symmetriesOf(family),
      ...(mixture === undefined ? {} : { mixture }),
      ...(divergence === undefined ? {} : { divergence })
    })
  }

const pair = claims(Score.symmetricPair)
const sphericalScore = Score.spherical({ components: 3 })
const spherical = claims(sphericalScore)
const isotropicScore = Score.isotropic({ components: 2 })
const isotropic = claims(isotropicScore)

const dots = (x: Tensor, m: Tensor): Tensor => matMul(x, m, { transposeB: true })

/** tanh(⟨m, x⟩) m − x, with m and T as one likes. */
const tanhScore = (x: Tensor, m: Tensor, T = tanh(dots(x, m))): Tensor => sub(mul(T, m), x)
const pairMean = (mean: Tensor, { alpha }: Score.RowLevel): Tensor =>
  mul(slice(alpha, [0, 0], [1, 1]), reshape(mean, [1, -1]))
const rightPair = pair(({ mean }, x, level) =>
  sub(mul(mul(level.alpha, tanh(mul(level.alpha, dots(x, row(mean))))), row(mean)), x)
)
const row = (x: Tensor): Tensor => reshape(x, [1, -1])

/** Σ w_i m_i − x, w of the logits. */
const logitsOf = (means: Tensor, x: Tensor, alpha: Tensor): Tensor =>
  sub(mul(alpha, dots(x, means)), mul(div(square(alpha), 2), row(sum(square(means), 1))))
const mixed = (w: Tensor, means: Tensor, x: Tensor, alpha: Tensor): Tensor => sub(mul(alpha, matMul(w, means)), x)
const rightSpherical = spherical(({ means }, x, { alpha }) =>
  mixed(softmax(logitsOf(means, x, alpha)), means, x, alpha)
)

const unequal =
  (normalizer: (u: Tensor, dim: number) => Tensor): Score.Custom<'means' | 'logits' | 'logVariances'>['apply'] =>
  ({ means, logits, logVariances }, x, { alpha, sigma }) => {
    const u = add(mul(square(alpha), row(exp(logVariances))), square(sigma))
    const off = sub(expandDims(x, 1), mul(expandDims(alpha, 2), expandDims(means, 0)))
    const w = softmax(sub(sub(row(logits), normalizer(u, x.shape[1] ?? 0)), div(sum(square(off), 2), mul(2, u))))
    return neg(sum(mul(expandDims(div(w, u), 2), off), 1))
  }
const rightIsotropic = isotropic(unequal((u, dim) => mul(dim / 2, log(u))))

/** w · f(x), f with a kink at 0, which points of the arbitrary are on. */
const kinked = (smooth: boolean, f: (x: Tensor) => Tensor = relu): ReadonlyArray<Law> =>
  laws.student(
    Score.custom({
      name: 'kinked',
      shapes: dim => ({ weights: [dim] }),
      apply: ({ weights }, x) => mul(row(weights), f(x))
    }),
    { smooth }
  )

const gradient = 'is the gradient of the log-density'
const alone = 'sees each row alone, at its own level'

areCaught([
  {
    wrong: 'α forgotten in m = α · mean',
    law: gradient,
    mutant: pair(({ mean }, x) => tanhScore(x, row(mean))),
    right: rightPair
  },
  {
    wrong: 'the sign of −x',
    law: gradient,
    mutant: pair(({ mean }, x, level) => neg(tanhScore(x, pairMean(mean, level)))),
    right: rightPair
  },
  {
    wrong: 'the pair with the centres of one component',
    law: gradient,
    mutant: pair(({ mean }, x, { alpha }) => sub(mul(alpha, row(mean)), x)),
    right: rightPair
  },
  {
    wrong: 'half of the exponent: tanh(⟨m, x⟩/2)',
    law: gradient,
    mutant: pair(({ mean }, x, { alpha }) =>
      sub(mul(mul(alpha, tanh(div(mul(alpha, dots(x, row(mean))), 2))), row(mean)), x)
    ),
    right: rightPair
  },
  {
    wrong: 'the noise z predicted in place of the score −z/σ',
    law: 'Tweedie: (x + σ²s)/α is the posterior mean of x_0',
    mutant: pair(({ mean }, x, { alpha, sigma }) =>
      mul(sigma, sub(mul(mul(alpha, tanh(mul(alpha, dots(x, row(mean))))), row(mean)), x))
    ),
    right: rightPair
  },
  {
    wrong: 'a constant added',
    law: 'is odd',
    mutant: pair(({ mean }, x, { alpha }) =>
      add(sub(mul(mul(alpha, tanh(mul(alpha, dots(x, row(mean))))), row(mean)), x), 1e-6)
    ),
    right: rightPair
  },
  {
    wrong: 'tanh coordinate by coordinate',
    law: 'turns with data and centres',
    mutant: pair(({ mean }, x, { alpha }) => sub(mul(alpha, mul(tanh(mul(alpha, mul(x, row(mean)))), row(mean))), x)),
    right: rightPair
  },
  {
    wrong: 'responsibilities that do not sum to 1',
    law: gradient,
    mutant: spherical(({ means }, x, { alpha }) => {
      const w = exp(logitsOf(means, x, alpha))
      return mixed(div(w, add(1, sum(w, 1, true))), means, x, alpha)
    }),
    right: rightSpherical
  },
  {
    wrong: '−½|m|² forgotten in the exponent',
    law: gradient,
    mutant: spherical(({ means }, x, { alpha }) => mixed(softmax(mul(alpha, dots(x, means))), means, x, alpha)),
    right: rightSpherical
  },
  {
    wrong: 'a softmax that overflows',
    law: 'is finite, a row for each row',
    mutant: spherical(({ means }, x, { alpha }) => {
      const w = exp(mul(100, logitsOf(means, x, alpha)))
      return mixed(div(w, sum(w, 1, true)), means, x, alpha)
    }),
    right: rightSpherical
  },
  {
    wrong: 'the first component a little heavier',
    law: 'does not know the order of the components',
    mutant: spherical(({ means }, x, { alpha }) =>
      mixed(softmax(add(logitsOf(means, x, alpha), tensor([1e-3, 0, 0], [1, 3]))), means, x, alpha)
    ),
    right: rightSpherical
  },
  {
    wrong: 'shrunk towards the origin',
    law: 'moves with data and centres',
    mutant: spherical(({ means }, x, { alpha }) =>
      sub(mixed(softmax(logitsOf(means, x, alpha)), means, x, alpha), mul(1e-3, x))
    ),
    right: rightSpherical
  },
  {
    wrong: 'the mean of the batch subtracted',
    law: alone,
    mutant: spherical(({ means }, x, { alpha }) => {
      const s = mixed(softmax(logitsOf(means, x, alpha)), means, x, alpha)
      return sub(s, mean(s, 0, true))
    }),
    right: rightSpherical
  },
  {
    wrong: 'the level of the first row for all',
    law: alone,
    mutant: pair(({ mean }, x, level) => tanhScore(x, pairMean(mean, level))),
    right: rightPair
  },
  {
    wrong: 'log u forgotten with unequal variances',
    law: gradient,
    mutant: isotropic(unequal(u => mul(0, u))),
    right: rightIsotropic
  },
  {
    wrong: 'log u for (d/2) log u',
    law: gradient,
    mutant: isotropic(unequal(u => log(u))),
    right: rightIsotropic
  },
  {
    wrong: 'a divergence less d',
    law: 'divergence is the trace of the Jacobian',
    mutant: laws.score(sphericalScore, {
      divergence: (params, x, level) =>
        add(Score.interpret(sphericalScore).divergence(params, x, level), x.shape[1] ?? 0)
    }),
    right: laws.score(sphericalScore)
  },
  {
    wrong: 'a divergence with the responsibilities held still',
    law: 'divergence is the trace of the Jacobian',
    mutant: spherical(({ means }, x, { alpha }) =>
      mixed(stopGradient(softmax(logitsOf(means, x, alpha))), means, x, alpha)
    ),
    right: rightSpherical
  },
  {
    wrong: 'a divergence that nothing is learned from',
    law: 'the gradient of the divergence is its slope',
    mutant: laws.score(sphericalScore, {
      divergence: (params, x, level) => stopGradient(Score.interpret(sphericalScore).divergence(params, x, level))
    }),
    right: laws.score(sphericalScore)
  },
  {
    wrong: 'a kink, where none is claimed',
    law: 'divergence is the trace of the Jacobian',
    mutant: kinked(true),
    right: laws.score(student)
  },
  {
    wrong: 'a kink of which one side is held still',
    law: 'divergence is a sum of slopes',
    mutant: kinked(false, y => add(relu(y), stopGradient(relu(neg(y))))),
    right: kinked(false)
  }
])
