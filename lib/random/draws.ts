/**
 * The draws of a key in plain loops; lib/wasm/random/assembly/draws.ts makes the same ones, bit for bit. There, chords and tangents
 * decide of most corners of layers what an exponential decides here.
 *
 * Words are those of Threefry-2x64 with 13 rounds. Its key is a constant and then the caller's 64 bits; a counter is added to
 * the constant alone, so that no difference between counters undoes one between keys. The second word of a counter is 0; the
 * first numbers a draw in its low 53 bits and says in the eleven above what the block is for:
 *
 * | use | blocks | |
 * |---|---|---|
 * | 0 | of uniform numbers | four draws are made of two blocks: their first words, then their second ones |
 * | 1 | of normal numbers | the same |
 * | 2, 3, … | of one normal number | where its first word does not decide |
 * | 1024, 1056, … | of one gamma number | an attempt's normal number, which may take the uses that follow; its uniform number |
 * | 2047 | of one gamma number | for a shape below 1 |
 *
 * A normal number is the abscissa of a point that is uniform below the curve exp(−x²/2): a ziggurat (Marsaglia & Tsang, *The
 * ziggurat method for generating random variables*, 2000) of 256 layers of equal area. The low 8 bits of a word choose the
 * layer, the next the sign, the high 53 the place across the layer: no bit serves twice. Of 67 points 66 lie inside
 * the part of their layer that the curve covers whole. For the others further blocks decide: of the curve's part by
 * rejection, of the tail beyond the lowest layer as in Marsaglia 1964.
 *
 * SmallCrush of TestU01 (L'Ecuyer & Simard 2007) finds nothing in uniform numbers (their high bits, the same reversed, their low
 * bits), in normals, in first draws of children, and of neighbouring seeds: bench/crush.ts.
 */
import { exp, ln, powerOfTwo } from '../numbers/elementary.js'
import { block64, keyWords } from './threefry.js'

const TWO_TO_THE_32 = powerOfTwo(32)
const TWO_MINUS_53 = powerOfTwo(-53)

/** The first word of the generator's key, halves of π's digits; the second is the caller's key. */
const FIRST_LOW = 0x85a308d3
const FIRST_HIGH = 0x243f6a88

/** Uses, as they stand in the high half of a counter. */
const USE = powerOfTwo(21)
const UNIFORMS = 0
const NORMAL_USE = USE
const GAMMAS = 1024 * USE
const ATTEMPT = 32 * USE
const BOOST = 2047 * USE

// —— the ziggurat ——

const LAYERS = 256
/** Where the tail begins, and the area of a layer, of which the lowest holds the tail too. */
const ZIGGURAT_EDGE = 3.654152885361009
const AREA = 0.004928673233974655

/** How wide the layers are, and from what height to what; the lowest as wide as one without a tail would be. */
const layers = (): { readonly widths: Float64Array; readonly heights: Float64Array } => {
  const widths = new Float64Array(LAYERS + 1)
  const heights = new Float64Array(LAYERS + 1)
  heights[1] = exp(-0.5 * ZIGGURAT_EDGE * ZIGGURAT_EDGE)
  widths[0] = AREA / heights[1]
  widths[1] = ZIGGURAT_EDGE
  for (let layer = 1; layer < LAYERS - 1; layer++) {
    heights[layer + 1] = heights[layer] + AREA / widths[layer]
    widths[layer + 1] = Math.sqrt(-2 * ln(heights[layer + 1]))
  }
  heights[LAYERS] = 1
  return { widths, heights }
}
const { widths, heights } = layers()

// —— draws ——

/** The highest 53 bits of a word. */
const highest53Bits = (low: number, high: number): number => (high >>> 0) * 0x200000 + (low >>> 11)
const uniformOfWords = (low: number, high: number): number => highest53Bits(low, high) * TWO_MINUS_53

