/** Declared capabilities: what is declared and not so is caught, what is shipped passes, and none that `define` knows is forgotten. */
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { square, sub, sum } from '../../lib/index.js'
import * as vocabulary from '../../src/cli/glossary.js'
import {
  Case,
  Initializer,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  TimeLaw,
  Weighting
} from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import { SEED } from '../cases.js'
import { allHold } from './holds.js'
import { instancesOf } from './instances.js'

const nameOf = (capability: string): string => `its ‘${capability}’ is what it stands for`

const heldOf = (value: Case.AnyValue): ReadonlyArray<laws.Law> =>
  laws.of(value).filter(({ name }) => /^its ‘.*’ is what it stands for$/.test(name))

const failing = (value: Case.AnyValue): ReadonlyArray<string> =>
  heldOf(value)
    .filter(({ property }) => fc.check(property, { seed: 1, numRuns: 10, endOnFailure: true }).failed)
    .map(({ name }) => name)

describe('what is declared and is not so is caught', () => {
  const at = TimeLaw.at(0.3)
  const moved = (by: number) => () => (g: Params.Params<string>) => [Params.mapValues(x => by * x)(g), null] as const
  const optimizer = (gain: number, by: number): Optimizer.Optimizer =>
    Optimizer.define({
      name: 'declared',
      about: `says that its gain is ${gain}`,
      memory: t.null,
      init: () => () => null,
      gain: () => () => gain,
      update: moved(by)
    })
  const timeLaw = (meaning: TimeLaw.Meaning): TimeLaw.TimeLaw =>
    TimeLaw.define({ name: 'declared', about: '', meaning: () => meaning })
  const logUniform = { quantile: () => (u: number) => 0.1 * 20 ** u }
  const wrong: Readonly<Record<string, readonly [string, Case.AnyValue]>> = {
    'nodes without the weight': [
      'nodes',
      timeLaw({
        ...logUniform,
        weight: () => (time: number) => (time * Math.log(20)) / 1.9,
        nodes: (_, count) =>
          Array.from({ length: count }, (_, i) => ({ time: 0.1 * 20 ** ((i + 0.5) / count), weight: 1 / count }))
      })
    ],
    'a uniform density of log-uniform draws': [
      'density',
      timeLaw({ ...logUniform, density: () => ({ at: () => 1 / 1.9, support: [0.1, 2] }) })
    ],
    'times 2u², said to be uniform from 0 on': ['fromClean', timeLaw({ quantile: () => u => 2 * u * u, fromClean: 2 })],
    'a gain below 0 of what climbs': ['gain', optimizer(-1, 0.1)],
    'a gain above 0 of what descends': ['gain', optimizer(1, -0.1)],
    'no gain of what moves': ['gain', optimizer(0, -0.1)],
    'the objective where a step began, said to be where it has led': [
      'recall',
      Optimizer.define({
        name: 'late',
        about: 'remembers the place before',
        memory: t.unknown,
        init: () => () => null,
        update: () => (g, _, place) => [
          Params.mapValues(x => -0.1 * x)(g),
          { value: place.value, gradient: place.gradient }
        ],
        recall: () => (_, memory) => memory as { value: number; gradient: Params.Params<string> }
      })
    ],
    '|s + z/σ|², said to stay finite as the noise vanishes': [
      'bounded',
      Objective.define({
        name: 'declared',
        about: '',
        meaning: () => ({
          timeLaw: at,
          bounded: true,
          perRow: ({ score, target }) => sum(square(sub(score, target)), 1)
        })
      })
    ],
    'all noise, said to be what the mixture sees of it': [
      'spans',
      Objective.define({
        name: 'declared',
        about: '',
        meaning: () => ({ timeLaw: at, spans: true, perRow: ({ noise }) => sum(square(noise), 1) })
      })
    ],
    'the SNR, said to be 1 everywhere': [
      'everywhere',
      Weighting.define({
        name: 'declared',
        about: '',
        meaning: () => ({ everywhere: 1, weigh: () => time => time })
      })
    ],
    'what starts otherwise from a source': [
      'streams',
      Initializer.defineCentres({
        name: 'declared',
        about: '',
        meaning: () => ({
          draws: 'always',
          streams: true,
          centres:
            ({ data, count }) =>
            () => ({
              shape: [count, data.dim],
              values: Float64Array.from({ length: count * data.dim }, (_, i) => i + ('values' in data ? 0 : 0.5))
            })
        })
      })
    ]
  }
  it.each(Object.entries(wrong))('%s', (_, [capability, value]) => {
    expect(failing(value)).toEqual([nameOf(capability)])
  })
})

/** Beside what stands in the vocabulary. */
const more: ReadonlyArray<Case.AnyValue> = [
  TimeLaw.uniform(0, 1),
  TimeLaw.stratified(TimeLaw.logNormal()),
  TimeLaw.importance({ proposal: TimeLaw.uniformLogSnr(-6, 6), target: TimeLaw.uniform(0.2, 0.8) }),
  TimeLaw.importance({
    proposal: TimeLaw.uniformLogSnr(-8, 10),
    target: TimeLaw.likelihood({ until: 4, nodes: 48 })
  }),
  Objective.denoising(TimeLaw.gauss(2)(TimeLaw.uniform(0.1, 1)), Parametrization.noise),
  Objective.implicit(TimeLaw.at(0.3), { divergence: 'sliced' })
]

