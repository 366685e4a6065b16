/** What is kept of a run goes on with the draws that it was begun with: the version of the generator is kept beside it. */
import * as t from 'io-ts'
import { Key } from '../../lib/index.js'
import * as Problem from '../core/problem.js'

/** A field of what is kept; the first version of the generator was not written down. */
export const field = t.partial({ generator: t.number })

/** The field as it is written now. */
export const generatorField = { generator: Key.generator }

/** Whether what is kept was drawn by this version. */
export const isOurs = ({ generator = 1 }: t.TypeOf<typeof field>): boolean => generator === Key.generator

/** Why what is kept is not gone on from. */
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
