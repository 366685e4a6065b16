/** Laws in one call: of all parts, with a report, with scripts that fail when run; what is expected to fail, and what was never met. */
import fc from 'fast-check'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import * as float64 from '../../lib/index.js'
import { mul, square, stopGradient, sub, sum } from '../../lib/index.js'
import * as ornstein from '../../src/index.js'
import {
  Field,
  Initializer,
  Objective,
  Optimizer,
  Pipeline,
  Rate,
  Sampler,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  Weighting
} from '../../src/index.js'
import * as laws from '../../src/laws/index.js'

const names: Readonly<Record<string, unknown>> = { ...float64, ...ornstein, laws }

/** What a script does when it is pasted and run: its imports are the names that they import. */
const ran = (script: string): (() => unknown) => {
  // Words of the library that the user's functions call: in this file they are the library's.
  const uncommented = script.replaceAll(/^\/\/ (?=import )/gm, '')
  const imported = [...uncommented.matchAll(/^import (?:\{ (.*) \}|\* as (\w+)) from '(.*)'$/gm)].flatMap(
    ([, some, all]: ReadonlyArray<string | undefined>) => [...(some ?? '').split(', '), all ?? '']
  )
  const given = imported.filter(name => name !== '')
  const code = ts.transpile(uncommented.replaceAll(/^import .*$/gm, ''), { target: ts.ScriptTarget.ESNext })
  // The names that the script imports or asks for, and no others.
  // oxlint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  return () => new Function(...given, code)(...given.map(name => names[name])) as unknown
}

const misplaced = Objective.custom('misplaced', NoiseLevels.at(0.3), ({ score, target }) => {
  const error = sum(square(sub(score, target)), 1)
  return mul(error, stopGradient(error))
})
const coordinate = Objective.custom('coordinate', NoiseLevels.at(0.3), ({ score, target }) =>
  sum(square(square(sub(score, target))), 1)
)
const rising = Schedule.custom({ name: 'rising', alpha: t => 1 - t, sigma: t => 0.5 * (1 - t), until: 1 })

describe('a counterexample is a script', () => {
  const runs = 30
  const broken: ReadonlyArray<readonly [string, () => laws.Report]> = [
    ['an objective', () => laws.examine(misplaced, { runs, only: ['gradient is that of the value'] })],
    ['a schedule', () => laws.examine(rising, { runs, only: ['has no problems'] })],
    [
      'a sampler',
      () =>
        laws.examine(Sampler.ddim({ eta: 1 }), {
          runs,
          only: ['looks at the key only if it draws'],
          claims: { random: false }
        })
    ],
    [
      'a claim',
      () =>
        laws.examine(coordinate, {
          runs,
          only: ['turns with data, noise and centres'],
          claims: { isotropic: true }
        })
    ],
    [
      'an optimizer',
      () =>
        laws.examine(Optimizer.scale(-0.5), {
          runs,
          only: ['it takes the steps of its recurrence'],
          claims: { recurrence: gradients => gradients.map(g => -0.25 * g) }
        })
    ]
  ]
  it.each(broken)('%s', (_, examined) => {
    const report = examined()
    expect(report.passed).toBe(false)
    const [script] = laws.complaints(report)
    const message = /^\/\/ (RangeError: [^]*)$/m.exec(script)?.[1].replaceAll(/^\/\/ /gm, '')
    expect(message).toBeDefined()
    expect(ran(script)).toThrow(message?.replace('RangeError: ', ''))
  })

  it('has the direction, both sides, and by how much more than the tolerance they differ', () => {
    const report = laws.examine(misplaced, { only: ['gradient is that of the value'], runs: 30 })
    const [script] = laws.complaints(report)
    expect(script).toMatch(
      /slope along v = Params\.of\(\{ mean: \[.*\] \}\), by the gradient and by differences: yours is \S+, by the law \S+, off by \S+, where \S+ is allowed$/
    )
    const [, off, tolerance] = /off by (\S+), where (\S+) is allowed$/.exec(script) ?? []
    expect(Math.abs(Number(off)) / Number(tolerance)).toBeGreaterThan(10)
  })

  describe('with the user’s own functions', () => {
    // A helper of the user that has the name of a function of the library, and another meaning.
    const log = (x: number): number => 0.1 * x
    const logarithmic = Schedule.custom({
      name: 'logarithmic',
      alpha: t => 1 - log(t),
      sigma: t => Math.sqrt(0.5 * t),
      until: 1
    })
    const script = (): string =>
      laws.scriptOf({ by: 'objective', of: [misplaced, Score.symmetricPair] }, laws.schedule(Schedule.edm)[0], {
        schedule: logarithmic
      })
    const importedBy = (text: string): ReadonlyArray<string> =>
      [...text.matchAll(/^import \{ (.*) \}/gm)].flatMap(([, names]) => names.split(', ')).sort()

    it('imports no word that occurs in them alone, and names it', () => {
      const text = script()
      expect(text).toContain('1 - log(t)')
      expect(importedBy(text)).toEqual(['NoiseLevels', 'Objective', 'Schedule', 'Score'])
      const [, words = ''] = /^\/\/ import \{ (.*) \} from 'ornstein\/float64'$/m.exec(text) ?? []
      expect(words.split(', ').sort()).toEqual(['log', 'mul', 'square', 'stopGradient', 'sub', 'sum'])
    })

    it('has no such line if they call none', () => {
      const plain = laws.scriptOf({ by: 'schedule', of: [rising] }, laws.schedule(Schedule.edm)[0], { time: 0.5 })
      expect(plain).not.toContain('Your functions')
      expect(importedBy(plain)).toEqual(['Schedule'])
    })

    it('imports a word that occurs both in them and beside them', () => {
      const inside = Schedule.custom({
        name: 'inside',
        alpha: t => Schedule.level(t)(Schedule.edm).alpha,
        sigma: t => t,
        until: 1
      })
      const both = laws.scriptOf({ by: 'schedule', of: [inside] }, laws.schedule(Schedule.edm)[0], { time: 0.5 })
      expect(importedBy(both)).toEqual(['Schedule'])
      expect(both).not.toContain('Your functions')
    })
  })

  describe('of what is one’s own', () => {
    const halved = Rate.define({
      name: 'halved',
      about: 'half',
      fields: { rate: Field.positive({ default: 1 }) },
      meaning:
        ({ rate }) =>
        step =>
          step > 3 ? -1 : rate
    })

    it('asks for its definition', () => {
      const [script] = laws.complaints(laws.examine(halved({ rate: 2 })))
      expect(script).toContain('// ↓ put here your Rate.halved')
      expect(script).toContain('laws.rate(Rate.halved({ rate: 2 }))')
    })

    it('compares', () => {
      const held = laws.same(halved({ rate: 2 }), Rate.constant(2), { upTo: { factor: 2 } })
      const { counterexample } = fc.check(held[0].property, { seed: 1 })
      const script = fc
        .stringify(counterexample)
        .replace(/^\[\s*/, '')
        .replace(/\]$/, '')
      expect(script).toContain('laws.same(Rate.halved({ rate: 2 }), Rate.constant(2), { upTo: { factor: 2 } })')
    })
  })
})

