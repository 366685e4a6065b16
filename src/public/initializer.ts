/**
 * Initializers: where a pipeline starts. Most of them draw centres; the family of mixtures makes parameters of these. Others
 * say all parameters.
 */
export {
  bestOf,
  centres,
  codec,
  concept,
  define,
  defineCentres,
  type Draws,
  fromData,
  gaussian,
  hierarchical,
  type Initializer,
  interpret,
  kMeans,
  kMeansPlusPlus,
  kMeansPlusPlusOf,
  type Meaning,
  momentsMatched,
  nearZero,
  onSphere,
  networkDefault,
  perturbed,
  problems,
  recipes,
  type Setting,
  type SettingOf,
  show,
  spectral,
  type Start,
  type Tools,
  values,
  warmStart
} from '../pipeline/initializer.js'
