/** What the language's own cases are by what is published of them, as claims and laws of their own: no code of theirs is used. */
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { singular } from '../../lib/arrays/linalg.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import {
  Case as Of,
  Compile,
  Expectation,
  Key,
  Optimizer,
  Parametrization,
  Params,
  type Points,
  Rate,
  Region,
  Sampler,
  Schedule,
  Score,
  TimeGrid,
  Weighting
} from '../../src/index.js'
import * as Objective from '../../src/objective/index.js'
import * as Arbitrary from '../../src/laws/arbitraries.js'
import { compiled, dot, flat, greatest, lengthOf as norm, sumOf } from '../../src/laws/check.js'
import * as laws from '../../src/laws/index.js'
import { equals, atMost, ofRows, forAll } from '../../src/laws/lawRows.js'

/** p x_0 + q z, as published: no formula of `Parametrization` is used. */
const directions = Of.known<(level: Schedule.Level) => Parametrization.Direction>(
  Of.when(Parametrization.score, () => ({ sigma }) => ({ p: 0, q: -1 / sigma })),
  Of.when(Parametrization.noise, () => () => ({ p: 0, q: 1 })),
  Of.when(Parametrization.data, () => () => ({ p: 1, q: 0 })),
  Of.when(Parametrization.velocity, () => ({ alpha, sigma }) => ({ p: -sigma, q: alpha })),
  Of.when(Parametrization.flow, () => () => ({ p: -1, q: 1 })),
  Of.when(Parametrization.edm, ({ sigmaData }) => ({ alpha, sigma }) => {
    // Karras et al. 2022, table 1, of x/α with the noise σ/α: F = (x_0 − c_skip (x_0 + sz))/c_out.
    const s = sigma / alpha
    const size = s * s + sigmaData * sigmaData
    const skip = (sigmaData * sigmaData) / size
    const out = (s * sigmaData) / Math.sqrt(size)
    return { p: (1 - skip) / out, q: (-skip * s) / out }
  })
)

/** The claims of a parametrization. */
export const parametrized = (parametrization: Parametrization.Parametrization): laws.ParametrizationOptions => {
  const direction = O.toUndefined(directions(parametrization))
  return direction === undefined ? {} : { direction }
}

// —— how optimizers treat entries ——

/** What is known of how an optimizer treats entries. */
interface Alike {
  readonly coordinates: boolean
  readonly names: boolean
  /** Whether it sums over entries: in another order it agrees up to rounding. */
  readonly sums: boolean
  /** Whether its steps jump where a number vanishes, so that a rounding may change them. */
  readonly jumps: boolean
}

/** Every entry alone. */
const each: Alike = { coordinates: true, names: true, sums: false, jumps: false }
const jumping: Alike = { ...each, jumps: true }
const summing: Alike = { ...each, sums: true }
const withinNames: Alike = { ...summing, names: false }
/** It decides by comparing numbers that two orders of a sum may put on either side; or nothing is known but what the options claim. */
const deciding: Alike = { coordinates: false, names: false, sums: true, jumps: true }

/** Cases by how they treat entries; the root of a difference may cancel, so a standard deviation jumps. */
const KINDS: ReadonlyArray<readonly [Alike, ReadonlyArray<Of.CaseOf<Of.AnyValue>>]> = [
  [
    each,
    [
      Optimizer.scale,
      Optimizer.zero,
      Optimizer.scaleByRate,
      Optimizer.trace,
      Optimizer.nesterovTrace,
      Optimizer.scaleByAdam,
      Optimizer.scaleByAmsGrad,
      Optimizer.scaleByNAdam
    ]
  ],
  [
    each,
    [
      Optimizer.scaleByRAdam,
      Optimizer.scaleByRms,
      Optimizer.scaleByAdagrad,
      Optimizer.scaleByAdadelta,
      Optimizer.clipByValue,
      Optimizer.weightDecay
    ]
  ],
  [each, [Optimizer.average, Optimizer.ema, Optimizer.lookahead, Region.box, Region.nonNegative]],
  [jumping, [Optimizer.sign, Optimizer.scaleByStandardDeviation, Optimizer.scaleByLion]],
  [summing, [Optimizer.scaleByPolyak, Optimizer.clipByGlobalNorm]],
  [withinNames, [Optimizer.clipByNorm, Region.ball, Region.simplex]],
  [{ ...each, names: false }, [Optimizer.freeze]]
]

