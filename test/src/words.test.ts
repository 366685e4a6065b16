/** Of every word of every concept: its formula, its JSON, and what is refused of each of its numbers, in test/golden/words.txt. */
import { expect, it } from 'vitest'
import * as glossary from '../../src/cli/glossary.js'
import * as ornstein from '../../src/index.js'
import { Problem } from '../../src/index.js'
import * as Case from '../../src/core/case.js'
import { golden } from '../golden/golden.js'

interface Concept {
  readonly problems?: (value: Case.AnyValue) => unknown
}

/** Both sides of every bound that a field has, and the bounds. */
const ladder = [NaN, -Infinity, -1, -0.5, 0, Number.MIN_VALUE, 0.5, 1, 1.5, 2, 64, 65, Infinity]

/** The numbers in a value and in what stands in it, with the value that has another there. */
const numbers = (value: Case.AnyValue): ReadonlyArray<readonly [string, number, (to: number) => Case.AnyValue]> =>
  Object.entries(value).flatMap(([name, old]) =>
    typeof old === 'number' ? [[name, old, (to: number) => Case.changed({ [name]: to })(value)] as const] : []
  )

/** What is wrong with a value: by its concept, where that needs nothing else to say so. */
const wrong = (value: Case.AnyValue, { problems }: Concept): ReadonlyArray<string> => {
  const said: unknown = problems?.(value)
  return (Array.isArray(said) ? (said as ReadonlyArray<Problem.Problem>) : Case.problems(value)).map(Problem.show)
}

/** What is said of numbers that are refused: the numbers, and the message once. */
const refused = (value: Case.AnyValue, of: Concept): ReadonlyArray<string> => {
  const all = numbers(value)
  const siblings = all.flatMap(([, old]) => [old, old / 2, 2 * old])
  return all.flatMap(([name, , changed]) => {
    const said = new Map<string, number[]>()
    for (const x of [...new Set([...ladder, ...siblings])].sort((a, b) => a - b))
      for (const text of wrong(changed(x), of)) {
        const shown = text.replace(String(x), '⋯')
        said.set(shown, [...(said.get(shown) ?? []), x])
      }
    return [...said].map(([text, xs]) => `    ${name} ${xs.join(' ')}: ${text}`)
  })
}

const words = glossary.standardVocabulary.flatMap(({ concept, words }) =>
  words.map(word => ({ ...word, of: (ornstein as Readonly<Record<string, object>>)[concept] as Concept }))
)

const { Clock, Expectation, Initializer, Objective, Optimizer, Parametrization, Params, Rate } = ornstein
const { Region, Sampler, Schedule, Stage, NoiseLevels, Weighting } = ornstein
const law = NoiseLevels.at(0.3)
const custom = Objective.custom('mine', law, ({ score }) => score)
const em = Stage.expectationMaximization({ steps: 3, relativeChange: 0.1, varianceFloor: 0.5, time: 2 })
const descend = Stage.descend({
  objective: Objective.implicit(NoiseLevels.at(0.4)),
  expectation: Expectation.projected(),
  optimizer: Optimizer.gradientDescent({ rate: 0.5 }),
  steps: 7,
  gradientNorm: 0.01,
  relativeChange: 0.001,
  batch: 64
})
/** What no example shows: names in a list, parts in parts, numbers that are left out. */
const others = [
  Optimizer.only(['a', 'b'], Optimizer.sign),
  Optimizer.partition({ means: Optimizer.project(Region.ball({ radius: 2 })), 'log variances': Optimizer.freeze('a') }),
  Rate.piecewise(Rate.linear({ rate: 0, final: 1, steps: 4 }), [{ from: 4, rate: 0.01 }]),
  Schedule.reparametrized(Clock.affine({ scale: 2 }))(Schedule.reparametrized(Clock.power(2))(Schedule.cosine())),
  ...[Weighting.constant(3), Weighting.softMinSnr({ gamma: 4 }), Weighting.sigmoid({ bias: -1 })],
  ...[Region.box({ most: 1 }), Region.simplex({ total: 3 }), Region.positiveDefinite({ least: 0.5 })],
  ...[Expectation.monteCarlo({ draws: 3, antithetic: true }), Expectation.projected({ antithetic: true }), Expectation.quadrature({ nodes: 2 })], // prettier-ignore
  Expectation.fixed({ rows: 2, dim: 3, values: Float64Array.of(0, 1, 2, 3, 4, 5) }),
  Objective.denoising(law, Parametrization.noise),
  Objective.weight(Weighting.minSnr())(Objective.denoising(law, Parametrization.data)),
  ...(['hutchinson', 'sliced'] as const).map(divergence => Objective.implicit(law, { divergence, probes: 2 })),
  Objective.sum([Objective.weight(2)(Objective.likelihood), custom]),
  Objective.regularizer({ norm: 'l2', towards: Params.of({ logits: [0, 1] }) }),
  Objective.weight(0.5)(Objective.regularizer({ norm: 'l1', smoothing: 0.1, parameters: ['means', 'logits'] })),
  ...[descend, em, Stage.sequence([descend, em]), Stage.repeat(3)(em), Stage.anneal([2, 0.5])(em), Stage.guarded(em)],
  ...[Stage.onSample({ rows: 50 })(em), Stage.restart(4)(em), Stage.powerIteration({ steps: 5, relativeChange: 0.1 })],
  Stage.splitAndMerge({ steps: 4, attempts: 3, polish: 5, varianceFloor: 0.25 }),
  ...[Initializer.nearZero, Initializer.warmStart({ centres: [[1, 2]], radius: 0.5 }), Initializer.values([[1, 2]])],
  ...[Initializer.values(Params.of({ means: [[1, 2]] })), Initializer.bestOf(4)(Initializer.fromData)],
  Initializer.perturbed(0.1)(Initializer.kMeansPlusPlus),
  ...[Parametrization.edm({ sigmaData: 1.3 }), Sampler.dormandPrince({ tolerance: 1e-6 })],
  Sampler.predictorCorrector({ predictor: Sampler.ddim({ eta: 1 }), moves: 2 })
].map(example => ({ name: 'other', code: '', example: example as Case.AnyValue, of: {} as Concept }))

it('every word is in order, prints, goes through JSON unchanged, and refuses what it did', async () => {
  await golden(
    'words',
    [...words, ...others].flatMap(({ name, code, example, of }) => {
      if (!Case.isValue(example)) return [`${name}  ${code}`]
      const json = JSON.stringify(Case.encode(example))
      expect(wrong(example, of), name).toEqual([])
      const inner = Case.placedDescriptions(example).slice(1, 9)
      return [
        `${name}  ${Case.show(example)}`,
        `    ${Case.formula(example)}`,
        `    ${json.slice(0, 400)}`,
        ...refused(example, of),
        ...inner.flatMap(({ path, value }) => refused(value, {}).map(line => `  ${path}${line}`))
      ]
    })
  )
})
