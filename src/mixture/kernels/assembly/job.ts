/*
 * What the passes read, written by ../simd.ts: i32 fields at their indices (addresses in bytes), and for each part a
 * block of its own. Arrays of one number a component hold it four times, a quad's worth.
 */
export const enum Job {
  /** The first tile: quads, squared norms, weights. */
  X,
  Norms,
  Weights,
  /** In all, and in a strand. */
  Tiles,
  StrandTiles,
  /** The first row's number. */
  FirstRow,
  Dim,
  Width,
  K,
  WidthK,
  Rank,
  WidthRank,
  /** The basis [rank, width], or, for full noise, distances and the pair, the centres [K, width]. */
  Left,
  /** What is taken off the rows, [width], where noise lies in the span. */
  Origin,
  /** [K, widthRank] */
  BasisGram,
  /** [K, widthK] */
  Gram,
  /** |c_k|² */
  Lengths,
  Variances,
  Logits,
  Parts,
  PartCount,
  /** The noise is full, not in the span. */
  Full,
  /** Some part sees |x|². */
  Along,
  /** Derivatives with respect to logits and variances are wanted. */
  Free,
  /** The strands' sums, and bytes between them. */
  Out,
  OutStride,
  /** log Σ exp of the logits */
  LogMass
}

/** Fields of 4 bytes; the last ones are doubles. */
export const enum Part {
  Alpha,
  /** Bytes from a tile to the next; 0 where the same numbers serve all. */
  AlphaStep,
  Sigma,
  SigmaStep,
  Weight,
  WeightStep,
  /** Keys of the normals, of those outside the span, of the χ². */
  Key0,
  Key1,
  Along0,
  Along1,
  Rest0,
  Rest1,
  Flags,
  /** 1/u_k and log π_k − (d/2) log u_k, where the level is that of all rows. */
  Inverse,
  Prior,
  /** Given noise, as quads. */
  Given,
  /** |z|² beyond, a double. */
  Rest,
  RestHigh,
  Degrees,
  DegreesHigh,
  /** The share of the denoising form. */
  Denoising,
  DenoisingStep
}
@inline export const PART_BYTES: usize = 88

export const enum Flag {
  /** The share of the denoising form is not 0. */
  Denoising = 1,
  Completed = 2,
  /** The rest is a χ². */
  Law = 4,
  /** The level differs by row. */
  PerRow = 8,
  /** The noise is given. */
  Given = 16,
  /** The noise is that of the part before. */
  Same = 32,
  /** There is a normal outside the span. */
  Along = 64
}

@inline
export function field(job: usize, index: Job): i32 {
  return load<i32>(job + (<usize>index << 2))
}
@inline
export function address(job: usize, index: Job): usize {
  return load<u32>(job + (<usize>index << 2))
}
@inline
export function partField(part: usize, index: Part): i32 {
  return load<i32>(part + (<usize>index << 2))
}
@inline
export function partAddress(part: usize, index: Part): usize {
  return load<u32>(part + (<usize>index << 2))
}
@inline
export function partNumber(part: usize, index: Part): f64 {
  return load<f64>(part + (<usize>index << 2))
}
