import { chiSquared, normals } from '../../../../lib/simd/assembly/random'
import { mapExp } from '../../../../lib/simd/assembly/map'
import { ln } from '../../../../lib/simd/assembly/logarithm'
import { equalVariances } from './equal'
import { anyVariances } from './any'
import { address, Flag, field, Job, Part, PART_BYTES, partAddress, partField, partNumber } from './job'
import { begin, Row, Strand, tileOf, toPart, toTile } from './strand'
import { distancesFrom, madd, outer, products, rowDots, ROWS, TILE, transpose } from './tiles'

/** Nearer to the span than this share of its length, a row has no direction outside it; as in ../pass.ts. */
@inline const OUTSIDE: f64 = 1e-9

/** The noise of a part, drawn unless it is given or that of the part before. */
function noise(s: Strand, part: usize, tile: i32): void {
  const flags = s.flags
  if (flags & Flag.Given) s.z = partAddress(part, Part.Given) + <usize>tile * TILE * <usize>s.width
  else if (!(flags & Flag.Same)) {
    const row = s.row
    const columns = s.full ? s.dim : s.rank
    s.z = s.Z
    if (columns > 0) {
      normals(
        partField(part, Part.Key0),
        partField(part, Part.Key1),
        row * <f64>columns,
        ROWS * columns,
        s.rows
      )
      transpose(s.rows, columns, s.Z, s.full ? s.width : s.widthRank)
    }
    if (flags & Flag.Along) normals(partField(part, Part.Along0), partField(part, Part.Along1), row, ROWS, tileOf(s, Row.Along))
    if (flags & Flag.Law)
      chiSquared(
        partField(part, Part.Rest0),
        partField(part, Part.Rest1),
        row,
        ROWS,
        partNumber(part, Part.Degrees),
        tileOf(s, Row.Rest)
      )
  }
}

/** The noisy point, of full noise: αA in the notation of ../pass.ts comes later, as does the sign. */
function noisyFull(s: Strand): void {
  const dots = s.dots
  const rowK = s.rowK
  const noiseDots = s.noiseDots
  const A = s.A
  products(s.left, <usize>s.width << 3, s.K, s.z, s.dim, s.width, noiseDots, s.widthK)
  rowDots(s.x, s.z, s.width, tileOf(s, Row.Xz))
  rowDots(s.z, s.z, s.width, tileOf(s, Row.Zz))
  for (let r: usize = 0; r < TILE; r += 16) {
    const at = changetype<usize>(s) + r
    const al = v128.load(s.alpha + r)
    const si = v128.load(s.sigma + r)
    const a2 = f64x2.mul(al, al)
    const onAlpha = f64x2.mul(f64x2.add(al, al), v128.load(at, Row.Xz))
    v128.store(at, madd(f64x2.mul(a2, v128.load(s.norms + r)), si, madd(onAlpha, si, v128.load(at, Row.Zz))), Row.N2)
    v128.store(at, al, Row.Share)
    const from = (r >> 5) * s.quadK + (r & 16)
    for (let o = from, end = from + rowK; o < end; o += 32)
      v128.store(A + o, madd(f64x2.mul(al, v128.load(dots + o)), si, v128.load(noiseDots + o)))
  }
}

/** The same of noise in the span, and beside it along the row and of a length alone. */
function noisySpan(s: Strand, part: usize): void {
  const isLaw = (s.flags & Flag.Law) != 0
  const dots = s.dots
  const Z = s.Z
  const moved = s.moved
  const noisy = s.noisy
  const mean = f64x2.splat(partNumber(part, Part.Rest))
  for (let r: usize = 0; r < TILE; r += 16) {
    const at = changetype<usize>(s) + r
    const al = v128.load(s.alpha + r)
    const si = v128.load(s.sigma + r)
    let n2 = f64x2.mul(f64x2.mul(al, al), v128.load(s.norms + r))
    let cross = f64x2.splat(0)
    let square = isLaw ? v128.load(at, Row.Rest) : mean
    const from = (r >> 5) * s.quadRank + (r & 16)
    const end = from + s.rowRank
    if (s.isTarget)
      for (let o = from; o < end; o += 32) {
        const normal = v128.load(Z + o)
        cross = madd(cross, normal, v128.load(dots + o))
        square = madd(square, normal, normal)
      }
    for (let o = from; o < end; o += 32) {
      const noise = f64x2.mul(si, v128.load(Z + o))
      const data = f64x2.mul(al, v128.load(dots + o))
      const both = f64x2.add(data, noise)
      n2 = madd(n2, noise, f64x2.add(data, both))
      v128.store(moved + o, noise)
      v128.store(noisy + o, both)
    }
    n2 = madd(n2, f64x2.mul(si, si), isLaw ? v128.load(at, Row.Rest) : mean)
    if (s.flags & Flag.Along) {
      const normal = f64x2.mul(si, v128.load(at, Row.Along))
      const distance = v128.load(at, Row.Outside)
      const least = f64x2.mul(f64x2.splat(OUTSIDE), f64x2.sqrt(f64x2.add(v128.load(s.norms + r), f64x2.splat(1))))
      const has = f64x2.gt(distance, least)
      const onAlpha = v128.and(has, f64x2.mul(f64x2.add(al, al), distance))
      n2 = madd(n2, normal, f64x2.add(onAlpha, normal))
      const byLength = v128.and(has, f64x2.div(normal, distance))
      const unscaled = v128.load(at, Row.Along)
      cross = madd(cross, unscaled, v128.and(has, distance))
      square = madd(square, unscaled, unscaled)
      v128.store(at, f64x2.add(al, byLength), Row.Share)
      for (let o = from; o < end; o += 32)
        v128.store(moved + o, f64x2.sub(v128.load(moved + o), f64x2.mul(byLength, v128.load(dots + o))))
    } else v128.store(at, al, Row.Share)
    v128.store(at, n2, Row.N2)
    v128.store(at, cross, Row.Xz)
    v128.store(at, square, Row.Zz)
  }
  products(s.basisGram, <usize>s.widthRank << 3, s.K, noisy, s.rank, s.widthRank, s.A, s.widthK)
  if (s.isTarget) products(s.basisGram, <usize>s.widthRank << 3, s.K, Z, s.rank, s.widthRank, s.noiseDots, s.widthK)
}

