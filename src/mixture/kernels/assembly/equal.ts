import { Flag } from './job'
import { constantOf, crossed, Row, Strand } from './strand'
import { madd, products, TILE } from './tiles'

/*
 * From responsibilities to the loss and its derivatives where all components have one variance and noise lies in the span, the
 * case of spherical scores on projected noise: score.ts without what then is the same for all components. With 1/u of a row
 * common, p = w/u, b = 1/u, and e_k = ∂loss/∂log π_k = p_k(P_k − uΣp_jP_j).
 */

/** W holds the exponentials, which become those of PP. */
export function equalVariances(s: Strand): void {
  // 1/u of each row, so many bytes from a quad to the next.
  const stepInverse = s.perRow ? s.quadK : 0
  const isTarget = s.isTarget
  const noiseDots = s.noiseDots
  const A = s.A
  const W = s.W
  const P = s.P
  const H = s.H
  const E = s.E
  const onData = s.onData
  const S = s.S
  const d = f64x2.splat(<f64>s.dim)
  products(s.gram, <usize>s.widthK << 3, s.K, W, s.K, s.widthK, H, s.widthK)
  let total = v128.load(s.value)
  for (let r: usize = 0; r < TILE; r += 16) {
    const at = changetype<usize>(s) + r
    const from = (r >> 5) * s.quadK + (r & 16)
    const end = from + s.rowK
    const inverse = v128.load(s.inverses + (r >> 5) * stepInverse + (r & 16))
    let mass = f64x2.splat(0)
    let wA = f64x2.splat(0)
    let wS = f64x2.splat(0)
    for (let o = from; o < end; o += 32) {
      const w = v128.load(W + o)
      mass = f64x2.add(mass, w)
      wA = madd(wA, w, v128.load(A + o))
      wS = madd(wS, w, v128.load(S + o))
    }
    const scale = f64x2.div(inverse, mass)
    const pA = f64x2.mul(wA, scale)
    const curvature = f64x2.mul(wS, scale)
    const al = v128.load(s.alpha + r)
    const a2 = f64x2.mul(al, al)
    const n2 = v128.load(at, Row.N2)
    const twice = f64x2.add(inverse, inverse)
    const si = v128.load(s.sigma + r)
    const onTarget = v128.load(s.denoising + r)
    const h = f64x2.sub(f64x2.splat(1), onTarget)
    const h2 = f64x2.add(h, h)
    const square = f64x2.sub(f64x2.splat(1), h2)
    const square2 = f64x2.add(square, square)
    const onA = f64x2.neg(f64x2.mul(square2, inverse))
    let constant = f64x2.sub(f64x2.mul(square2, f64x2.sub(f64x2.mul(inverse, n2), pA)), f64x2.mul(h2, d))
    let toNoise = f64x2.splat(0)
    if (isTarget) {
      toNoise = f64x2.div(f64x2.add(onTarget, onTarget), si)
      const crossPoint = crossed(at, al, si)
      constant = f64x2.sub(constant, f64x2.mul(toNoise, crossPoint))
    }
    const alphaNoise = f64x2.mul(toNoise, al)
    const toHp = f64x2.mul(a2, scale)
    let pHp = f64x2.splat(0)
    let mean = f64x2.splat(0)
    let cross = f64x2.splat(0)
    for (let o = from; o < end; o += 32) {
      const p = f64x2.mul(scale, v128.load(W + o))
      const Hp = f64x2.mul(toHp, v128.load(H + o))
      pHp = madd(pHp, p, Hp)
      let onP = madd(madd(madd(constant, square2, Hp), onA, v128.load(A + o)), h2, v128.load(S + o))
      if (isTarget) {
        const noise = f64x2.mul(alphaNoise, v128.load(noiseDots + o))
        onP = f64x2.add(onP, noise)
        cross = madd(cross, p, noise)
      }
      mean = madd(mean, p, onP)
      v128.store(P + o, p)
      v128.store(H + o, onP)
    }
    const c = f64x2.mul(v128.load(s.weights + r), v128.load(s.weight + r))
    const squared = f64x2.add(
      f64x2.sub(f64x2.mul(f64x2.mul(inverse, inverse), n2), f64x2.mul(twice, pA)),
      pHp
    )
    // |s|² + 2h div s = (1 − 2h)|s|² + 2h (curvature − d/u)
    let loss = madd(f64x2.mul(square, squared), h2, f64x2.sub(curvature, f64x2.mul(d, inverse)))
    if (isTarget) {
      const crossPoint = crossed(at, al, si)
      loss = f64x2.add(loss, f64x2.sub(cross, f64x2.mul(f64x2.mul(toNoise, inverse), crossPoint)))
    }
    if (s.flags & Flag.Completed) loss = f64x2.add(loss, constantOf(at, d, onTarget, isTarget, si))
    total = madd(total, c, loss)

    const cSquare = f64x2.mul(c, a2)
    const cAlpha = f64x2.mul(c, al)
    const meanU = f64x2.div(mean, inverse)
    const half = f64x2.mul(f64x2.splat(0.5), inverse)
    const toQ = f64x2.mul(cSquare, f64x2.mul(h2, inverse))
    const toQE = f64x2.mul(cSquare, half)
    // By x_t, as far as it is noise: that by z itself, over σ, joins the other.
    const byNoise = isTarget ? f64x2.div(toNoise, si) : f64x2.splat(0)
    const onP = f64x2.mul(cAlpha, f64x2.sub(byNoise, twice))
    const onE = f64x2.mul(cAlpha, inverse)
    const backAlpha = f64x2.mul(f64x2.mul(cAlpha, al), byNoise)
    const toOuter = f64x2.mul(cSquare, square)
    const ofShare = v128.load(at, Row.Share)
    let q2 = s.sumQ
    for (let o = from; o < end; o += 32, q2 += 16) {
      const p = v128.load(P + o)
      const e = f64x2.mul(p, f64x2.sub(v128.load(H + o), meanU))
      // ∂loss/∂q = 2hp/u − e/(2u), and ∂loss/∂A, −2 of it and −2(1 − 2h)bp, is (e − 2p)/u whatever h
      const onNoisy = f64x2.add(f64x2.mul(onP, p), f64x2.mul(onE, e))
      v128.store(q2, f64x2.sub(madd(v128.load(q2), toQ, p), f64x2.mul(toQE, e)))
      v128.store(W + o, f64x2.mul(toOuter, p))
      v128.store(E + o, onNoisy)
      v128.store(
        onData + o,
        f64x2.sub(madd(v128.load(onData + o), ofShare, onNoisy), f64x2.mul(backAlpha, p))
      )
    }
  }
  v128.store(s.value, total)
}
