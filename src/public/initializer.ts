/**
 * Initializers: the start of a pipeline. Most draw centres, from which the mixture family computes parameters; others return all
 * parameters.
 */
export {
  bestOf,
  centres,
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
