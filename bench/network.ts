/** The network that is trained, and where its weights begin. */
import { pipe } from 'fp-ts/lib/function.js'
import { Key, Net, Params, Parametrization, Score } from '../src/index.js'
import { NETWORK } from './problem.js'

const net: Net.Net<string> = Net.mlp({
  hidden: NETWORK.hidden,
  activation: 'silu',
  embedding: Net.fourier(NETWORK.waves)
})

export const network = Score.network(net, { predicts: Parametrization.noise })

/** As they begin, but for the last layer, which would begin at 0, and keep those before it from learning anything at first. */
export const weights = (dim: number): Params.Params<string> => {
  const start = Net.initial(dim)(Key.fromSeed(3))(net)
  const last = start['output.weights'].values.length
  return Params.mapValues(Math.fround)({
    ...start,
    'output.weights': {
      ...start['output.weights'],
      values: pipe(Key.fromSeed(4), Key.normal(last)).map(z => z / 8)
    }
  })
}

/** The frequencies of its waves: those that `Net.fourier` draws. */
export const frequencies = Array.from(pipe(Key.fromSeed(0), Key.normal(NETWORK.waves)), omega => omega / 2)
