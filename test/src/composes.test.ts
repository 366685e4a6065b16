/**
 * Everything composes with everything: every pair of built-in values meets in some pipeline, which either takes two steps
 * with finite numbers or is refused; refused if and only if a reason, judged here by itself, says so.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { add, Key, matMul, mean, neg, square, sub, tanh } from '../../lib/index.js'
import * as vocabulary from '../../src/cli/glossary.js'
import {
  Compile,
  Expectation,
  Initializer,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  type Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  Weighting
} from '../../src/index.js'
import * as Case from '../../src/core/case.js'
import * as NoiseLevels from '../../src/objective/noiseLevels.js'
import * as Params from '../../src/core/params.js'
import { isSlow, spread } from '../cases.js'

const data: Points.Points = {
  rows: 8,
  dim: 2,
  values: Key.normal(16)(Key.fromSeed(3)).map((z, i) => z + (i < 8 ? 1.5 : -1.5))
}

const examples = <T>({ words }: vocabulary.GlossaryConcept<T>): ReadonlyArray<T> => words.map(({ example }) => example)

// —— what is combined ——

const student = (predicts: Parametrization.Parametrization): Score.Score<string> =>
  Score.custom({
    name: 'student',
    shapes: dim => ({ matrix: [dim, dim], offset: [dim] }),
    apply: ({ matrix, offset }, x) => neg(add(matMul(tanh(x), matrix), add(x, offset))),
    predicts
  })

type Kind = 'Denoising' | 'Implicit' | 'Likelihood' | 'Regularizer' | 'Integrand'

interface Form {
  readonly name: string
  /** What its terms are made of. */
  readonly terms: ReadonlyArray<Kind>
  readonly estimated?: boolean
  readonly build: (
    law: NoiseLevels.NoiseLevels,
    parametrization: Parametrization.Parametrization,
    weighting: Weighting.Weighting
  ) => Objective.Objective
}

const l2 = Objective.regularizer({ norm: 'l2' })

const forms: ReadonlyArray<Form> = [
  { name: 'denoising', terms: ['Denoising'], build: (t, p, w) => Objective.weight(w)(Objective.denoising(t, p)) },
  { name: 'implicit', terms: ['Implicit'], build: (t, _, w) => Objective.weight(w)(Objective.implicit(t)) },
  ...(['hutchinson', 'sliced'] as const).map((divergence): Form => ({
    name: divergence,
    terms: ['Implicit'],
    estimated: true,
    build: (t, _, w) => Objective.weight(w)(Objective.implicit(t, { divergence }))
  })),
  { name: 'likelihood', terms: ['Likelihood'], build: (_t, _p, w) => Objective.weight(w)(Objective.likelihood) },
  { name: 'regularizer', terms: ['Regularizer'], build: (_t, _p, w) => Objective.weight(w)(l2) },
  {
    name: 'sum',
    terms: ['Denoising', 'Implicit', 'Regularizer'],
    build: (t, p, w) =>
      Objective.sum([
        Objective.weight(w)(Objective.denoising(t, p)),
        Objective.weight(0.5)(Objective.implicit(t)),
        Objective.weight(0.01)(l2)
      ])
  },
  {
    name: 'custom',
    terms: ['Integrand'],
    build: (t, _, w) =>
      Objective.weight(w)(Objective.custom('mine', t, ({ score, target }) => mean(square(sub(score, target)), 1)))
  }
]

const descent = Optimizer.gradientDescent({ rate: 1e-3 })

/** Plain descent; each as it is, and each part in the place in a chain where it is of use. */
const optimizers: ReadonlyArray<Optimizer.Optimizer> = [
  descent,
  ...examples(vocabulary.optimizers).flatMap((optimizer): ReadonlyArray<Optimizer.Optimizer> =>
    Case.isMadeBy(Optimizer.chain)(optimizer)
      ? [optimizer]
      : [optimizer, Optimizer.chain(optimizer, descent), Optimizer.chain(descent, optimizer)]
  )
]

