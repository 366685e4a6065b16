/** Inventions that declare of themselves what is not so. */
import * as t from 'io-ts'
import { square, sub, sum } from '../../../lib/index.js'
import { type Case, Initializer, Objective, Optimizer, Params, TimeLaw, Weighting } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { ofConcept, type Table } from './invention.js'

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
const wrong: Table<Case.AnyValue> = {
  'nodes without the weight | its ‘nodes’ is what it stands for': timeLaw({
    ...logUniform,
    weight: () => (time: number) => (time * Math.log(20)) / 1.9,
    nodes: (_, count) =>
      Array.from({ length: count }, (_, i) => ({ time: 0.1 * 20 ** ((i + 0.5) / count), weight: 1 / count }))
  }),
  'times 2u², said to be uniform from 0 on | its ‘fromClean’ is what it stands for': timeLaw({
    quantile: () => u => 2 * u * u,
    fromClean: 2
  }),
  'a gain below 0 of what climbs | its ‘gain’ is what it stands for': optimizer(-1, 0.1),
  'no gain of what moves | its ‘gain’ is what it stands for': optimizer(0, -0.1),
  'the objective where a step began, said to be where it has led | its ‘recall’ is what it stands for':
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
    }),
  '|s + z/σ|², said to stay finite as the noise vanishes | its ‘bounded’ is what it stands for': Objective.define({
    name: 'declared',
    about: '',
    meaning: () => ({
      timeLaw: at,
      bounded: true,
      perRow: ({ score, target }) => sum(square(sub(score, target)), 1)
    })
  }),
  'all noise, said to be what the mixture sees of it | its ‘spans’ is what it stands for': Objective.define({
    name: 'declared',
    about: '',
    meaning: () => ({ timeLaw: at, spans: true, perRow: ({ noise }) => sum(square(noise), 1) })
  }),
  'the SNR, said to be 1 everywhere | its ‘everywhere’ is what it stands for': Weighting.define({
    name: 'declared',
    about: '',
    meaning: () => ({ everywhere: 1, weigh: () => time => time })
  }),
  'what starts otherwise from a source | its ‘streams’ is what it stands for': Initializer.defineCentres({
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
}

export const declared = ofConcept('declared', { wrong, right: { 'a gain of what climbs': optimizer(1, 0.1) } }, value =>
  laws.of(value)
)
