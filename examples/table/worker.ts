/** The library's side of the page: the commands of the command line, on files in memory. Knows no page. */
import * as E from 'fp-ts/lib/Either.js'
import { Picture, type Points, Problem } from 'ornstein'
import { memoryFiles, decompress } from '../../src/cli/memoryFiles.js'
import { FIT_OPTIONS } from '../../src/cli/fitOptions.js'
import { optionName, readOptions } from '../../src/cli/option.js'
import { tableProblemAsOption, csvOptions, READING_OPTIONS } from '../../src/cli/tableOptions.js'
import { assignCommand, evaluateCommand, fitCommand } from '../../src/cli/tableCommands.js'
import { standard } from '../../src/standard.js'
import { gridToTable, reasonIgnored } from '../../src/data/grid.js'
import type { CommandFailure, World } from '../../src/cli/world.js'

declare const VERSION: string

/** An option as a form shows it. */
export interface Control {
  readonly key: string
  readonly name: string
  readonly about: string
  readonly otherwise: string | null
  /** Null: a text. */
  readonly words: ReadonlyArray<string> | null
  readonly isFlag: boolean
}
type Given = Readonly<Record<string, string | boolean>>

/** What is wrong, and the option that it is about. */
type Wrong = ReadonlyArray<string>

export interface Table {
  readonly names: ReadonlyArray<string>
  readonly columns: ReadonlyArray<string>
  readonly ignored: ReadonlyArray<{ readonly name: string; readonly why: string }>
  readonly rows: number
  readonly missing: number
  /** The decimal mark, if the table itself tells it. */
  readonly decimal?: string
}
export interface Made {
  readonly told: string
  readonly report: string
  readonly files: Readonly<Record<string, Blob>>
}

export type Question =
  | { readonly ask: 'open'; readonly name: string; readonly content: Blob | null; readonly given: Given }
  | { readonly ask: 'fit'; readonly name: string; readonly given: Given }
  | { readonly ask: 'assign'; readonly name: string; readonly model: Blob; readonly given: Given }
  | { readonly ask: 'stop' }
export type Reply =
  | { readonly is: 'form'; readonly controls: Readonly<Record<string, Control>> }
  | { readonly is: 'table'; readonly table: Table | null; readonly wrong: Wrong }
  | { readonly is: 'progress'; readonly text: string }
  | { readonly is: 'picture'; readonly svg: string }
  /** `next` is what is still done; then more files follow. */
  | { readonly is: 'made'; readonly made: Made | null; readonly wrong: Wrong; readonly next?: string }
  | { readonly is: 'more'; readonly files: Made['files']; readonly wrong: Wrong }

const say = (reply: Reply): void => {
  self.postMessage(reply)
}

const shown = ({ problems }: CommandFailure): Wrong => problems.map(Problem.show)

let given: Map<string, Uint8Array> = new Map()
const made = new Map<string, Uint8Array>()
let told = ''
let isStopped = false
let notes: string[] = []
/** When what is found so far was drawn, which is done once a second. */
let drawn = 0
const SECOND = 1000

/** Forgets what was made and told before. */
const afresh = (): void => {
  made.clear()
  told = ''
  isStopped = false
  notes = []
}

const files = (): ReturnType<typeof memoryFiles> => memoryFiles(given, made)
const world = (): World => ({
  ...files(),
  version: VERSION,
  stdout: content => () => {
    told += typeof content === 'string' ? content : ''
    return Promise.resolve()
  },
  stderr: text => {
    // a line of progress begins where the one before did
    const line = text.replace('\r\x1b[2K', '')
    if (line === text) notes.push(text)
    else if (line !== '') say({ is: 'progress', text: line })
  },
  isTTY: true,
  terminal: { out: 90, err: 200, isColoured: false },
  untilSignal: work =>
    work(async () => {
      // messages arrive meanwhile
      await new Promise(resolve => setTimeout(resolve))
      return isStopped ? 'SIGINT' : null
    }),
  setWaiting: () => undefined,
  now: () => performance.now(),
  onFit: found => {
    if (performance.now() - drawn < SECOND) return
    drawn = performance.now()
    const best = found()
    if (E.isRight(best) && best.right.candidates.length > 1)
      say({ is: 'picture', svg: String(Picture.candidates(best.right)) })
  }
})

/** Columns that hold one number only. */
const constantsOf = ({ columns, points: { dim, values } }: { columns: ReadonlyArray<string>; points: Points.Points }) =>
  columns.filter((_, j) => {
    const cells = values.filter((x, i) => i % dim === j && !Number.isNaN(x))
    return values.length > dim && cells.every(x => x === cells[0])
  })

/** True if some cell is a number with a decimal comma that separates no thousands: 1,5 between semicolons or tabs. */
const hasDecimalCommas = (text: string): boolean => /(^|[;\t])\s*"?-?\d+,(\d{1,2}|\d{4,})"?\s*($|[;\t])/m.test(text)

/** How much of a table is looked at for its decimal mark. */
const SEEN = 1e6

const open = async (question: Question & { ask: 'open' }): Promise<Reply> => {
  const { name, content, given: asked } = question
  if (content !== null) {
    const bytes = await decompress(name, new Uint8Array(await content.arrayBuffer()))
    if (E.isLeft(bytes)) return { is: 'table', table: null, wrong: shown(bytes.left) }
    given = new Map([[name, bytes.right]])
  }
  const plain = await tableIn(question)
  const start = given.get(name)?.subarray(0, SEEN)
  if ('decimal' in asked || start === undefined || !hasDecimalCommas(new TextDecoder().decode(start))) return plain
  const read = await tableIn({ ...question, given: { ...asked, decimal: ',' } })
  const isBetter =
    plain.table === null || plain.wrong.length > 0 || (read.table?.columns.length ?? 0) > plain.table.columns.length
  return read.table !== null && read.wrong.length === 0 && isBetter
    ? { ...read, table: { ...read.table, decimal: ',' } }
    : plain
}