const both = (a: Alike, b: Alike): Alike => ({
  coordinates: a.coordinates && b.coordinates,
  names: a.names && b.names,
  sums: a.sums || b.sums,
  jumps: a.jumps || b.jumps
})

const alike = (value: Of.AnyValue): Alike => {
  const all = (parts: ReadonlyArray<Of.AnyValue>): Alike => parts.map(alike).reduce(both, each)
  return pipe(
    value,
    Of.known<Alike>(
      Of.when(Optimizer.project, ({ region }) => alike(region)),
      Of.when(Optimizer.only, ({ part }) => ({ ...alike(part), names: false })),
      Of.when(Optimizer.partition, ({ rules }) => ({ ...all(Object.values(rules)), names: false })),
      Of.when(Optimizer.chain, ({ parts }) => all(parts))
    ),
    O.getOrElse(() => KINDS.find(([, cases]) => cases.some(one => Of.isMadeBy(one)(value)))?.[0] ?? deciding)
  )
}

/** The claims of an optimizer. */
export const treating = (optimizer: Optimizer.Optimizer): Partial<laws.OptimizerOptions> => {
  const known = alike(optimizer)
  // Where what sums also jumps, two orders of a sum may take different steps.
  const safe = !(known.sums && known.jumps)
  return { coordinatesAlike: known.coordinates && safe, namesAlike: known.names && safe }
}

// —— rates ——

/** The greatest rate that a description names, where its case is known; infinite where it grows without end. */
const most: (rate: Rate.Rate) => O.Option<number> = Of.known(
  Of.when(Rate.constant, ({ rate }) => rate),
  Of.when(Rate.linear, ({ rate, final }) => Math.max(rate, final)),
  Of.when(Rate.step, ({ rate, factor }) => (factor > 1 ? Infinity : rate)),
  Of.when(Rate.piecewise, ({ first, later }) => Math.max(...[first, ...later.map(({ rate }) => rate)].map(bound))),
  Of.when(Rate.exponential, ({ rate, factor }) => (factor > 1 ? Infinity : rate)),
  Of.when(Rate.cosine, ({ rate, final }) => Math.max(rate, final)),
  Of.when(Rate.oneCycle, ({ rate, start, final }) => Math.max(rate, start, final)),
  Of.when(Rate.inverseSquareRoot, ({ rate }) => rate)
)

const bound = (rate: Rate.Rate): number => O.getOrElse(() => Infinity)(most(rate))

/** Every rate that a description names times a factor, where all its cases are known. */
const scaled = (by: number): ((rate: Rate.Rate) => O.Option<Rate.Rate>) => {
  const times: (rate: Rate.Rate) => O.Option<Rate.Rate> = rate =>
    Of.isMadeBy(Rate.piecewise)(rate)
      ? pipe(
          [rate.first, ...rate.later.map(({ rate }) => rate)],
          O.traverseArray(times),
          O.map(([first, ...rest]) => ({
            ...rate,
            first,
            later: rate.later.map((piece, i) => ({ ...piece, rate: rest[i] }))
          }))
        )
      : alone(rate)
  const alone = Of.known<Rate.Rate>(
    Of.when(Rate.constant, rate => ({ ...rate, rate: by * rate.rate })),
    Of.when(Rate.linear, rate => ({ ...rate, rate: by * rate.rate, final: by * rate.final })),
    Of.when(Rate.step, rate => ({ ...rate, rate: by * rate.rate })),
    Of.when(Rate.exponential, rate => ({ ...rate, rate: by * rate.rate })),
    Of.when(Rate.cosine, rate => ({ ...rate, rate: by * rate.rate, final: by * rate.final })),
    Of.when(Rate.oneCycle, rate => ({
      ...rate,
      rate: by * rate.rate,
      start: by * rate.start,
      final: by * rate.final
    })),
    Of.when(Rate.inverseSquareRoot, rate => ({ ...rate, rate: by * rate.rate }))
  )
  return times
}

/** An equation between two numbers of the size of the rate. */
type Equation = readonly [what: string, found: number, wanted: number]

