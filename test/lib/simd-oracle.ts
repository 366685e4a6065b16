/**
 * Elementary functions to some 200 bits, from series in integer arithmetic: independent of `Math` and of the kernels.
 *
 * A number is a `Fixed`: an integer over 2^bits, with as many bits as its smallest part needs.
 */

type Fixed = bigint

const buffer = new DataView(new ArrayBuffer(8))

/** A finite double as significand · 2^exponent, exactly. */
const exact = (x: number): { readonly significand: bigint; readonly exponent: number } => {
  buffer.setFloat64(0, x)
  const word = buffer.getBigInt64(0)
  const biased = Number((word >> 52n) & 0x7ffn)
  const fraction = word & 0xfffffffffffffn
  const magnitude = biased === 0 ? fraction : fraction + 0x10000000000000n
  return { significand: word < 0n ? -magnitude : magnitude, exponent: Math.max(biased, 1) - 1075 }
}

const shift = (x: bigint, by: number): bigint => (by >= 0 ? x << BigInt(by) : x >> BigInt(-by))

const fixed = (x: number, bits: number): Fixed => {
  const { significand, exponent } = exact(x)
  return shift(significand, exponent + bits)
}

const length = (x: bigint): number => (x < 0n ? -x : x).toString(2).length

const memo = <T>(f: (bits: number) => T): ((bits: number) => T) => {
  const known = new Map<number, T>()
  return bits => {
    const value = known.get(bits) ?? f(bits)
    known.set(bits, value)
    return value
  }
}

/** artanh(1/n) = Σ n^{−2i−1}/(2i + 1), or arctan(1/n) with alternating signs. */
const inverse = (n: bigint, alternating: boolean, bits: number): Fixed => {
  let sum = 0n
  let power = (1n << BigInt(bits)) / n
  for (let i = 0n; power !== 0n; i++, power /= n * n) {
    const term = power / (2n * i + 1n)
    sum += alternating && i % 2n === 1n ? -term : term
  }
  return sum
}
/** ln 2 = 18 artanh 1/26 − 2 artanh 1/4801 + 8 artanh 1/8749 */
const ln2 = memo((bits): Fixed => {
  const [a, b, c] = [26n, 4801n, 8749n].map(n => inverse(n, false, bits + 20))
  return (18n * a - 2n * b + 8n * c) >> 20n
})
/** π = 16 arctan 1/5 − 4 arctan 1/239 (Machin) */
const pi = memo((bits): Fixed => (16n * inverse(5n, true, bits + 20) - 4n * inverse(239n, true, bits + 20)) >> 20n)

