/** What the playground shows, as data: a scene is what the address holds, and all that two people must share to see the same. */
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

/** Choices by name: what a menu lists, the address holds and the code below reads. */
const among = <K extends string>(names: Readonly<Record<K, unknown>>): t.Type<K> =>
  // keyof of a record of unknown values is its own codec; TypeScript knows the keys as K.
  t.keyof(names)

const FAR = 1e6
const within = (least: number, most: number, whole: boolean): t.Type<number> =>
  t.refinement(t.number, x => x >= least && x <= most && (!whole || Number.isInteger(x)))

// —— data ——

/** Mixtures to draw from, in units of a component's deviation; `spread` scales the distances of the centres. */
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
const bare = (name: string): string => name.replace(/^.*\./, '')
/** The words of a concept that need no more than their defaults and what the scene gives them. */
const words = <T extends Case.AnyValue>(
  concept: Concept<T>,
  given: ReadonlyArray<string> = []
): Readonly<Record<string, T>> =>
  Object.fromEntries(
    Vocabulary.words(Vocabulary.standard)(concept)
      .filter(({ fields }) => fields.every(field => field.default !== null || given.includes(field.name)))
      .map(({ name, example }) => [bare(name), example])
  )

const scores: Readonly<Record<string, Score.Score<string>>> = {
  ...words(Score.concept, ['components']),
  network: Score.network(Net.mlp({ hidden: [32], activation: 'silu', embedding: Net.fourier(8) }), {
    predicts: Parametrization.noise
  })
}
const withComponents =
  (components: number) =>
  (score: Score.Score<string>): Score.Score<string> =>
    'components' in score ? Case.changed({ components })(score) : score
export const schedules = words(Schedule.concept)
export const samplers = words(Sampler.concept)
const objectives = {
  denoising: (time: number) => Objective.denoising(NoiseLevels.at(time)),
  /** All noise levels below one at once, in the noise, as networks are trained. */
  denoisingUpTo: (time: number) => Objective.denoising(NoiseLevels.uniform(time / 20, time), Parametrization.noise),
  implicit: (time: number) => Objective.implicit(NoiseLevels.at(time)),
  likelihood: () => Objective.likelihood
} as const
const expectations = {
  projected: Expectation.projected({ antithetic: true }),
  monteCarlo: Expectation.monteCarlo(),
  quadrature: Expectation.quadrature()
} as const
const optimizers = Object.fromEntries(Optimizer.recipes.map(({ name, example }) => [bare(name), example]))
/** A recipe at another rate: it stands in the part that scales by it. */
const atRate =
  (rate: number) =>
  <T extends Case.AnyValue>(part: T): T =>
    'rate' in part ? Case.changed({ rate: Rate.constant(rate) })(part) : Case.mapInner(atRate(rate))(part)
const starts: Readonly<Record<string, Initializer.Initializer>> = {
  ...words(Initializer.concept),
  gaussian: Initializer.gaussian({ scale: 0.5 }),
  tiny: Initializer.gaussian({ scale: 0.05 })
}

/** What the menus offer, in the words of the library. */
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

/** Who learns: descent on the objective as chosen, EM on the data, power iteration on the second moment (the pair's). */
export const learners = { descent: 'DDPM descent', em: 'EM', power: 'power iteration' } as const
export type Learner = keyof typeof learners

const PHASES = 4
const ROWS = 5000
const codec = t.exact(
  t.type({
    data: t.union([
      t.exact(
        t.type({
          law: among(laws),
          rows: within(1, ROWS, true),
          spread: within(0, 10, false),
          seed: within(0, FAR, true)
        })
      ),
      t.exact(t.type({ drawn: t.readonlyArray(t.tuple([within(-FAR, FAR, false), within(-FAR, FAR, false)])) }))
    ]),
    score: among(scores),
    components: within(1, 12, true),
    schedule: among(schedules),
    objective: among(objectives),
    expectation: among(expectations),
    optimizer: among(optimizers),
    rate: within(1e-6, 100, false),
    /** The noise of each phase, and its steps. */
    phases: t.readonlyArray(t.tuple([within(0, 100, false), within(1, 2000, true)])),
    start: among(starts),
    seed: within(0, FAR, true),
    learners: t.readonlyArray(among(learners))
  })
)

export type Scene = t.TypeOf<typeof codec>
export type Data = Scene['data']

/** The text of an address' hash; letters and digits alone, so that no program that passes it on changes it. */
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
        phases.length >= 1 && phases.length <= PHASES && (!('drawn' in data) || data.drawn.length <= ROWS),
      () =>
        `the address holds a scene without phases, or with more than ${PHASES} of them, or ${ROWS} points; choose one`
    )
  )

// —— from a scene to what the library runs ——

export interface Drawn {
  readonly points: Points.Points
  /** What they were drawn from, where that is known. */
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

/** The pipelines of a scene, one for each learner; they have one start. */
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

/** A program that does in Node what the scene's descent does here. */
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