// Cheaper ones have a case of all of their laws in vocabulary.test.ts.
it.each(
  [...vocabulary.objectives.words.map(({ example }) => example), ...more].map(one => [Case.show(one), one] as const)
)('what is shipped is what it declares: %s', (_, value) => {
  allHold(heldOf(value), ({ property }) => fc.assert(property, { seed: SEED, numRuns: 1 }))
})

/** Which law holds a capability to what it says, by the file that declares it; or why none does. */
const heldBy: Readonly<Record<string, string>> = {
  'objective/term.ts spans': nameOf('spans'),
  'objective/term.ts moves': 'a loss does not know where 0 is',
  'objective/term.ts bounded': nameOf('bounded'),
  'objective/term.ts float32': 'floats are enough, as it says',
  'objective/law.ts density': 'the density is that of the draws',
  'objective/law.ts fromClean': nameOf('fromClean'),
  'objective/weighting.ts sees': 'the weight of a level is that of its SNR',
  'objective/weighting.ts everywhere': nameOf('everywhere'),
  'objective/expectation.ts float32': 'floats are enough, as it says',
  'optimizer/part.ts gain': nameOf('gain'),
  'optimizer/part.ts recall': nameOf('recall'),
  'pipeline/initializer.ts moves': 'a start moves with the data',
  'pipeline/initializer.ts turns': 'a start turns with the data',
  'pipeline/initializer.ts streams': nameOf('streams'),
  'sampler/sampler.ts order': 'a step is of its order',
  'sampler/sampler.ts tolerance': 'meets its tolerance',
  'sampler/timeGrid.ts evenIn': 'steps are even in its coordinate',
  'family/parametrization.ts behind': 'the truth is carried to the truth',
  'family/parametrization.ts written': nameOf('written'),
  'family/parametrization.ts target': nameOf('target'),
  'family/parametrization.ts degree': 'outputs grow with the level by its degree',
  'net/network.ts initial': 'begins by its key, each array by its name'
}

/** Capabilities that no plain meaning stands behind: what they say is the meaning itself, or is printed. */
const itself: Readonly<Record<string, string>> = {
  'objective/term.ts curvature': 'test/src/derivatives/hessian.test.ts compares it with closed forms and differences',
  'family/family.ts sufficient': 'sums that only it defines; test/src/mixture/em/sufficient.test.ts compares examples',
  'optimizer/part.ts estimate': 'an answer that only it defines',
  'optimizer/part.ts brief': 'it is printed',
  'optimizers/region.ts of': 'shapes that it holds; projections refuse others, in test/src/optimizers/region.test.ts',
  'pipeline/initializer.ts dim': 'what it asks of data; the dry run refuses others',
  'pipeline/staged.ts at': 'fields that only it defines',
  'pipeline/staged.ts under': 'fields that only it defines',
  'pipeline/staged.ts streams': 'test/src/sourced.test.ts runs every stage on both',
  'pipeline/staged.ts varianceFloor': 'a number that only it defines',
  'pipeline/staged.ts prior': 'a number that only it defines',
  'schedules/clock.ts logSnr': 'the schedule on the clock has all the laws of schedules',
  'sampler/sampler.ts movesAtLevel': 'where it may stand; the dry run asks',
  'family/parametrization.ts squaredDeterminant': 'it is printed',
  'family/parametrization.ts loss': 'it is printed'
}

describe('no capability is forgotten', () => {
  const folder = fileURLToPath(new URL('../../src', import.meta.url))
  const declared = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.startsWith('laws'))
    .flatMap(file => {
      const text = readFileSync(`${folder}/${file}`, 'utf8')
      return [...text.matchAll(/\/\*\*(?:(?!\*\/)[^])*?\bCapability\b(?:(?!\*\/)[^])*\*\/\s*readonly (\w+)\??:/g)].map(
        ([, name]) => `${file} ${name}`
      )
    })
  const known = [...Object.keys(heldBy), ...Object.keys(itself)]

  it('each that is documented as one has a law, or a reason', () => {
    expect(declared.length).toBeGreaterThan(30)
    expect([...new Set(declared)].filter(name => !known.includes(name))).toEqual([])
    expect(known.filter(name => !declared.includes(name))).toEqual([])
  })

  it('each of these laws is held of some value', () => {
    const held = new Set(
      vocabulary.vocabulary
        .flatMap(({ concept }) => instancesOf(concept).values.flatMap(({ laws }) => laws.map(({ name }) => name)))
        .concat(more.flatMap(value => laws.of(value).map(({ name }) => name)))
    )
    expect([...new Set(Object.values(heldBy))].filter(name => !held.has(name))).toEqual([])
  })
})
