import { ln } from '../../../../lib/simd/assembly/logarithm'
import { mapExp } from '../../../../lib/simd/assembly/map'
import { address, field, Job } from './job'
import { distances, madd, outer, ROWS, TILE } from './tiles'

/**
 * The strand's share of the sums of `expectationPass` in ../pass.ts: value [2], sums [K, width], mass and scatter
 * [K, 2]. `Logits` holds log π_k − (d/2) log 2πv_k, and `Variances` 1/(2v_k).
 */
export function expectation(job: usize, strand: i32, scratch: usize): void {
  const dim = field(job, Job.Dim)
  const width = field(job, Job.Width)
  const K = field(job, Job.K)
  const widthK = field(job, Job.WidthK)
  const priors = address(job, Job.Logits)
  const inverses = address(job, Job.Variances)
  const logMass = v128.load_splat<f64>(address(job, Job.LogMass))
  const stride = address(job, Job.OutStride)
  const value = address(job, Job.Out) + <usize>strand * stride
  const sums = value + 16
  const masses = sums + (<usize>(K * width) << 3)
  const scatters = masses + (<usize>K << 4)
  memory.fill(value, 0, stride)
  const tileK = TILE * <usize>widthK
  const greatests = scratch
  const Q = greatests + TILE
  const W = Q + tileK
  memory.fill(scratch, 0, TILE + 2 * tileK)
  const first = strand * field(job, Job.StrandTiles)
  const last = min(first + field(job, Job.StrandTiles), field(job, Job.Tiles))
  for (let tile = first; tile < last; tile++) {
    const x = address(job, Job.X) + <usize>tile * TILE * <usize>width
    const weights = address(job, Job.Weights) + <usize>tile * TILE
    distances(address(job, Job.Left), <usize>width << 3, K, x, dim, width, Q, widthK)
    for (let r: usize = 0; r < TILE; r += 16) {
      const quad = (r >> 5) * (<usize>widthK << 5) + (r & 16)
      let greatest = f64x2.splat(-Infinity)
      for (let at: usize = 0, end = <usize>K << 5; at < end; at += 32) {
        const w = f64x2.sub(v128.load(priors + at), f64x2.mul(v128.load(Q + quad + at), v128.load(inverses + at)))
        greatest = v128.pmax<f64>(greatest, w)
        v128.store(W + quad + at, w)
      }
      for (let at: usize = 0, end = <usize>K << 5; at < end; at += 32)
        v128.store(W + quad + at, f64x2.sub(v128.load(W + quad + at), greatest))
      v128.store(greatests + r, greatest)
    }
    mapExp(W, W, ROWS * widthK)
    let total = v128.load(value)
    for (let r: usize = 0; r < TILE; r += 16) {
      const quad = (r >> 5) * (<usize>widthK << 5) + (r & 16)
      const weight = v128.load(weights + r)
      let mass = f64x2.splat(0)
      for (let at: usize = 0, end = <usize>K << 5; at < end; at += 32) mass = f64x2.add(mass, v128.load(W + quad + at))
      const density = f64x2.sub(f64x2.add(v128.load(greatests + r), ln(mass)), logMass)
      total = f64x2.sub(total, f64x2.mul(weight, density))
      const scale = f64x2.div(weight, mass)
      for (let k: i32 = 0; k < K; k++) {
        const at = quad + (<usize>k << 5)
        const share = f64x2.mul(v128.load(W + at), scale)
        v128.store(W + at, share)
        const lanes = <usize>k << 4
        v128.store(masses + lanes, f64x2.add(v128.load(masses + lanes), share))
        v128.store(scatters + lanes, madd(v128.load(scatters + lanes), share, v128.load(Q + at)))
      }
    }
    v128.store(value, total)
    outer(W, K, widthK, x, width, sums)
  }
}
