/** Settings of `fit` and `ornstein fit`; imports little, so that help is fast. */
import * as Limits from '../core/limits.js'
import {
  oneOfSetting,
  withDefaultSetting,
  positiveSetting,
  suchSetting,
  wholeSetting,
  type SettingWithDefault
} from '../core/setting.js'

export const criterionSetting = oneOfSetting(['iclc', 'icl', 'bic', 'aic', 'crossValidated'] as const)
export const componentsSetting = wholeSetting(1, 2)

/** Returns the default criterion: BIC for one given count above 1, otherwise ICLc. */
export const criterionFor = (components: number | ReadonlyArray<number> | undefined): 'iclc' | 'bic' => {
  const counts = typeof components === 'number' ? [components] : (components ?? [])
  return counts.length === 1 && counts[0] > 1 ? 'bic' : 'iclc'
}
export const backgroundSetting = oneOfSetting(['cauchy', 'box'] as const)
export const seedSetting = withDefaultSetting(0)(wholeSetting(0, 0))
export const startsSetting = withDefaultSetting(1)(wholeSetting(1, 10, Limits.maxStarts))
export const missingSetting = withDefaultSetting<'refuse' | 'em'>('refuse')(oneOfSetting(['refuse', 'em']))
/** κ of Fraley & Raftery (2007), who take 0.01. */
export const priorSetting = positiveSetting(0.01)

/** Share of resamples inside an interval. */
export const levelSetting = withDefaultSetting(0.95)(
  suchSetting(share => share > 0 && share < 1, 'in (0, 1)', 'try 0.95')
)

/** Returns the minimum number of resamples for intervals of a level. */
export const minResamples = (level: number): number => (level > 0 && level < 1 ? Math.ceil(2 / (1 - level) - 1e-9) : 2)

/** Number of resamples for intervals of a level. */
export const resamplesSetting = (level: number): SettingWithDefault<number> =>
  withDefaultSetting(200)(wholeSetting(minResamples(level), 200, 1e6))

/** Maximum number of resamples per test. */
export const testResamplesSetting = wholeSetting(1, 99, 1e6)