/** The columns of a table, and what keeps it from being learned from as it is. */
const tableIn = async ({
  name,
  given: asked
}: Question & { ask: 'open' }): Promise<Reply & { readonly is: 'table' }> => {
  const { values, problems } = await readOptions(
    READING_OPTIONS,
    { ...asked, missing: 'em' },
    { vocabulary: () => Promise.resolve(E.right(standard)) }
  )
  if (problems.length > 0) return { is: 'table', table: null, wrong: problems.map(Problem.show) }
  // without a problem each option has its value
  const options = { ...csvOptions(values as Parameters<typeof csvOptions>[0]), keep: { columns: [], classes: 12 } }
  const grid = files().gridOf('FILE', name, options)
  if (E.isLeft(grid)) return { is: 'table', table: null, wrong: shown(grid.left) }
  const wrong = (problem: Problem.Problem): Wrong => [Problem.show(tableProblemAsOption(name)(problem))]
  if (E.isLeft(grid.right)) return { is: 'table', table: null, wrong: wrong(grid.right.left) }
  const cells = grid.right.right
  const { names, rows } = cells
  const table = gridToTable(options)(cells)
  if (E.isLeft(table)) {
    const ignored = names.flatMap((name, j) => {
      const why = reasonIgnored(cells)(j)
      return why === null ? [] : [{ name, why }]
    })
    const columns = names.filter(name => !ignored.some(one => one.name === name))
    return { is: 'table', table: { names, columns, ignored, rows, missing: 0 }, wrong: wrong(table.left) }
  }
  const { ignored, points } = table.right
  const same = constantsOf(table.right)
  const constants = same.length < table.right.columns.length ? same : []
  const columns = table.right.columns.filter(column => !constants.includes(column))
  const left = [...ignored, ...constants.map(name => ({ name, why: 'the same in every row' }))]
  const missing = points.values.reduce((sum, x) => sum + (Number.isNaN(x) ? 1 : 0), 0)
  return { is: 'table', table: { names, rows, columns, ignored: left, missing }, wrong: [] }
}

/** How a table is read, of what is asked of a fit. */
const asRead = (asked: Given): Given =>
  Object.fromEntries(Object.entries(asked).filter(([key]) => key in READING_OPTIONS || key === 'columns'))

const blobs = (all: Iterable<readonly [string, Uint8Array]>): Made['files'] =>
  Object.fromEntries(Array.from(all, ([path, bytes]) => [path, new Blob([Uint8Array.from(bytes)])]))

/** What was written, and what was told. */
const reply = (wrong: Wrong): Reply & { readonly is: 'made' } => ({
  is: 'made',
  made: { told, report: new TextDecoder().decode(made.get('report.html')), files: blobs(made) },
  wrong: [...notes, ...wrong]
})

/** What `fit` and then `assign` do: the files that they write. */
const learn = async ({ name, given: asked }: Question & { ask: 'fit' }): Promise<Reply> => {
  afresh()
  const here = world()
  const fitted = await fitCommand.work([name], { ...asked, out: 'model.json', report: 'report.html' })(here)()
  if (E.isLeft(fitted)) return { is: 'made', made: null, wrong: shown(fitted.left) }
  // what was found is shown while rows are assigned
  say({ ...reply([]), next: 'assigning rows' })
  const assigned = await assignCommand.work(['model.json', name], { ...asRead(asked), out: 'assigned.csv' })(here)()
  const files = blobs([...made].filter(([path]) => path === 'assigned.csv'))
  return { is: 'more', files, wrong: E.isLeft(assigned) ? shown(assigned.left) : [] }
}

/** What `evaluate` and `assign` do with a model that is given. */
const assigned = async ({ name, model, given: asked }: Question & { ask: 'assign' }): Promise<Reply> => {
  afresh()
  given.set('model.json', new Uint8Array(await model.arrayBuffer()))
  // the model knows its columns
  const how = Object.fromEntries(Object.entries(asRead(asked)).filter(([key]) => key !== 'columns'))
  const labels = 'labels' in asked ? { labels: asked.labels } : {}
  const here = world()
  const judged = await evaluateCommand.work(['model.json', name], { ...how, ...labels })(here)()
  if (E.isLeft(judged)) return { is: 'made', made: null, wrong: shown(judged.left) }
  const written = await assignCommand.work(['model.json', name], { ...how, out: 'assigned.csv' })(here)()
  return reply(E.isLeft(written) ? shown(written.left) : [])
}

self.onmessage = async ({ data }: MessageEvent<Question>): Promise<void> => {
  if (data.ask === 'stop') {
    isStopped = true
    return
  }
  try {
    say(await (data.ask === 'open' ? open(data) : data.ask === 'fit' ? learn(data) : assigned(data)))
  } catch (error) {
    const wrong = [`not your mistake but ours: ${error instanceof Error ? error.message : String(error)}`]
    say(data.ask === 'open' ? { is: 'table', table: null, wrong } : { is: 'made', made: null, wrong })
  }
}

/** What may be asked of a fit, in the words of the command line. */
const controls = Object.entries(FIT_OPTIONS).map(
  ([key, { about, otherwise = null, argument, opposite }]): [string, Control] => {
    const words = opposite === undefined ? (argument?.words ?? null) : ['yes', 'no']
    return [
      key,
      { key, name: optionName(key), about, otherwise, words, isFlag: argument === null && opposite === undefined }
    ]
  }
)
say({ is: 'form', controls: Object.fromEntries(controls) })
