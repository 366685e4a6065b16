import { Flag } from './job'
import { madd, products, TILE } from './tiles'

/*
 * From responsibilities to the loss and its derivatives where all components have one variance and noise lies in the span, the
 * case of spherical scores on projected noise: score.ts without what then is the same for all components. With 1/u of a row
 * common, p = w/u, b = 1/u, and e_k = ∂loss/∂log π_k = p_k(P_k − uΣp_jP_j).
 */

/** `inverses` holds 1/u of each row, `stepInverse` bytes from a quad to the next; W the exponentials, which become those of PP. */
export function equalVariances(
  flags: i32,
  dim: i32,
  K: i32,
  widthK: i32,
  alpha: usize,
  sigma: usize,
  weight: usize,
  weights: usize,
  N2: usize,
  share: usize,
  inverses: usize,
  stepInverse: usize,
  gram: usize,
  A: usize,
  W: usize,
  P: usize,
  H: usize,
  S: usize,
  E: usize,
  onData: usize,
  sumQ: usize,
  value: usize
): void {
  const quadK = <usize>widthK << 5
  const rowK = <usize>K << 5
  const two = f64x2.splat(2)
  const d = f64x2.splat(<f64>dim)
  products(gram, <usize>widthK << 3, K, W, K, widthK, H, widthK)
  let total = v128.load(value)
  for (let r: usize = 0; r < TILE; r += 16) {
    const from = (r >> 5) * quadK + (r & 16)
    const end = from + rowK
    const inverse = v128.load(inverses + (r >> 5) * stepInverse + (r & 16))
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
    const al = v128.load(alpha + r)
    const a2 = f64x2.mul(al, al)
    const n2 = v128.load(N2 + r)
    const twice = f64x2.add(inverse, inverse)
    const minusTwo = f64x2.neg(two)
    const constant = f64x2.sub(f64x2.mul(minusTwo, f64x2.sub(f64x2.mul(inverse, n2), pA)), f64x2.add(d, d))
    const toHp = f64x2.mul(a2, scale)
    let pHp = f64x2.splat(0)
    let mean = f64x2.splat(0)
    for (let o = from; o < end; o += 32) {
      const p = f64x2.mul(scale, v128.load(W + o))
      const Hp = f64x2.mul(toHp, v128.load(H + o))
      pHp = madd(pHp, p, Hp)
      const onP = madd(madd(madd(constant, minusTwo, Hp), twice, v128.load(A + o)), two, v128.load(S + o))
      mean = madd(mean, p, onP)
      v128.store(P + o, p)
      v128.store(H + o, onP)
    }
    const c = f64x2.mul(v128.load(weights + r), v128.load(weight + r))
    const squared = f64x2.add(
      f64x2.sub(f64x2.mul(f64x2.mul(inverse, inverse), n2), f64x2.mul(twice, pA)),
      pHp
    )
    // |s|² + 2 div s = −|s|² + 2 (curvature − d/u)
    let loss = f64x2.sub(f64x2.mul(two, f64x2.sub(curvature, f64x2.mul(d, inverse))), squared)
    if (flags & Flag.Completed) {
      const si = v128.load(sigma + r)
      loss = f64x2.add(loss, f64x2.div(d, f64x2.mul(si, si)))
    }
    total = madd(total, c, loss)

    const cSquare = f64x2.mul(c, a2)
    const cAlpha = f64x2.mul(c, al)
    const meanU = f64x2.div(mean, inverse)
    const half = f64x2.mul(f64x2.splat(0.5), inverse)
    const toQ = f64x2.mul(cSquare, twice)
    const toQE = f64x2.mul(cSquare, half)
    const minusAlpha = f64x2.neg(cAlpha)
    const ofShare = v128.load(share + r)
    let q2 = sumQ
    for (let o = from; o < end; o += 32, q2 += 16) {
      const p = v128.load(P + o)
      const e = f64x2.mul(p, f64x2.sub(v128.load(H + o), meanU))
      // ∂loss/∂q = 2p/u − e/(2u), and ∂loss/∂A, −2 of it and 2bp more, is (e − 2p)/u
      const onA = f64x2.mul(minusAlpha, f64x2.sub(f64x2.mul(twice, p), f64x2.mul(inverse, e)))
      v128.store(q2, f64x2.sub(madd(v128.load(q2), toQ, p), f64x2.mul(toQE, e)))
      v128.store(W + o, f64x2.mul(f64x2.neg(cSquare), p))
      v128.store(E + o, onA)
      v128.store(onData + o, madd(v128.load(onData + o), ofShare, onA))
    }
  }
  v128.store(value, total)
}
