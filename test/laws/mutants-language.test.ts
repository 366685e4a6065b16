/** Wrong optimizers, keys, codecs, runs and compilers. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { Case, Key, Objective, Params, Rate, TimeLaw, Vocabulary } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import type { Mutant } from './mutant.js'

/** A test for each mutant: the law named for it fails on it, by its own verdict, and holds of the right instance. */
const areCaught = (mutants: ReadonlyArray<Mutant>): void => {
  const find = (of: ReadonlyArray<laws.Law>, name: string): laws.Law => {
    const law = of.find(law => law.name === name)
    if (law === undefined) throw new Error(`no law ‘${name}’`)
    return law
  }
  // The title is written out: a template of `it.each` would cut it short.
  mutants.forEach(({ wrong, law, mutant, right }) => {
    it(`${wrong}: caught by ‘${law}’`, () => {
      const parameters = { seed: 2307_01178, endOnFailure: true }
      const verdict = fc.check(find(mutant, law).property, { ...parameters, numRuns: 100 })
      expect(verdict.failed).toBe(true)
      expect(String(verdict.errorInstance)).toMatch(/returning false|^RangeError: (?!does not compile)/)
      expect(fc.check(find(right, law).property, { ...parameters, numRuns: 1 }).failed).toBe(false)
    })
  })
}

describe('keys', () => {
  const right = laws.key()
  const wrong = (source: Partial<laws.Source>): ReadonlyArray<laws.Law> => laws.key({ source })
  /** A stream that goes on from call to call. */
  const counter = (): (() => number) => {
    let calls = 0
    return () => calls++
  }
  const calls = counter()
  areCaught([
    {
      wrong: 'children derived one from another, the last first',
      law: 'splitting does not depend on how many',
      mutant: wrong({
        split: n => key =>
          Array.from({ length: n }).reduce<ReadonlyArray<Key.Key>>(keys => [Key.child(0)(keys[0] ?? key), ...keys], [])
      }),
      right
    },
    {
      wrong: 'a split that counts how often it was asked',
      law: 'splitting does not depend on how many',
      mutant: wrong({ child: index => Key.child(index + calls()) }),
      right
    },
    {
      wrong: 'labels told apart by their position',
      law: 'a stream depends on its label alone',
      mutant: wrong({
        named:
          <L extends string>(...labels: ReadonlyArray<L>) =>
          (key: Key.Key) =>
            Object.fromEntries(labels.map((label, i) => [label, Key.child(i)(key)])) as Record<L, Key.Key>
      }),
      right
    },
    {
      wrong: 'one random stream for all labels',
      law: 'a stream depends on its label alone',
      mutant: wrong({
        named:
          <L extends string>(...labels: ReadonlyArray<L>) =>
          (key: Key.Key) =>
            Object.fromEntries(labels.map(label => [label, Key.child(0)(key)])) as Record<L, Key.Key>
      }),
      right
    },
    {
      wrong: 'children made of the words of the draws',
      law: 'derivations never meet draws',
      mutant: wrong({
        split: n => key =>
          Array.from(Key.uniform(n)(key), (u): Key.Key => ({
            _tag: 'Key',
            k0: Math.floor(u * 2 ** 27) * 32,
            k1: ((u * 2 ** 53) % 2 ** 26) * 64
          }))
      }),
      right
    },
    {
      wrong: 'a bit too many',
      law: 'uniform draws are uniform',
      mutant: wrong({ uniform: n => key => Key.uniform(n)(key).map(u => 2 * u) }),
      right
    },
    {
      wrong: 'draws that prefer small numbers',
      law: 'uniform draws are uniform',
      mutant: wrong({ uniform: n => key => Key.uniform(n)(key).map(u => u ** 1.5) }),
      right
    },
    {
      wrong: 'draws of which a third come from one shared stream',
      law: 'streams are independent',
      mutant: wrong({
        uniform: n => key => {
          const shared = Key.uniform(n)(Key.fromSeed(0))
          return Key.uniform(n)(key).map((u, i) => (i % 3 === 0 ? shared[i] : u))
        }
      }),
      right
    },
    {
      wrong: 'draws counted from the end',
      law: 'more draws begin with fewer',
      mutant: wrong({ uniform: n => key => Key.uniform(n)(key).reverse() }),
      right
    },
    {
      wrong: 'σ² for σ',
      law: 'normal draws are normal',
      mutant: wrong({ normal: n => key => Key.normal(n)(key).map(z => Math.SQRT2 * z) }),
      right
    },
    {
      wrong: 'an order drawn with replacement',
      law: 'every place of a permutation is uniform',
      mutant: wrong({ permutation: n => Key.integers(Math.max(1, n))(n) }),
      right
    },
    {
      wrong: 'a shuffle that never leaves an index in its place',
      law: 'every place of a permutation is uniform',
      mutant: wrong({
        permutation: n => key => {
          const shift = 1 + Math.floor((n - 1) * Key.uniform(1)(key)[0])
          return Int32Array.from({ length: n }, (_, i) => (i + shift) % n)
        }
      }),
      right
    },
    {
      wrong: 'draws of 32 bits',
      law: 'uniform draws are uniform',
      mutant: wrong({ uniform: n => key => Key.uniform(n)(key).map(u => Math.floor(u * 2 ** 32) / 2 ** 32) }),
      right
    },
    {
      wrong: 'a draw of the size of the one before',
      law: 'a draw knows nothing of the one before',
      mutant: wrong({
        normal: n => key => {
          const z = Key.normal(n)(key)
          return z.map((x, i) => (i % 2 === 1 && i % 3 === 1 ? Math.sign(x) * Math.abs(z[i - 1]) : x))
        }
      }),
      right
    }
  ])
})

