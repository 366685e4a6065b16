/** Laws over cases that print as code. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { ValueAndGradient } from '../compile/loss.js'
import { Key, Params, Problem } from '../index.js'
import type { Law, Laws, NotApplicable } from './law.js'

/** The arbitrary, with counterexamples printed by `show`. */
export const printed =
  <A extends object>(show: (value: A) => string) =>
  (arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A> =>
    arbitrary.map(value => ({ ...value, [fc.toStringMethod]: () => `\n${show(value)}` }))

/** Stands for each case beyond `maxCases`. */
const skippedCase: unique symbol = Symbol('passed over')
const originSymbol: unique symbol = Symbol('origin')

interface CaseOrigin<A> {
  readonly [originSymbol]: number
  readonly inner: fc.Value<[A]>
}

/**
 * Property that takes the arbitraries in turn, so that few runs reach each. Skips cases beyond `maxCases`, except one replayed from its
 * seed and path.
 */
const propertyOf = <A>(
  cases: ReadonlyArray<fc.Arbitrary<A>>,
  check: (value: A) => boolean,
  maxCases = Infinity
): fc.IProperty<[A]> => {
  const properties = cases.map(some => fc.property(some, check))
  // They differ in their arbitraries alone.
  const [first] = properties
  const placed = (at: number, inner: fc.Value<[A]>): fc.Value<[A]> =>
    new fc.Value(inner.value_, { [originSymbol]: at, inner })
  // fast-check passes only generated values to `run` and `shrink`.
  const skipped = new fc.Value<[A]>(skippedCase as unknown as [A], undefined)
  const isOrigin = (context: unknown): context is CaseOrigin<A> =>
    typeof context === 'object' && context !== null && originSymbol in context
  return {
    isAsync: () => false,
    generate: (random, run = 0) => {
      const at = run % properties.length
      return run >= maxCases ? skipped : placed(at, properties[at].generate(random, run))
    },
    shrink: ({ context }) =>
      isOrigin(context)
        ? properties[context[originSymbol]].shrink(context.inner).map(next => placed(context[originSymbol], next))
        : fc.Stream.nil(),
    run: value => (Array.isArray(value) ? first.run(value) : null),
    runBeforeEach: () => {
      first.runBeforeEach()
    },
    runAfterEach: () => {
      first.runAfterEach()
    }
  }
}

/** Cases on which a property ran. */
export const executedCases = (tree: ReadonlyArray<fc.ExecutionTree<unknown>>): ReadonlyArray<unknown> =>
  tree.flatMap(({ value }) => (Array.isArray(value) ? [value[0] as unknown] : []))

/**
 * A law over cases that print as code, from the arbitraries in turn. Its check returns true or throws an error that names the failure.
 *
 * @example
 * import fc from 'fast-check'
 * import { Objective, Score, NoiseLevels } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const centred = laws.law(
 *   { name: 'the middle of a pair is 0', statement: '∀ c: c + (−c) = 0. Exactly.', source: 'definition of the pair' },
 *   fc.record({ params: laws.arbitraries.params(Score.symmetricPair)(2) }),
 *   laws.codeOf,
 *   ({ params }) => laws.agree('c − c', params.mean.values.map(c => c + -c), [0, 0], 0)
 * )
 * fc.assert(centred.property, { seed: 1 })
 * laws.check(Objective.denoising(NoiseLevels.at(0.3)), { also: [centred], only: [centred.name] })
 */
export const law = <A extends object>(
  info: Info,
  cases: fc.Arbitrary<A> | ReadonlyArray<fc.Arbitrary<A>>,
  show: (value: A) => string,
  check: (value: A) => boolean
): Law => {
  const checked = (value: A): boolean => check(value) || refuse(`‘${info.name}’ does not hold`)
  const all = cases instanceof fc.Arbitrary ? [cases] : cases
  return {
    ...info,
    property: propertyOf(all.map(printed(show)), checked, info.maxCases),
    // A script passes the printed value.
    on: value => checked(value as A),
    shownBy: other => law(info, cases, other, check)
  }
}

/** Law that an instance has no problems, tested alone if there are any: invalid functions may loop forever. */
export const noProblemsLaw = (code: string, problems: ReadonlyArray<Problem.Problem>): Law =>
  law(
    {
      name: 'has no problems',
      statement: 'its fields are in their domains, and its functions answer as their types say. Exactly.',
      source: 'definition of the concept',
      maxCases: 1
    },
    fc.record({}),
    () => code,
    () => problems.length === 0 || refuse(problems.map(Problem.show).join('; '))
  )

type Info = Pick<Law, 'name' | 'statement' | 'source' | 'maxCases' | 'option' | 'says'>

const isLaw = (made: Law | NotApplicable): made is Law => 'property' in made

/** Laws that no option claims; empty for a plain array. */
export const notApplicableOf = (laws: ReadonlyArray<Law> | Laws): ReadonlyArray<NotApplicable> =>
  'notApplicable' in laws ? laws.notApplicable : []

/** Collects laws, and those that no option claims; ignores false. */
export const collectLaws = (laws: ReadonlyArray<Law | NotApplicable | ReadonlyArray<Law> | Laws | false>): Laws => {
  const isArray = (one: (typeof laws)[number]): one is ReadonlyArray<Law> | Laws => Array.isArray(one)
  const all = laws.flatMap((one): ReadonlyArray<Law | NotApplicable> =>
    one === false ? [] : isArray(one) ? [...one, ...notApplicableOf(one)] : [one]
  )
  const notApplicable = all.filter((one): one is NotApplicable => !isLaw(one))
  return Object.assign(all.filter(isLaw), { notApplicable })
}

/** Applies `f` to each law and keeps `notApplicable`. */
export const mapLaws =
  (change: (law: Law) => Law) =>
  (laws: ReadonlyArray<Law> | Laws): Laws =>
    collectLaws([...laws.map(change), ...notApplicableOf(laws)])

const isClaim = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)

