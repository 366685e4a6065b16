/** Scene of the playground as data, stored in the address, so that two people see the same. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import {
  Case,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  Points,
  type Problem,
  Rate,
  Sampler,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  Vocabulary
} from 'ornstein'
import { polygon } from './questions/question.js'

/** Codec of a name of the record, as in menus and addresses. */
const nameCodec = <K extends string>(names: Readonly<Record<K, unknown>>): t.Type<K> =>
  // t.keyof of a record of unknown values is itself a codec; TypeScript knows the keys as K.
  t.keyof(names)

const MAX_NUMBER = 1e6
const rangeCodec = (least: number, most: number, whole: boolean): t.Type<number> =>
  t.refinement(t.number, x => x >= least && x <= most && (!whole || Number.isInteger(x)))

// —— data ——

/** Mixtures to draw from, in standard deviations of a component; `spread` scales the distances of the centres. */
const laws = {
  pair: (spread: number) => Mixture.symmetricPair([0.8 * spread, 0.6 * spread]),
  triangle: (spread: number) => Mixture.of({ means: polygon(3, spread, 0.4) }),
  ring: (spread: number) => Mixture.of({ means: polygon(6, 1.6 * spread) }),
  unequal: (spread: number) =>
    Mixture.of({
      means: [
        [-spread, 0],
        [spread, 0],
        [0, 1.5 * spread]
      ],
      weights: [0.6, 0.3, 0.1],
      variances: [1, 0.3, 0.6]
    }),
  stretched: (spread: number) =>
    Mixture.of({
      means: [
        [-0.3 * spread, 0.3 * spread],
        [0.3 * spread, -0.3 * spread]
      ],
      covariances: [0, 1].map(() => [
        [3, 2.7],
        [2.7, 3]
      ])
    })
} as const
export type Law = keyof typeof laws
export const lawNames: Readonly<Record<Law, string>> = {
  pair: 'two, mirrored',
  triangle: 'three in a triangle',
  ring: 'six on a ring',
  unequal: 'three of unequal size',
  stretched: 'two stretched ones'
}

// —— the choices: words of the vocabulary, by their names ——

interface Concept<T extends Case.AnyValue> {
  readonly name: string
  readonly about: string
  readonly is: (u: unknown) => u is T
}
const withoutNamespace = (name: string): string => name.replace(/^.*\./, '')
/** Words of a concept by name whose fields all have defaults or are `given` by the scene. */
const wordsWithDefaults = <T extends Case.AnyValue>(
  concept: Concept<T>,
  given: ReadonlyArray<string> = []
): Readonly<Record<string, T>> =>
  Object.fromEntries(
    Vocabulary.words(Vocabulary.standard)(concept)
      .filter(({ fields }) => fields.every(field => field.default !== null || given.includes(field.name)))
      .map(({ name, example }) => [withoutNamespace(name), example])
  )

const scores: Readonly<Record<string, Score.Score<string>>> = {
  ...wordsWithDefaults(Score.concept, ['components']),
  network: Score.network(Net.mlp({ hidden: [32], activation: 'silu', embedding: Net.fourier(8) }), {
    predicts: Parametrization.noise
  })
}
const withComponents =
  (components: number) =>
  (score: Score.Score<string>): Score.Score<string> =>
    'components' in score ? Case.changed({ components })(score) : score
export const schedules = wordsWithDefaults(Schedule.concept)
export const samplers = wordsWithDefaults(Sampler.concept)
const objectives = {
  denoising: (time: number) => Objective.denoising(NoiseLevels.at(time)),
  /** Predicts the noise at all levels up to one, as networks are trained. */
  denoisingUpTo: (time: number) => Objective.denoising(NoiseLevels.uniform(time / 20, time), Parametrization.noise),
  implicit: (time: number) => Objective.implicit(NoiseLevels.at(time)),
  likelihood: () => Objective.likelihood
} as const
const expectations = {
  projected: Expectation.projected({ antithetic: true }),
  monteCarlo: Expectation.monteCarlo(),
  quadrature: Expectation.quadrature()
} as const
const optimizers = Object.fromEntries(Optimizer.recipes.map(({ name, example }) => [withoutNamespace(name), example]))
/** Replaces the rate in the first part that has one. */
const atRate =
  (rate: number) =>
  <T extends Case.AnyValue>(part: T): T =>
    'rate' in part ? Case.changed({ rate: Rate.constant(rate) })(part) : Case.mapInner(atRate(rate))(part)
const starts: Readonly<Record<string, Initializer.Initializer>> = {
  ...wordsWithDefaults(Initializer.concept),
  gaussian: Initializer.gaussian({ scale: 0.5 }),
  tiny: Initializer.gaussian({ scale: 0.05 })
}

/** Options of the menus, by the library's names. */
export const choices = {
  score: Object.keys(scores),
  schedule: Object.keys(schedules),
  sampler: Object.keys(samplers),
  objective: Object.keys(objectives),
  expectation: Object.keys(expectations),
  optimizer: Object.keys(optimizers),
  start: Object.keys(starts),
  law: Object.keys(laws)
}

