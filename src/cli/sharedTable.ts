/** Description of a table for workers: CSV options, and a path relative to each one's folder. */
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

const columnNameOrIndexCodec = t.union([t.string, t.number])
const sharedOptionsCodec = t.exact(
  t.partial({
    columns: t.readonlyArray(columnNameOrIndexCodec),
    exclude: t.readonlyArray(columnNameOrIndexCodec),
    weights: columnNameOrIndexCodec,
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

/** JSON description of a table for workers. */
export const sharedTable = (path: string, options: Points.CsvOptions): unknown =>
  sharedTableCodec.encode({ path, options })

/** True if `path` is inside `folder` or a folder below it. */
export const isInside = (folder: string, path: string): boolean => {
  const fromFolder = relative(folder, path)
  return fromFolder !== '' && fromFolder !== '..' && !/^\.\.[/\\]/.test(fromFolder) && !isAbsolute(fromFolder)
}

/** True if a file of a table is a pipe or a device, whose reader may wait forever. */
const holdsPipe = async (path: string): Promise<boolean> => {
  const inputs = await tableFiles('data', path)
  const found = await Promise.all(
    (E.isLeft(inputs) ? [] : inputs.right).map(({ path }) => stat(path).catch(() => null))
  )
  return found.some(one => one !== null && !one.isFile())
}

/** Returns a function that opens described tables inside `folder`, except pipes. */
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