/** Half a cosine from `a` at `lo` to `b` at `hi`: its ends, its symmetry about the middle, and its height at a third. */
const halfCosine = (
  at: (step: number) => number,
  { lo, hi, a, b }: { readonly lo: number; readonly hi: number; readonly a: number; readonly b: number },
  step: number
): ReadonlyArray<Equation> => {
  const along = step % (hi - lo)
  return [
    ['at its begin', at(lo), a],
    // cos(π/3) = ½
    ['after a third', at(lo + (hi - lo) / 3), b + 0.75 * (a - b)],
    ['on both sides of its middle', along === 0 ? a + b : at(lo + along) + at(hi - along), a + b]
  ]
}

/** What a rate after so many steps is to be, from its description alone: no closed form is used twice. */
const equations = (
  at: (rate: Rate.Rate, step: number) => number,
  step: number
): ((rate: Rate.Rate) => O.Option<ReadonlyArray<Equation>>) =>
  Of.known<ReadonlyArray<Equation>>(
    Of.when(Rate.constant, (rate): ReadonlyArray<Equation> => [['at any step', at(rate, step), rate.rate]]),
    Of.when(Rate.linear, (rate): ReadonlyArray<Equation> => [
      ['at first', at(rate, 0), rate.rate],
      ['after its steps', at(rate, rate.steps + step), rate.final],
      [
        'from one step to the next',
        at(rate, (step % rate.steps) + 1) - at(rate, step % rate.steps),
        (rate.final - rate.rate) / rate.steps
      ]
    ]),
    Of.when(Rate.step, (rate): ReadonlyArray<Equation> => [
      ['before it falls', at(rate, (step % 1000) * (rate.every / 1000)), rate.rate],
      ['once more', at(rate, step + rate.every), rate.factor * at(rate, step)]
    ]),
    Of.when(Rate.piecewise, (rate): ReadonlyArray<Equation> =>
      [{ from: 0, rate: rate.first }, ...rate.later]
        .filter(({ from }, i) => from <= step && (i === rate.later.length || rate.later[i].from > step))
        .map(({ from, rate: inner }): Equation => [
          `of the piece from ${from} on`,
          at(rate, step),
          at(inner, step - from)
        ])
    ),
    Of.when(Rate.exponential, (rate): ReadonlyArray<Equation> => [
      ['at first', at(rate, 0), rate.rate],
      ['once more', at(rate, step + rate.every), rate.factor * at(rate, step)],
      ['between its neighbours', at(rate, step + 1), Math.sqrt(at(rate, step) * at(rate, step + 2))]
    ]),
    Of.when(Rate.cosine, (rate): ReadonlyArray<Equation> => [
      ['after its steps', at(rate, rate.steps + step), rate.final],
      ...(rate.warmUp >= 1
        ? [
            [
              'on its way up',
              at(rate, step % Math.floor(rate.warmUp)),
              (rate.rate * ((step % Math.floor(rate.warmUp)) + 1)) / rate.warmUp
            ] as const
          ]
        : []),
      ...halfCosine(n => at(rate, n), { lo: rate.warmUp, hi: rate.steps, a: rate.rate, b: rate.final }, step)
    ]),
    Of.when(Rate.oneCycle, (rate): ReadonlyArray<Equation> => {
      const peak = rate.rise * rate.steps
      const [up, down] = [
        { lo: 0, hi: peak, a: rate.start, b: rate.rate },
        { lo: peak, hi: rate.steps, a: rate.rate, b: rate.final }
      ]
      return [
        ['after its steps', at(rate, rate.steps + step), rate.final],
        ...(peak > 0 ? halfCosine(n => at(rate, n), up, step) : []),
        ...halfCosine(n => at(rate, n), down, step)
      ]
    }),
    Of.when(Rate.inverseSquareRoot, (rate): ReadonlyArray<Equation> => [
      ['at first', at(rate, 0), rate.rate],
      ['squared', at(rate, step) * Math.sqrt(1 + step / rate.after), rate.rate]
    ])
  )

