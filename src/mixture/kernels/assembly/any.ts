import { Flag } from './job'
import { constantOf, crossed, Row, Strand } from './strand'
import { madd, products, TILE } from './tiles'

/** Sums over the components, all still to be divided by the first, and p_k = w_k/u_k. */
function averages(s: Strand): void {
  const A = s.A
  const W = s.W
  const P = s.P
  const S = s.S
  for (let r: usize = 0; r < TILE; r += 16) {
    const at = changetype<usize>(s) + r
    const from = (r >> 5) * s.quadK + (r & 16)
    const end = from + s.rowK
    const inverse = s.inverses + (s.perRow ? 0 : -from)
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
    v128.store(at, one, Row.Ones)
    v128.store(at, f64x2.mul(b, one), Row.B)
    v128.store(at, f64x2.mul(pA, one), Row.PA)
    v128.store(at, f64x2.mul(curvature, one), Row.Curvatures)
  }
}

/**
 * From responsibilities to the loss and its derivatives, whatever the variances are: the row's loss, and ∂loss/∂p over Hp; then
 * back through the softmax.
 */
export function anyVariances(s: Strand): void {
  averages(s)
  const full = s.full
  const free = s.free
  const sumQ = s.sumQ
  const sumLogits = s.sumLogits
  const sumVariances = s.sumVariances
  const isTarget = s.isTarget
  const noiseDots = s.noiseDots
  const A = s.A
  const W = s.W
  const P = s.P
  const H = s.H
  const E = s.E
  const onData = s.onData
  const S = s.S
  products(s.gram, <usize>s.widthK << 3, s.K, P, s.K, s.widthK, H, s.widthK)
  const d = f64x2.splat(<f64>s.dim)
  let total = v128.load(s.value)
  for (let r: usize = 0; r < TILE; r += 16) {
    const at = changetype<usize>(s) + r
    const al = v128.load(s.alpha + r)
    const si = v128.load(s.sigma + r)
    const onTarget = v128.load(s.denoising + r)
    const h = f64x2.sub(f64x2.splat(1), onTarget)
    const h2 = f64x2.add(h, h)
    const square = f64x2.sub(f64x2.splat(1), h2)
    const square2 = f64x2.add(square, square)
    const one = v128.load(at, Row.Ones)
    const a2 = f64x2.mul(al, al)
    const n2 = v128.load(at, Row.N2)
    const b = v128.load(at, Row.B)
    const pA = v128.load(at, Row.PA)
    const c = f64x2.mul(v128.load(s.weights + r), v128.load(s.weight + r))
    const from = (r >> 5) * s.quadK + (r & 16)
    const end = from + s.rowK
    const inverse = s.inverses + (s.perRow ? 0 : -from)
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
      crossPoint = crossed(at, al, si)
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
    let loss = madd(f64x2.mul(square, squared), h2, f64x2.sub(v128.load(at, Row.Curvatures), f64x2.mul(d, b)))
    if (isTarget) loss = f64x2.add(loss, cross)
    if (s.flags & Flag.Completed) loss = f64x2.add(loss, constantOf(at, d, onTarget, isTarget, si))
    total = madd(total, c, loss)

    // E = ∂loss/∂log π_k before normalisation, onQ = ∂loss/∂q_k.
    const cAlpha = f64x2.mul(c, al)
    const cSquare = f64x2.mul(c, a2)
    const toShare = f64x2.mul(cAlpha, v128.load(at, Row.Share))
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
  v128.store(s.value, total)
}
