/** Wrong optimizers, keys, codecs, runs and compilers. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { Case, Key, Objective, Optimizer, Params, Rate, TimeLaw, Vocabulary } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import type { Mutant } from './mutant.js'
import { treating } from './published.js'

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

describe('optimizers', () => {
  type P = Params.Params<string>
  const { chain, scale } = Optimizer
  const optimizerOf = (o: Optimizer.Optimizer, options: Partial<laws.OptimizerOptions> = {}): ReadonlyArray<laws.Law> =>
    laws.optimizer(o, { ...treating(o), ...options })
  const interpret = (o: Optimizer.Optimizer): laws.Machine => Optimizer.anyInterpret<string>(o)

  /** The laws under an interpreter that is wrong about one kind of optimizer, wherever it stands in a chain. */
  const wrongly = (
    o: Optimizer.Optimizer,
    change: (o: Optimizer.Optimizer) => Optimizer.Optimizer,
    options: Partial<laws.OptimizerOptions> = {}
  ): ReadonlyArray<laws.Law> => optimizerOf(o, { ...options, interpret: o => interpret(change(o)) })

  /** The laws of an optimizer with its functions changed. */
  const withMachine = (
    o: Optimizer.Optimizer,
    change: (machine: laws.Machine) => laws.Machine,
    options: Partial<laws.OptimizerOptions> = {}
  ): ReadonlyArray<laws.Law> => optimizerOf(o, { ...options, interpret: of => change(interpret(of)) })

  const onSteps =
    (f: (step: P) => P) =>
    ({ init, update }: laws.Machine): laws.Machine => ({
      init,
      update: (...given) => {
        const [step, state] = update(...given)
        return [f(step), state]
      }
    })

  const descent = Optimizer.gradientDescent({ rate: 0.5 })
  const momentum = Optimizer.momentum({ rate: 0.25, decay: 0.5 })
  const adam = Optimizer.scaleByAdam({ beta1: 0.5, beta2: 0.5 })
  const falling = Optimizer.scaleByRate(Rate.exponential({ rate: 0.5, factor: 0.5, every: 4 }))
  const onChains =
    (f: (parts: ReadonlyArray<Optimizer.Optimizer>) => ReadonlyArray<Optimizer.Optimizer>) =>
    (o: Optimizer.Optimizer): Optimizer.Optimizer =>
      Case.isMadeBy(chain)(o) ? chain(...f(o.parts).map(onChains(f))) : o

  const constant = {
    descent: (g: number) => -0.5 * g,
    falling: (g: number, n: number) => -0.5 * 0.5 ** (n / 4) * g,
    adam: (g: number) => g / (Math.abs(g) + 1e-8)
  }

  areCaught([
    {
      wrong: 'a chain that applies its parts from the last to the first',
      law: 'a chain applies its parts in turn',
      mutant: wrongly(
        adam,
        onChains(parts => parts.slice().reverse())
      ),
      right: optimizerOf(adam)
    },
    {
      wrong: 'a chain that forgets all but two of its parts',
      law: 'chaining is associative',
      mutant: wrongly(
        momentum,
        onChains(parts => parts.slice(-2))
      ),
      right: optimizerOf(momentum)
    },
    {
      wrong: 'an empty chain that makes no step',
      law: 'the empty chain is the identity of chaining',
      mutant: wrongly(
        descent,
        onChains(parts => (parts.length === 0 ? [Optimizer.zero] : parts))
      ),
      right: optimizerOf(descent)
    },
    {
      wrong: 'a forgotten bias correction',
      law: 'a constant gradient takes the steps of its closed form',
      mutant: withMachine(
        adam,
        ({ init, update }) => ({
          init,
          update: (gradient, state, params, context) => {
            const [step, next] = update(gradient, state, params, context)
            // m/√v for m̂/√v̂: the two corrections of one β leave the root of one.
            const { count } = next as { readonly count: number }
            return [Params.mapValues(s => s * Math.sqrt(1 - 0.5 ** count))(step), next]
          }
        }),
        { constant: constant.adam }
      ),
      right: optimizerOf(adam, { constant: constant.adam })
    },
    {
      wrong: 'a count that is not advanced',
      law: 'a constant gradient takes the steps of its closed form',
      mutant: withMachine(
        falling,
        ({ init, update }) => ({ init, update: (...given) => [update(...given)[0], given[1]] }),
        { constant: constant.falling }
      ),
      right: optimizerOf(falling, { constant: constant.falling })
    },
    {
      wrong: 'a sign: ascent',
      law: 'no step on a quadratic goes up',
      mutant: optimizerOf(scale(0.5), { descends: 2 }),
      right: optimizerOf(scale(-0.5), { descends: 2 })
    },
    {
      wrong: 'a rate above 2/L',
      law: 'no step on a quadratic goes up',
      mutant: optimizerOf(scale(-1.5), { descends: 2 }),
      right: optimizerOf(scale(-0.5), { descends: 2 })
    },
    {
      wrong: 'a step of zero',
      law: 'the minimum of a strongly convex quadratic is reached',
      mutant: wrongly(descent, () => Optimizer.zero, { converges: { lo: 1, hi: 2, steps: 40, within: 1e-6 } }),
      right: optimizerOf(descent, { converges: { lo: 1, hi: 2, steps: 40, within: 1e-6 } })
    },
    {
      wrong: 'one trace shared between all names',
      law: 'split parameters take split steps',
      mutant: withMachine(momentum, ({ init, update }) => ({
        init,
        update: (gradient, state, params, context) => {
          const [step, next] = update(gradient, state, params, context)
          const [first] = Object.values(step)
          return [
            Params.map<P[string], P[string]>(({ shape, values }) => ({
              shape,
              values: values.map((v, i) => v + 0.1 * (first.values[i] ?? 0))
            }))(step),
            next
          ]
        }
      })),
      right: optimizerOf(momentum)
    },
    {
      wrong: 'a step that sums the coordinates before',
      law: 'permuted coordinates take permuted steps',
      mutant: withMachine(
        descent,
        onSteps(
          Params.map<P[string], P[string]>(({ shape, values }) => ({
            shape,
            values: values.map((value, i) => value + (i > 0 ? values[i - 1] : 0))
          }))
        )
      ),
      right: optimizerOf(descent)
    },
    {
      wrong: 'a state that is changed in place',
      law: 'update is pure',
      mutant: withMachine(Optimizer.trace(0.5), ({ init, update }) => ({
        init,
        update: (gradient, state, params, context) => {
          const [step, next] = update(gradient, state, params, context)
          const { trace } = state as { readonly trace: P | undefined }
          Object.entries(trace ?? {}).forEach(([name, { values }]) => {
            values.set(step[name].values)
          })
          return [step, next]
        }
      })),
      right: optimizerOf(Optimizer.trace(0.5))
    },
    {
      wrong: 'a step without its shape',
      law: 'steps have the names and shapes of the parameters',
      mutant: withMachine(
        descent,
        onSteps(Params.map<P[string], P[string]>(({ values }) => ({ shape: [values.length], values })))
      ),
      right: optimizerOf(descent)
    },
    {
      wrong: 'a state written with six digits',
      law: 'a state goes through JSON unchanged',
      mutant: optimizerOf(Optimizer.scaleByAdam(), {
        stateCodec: o => {
          const codec = Optimizer.stateCodec<string>(o)
          const rounded = (json: unknown): unknown =>
            JSON.parse(JSON.stringify(json), (_, value: unknown) =>
              typeof value === 'number' ? Number(value.toFixed(6)) : value
            )
          return new t.Type(codec.name, codec.is, codec.validate, state => rounded(codec.encode(state)))
        }
      }),
      right: optimizerOf(Optimizer.scaleByAdam())
    },
    {
      wrong: 'a factor of 0 taken for an absent one',
      law: 'no rate, no step',
      mutant: wrongly(
        descent,
        onChains(parts => parts.map(part => (Case.isMadeBy(scale)(part) && part.factor === 0 ? scale(1) : part)))
      ),
      right: optimizerOf(descent)
    },
    {
      wrong: 'a clipped descent that claims to be linear',
      law: 'scaled gradients take scaled steps',
      mutant: optimizerOf(chain(Optimizer.clipByValue(1), descent), { scaling: 'linear' }),
      right: optimizerOf(descent, { scaling: 'linear' })
    },
    {
      wrong: 'an ε of the size of the gradients',
      law: 'scaled gradients take the same steps',
      mutant: optimizerOf(Optimizer.scaleByAdam({ epsilon: 0.5 }), { scaling: 'invariant', tolerance: 1e-4 }),
      right: optimizerOf(Optimizer.scaleByAdam(), { scaling: 'invariant', tolerance: 1e-4 })
    },
    {
      wrong: 'weight decay after the freeze',
      law: 'what is frozen keeps its bits',
      mutant: optimizerOf(chain(Optimizer.freeze('means'), Optimizer.adamW({ rate: 0.1, decay: 0.1 })), {
        frozen: ['means']
      }),
      right: optimizerOf(chain(Optimizer.adamW({ rate: 0.1, decay: 0.1 }), Optimizer.freeze('means')), {
        frozen: ['means']
      })
    }
  ])
})

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
