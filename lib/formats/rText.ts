/** R's own text of values, as `dput` writes it: `list`, `c`, `structure` and `array` of numbers, words, TRUE, FALSE, NA and NULL. */

type Atom = number | string | boolean | null

/** A vector, or a list; a scalar is a vector of one, NULL a list of none. */
export type Value =
  | {
      readonly _tag: 'Vector'
      readonly values: ReadonlyArray<Atom>
      readonly names: ReadonlyArray<string>
      /** First index fastest; empty where it is no array. */
      readonly dim: ReadonlyArray<number>
      /** The names along each axis; none where there are none. */
      readonly dimnames: ReadonlyArray<ReadonlyArray<string>>
    }
  | { readonly _tag: 'List'; readonly values: ReadonlyArray<Value>; readonly names: ReadonlyArray<string> }

interface Argument {
  readonly name: string
  readonly value: Value
}

const vector = (values: ReadonlyArray<Atom>): Value => ({ _tag: 'Vector', values, names: [], dim: [], dimnames: [] })

const atomsOf = (value: Value | undefined): ReadonlyArray<Atom> =>
  value === undefined ? [] : value._tag === 'Vector' ? value.values : value.values.flatMap(atomsOf)

const named = (args: ReadonlyArray<Argument>, name: string): Value | undefined =>
  args.find(argument => argument.name === name)?.value

const numbersOf = (value: Value | undefined): ReadonlyArray<number> =>
  atomsOf(value).filter(atom => typeof atom === 'number')

const wordsOf = (value: Value): ReadonlyArray<string> => atomsOf(value).filter(atom => typeof atom === 'string')

/** What the calls of such texts come to; null for others. */
const calls: Readonly<Partial<Record<string, (args: ReadonlyArray<Argument>) => Value | null>>> = {
  list: args => ({ _tag: 'List', values: args.map(({ value }) => value), names: args.map(({ name }) => name) }),
  c: args => ({
    _tag: 'Vector',
    values: args.flatMap(({ value }) => atomsOf(value)),
    names: args.map(({ name }) => name),
    dim: [],
    dimnames: []
  }),
  structure: ([first, ...attributes]) => {
    if (first.value._tag === 'List') return first.value
    const dimnames = named(attributes, 'dimnames')
    return {
      ...first.value,
      dim: numbersOf(named(attributes, 'dim')),
      dimnames: dimnames?._tag === 'List' ? dimnames.values.map(wordsOf) : []
    }
  },
  array: ([first, ...rest]) =>
    first.value._tag === 'Vector' ? { ...first.value, dim: numbersOf(named(rest, 'dim') ?? rest[0]?.value) } : null
}

const token =
  /(?:(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)L?|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|`([^`]*)`|([A-Za-z.][\w.]*)|(<-|[-(),=:]))/y

const constants: Readonly<Partial<Record<string, Value>>> = {
  NULL: { _tag: 'List', values: [], names: [] },
  TRUE: vector([true]),
  FALSE: vector([false]),
  NA: vector([null]),
  NA_real_: vector([null]),
  NA_integer_: vector([null]),
  NA_character_: vector([null]),
  NaN: vector([NaN]),
  Inf: vector([Infinity])
}

/** What stands between tokens: spaces, and comments to the end of their line. */
const between = /(?:\s|#[^\n]*)*/y

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'sign'
  readonly text: string
}

const tokensOf = (text: string): ReadonlyArray<Token> | null => {
  const all: Token[] = []
  const past = (at: number): number => {
    between.lastIndex = at
    between.test(text)
    return between.lastIndex
  }
  let at = past(0)
  while (at < text.length) {
    token.lastIndex = at
    const found = token.exec(text)
    if (found === null) return null
    const [, number, quoted, ticked, name, sign] = found as ReadonlyArray<string | undefined>
    all.push(
      number !== undefined
        ? { kind: 'number', text: number }
        : quoted !== undefined
          ? { kind: 'text', text: quoted.slice(1, -1).replace(/\\(.)/g, '$1') }
          : name !== undefined || ticked !== undefined
            ? { kind: 'name', text: name ?? ticked ?? '' }
            : { kind: 'sign', text: sign ?? '' }
    )
    at = past(token.lastIndex)
  }
  return all
}

/** Calls in calls, at most: no text of a model comes near. */
const DEPTH = 100

/** The value that a text is, assigned to a name or not; null where it is none of these. */
export const read = (text: string): Value | null => {
  const tokens = tokensOf(text)
  if (tokens === null) return null
  let at = 0
  const is = (sign: string): boolean => at < tokens.length && tokens[at].kind === 'sign' && tokens[at].text === sign
  const take = (sign: string): boolean => {
    const taken = is(sign)
    if (taken) at++
    return taken
  }
  const argument = (depth: number): Argument | null => {
    const [first, next] = [tokens.at(at), tokens.at(at + 1)]
    const isNamed = (first?.kind === 'name' || first?.kind === 'text') && next?.kind === 'sign' && next.text === '='
    if (isNamed) at += 2
    const found = value(depth)
    return found === null ? null : { name: isNamed ? first.text : '', value: found }
  }
  const value = (depth: number): Value | null => {
    const first = tokens.at(at++)
    if (first === undefined || depth > DEPTH) return null
    if (first.kind === 'number') {
      const from = Number(first.text)
      if (!take(':')) return vector([from])
      const last = tokens.at(at++)
      const to = last?.kind === 'number' ? Number(last.text) : NaN
      const steps = Math.abs(to - from)
      return Number.isInteger(steps) && steps < 1e6
        ? vector(Array.from({ length: steps + 1 }, (_, i) => (to < from ? from - i : from + i)))
        : null
    }
    if (first.kind === 'text') return vector([first.text])
    if (first.kind === 'sign') {
      // The sign of what is no digit: -Inf.
      const rest = first.text === '-' ? value(depth) : null
      return rest?._tag === 'Vector' ? { ...rest, values: numbersOf(rest).map(x => -x) } : null
    }
    if (!take('(')) return constants[first.text] ?? null
    const args: Argument[] = []
    while (!take(')')) {
      if (args.length > 0 && !take(',')) return null
      const next = argument(depth + 1)
      if (next === null) return null
      args.push(next)
    }
    const call = Object.hasOwn(calls, first.text) ? calls[first.text] : undefined
    return call === undefined || (args.length === 0 && first.text !== 'list' && first.text !== 'c') ? null : call(args)
  }
  if (tokens.at(0)?.kind === 'name' && tokens.at(1)?.text === '<-') at = 2
  const found = value(0)
  return at === tokens.length ? found : null
}

/** As JSON has it: lists as objects, arrays as nested lists with the first index outermost, a vector of one as that one. */
export const plain = (value: Value): unknown => {
  if (value._tag === 'List') {
    if (value.values.length === 0) return null
    return Object.fromEntries(value.values.map((one, i) => [value.names[i], plain(one)]))
  }
  const { values, dim } = value
  if (dim.length === 0) return values.length === 1 ? values[0] : values
  const nest = (axis: number, from: number, stride: number): unknown =>
    axis === dim.length
      ? values[from]
      : Array.from({ length: dim[axis] }, (_, i) => nest(axis + 1, from + i * stride, stride * dim[axis]))
  return nest(0, 0, 1)
}