/** Learners: descent on the chosen objective, EM on the data, and power iteration on the second moment for pairs. */
export const learners = { descent: 'DDPM descent', em: 'EM', power: 'power iteration' } as const
export type Learner = keyof typeof learners

const MAX_PHASES = 4
const MAX_ROWS = 5000
const codec = t.exact(
  t.type({
    data: t.union([
      t.exact(
        t.type({
          law: nameCodec(laws),
          rows: rangeCodec(1, MAX_ROWS, true),
          spread: rangeCodec(0, 10, false),
          seed: rangeCodec(0, MAX_NUMBER, true)
        })
      ),
      t.exact(
        t.type({
          drawn: t.readonlyArray(
            t.tuple([rangeCodec(-MAX_NUMBER, MAX_NUMBER, false), rangeCodec(-MAX_NUMBER, MAX_NUMBER, false)])
          )
        })
      )
    ]),
    score: nameCodec(scores),
    components: rangeCodec(1, 12, true),
    schedule: nameCodec(schedules),
    objective: nameCodec(objectives),
    expectation: nameCodec(expectations),
    optimizer: nameCodec(optimizers),
    rate: rangeCodec(1e-6, 100, false),
    /** Noise level and number of steps of each phase. */
    phases: t.readonlyArray(t.tuple([rangeCodec(0, 100, false), rangeCodec(1, 2000, true)])),
    start: nameCodec(starts),
    seed: rangeCodec(0, MAX_NUMBER, true),
    learners: t.readonlyArray(nameCodec(learners))
  })
)

export type Scene = t.TypeOf<typeof codec>
export type Data = Scene['data']

/** Hash of an address: letters, digits, - and _ only, so that other programs pass it on unchanged. */
export const toHash = (scene: Scene): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(scene))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

export const fromHash = (hash: string): E.Either<string, Scene> =>
  pipe(
    E.tryCatch(
      (): unknown =>
        JSON.parse(
          new TextDecoder().decode(
            Uint8Array.from(atob(hash.replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt(0))
          )
        ),
      () => 'the address holds no scene; choose one'
    ),
    E.chain(json =>
      pipe(
        codec.decode(json),
        E.mapLeft(errors => {
          const field = errors[0].context.map(({ key }) => key).find(key => key !== '')
          return `the address holds a scene whose ${field ?? 'text'} is none that is known; choose one`
        })
      )
    ),
    E.filterOrElse(
      ({ phases, data }) =>
        phases.length >= 1 && phases.length <= MAX_PHASES && (!('drawn' in data) || data.drawn.length <= MAX_ROWS),
      () =>
        `the address holds a scene without phases, or with more than ${MAX_PHASES} of them, or ${MAX_ROWS} points; choose one`
    )
  )

// —— from a scene to what the library runs ——

export interface Drawn {
  readonly points: Points.Points
  /** Mixture that was sampled; null for points drawn by hand. */
  readonly truth: Mixture.Mixture | null
}

export const draw = (data: Data): E.Either<Problem.Problem, Drawn> => {
  if (!('drawn' in data)) {
    const truth = laws[data.law](data.spread)
    return E.right({ truth, points: pipe(truth, Mixture.sample(data.rows)(Key.fromSeed(data.seed))) })
  }
  return pipe(
    Points.fromRows(data.drawn),
    E.map(points => ({ points, truth: null }))
  )
}

/** Returns a scene's pipeline for each learner; all have the same initializer. */
export const pipelines = (scene: Scene): Readonly<Record<Learner, Pipeline.Pipeline<string>>> => {
  const of = (stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<string> =>
    Pipeline.of<string>({
      schedule: schedules[scene.schedule],
      score: withComponents(scene.components)(scores[scene.score]),
      initializer: starts[scene.start],
      stages
    })
  const steps = scene.phases.reduce((sum, [, each]) => sum + each, 0)
  return {
    descent: of(
      scene.phases.map(([time, steps]) =>
        Stage.descend({
          objective: objectives[scene.objective](time),
          expectation: expectations[scene.expectation],
          optimizer: atRate(scene.rate)(optimizers[scene.optimizer]),
          steps
        })
      )
    ),
    em: of([Stage.expectationMaximization({ steps })]),
    power: of([Stage.powerIteration({ steps })])
  }
}

/** Returns a program for Node that runs the scene's descent. */
export const code = (scene: Scene): string => {
  const { data } = scene
  const points =
    'drawn' in data
      ? `Problem.orThrow(Points.fromRows(${JSON.stringify(data.drawn)}))`
      : `Mixture.sample(${data.rows})(Key.fromSeed(${data.seed}))(${Mixture.show(laws[data.law](data.spread))})`
  const program = `const points = ${points}
const pipeline = ${Pipeline.show(pipelines(scene).descent)}
const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
console.log(Run.last(program)(Key.fromSeed(${scene.seed})).params)
`
  const names = new Set(program.match(/\b[A-Z][A-Za-z]+(?=\.)/g))
  return `import { ${[...names].sort().join(', ')} } from 'ornstein'

${program}`
}
