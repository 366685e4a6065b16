/**
 * The draws of a key in plain loops, with the bits of lib/wasm/random/assembly/draws.ts.
 *
 * Words come from Threefry-2x64 with 13 rounds. The first word of its key is a constant, to which the counter is added, and the second the
 * caller's 64 bits, so differences of counters cannot cancel differences of keys. The second word of the counter is 0; the first holds the
 * index of a draw in its low 53 bits, and the use of the block in the 11 bits above:
 *
 * | use | block of | |
 * |---|---|---|
 * | 0 | uniform draws | two blocks make four draws: their first words, then their second ones |
 * | 1 | normal draws | two blocks make four draws, likewise |
 * | 2, 3, … | one normal draw | if its first word is not accepted |
 * | 1024, 1056, … | one gamma draw | the normal number of an attempt, which may need the uses that follow, and its uniform number |
 * | 2047 | one gamma draw | the factor for a shape below 1 |
 *
 * A normal number is the abscissa of a point that is uniform below the curve exp(−x²/2): a ziggurat (Marsaglia & Tsang, *The ziggurat
 * method for generating random variables*, 2000) of 256 layers of equal area. The low 8 bits of a word choose the layer, the next the sign,
 * the high 53 the position across the layer. 66 of 67 points lie in the rectangle of their layer below the curve. The others use further
 * blocks: for rejection at the curve, or for the tail beyond the lowest layer as in Marsaglia 1964.
 *
 * SmallCrush of TestU01 (L'Ecuyer & Simard 2007) finds no defect in uniform draws (their high bits, these reversed, their low bits), in
 * normal draws, and in the first draws of children and of neighbouring seeds: bench/crush.ts.
 */
import { exp, ln, powerOfTwo } from '../numbers/elementary.js'
import { block64, keyWords } from './threefry.js'

const TWO_TO_THE_32 = powerOfTwo(32)
const TWO_MINUS_53 = powerOfTwo(-53)

/** Low half of the first word of the generator's key, digits of π; the second word is the caller's key. */
const CONSTANT_WORD_LOW = 0x85a308d3
/** High half of the same word. */
const CONSTANT_WORD_HIGH = 0x243f6a88

/** Unit of a block's use, as added to the high half of a counter. */
const USE_UNIT = powerOfTwo(21)
const UNIFORM_USE = 0
const NORMAL_USE = USE_UNIT
const GAMMA_USE = 1024 * USE_UNIT
const USES_PER_ATTEMPT = 32 * USE_UNIT
const BOOST_USE = 2047 * USE_UNIT

// —— the ziggurat ——

const LAYER_COUNT = 256
/** Start of the ziggurat's tail. */
const ZIGGURAT_EDGE = 3.654152885361009
/** The lowest layer includes the tail. */
const LAYER_AREA = 0.004928673233974655

/** Widths and heights of the ziggurat's layers; the lowest has the width of a rectangle of its area. */
const layers = (): { readonly widths: Float64Array; readonly heights: Float64Array } => {
  const widths = new Float64Array(LAYER_COUNT + 1)
  const heights = new Float64Array(LAYER_COUNT + 1)
  heights[1] = exp(-0.5 * ZIGGURAT_EDGE * ZIGGURAT_EDGE)
  widths[0] = LAYER_AREA / heights[1]
  widths[1] = ZIGGURAT_EDGE
  for (let layer = 1; layer < LAYER_COUNT - 1; layer++) {
    heights[layer + 1] = heights[layer] + LAYER_AREA / widths[layer]
    widths[layer + 1] = Math.sqrt(-2 * ln(heights[layer + 1]))
  }
  heights[LAYER_COUNT] = 1
  return { widths, heights }
}
const { widths, heights } = layers()

// —— draws ——

const highest53Bits = (low: number, high: number): number => (high >>> 0) * 0x200000 + (low >>> 11)
const uniformOfWords = (low: number, high: number): number => highest53Bits(low, high) * TWO_MINUS_53

/** Functions that fill `out` with the draws first, first + 1, … of a key. */
export interface KeyDraws {
  readonly uniforms: (first: number, out: Float64Array) => void
  readonly normals: (first: number, out: Float64Array) => void
  /** The shape must be positive and finite. */
  readonly gammas: (shape: number, first: number, out: Float64Array) => void
}

/** Key of the block function, and the words of the last block. */
interface KeyBlocks {
  readonly key: Int32Array
  readonly words: Uint32Array
}

