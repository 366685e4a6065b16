/** Version of the random number generator, stored with runs, which can only continue with the same generator. */
import * as t from 'io-ts'
import { Key } from '../../lib/index.js'
import * as Problem from '../core/problem.js'

/** Codec of the stored field, which files of generator 1 do not have. */
export const field = t.partial({ generator: t.number })

/** Stored field with the current version. */
export const generatorField = { generator: Key.generator }

/** True for the current version. Default if absent: 1. */
export const isCurrentGenerator = ({ generator = 1 }: t.TypeOf<typeof field>): boolean => generator === Key.generator

/** Problem of continuing with another generator; `anew` is the remedy that starts again. */
export const generatorProblem = (
  where: string,
  { generator = 1 }: t.TypeOf<typeof field>,
  anew: string
): Problem.Problem =>
  Problem.of(
    where,
    `random numbers of generator ${generator}`,
    `of generator ${Key.generator}, which draws other ones`,
    `use the ornstein that wrote it, or ${anew}`
  )
