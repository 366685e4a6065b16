/** JSON that comes from outside, decoded into values or into problems that name the place at fault. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { isDeeper } from '../../lib/nesting.js'
import { Pipeline, Problem } from '../index.js'
import * as Limits from '../Limits.js'

const print = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** A codec's parts, where it has any; recursive codecs are seen through. */
type Shape = Partial<{
  _tag: string
  type: Shape
  types: ReadonlyArray<Shape>
  props: Record<string, Shape>
  value: unknown
}>
const shape = (codec: object): Shape => {
  // io-ts types the codecs of a context as decoders alone; all of these fields may be absent.
  const found = codec as Shape
  return found._tag === 'RecursiveType' && found.type !== undefined ? shape(found.type) : found
}
const tag = ({ _tag, props, types = [] }: Shape): unknown =>
  _tag === 'IntersectionType'
    ? types.map(part => tag(shape(part))).find(found => found !== undefined)
    : props && '_tag' in props
      ? props._tag.value
      : undefined

const domains: Readonly<Record<string, string>> = { number: 'a number', string: 'text', boolean: 'true or false' }

/** The problem an error stands for; none for one from a branch of a union that its value did not mean. */
const problemOf = (error: t.ValidationError): ReadonlyArray<Problem.Problem> => {
  const { context } = error
  let path = ''
  for (const [i, { key, actual }] of context.entries()) {
    const parent = i === 0 ? undefined : shape(context[i - 1].type)._tag
    const isBranch = parent === 'UnionType' || parent === 'IntersectionType'
    if (i > 0 && !isBranch) path = /^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    const { _tag, types = [] } = shape(context[i].type)
    if (_tag !== 'UnionType') continue
    const branches = types.map(branch => tag(shape(branch)))
    const tags = branches.filter(tag => typeof tag === 'string')
    if (tags.length === 0) return [Problem.of(path, print(actual), `of the form ${context[i].type.name}`, 'correct it')]
    const named = t.UnknownRecord.is(actual) ? actual._tag : undefined
    // A custom part has a codec without a tag, which knows what to say.
    const meant = named === 'Custom' ? undefined : named
    if (!branches.includes(meant) || named === undefined)
      return [
        named === undefined
          ? Problem.of(path, print(actual), `an object with a _tag of ${tags.join(', ')}`, 'correct it')
          : Problem.of(`${path}._tag`, print(named), `one of ${tags.join(', ')}`, 'correct it')
      ]
    if (i + 1 < context.length && tag(shape(context[i + 1].type)) !== meant) return []
  }
  const { name } = context[context.length - 1].type
  const domain = Object.hasOwn(domains, name)
    ? domains[name]
    : name.startsWith('ReadonlyArray')
      ? 'a list'
      : name.startsWith('{')
        ? 'an object'
        : name.replaceAll(' | ', ' or ')
  return [
    error.message === undefined
      ? Problem.of(path, print(error.value), domain, error.value === undefined ? 'add it' : 'correct it')
      : Problem.of(path, print(error.value), 'possible here', error.message)
  ]
}

/** The value that JSON text stands for; all problems at once, each named within `source`. */
export const decode =
  <A>(codec: t.Type<A, unknown>, source: string) =>
  (json: unknown): E.Either<Problem.Problems, A> => {
    if (isDeeper(json, Limits.depth)) return E.left([Pipeline.tooDeep(source)])
    return pipe(
      codec.decode(json),
      E.mapLeft((errors): Problem.Problems => {
        const found = new Map<string, Problem.Problem>()
        for (const problem of errors.flatMap(problemOf))
          if (!found.has(problem.field)) found.set(problem.field, problem)
        const [first = Problem.of('', print(json), `of the form ${codec.name}`, 'correct it'), ...rest] =
          Problem.listed(Limits.problems)([...found.values()])
        const placed = (problem: Problem.Problem): Problem.Problem => ({
          ...problem,
          field: problem.field === '' ? source : `${source}, ${problem.field}`
        })
        return [placed(first), ...rest.map(placed)]
      })
    )
  }

export const parse =
  (argument: string, path: string) =>
  (text: string): E.Either<Problem.Problems, unknown> =>
    E.tryCatch(
      (): unknown => JSON.parse(text),
      error => {
        const why = error instanceof SyntaxError ? error.message : String(error)
        return [Problem.of(argument, path, `JSON (${why})`, 'it may be cut short or edited: write it anew')]
      }
    )
