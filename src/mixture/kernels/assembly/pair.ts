import { mapTanh } from '../../../../lib/simd/assembly/map'
import { address, field, Job } from './job'
import { madd, outer, products, ROWS, TILE } from './tiles'

/** A node's numbers, doubles, written by ../simd.ts. */
const enum Node {
  /** weight/u² */
  Weight,
  Alpha,
  /** ασz|mean|, what the noise adds to a = ⟨m, x_t⟩ */
  Offset,
  /** 1/u */
  Inverse,
  /** |m|² */
  Length,
  /** weight · what does not depend on the row */
  Constant,
  /** 2ασz/|mean|: what ⟨mean, x⟩ adds to |x_t|² */
  Cross,
  /** σz/|mean| */
  Share
}
@inline const NODE_BYTES: usize = 64

@inline
function number(node: usize, index: Node): v128 {
  return v128.load_splat<f64>(node + (<usize>index << 3))
}

/** The strand's share of the sums of `pairPass` in ../pass.ts: value [2], on the mean [2], on the data [width]. */
export function pair(job: usize, strand: i32, scratch: usize): void {
  const dim = field(job, Job.Dim)
  const width = field(job, Job.Width)
  const mean = address(job, Job.Left)
  const nodes = address(job, Job.Parts)
  const nodesEnd = nodes + <usize>field(job, Job.PartCount) * NODE_BYTES
  const stride = address(job, Job.OutStride)
  const value = address(job, Job.Out) + <usize>strand * stride
  memory.fill(value, 0, stride)
  const dots = scratch
  const T = dots + TILE
  const onData = T + TILE
  const one = f64x2.splat(1)
  const first = strand * field(job, Job.StrandTiles)
  const last = min(first + field(job, Job.StrandTiles), field(job, Job.Tiles))
  for (let tile = first; tile < last; tile++) {
    const x = address(job, Job.X) + <usize>tile * TILE * <usize>width
    const norms = address(job, Job.Norms) + <usize>tile * TILE
    const weights = address(job, Job.Weights) + <usize>tile * TILE
    products(mean, 0, 1, x, dim, width, dots, 1)
    memory.fill(onData, 0, TILE)
    let total = f64x2.splat(0)
    let onMean = f64x2.splat(0)
    for (let node = nodes; node < nodesEnd; node += NODE_BYTES) {
      const alpha = number(node, Node.Alpha)
      const a2 = f64x2.mul(alpha, alpha)
      const offset = number(node, Node.Offset)
      const inverse = number(node, Node.Inverse)
      const g = number(node, Node.Length)
      const weight = number(node, Node.Weight)
      const constant = number(node, Node.Constant)
      const cross = number(node, Node.Cross)
      const share = number(node, Node.Share)
      for (let r: usize = 0; r < TILE; r += 16)
        v128.store(T + r, f64x2.mul(inverse, madd(offset, a2, v128.load(dots + r))))
      mapTanh(T, T, ROWS)
      for (let r: usize = 0; r < TILE; r += 16) {
        const product = v128.load(dots + r)
        const rowWeight = v128.load(weights + r)
        const t = v128.load(T + r)
        const c = f64x2.mul(rowWeight, weight)
        const a = madd(offset, a2, product)
        const slope = f64x2.sub(one, f64x2.mul(t, t))
        const n2 = madd(f64x2.mul(a2, v128.load(norms + r)), cross, product)
        const row = f64x2.sub(madd(n2, g, f64x2.add(one, slope)), f64x2.mul(f64x2.add(a, a), t))
        total = madd(madd(total, c, row), rowWeight, constant)
        const half = f64x2.mul(f64x2.mul(c, alpha), madd(t, f64x2.mul(slope, inverse), madd(a, g, t)))
        const onA = f64x2.neg(f64x2.add(half, half))
        const to = onData + r
        v128.store(to, madd(v128.load(to), alpha, onA))
        const direct = f64x2.mul(f64x2.mul(c, a2), f64x2.add(one, slope))
        onMean = madd(f64x2.add(onMean, f64x2.add(direct, direct)), share, onA)
      }
    }
    v128.store(value, f64x2.add(v128.load(value), total))
    v128.store(value, f64x2.add(v128.load(value, 16), onMean), 16)
    outer(onData, 1, 1, x, width, value + 32)
  }
}