const factors = {
  schedule: examples(vocabulary.schedules),
  // The last two reach the end of some schedules, and past it.
  noiseLevels: [...examples(vocabulary.noiseLevels), NoiseLevels.at(1), NoiseLevels.uniform(0.5, 2)],
  weighting: examples(vocabulary.weightings),
  parametrization: examples(vocabulary.parametrizations),
  // The vocabulary's fixed noise is for other data.
  expectation: [
    ...examples(vocabulary.expectations),
    Expectation.fixed({ ...data, values: Key.normal(16)(Key.fromSeed(5)) })
  ],
  form: forms,
  score: [
    Score.symmetricPair,
    Score.spherical({ components: 2 }),
    Score.isotropic({ components: 3 }),
    student(Parametrization.score),
    student(Parametrization.noise)
  ],
  optimizer: optimizers,
  initializer: examples(vocabulary.initializers)
} satisfies Readonly<Record<string, ReadonlyArray<unknown>>>

type Factor = keyof typeof factors
type Cell = { readonly [K in Factor]: (typeof factors)[K][number] }
type Indices = Readonly<Record<Factor, number>>

const names = Object.keys(factors) as ReadonlyArray<Factor>
const pairsOf = names.flatMap((a, i) => names.slice(i + 1).map(b => [a, b] as const))

/** Where the values of a factor begin, all values in one row. */
const offsets = new Map(
  names.map((name, i) => [name, names.slice(0, i).reduce((sum, of) => sum + factors[of].length, 0)])
)
const total = names.reduce((sum, name) => sum + factors[name].length, 0)

/** A number for each pair of values, in whatever order. */
const pairKey = (a: Factor, i: number, b: Factor, j: number): number => {
  const x = (offsets.get(a) ?? NaN) + i
  const y = (offsets.get(b) ?? NaN) + j
  return x < y ? x * total + y : y * total + x
}

/** Every pair of values of two factors, to be met. */
const allPairs = (): Map<number, Partial<Indices>> =>
  new Map(
    pairsOf.flatMap(([a, b]) =>
      factors[a].flatMap((_, i) => factors[b].map((_, j) => [pairKey(a, i, b, j), { [a]: i, [b]: j }] as const))
    )
  )

const close = (open: Map<number, unknown>, row: Indices): void => {
  for (const [a, b] of pairsOf) open.delete(pairKey(a, row[a], b, row[b]))
}

/** How many open pairs a value would close with the others of a row. */
const gain = (open: Map<number, unknown>, row: Partial<Indices>, name: Factor, i: number): number =>
  names.reduce((count, other) => {
    const j = row[other]
    return other !== name && j !== undefined && open.has(pairKey(name, i, other, j)) ? count + 1 : count
  }, 0)

const best = (open: Map<number, unknown>, row: Partial<Indices>, name: Factor, turn: number): number =>
  factors[name]
    // Ties go round, so that no value is the usual one.
    .map((_, i) => (i + turn) % factors[name].length)
    .map(i => ({ i, gain: gain(open, row, name, i) }))
    .reduce((best, next) => (next.gain > best.gain ? next : best)).i

/**
 * Rows that cover every pair, greedily: each begins with a pair that is still open, and takes for every other factor the
 * value that closes most pairs with those already there.
 */
const covering = (): ReadonlyArray<Indices> => {
  const open = allPairs()
  const rows: Indices[] = []
  for (const seed of open.values()) {
    const row = names
      .filter(name => !(name in seed))
      // All names have their value in the end.
      .reduce((row, name) => ({ ...row, [name]: best(open, row, name, rows.length) }), seed) as Indices
    close(open, row)
    rows.push(row)
  }
  return rows
}

/** Pipelines that nothing is wrong with; what a pair of values needs beside itself, one of them has. */
const plain: ReadonlyArray<Indices> = [0, 1, 2, 3].flatMap(score =>
  [0, 1, 4].flatMap(expectation =>
    [0, 5].map(form => ({
      schedule: 0,
      noiseLevels: 0,
      weighting: 0,
      parametrization: 0,
      initializer: 0,
      optimizer: optimizers.indexOf(descent),
      expectation,
      form,
      score
    }))
  )
)

