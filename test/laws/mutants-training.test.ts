/** Wrong guidance, wrong posteriors, wrong epochs, and runs that do not go on. */
import { Guidance, Net, Parametrization, Sampler, Score } from '../../src/index.js'
import { add, div, matMul, mul, neg, reshape, square, sub, tanh, tensor, type Tensor } from '../../lib/index.js'
import { guidance, posterior, type Guide } from '../../src/laws/guidance.js'
import { score } from '../../src/laws/score.js'
import { areCaught, type Mutant } from './mutant.js'

const conditional = Score.network(Net.mlp({ hidden: [4], embedding: Net.fourier(2), classes: 2 }), {
  predicts: Parametrization.noise
})

const guided = (classifierFree: Guide['classifierFree']): Mutant['mutant'] =>
  guidance(conditional, { guide: { ...Guidance, classifierFree } })

const spread = (spread: Guidance.Spread): Mutant['mutant'] =>
  posterior({
    guide: { ...Guidance, posterior: (measurement, schedule) => Guidance.posterior(measurement, schedule, { spread }) }
  })

/** Guidance that takes the identity for ∂x̂_0/∂x, and what is predicted for what is known: of one number that is seen. */
const crude: Guide['posterior'] =
  ({ matrix, observed, deviation }, schedule) =>
  prior =>
    Guidance.of((x, ofTime) => {
      const { alpha, sigma } = Sampler.levelOf(schedule)(ofTime)
      const score = prior.field(x, ofTime)
      const row = tensor(matrix[0].slice(), [1, matrix[0].length])
      const predicted = div(add(x, mul(square(sigma), score)), alpha)
      const rest = sub(observed[0], matMul(predicted, row, { transposeB: true }))
      return add(score, mul(div(rest, square(Number(deviation))), row))
    })

/** A network that claims s(−x) = −s(x), with and without what makes it so. */
const odd = (isSo: boolean): Mutant['mutant'] =>
  score(
    Score.custom({
      name: 'odd',
      shapes: dim => ({ into: [dim, 4], offset: [4], out: [4, dim] }),
      apply: ({ into, offset, out }, x) => {
        const of = (x: Tensor): Tensor => matMul(tanh(add(matMul(x, into), reshape(offset, [1, -1]))), out)
        return isSo ? sub(of(x), of(neg(x))) : of(x)
      }
    }),
    { symmetries: { odd: true } }
  )

areCaught([
  {
    wrong: 'a network that is not odd, as it claims',
    law: 'is odd',
    mutant: odd(false),
    right: odd(true)
  },
  {
    wrong: 'guidance by the identity in the place of the Jacobian',
    law: 'the score of a posterior tends to that of the exact posterior',
    mutant: posterior({ guide: { ...Guidance, posterior: crude } }),
    right: posterior()
  },
  {
    wrong: 'the weight of Ho & Salimans, which is one less',
    law: 'it goes along the line from the one to the other',
    mutant: guided(({ weight, ...scores }) => Guidance.classifierFree({ ...scores, weight: weight + 1 })),
    right: guidance(conditional)
  },
  {
    wrong: 'guidance without the share of the free score',
    law: 'a label that says nothing changes nothing, whatever the weight',
    mutant: guided(({ free, given, weight }) => Guidance.combine([weight === 0 ? 1 : 0, free], [weight, given])),
    right: guidance(conditional)
  },
  {
    wrong: 'a posterior that takes the data for known (DPS)',
    law: 'the score of a posterior tends to that of the exact posterior',
    mutant: spread('none'),
    right: posterior()
  }
])
