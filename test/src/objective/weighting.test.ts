/** Weightings, each against its published form, at both ends of a schedule too. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { Problem, Schedule, Weighting, Vocabulary } from '../../../src/index.js'

interface Row {
  readonly weighting: Weighting.Weighting
  readonly code: string
  readonly formula: string
  /** As published, of the noise-to-signal ratio s = σ/α. */
  readonly published: (s: number) => number
  /** Its limits without noise and without signal. */
  readonly ends: readonly [number, number]
}

const rows: ReadonlyArray<Row> = [
  {
    weighting: Weighting.constant(3),
    code: 'Weighting.constant(3)',
    formula: '3',
    published: () => 3,
    ends: [3, 3]
  },
  { weighting: Weighting.snr, code: 'Weighting.snr', formula: 'SNR', published: s => 1 / s ** 2, ends: [Infinity, 0] },
  {
    weighting: Weighting.truncatedSnr(),
    code: 'Weighting.truncatedSnr({ floor: 1 })',
    formula: 'max(SNR, 1)',
    published: s => Math.max(1 / s ** 2, 1),
    ends: [Infinity, 1]
  },
  {
    weighting: Weighting.minSnr(),
    code: 'Weighting.minSnr({ gamma: 5 })',
    formula: 'min(SNR, 5)',
    published: s => Math.min(1 / s ** 2, 5),
    ends: [5, 0]
  },
  {
    weighting: Weighting.softMinSnr({ gamma: 4 }),
    code: 'Weighting.softMinSnr({ gamma: 4 })',
    formula: '1/(1/SNR + 1/4)',
    published: s => 1 / (s ** 2 + 1 / 4),
    ends: [4, 0]
  },
  {
    weighting: Weighting.edm({ sigmaData: 0.5 }),
    code: 'Weighting.edm({ sigmaData: 0.5 })',
    formula: '(SNR + 1/0.5²)',
    published: s => (s ** 2 + 0.25) / (s * 0.5) ** 2,
    ends: [Infinity, 4]
  },
  {
    weighting: Weighting.sigmoid({ bias: -1 }),
    code: 'Weighting.sigmoid({ bias: -1 })',
    formula: '1/(1 + SNR exp(1))',
    published: s => 1 / (1 + Math.exp(-2 * Math.log(s) + 1)),
    ends: [0, 1]
  }
]

const schedules = [Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.rectifiedFlow, Schedule.cosine()]

describe.each(rows)('$code', ({ weighting, code, formula, published, ends }) => {
  it('is that of its paper, on every schedule', () => {
    for (const schedule of schedules)
      for (const time of [0.01, 0.3, 0.5, 0.9]) {
        const { alpha, sigma } = pipe(schedule, Schedule.level(time))
        const wanted = published(sigma / alpha)
        const found = Weighting.interpret(schedule)(weighting)(time)
        expect(Math.abs(found / wanted - 1), `${Schedule.show(schedule)} at ${time}`).toBeLessThan(1e-14)
      }
  })

  it('has its limits at the ends', () => {
    const at = Weighting.interpret(Schedule.rectifiedFlow)(weighting)
    expect([at(0), at(1)]).toEqual(ends)
  })

  it('prints, survives JSON and has no problems', () => {
    expect(Weighting.show(weighting)).toBe(code)
    expect(Weighting.formula(weighting)).toBe(formula)
    expect(
      Weighting.codec(Vocabulary.standard).decode(
        JSON.parse(JSON.stringify(Weighting.codec(Vocabulary.standard).encode(weighting)))
      )
    ).toEqual(E.right(weighting))
    expect(Weighting.problems(weighting)).toEqual([])
  })
})

it('g² and σ² are those of the schedule', () => {
  for (const schedule of schedules)
    for (const time of [0.1, 0.8]) {
      expect(Weighting.interpret(schedule)(Weighting.likelihood)(time)).toBe(pipe(schedule, Schedule.diffusion(time)))
      expect(Weighting.interpret(schedule)(Weighting.noiseVariance)(time)).toBe(
        pipe(schedule, Schedule.level(time)).sigma ** 2
      )
    }
  const both = [Weighting.likelihood, Weighting.noiseVariance]
  expect(both.map(Weighting.show)).toEqual(['Weighting.likelihood', 'Weighting.noiseVariance'])
  expect(both.map(Weighting.formula)).toEqual(['g²', 'σ²'])
  expect(both.flatMap(Weighting.problems)).toEqual([])
})

it('say what is wrong', () => {
  expect(
    [
      Weighting.constant(Infinity),
      Weighting.truncatedSnr({ floor: 0 }),
      Weighting.truncatedSnr({ floor: -1 }),
      Weighting.truncatedSnr({ floor: Infinity }),
      Weighting.minSnr({ gamma: 0 }),
      Weighting.softMinSnr({ gamma: -2 }),
      Weighting.edm({ sigmaData: NaN }),
      Weighting.sigmoid({ bias: NaN })
    ].flatMap(weighting => Weighting.problems(weighting).map(Problem.show))
  ).toEqual([
    'value: Infinity is not finite; try 1',
    'floor: -1 is not ≥ 0 and finite; try 1',
    'floor: Infinity is not ≥ 0 and finite; try 1',
    'gamma: 0 is not > 0 and finite; try 5',
    'gamma: -2 is not > 0 and finite; try 4',
    'sigmaData: NaN is not > 0 and finite; try 0.5',
    'bias: NaN is not finite; try 2'
  ])
})