/** A quadrature over many levels takes most of a second for each gradient, and some optimizers ask for thirty a step. */
const isDear = (row: Indices): boolean => {
  const { expectation, noiseLevels } = cellOf(row)
  return (
    Case.isMadeBy(Expectation.quadrature)(expectation) &&
    !Case.isMadeBy(NoiseLevels.at)(noiseLevels) &&
    optimizers[row.optimizer] !== descent
  )
}

/** What a loss is made of, of which optimizers and starts see nothing but parameters and gradients. */
const ofLevels: ReadonlyArray<Factor> = ['schedule', 'noiseLevels', 'weighting', 'parametrization']
const besideLevels: ReadonlyArray<Factor> = ['optimizer', 'initializer']

/**
 * Rows with every pair that no reason keeps apart: in each nothing is wrong, and a pair that is not met is never right. Where they are
 * not run, with every value of which there is such a pair. No pair needs a row that is dear: three values make it so.
 */
const running = (): ReadonlyArray<Indices> => {
  const open = allPairs()
  for (const [key, pair] of open)
    if (ofLevels.some(name => name in pair) && besideLevels.some(name => name in pair)) open.delete(key)
  const rows: Indices[] = []
  const sound = (row: Indices): boolean => {
    const cell = cellOf(row)
    return !isDear(row) && !Object.values(reasons).some(holds => holds(cell))
  }
  for (const seed of open.values()) {
    const isMet = names.every(name => !(name in seed) || rows.some(row => row[name] === seed[name]))
    if (isMet && !isSlow) continue
    const start = plain.map(row => ({ ...row, ...seed })).find(sound)
    if (start === undefined) continue
    const row = names
      .filter(name => !(name in seed))
      .reduce<Indices>((row, name) => {
        const changed = { ...row, [name]: best(open, row, name, rows.length) }
        return sound(changed) ? changed : row
      }, start)
    close(open, row)
    rows.push(row)
  }
  return rows
}

const cellOf = (row: Indices): Cell =>
  // Each name is given a value of its own list, which `fromEntries` forgets.
  Object.fromEntries(names.map(name => [name, factors[name][row[name]]])) as unknown as Cell

const pipelineOf = (cell: Cell): Pipeline.Pipeline<string> =>
  Pipeline.of<string>({
    schedule: cell.schedule,
    score: cell.score,
    initializer: cell.initializer,
    stages: [
      Stage.descend({
        objective: cell.form.build(cell.noiseLevels, cell.parametrization, cell.weighting),
        expectation: cell.expectation,
        optimizer: cell.optimizer,
        steps: 2
      })
    ]
  })

// —— why a cell is to be refused ——

const isMatching = (term: Kind): boolean => term !== 'Likelihood' && term !== 'Regularizer'
const hasLevels = ({ form }: Cell): boolean => form.terms.some(isMatching)
const isMixture = ({ score }: Cell): boolean => !Case.isMadeBy(Score.custom)(score)

/** The latest time that a law names. */
const latest = (law: NoiseLevels.NoiseLevels): number =>
  pipe(
    law,
    Case.firstRule(
      Case.when(NoiseLevels.at, ({ time }) => time),
      Case.when(NoiseLevels.uniform, ({ hi }) => hi),
      Case.when(NoiseLevels.logitNormal, ({ until }) => until),
      Case.when(NoiseLevels.nodes, ({ nodes }) => Math.max(...nodes.map(({ time }) => time)))
    ),
    O.getOrElse(() => 0)
  )

const leastLogSnr = (schedule: Schedule.Schedule): number => {
  const last = Schedule.endTime(schedule)
  if (last === Infinity) return -Infinity
  const { alpha, sigma } = Schedule.level(last)(schedule)
  return 2 * Math.log(alpha / sigma)
}