it('in one call: an instance and its parts are held', () => {
  const weighed = Objective.weight(Weighting.minSnr())(
    Objective.denoising(NoiseLevels.at(0.3), ornstein.Parametrization.noise)
  )
  const names = laws.of(weighed).map(({ name }) => name)
  const places = new Set(names.map(name => /^([\w.]+): /.exec(name)?.[1] ?? ''))
  expect(places).toEqual(new Set(['', 'weight', 'objective', 'objective.noiseLevels', 'objective.parametrization']))
  const only = ['a row of weight n is n rows', 'objective.noiseLevels: times are those of the schedule']
  expect(laws.check(weighed, { runs: 2, only }).rows.map(({ law, verdict }) => [law, verdict])).toEqual(
    only.map(law => [law, 'held'])
  )
})

it('in one call: a pipeline is, with its parts, on points', () => {
  const pipeline = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.isotropic({ components: 2 }),
    initializer: Initializer.kMeansPlusPlus,
    stages: [
      Stage.descend({
        objective: Objective.denoising(NoiseLevels.at(0.3)),
        optimizer: Optimizer.adam({ rate: 0.1 }),
        steps: 3
      }),
      Stage.expectationMaximization({ steps: 2 })
    ]
  })
  // The parts are held by tests of their own: here two that are theirs.
  const only = ['schedule: log-SNR is that of the level', 'stages[1]: goes on from text with the same bits']
  expect(laws.check(pipeline, { runs: 5, only }).rows.map(({ law, verdict }) => [law, verdict])).toEqual(
    only.map(law => [law, 'held'])
  )
  const names = laws.of(pipeline).map(({ name }) => name)
  const held = (beginning: string): boolean => names.some(name => name.startsWith(beginning))
  expect(
    [
      'schedule: ',
      'score: ',
      'initializer: ',
      'stages[0]: ',
      'stages[0].objective: ',
      'stages[0].optimizer',
      'stages[1]: '
    ].map(place => [place, held(place)])
  ).toEqual(expect.not.arrayContaining([[expect.anything(), false]]))
})

it('in one call: known failures are expected, and complained of where they hold', () => {
  const only = ['gradient is that of the value', 'is finite on edge cases']
  const known = laws.examine(misplaced, { only, expected: [only[0]], runs: 20 })
  expect(known.rows.map(({ verdict }) => verdict)).toEqual(['fails', 'held'])
  expect(laws.table(known)).toContain('fails, as expected')
  expect(known.passed).toBe(true)
  const mended = laws.examine(misplaced, { only, expected: only, runs: 20 })
  expect(mended.passed).toBe(false)
  expect(laws.complaints(mended)).toEqual([
    '‘is finite on edge cases’ is held, and was expected to fail: take it from `expected`'
  ])
  expect(() => laws.check(misplaced, { expected: ['no such law'] })).toThrow('no law ‘no such law’')
})

it('cases beyond `maxCases` are passed over', () => {
  const counted: Array<number> = []
  const few = laws.law(
    { name: 'few', statement: '', source: '', maxCases: 3 },
    fc.record({ n: fc.nat() }),
    laws.codeOf,
    ({ n }) => counted.push(n) > 0
  )
  fc.assert(few.property, { numRuns: 50, seed: 1 })
  expect(counted).toHaveLength(3)
})