const squareRoot = (x: bigint): bigint => {
  let root = 1n << BigInt((length(x) >> 1) + 1)
  for (;;) {
    const next = (root + x / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** e^x by its series on x/2^k for a small remainder of ln 2, squared again. */
const exponential = (x: Fixed, bits: number): Fixed => {
  const halvings = 12
  const work = bits + 2 * halvings + 20
  const wide = x << BigInt(work - bits)
  const k = Number(wide / ln2(work))
  const r = (wide - BigInt(k) * ln2(work)) >> BigInt(halvings)
  const one = 1n << BigInt(work)
  let sum = one
  let term = one
  for (let i = 1n; term !== 0n && term !== -1n; i++) {
    term = ((term * r) >> BigInt(work)) / i
    sum += term
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) >> BigInt(work)
  return shift(sum, k - (work - bits))
}

/** ln x, from a guess that is right to 2⁻⁴⁰: ln x = guess + ln(x e^{−guess}), a series in a tiny number. */
const logarithm = (x: Fixed, guess: number, bits: number): Fixed => {
  const d = ((x * exponential(-fixed(guess, bits), bits)) >> BigInt(bits)) - (1n << BigInt(bits))
  let sum = fixed(guess, bits)
  let power = d
  for (let i = 1n; power !== 0n && power !== -1n; i++, power = -((power * d) >> BigInt(bits))) sum += power / i
  return sum
}

/** Bits enough for 200 significant ones of x, its reciprocal, and a result about as small as x. */
const enough = (x: number): number => 260 + Math.abs(length(exact(x).significand) + exact(x).exponent)

/** A value, an integer over 2^bits. */
export interface Value {
  readonly value: Fixed
  readonly bits: number
}
type Oracle = (x: number) => Value

const one = (bits: number): Fixed => 1n << BigInt(bits)
const ratio = (a: Fixed, b: Fixed, bits: number): Fixed => (a << BigInt(bits)) / b

/** Sine and cosine by their series on a remainder of π/2 cut to 2⁻⁸ of it, doubled again. */
const sineAndCosine = (x: Fixed, bits: number): { readonly sin: Fixed; readonly cos: Fixed } => {
  const doublings = 8
  const work = bits + 40
  // The quotient has up to 1024 bits, each of which π has to have too.
  const halfPi = pi(work + 1100)
  const wide = x << BigInt(work + 1100 - bits + 1)
  const quarters = (wide + (halfPi >> 1n)) / halfPi - (wide + (halfPi >> 1n) < 0n ? 1n : 0n)
  const r = (wide - quarters * halfPi) >> BigInt(1101 + doublings)
  let sin = 0n
  let cos = 0n
  let term = one(work)
  for (let i = 0n; term !== 0n && term !== -1n; term = ((term * r) >> BigInt(work)) / ++i) {
    const sign = i & 2n ? -1n : 1n
    if (i & 1n) sin += sign * term
    else cos += sign * term
  }
  for (let i = 0; i < doublings; i++)
    [sin, cos] = [(2n * sin * cos) >> BigInt(work), (cos * cos - sin * sin) >> BigInt(work)]
  const [s, c] = [sin, cos].map(value => value >> 40n)
  const turned = [
    { sin: s, cos: c },
    { sin: c, cos: -s },
    { sin: -s, cos: -c },
    { sin: -c, cos: s }
  ]
  return turned[Number(((quarters % 4n) + 4n) % 4n)]
}

/** Bits for 200 significant ones of a sine, near a multiple of π too. */
const turns = (x: number): number => 400 + Math.abs(length(exact(x).significand) + exact(x).exponent)

/** arctan x = 2 arctan (x/(1 + √(1 + x²))), six times, then its series. */
const arctangent = (x: Fixed, bits: number): Fixed => {
  const halvings = 6
  const work = bits + 2 * halvings + 20
  let r = x << BigInt(work - bits)
  for (let i = 0; i < halvings; i++) r = ratio(r, one(work) + squareRoot((one(work) << BigInt(work)) + r * r), work)
  const square = (r * r) >> BigInt(work)
  let sum = 0n
  let power = r
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    sum += power / n
    power = -((power * square) >> BigInt(work))
  }
  return (sum << BigInt(halvings)) >> BigInt(work - bits)
}

/** The angle of (x, y) in (−π, π], from the nearer axis. */
const angle = (y: Fixed, x: Fixed, bits: number): Fixed => {
  const up = y < 0n ? -y : y
  const along = x < 0n ? -x : x
  const first =
    up <= along ? arctangent(ratio(up, along, bits), bits) : (pi(bits) >> 1n) - arctangent(ratio(along, up, bits), bits)
  const size = x < 0n ? pi(bits) - first : first
  return y < 0n ? -size : size
}

/** `limit` is where f has reached its limit to hundreds of bits, or has left the doubles; x beyond is drawn in to it. */
const define =
  (limit: number, bits: (x: number) => number, value: (x: Fixed, bits: number, double: number) => Fixed): Oracle =>
  x => {
    const drawn = Math.max(-limit, Math.min(x, limit))
    return { value: value(fixed(drawn, bits(drawn)), bits(drawn), drawn), bits: bits(drawn) }
  }

export const oracle = {
  exp: define(800, () => 1400, exponential),
  expm1: define(800, enough, (x, bits) => exponential(x, bits) - one(bits)),
  log: define(Infinity, enough, (x, bits, double) => logarithm(x, Math.log(double), bits)),
  log1p: define(Infinity, enough, (x, bits, double) => logarithm(one(bits) + x, Math.log1p(double), bits)),
  tanh: define(200, enough, (x, bits) => {
    const e = exponential(2n * x, bits)
    return ratio(e - one(bits), e + one(bits), bits)
  }),
  sigmoid: define(
    800,
    () => 1400,
    (x, bits) => ratio(one(bits), one(bits) + exponential(-x, bits), bits)
  ),
  /** ln(1 + e^{−|x|}) + max(x, 0): of a large x, x is left. */
  softplus: define(
    Infinity,
    () => 1400,
    (x, bits, double) => {
      const a = Math.min(Math.abs(double), 800)
      const e = exponential(-fixed(a, bits), bits)
      return logarithm(one(bits) + e, Math.log1p(Math.exp(-a)), bits) + (x > 0n ? x : 0n)
    }
  ),
  /** 2/√π Σ (−1)ⁿ x^{2n+1} / (n! (2n + 1)), with bits to spare for what cancels. */
  erf: define(
    8,
    x => enough(x) + Math.ceil(3 * x * x),
    (x, bits) => {
      const square = (x * x) >> BigInt(bits)
      let sum = 0n
      let power = x
      for (let n = 1n; power !== 0n && power !== -1n; n++) {
        sum += power / (2n * n - 1n)
        power = -((power * square) >> BigInt(bits)) / n
      }
      return ratio(2n * sum, squareRoot(pi(bits) << BigInt(bits)), bits)
    }
  ),
  sin: define(Infinity, turns, (x, bits) => sineAndCosine(x, bits).sin),
  cos: define(Infinity, turns, (x, bits) => sineAndCosine(x, bits).cos),
  tan: define(Infinity, turns, (x, bits) => {
    const { sin, cos } = sineAndCosine(x, bits)
    return ratio(sin, cos, bits)
  }),
  atan: define(Infinity, enough, arctangent),
  asin: define(1, enough, (x, bits) => angle(x, squareRoot((one(bits) << BigInt(bits)) - x * x), bits)),
  acos: define(1, enough, (x, bits) => angle(squareRoot((one(bits) << BigInt(bits)) - x * x), x, bits)),
  sinh: define(800, enough, (x, bits) => (exponential(x, bits) - exponential(-x, bits)) >> 1n),
  cosh: define(
    800,
    () => 1400,
    (x, bits) => (exponential(x, bits) + exponential(-x, bits)) >> 1n
  ),
  // Of |x|: a sum of like signs. The argument of the logarithm is guessed by Math.
  asinh: define(Infinity, enough, (x, bits, double) => {
    const a = x < 0n ? -x : x
    const sum = a + squareRoot(a * a + (one(bits) << BigInt(bits)))
    const value = logarithm(sum, Math.asinh(Math.abs(double)), bits)
    return x < 0n ? -value : value
  }),
  acosh: define(Infinity, enough, (x, bits, double) =>
    logarithm(x + squareRoot(x * x - (one(bits) << BigInt(bits))), Math.acosh(double), bits)
  ),
  atanh: define(
    1,
    enough,
    (x, bits, double) => logarithm(ratio(one(bits) + x, one(bits) - x, bits), 2 * Math.atanh(double), bits) >> 1n
  )
} satisfies Readonly<Record<string, Oracle>>

/** x^y for x > 0, to 200 bits: the logarithm is multiplied by up to 2¹⁰, and its own scale may be anything. */
export const powerOf = (x: number, y: number): Value => {
  const bits = Math.max(enough(x), enough(y), 1400)
  const product = (logarithm(fixed(x, bits), Math.log(x), bits) * fixed(y, bits)) >> BigInt(bits)
  const most = 800n << BigInt(bits)
  return { value: exponential(product > most ? most : product < -most ? -most : product, bits), bits }
}

/** √(Σ xᵢ²) */
export const lengthOf = (values: ReadonlyArray<number>): Value => {
  const bits = 200 + Math.max(...values.map(enough))
  return { value: squareRoot(values.reduce((sum, x) => sum + fixed(x, bits) * fixed(x, bits), 0n)), bits }
}

/** The angle of (x, y), x and y exact. */
export const angleOf = (y: number, x: number): Value => {
  const bits = Math.max(enough(x), enough(y)) + Math.max(0, enough(y) - 260)
  return { value: angle(fixed(y, bits), fixed(x, bits), bits), bits }
}

/**
 * How far y is from the value, in units in the last place: of the spacing of doubles at the value. Infinity is 2^1024
 * here, what would come after the largest double, and so is any value beyond.
 */
export const ulps = (y: number, { value: unbounded, bits }: Value): number => {
  if (Number.isNaN(y)) return Infinity
  const top = one(1024 + bits)
  const value = unbounded > top ? top : unbounded
  const last = Math.max(length(value) - 1 - bits, -1022) - 52
  const guard = 30
  const got =
    Math.abs(y) === Infinity ? shift(Math.sign(y) === 1 ? 1n : -1n, 1024 + bits) : fixed(y, Math.max(bits, 1075))
  const scale = Math.abs(y) === Infinity ? bits : Math.max(bits, 1075)
  const difference = got - shift(value, scale - bits)
  return Math.abs(Number(shift(difference, guard - last - scale))) / 2 ** guard
}