/** Whether the law asks for the level at the very end of the schedule, and no signal is left there. */
const withoutSignal = ({ schedule, noiseLevels }: Cell): boolean =>
  Case.isMadeBy(NoiseLevels.at)(noiseLevels) &&
  noiseLevels.time === 1 &&
  ['cosine', 'rectifiedFlow'].includes(schedule._tag)

/** 1 where gradients come out of it as they are, uphill; −1 where downhill; 0 where nothing does. */
const direction = (optimizer: Optimizer.Optimizer, parameter: string): number =>
  pipe(
    optimizer,
    Case.firstRule(
      Case.when(Optimizer.chain, ({ parts }) => parts.reduce((sign, part) => sign * direction(part, parameter), 1)),
      Case.when(Optimizer.only, ({ names, part }) => (names.includes(parameter) ? direction(part, parameter) : 1)),
      Case.when(Optimizer.freeze, ({ names }) => (names.includes(parameter) ? 0 : 1)),
      Case.when(Optimizer.partition, ({ rules }) => (parameter in rules ? direction(rules[parameter], parameter) : 0)),
      Case.when(Optimizer.scaleByRate, () => -1),
      Case.when(Optimizer.scaleByScheduleFree, () => -1),
      Case.when(Optimizer.scaleByProdigy, () => -1),
      Case.when(Optimizer.scale, ({ factor }) => Math.sign(factor)),
      // Of these no gain is known, which does not count as uphill.
      Case.when(Optimizer.sam, () => 0),
      Case.when(Optimizer.orthogonalize, () => 0),
      Case.when(Optimizer.zero, () => 0)
    ),
    O.getOrElse(() => 1)
  )

const partsOf = (optimizer: Optimizer.Optimizer): ReadonlyArray<Optimizer.Optimizer> =>
  Case.isMadeBy(Optimizer.chain)(optimizer)
    ? optimizer.parts.flatMap(partsOf)
    : Case.isMadeBy(Optimizer.only)(optimizer)
      ? [optimizer, ...partsOf(optimizer.part)]
      : [optimizer]

const namesIn = (optimizer: Optimizer.Optimizer): ReadonlyArray<string> =>
  partsOf(optimizer).flatMap(part =>
    Case.isMadeBy(Optimizer.only)(part) || Case.isMadeBy(Optimizer.freeze)(part)
      ? part.names
      : Case.isMadeBy(Optimizer.partition)(part)
        ? Object.keys(part.rules)
        : []
  )

const parametersOf = ({ score }: Cell): ReadonlyArray<string> => Object.keys(Score.shapes(data.dim)(score))

const given = ({ initializer }: Cell): number | null =>
  Case.isMadeBy(Initializer.centres)(initializer) || Case.isMadeBy(Initializer.warmStart)(initializer)
    ? initializer.centres.length
    : null

const centresOf = ({ score }: Cell): number => ('components' in score ? score.components : 1)

