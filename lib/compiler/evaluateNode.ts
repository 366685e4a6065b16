/** Evaluation of graph nodes by the interpreter's kernels, which defines their meaning in all phases. */
import { productOfSizes, type Dense } from '../kernels/dense.js'
import { computeKernel, operations } from '../kernels/index.js'
import { concatenated } from '../arrays/ndarray.js'
import { type Attrs, type ComputedOperation, type Shape } from './graph.js'

const asDoubles = ({ shape, values }: Dense): Dense => ({
  shape,
  dtype: 'float32',
  values: values instanceof Float64Array ? values : Float64Array.from(values)
})

/** Runs a kernel on operands in order; returns one of its outputs. */
const byKernel = (kernel: string, ins: ReadonlyArray<Dense>, attrs: Attrs, output = 0): Dense => {
  const names = operations[kernel].operands ?? []
  return asDoubles(computeKernel(kernel, Object.fromEntries(ins.map((x, i) => [names[i], x])), attrs, output))
}

/** Repeats x along axes of size 1 up to a shape. */
const repeatedDense = (x: Dense, shape: Shape): Dense => {
  const own = [...shape.map(() => 1), ...x.shape].slice(-shape.length || x.shape.length + 1)
  const lead = shape.length === 0 ? [] : own
  return byKernel('Tile', [{ ...x, shape: lead }], { reps: shape.map((n, i) => n / lead[i]) })
}

/** Returns the value of a node for one row, or once per call, from its inputs. */
export const evaluateNode = (does: ComputedOperation, ins: ReadonlyArray<Dense>, shape: Shape): Dense => {
  switch (does.kind) {
    case 'constant':
      return { shape, dtype: 'float32', values: Float64Array.of(does.value) }
    case 'array':
      return { shape, dtype: 'float32', values: does.values }
    case 'entrywise':
      return does.kernel === 'Stretch' ? repeatedDense(ins[0], shape) : byKernel(does.kernel, ins, does.attrs)
    case 'reduce':
      return byKernel(does.fold, ins, { axis: does.axes, reductionIndices: does.axes, keepDims: true })
    case 'reshape':
      return { ...ins[0], shape }
    case 'pick': {
      const all = concatenated(ins.map(x => Float64Array.from(x.values)))
      const values = new Float64Array(does.table.length)
      for (let at = 0; at < values.length; at++) values[at] = all[does.table[at]]
      return { shape, dtype: 'float32', values }
    }
    case 'product': {
      const [x, matrix] = ins
      const k = x.shape.at(-1) ?? 1
      const flat = { ...x, shape: [productOfSizes(x.shape) / k, k] }
      return { ...byKernel('BatchMatMul', [flat, matrix], { transposeA: false, transposeB: does.transposed }), shape }
    }
    case 'distances': {
      const [x, matrix] = ins
      const k = x.shape.at(-1) ?? 1
      const flat = { ...x, shape: [productOfSizes(x.shape) / k, k] }
      const one = { shape: [1, 1], dtype: 'float32' as const, values: Float64Array.of(1) }
      return { ...byKernel('SquaredDistances', [flat, matrix, one], {}), shape }
    }
    case 'kernel':
      return { ...byKernel(does.kernel, ins, does.attrs, does.output), shape }
  }
}
