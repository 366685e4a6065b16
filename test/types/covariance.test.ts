/** The names of parameters follow from what a mixture is made of. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { Covariance, Score } from '../../src/index.js'

describe('a mixture', () => {
  it('has the parameters of its covariances', () => {
    const free = Score.mixture({ components: 2, covariance: 'VVE' })
    expectTypeOf(free).toExtend<Score.Score<'means' | 'logits' | 'logVolumes' | 'shapes' | 'turns'>>()
    expectTypeOf(free).not.toExtend<Score.Score<'means'>>()
    const given = Covariance.of({ volume: 'own', shape: 'none' })
    expectTypeOf(given).toExtend<Covariance.Covariance<'logVariances'>>()
    expectTypeOf(Score.mixture({ components: 2, covariance: given })).toExtend<
      Score.Score<'means' | 'logits' | 'logVariances'>
    >()
    expectTypeOf(Covariance.named('EEE')).toExtend<Covariance.Covariance<'logScales' | 'lower'>>()
  })

  it('of equal weights has no logits', () => {
    const equal = Score.mixture({ components: 2, covariance: 'EII', weights: 'equal' })
    expectTypeOf(equal).toExtend<Score.Score<'means' | 'logVariance'>>()
    expectTypeOf(equal).not.toExtend<Score.Score<'means' | 'logits' | 'logVariance'>>()
  })

  it('refuses what is no covariance', () => {
    const wrong = [
      // @ts-expect-error no model of mclust
      () => Covariance.named('VEW'),
      // @ts-expect-error a volume is common or own
      () => Covariance.of({ volume: 'none', shape: 'common' }),
      // @ts-expect-error no weights of another kind
      () => Score.mixture({ components: 2, covariance: 'VVE', weights: 'fixed' })
    ]
    expect(wrong[0]).toThrow(/is not/)
  })
})
