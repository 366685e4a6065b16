/**
 * Every family of the vocabulary is asked for everything that one may be good for: what it serves is held to what is known otherwise, and
 * what is refused stands with its reason in docs/recipes.md, which this writes: `npx vitest run test/src/mixture/families/everything -u`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as R from 'fp-ts/lib/Record.js'
import { afterAll, expect, it } from 'vitest'
import { compute } from '../../../../lib/index.js'
import { formatted } from '../../../formatted.js'
import { compiled } from '../../../learned.js'
import { initializers, scores } from '../../../../src/cli/glossary.js'
import {
  Case,
  Compile,
  ExpectationMaximization,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  type Pipeline,
  Problem,
  Recipe,
  Run,
  Score,
  Source,
  Stage
} from '../../../../src/index.js'
import * as Exchange from '../../../../src/score/exchange.js'
import * as NaturalGradient from '../../../../src/optimizer/natural.js'
import * as Covariance from '../../../../src/mixture/families/covariance.js'
import * as Params from '../../../../src/core/params.js'
import * as Points from '../../../../src/data/index.js'
import { levels, tensors } from './families.js'

const folder = mkdtempSync(join(tmpdir(), 'ornstein-families-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Of the pair's kind, which all families know: ±c and noise of two widths. */
const points: Points.Points = Mixture.sample(36)(Key.fromSeed(4))(
  Mixture.of({
    means: [[-1.5, -1], [1.5, 1]], // prettier-ignore
    variances: [0.8, 1.3]
  })
)

interface Asked {
  readonly score: Score.Score<string>
  readonly family: Score.Family<string>
  /** After three steps of expectation–maximization. */
  readonly params: Params.Params<string>
}

type Answer = E.Either<string, true>
const served: Answer = E.right(true)

/** A problem without its place, whose numbers say nothing here. */
const reasonOf = (problems: Problem.Problems): string => {
  const { domain, remedy } = problems[0]
  return `is not ${domain}; ${remedy}`
}

/** The parameters after the stages; what compiles is to end in finite ones. */
const after = (
  { score }: Pick<Asked, 'score'>,
  initializer: Initializer.Initializer,
  stages: ReadonlyArray<Stage.Stage>,
  data: Source.Data = points
): E.Either<string, Params.Params<string>> =>
  pipe(
    compiled(score, initializer, stages, data),
    E.bimap(reasonOf, program => {
      const { params } = Run.last(program)(Key.fromSeed(0))
      expect(Params.isFiniteParams(params)).toBe(true)
      return params
    })
  )

const em = (steps: number, prior: number | null = null): Stage.Stage => Stage.expectationMaximization({ steps, prior })

const density = ({ family }: Pick<Asked, 'family'>, params: Params.Params<string>): Float64Array =>
  compute(() => family.logDensity(Score.tensors(params), Points.pointsTensor(points), tensors(levels(1, 0)))).values

const isSame = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void => {
  expect(found.length).toBe(wanted.length)
  Array.from(wanted).forEach((x, i) => expect(Math.abs(found[i] - x)).toBeLessThan(tolerance * (1 + Math.abs(x))))
}

const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length

const holes: Points.Points = { ...points, values: points.values.map((x, at) => (at % 7 === 0 ? NaN : x)) }

/** What is learned by, and what a row may lose by it: nothing, but for rounding; of what is held elsewhere all. */
const stages: Readonly<Record<string, readonly [of: (asked: Asked) => ReadonlyArray<Stage.Stage>, lost: number]>> = {
  'expectation–maximization': [() => [em(2)], 1e-13],
  // From near the likeliest and back: to its value, or a better one.
  'at noise levels': [() => [Stage.anneal([0.5, 0.1])(em(2)), em(200)], 1e-2],
  prior: [() => [em(3, 0.01)], Infinity],
  'split and merge': [() => [Stage.splitAndMerge({ steps: 2, attempts: 2, polish: 3 })], 1e-13],
  'natural gradient': [({ score }) => [climbing(Optimizer.chain(NaturalGradient.natural({ score }), once))], Infinity]
}
const once = Optimizer.scaleByRate(1)
const climbing = (optimizer: Optimizer.Optimizer): Stage.Stage =>
  Stage.descend({ objective: Objective.likelihood, optimizer, steps: 1 })

