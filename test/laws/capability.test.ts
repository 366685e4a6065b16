/** Declared capabilities: what is shipped is what it declares, and none that `define` knows is forgotten. */
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as vocabulary from '../../src/cli/glossary.js'
import { Case, Objective, Parametrization, NoiseLevels } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import { SEED } from '../cases.js'
import { allHold } from './holds.js'
import { instancesOf } from './instances.js'

const nameOf = (capability: string): string => `its ‘${capability}’ is what it stands for`

const heldOf = (value: Case.AnyValue): ReadonlyArray<laws.Law> =>
  laws.of(value).filter(({ name }) => /^its ‘.*’ is what it stands for$/.test(name))

/** Beside what stands in the vocabulary. */
const more: ReadonlyArray<Case.AnyValue> = [
  NoiseLevels.uniform(0, 1),
  NoiseLevels.stratified(NoiseLevels.logNormal()),
  NoiseLevels.importance({ proposal: NoiseLevels.uniformLogSnr(-6, 6), target: NoiseLevels.uniform(0.2, 0.8) }),
  NoiseLevels.importance({
    proposal: NoiseLevels.uniformLogSnr(-8, 10),
    target: NoiseLevels.likelihood({ until: 4, nodes: 48 })
  }),
  Objective.denoising(NoiseLevels.gauss(2)(NoiseLevels.uniform(0.1, 1)), Parametrization.noise),
  Objective.implicit(NoiseLevels.at(0.3), { divergence: 'sliced' })
]

// Cheaper ones have a case of all of their laws in vocabulary.test.ts.
it.each(
  [...vocabulary.objectives.words.map(({ example }) => example), ...more].map(one => [Case.show(one), one] as const)
)('what is shipped is what it declares: %s', (_, value) => {
  allHold(heldOf(value), ({ property }) => fc.assert(property, { seed: SEED, numRuns: 1 }))
})

/** Which law holds a capability to what it says, by the room that declares it; or why none does. */
const heldBy: Readonly<Record<string, string>> = {
  'objective supportsProjectedNoise': nameOf('supportsProjectedNoise'),
  'objective bounded': nameOf('bounded'),
  'objective float32': 'floats are enough, as it says',
  'objective density': 'the density is that of the draws',
  'objective fromClean': nameOf('fromClean'),
  'objective sees': 'the weight of a level is that of its SNR',
  'objective everywhere': nameOf('everywhere'),
  'optimizer gain': nameOf('gain'),
  'optimizer recall': nameOf('recall'),
  'pipeline moves': 'a start moves with the data',
  'pipeline turns': 'a start turns with the data',
  'pipeline streams': nameOf('streams'),
  'sampler order': 'a step is of its order',
  'sampler tolerance': 'meets its tolerance',
  'sampler evenIn': 'steps are even in its coordinate',
  'schedule behind': 'the truth is carried to the truth',
  'schedule written': nameOf('written'),
  'schedule target': nameOf('target'),
  'schedule degree': 'outputs grow with the level by its degree',
  'score initial': 'begins by its key, each array by its name'
}

/** Capabilities that no plain meaning stands behind: what they say is the meaning itself, or is printed. */
const itself: Readonly<Record<string, string>> = {
  'objective translationInvariant':
    'test/src/origin.test.ts moves all of ours; a law of the corpus moves what is one’s own',
  'objective curvature': 'test/src/compile/derivatives.test.ts compares it with closed forms and differences',
  'mixture sufficient': 'sums that only it defines; test/src/mixture/em/sufficient.test.ts compares examples',
  'optimizer estimate': 'an answer that only it defines',
  'optimizer brief': 'it is printed',
  'optimizer of': 'shapes that it holds; projections refuse others, in test/src/optimizer/region.test.ts',
  'pipeline dim': 'what it asks of data; the dry run refuses others',
  'pipeline at': 'fields that only it defines',
  'pipeline under': 'fields that only it defines',
  'pipeline varianceFloor': 'a number that only it defines',
  'pipeline prior': 'a number that only it defines',
  'schedule logSnr': 'the schedule on the clock has all the laws of schedules',
  'sampler movesAtLevel': 'where it may stand; the dry run asks',
  'schedule squaredDeterminant': 'it is printed',
  'schedule loss': 'it is printed'
}

describe('no capability is forgotten', () => {
  const folder = fileURLToPath(new URL('../../src', import.meta.url))
  const declared = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.startsWith('laws'))
    .flatMap(file => {
      const text = readFileSync(`${folder}/${file}`, 'utf8')
      return [...text.matchAll(/\/\*\*(?:(?!\*\/)[^])*?\bCapability\b(?:(?!\*\/)[^])*\*\/\s*readonly (\w+)\??:/g)].map(
        ([, name]) => `${file.split('/')[0]} ${name}`
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
      vocabulary.standardVocabulary
        .flatMap(({ concept }) => instancesOf(concept).values.flatMap(({ laws }) => laws.map(({ name }) => name)))
        .concat(more.flatMap(value => laws.of(value).map(({ name }) => name)))
    )
    expect([...new Set(Object.values(heldBy))].filter(name => !held.has(name))).toEqual([])
  })
})