/** Why a cell must be refused; one that none of these holds of must run. */
const reasons: Readonly<Record<string, (cell: Cell) => boolean>> = {
  'times are those of the schedule': cell =>
    hasLevels(cell) && latest(cell.noiseLevels) > Schedule.endTime(cell.schedule),
  'log-SNRs are those of the schedule': cell =>
    hasLevels(cell) &&
    Case.isMadeBy(NoiseLevels.uniformLogSnr)(cell.noiseLevels) &&
    cell.noiseLevels.lo < leastLogSnr(cell.schedule),
  'without noise nothing is measured against it': ({ form, noiseLevels }) =>
    NoiseLevels.isCleanLaw(noiseLevels) && form.terms.some(term => term === 'Denoising' || term === 'Integrand'),
  'without noise the schedule has none at its beginning': cell =>
    hasLevels(cell) && NoiseLevels.isCleanLaw(cell.noiseLevels) && Schedule.level(0)(cell.schedule).sigma > 0,
  'without noise the ratio of signal to noise has no bound': ({ form, noiseLevels, weighting }) =>
    form.terms.some(isMatching) &&
    NoiseLevels.isCleanLaw(noiseLevels) &&
    ['edm', 'snr', 'truncatedSnr'].includes(weighting._tag),
  'a weighting needs noise levels': ({ form, weighting }) =>
    form.name !== 'sum' && !form.terms.every(isMatching) && !Case.isMadeBy(Weighting.constant)(weighting),
  'where no signal is left, only score and noise have a finite error': cell =>
    withoutSignal(cell) &&
    cell.form.terms.includes('Denoising') &&
    !['score', 'noise'].includes(cell.parametrization._tag),
  'where no signal is left, g² is infinite': cell =>
    withoutSignal(cell) && hasLevels(cell) && Case.isMadeBy(Weighting.likelihood)(cell.weighting),
  'a quadrature asks for the symmetric pair': ({ expectation, score }) =>
    Case.isMadeBy(Expectation.quadrature)(expectation) && !Case.isMadeBy(Score.symmetricPair)(score),
  'a projection asks for a mixture': cell => Case.isMadeBy(Expectation.projected)(cell.expectation) && !isMixture(cell),
  'fixed noise has a row for each row of the data': ({ expectation }) =>
    Case.isMadeBy(Expectation.fixed)(expectation) && expectation.noise.shape[0] !== data.rows,
  'a custom objective may look at all the noise': ({ form, expectation }) =>
    form.terms.includes('Integrand') && ['projected', 'quadrature'].includes(expectation._tag),
  'an estimated divergence asks for plain noise drawn anew': ({ form, expectation }) =>
    form.estimated === true && !Case.isMadeBy(Expectation.monteCarlo)(expectation),
  'the likelihood asks for a density': cell => cell.form.terms.includes('Likelihood') && !isMixture(cell),
  'L-BFGS, Newton and line searches ask for a deterministic loss': cell =>
    hasLevels(cell) &&
    ['monteCarlo', 'projected'].includes(cell.expectation._tag) &&
    partsOf(cell.optimizer).some(({ _tag }) => ['scaleByLbfgs', 'scaleByNewton', 'lineSearch'].includes(_tag)),
  'an optimizer goes downhill': cell => parametersOf(cell).some(name => direction(cell.optimizer, name) > 0),
  'what speaks of iterates comes after the rate': ({ optimizer }) =>
    ['project', 'average', 'ema', 'lookahead', 'lineSearch'].includes(partsOf(optimizer)[0]?._tag),
  'only matrices are orthogonalized': ({ optimizer, score }) =>
    partsOf(optimizer).some(({ _tag }) => _tag === 'orthogonalize') &&
    Object.values(Score.shapes(data.dim)(score)).some(shape => shape.length < 2),
  'an optimizer speaks of parameters that are there': cell =>
    namesIn(cell.optimizer).some(name => !parametersOf(cell).includes(name)),
  'only normal starts do without centres': cell =>
    !isMixture(cell) && !Case.isMadeBy(Initializer.gaussian)(cell.initializer),
  'a mixture does not begin by itself': cell =>
    isMixture(cell) && Case.isMadeBy(Initializer.networkDefault)(cell.initializer),
  'as many centres are given as there are': cell => given(cell) !== null && given(cell) !== centresOf(cell),
  'parameters are given by their names': cell =>
    Case.isMadeBy(Initializer.values)(cell.initializer) &&
    Object.keys(cell.initializer.values).join() !== parametersOf(cell).join()
}

const whyNot = (cell: Cell): ReadonlyArray<string> =>
  Object.entries(reasons).flatMap(([reason, holds]) => (holds(cell) ? [reason] : []))

interface Verdict {
  /** What is wrong, with the pipeline as code. */
  readonly fault: string | null
  /** Whether its steps led away from the data. */
  readonly away?: boolean
}