describe('codecs', () => {
  const values = fc.oneof(
    fc.constant(Params.of({ x: [-0, 1] })),
    fc.array(fc.double({ noNaN: true }), { maxLength: 3 }).map(x => Params.of({ x }))
  )
  const right = laws.codec(Params.codec, values)
  const written =
    (change: (x: number) => unknown) =>
    (codec: t.Type<Params.Params<string>, unknown>): t.Type<Params.Params<string>, unknown> =>
      new t.Type(codec.name, codec.is, codec.validate, params =>
        Params.map<Params.Params<string>[string], unknown>(({ shape, values }) => ({
          shape,
          values: Array.from(values, change)
        }))(params)
      )
  const exact = (x: number): unknown => Params.numberCodec.encode(x)
  const rate = Rate.cosine({ rate: 1, steps: 9, warmUp: 3 })
  const rates = Rate.codec(Vocabulary.standard)
  const custom = Objective.custom('mine', TimeLaw.at(1), ({ score }) => score)
  const code = { values: fc.constant(custom), message: 'code does not survive JSON' }
  areCaught([
    {
      wrong: '−0 written as JSON writes it',
      law: 'what is written is read again',
      mutant: laws.codec(written(x => (x === 0 ? 0 : exact(x)))(Params.codec), values),
      right
    },
    {
      wrong: 'numbers rounded to twelve digits',
      law: 'what is written is read again',
      mutant: laws.codec(written(x => exact(Number(x.toPrecision(12))))(Params.codec), values),
      right
    },
    {
      wrong: 'a field that is left out',
      law: 'what is written is read again',
      mutant: laws.codec(
        new t.Type(
          'Rate',
          rates.is,
          (u, context) =>
            pipe(
              rates.validate(u, context),
              E.map((rate): Rate.Rate =>
                Case.isMadeBy(Rate.cosine)(rate) ? Rate.cosine({ rate: rate.rate, steps: rate.steps }) : rate
              )
            ),
          rates.encode
        ),
        fc.constant(rate)
      ),
      right: laws.codec(rates, fc.constant(rate))
    },
    {
      wrong: 'numbers read that are not written',
      law: 'what is read is written again',
      mutant: laws.codec(new t.Type<number, unknown>('n', t.number.is, t.number.validate, Math.abs), fc.nat()),
      right: laws.codec(t.number, fc.nat())
    },
    {
      wrong: 'a field that is not looked at',
      law: 'what is read is kept as it is',
      mutant: laws.codec(
        t.union([t.type({ _tag: t.literal('cosine'), rate: t.number }), rates]) as t.Type<Rate.Rate, unknown>,
        fc.constant(rate)
      ),
      right: laws.codec(rates, fc.constant(rate))
    },
    {
      wrong: 'JSON that is looked into before it is known what it is',
      law: 'what is read is written again',
      mutant: laws.codec(
        new t.Type<Params.Params<string>, unknown>(
          'Params',
          Params.codec.is,
          (u, context) => {
            if (u === null) throw new RangeError('null has no keys')
            return Params.codec.validate(u, context)
          },
          Params.codec.encode
        ),
        values
      ),
      right
    },
    {
      wrong: 'code that is dropped in silence',
      law: 'code is refused, and says so',
      mutant: laws.codec(
        new t.Type<Objective.Objective, unknown>(
          'Objective',
          Objective.codec(Vocabulary.standard).is,
          () => t.success(Objective.likelihood),
          Objective.codec(Vocabulary.standard).encode
        ),
        fc.constant<Objective.Objective>(Objective.likelihood),
        { code }
      ),
      right: laws.codec(Objective.codec(Vocabulary.standard), fc.constant<Objective.Objective>(Objective.likelihood), {
        code
      })
    }
  ])
})
