/** How curved is the DDPM objective at the truth, by noise level, in the parameters of two Gaussians of unequal weights? */
import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'

const truth = Mixture.of({ means: [[-2], [2]], weights: [0.3, 0.7] })
const at = Params.of({ means: [[-2], [2]], logits: [Math.log(0.3), Math.log(0.7)], logVariances: [0, 0] })
export const spectra = [0.003, 0.03, 0.3, 3].map(t => {
  const loss = Population.loss({
    score: Score.isotropic({ components: 2 }),
    objective: Objective.fisherDivergence(truth, NoiseLevels.at(t))
  })
  const { spectrum } = Population.hessian(loss)(at)
  console.log(`t = ${t}: ${Array.from(spectrum, e => e.toPrecision(3)).join(' ')}`)
  return { t, spectrum }
})