/** 1/u_k and log π_k − (d/2) log u_k: the same for all rows, or a tile of them. */
function levels(s: Strand, part: usize): void {
  s.inverses = partAddress(part, Part.Inverse)
  s.priors = partAddress(part, Part.Prior)
  if (!s.perRow) return
  const dim = s.dim
  const free = s.free
  const variances = s.variances
  const logits = s.logits
  const rowK = s.rowK
  const U = s.U
  const L = s.L
  s.inverses = U
  s.priors = L
  for (let r: usize = 0; r < TILE; r += 16) {
    const al = v128.load(s.alpha + r)
    const si = v128.load(s.sigma + r)
    const a2 = f64x2.mul(al, al)
    const s2 = f64x2.mul(si, si)
    const from = (r >> 5) * s.quadK + (r & 16)
    for (let k: usize = 0; k < rowK; k += 32) {
      const u = madd(s2, a2, v128.load(variances + k))
      v128.store(U + from + k, f64x2.div(f64x2.splat(1), u))
      let prior = v128.load(logits + k)
      // Where variances are equal, so are the logarithms.
      if (free) prior = f64x2.sub(prior, f64x2.mul(f64x2.splat(0.5 * <f64>dim), ln(u)))
      v128.store(L + from + k, prior)
    }
  }
}

/** Responsibilities: their logarithms less the greatest, then exponentials. A becomes αA, and S holds q/u. */
function responsibilities(s: Strand): void {
  const A = s.A
  const W = s.W
  const S = s.S
  for (let r: usize = 0; r < TILE; r += 16) {
    const at = changetype<usize>(s) + r
    const al = v128.load(s.alpha + r)
    const a2 = f64x2.mul(al, al)
    const n2 = v128.load(at, Row.N2)
    const from = (r >> 5) * s.quadK + (r & 16)
    const end = from + s.rowK
    // From an entry's offset to that of its component's constants.
    const inverse = s.inverses + (s.perRow ? 0 : -from)
    const prior = s.priors + (s.perRow ? 0 : -from)
    const length = s.lengths - from
    let greatest = f64x2.splat(-Infinity)
    for (let o = from; o < end; o += 32) {
      const a = f64x2.mul(al, v128.load(A + o))
      const q = madd(f64x2.sub(n2, f64x2.add(a, a)), a2, v128.load(length + o))
      const relative = f64x2.mul(q, v128.load(inverse + o))
      const w = f64x2.sub(v128.load(prior + o), f64x2.mul(f64x2.splat(0.5), relative))
      greatest = v128.pmax<f64>(greatest, w)
      v128.store(A + o, a)
      v128.store(S + o, relative)
      v128.store(W + o, w)
    }
    for (let o = from; o < end; o += 32) v128.store(W + o, f64x2.sub(v128.load(W + o), greatest))
  }
  mapExp(W, W, ROWS * s.widthK)
}

/**
 * The strand's share of the sums of `scorePass` in ../pass.ts, whose notation this keeps: value [2], F [K, width],
 * Fb [K, widthRank], PP [K, widthK], then Q, logits and variances [K, 2], lanes apart where there is a 2.
 */
export function score(job: usize, strand: i32, scratch: usize): void {
  const s = begin(job, strand, scratch)
  const full = s.full
  const sees = field(job, Job.Along) != 0
  const parts = address(job, Job.Parts)
  const partsEnd = parts + <usize>field(job, Job.PartCount) * PART_BYTES
  const first = strand * field(job, Job.StrandTiles)
  const last = min(first + field(job, Job.StrandTiles), field(job, Job.Tiles))
  for (let tile = first; tile < last; tile++) {
    toTile(s, job, tile)
    products(s.left, <usize>s.width << 3, full ? s.K : s.rank, s.x, s.dim, s.width, s.dots, full ? s.widthK : s.widthRank)
    if (sees) distancesFrom(s.left, s.rank, s.x, s.width, s.dots, s.widthRank, tileOf(s, Row.Outside))
    for (let part = parts; part < partsEnd; part += PART_BYTES) {
      toPart(s, part, tile)
      noise(s, part, tile)
      if (full) noisyFull(s)
      else noisySpan(s, part)
      levels(s, part)
      responsibilities(s)
      if (full || s.free) anyVariances(s)
      else equalVariances(s)
      outer(s.W, s.K, s.widthK, s.P, s.widthK, s.PP)
      if (full) outer(s.E, s.K, s.widthK, s.z, s.width, s.F)
      else if (s.rank > 0) outer(s.E, s.K, s.widthK, s.moved, s.widthRank, s.Fb)
    }
    outer(s.onData, s.K, s.widthK, s.x, s.width, s.F)
  }
}