/** What one may be asked for, and what it is held to. */
const columns: Readonly<Record<string, (asked: Asked) => Answer>> = {
  // Of the density that laws hold to its score and its divergence.
  ...pipe(
    stages,
    R.map(
      ([of, lost]) =>
        (asked: Asked): Answer =>
          pipe(
            after(asked, Initializer.values(asked.params), of(asked)),
            E.map(params => {
              expect(mean(density(asked, params))).toBeGreaterThan(mean(density(asked, asked.params)) - lost)
              return true as const
            })
          )
    )
  ),
  'missing cells': ({ family, params }) => {
    const step = E.tryCatch(
      () => ExpectationMaximization.step(family, 1e-6, holes),
      error => (error instanceof Error ? error.message : String(error))
    )
    return pipe(
      step,
      E.map(step => {
        const first = step(params)
        const second = step(first.params)
        expect(step(second.params).value).toBeLessThanOrEqual(second.value + 1e-13)
        expect(second.value).toBeLessThanOrEqual(first.value + 1e-13)
        return true as const
      })
    )
  },
  'rows of a source': asked => {
    const pieces = [0, 1, 2].map(i => Points.select(Array.from({ length: 12 }, (_, k) => 12 * i + k))(points))
    const source = Problem.orThrow(Source.gathered(pieces, folder))
    const found = after(asked, Initializer.values(asked.params), [em(2)], source)
    source.close()
    return pipe(
      found,
      E.map(params => {
        expect(E.right(params)).toEqual(after(asked, Initializer.values(asked.params), [em(2)]))
        return true as const
      })
    )
  },
  'from and to mixtures': asked => {
    const { toMixture, fromMixture } = asked.family
    if (toMixture === undefined || fromMixture === undefined) return E.left('has not both')
    const wanted = density(asked, asked.params)
    isSame(Mixture.logDensity(points)(toMixture(asked.params)), wanted, 1e-12)
    isSame(density(asked, fromMixture(toMixture(asked.params))), wanted, 1e-10)
    return E.right(true)
  },
  'files of others': asked =>
    pipe(
      asked.family.toMixture,
      E.fromNullable('is no mixture'),
      E.map(enter => enter(asked.params)),
      E.filterOrElse(
        mixture => Exchange.problems(mixture).length === 0,
        mixture => {
          const [first] = Exchange.problems(mixture)
          return reasonOf([first])
        }
      ),
      E.map(mixture => {
        for (const form of Exchange.EXCHANGE_FORMS) {
          const written = Exchange.write(form)({ mixture, columns: null })
          const bytes = typeof written === 'string' ? new TextEncoder().encode(written) : written
          const read = Problem.orThrow(Exchange.read(bytes)).mixture
          isSame(Mixture.logDensity(points)(read), Mixture.logDensity(points)(mixture), 1e-11)
        }
        return true as const
      })
    )
}

const recipes = {
  annealed: Recipe.annealed,
  expectationMaximization: Recipe.expectationMaximization,
  twoStage: Recipe.twoStage,
  maximumLikelihood: Recipe.maximumLikelihood,
  spectral: Recipe.spectral
}

/** Mixtures of the covariances that no other family has, each by its name, instead of the one example. */
const mixtures = [...Covariance.names, ...Covariance.ONE_FACTOR_NAMES].flatMap(name => {
  const score: Score.Score<string> = Score.mixture({ components: 2, covariance: Covariance.named(name) })
  const shapes = Score.shapes(2)(score)
  return 'logVolumes' in shapes || ('factors' in shapes && name !== 'UUU1') ? [{ name, example: score }] : []
})

