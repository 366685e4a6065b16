/**
 * Files of weights: named arrays as safetensors or NumPy's npz. Layers store W as [inputs, outputs], for x W + b; PyTorch's `nn.Linear`
 * stores [outputs, inputs]. Square layers fit either way, so the layout is never guessed: `fromTorch` and `toTorch` transpose, and
 * `paramsFromWeights` needs the mark of `writeNetWeights`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { shapeText } from '../../lib/arrays/ndarray.js'
import { Npz, Safetensors, type NdArray } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'

/** Arrays of a file, with the layout of layers if it is marked. */
export interface Weights {
  readonly arrays: Params.Params<string>
  readonly layout: string | null
}

/** Formats of `writeNetWeights`. */
export const WEIGHT_FORMS = ['safetensors', 'npz'] as const
export type WeightForm = (typeof WEIGHT_FORMS)[number]

/** Layout mark for layers of this library. */
export const LAYOUT = 'ornstein: x W + b, W [inputs, outputs]'

export interface Options {
  /** Number format, which rounds if 'float32'; npz supports only 'float64'. */
  readonly precision?: 'float64' | 'float32'
  /** Layout mark of the layers; null for other arrays. Default: that of this library. */
  readonly layout?: string | null
}

const LAYOUT_MARK_NAME = '__layout__'

/**
 * Writes parameters to a file.
 *
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key, Net } from 'ornstein'
 *
 * const net = Net.mlp({ hidden: [4] })
 * const params = Net.initial(2)(Key.fromSeed(1))(net)
 * for (const form of ['safetensors', 'npz'] as const) {
 *   const read = Net.readWeights(Net.writeWeights(form)(params))
 *   assert.deepEqual(pipe(read, E.flatMap(Net.paramsFromWeights(Net.shapes(2)(net)))), E.right(params))
 * }
 */
export const writeNetWeights =
  (form: WeightForm, { precision = 'float64', layout = LAYOUT }: Options = {}) =>
  (params: Params.Params<string>): Uint8Array => {
    if (form === 'safetensors')
      return Safetensors.write(
        Params.map<NdArray, Safetensors.Entry>(({ shape, values }) => ({
          shape,
          values: precision === 'float64' ? values : Float32Array.from(values)
        }))(params),
        layout === null ? {} : { layout }
      )
    if (precision === 'float32')
      return refuse("Weights.write: 'float32' as npz; write safetensors, or leave precision out")
    return Npz.write({ ...params, ...(layout !== null && { [LAYOUT_MARK_NAME]: { shape: [], texts: [layout] } }) })
  }

const unreadableFile = (found: string): E.Either<Problem.Problems, never> =>
  E.left([Problem.of('file', found, 'named arrays as safetensors or npz', 'write it by safetensors or numpy.savez')])

/** Reads the arrays of a file of either format, as float64. npz may be compressed. */
export const readNetWeights = (bytes: Uint8Array): E.Either<Problem.Problems, Weights> => {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const found = Npz.read(bytes)
    if (typeof found === 'string') return unreadableFile(found)
    const { [LAYOUT_MARK_NAME]: mark, ...rest } = found as Npz.Arrays & { readonly [LAYOUT_MARK_NAME]?: Npz.Entry }
    const text = Object.entries(rest).find(([, entry]) => 'texts' in entry)
    return text === undefined
      ? E.right({
          arrays: rest as Params.Params<string>,
          layout: mark !== undefined && 'texts' in mark ? mark.texts[0] : null
        })
      : unreadableFile(`text, ${text[0]}`)
  }
  const found = Safetensors.read(bytes)
  return typeof found === 'string'
    ? unreadableFile(found)
    : E.right({
        arrays: Params.map<Safetensors.Entry, NdArray>(({ shape, values }) => ({
          shape,
          values: Float64Array.from(values)
        }))(found.arrays),
        layout: Object.hasOwn(found.metadata, 'layout') ? found.metadata.layout : null
      })
}

/** Checks that arrays are finite and have exactly these names and shapes; returns a problem for each that does not. */
const fittedToShapes =
  <P extends string>(shapes: Params.Shapes<P>, remedy: string) =>
  (arrays: Params.Params<string>): E.Either<Problem.Problems, Params.Params<P>> => {
    const wanted = Params.names(shapes)
    const found = Object.keys(arrays)
    const wrong = [
      ...wanted.flatMap(name =>
        Object.hasOwn(arrays, name)
          ? [
              ...Problem.unless(
                shapeText(arrays[name].shape) === shapeText(shapes[name]),
                name,
                `shape ${shapeText(arrays[name].shape)}`,
                `of shape ${shapeText(shapes[name])}`,
                remedy
              ),
              ...Problem.unless(
                arrays[name].values.every(Number.isFinite),
                name,
                'NaN or infinite somewhere',
                'finite throughout',
                'write it again'
              )
            ]
          : [Problem.of(name, 'missing', `an array of shape ${shapeText(shapes[name])}`, remedy)]
      ),
      ...found
        .filter(name => !wanted.some(own => own === name))
        .map(name => Problem.of(name, 'there', `one of ${wanted.join(', ')}`, remedy))
    ]
    return RA.isNonEmpty(wrong)
      ? E.left(wrong)
      : // Names and shapes agree.
        E.right(Params.map<ReadonlyArray<number>, NdArray>((_, name) => arrays[name])(shapes) as Params.Params<P>)
  }

