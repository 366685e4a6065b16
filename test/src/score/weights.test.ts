/** Weights in and out: files of both forms, PyTorch's layers, and that a square layer is never read the wrong way. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Key, Net, Params, Problem } from '../../../src/index.js'
import * as Weights from '../../../src/score/weights.js'
import { said } from '../../said.js'

// Square layers: both ways fit.
const net = Net.chain(
  Net.named('in', Net.linear(2)),
  Net.named('norm', Net.layerNorm),
  Net.silu,
  Net.named('out', Net.linear(2))
)
const shapes = Net.shapes(2)(net)
const params = Net.initial(2)(Key.fromSeed(1))(net)
const layers = { in: 'net.0', norm: 'net.1', out: 'net.3' }

describe.each(Weights.WEIGHT_FORMS)('%s', form => {
  it('is read as it was written', () => {
    const bytes = Weights.writeNetWeights(form)(params)
    expect(pipe(Weights.readNetWeights(bytes), E.flatMap(Weights.paramsFromWeights(shapes)))).toEqual(E.right(params))
  })

  it('is not read as PyTorch’s, nor PyTorch’s as our own', () => {
    const ours = Problem.orThrow(Weights.readNetWeights(Weights.writeNetWeights(form)(params)))
    expect(said(Weights.fromTorch({ layers, shapes })(ours))).toMatch(/layout: ornstein.* is not PyTorch's/)
    const theirs = Problem.orThrow(
      Weights.readNetWeights(Weights.writeNetWeights(form, { layout: null })(Weights.toTorch(layers)(params)))
    )
    expect(said(Weights.paramsFromWeights(shapes)(theirs))).toMatch(
      /layout: missing.*say how layers lie: Weights\.fromTorch/
    )
    expect(Weights.fromTorch({ layers, shapes })(theirs)).toEqual(E.right(params))
  })
})

it('PyTorch’s layers: are turned, and no others', () => {
  const found = Weights.toTorch(layers)(params)
  const [a, b, c, d] = params['in.weights'].values
  expect(found['net.0.weight']).toEqual({ shape: [2, 2], values: Float64Array.of(a, c, b, d) })
  expect(found['net.1.weight']).toEqual(params['norm.gain'])
  expect(Object.keys(found).sort()).toEqual(
    ['net.0.bias', 'net.0.weight', 'net.1.bias', 'net.1.weight', 'net.3.bias', 'net.3.weight'] // prettier-ignore
  )
  const wide = Weights.toTorch({ '': 'x' })
  expect(() => wide(params)).toThrow(/in\.weights is in no layer/)
})

it('PyTorch’s layers: that are missing, left over, of another shape or not finite are named, all at once', () => {
  const rest = Object.fromEntries(
    Object.entries(Weights.toTorch(layers)(params)).filter(([name]) => name !== 'net.0.weight')
  )
  const wrong = {
    ...rest,
    extra: params['in.bias'],
    'net.3.bias': { shape: [3], values: Float64Array.of(1, 2, NaN) }
  }
  const text = said(Weights.fromTorch({ layers, shapes })({ arrays: wrong, layout: null }))
  expect(text).toMatch(/in\.weights: missing/)
  expect(text).toMatch(/out\.bias: shape \[3\] is not of shape \[2\]/)
  expect(text).toMatch(/out\.bias: NaN/)
  expect(text).toMatch(/extra: there/)
})

describe('files of others', () => {
  const oracle = JSON.parse(readFileSync('test/oracle/safetensors.json', 'utf8')) as { readonly compressed: string }
  const compressed = new Uint8Array(Buffer.from(oracle.compressed, 'base64'))

  it('that NumPy compressed are read', () => {
    const { arrays } = Problem.orThrow(Weights.readNetWeights(compressed))
    expect([...arrays.weights.values]).toEqual(Array.from({ length: 200 }, (_, i) => i / 2))
    expect(arrays.bias).toEqual(Params.of({ bias: Array.from({ length: 300 }, () => 0) }).bias)
    const broken = compressed.slice().fill(255, 60, 70)
    expect(said(Weights.readNetWeights(broken))).toMatch(/damaged|cut short/)
  })

  it('that are none are refused', () => {
    expect(said(Weights.readNetWeights(new TextEncoder().encode('no file of numbers')))).toMatch(
      /file: .*named arrays as safetensors or npz/
    )
    expect(() => Weights.writeNetWeights('npz', { precision: 'float32' })(params)).toThrow(/write safetensors/)
  })

  it('in single precision are the nearest', () => {
    const bytes = Weights.writeNetWeights('safetensors', { precision: 'float32' })(params)
    const { arrays } = Problem.orThrow(Weights.readNetWeights(bytes))
    expect(arrays['in.weights'].values).toEqual(params['in.weights'].values.map(Math.fround))
  })
})
