/** `--vocabulary`: the command line reads pipelines with words of a user's own, from a module of theirs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replays } from '../../golden/sessions.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

/** As a user has it installed: another copy than the command's own. */
const library = new URL('../../../dist/src/index.js', import.meta.url).href

beforeAll(async () => {
  here.write(
    'mine.mjs',
    `import { Field, Optimizer, Params, Score } from ${JSON.stringify(library)}
     import * as o from ${JSON.stringify(new URL('../lib/index.js', library).href)}
     import * as t from ${JSON.stringify(import.meta.resolve('io-ts'))}
     const halved = Optimizer.define({
       name: 'halved',
       about: 'half of what it is given',
       fields: { share: Field.fraction({ default: 0.5 }) },
       memory: t.null,
       init: () => () => null,
       update: ({ share }) => gradient => [Params.mapValues(g => share * g)(gradient), null],
       gain: ({ share }) => () => share
     })
     const heap = Score.family({
       name: 'squareHeap',
       about: 'as spherical, with free weights and nothing but its density',
       fields: { components: Field.count({ suggestion: 2 }) },
       parameters: ({ components }) => dim => ({ means: [components, dim], logits: [components] }),
       degreesOfFreedom: ({ components }) => dim => components * (dim + 1) - 1,
       unitVariance: true,
       components: () => ({ means, logits }, dim) => ({
         logWeights: o.logSoftmax(logits),
         centres: means,
         logDensity: (x, { alpha, sigma }) => {
           const u = o.add(o.square(alpha), o.square(sigma))
           return o.mul(-0.5, o.add(o.div(o.squaredDistances(x, means, alpha), u), o.mul(dim, o.log(o.mul(2 * Math.PI, u)))))
         }
       }),
       toMixture: () => ({ means, logits }) => {
         const all = logits.values.map(Math.exp)
         const total = all.reduce((a, b) => a + b)
         return { means, weights: all.map(x => x / total), variances: all.map(() => 1), factors: null }
       }
     })
     export default [halved, heap]
     export const note = 'not a word'`
  )
  here.write('none.mjs', 'export const a = 1')
  here.write('throws.mjs', 'throw new Error("not today")')
  here.write(
    'taken.mjs',
    `import { Schedule } from ${JSON.stringify(library)}
     export const cosine = Schedule.define({ name: 'cosine', about: '', meaning: () => ({ until: 1, level: () => ({}) }) })`
  )
  const { stdout } = await ornstein('fit %faithful.csv --standardize --recipe two-stage --print-pipeline')
  const json = JSON.parse(stdout) as { readonly stages: ReadonlyArray<{ readonly optimizer: unknown }> }
  const stages = json.stages.slice(0, 1).map(stage => ({
    ...stage,
    steps: 20,
    optimizer: { _tag: 'chain', parts: [{ _tag: 'halved', share: 0.25 }, stage.optimizer] }
  }))
  here.write('pipeline.json', JSON.stringify({ ...json, stages }))
})

describe('with the module', () => {
  it('learns by it, and reads the model', async () => {
    const line =
      'fit %faithful.csv --standardize --pipeline @pipeline.json --vocabulary @mine.mjs --out @model.json --quiet'
    expect(await ornstein(line)).toEqual({ exit: 0, stdout: '', stderr: '' })
    const evaluated = await ornstein('evaluate @model.json %faithful.csv --vocabulary @mine.mjs')
    expect(evaluated).toMatchObject({ exit: 0, stderr: '' })
    expect(await ornstein('explain @model.json --vocabulary @mine.mjs')).toMatchObject({ exit: 0, stderr: '' })
  })
})

describe('a family of the module', () => {
  it('is learned by its word, and its model read', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${(i % 2) * 8 + Math.sin(i)},${Math.cos(3 * i)}`)
    here.write('two.csv', ['x,y', ...rows].join('\n'))
    const line = 'fit @two.csv -k 2 --family square-heap --vocabulary @mine.mjs --out @heap.json'
    const { exit, stdout, stderr } = await ornstein(line)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout).toContain('Model: 2 components (one per group), square-heap covariance;')
    expect(await ornstein('evaluate @heap.json @two.csv --vocabulary @mine.mjs')).toMatchObject({ exit: 0, stderr: '' })
  })
})

describe('list', () => {
  it('has the words of the module among those of the language', async () => {
    const { stdout } = await ornstein('list optimizer --vocabulary @mine.mjs')
    expect(stdout).toMatch(/^ *Optimizer\.halved +half of what it is given$/m)
    expect(stdout).toMatch(/^ *Optimizer\.sign /m)
    expect((await ornstein('list optimizer')).stdout).not.toContain('halved')
  })

  it('as JSON too', async () => {
    const { stdout } = await ornstein('list --json --vocabulary @mine.mjs')
    const concepts = JSON.parse(stdout) as ReadonlyArray<{
      readonly concept: string
      readonly words: ReadonlyArray<object>
    }>
    expect(concepts.find(({ concept }) => concept === 'Optimizer')?.words).toContainEqual({
      name: 'Optimizer.halved',
      about: 'half of what it is given',
      formula: null,
      code: 'Optimizer.halved({ share: 0.5 })'
    })
  })
})

replays('ownWords', here)
