/** A table as a leader names it and a worker opens it: a path that both know, and how it is read. */
import { stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import * as t from 'io-ts'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/index.js'
import * as Source from '../data/source/source.js'
import { nodeFiles } from './files.js'
import { tableFiles } from './inputFiles.js'
import { readSourceFile } from './commandSteps.js'

const columnCodec = t.union([t.string, t.number])
const sharedOptionsCodec = t.exact(
  t.partial({
    columns: t.readonlyArray(columnCodec),
    exclude: t.readonlyArray(columnCodec),
    weights: columnCodec,
    missing: t.keyof({ refuse: null, drop: null, keep: null }),
    header: t.union([t.boolean, t.literal('auto')]),
    delimiter: t.string,
    decimal: t.keyof({ '.': null, ',': null }),
    skip: t.number,
    comment: t.string,
    na: t.readonlyArray(t.string)
  })
)
const sharedTableCodec = t.strict({ path: t.string, options: sharedOptionsCodec })

/** What workers are told of a table. */
export const sharedTable = (path: string, options: Points.CsvOptions): unknown =>
  sharedTableCodec.encode({ path, options })

/** Whether a path leads into a folder, or a folder in it. */
export const isInside = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !/^\.\.[/\\]/.test(way) && !isAbsolute(way)
}

/** True if a path leads to what may never end, and keep its reader waiting: neither a file nor a folder of files. */
const holdsPipe = async (path: string): Promise<boolean> => {
  const inputs = await tableFiles('data', path)
  const found = await Promise.all(
    (E.isLeft(inputs) ? [] : inputs.right).map(({ path }) => stat(path).catch(() => null))
  )
  return found.some(one => one !== null && !one.isFile())
}

/** Opens tables of a folder, and of no other; a pipe in it is refused, as it would block the worker. */
export const tableOpener =
  (folder: string) =>
  async (data: unknown): Promise<E.Either<Problem.Problem, Source.Source>> => {
    const read = sharedTableCodec.decode(data)
    if (E.isLeft(read))
      return E.left(
        Problem.of('data', JSON.stringify(data), 'a table by its path', 'take the same version on both sides')
      )
    const path = resolve(folder, read.right.path)
    if (!isInside(folder, path))
      return E.left(Problem.of('data', read.right.path, `in ${folder}`, 'start the worker with --data and its folder'))
    if (await holdsPipe(path))
      return E.left(Problem.of('data', read.right.path, 'a file, but a pipe or a device', 'name a file in the folder'))
    const found = await readSourceFile({ readSource: nodeFiles(process.stdin).readSource }, 'data')(
      path,
      read.right.options
    )()
    return E.isLeft(found) ? E.left(found.left.problems[0]) : E.right(Source.onlyCountedRows(found.right.source))
  }