/** Reads parameters of these names and shapes as `writeNetWeights` wrote them. Rejects files without the layout mark. */
export const paramsFromWeights =
  <P extends string>(shapes: Params.Shapes<P>) =>
  ({ arrays, layout }: Weights): E.Either<Problem.Problems, Params.Params<P>> =>
    layout === LAYOUT
      ? fittedToShapes(shapes, 'build the network that it was written of')(arrays)
      : E.left([
          Problem.of(
            'layout',
            layout ?? 'missing',
            `'${LAYOUT}', as Weights.write marks it`,
            'say how layers lie: Weights.fromTorch({ layers, shapes })'
          )
        ])

/** PyTorch's name of each array, and whether it is transposed there. */
const TORCH_PARAMETERS: Readonly<Record<string, { readonly name: string; readonly isTurned: boolean }>> = {
  weights: { name: 'weight', isTurned: true },
  bias: { name: 'bias', isTurned: false },
  // nn.LayerNorm
  gain: { name: 'weight', isTurned: false },
  offset: { name: 'bias', isTurned: false },
  // nn.Embedding
  classes: { name: 'weight', isTurned: false }
}

const transposedMatrix = ({ shape: [rows, columns], values }: NdArray): NdArray => ({
  shape: [columns, rows],
  values: values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)])
})

/** Layers of a `state_dict` by prefix of a part: `{ hidden1: 'net.0', output: 'net.2' }`. */
export type Layers = Readonly<Record<string, string>>

interface TorchParameter {
  readonly theirs: string
  readonly isTurned: boolean
}

/** PyTorch's name of a parameter, and whether it is transposed there; null if it is in no layer. */
const torchNameOf =
  (layers: Layers) =>
  (own: string): TorchParameter | null => {
    const at = own.lastIndexOf('.')
    const first = own.slice(0, Math.max(at, 0))
    const last = own.slice(at + 1)
    return Object.hasOwn(layers, first) && Object.hasOwn(TORCH_PARAMETERS, last)
      ? {
          theirs: `${layers[first] === '' ? '' : `${layers[first]}.`}${TORCH_PARAMETERS[last].name}`,
          isTurned: TORCH_PARAMETERS[last].isTurned
        }
      : null
  }

/**
 * Converts PyTorch's `state_dict` to parameters of a network. `layers` maps each part to a layer of PyTorch's. `weight` of `nn.Linear`,
 * [outputs, inputs], is transposed; other arrays are not. Arrays that are left over, missing or of another shape are problems.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Net, Params } from 'ornstein'
 *
 * // torch.nn.Sequential(torch.nn.Linear(2, 2)).state_dict()
 * const stateDict = Params.of({ '0.weight': [[1, 2], [3, 4]], '0.bias': [5, 6] })
 * const net = Net.named('out', Net.output())
 * const params = Net.fromTorch({ layers: { out: '0' }, shapes: Net.shapes(2)(net) })({ arrays: stateDict, layout: null })
 * assert.deepEqual(params, E.right(Params.of({ 'out.weights': [[1, 3], [2, 4]], 'out.bias': [5, 6] })))
 * assert.deepEqual(pipe(params, E.map(Net.toTorch({ out: '0' }))), E.right(stateDict))
 */
export const fromTorch =
  <P extends string>({ layers, shapes }: { readonly layers: Layers; readonly shapes: Params.Shapes<P> }) =>
  ({ arrays, layout }: Weights): E.Either<Problem.Problems, Params.Params<P>> => {
    if (layout !== null)
      return E.left([Problem.of('layout', layout, "PyTorch's, which has no mark", 'use Weights.own')])
    const of = torchNameOf(layers)
    const known = Params.names(shapes).flatMap(own => {
      const other = of(own)
      return other !== null && Object.hasOwn(arrays, other.theirs) ? [{ own, ...other }] : []
    })
    const here = Object.fromEntries([
      ...known.map(
        ({ own, theirs, isTurned }) =>
          [
            own,
            isTurned && arrays[theirs].shape.length === 2 ? transposedMatrix(arrays[theirs]) : arrays[theirs]
          ] as const
      ),
      // Arrays of no layer keep their names.
      ...Object.entries(arrays).filter(([name]) => !known.some(({ theirs }) => theirs === name))
    ])
    return fittedToShapes(shapes, 'name the layer of each part: layers: { hidden1: "net.0" }')(here)
  }

/** Converts parameters to PyTorch's `state_dict`, by `layers`. Throws if a parameter is in no layer. */
export const toTorch = (layers: Layers): ((params: Params.Params<string>) => Params.Params<string>) => {
  const of = torchNameOf(layers)
  return params =>
    pipe(
      Object.entries(params).map(([own, array]) => {
        const found = of(own) ?? refuse(`Weights.toTorch: ${own} is in no layer; name the layer of its part`)
        return [found.theirs, found.isTurned ? transposedMatrix(array) : array] as const
      }),
      entries => Object.fromEntries<NdArray>(entries)
    )
}
