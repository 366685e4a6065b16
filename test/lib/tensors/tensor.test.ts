import { describe, expect, it } from 'vitest'
import * as F from '../../../lib/index.js'
import { type Tensor } from '../../../lib/index.js'

const run = (f: () => Tensor): { shape: number[]; values: number[] } => {
  const { shape, values } = F.compute(f)
  return { shape: [...shape], values: [...values] }
}
const m = (): Tensor => F.tensor([1, 2, 3, 4, 5, 6], [2, 3])

describe('the vocabulary', () => {
  // what the kernels' own table does not see: defaults, argument forms, and what is composed
  const rows: Readonly<Record<string, readonly [f: () => Tensor, shape: number[], values: number[]]>> = {
    eye: [() => F.eye(2), [2, 2], [1, 0, 0, 1]],
    'eye of one': [() => F.eye(1), [1, 1], [1]],
    'oneHot beyond its depth': [() => F.oneHot(F.tensor([1, 5], [2]), 2), [2, 2], [0, 1, 0, 0]],
    'range down': [() => F.range(3, 0, -1), [3], [3, 2, 1]],
    'range of nothing': [() => F.range(0, 0), [0], []],
    'numbers on both sides': [() => F.add(1, 2), [], [3]],
    'division of whole numbers': [() => F.div(F.cast(7, 'int32'), F.cast(2, 'int32')), [], [3.5]],
    'cast cuts': [() => F.cast(F.tensor([-1.7, 1.7], [2]), 'int32'), [2], [-1, 1]],
    logicalXor: [() => F.logicalXor(F.tensor([0, 0, 2, 2], [4]), F.tensor([0, 3, 0, 3], [4])), [4], [0, 1, 1, 0]],
    'where broadcasts': [() => F.where(F.tensor([1, 0], [2, 1]), F.range(0, 3), -1), [2, 3], [0, 1, 2, -1, -1, -1]],
    'mean of all': [() => F.mean(m()), [], [3.5]],
    'sum over the last, kept': [() => F.sum(m(), -1, true), [2, 1], [6, 15]],
    'sum of nothing': [() => F.sum(F.zeros([0, 2]), 0), [2], [0, 0]],
    'max of nothing': [() => F.max(F.zeros([0])), [], [-Infinity]],
    'max with NaN': [() => F.max(F.tensor([1, NaN, 3], [3])), [], [NaN]],
    'minimum with NaN': [() => F.minimum(F.tensor([1, NaN], [2]), 0), [2], [0, NaN]],
    'softmax down a column': [() => F.softmax(F.zeros([2, 2]), 0), [2, 2], [0.5, 0.5, 0.5, 0.5]],
    'logSumExp of -∞': [() => F.logSumExp(F.fill([2], -Infinity)), [], [-Infinity]],
    'logSumExp of some -∞': [() => F.logSumExp(F.tensor([-Infinity, 3], [2])), [], [3]],
    'logSumExp of ∞': [() => F.logSumExp(F.tensor([Infinity, 3], [2])), [], [Infinity]],
    'logSumExp, kept': [() => F.logSumExp(F.zeros([2, 1]), 1, true), [2, 1], [0, 0]],
    'logSoftmax far apart': [() => F.logSoftmax(F.tensor([1e4, 0], [2])), [2], [0, -1e4]],
    'sigmoid far out': [() => F.sigmoid(F.tensor([-745, 40], [2])), [2], [5e-324, 1]],
    'softplus far out': [() => F.softplus(F.tensor([-800, 800], [2])), [2], [0, 800]],
    'argMax of equals': [() => F.argMax(F.tensor([1, 2, 2], [3])), [], [1]],
    // a factor 2: the root of the determinant of each
    logDet: [() => F.logDet(F.tensor([4, 0, 0, 4], [2, 2])), [], [4 * Math.LN2]],
    norm: [() => F.norm(F.tensor([3, 4], [2])), [], [5]],
    'norm of zero': [() => F.norm(F.zeros([2])), [], [0]],
    'dot of vectors': [() => F.dot(F.range(0, 3), F.range(1, 4)), [], [8]],
    'dot of matrix and vector': [() => F.dot(m(), F.ones([3])), [2], [6, 15]],
    outer: [() => F.outer(F.range(1, 3), F.range(1, 4)), [2, 3], [1, 2, 3, 2, 4, 6]],
    'squeeze all': [() => F.squeeze(F.zeros([1, 2, 1])), [2], [0, 0]],
    'squeeze one': [() => F.squeeze(F.zeros([1, 2, 1]), -1), [1, 2], [0, 0]],
    'transpose of a vector': [() => F.transpose(F.range(0, 2)), [2], [0, 1]],
    'slice to the end': [() => F.slice(m(), [0, 1]), [2, 2], [2, 3, 5, 6]],
    'stack of numbers': [() => F.stack([1, F.scalar(2), 3]), [3], [1, 2, 3]],
    'broadcastTo nothing': [() => F.broadcastTo(F.zeros([1, 2]), [0, 2]), [0, 2], []],
    'broadcastTo itself': [() => F.broadcastTo(F.range(0, 2), [1, 2]), [1, 2], [0, 1]],
    'reverse rows': [() => F.reverse(m()), [2, 3], [4, 5, 6, 1, 2, 3]],
    'unstack columns': [() => F.unstack(m(), -1)[2], [2], [3, 6]],
    'gather by a number': [() => F.gather(m(), 1), [3], [4, 5, 6]],
    'segmentSum drops': [() => F.segmentSum(m(), F.tensor([-1, 0], [2]), 2), [2, 3], [4, 5, 6, 0, 0, 0]]
  }
  it.each(Object.entries(rows))('%s', (_, [f, shape, values]) => {
    expect(run(f)).toEqual({ shape, values })
  })

  const refusals: Readonly<Record<string, readonly [f: () => unknown, message: string]>> = {
    'values that do not fill': [() => F.tensor([1, 2, 3], [2, 2]), 'tensor: 3 values do not fill the shape [2, 2]'],
    'shapes that do not meet': [() => F.add(F.zeros([2]), F.zeros([3])), 'Add: shapes [2] and [3] do not broadcast'],
    'inner sizes that differ': [() => F.matMul(m(), m()), 'matMul: inner sizes 3 and 2 of [2, 3] and [2, 3] differ'],
    'vectors in matMul': [() => F.matMul(F.zeros([2]), m()), 'reshape a vector to [n, 1] or [1, n]'],
    'axes outside': [() => F.sum(m(), 2), 'sum: axis 2 is outside [-2, 2) for a tensor of rank 2'],
    'reshapes that do not fit': [() => F.reshape(m(), [4]), 'reshape: [2, 3] has 6 entries and does not fit [4]'],
    'reshapes with a rest': [() => F.reshape(m(), [4, -1]), 'does not fit'],
    'reshapes with two unknowns': [() => F.reshape(m(), [-1, -1]), 'does not fit'],
    'slices that leave': [() => F.slice(m(), [1, 1], [1, 3]), 'slice: begin [1, 1] and size [1, 3] leave [2, 3]'],
    'parts that do not add up': [() => F.split(m(), [1, 1], 1), 'split: parts [1, 1] do not add up to 3'],
    'uneven parts': [() => F.split(m(), 2, 1), 'an axis of 3 does not divide into 2 equal parts'],
    'concat of other sizes': [() => F.concat([m(), F.zeros([2, 2])]), 'concat: [2, 3] and [2, 2] differ off axis 0'],
    'concat of nothing': [() => F.concat([]), 'concat: no tensors to join'],
    'indices outside': [() => F.gather(m(), 2), 'gather: index 2 is not a whole number in [0, 2)'],
    'fractional indices': [() => F.gather(m(), 0.5), 'gather: index 0.5 is not a whole number'],
    'segments outside': [() => F.segmentSum(m(), F.tensor([0, 7], [2]), 2), 'segmentSum: index 7 is not'],
    'squeezed axes of more': [() => F.squeeze(m(), 1), 'squeeze: axis 1 has size 3, not 1'],
    'orders that are none': [() => F.transpose(m(), [0, 0]), 'transpose: [0, 0] is no order of 2 axes'],
    'stretches that do not': [() => F.broadcastTo(m(), [2, 4]), 'broadcastTo: [2, 3] does not stretch to [2, 4]'],
    'steps of zero': [() => F.range(0, 1, 0), 'range: step is 0; try 1'],
    'bounds the wrong way round': [() => F.clip(m(), 1, 0), 'clip: low 1 is not <= high 0'],
    'repetitions of other rank': [() => F.tile(m(), [2]), 'tile: 1 repetitions for a tensor of rank 2'],
    'fractional axes': [() => F.sum(m(), 0.5), 'axis 0.5 is outside'],
    'paddings of other rank': [() => F.pad(m(), [[1, 1]]), 'pad: 1 pairs of paddings for a tensor of rank 2']
  }
  it.each(Object.entries(refusals))('rejects %s', (_, [f, message]) => {
    expect(() => F.compute(() => F.scalar(f() === undefined ? 0 : 1))).toThrow(message)
  })
})