/** The laws of a rate, with the equation that it is the solution of. */
export const ofRate = (rate: Rate.Rate): ReadonlyArray<laws.Law> => {
  const at = (rate: Rate.Rate, step: number): number => Rate.at(step)(rate)
  const lawOf = forAll(fc.record({ step: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 1_000_000 })) }))
  return [
    ...laws.rate(rate, Number.isFinite(bound(rate)) ? { most: bound(rate) } : {}),
    ...ofRows(Rate.show(rate), [
      lawOf({
        name: 'is what its description says',
        statement:
          '∀ n: its equation holds, where its case is known: its ends; equal differences, or equal ratios, of its steps; half a cosine, symmetric about its middle and at ¾ after a third; rate(n)² (1 + n/after) = rate²; the piece that n falls in. To 1e-13 of the rates.',
        source: 'definition of each',
        says: ({ step }) =>
          O.getOrElse((): ReadonlyArray<Equation> => [])(equations(at, step)(rate)).flatMap(([what, found, wanted]) => {
            const size = Math.max(Math.abs(found), Math.abs(wanted), Number.isFinite(bound(rate)) ? bound(rate) : 0)
            return equals({ [what]: found }, { [what]: wanted }, 1e-13 * size)
          })
      }),
      lawOf({
        name: 'grows with the rates it names',
        statement:
          '∀ n, c = 2^k: with every rate of its description, where its case is known, c times as great it is c times as great. Exactly.',
        source: 'rates are of one unit',
        says: ({ step }) => {
          const by = Elementary.powerOfTwo((step % 7) - 3)
          const other = O.toNullable(scaled(by)(rate))
          return other !== null && equals(at(other, step), by * at(rate, step))
        }
      })
    ])
  ]
}

// —— regions ——

type Vector = ReadonlyArray<number>

/** How far out of the region a vector is, in the coordinate or the sum that is farthest. */
const excess: (region: Region.Region) => O.Option<(x: Vector, columns: number) => number> = Of.known<
  (x: Vector, columns: number) => number
>(
  Of.when(
    Region.ball,
    ({ radius }) =>
      x =>
        norm(x) - radius
  ),
  Of.when(
    Region.box,
    ({ least, most }) =>
      x =>
        Math.max(...x.map(entry => Math.max(least - entry, entry - most)))
  ),
  Of.when(
    Region.simplex,
    ({ total }) =>
      x =>
        Math.max(Math.abs(sumOf(x) - total), ...x.map(entry => -entry))
  ),
  Of.when(Region.nonNegative, () => x => Math.max(...x.map(entry => -entry))),
  Of.when(Region.orthonormal, () => (x, columns) => {
    const all = columnsOf(x, columns)
    return Math.max(...all.flatMap((a, i) => all.map((b, j) => Math.abs(dot(a, b) - (i === j ? 1 : 0)))))
  }),
  Of.when(Region.positiveDefinite, ({ least }) => (x, n) => {
    const uneven = Math.max(...x.map((entry, at) => Math.abs(entry - x[(at % n) * n + Math.floor(at / n)])))
    // Raised above 0 by a bound of all eigenvalues they are the singular values.
    const bound = 1 + n * greatest(x)
    const raised = Float64Array.from(x, (entry, at) => (at % (n + 1) === 0 ? entry + bound : entry))
    return Math.max(uneven, least - (Math.min(...singular({ shape: [n, n], values: raised }).values) - bound))
  })
)

const columnsOf = (x: Vector, columns: number): ReadonlyArray<Vector> =>
  Array.from({ length: columns }, (_, j) => x.filter((_, at) => at % columns === j))

/** Gram & Schmidt, twice over; where nothing is left of a column, of axes in its place. */
const orthonormal = (x: Vector, columns: number): Vector => {
  const rows = x.length / columns
  const axes = Array.from({ length: rows }, (_, i) => Array.from({ length: rows }, (_, e) => (e === i ? 1 : 0)))
  const across = (found: ReadonlyArray<Vector>, a: Vector): Vector =>
    found.reduce((left, b) => left.map((entry, e) => entry - dot(left, b) * b[e]), a)
  const chosen = columnsOf(x, columns).reduce<ReadonlyArray<Vector>>((found, column) => {
    const left = [column, ...axes]
      .map(a =>
        across(
          found,
          a.map(entry => entry / Math.max(norm(a), 1e-300))
        )
      )
      .find(a => norm(a) > 0.5 / rows)
    const again = across(found, left ?? [])
    return [...found, again.map(entry => entry / norm(again))]
  }, [])
  return x.map((_, at) => chosen[at % columns][Math.floor(at / columns)])
}