export interface KeyDraws {
  /** Each writes draws first, first + 1, … to all of `out`. */
  readonly uniforms: (first: number, out: Float64Array) => void
  readonly normals: (first: number, out: Float64Array) => void
  /** For a shape that is positive and finite. */
  readonly gammas: (shape: number, first: number, out: Float64Array) => void
}

/** The draws of the key whose halves are k0, the low one, and k1. */
export const drawsOfKey = (k0: number, k1: number): KeyDraws => {
  const key = keyWords(FIRST_LOW, FIRST_HIGH, k0, k1)
  const words = new Uint32Array(4)
  /** The block for a use of draw number i, whose words then lie in `words`. */
  const block = (use: number, i: number): void => {
    block64(key, i >>> 0, use + Math.floor(i / TWO_TO_THE_32), 0, 0, words)
  }

  /** How far beyond the edge a number of the tail lies. */
  const tail = (use: number, i: number): number => {
    for (let next = use; ; next += USE) {
      block(next, i)
      const beyond = -ln(1 - uniformOfWords(words[0], words[1])) / ZIGGURAT_EDGE
      if (-2 * ln(1 - uniformOfWords(words[2], words[3])) > beyond * beyond) return beyond
    }
  }

  /** The normal number i of a word; where that does not decide, blocks of the uses that follow do. */
  const normal = (use: number, i: number, wordLow: number, wordHigh: number): number => {
    let low = wordLow
    let high = wordHigh
    for (let next = use + USE; ; next += USE) {
      const layer = low & 255
      const sign = (low & 256) > 0 ? -1 : 1
      const x = uniformOfWords(low, high) * widths[layer]
      if (x < widths[layer + 1]) return sign * x
      if (layer === 0) return sign * (ZIGGURAT_EDGE + tail(next, i))
      block(next, i)
      const height = heights[layer] + uniformOfWords(words[0], words[1]) * (heights[layer + 1] - heights[layer])
      if (height < exp(-0.5 * x * x)) return sign * x
      low = words[2]
      high = words[3]
    }
  }

  /** What `of` makes of each word of a use, four words of two blocks at a time. */
  const fill = (
    use: number,
    first: number,
    out: Float64Array,
    of: (use: number, i: number, low: number, high: number) => number
  ): void => {
    const four = new Uint32Array(8)
    for (let from = first - (first % 4); from < first + out.length; from += 4) {
      const high = use + Math.floor(from / 2 / TWO_TO_THE_32)
      block64(key, (from / 2) >>> 0, high, 0, 0, four, 0, 4)
      block64(key, (from / 2 + 1) >>> 0, high, 0, 0, four, 2, 6)
      for (let i = Math.max(from, first); i < Math.min(from + 4, first + out.length); i++)
        out[i - first] = of(use, i, four[2 * (i - from)], four[2 * (i - from) + 1])
    }
  }

  return {
    uniforms: (first, out) => {
      fill(UNIFORMS, first, out, (_use, _i, low, high) => uniformOfWords(low, high))
    },
    normals: (first, out) => {
      fill(NORMAL_USE, first, out, normal)
    },
    gammas: (shape, first, out) => {
      const isBoosted = shape < 1
      const d = shape + (isBoosted ? 1 : 0) - 1 / 3
      const c = 1 / Math.sqrt(9 * d)
      const attempt = (i: number): number => {
        for (let use = GAMMAS; ; use += ATTEMPT) {
          block(use, i)
          const u = uniformOfWords(words[2], words[3])
          const z = normal(use, i, words[0], words[1])
          const root = 1 + c * z
          const v = root * root * root
          if (v > 0 && ln(1 - u) < 0.5 * z * z + d * (1 - v + ln(v))) return d * v
        }
      }
      const boost = (i: number): number => {
        block(BOOST, i)
        return exp(ln(1 - uniformOfWords(words[0], words[1])) / shape)
      }
      for (let i = 0; i < out.length; i++) out[i] = attempt(first + i) * (isBoosted ? boost(first + i) : 1)
    }
  }
}
