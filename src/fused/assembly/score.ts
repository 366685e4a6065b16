import { chiSquared, normals } from '../../../lib/simd/assembly/random'
import { mapExp } from '../../../lib/simd/assembly/map'
import { ln } from '../../../lib/simd/assembly/logarithm'
import { address, Flag, field, Job, Part, PART_BYTES, partAddress, partField, partNumber } from './job'
import { distancesFrom, madd, outer, products, rowDots, ROWS, TILE, transpose } from './tiles'

/** Nearer to the span than this share of its length, a row has no direction outside it; as in ../pass.ts. */
@inline const OUTSIDE: f64 = 1e-9

@inline
function at(base: usize, row: usize, width: i32, k: i32): usize {
  return base + (row >> 5) * (<usize>width << 5) + (<usize>k << 5) + (row & 16)
}

/** Adds to a component's sum, two lanes of it. */
@inline
function addTo(sums: usize, k: i32, x: v128): void {
  const to = sums + (<usize>k << 4)
  v128.store(to, f64x2.add(v128.load(to), x))
}

/**
 * The strand's share of the sums of `scorePass` in ../pass.ts, whose notation this keeps: value [2], F [K, width],
 * Fb [K, widthRank], PP [K, widthK], then Q, logits and variances [K, 2], lanes apart where there is a 2.
 */
