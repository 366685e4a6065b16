/** The vocabulary is whole, and `ornstein list` prints it. */
import { afterAll, describe, expect, it } from 'vitest'
import { standardVocabulary } from '../../src/cli/glossary.js'
import * as ornstein from '../../src/index.js'
import { Case, type Vocabulary } from '../../src/index.js'
import { place } from './cli/harness.js'

const namespaces: Readonly<Record<string, object>> = ornstein

/** What the concepts export beside their constructors. */
const others = new Set(
  [
    'show formula lossFormula weightFormula fold problems codec interpret anyInterpret stateCodec step iterates estimate',
    'rateInForce needsDeterminism requirements level logSnr timeOfLogSnr logSnrRange drift diffusion until preservesVariance',
    'equalNoise sameNoise timeProblems affine power evenLogSnr draw isDeterministic coefficients convert perRow',
    'convertTensor targetTensor weight degree terms isMatching retimed shapes degreesOfFreedom tensors evaluate mixture',
    'assumesUnitVariance fromClean all concept define field extent draws at from project simple Monoid exact learned compile transport trajectory sample logDensity times quadrature',
    'varianceFloor'
  ].flatMap(names => names.split(' '))
)

/** Names that are a constructor in one concept, and something else in another. */
const shared: Readonly<Record<string, ReadonlyArray<string>>> = {
  TimeGrid: ['logSnr'],
  Expectation: ['quadrature'],
  Rate: ['step'],
  NoiseLevels: ['at'],
  Objective: ['weight'],
  Optimizer: ['project']
}

const evaluated = (code: string): unknown =>
  // The code of an example, with the names that a user would import.
  // oxlint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function(...Object.keys(namespaces), `return ${code}`)(...Object.values(namespaces))

describe('the vocabulary', () => {
  it.each(standardVocabulary)('$concept: every constructor that is exported, and no other', ({ concept, words }) => {
    const own = shared[concept] ?? []
    // A case is known by itself; of concepts whose cases are tags, the names that are no constructors are listed above.
    const cases = Object.entries<unknown>({ ...namespaces[concept] }).filter(
      ([, value]) =>
        ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
        Case.ofCase in value &&
        (value[Case.ofCase] as { readonly concept: string }).concept === concept &&
        // It is bound to the parameters of one score, where the standard vocabulary serves any.
        value !== ornstein.Optimizer.natural
    )
    const { recipes = [] } = namespaces[concept] as { readonly recipes?: ReadonlyArray<Vocabulary.Recipe> }
    const short = recipes.map(({ name }) => name.replace(`${concept}.`, ''))
    expect(short.filter(name => !(name in namespaces[concept]))).toEqual([])
    const exported =
      cases.length > 0
        ? [...cases.map(([name]) => name), ...short]
        : Object.keys(namespaces[concept]).filter(name => own.includes(name) || !others.has(name))
    expect([...new Set(words.map(({ name }) => name))].sort()).toEqual(
      // A recipe may have the name of its case: `implicit`, with the divergence estimated.
      [...new Set(exported)].map(name => `${concept}.${name}`).sort()
    )
  })

  it('every code builds its example', () => {
    const words = standardVocabulary.flatMap(({ words }) => words).filter(({ code }) => !/…| × /.test(code))
    expect(words.map(({ code }) => [code, evaluated(code)])).toEqual(words.map(({ code, example }) => [code, example]))
  })
})

describe('ornstein list', () => {
  const { ornstein, remove } = place()
  afterAll(remove)

  it('prints every word once, on a line of its own', async () => {
    const { exit, stdout, stderr } = await ornstein('list')
    expect([exit, stderr]).toEqual([0, ''])
    const lines = stdout.split('\n')
    const all = standardVocabulary.flatMap(({ words }) => words)
    for (const { name, about } of all)
      expect(lines.filter(line => line.startsWith(`  ${name} `) && line.includes(`  ${about}`))).toHaveLength(1)
    expect(lines.filter(line => line.startsWith('  '))).toHaveLength(all.length)
  })

  it('takes a concept by any of its names', async () => {
    const { stdout } = await ornstein('list Region')
    expect(stdout).toMatch(/^Region: where Optimizer.project holds parameters\n {2}Region\.ball {14}\|x\| ≤ radius\n/)
    for (const word of ['region', 'regions']) expect((await ornstein(`list ${word}`)).stdout).toBe(stdout)
    expect((await ornstein('list noise-levels')).stdout).toMatch(/^NoiseLevels: /)
  })
})
