/** Version of the random number generator, stored with runs. */
import * as t from 'io-ts'
import { Key } from '../../lib/index.js'
import * as Problem from '../core/problem.js'

/** Codec of the stored field. */
export const field = t.type({ generator: t.number })

export const generatorField = { generator: Key.generator }

/** True for the current version. */
export const isCurrentGenerator = ({ generator }: t.TypeOf<typeof field>): boolean => generator === Key.generator

/** Returns the problem of continuing with another generator; `anew` is a remedy. */
export const generatorProblem = (where: string, { generator }: t.TypeOf<typeof field>, anew: string): Problem.Problem =>
  Problem.of(
    where,
    `random numbers of generator ${generator}`,
    `of generator ${Key.generator}, which draws other ones`,
    `use the ornstein that wrote it, or ${anew}`
  )