const families = [...scores.words.filter(({ name }) => name !== 'Score.mixture'), ...mixtures].flatMap(
  ({ name, example }) => {
    const { family } = Score.interpret(example)
    return family === undefined ? [] : [{ name: name.replace('Score.', ''), score: example, family }]
  }
)

const asked = families.map(one => ({
  ...one,
  params: Problem.orThrow(
    pipe(
      after(one, Initializer.kMeansPlusPlus, [em(3)]),
      E.mapLeft(value => [Problem.of(one.name, value, 'a start', 'none')] as const)
    )
  )
}))

const answers = new Map<string, Answer>()
const key = (column: string, name: string): string => `${column} of ${name}`

it('there are nine, tails, a background and what is known, and fifteen mixtures', () =>
  expect(families).toHaveLength(27))

it.each(Object.keys(columns).flatMap(column => asked.map(one => [key(column, one.name), column, one] as const)))(
  '%s',
  (name, column, one) => {
    answers.set(name, columns[column](one))
  }
)

/** How many of them a family is taken by, and by which not. */
const among = (
  one: (typeof asked)[number],
  all: ReadonlyArray<readonly [string, (score: Score.Score<string>) => E.Either<Problem.Problems, unknown>]>
): string => {
  const without = all.filter(([, of]) => E.isLeft(of(one.score))).map(([name]) => `\`${name}\``)
  return without.length === 0 ? 'all' : `all but ${without.join(', ')}`
}

const starts = (one: (typeof asked)[number]): string =>
  among(
    one,
    initializers.words
      // Given parameters have their own shapes.
      .filter(({ name }) => name !== 'Initializer.values')
      .map(
        ({ name, example }) =>
          [name.replace('Initializer.', ''), score => compiled(score, example, [], points)] as const
      )
  )

/** With descents of one step, for which nothing is compiled that is not run here. */
const short = (pipeline: Pipeline.Pipeline<string>): Pipeline.Pipeline<string> => ({
  ...pipeline,
  stages: pipeline.stages.map(stage => (Case.isMadeBy(Stage.descend)(stage) ? { ...stage, steps: 1 } : stage))
})

const recipesOf = (one: (typeof asked)[number]): string =>
  among(
    one,
    Object.entries(recipes).map(
      ([name, recipe]) => [name, score => Compile.pipeline(short(recipe(score)(points)))(points)] as const
    )
  )

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows.map(row => `| ${row.join(' | ')} |`).join('\n')

it('docs/recipes.md says so', async () => {
  const page = fileURLToPath(new URL('../../../../docs/recipes.md', import.meta.url))
  const before = readFileSync(page, 'utf8')
  expect(before).toContain('<!-- families -->')
  const names = Object.keys(columns)
  const reasons = new Map<string, string[]>()
  const cell = (column: string, { name }: (typeof asked)[number]): string => {
    const answer = answers.get(key(column, name)) ?? served
    if (E.isRight(answer)) return '✓'
    const why = `${column}: ${answer.left}`
    reasons.set(why, [...(reasons.get(why) ?? []), `\`${name}\``])
    return '—'
  }
  // Families of which the same is said have one row.
  const alike = new Map<string, string[]>()
  for (const one of asked) {
    const said = [...names.map(column => cell(column, one)), starts(one), recipesOf(one)].join(' | ')
    alike.set(said, [...(alike.get(said) ?? []), `\`${one.name}\``])
  }
  const rows = [
    ['', ...names, 'starts', 'recipes'],
    ['---', ...names.map(() => '---'), '---', '---'],
    ...[...alike].map(([said, of]) => [of.join(', '), said])
  ]
  const text = [table(rows), [...reasons].map(([why, of]) => `- ${of.join(', ')} — ${why}.`).join('\n')].join('\n\n')
  const found = before.replace(
    /(<!-- families -->)[^]*?(<!-- end -->)/,
    (_, begin: string, end: string) => `${begin}\n\n${text}\n\n${end}`
  )
  await expect(await formatted(page, found)).toMatchFileSnapshot(page)
})