/** A vector of the region made of any other, without the nearest-point map; its faces and corners are met. */
const member: (region: Region.Region) => O.Option<(x: Vector, columns: number) => Vector> = Of.known<
  (x: Vector, columns: number) => Vector
>(
  Of.when(
    Region.ball,
    ({ radius }) =>
      x =>
        x.map(entry => (radius * entry) / Math.max(1, norm(x)))
  ),
  Of.when(
    Region.box,
    ({ least, most }) =>
      x =>
        x.map(entry =>
          least === -Infinity && most === Infinity
            ? entry
            : least === -Infinity
              ? most - Math.abs(entry)
              : most === Infinity
                ? least + Math.abs(entry)
                : least + (most - least) * Math.min(1, Math.abs(entry))
        )
  ),
  Of.when(Region.simplex, ({ total }) => x => {
    const size = sumOf(x.map(Math.abs))
    return x.map(entry => (size === 0 ? total / x.length : (total * Math.abs(entry)) / size))
  }),
  Of.when(Region.nonNegative, () => x => x.map(Math.abs)),
  Of.when(Region.orthonormal, () => orthonormal),
  // least I + XXᵀ/(1 + |X|)
  Of.when(Region.positiveDefinite, ({ least }) => (x, n) => {
    const row = (i: number): Vector => x.slice(i * n, (i + 1) * n)
    return x.map(
      (_, at) => dot(row(Math.floor(at / n)), row(at % n)) / (1 + norm(x)) + (at % (n + 1) === 0 ? least : 0)
    )
  })
)

/** The claims of a region. */
export const regioned = (region: Region.Region): laws.RegionOptions => {
  const [out, inside] = [O.toUndefined(excess(region)), O.toUndefined(member(region))]
  return out === undefined || inside === undefined ? {} : { excess: out, member: inside }
}

// —— weightings and samplers ——

/** The parametrizations between whose losses a weighting stands, as its paper says. */
type Carried = readonly [from: Parametrization.Parametrization, to: Parametrization.Parametrization]
const carried: (weighting: Weighting.Weighting) => O.Option<Carried> = Of.known<Carried>(
  Of.when(Weighting.snr, () => [Parametrization.data, Parametrization.noise]),
  Of.when(Weighting.edm, ({ sigmaData }) => [Parametrization.data, Parametrization.edm({ sigmaData })]),
  Of.when(Weighting.noiseVariance, () => [Parametrization.score, Parametrization.noise])
)

/** The claims of a weighting. */
export const weighted = (weighting: Weighting.Weighting): laws.WeightingOptions => ({
  carries: O.toNullable(carried(weighting))
})

/** The claims of a sampler: the DDPM is DDIM of η = 1. */
export const sampled = (sampler: Sampler.Sampler): laws.SamplerOptions =>
  Of.isMadeBy(Sampler.ddim)(sampler) && sampler.eta === 1 ? { equals: Sampler.ancestral } : {}

/** The claims of a time grid whose ends no fields of the names `from` and `to` say. */
export const spanned = (grid: TimeGrid.TimeGrid): laws.TimeGridOptions => {
  const span = pipe(
    grid,
    Of.known(
      Of.when(TimeGrid.listed, ({ times }) => ({
        from: times[0],
        to: times[times.length - 1],
        steps: times.length - 1
      })),
      Of.when(TimeGrid.constant, ({ time, steps }) => ({ from: time, to: time, steps }))
    ),
    O.toUndefined
  )
  return span === undefined ? {} : { span }
}

// —— penalties ——

/** The names that a regularizer holds, of those of a score. */
const heldBy = (
  { parameters, towards }: Of.MadeBy<typeof Objective.regularizer>,
  names: ReadonlyArray<string>
): ReadonlyArray<string> => parameters ?? (towards === null ? names : Params.names(towards))

