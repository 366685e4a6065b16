import { chiSquared, normals } from '../../../../lib/simd/assembly/random'
import { mapExp } from '../../../../lib/simd/assembly/map'
import { ln } from '../../../../lib/simd/assembly/logarithm'
import { equalVariances } from './equal'
import { address, Flag, field, Job, Part, PART_BYTES, partAddress, partField, partNumber } from './job'
import { distancesFrom, less, madd, outer, products, rowDots, ROWS, TILE, transpose } from './tiles'

/** Nearer to the span than this share of its length, a row has no direction outside it; as in ../pass.ts. */
@inline const OUTSIDE: f64 = 1e-9

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
  const ones = zz + TILE
  const tileK = TILE * <usize>widthK
  const quadK = <usize>widthK << 5
  const rowK = <usize>K << 5
  const quadRank = <usize>widthRank << 5
  const rowRank = <usize>rank << 5
  const tileNoise = TILE * <usize>(full ? width : widthRank)
  const dots = ones + TILE
  const noiseDots = dots + (full ? tileK : TILE * <usize>widthRank)
  const A = noiseDots + tileK
  const W = A + tileK
  const P = W + tileK
  const H = P + tileK
  const E = H + tileK
  const onData = E + tileK
  const U = onData + tileK
  const L = U + tileK
  const S = L + tileK
  const Z = S + tileK
  const moved = Z + tileNoise
  const noisy = moved + tileNoise
  const rows = noisy + tileNoise
  // The tile about the origin of the span, and its squared norms.
  const aboutNorms = rows + tileNoise
  const about = aboutNorms + TILE
  // Columns that fill up are never written, and must hold no NaN.
  memory.fill(scratch, 0, rows - scratch)

  const first = strand * field(job, Job.StrandTiles)
  const last = min(first + field(job, Job.StrandTiles), field(job, Job.Tiles))
  for (let tile = first; tile < last; tile++) {
    let x = address(job, Job.X) + <usize>tile * TILE * <usize>width
    let norms = address(job, Job.Norms) + <usize>tile * TILE
    if (!full) {
      less(x, address(job, Job.Origin), width, about)
      rowDots(about, about, width, aboutNorms)
      x = about
      norms = aboutNorms
    }
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
      const isTarget = (flags & Flag.Denoising) != 0
      const alpha = partAddress(part, Part.Alpha) + <usize>tile * partAddress(part, Part.AlphaStep)
      const sigma = partAddress(part, Part.Sigma) + <usize>tile * partAddress(part, Part.SigmaStep)
      const weight = partAddress(part, Part.Weight) + <usize>tile * partAddress(part, Part.WeightStep)
      const denoising = partAddress(part, Part.Denoising) + <usize>tile * partAddress(part, Part.DenoisingStep)

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

      // The noisy point: αA in the notation of ../pass.ts comes later, as does the sign.
      if (full) {
        products(left, <usize>width << 3, K, z, dim, width, noiseDots, widthK)
        rowDots(x, z, width, xz)
        rowDots(z, z, width, zz)
        for (let r: usize = 0; r < TILE; r += 16) {
          const al = v128.load(alpha + r)
          const si = v128.load(sigma + r)
          const a2 = f64x2.mul(al, al)
          const onAlpha = f64x2.mul(f64x2.add(al, al), v128.load(xz + r))
          v128.store(
            N2 + r,
            madd(f64x2.mul(a2, v128.load(norms + r)), si, madd(onAlpha, si, v128.load(zz + r)))
          )
          v128.store(share + r, al)
          const from = (r >> 5) * quadK + (r & 16)
          for (let o = from, end = from + rowK; o < end; o += 32)
            v128.store(A + o, madd(f64x2.mul(al, v128.load(dots + o)), si, v128.load(noiseDots + o)))
        }
      } else {
        const mean = f64x2.splat(partNumber(part, Part.Rest))
        for (let r: usize = 0; r < TILE; r += 16) {
          const al = v128.load(alpha + r)
          const si = v128.load(sigma + r)
          let n2 = f64x2.mul(f64x2.mul(al, al), v128.load(norms + r))
          let cross = f64x2.splat(0)
          let square = isLaw ? v128.load(rest + r) : mean
          const from = (r >> 5) * quadRank + (r & 16)
          const end = from + rowRank
          if (isTarget)
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
          n2 = madd(n2, f64x2.mul(si, si), isLaw ? v128.load(rest + r) : mean)
          if (flags & Flag.Along) {
            const normal = f64x2.mul(si, v128.load(along + r))
            const distance = v128.load(outside + r)
            const least = f64x2.mul(f64x2.splat(OUTSIDE), f64x2.sqrt(f64x2.add(v128.load(norms + r), f64x2.splat(1))))
            const has = f64x2.gt(distance, least)
            const onAlpha = v128.and(has, f64x2.mul(f64x2.add(al, al), distance))
            n2 = madd(n2, normal, f64x2.add(onAlpha, normal))
            const byLength = v128.and(has, f64x2.div(normal, distance))
            const unscaled = v128.load(along + r)
            cross = madd(cross, unscaled, v128.and(has, distance))
            square = madd(square, unscaled, unscaled)
            v128.store(share + r, f64x2.add(al, byLength))
            for (let o = from; o < end; o += 32)
              v128.store(moved + o, f64x2.sub(v128.load(moved + o), f64x2.mul(byLength, v128.load(dots + o))))
          } else v128.store(share + r, al)
          v128.store(N2 + r, n2)
          v128.store(xz + r, cross)
          v128.store(zz + r, square)
        }
        products(basisGram, <usize>widthRank << 3, K, noisy, rank, widthRank, A, widthK)
        if (isTarget) products(basisGram, <usize>widthRank << 3, K, Z, rank, widthRank, noiseDots, widthK)
      }

      // 1/u_k and log π_k − (d/2) log u_k: the same for all rows, or a tile of them.
      let inverses = partAddress(part, Part.Inverse)
      let priors = partAddress(part, Part.Prior)
      if (perRow) {
        inverses = U
        priors = L
        for (let r: usize = 0; r < TILE; r += 16) {
          const al = v128.load(alpha + r)
          const si = v128.load(sigma + r)
          const a2 = f64x2.mul(al, al)
          const s2 = f64x2.mul(si, si)
          const from = (r >> 5) * quadK + (r & 16)
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

      // Responsibilities: their logarithms less the greatest, then exponentials. A becomes αA, and S holds q/u.
      for (let r: usize = 0; r < TILE; r += 16) {
        const al = v128.load(alpha + r)
        const a2 = f64x2.mul(al, al)
        const n2 = v128.load(N2 + r)
        const from = (r >> 5) * quadK + (r & 16)
        const end = from + rowK
        // From an entry's offset to that of its component's constants.
        const inverse = inverses + (perRow ? 0 : -from)
        const prior = priors + (perRow ? 0 : -from)
        const length = lengths - from
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
      mapExp(W, W, ROWS * widthK)
      if (!full && !free)
        equalVariances(
          flags,
          dim,
          K,
          widthK,
          alpha,
          sigma,
          weight,
          weights,
          denoising,
          xz,
          zz,
          noiseDots,
          N2,
          share,
          inverses,
          perRow ? quadK : 0,
          gram,
          A,
          W,
          P,
          H,
          S,
          E,
          onData,
          sumQ,
          value
        )
      else {
        // Sums over the components, all still to be divided by the first.
        for (let r: usize = 0; r < TILE; r += 16) {
          const from = (r >> 5) * quadK + (r & 16)
          const end = from + rowK
          const inverse = inverses + (perRow ? 0 : -from)
          let mass = f64x2.splat(0)
          let b = f64x2.splat(0)
          let pA = f64x2.splat(0)
          let curvature = f64x2.splat(0)
          for (let o = from; o < end; o += 32) {
            const w = v128.load(W + o)
            const p = f64x2.mul(w, v128.load(inverse + o))
            mass = f64x2.add(mass, w)
            b = f64x2.add(b, p)
            pA = madd(pA, p, v128.load(A + o))
            curvature = madd(curvature, p, v128.load(S + o))
            v128.store(P + o, p)
          }
          const one = f64x2.div(f64x2.splat(1), mass)
          v128.store(ones + r, one)
          v128.store(B + r, f64x2.mul(b, one))
          v128.store(PA + r, f64x2.mul(pA, one))
          v128.store(curvatures + r, f64x2.mul(curvature, one))
        }

        // The row's loss, and ∂loss/∂p over Hp; then back through the softmax.
        products(gram, <usize>widthK << 3, K, P, K, widthK, H, widthK)
        const d = f64x2.splat(<f64>dim)
        let total = v128.load(value)
        for (let r: usize = 0; r < TILE; r += 16) {
          const al = v128.load(alpha + r)
          const si = v128.load(sigma + r)
          const onTarget = v128.load(denoising + r)
          const h = f64x2.sub(f64x2.splat(1), onTarget)
          const h2 = f64x2.add(h, h)
          const square = f64x2.sub(f64x2.splat(1), h2)
          const square2 = f64x2.add(square, square)
          const one = v128.load(ones + r)
          const a2 = f64x2.mul(al, al)
          const n2 = v128.load(N2 + r)
          const b = v128.load(B + r)
          const pA = v128.load(PA + r)
          const c = f64x2.mul(v128.load(weights + r), v128.load(weight + r))
          const from = (r >> 5) * quadK + (r & 16)
          const end = from + rowK
          const inverse = inverses + (perRow ? 0 : -from)
          const base = f64x2.sub(f64x2.mul(b, n2), pA)
          const a2One = f64x2.mul(a2, one)
          const hd = f64x2.mul(h2, d)
          const constant = f64x2.sub(f64x2.mul(square2, base), hd)
          const onA = f64x2.mul(square2, b)
          let toNoise = f64x2.splat(0)
          let crossPoint = f64x2.splat(0)
          let cross = f64x2.splat(0)
          if (isTarget) {
            toNoise = f64x2.div(f64x2.add(onTarget, onTarget), si)
            crossPoint = madd(f64x2.mul(al, v128.load(xz + r)), si, v128.load(zz + r))
          }
          let pHp = f64x2.splat(0)
          let mean = f64x2.splat(0)
          for (let o = from; o < end; o += 32) {
            const p = f64x2.mul(one, v128.load(P + o))
            const Hp = f64x2.mul(a2One, v128.load(H + o))
            pHp = madd(pHp, p, Hp)
            let onP = f64x2.add(constant, f64x2.sub(f64x2.mul(square2, Hp), f64x2.mul(onA, v128.load(A + o))))
            onP = madd(onP, h2, v128.load(S + o))
            if (isTarget) {
              const noise = f64x2.mul(toNoise, f64x2.sub(f64x2.mul(al, v128.load(noiseDots + o)), crossPoint))
              onP = f64x2.add(onP, noise)
              cross = madd(cross, p, noise)
            }
            mean = madd(mean, p, onP)
            v128.store(P + o, p)
            v128.store(H + o, onP)
          }
          const squared = f64x2.add(f64x2.sub(f64x2.mul(f64x2.mul(b, b), n2), f64x2.mul(f64x2.add(b, b), pA)), pHp)
          let loss = madd(f64x2.mul(square, squared), h2, f64x2.sub(v128.load(curvatures + r), f64x2.mul(d, b)))
          if (isTarget) loss = f64x2.add(loss, cross)
          if (flags & Flag.Completed) {
            let noise = f64x2.mul(h, d)
            if (isTarget) noise = madd(noise, onTarget, v128.load(zz + r))
            loss = f64x2.add(loss, f64x2.div(noise, f64x2.mul(si, si)))
          }
          total = madd(total, c, loss)

          // E = ∂loss/∂log π_k before normalisation, onQ = ∂loss/∂q_k.
          const cAlpha = f64x2.mul(c, al)
          const cSquare = f64x2.mul(c, a2)
          const toShare = f64x2.mul(cAlpha, v128.load(share + r))
          const bSquare = f64x2.mul(b, square)
          const toOuter = f64x2.mul(cSquare, square)
          const toMean = f64x2.mul(one, mean)
          // By x_t, as far as it is noise: that by z itself, over σ, joins the other.
          const byNoise = isTarget ? f64x2.div(toNoise, si) : f64x2.splat(0)
          const backAlpha = f64x2.mul(f64x2.mul(cAlpha, al), byNoise)
          let q2 = sumQ
          for (let o = from; o < end; o += 32, q2 += 16) {
            const iu = v128.load(inverse + o)
            const p = v128.load(P + o)
            const onP = v128.load(H + o)
            const e = f64x2.sub(f64x2.mul(p, onP), f64x2.mul(toMean, v128.load(W + o)))
            const half = f64x2.mul(f64x2.splat(0.5), e)
            const onQ = f64x2.mul(iu, f64x2.sub(f64x2.mul(h2, p), half))
            const minusHalf = madd(onQ, bSquare, p)
            const onA = f64x2.add(minusHalf, minusHalf)
            v128.store(q2, madd(v128.load(q2), cSquare, onQ))
            v128.store(W + o, f64x2.mul(toOuter, p))
            const onNoisy = f64x2.sub(f64x2.mul(byNoise, p), onA)
            v128.store(
              onData + o,
              f64x2.sub(madd(v128.load(onData + o), toShare, onNoisy), f64x2.mul(backAlpha, p))
            )
            v128.store(E + o, f64x2.mul(full ? f64x2.mul(cAlpha, si) : cAlpha, onNoisy))
            if (free) {
              const relative = v128.load(S + o)
              const onU = f64x2.sub(
                f64x2.mul(half, f64x2.sub(relative, d)),
                f64x2.mul(p, madd(onP, h2, relative))
              )
              const toLogits = q2 + (sumLogits - sumQ)
              v128.store(toLogits, madd(v128.load(toLogits), c, e))
              const toVariances = q2 + (sumVariances - sumQ)
              v128.store(toVariances, madd(v128.load(toVariances), cSquare, f64x2.mul(iu, onU)))
            }
          }
        }
        v128.store(value, total)
      }
      outer(W, K, widthK, P, widthK, PP)
      if (full) outer(E, K, widthK, z, width, F)
      else if (rank > 0) outer(E, K, widthK, moved, widthRank, Fb)
    }
    outer(onData, K, widthK, x, width, F)
  }
}