const judged = (cell: Cell): Verdict => {
  const why = whyNot(cell)
  const pipeline = pipelineOf(cell)
  const fault = (text: string): Verdict => ({
    fault: `${text}\n  ${Pipeline.show(pipeline).replaceAll('\n', '\n  ')}`
  })
  const compiled = Compile.pipeline(pipeline)(data)
  if (E.isLeft(compiled))
    return why.length > 0
      ? { fault: null }
      : fault(`refused without a reason: ${compiled.left.map(Problem.show).join('; ')}`)
  if (why.length > 0) return fault(`runs, although ${why.join(' and ')}`)
  const states = [...Run.states(compiled.right)(Key.fromSeed(1))]
  const { status } = states[states.length - 1]
  // The rate suits no pair in particular: with some the steps are too long, and the run says so in place of going on.
  const away = status._tag === 'Failed' && status.problem.domain.includes('as far as the data reach')
  const finite = states
    .slice(1, away ? -1 : undefined)
    .every(
      ({ value, norm, params }) => Number.isFinite(value) && Number.isFinite(norm) && Params.isFiniteParams(params)
    )
  return finite && (away || (states.length === 3 && status._tag === 'Finished'))
    ? { fault: null, away }
    : fault(`is not two finite steps${status._tag === 'Failed' ? `: ${Problem.show(status.problem)}` : ''}`)
}

const faultsOf = (verdicts: ReadonlyArray<Verdict>): ReadonlyArray<string> =>
  verdicts.flatMap(({ fault }) => (fault === null ? [] : [fault])).slice(0, 5)

it('every pair of values meets: it runs, or is refused for a reason that is right', () => {
  // Three values make the last reason, of which a cover of pairs may have none.
  const signalless: Indices = {
    ...plain[0],
    schedule: factors.schedule.findIndex(({ _tag }) => _tag === 'cosine'),
    noiseLevels: factors.noiseLevels.findIndex(law => Case.isMadeBy(NoiseLevels.at)(law) && law.time === 1),
    weighting: factors.weighting.findIndex(Case.isMadeBy(Weighting.likelihood))
  }
  const cells = [...covering(), signalless].map(cellOf)
  // Each reason is met.
  const met = new Set(cells.flatMap(whyNot))
  expect(Object.keys(reasons).filter(reason => !met.has(reason))).toEqual([])
  const verdicts = spread(16)(cells).map(judged)
  expect(faultsOf(verdicts)).toEqual([])
  // Most do go on.
  expect(verdicts.filter(({ away }) => away === true).length).toBeLessThan(verdicts.length / 10)
})

describe('every pair of values that no reason keeps apart', () => {
  const rows = running()

  it.runIf(isSlow)('runs', () => {
    expect(faultsOf(rows.map(row => judged(cellOf(row))))).toEqual([])
  })

  it('is met: every value runs somewhere, but for what is wrong by itself: noise for other data, no rate, iterates before it; and the start of networks', () => {
    const right = plain.filter(row => whyNot(cellOf(row)).length === 0)
    expect(new Set(right.map(({ expectation }) => expectation))).toEqual(new Set([0, 1, 4]))
    const idle = (name: Factor): ReadonlyArray<number> =>
      factors[name].flatMap((_, i) => (rows.some(row => row[name] === i) ? [] : [i]))
    expect(names.flatMap(name => (name === 'optimizer' ? [] : idle(name).map(i => [name, i])))).toEqual([
      ['expectation', 3],
      // `own` starts networks, and none stands among the scores.
      [
        'initializer',
        vocabulary.initializers.words.findIndex(({ example }) => Case.isMadeBy(Initializer.networkDefault)(example))
      ]
    ])
    expect(
      idle('optimizer')
        .map(i => optimizers[i])
        .filter(optimizer => ['means', 'logits'].every(name => direction(optimizer, name) <= 0))
        .map(optimizer => partsOf(optimizer)[0]._tag)
    ).toEqual(['lineSearch', 'project', 'average', 'ema', 'lookahead'])
  })
})
