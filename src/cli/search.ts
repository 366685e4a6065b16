/** Checkpoints of a choice among candidates: what the parts of it that are learned led to, whole, bit for bit. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import * as Generator from '../transfer/generator.js'
import { type Fit, Params, Problem } from '../index.js'

/** The word that a checkpoint of a search is known by. */
const format = 'ornstein-search'

const outcome = t.union([
  t.type({ params: Params.codec, steps: t.number }),
  t.type({ problem: t.type({ field: t.string, value: t.string, domain: t.string, remedy: t.string }) })
])

const written = t.intersection([
  t.type({
    format: t.literal(format),
    /** The version of what wrote it: another may compute other bits. */
    writer: t.string,
    /** What was asked for, and of which data. */
    asked: t.record(t.string, t.unknown),
    parts: t.record(t.string, outcome)
  }),
  Generator.field
])

/** What tells one search from another. */
export interface Search {
  readonly writer: string
  readonly asked: Readonly<Record<string, unknown>>
}

export type Parts = ReadonlyMap<string, Fit.Outcome>

export const show = ({ writer, asked }: Search, parts: Parts): string =>
  `${JSON.stringify(
    written.encode({
      format,
      writer,
      ...Generator.written,
      asked,
      parts: Object.fromEntries(
        Array.from(parts, ([name, led]) => [name, E.isRight(led) ? led.right : { problem: led.left }])
      )
    })
  )}\n`

/** The parts in the text of a checkpoint; or why a search does not go on from it. */
export const read =
  ({ writer, asked }: Search) =>
  (text: string): E.Either<Problem.Problem, Parts> => {
    const anew = 'start again with another file'
    const refused = (value: string, domain: string, remedy: string): E.Either<Problem.Problem, never> =>
      E.left(Problem.of('checkpoint', value, domain, `${remedy}, or ${anew}`))
    const json = E.tryCatch((): unknown => JSON.parse(text), String)
    if (E.isLeft(json)) return refused('the text', `JSON (${json.left})`, 'take another: this one is damaged')
    const found = written.decode(json.right)
    if (E.isLeft(found))
      return refused('the text', 'a checkpoint of a choice among candidates', 'ask for what it was begun with')
    if (!Generator.isOurs(found.right)) return E.left(Generator.refusal('checkpoint', found.right, anew))
    if (found.right.writer !== writer)
      return refused(found.right.writer, `of ${writer}, whose bits are its own`, `use ${found.right.writer}`)
    const said = (of: Search['asked'], name: string): string => JSON.stringify(of[name] ?? null)
    const other = Object.keys({ ...asked, ...found.right.asked }).find(
      name => said(asked, name) !== said(found.right.asked, name)
    )
    return other === undefined
      ? E.right(
          new Map(
            Object.entries(found.right.parts).map(([name, led]): [string, Fit.Outcome] => [
              name,
              'params' in led ? E.right(led) : E.left({ _tag: 'Problem', ...led.problem })
            ])
          )
        )
      : other === 'data'
        ? refused('the table', 'the one that it was begun on', 'give that')
        : refused(`${other} ${said(asked, other)}`, said(found.right.asked, other), 'ask for what it was begun with')
  }
