import { address, Flag, field, Job, Part, partAddress, partField } from './job'
import { less, madd, rowDots, ROWS, TILE } from './tiles'

/**
 * A strand of `score`, at the beginning of its scratch space: numbers of the job, where its sums go, what the tile and the part
 * at hand are, and where their intermediate results lie, in the notation of ../pass.ts. A quad is 4 rows of a tile.
 */
@unmanaged
export class Strand {
  dim: i32; width: i32; K: i32; widthK: i32; rank: i32; widthRank: i32
  /** Whether the noise is full, or in the span of a basis; whether derivatives by logits and variances are wanted. */
  full: bool; free: bool
  /** Bytes of a quad of a number a component, with those that fill up and without; and of one a direction. */
  quadK: usize; rowK: usize; quadRank: usize; rowRank: usize
  left: usize; basisGram: usize; gram: usize; lengths: usize; variances: usize; logits: usize

  /** The sums, as score.ts has them. */
  value: usize; F: usize; Fb: usize; PP: usize; sumQ: usize; sumLogits: usize; sumVariances: usize

  /** Of the tile: rows, about the origin of the span where noise lies there, squared norms, weights, the number of the first row. */
  x: usize; norms: usize; weights: usize
  row: f64

  /** Of the part at this tile: numbers of each row, or for all; its noise; 1/u_k and log π_k − (d/2) log u_k. */
  flags: i32; perRow: bool; isTarget: bool
  alpha: usize; sigma: usize; weight: usize; denoising: usize
  z: usize; inverses: usize; priors: usize

  /** Tiles of a number a component or a direction. */
  dots: usize; noiseDots: usize
  A: usize; W: usize; P: usize; H: usize; E: usize; onData: usize; U: usize; L: usize; S: usize
  Z: usize; moved: usize; noisy: usize; rows: usize
  /** The tile about the origin of the span, and its squared norms. */
  aboutNorms: usize; about: usize
}

/** Tiles of a number a row, so many bytes from the record on. */
export const enum Row {
  N2 = 512,
  B = 1024,
  PA = 1536,
  Curvatures = 2048,
  Share = 2560,
  Outside = 3072,
  Along = 3584,
  Rest = 4096,
  Xz = 4608,
  Zz = 5120,
  Ones = 5632,
  End = 6144
}

/** Where such a tile is. */
@inline
export function tileOf(s: Strand, row: Row): usize {
  return changetype<usize>(s) + row
}

/** ⟨x_t, z⟩ of two rows at `at`. */
@inline
export function crossed(at: usize, alpha: v128, sigma: v128): v128 {
  return madd(f64x2.mul(alpha, v128.load(at, Row.Xz)), sigma, v128.load(at, Row.Zz))
}

/** What completes the loss of two rows to a square, whatever the score is. */
@inline
export function constantOf(at: usize, dim: v128, onTarget: v128, isTarget: bool, sigma: v128): v128 {
  let noise = f64x2.mul(f64x2.sub(f64x2.splat(1), onTarget), dim)
  if (isTarget) noise = madd(noise, onTarget, v128.load(at, Row.Zz))
  return f64x2.div(noise, f64x2.mul(sigma, sigma))
}

export function begin(job: usize, strand: i32, scratch: usize): Strand {
  const s = changetype<Strand>(scratch)
  const K = field(job, Job.K)
  const width = field(job, Job.Width)
  const widthK = field(job, Job.WidthK)
  const rank = field(job, Job.Rank)
  const widthRank = field(job, Job.WidthRank)
  const full = field(job, Job.Full) != 0
  s.dim = field(job, Job.Dim)
  s.width = width
  s.K = K
  s.widthK = widthK
  s.rank = rank
  s.widthRank = widthRank
  s.full = full
  s.free = field(job, Job.Free) != 0
  s.quadK = <usize>widthK << 5
  s.rowK = <usize>K << 5
  s.quadRank = <usize>widthRank << 5
  s.rowRank = <usize>rank << 5
  s.left = address(job, Job.Left)
  s.basisGram = address(job, Job.BasisGram)
  s.gram = address(job, Job.Gram)
  s.lengths = address(job, Job.Lengths)
  s.variances = address(job, Job.Variances)
  s.logits = address(job, Job.Logits)

  const stride = address(job, Job.OutStride)
  s.value = address(job, Job.Out) + <usize>strand * stride
  s.F = s.value + 16
  s.Fb = s.F + (<usize>(K * width) << 3)
  s.PP = s.Fb + (<usize>(K * widthRank) << 3)
  s.sumQ = s.PP + (<usize>(K * widthK) << 3)
  s.sumLogits = s.sumQ + (<usize>K << 4)
  s.sumVariances = s.sumLogits + (<usize>K << 4)
  memory.fill(s.value, 0, stride)

  const tileK = TILE * <usize>widthK
  const tileRank = TILE * <usize>widthRank
  const tileNoise = full ? TILE * <usize>width : tileRank
  s.dots = tileOf(s, Row.End)
  s.noiseDots = s.dots + (full ? tileK : tileRank)
  s.A = s.noiseDots + tileK
  s.W = s.A + tileK
  s.P = s.W + tileK
  s.H = s.P + tileK
  s.E = s.H + tileK
  s.onData = s.E + tileK
  s.U = s.onData + tileK
  s.L = s.U + tileK
  s.S = s.L + tileK
  s.Z = s.S + tileK
  s.moved = s.Z + tileNoise
  s.noisy = s.moved + tileNoise
  s.rows = s.noisy + tileNoise
  s.aboutNorms = s.rows + tileNoise
  s.about = s.aboutNorms + TILE
  // Columns that fill up are never written, and must hold no NaN.
  memory.fill(tileOf(s, Row.N2), 0, s.rows - tileOf(s, Row.N2))
  return s
}

/** The tile of this number. */
export function toTile(s: Strand, job: usize, tile: i32): void {
  s.x = address(job, Job.X) + <usize>tile * TILE * <usize>s.width
  s.norms = address(job, Job.Norms) + <usize>tile * TILE
  s.weights = address(job, Job.Weights) + <usize>tile * TILE
  s.row = <f64>field(job, Job.FirstRow) + <f64>tile * <f64>ROWS
  s.z = s.Z
  memory.fill(s.onData, 0, TILE * <usize>s.widthK)
  if (s.full) return
  less(s.x, address(job, Job.Origin), s.width, s.about)
  rowDots(s.about, s.about, s.width, s.aboutNorms)
  s.x = s.about
  s.norms = s.aboutNorms
}

@inline
function at(part: usize, tile: i32, index: Part): usize {
  return partAddress(part, index) + <usize>tile * partAddress(part, index + 1)
}

/** The part at this address, at this tile. */
export function toPart(s: Strand, part: usize, tile: i32): void {
  s.flags = partField(part, Part.Flags)
  s.perRow = (s.flags & Flag.PerRow) != 0
  s.isTarget = (s.flags & Flag.Denoising) != 0
  s.alpha = at(part, tile, Part.Alpha)
  s.sigma = at(part, tile, Part.Sigma)
  s.weight = at(part, tile, Part.Weight)
  s.denoising = at(part, tile, Part.Denoising)
}