/** Writes the block for a use of draw i to `words`. */
const computeBlock = ({ key, words }: KeyBlocks, use: number, i: number): void => {
  block64(key, i >>> 0, use + Math.floor(i / TWO_TO_THE_32), 0, 0, words)
}

/** Distance of a draw of the tail from the tail's start. */
const drawTail = (blocks: KeyBlocks, use: number, i: number): number => {
  const { words } = blocks
  for (let next = use; ; next += USE_UNIT) {
    computeBlock(blocks, next, i)
    const beyond = -ln(1 - uniformOfWords(words[0], words[1])) / ZIGGURAT_EDGE
    if (-2 * ln(1 - uniformOfWords(words[2], words[3])) > beyond * beyond) return beyond
  }
}

/** Normal draw i from a word, or from blocks of later uses if that is not accepted. */
const normalOfWord = (
  blocks: KeyBlocks,
  { use, i }: { readonly use: number; readonly i: number },
  wordLow: number,
  wordHigh: number
): number => {
  const { words } = blocks
  let low = wordLow
  let high = wordHigh
  for (let next = use + USE_UNIT; ; next += USE_UNIT) {
    const layer = low & 255
    const sign = (low & 256) > 0 ? -1 : 1
    const x = uniformOfWords(low, high) * widths[layer]
    if (x < widths[layer + 1]) return sign * x
    if (layer === 0) return sign * (ZIGGURAT_EDGE + drawTail(blocks, next, i))
    computeBlock(blocks, next, i)
    const height = heights[layer] + uniformOfWords(words[0], words[1]) * (heights[layer + 1] - heights[layer])
    if (height < exp(-0.5 * x * x)) return sign * x
    low = words[2]
    high = words[3]
  }
}

/** Fills `out` with f of draws first, first + 1, … of a use and their words; two blocks have the words of four draws. */
const fillFromWords = (
  key: Int32Array,
  { use, first }: { readonly use: number; readonly first: number },
  out: Float64Array,
  f: (i: number, low: number, high: number) => number
): void => {
  const four = new Uint32Array(8)
  for (let from = first - (first % 4); from < first + out.length; from += 4) {
    const high = use + Math.floor(from / 2 / TWO_TO_THE_32)
    block64(key, (from / 2) >>> 0, high, 0, 0, four, 0, 4)
    block64(key, (from / 2 + 1) >>> 0, high, 0, 0, four, 2, 6)
    for (let i = Math.max(from, first); i < Math.min(from + 4, first + out.length); i++)
      out[i - first] = f(i, four[2 * (i - from)], four[2 * (i - from) + 1])
  }
}

/** Fills `out` with gamma draws first, first + 1, … (Marsaglia & Tsang 2000). */
const fillGammas = (blocks: KeyBlocks, shape: number, first: number, out: Float64Array): void => {
  const { words } = blocks
  const isBoosted = shape < 1
  const d = shape + (isBoosted ? 1 : 0) - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  const draw = (i: number): number => {
    for (let use = GAMMA_USE; ; use += USES_PER_ATTEMPT) {
      computeBlock(blocks, use, i)
      const u = uniformOfWords(words[2], words[3])
      const z = normalOfWord(blocks, { use, i }, words[0], words[1])
      const root = 1 + c * z
      const v = root * root * root
      if (v > 0 && ln(1 - u) < 0.5 * z * z + d * (1 - v + ln(v))) return d * v
    }
  }
  /** U^(1/shape), the factor from a draw of shape + 1 to one of shape. */
  const boost = (i: number): number => {
    computeBlock(blocks, BOOST_USE, i)
    return exp(ln(1 - uniformOfWords(words[0], words[1])) / shape)
  }
  for (let i = 0; i < out.length; i++) out[i] = draw(first + i) * (isBoosted ? boost(first + i) : 1)
}

/** The draws of the key with low half k0 and high half k1. */
export const drawsOfKey = (k0: number, k1: number): KeyDraws => {
  const key = keyWords(CONSTANT_WORD_LOW, CONSTANT_WORD_HIGH, k0, k1)
  const blocks: KeyBlocks = { key, words: new Uint32Array(4) }
  return {
    uniforms: (first, out) => {
      fillFromWords(key, { use: UNIFORM_USE, first }, out, (_, low, high) => uniformOfWords(low, high))
    },
    normals: (first, out) => {
      fillFromWords(key, { use: NORMAL_USE, first }, out, (i, low, high) =>
        normalOfWord(blocks, { use: NORMAL_USE, i }, low, high)
      )
    },
    gammas: (shape, first, out) => {
      fillGammas(blocks, shape, first, out)
    }
  }
}