export function score(job: usize, strand: i32, scratch: usize): void {
  const dim = field(job, Job.Dim)
  const width = field(job, Job.Width)
  const K = field(job, Job.K)
  const widthK = field(job, Job.WidthK)
  const rank = field(job, Job.Rank)
  const widthRank = field(job, Job.WidthRank)
  const full = field(job, Job.Full) != 0
  const sees = field(job, Job.Along) != 0
  const free = field(job, Job.Free) != 0
  const left = address(job, Job.Left)
  const basisGram = address(job, Job.BasisGram)
  const gram = address(job, Job.Gram)
  const lengths = address(job, Job.Lengths)
  const variances = address(job, Job.Variances)
  const logits = address(job, Job.Logits)
  const parts = address(job, Job.Parts)
  const partsEnd = parts + <usize>field(job, Job.PartCount) * PART_BYTES
  const stride = address(job, Job.OutStride)
  const value = address(job, Job.Out) + <usize>strand * stride
  const F = value + 16
  const Fb = F + (<usize>(K * width) << 3)
  const PP = Fb + (<usize>(K * widthRank) << 3)
  const sumQ = PP + (<usize>(K * widthK) << 3)
  const sumLogits = sumQ + (<usize>K << 4)
  const sumVariances = sumLogits + (<usize>K << 4)
  memory.fill(value, 0, stride)

  // Tiles of a number a row, then of a number a component or direction.
  const N2 = scratch
  const C = N2 + TILE
  const B = C + TILE
  const PA = B + TILE
  const curvatures = PA + TILE
  const share = curvatures + TILE
  const alongShare = share + TILE
  const outside = alongShare + TILE
  const along = outside + TILE
  const rest = along + TILE
  const xz = rest + TILE
  const zz = xz + TILE
  const tileK = TILE * <usize>widthK
  const tileNoise = TILE * <usize>(full ? width : widthRank)
  const dots = zz + TILE
  const noiseDots = dots + (full ? tileK : TILE * <usize>widthRank)
  const A = noiseDots + tileK
  const W = A + tileK
  const P = W + tileK
  const H = P + tileK
  const E = H + tileK
  const onData = E + tileK
  const U = onData + tileK
  const L = U + tileK
  const Z = L + tileK
  const moved = Z + tileNoise
  const noisy = moved + tileNoise
  const rows = noisy + tileNoise
  // Columns that fill up are never written, and must hold no NaN.
  memory.fill(scratch, 0, rows - scratch)

  const first = strand * field(job, Job.StrandTiles)
  const last = min(first + field(job, Job.StrandTiles), field(job, Job.Tiles))
  for (let tile = first; tile < last; tile++) {
    const x = address(job, Job.X) + <usize>tile * TILE * <usize>width
    const norms = address(job, Job.Norms) + <usize>tile * TILE
    const weights = address(job, Job.Weights) + <usize>tile * TILE
    const row = <f64>field(job, Job.FirstRow) + <f64>tile * <f64>ROWS
    products(left, <usize>width << 3, full ? K : rank, x, dim, width, dots, full ? widthK : widthRank)
    if (sees) distancesFrom(left, rank, x, width, dots, widthRank, outside)
    memory.fill(onData, 0, tileK)
    let z = Z
    for (let part = parts; part < partsEnd; part += PART_BYTES) {
      const flags = partField(part, Part.Flags)
      const isLaw = (flags & Flag.Law) != 0
      const perRow = (flags & Flag.PerRow) != 0
      const isTarget = (flags & Flag.TargetNoise) != 0
      const alpha = partAddress(part, Part.Alpha) + <usize>tile * partAddress(part, Part.AlphaStep)
      const sigma = partAddress(part, Part.Sigma) + <usize>tile * partAddress(part, Part.SigmaStep)
      const weight = partAddress(part, Part.Weight) + <usize>tile * partAddress(part, Part.WeightStep)

      // The noise.
      if (flags & Flag.Given) z = partAddress(part, Part.Given) + <usize>tile * TILE * <usize>width
      else if (!(flags & Flag.Same)) {
        const columns = full ? dim : rank
        z = Z
        if (columns > 0) {
          normals(
            partField(part, Part.Key0),
            partField(part, Part.Key1),
            row * <f64>columns,
            ROWS * columns,
            rows
          )
          transpose(rows, columns, Z, full ? width : widthRank)
        }
        if (flags & Flag.Along) normals(partField(part, Part.Along0), partField(part, Part.Along1), row, ROWS, along)
        if (isLaw)
          chiSquared(
            partField(part, Part.Rest0),
            partField(part, Part.Rest1),
            row,
            ROWS,
            partNumber(part, Part.Degrees),
            rest
          )
      }

      // The noisy point.
      if (full) {
        products(left, <usize>width << 3, K, z, dim, width, noiseDots, widthK)
        rowDots(x, z, width, xz)
        rowDots(z, z, width, zz)
        for (let r: usize = 0; r < TILE; r += 16) {
          const al = v128.load(alpha + r)
          const si = v128.load(sigma + r)
          const cross = v128.load(xz + r)
          const square = v128.load(zz + r)
          const a2 = f64x2.mul(al, al)
          const onAlpha = f64x2.mul(f64x2.add(al, al), cross)
          v128.store(N2 + r, madd(f64x2.mul(a2, v128.load(norms + r)), si, madd(onAlpha, si, square)))
          for (let k: i32 = 0; k < K; k++) {
            const data = f64x2.mul(al, v128.load(at(dots, r, widthK, k)))
            v128.store(at(A, r, widthK, k), madd(data, si, v128.load(at(noiseDots, r, widthK, k))))
          }
          v128.store(share + r, al)
        }
      } else {
        const mean = f64x2.splat(partNumber(part, Part.Rest))
        for (let r: usize = 0; r < TILE; r += 16) {
          const al = v128.load(alpha + r)
          const si = v128.load(sigma + r)
          const a2 = f64x2.mul(al, al)
          let n2 = f64x2.mul(a2, v128.load(norms + r))
          for (let j: i32 = 0; j < rank; j++) {
            const noise = f64x2.mul(si, v128.load(at(Z, r, widthRank, j)))
            const data = f64x2.mul(al, v128.load(at(dots, r, widthRank, j)))
            n2 = madd(n2, noise, f64x2.add(f64x2.add(data, data), noise))
            v128.store(at(moved, r, widthRank, j), noise)
            v128.store(at(noisy, r, widthRank, j), f64x2.add(data, noise))
          }
          const beyond = isLaw ? v128.load(rest + r) : mean
          n2 = madd(n2, f64x2.mul(si, si), beyond)
          if (flags & Flag.Along) {
            const normal = f64x2.mul(si, v128.load(along + r))
            const distance = v128.load(outside + r)
            const least = f64x2.mul(
              f64x2.splat(OUTSIDE),
              f64x2.sqrt(f64x2.add(v128.load(norms + r), f64x2.splat(1)))
            )
            const has = f64x2.gt(distance, least)
            const onAlpha = v128.and(has, f64x2.mul(f64x2.add(al, al), distance))
            n2 = madd(n2, normal, f64x2.add(onAlpha, normal))
            const byLength = v128.and(has, f64x2.div(normal, distance))
            v128.store(share + r, f64x2.add(al, byLength))
            for (let j: i32 = 0; j < rank; j++) {
              const to = at(moved, r, widthRank, j)
              v128.store(to, f64x2.sub(v128.load(to), f64x2.mul(byLength, v128.load(at(dots, r, widthRank, j)))))
            }
          } else v128.store(share + r, al)
          v128.store(N2 + r, n2)
        }
        products(basisGram, <usize>widthRank << 3, K, noisy, rank, widthRank, A, widthK)
      }

      // 1/u_k and log π_k − (d/2) log u_k: from a quad to the next in `inverseStep` bytes.
      let inverse = partAddress(part, Part.Inverse)
      let prior = partAddress(part, Part.Prior)
      let inverseStep: usize = 0
      if (perRow) {
        inverse = U
        prior = L
        inverseStep = <usize>widthK << 5
        for (let r: usize = 0; r < TILE; r += 16) {
          const al = v128.load(alpha + r)
          const si = v128.load(sigma + r)
          const a2 = f64x2.mul(al, al)
          const s2 = f64x2.mul(si, si)
          for (let k: i32 = 0; k < K; k++) {
            const u = madd(s2, a2, v128.load(variances + (<usize>k << 5)))
            v128.store(at(U, r, widthK, k), f64x2.div(f64x2.splat(1), u))
            const half = f64x2.mul(f64x2.splat(0.5 * <f64>dim), free ? ln(u) : f64x2.splat(0))
            v128.store(at(L, r, widthK, k), f64x2.sub(v128.load(logits + (<usize>k << 5)), half))
          }
        }
      }

      // Responsibilities: their logarithms less the greatest, then exponentials.
      for (let r: usize = 0; r < TILE; r += 16) {
        const al = v128.load(alpha + r)
        const a2 = f64x2.mul(al, al)
        const twice = f64x2.add(al, al)
        const n2 = v128.load(N2 + r)
        const step = (r >> 5) * inverseStep + (r & 16)
        let greatest = f64x2.splat(-Infinity)
        for (let k: i32 = 0; k < K; k++) {
          const offset = (<usize>k << 5) + step
          const q = madd(
            f64x2.sub(n2, f64x2.mul(twice, v128.load(at(A, r, widthK, k)))),
            a2,
            v128.load(lengths + (<usize>k << 5))
          )
          const half = f64x2.mul(f64x2.splat(0.5), v128.load(inverse + offset))
          const w = f64x2.sub(v128.load(prior + offset), f64x2.mul(q, half))
          greatest = v128.pmax<f64>(greatest, w)
          v128.store(at(W, r, widthK, k), w)
        }
        for (let k: i32 = 0; k < K; k++) {
          const to = at(W, r, widthK, k)
          v128.store(to, f64x2.sub(v128.load(to), greatest))
        }
      }
      mapExp(W, W, ROWS * widthK)
      for (let r: usize = 0; r < TILE; r += 16) {
        const al = v128.load(alpha + r)
        const a2 = f64x2.mul(al, al)
        const twice = f64x2.add(al, al)
        const n2 = v128.load(N2 + r)
        const step = (r >> 5) * inverseStep + (r & 16)
        let mass = f64x2.splat(0)
        for (let k: i32 = 0; k < K; k++) mass = f64x2.add(mass, v128.load(at(W, r, widthK, k)))
        const one = f64x2.div(f64x2.splat(1), mass)
        let b = f64x2.splat(0)
        let pA = f64x2.splat(0)
        let curvature = f64x2.splat(0)
        for (let k: i32 = 0; k < K; k++) {
          const to = at(W, r, widthK, k)
          const w = f64x2.mul(v128.load(to), one)
          const iu = v128.load(inverse + (<usize>k << 5) + step)
          const a = v128.load(at(A, r, widthK, k))
          const q = madd(f64x2.sub(n2, f64x2.mul(twice, a)), a2, v128.load(lengths + (<usize>k << 5)))
          const p = f64x2.mul(w, iu)
          b = f64x2.add(b, p)
          pA = madd(pA, p, a)
          curvature = madd(curvature, f64x2.mul(p, q), iu)
          v128.store(to, w)
          v128.store(at(P, r, widthK, k), p)
        }
        v128.store(B + r, b)
        v128.store(PA + r, f64x2.mul(al, pA))
        v128.store(curvatures + r, curvature)
      }

      // The row's loss, and P = ∂loss/∂p, over Hp; then back through the softmax.
      products(gram, <usize>widthK << 3, K, P, K, widthK, H, widthK)
      const h2 = f64x2.splat(isTarget ? 0 : 2)
      const square = f64x2.splat(isTarget ? 1 : -1)
      const square2 = f64x2.add(square, square)
      const d = f64x2.splat(<f64>dim)
      let total = v128.load(value)
      for (let r: usize = 0; r < TILE; r += 16) {
        const al = v128.load(alpha + r)
        const si = v128.load(sigma + r)
        const a2 = f64x2.mul(al, al)
        const twice = f64x2.add(al, al)
        const n2 = v128.load(N2 + r)
        const b = v128.load(B + r)
        const pA = v128.load(PA + r)
        const c = f64x2.mul(v128.load(weights + r), v128.load(weight + r))
        const step = (r >> 5) * inverseStep + (r & 16)
        const base = f64x2.sub(f64x2.mul(b, n2), pA)
        const bAlpha = f64x2.mul(b, al)
        const toNoise = isTarget ? f64x2.div(f64x2.splat(2), si) : f64x2.splat(0)
        let crossPoint = f64x2.splat(0)
        if (isTarget) crossPoint = madd(f64x2.mul(al, v128.load(xz + r)), si, v128.load(zz + r))
        let pHp = f64x2.splat(0)
        let cross = f64x2.splat(0)
        let mean = f64x2.splat(0)
        for (let k: i32 = 0; k < K; k++) {
          const iu = v128.load(inverse + (<usize>k << 5) + step)
          const a = v128.load(at(A, r, widthK, k))
          const q = madd(f64x2.sub(n2, f64x2.mul(twice, a)), a2, v128.load(lengths + (<usize>k << 5)))
          const p = v128.load(at(P, r, widthK, k))
          const to = at(H, r, widthK, k)
          const Hp = f64x2.mul(a2, v128.load(to))
          pHp = madd(pHp, p, Hp)
          let onP = madd(
            f64x2.mul(square2, f64x2.add(f64x2.sub(base, f64x2.mul(bAlpha, a)), Hp)),
            h2,
            f64x2.sub(f64x2.mul(q, iu), d)
          )
          if (isTarget) {
            const noise = f64x2.mul(
              toNoise,
              f64x2.sub(f64x2.mul(al, v128.load(at(noiseDots, r, widthK, k))), crossPoint)
            )
            onP = f64x2.add(onP, noise)
            cross = madd(cross, p, noise)
          }
          mean = madd(mean, p, onP)
          v128.store(to, onP)
        }
        const squared = f64x2.add(f64x2.sub(f64x2.mul(f64x2.mul(b, b), n2), f64x2.mul(f64x2.add(b, b), pA)), pHp)
        let loss = madd(
          f64x2.mul(square, squared),
          h2,
          f64x2.sub(v128.load(curvatures + r), f64x2.mul(d, b))
        )
        if (isTarget) loss = f64x2.add(loss, f64x2.add(cross, f64x2.div(v128.load(zz + r), f64x2.mul(si, si))))
        if (flags & Flag.Completed) loss = f64x2.add(loss, f64x2.div(d, f64x2.mul(si, si)))
        total = madd(total, c, loss)

        const cAlpha = f64x2.mul(c, al)
        const cSquare = f64x2.mul(c, a2)
        const toShare = f64x2.mul(cAlpha, v128.load(share + r))
        const bSquare = f64x2.mul(b, square)
        for (let k: i32 = 0; k < K; k++) {
          const iu = v128.load(inverse + (<usize>k << 5) + step)
          const p = v128.load(at(P, r, widthK, k))
          const onP = v128.load(at(H, r, widthK, k))
          const w = v128.load(at(W, r, widthK, k))
          const e = f64x2.mul(w, f64x2.sub(f64x2.mul(onP, iu), mean))
          const half = f64x2.mul(f64x2.splat(0.5), e)
          const onQ = f64x2.mul(iu, f64x2.sub(f64x2.mul(h2, p), half))
          const minusHalf = madd(onQ, bSquare, p)
          const onA = f64x2.sub(f64x2.neg(minusHalf), minusHalf)
          addTo(sumQ, k, f64x2.mul(cSquare, onQ))
          v128.store(at(W, r, widthK, k), f64x2.mul(f64x2.mul(cSquare, square), p))
          const data = at(onData, r, widthK, k)
          v128.store(data, madd(v128.load(data), toShare, onA))
          if (full) {
            const onNoise = isTarget ? madd(f64x2.mul(si, onA), toNoise, p) : f64x2.mul(si, onA)
            v128.store(at(E, r, widthK, k), f64x2.mul(cAlpha, onNoise))
          } else v128.store(at(E, r, widthK, k), f64x2.mul(cAlpha, onA))
          if (free) {
            const a = v128.load(at(A, r, widthK, k))
            const q = madd(f64x2.sub(n2, f64x2.mul(twice, a)), a2, v128.load(lengths + (<usize>k << 5)))
            const relative = f64x2.mul(q, iu)
            const onU = f64x2.sub(
              f64x2.mul(half, f64x2.sub(relative, d)),
              f64x2.mul(p, madd(onP, h2, relative))
            )
            addTo(sumLogits, k, f64x2.mul(c, e))
            addTo(sumVariances, k, f64x2.mul(cSquare, f64x2.mul(iu, onU)))
          }
        }
      }
      v128.store(value, total)
      outer(W, K, widthK, P, widthK, PP)
      if (full) outer(E, K, widthK, z, width, F)
      else if (rank > 0) outer(E, K, widthK, moved, widthRank, Fb)
    }
    outer(onData, K, widthK, x, width, F)
  }
}

