/** Decoding of JSON into values, or problems with paths. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { parseJson } from '../../lib/plain/jsonText.js'
import { isDeeper } from '../../lib/plain/nesting.js'
import * as Limits from './limits.js'
import { tooDeep } from './tooDeep.js'
import * as Problem from './problem.js'
import type * as Vocabulary from './vocabulary.js'

const printJsonValue = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

type CodecShape = Partial<{
  _tag: string
  type: CodecShape
  types: ReadonlyArray<CodecShape>
  props: Record<string, CodecShape>
}>
// io-ts types a context's codecs as decoders only; all these fields may be absent.
const codecShape = (codec: object): CodecShape => codec

const domains: Readonly<Record<string, string>> = { number: 'a number', string: 'text', boolean: 'true or false' }

const isMisread = (error: t.ValidationError): error is Vocabulary.Misread => 'problem' in error

/** Branches of a union, also of nested ones. */
const branches = (codec: CodecShape): ReadonlyArray<CodecShape> =>
  codec._tag === 'UnionType' ? (codec.types ?? []).map(codecShape).flatMap(branches) : [codec]

/** True for a union of one codec and null. */
const isNullable = (codec: CodecShape): boolean =>
  codec._tag === 'UnionType' && branches(codec).filter(({ _tag }) => _tag !== 'NullType').length === 1

/** Problem of a validation error; null if another error reports the cause. */
const validationProblem = (error: t.ValidationError): Problem.Problem | null => {
  const { context } = error
  let path = ''
  for (const [i, { key, actual, type }] of context.entries()) {
    const outer: CodecShape = i > 0 ? codecShape(context[i - 1].type) : {}
    // The parts of an intersection have its path, and so has a nullable value.
    const isPart = outer._tag === 'IntersectionType' || isNullable(outer)
    if (i > 0 && !isPart) path = /^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    if (isNullable(outer) && codecShape(type)._tag === 'NullType') return null
    if (codecShape(type)._tag === 'UnionType' && !isNullable(codecShape(type)))
      return Problem.of(path, printJsonValue(actual), `of the form ${type.name}`, 'correct it')
  }
  if (isMisread(error)) {
    const { field } = error.problem
    return { ...error.problem, field: [path, field].filter(part => part !== '').join('.') }
  }
  const { name } = context[context.length - 1].type
  const domain = Object.hasOwn(domains, name)
    ? domains[name]
    : name.startsWith('ReadonlyArray')
      ? 'a list'
      : name.startsWith('{')
        ? 'an object'
        : name.replaceAll(' | ', ' or ')
  return error.message === undefined
    ? Problem.of(path, printJsonValue(error.value), domain, error.value === undefined ? 'add it' : 'correct it')
    : Problem.of(path, printJsonValue(error.value), 'possible here', error.message)
}

/** Keys of an object codec; null for other codecs. */
const codecKeys = ({ _tag, props, type, types = [] }: CodecShape): Readonly<Record<string, CodecShape>> | null => {
  if (_tag === 'InterfaceType' || _tag === 'PartialType') return props ?? null
  if ((_tag === 'ReadonlyType' || _tag === 'ExactType') && type !== undefined) return codecKeys(codecShape(type))
  if (_tag !== 'IntersectionType') return null
  const parts = types.map(part => codecKeys(codecShape(part)))
  return parts.includes(null)
    ? null
    : parts.reduce<Readonly<Record<string, CodecShape>>>((all, part) => ({ ...all, ...part }), {})
}

/** Problems of unknown keys; none for codecs without a list of keys. */
const unknownKeyProblems = (codec: CodecShape, value: unknown, path: string): ReadonlyArray<Problem.Problem> => {
  if (Array.isArray(value)) {
    const { _tag, type } = codec
    return (_tag === 'ReadonlyArrayType' || _tag === 'ArrayType') && type !== undefined
      ? value.flatMap((part, i) => unknownKeyProblems(codecShape(type), part, `${path}[${i}]`))
      : branches(codec).length > 1
        ? branches(codec)
            .filter(({ _tag }) => _tag === 'ReadonlyArrayType' || _tag === 'ArrayType')
            .flatMap(branch => unknownKeyProblems(branch, value, path))
        : []
  }
  if (!t.UnknownRecord.is(value)) return []
  const known = branches(codec)
    .map(codecKeys)
    .filter(keys => keys !== null)
  if (known.length !== 1) return []
  const [keys] = known
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = path === '' ? key : `${path}.${key}`
    return Object.hasOwn(keys, key)
      ? unknownKeyProblems(codecShape(keys[key]), inner, at)
      : [Problem.of(at, 'a key', `one of ${Object.keys(keys).join(', ')}`, 'correct it, or leave it out')]
  })
}

/** Decodes parsed JSON; returns all problems, with paths relative to `source`. */
export const decodeJson =
  <A>(codec: t.Type<A, unknown>, source: string) =>
  (json: unknown): E.Either<Problem.Problems, A> => {
    if (isDeeper(json, Limits.maxDepth)) return E.left([tooDeep(source)])
    const placed = (problem: Problem.Problem): Problem.Problem => ({
      ...problem,
      field: problem.field === '' ? source : `${source}, ${problem.field}`
    })
    return pipe(
      codec.decode(json),
      E.mapLeft((errors): Problem.Problems => {
        const found = new Map<string, Problem.Problem>()
        // A codec with custom messages may have several for one path.
        for (const problem of errors.map(validationProblem).filter(problem => problem !== null)) {
          const key = `${problem.field}; ${problem.remedy}`
          if (!found.has(key)) found.set(key, problem)
        }
        const [first = Problem.of('', printJsonValue(json), `of the form ${codec.name}`, 'correct it'), ...rest] =
          Problem.listedProblems(Limits.problems)([...found.values()])
        return [placed(first), ...rest.map(placed)]
      }),
      E.flatMap(value =>
        Problem.faultless(
          Problem.listedProblems(Limits.problems)(unknownKeyProblems(codecShape(codec), json, '')).map(placed),
          value
        )
      )
    )
  }

/** Parses JSON text; `argument` is the option of its file `path`. */
export const parseJsonText =
  (argument: string, path: string, remedy = 'it may be cut short or edited: write it again') =>
  (text: string): E.Either<Problem.Problems, unknown> => {
    const found = parseJson(text, Limits.maxDepth)
    return 'fault' in found
      ? E.left([Problem.of(argument, path, `JSON (${found.fault})`, remedy)])
      : E.right(found.value)
  }