/** Returns the laws; throws if an option's claim is tested by none, with the reason. */
export const requireTestedClaims = (code: string, options: object, laws: Laws): Laws => {
  const dropped = laws.notApplicable.find(
    ({ option }) =>
      option !== undefined &&
      isClaim((options as Readonly<Record<string, unknown>>)[option]) &&
      !laws.some(law => law.option === option)
  )
  return dropped === undefined
    ? laws
    : refuse(
        `${dropped.option}: claimed of ${code}, and held by no law: ${dropped.why ?? `‘${dropped.law}’ does not apply to it`}. Leave the claim out`
      )
}

/** Returns true if `condition` is true; otherwise throws an error with the message of `failure`. */
export const holds = (condition: boolean, failure: () => string): boolean => condition || refuse(failure())

/** Returns the compiled value; throws its problems if there are any. */
export const compiledOrThrow = <A>(either: E.Either<ReadonlyArray<Problem.Problem>, A>): A =>
  pipe(
    either,
    E.getOrElse((problems): A => refuse(`does not compile: ${problems.map(Problem.show).join('; ')}`))
  )

/** Compile options for losses with few evaluations: interpreted, without a trial run. */
export const FEW_EVALUATIONS = { evaluations: 1, isTried: true }

/** All entries of the parameters, by name. */
export const flattenParams = <P extends string>(params: Params.Params<P>): ReadonlyArray<number> =>
  Object.values<Params.Params<P>[P]>(params).flatMap(({ values }) => Array.from(values))

/** Value and gradient as one side of a relation, with named entries. */
export const namedValueAndGradient = <P extends string>({ value, gradient }: ValueAndGradient<P>): object => ({
  L: value,
  '∇L': flattenParams(gradient)
})

export const sumNumbers = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0)

export const meanNumber = (values: ArrayLike<number>): number => sumNumbers(values) / values.length

/** Mean and variance. */
export const sampleMoments = (values: ArrayLike<number>): { readonly mean: number; readonly variance: number } => {
  const mean = meanNumber(values)
  return { mean, variance: meanNumber(Array.from(values, value => Elementary.square(value - mean))) }
}

/** Maximum absolute value; 0 if there are none. */
export const maxAbs = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)

export const dotProduct = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0)

export const euclideanLength = (values: ArrayLike<number>): number => Math.sqrt(dotProduct(values, values))

/** Numerical rank of unit columns, by Gram–Schmidt with pivoting; a column is dependent if at most `left` of it remains. */
export const columnRank = (columns: ReadonlyArray<ReadonlyArray<number>>, left: number, found = 0): number => {
  const lengths = columns.map(euclideanLength)
  const most = maxAbs(lengths)
  if (!(most > left)) return found
  const at = lengths.indexOf(most)
  const unit = columns[at].map(x => x / most)
  const without = (column: ReadonlyArray<number>): ReadonlyArray<number> => {
    const along = dotProduct(column, unit)
    return column.map((x, i) => x - along * unit[i])
  }
  // Orthogonalized twice, against rounding.
  return columnRank(
    columns.flatMap((column, j) => (j === at ? [] : [without(without(column))])),
    left,
    found + 1
  )
}

/** Random direction of norm 1 in the space of the parameters. */
export const randomDirection = <P extends string>(params: Params.Params<P>, seed: number): Params.Params<P> => {
  const keys = Key.split(Params.names(params).length)(Key.fromSeed(seed))
  const raw = Params.map<ReadonlyArray<number>, Params.Params<P>[P]>((shape, name) => ({
    shape,
    values: Key.normal(shapeSize(shape))(keys[Params.names<string>(params).indexOf(name)])
  }))(Params.shapes(params))
  const length = Params.norm(raw)
  return Params.mapValues(v => v / length)(raw)
}
