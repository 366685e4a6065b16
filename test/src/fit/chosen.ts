import type { Fit } from '../../../src/index.js'

/** What is told of components that few rows hold up, of the candidates that are best by ICL and by BIC. */
export const toldOfChosen = ({ candidates }: Pick<Fit.Fit, 'candidates'>): ReadonlyArray<unknown> =>
  (['icl', 'bic'] as const).flatMap(criterion => {
    const best = candidates.reduce((a, b) => (b.statistics[criterion] < a.statistics[criterion] ? b : a))
    return best.unsupported
  })