/** The laws of a penalty of the language's own: those of any, and that it is the sum that is written. */
export const ofPenalty = <P extends string>(regularizer: Objective.Objective, score: Score.Score<P>): laws.Laws => {
  const ofScore = Arbitrary.params(score)
  const terms = Objective.terms(regularizer).flatMap(({ weight, term }) =>
    Of.isMadeBy(Objective.regularizer)(term.of) ? [{ weight, term: term.of }] : []
  )
  const cases = Arbitrary.dims.chain(dim =>
    fc.record({
      points: Arbitrary.points({ minRows: Arbitrary.minRows(score) })(dim),
      params: ofScore(dim),
      further: ofScore(dim),
      seed: Arbitrary.seeds
    })
  )
  const at = (params: Params.Params<P>, points: Points.Points, seed: number) =>
    compiled(
      Compile.valueAndGrad({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        objective: regularizer,
        expectation: Expectation.monteCarlo()
      })(points)
    )(params, Key.fromSeed(seed))
  /** Σ of the penalty of every entry's distance from where it is pulled to. */
  const written = (params: Params.Params<P>): number => {
    const named: Params.Params<string> = params
    return terms.reduce((total, { weight, term }) => {
      const { norm, smoothing, towards } = term
      const entries = heldBy(term, Params.names(named)).flatMap(name =>
        Array.from(named[name].values, (value, i) => value - (towards?.[name]?.values[i] ?? 0))
      )
      const penalty = (x: number): number => (norm === 'l2' ? x * x : Elementary.hypot(x, smoothing) - smoothing)
      return total + weight * entries.reduce((sum, x) => sum + penalty(x), 0)
    }, 0)
  }
  const tolerance = (...params: ReadonlyArray<Params.Params<P>>): number => {
    const entries = params.flatMap(flat)
    return 1e-14 * entries.length * Elementary.square(4 + greatest(entries))
  }
  /** Of a penalty of one's own nobody knows the formula, nor that it is convex. */
  const isKnown = terms.length === Objective.terms(regularizer).length
  const size = 'To 1e-14 n r², n the number of parameters and r their size: n terms of that size are rounded.'

  const names = Params.names(Score.shapes(1)(score))
  const namesAll = isKnown && names.every(name => terms.some(({ term }) => heldBy(term, names).includes(name)))
  const known = { claim: isKnown, reason: 'of a penalty of one’s own nobody knows the formula' } as const
  const lawOf = forAll(cases)
  return ofRows(Objective.show(regularizer), [
    laws.objective(regularizer, score),
    lawOf({
      ...known,
      name: 'is the sum that is written',
      statement: `∀ θ: its value is Σ (θ − θ_0)², or Σ √((θ − θ_0)² + ε²) − ε, over what it names. ${size}`,
      source: 'Hoerl & Kennard 1970; Tibshirani 1996',
      says: ({ params, points, seed }) => equals(at(params, points, seed).value, written(params), tolerance(params))
    }),
    lawOf({
      ...(namesAll ? { claim: false, reason: 'it names all parameters' } : known),
      name: 'leaves the parameters that it does not name alone',
      statement: '∀ θ: ∂L/∂θ_i = 0 for every parameter that it does not name. Exactly.',
      source: 'definition of a regularizer',
      says: ({ params, points, seed }) => {
        const { gradient } = at(params, points, seed)
        const held = terms.flatMap(({ term }) => heldBy(term, names))
        return names.filter(name => !held.includes(name)).map(name => equals(gradient[name].values, 0))
      }
    }),
    lawOf({
      ...known,
      name: 'is convex',
      statement: `∀ θ, θ′: L(½θ + ½θ′) ≤ ½L(θ) + ½L(θ′), and L(θ′) ≥ L(θ) + ⟨∇L(θ), θ′ − θ⟩. ${size}`,
      source: 'a norm is convex',
      says: ({ params, further, points, seed }) => {
        const [here, there] = [at(params, points, seed), at(further, points, seed)]
        const middle = at(Params.zipWith((a, b) => (a + b) / 2)(params, further), points, seed)
        const between = (here.value + there.value) / 2
        const [from, to, slope] = [params, further, here.gradient].map(flat)
        const tangent = here.value + slope.reduce((sum, g, i) => sum + g * (to[i] - from[i]), 0)
        const close = tolerance(params, further)
        return [atMost(middle.value, between, close), atMost(tangent, there.value, close)]
      }
    })
  ])
}
