/** Tables that benches compare programs on, and what other programs say of them. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { Points, Problem } from '../src/index.js'

export interface Table {
  readonly name: string
  readonly points: Points.Points
  readonly labels: ReadonlyArray<string> | null
}

/** A CSV file. Its last column, where it is no number, is what the rows are. */
export const read = (file: string): Table => {
  const lines = readFileSync(file, 'utf8').trim().split(/\r?\n/)
  const cells = lines.slice(Number.isNaN(Number(lines[0].split(',')[0])) ? 1 : 0).map(line => line.split(','))
  const isLabelled = cells.some(row => Number.isNaN(Number(row[row.length - 1])))
  const rows = cells
    .map(row => ({ values: (isLabelled ? row.slice(0, -1) : row).map(Number), label: row[row.length - 1], row }))
    .filter(({ values, row }) => values.every(Number.isFinite) && row.every(cell => cell !== ''))
  return {
    name: basename(file, '.csv'),
    points: Problem.orThrow(Points.fromRows(rows.map(({ values }) => values))),
    labels: isLabelled ? rows.map(({ label }) => label) : null
  }
}

/** What another program prints of rows, as JSON of this form; null where it is not installed. */
export const said = <A>(
  form: t.Type<A, unknown>,
  command: string,
  script: string,
  points: Points.Points,
  args: ReadonlyArray<string> = []
): A | null => {
  const directory = mkdtempSync(join(tmpdir(), 'families-'))
  try {
    const file = join(directory, 'x.csv')
    writeFileSync(
      file,
      Points.toRows(points)
        .map(row => row.join(','))
        .join('\n')
    )
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
    const found: unknown = JSON.parse(
      execFileSync(command, [script, file, ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    )
    return E.getOrElseW(() => null)(form.decode(found))
  } catch {
    return null
  } finally {
    rmSync(directory, { recursive: true })
  }
}
