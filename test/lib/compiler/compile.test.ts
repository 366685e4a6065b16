import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createContext, runInContext } from 'node:vm'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it, vi } from 'vitest'
import { cached, compile, type Call, type Inputs, type Outputs, type Signature } from '../../../lib/compiler/index.js'
import { emitModule } from '../../../lib/compiler/code.js'
import { graph } from '../../../lib/compiler/graph.js'
import { lanesOf } from '../../../lib/compiler/lanes.js'
import { runtimeOrNull } from '../../../lib/compiler/runtime.js'
import { layoutGraph } from '../../../lib/compiler/placement.js'
import { findFaults, type ColumnAccess } from '../../../lib/compiler/verify.js'
import * as T from '../../../lib/index.js'
import { compute, fromNdArray, Key, useThreads, valueAndGrad, type Tensor } from '../../../lib/index.js'
import { kernelsByName } from '../../../lib/kernels/index.js'
import { remembered } from '../../../lib/plain/remembered.js'
import { SEED, isSlow, spread, once } from '../../cases.js'
import { called, callOf, cases, programOf as toProgram, type Case } from './programs.js'

/** The same by the interpreter. */
const interpreted = ({ signature, write }: Case, { rows, params, given, constants }: Call) => {
  const tensors = (
    shapes: Readonly<Record<string, ReadonlyArray<number>>>,
    values: Readonly<Record<string, ArrayLike<number>>>
  ): Readonly<Record<string, Tensor>> =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        fromNdArray({ shape, values: Float64Array.from(values[name]) })
      ])
    )
  const rest = () => ({
    rows: tensors(
      Object.fromEntries(Object.entries(signature.rows).map(([name, { shape }]) => [name, [rows, ...shape]])),
      given as Readonly<Record<string, Float64Array>>
    ),
    constants: tensors(signature.constants, constants)
  })
  const { value, gradient } = valueAndGrad<string>(own => {
    const { value } = write({ params: own, ...rest() })
    if (value === undefined) throw new Error('no value')
    return value
  })(
    Object.fromEntries(Object.entries(signature.params).map(([name, shape]) => [name, { shape, values: params[name] }]))
  )
  const others = compute(() => write({ params: tensors(signature.params, params), ...rest() }).others ?? {})
  return { value, gradient, others }
}

/** The program of a case, traced and lowered once for all who ask for it. */
const programOf = remembered((one: Case) => toProgram(one))

const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((m, x) => Math.max(m, Math.abs(x)), 1)
/** Numbers are those of another program but for roundings beside the largest: of sums of ≤ 1100 terms in another order. */
const agree = (own: ArrayLike<number>, theirs: ArrayLike<number>, what: string): void => {
  const scale = largest(theirs)
  Array.from(theirs).forEach((x, i) => expect(Math.abs(own[i] - x) / scale, `${what} [${i}]`).toBeLessThan(1e-12))
}

const right = <A>(either: E.Either<string, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left)
  return either.right
}

describe('a program has the result of the interpreter', () => {
  it.each(spread(6)(cases).map(one => [one.name, one] as const))('%s', (_, one) => {
    const program = programOf(one)
    const others: Case['write'] = inputs => ({ others: one.write(inputs).others ?? {} })
    for (const rows of [1, 8, 37, 1100]) {
      const call = callOf(one, rows, rows)
      const found = program.run(call)
      const wanted = interpreted(one, call)
      agree([found.value], [wanted.value], `value of ${rows} rows`)
      for (const [name, { shape, values }] of Object.entries({ ...wanted.gradient, ...wanted.others })) {
        const own = name in wanted.gradient ? found.gradient[name] : found.others[name]
        expect(own.shape).toEqual(shape)
        agree(own.values, values, `${name} of ${rows} rows`)
      }
      if (rows !== 8) continue
      // without a value, and so without derivatives
      const alone = right(compile(one.signature, others, [null, null], { differentiates: false })).run(call).others
      for (const [name, { values }] of Object.entries(wanted.others)) agree(alone[name].values, values, name)
    }
  })
})

once.each([
  [3, 5],
  [8, 12],
  [20, 16],
  [16, 16]
])('a product over the rows of two parts of one value, with the same start and of %i and %i entries', (m, n) => {
  const one: Case = {
    name: 'parts',
    signature: { params: { w: [24] }, rows: { x: { shape: [24], from: 'call' } }, constants: {} },
    write: ({ params: { w }, rows: { x } }) => {
      const all = T.exp(T.sin(T.mul(w, x)))
      const made = T.matMul(T.slice(all, [0, 0], [-1, m]), T.slice(all, [0, 0], [-1, n]), { transposeA: true })
      return { value: T.sum(made), others: { made } }
    }
  }
  const call = callOf(one, 11, 1)
  const alone: Case['write'] = inputs => ({ others: one.write(inputs).others ?? {} })
  const found = right(compile(one.signature, alone, [null, null], { differentiates: false })).run(call).others.made
    .values
  agree(found, interpreted(one, call).others.made.values, 'made')
})

describe('the verifier', () => {
  /** Of x₁ eˣ, whose parts share a loop: the layout, and what its code does. */
  const { node } = graph()
  const x = node({ kind: 'input', name: 'x' }, [], [2], 'rows')
  const e = node({ kind: 'entrywise', kernel: 'Exp', attrs: {} }, [x], [2], 'rows')
  const last = node({ kind: 'pick', table: [1] }, [e], [1], 'rows')
  const made = node({ kind: 'entrywise', kernel: 'Multiply', attrs: {} }, [last, e], [2], 'rows')
  const of = layoutGraph({ made }, () => null, lanesOf('float64'))
  const accesses: ColumnAccess[] = []
  emitModule(of, { shared: false, maximum: 1 }, () => access => {
    accesses.push(access)
  })
  const found = (all: ReadonlyArray<ColumnAccess>, changed: object = {}): number =>
    findFaults({ ...of, ...changed }, [all]).length
  const isRead = ({ operand }: ColumnAccess, of: unknown): boolean => operand === of
  once('finds no fault in a correct program', () => {
    expect(accesses.length).toBeGreaterThan(8)
    expect(found(accesses)).toBe(0)
  })
  once.each<readonly [string, ReadonlyArray<ColumnAccess>, object]>([
    ['a register of another entry', accesses.map(a => (isRead(a, last) ? { ...a, register: accesses.find(b => isRead(b, e))?.register ?? 0 } : a)), {}], // prettier-ignore
    ['a register of another vector', accesses.map(a => (isRead(a, e) ? { ...a, vector: 1 - a.vector } : a)), {}],
    ['another address', accesses.map(a => (a.place && isRead(a, x) ? { ...a, place: { ...a.place, offset: a.place.offset ^ 64 } } : a)), {}], // prettier-ignore
    ['what comes later', [...accesses].reverse(), {}],
    ['what is not put anywhere', accesses.filter(a => a.operand !== undefined || a.column > 0), {}],
    ['no room', accesses, { scratchBytes: 64 }]
  ])('finds %s', (_, all, changed) => {
    expect(found(all, changed)).toBeGreaterThan(0)
  })
})

describe('infinities and NaN', () => {
  /** Where more is not finite than by the interpreter, as docs/compiler.md says. */
  const spreads = new Set(['cast', 'lookUp', 'squares over the rows, and triangles'])
  it.each(cases.map(one => [one.name, one] as const))('are those of the interpreter in %s', (_, one) => {
    const program = programOf(one)
    const call = callOf(one, 9, SEED)
    const { params, given, constants } = call
    const places = [...Object.values(params), ...Object.values(given), ...Object.values(constants)] as Float64Array[]
    places.forEach((values, place) => {
      const all = [
        [0, NaN],
        [values.length - 1, Infinity],
        [Math.floor(values.length / 2), -Infinity]
      ]
      // One of the three, unless slow.
      for (const [at, bad] of isSlow ? all : [all[place % 3]]) {
        // a copy, as data stay where they are
        const spoilt = (record: Readonly<Record<string, unknown>>): Readonly<Record<string, Float64Array>> =>
          Object.fromEntries(
            Object.entries(record as Readonly<Record<string, Float64Array>>).map(([name, own]) => [
              name,
              own === values ? own.map((x, i) => (i === at ? bad : x)) : own
            ])
          )
        const { rows } = call
        const hostile = { rows, params: spoilt(params), given: spoilt(given), constants: spoilt(constants) }
        const found = program.run(hostile)
        const wanted = interpreted(one, hostile)
        const hidden: string[] = []
        const hold = (name: string, own: ArrayLike<number>, theirs: ArrayLike<number>): void => {
          Array.from(theirs).forEach((x, i) => {
            if (Number.isFinite(own[i]) ? !Number.isFinite(x) : Number.isFinite(x) && !spreads.has(one.name))
              hidden.push(`${name}[${i}]: ${own[i]}, not ${x}`)
          })
        }
        hold('value', [found.value], [wanted.value])
        for (const [name, { values }] of Object.entries(wanted.gradient))
          hold(name, found.gradient[name].values, values)
        for (const [name, { values }] of Object.entries(wanted.others)) hold(name, found.others[name].values, values)
        expect(hidden, `${bad} in the place of ${values[at]}`).toEqual([])
      }
    })
  })
})

/** What found programs and the interpreter apart, as a function of one row or of one parameter. */
describe('a single NaN or infinity', () => {
  const row = (...shape: ReadonlyArray<number>) => ({ shape, from: 'call' }) as const
  const runOf = (
    params: Signature['params'],
    x: ReturnType<typeof row>,
    write: (inputs: Inputs) => Tensor,
    call: Omit<Call, 'constants'>
  ) =>
    toProgram({
      signature: { params, rows: { x }, constants: {} },
      write: inputs => ({ value: write(inputs) })
    }).run({ ...call, constants: {} })
  once('is propagated to the sum of a softmax', () => {
    const given = { x: Float64Array.of(1, 2, NaN, 4, 5, 6) }
    const write = ({ rows }: Inputs): Tensor => T.mean(T.sum(T.softmax(rows.x), 1))
    expect(runOf({}, row(3), write, { rows: 2, params: {}, given }).value).toBe(NaN)
  })
  once('is propagated to a common term of two sums', () => {
    const given = { x: Float64Array.of(Infinity) }
    const write = ({ rows: { x } }: Inputs): Tensor => T.mean(T.sub(T.add(x, T.tanh(x)), T.add(x, T.exp(T.neg(x)))))
    expect(runOf({}, row(), write, { rows: 1, params: {}, given }).value).toBe(NaN)
  })
  once('affects only its row in the derivative of a gather', () => {
    const q = Float64Array.of(1, 2, 3, 4, 5, 6, Infinity, 8, 9, 10, 11, 12)
    const call = { rows: 1, params: { q }, given: { x: Float64Array.of(1) } }
    const write = ({ params, rows }: Inputs): Tensor =>
      T.mul(T.sum(T.square(T.gather(params.q, T.tensor([3, 2, 0, 0], [4]), 1))), T.mean(rows.x))
    // 2 q as often as a column is gathered
    const wanted = [0, 1, 2].flatMap(i => [4 * q[4 * i], 0, 2 * q[4 * i + 2], 2 * q[4 * i + 3]])
    expect([...runOf({ q: [3, 4] }, row(), write, call).gradient.q.values]).toEqual(wanted)
  })
  once.each([3, 4, 5, 7, 8])('is propagated to every column of a triangular product in %d dimensions', dim => {
    const signature: Signature = { params: { w: [dim, dim] }, rows: { x: row(dim) }, constants: {} }
    const write = ({ params: { w }, rows: { x } }: Inputs): Outputs => {
      const whitener = T.solveTriangular(T.gramCholesky(T.concat([w, T.eye(dim)])), T.eye(dim))
      return { others: { y: T.matMul(x, whitener, { transposeB: true }) } }
    }
    const program = right(compile(signature, write, [null, null], { differentiates: false }))
    const w = Key.normal(dim * dim)(Key.fromSeed(SEED))
    const bad = Array.from({ length: dim }, (_, i) => [NaN, Infinity, -Infinity].map(x => Key.normal(dim)(Key.fromSeed(i)).map((y, j) => (j === i ? x : y)))).flat() // prettier-ignore
    const x = Float64Array.from([...bad, Key.normal(dim)(Key.fromSeed(dim))].flatMap(row => Array.from(row)))
    const rows = bad.length + 1
    const { y } = program.run({ rows, params: { w }, given: { x }, constants: {} }).others
    // all products are with the whole of a row: 0 · ∞ is NaN
    y.values.forEach((one, at) => {
      expect(Number.isFinite(one)).toBe(at >= bad.length * dim)
    })
  })
})

once('the whole vocabulary is in the programs', () => {
  const lines = cases.flatMap(one => programOf(one).explain('trace').split('\n'))
  const seen = new Set(lines.map(line => line.split(' ')[0]))
  // A new kernel belongs in a program, and the compiler must know it: else every plan that meets it is interpreted.
  expect(Object.keys(kernelsByName).filter(kernel => !seen.has(kernel))).toEqual([])
})

once('atan2 agrees with Math in all quadrants, with the signs of zeros', () => {
  const one = { shape: [], from: 'call' } as const
  const program = toProgram({
    signature: { params: {}, rows: { x: one, y: one }, constants: {} },
    write: ({ rows: { x, y } }) => ({ others: { f: T.atan2(y, x) } })
  })
  const values = [0, -0, 1, -1, 0.3, -0.3, 1e300, -1e300, 1e-300, Infinity, -Infinity]
  const y = Float64Array.from(values.flatMap(y => values.map(() => y)))
  const x = Float64Array.from(values.flatMap(() => values))
  const found = program.run({ rows: y.length, params: {}, given: { x, y }, constants: {} }).others.f.values
  found.forEach((angle, i) => {
    const wanted = Math.atan2(y[i], x[i])
    if (wanted === 0) expect(angle, `${y[i]} ${x[i]}`).toBe(wanted)
    else expect(Math.abs(angle - wanted), `${y[i]} ${x[i]}`).toBeLessThanOrEqual(4 * 2 ** -53 * Math.abs(wanted))
  })
})

once('operations that the interpreter computes on a panel are those that docs/compiler.md lists', () => {
  const page = readFileSync(new URL('../../../docs/compiler.md', import.meta.url), 'utf8')
  const list = /Operations without WebAssembly code([^]*?)If they depend on/.exec(page)?.[1] ?? ''
  const told = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name.toLowerCase())
  const found = cases.flatMap(one => programOf(one).fallback)
  const names = found.map(kernel => (kernel === 'TriangularSolve' ? 'solveTriangular' : kernel).toLowerCase())
  expect([...told].sort()).toEqual([...new Set(names)].sort())
})

once('programs that differ in the last of many numbers are not shared', () => {
  const of = (last: number): number => {
    const values = Float64Array.from({ length: 31 }, (_, i) => (i < 30 ? i + 0.125 : last))
    const program = toProgram({
      signature: { params: {}, rows: { x: { shape: [31], from: 'call' } }, constants: {} },
      write: ({ rows: { x } }) => ({ value: T.mean(T.sum(T.mul(x, T.fromNdArray({ shape: [31], values })), 1)) })
    })
    return program.run({ rows: 1, params: {}, given: { x: new Float64Array(31).fill(1) }, constants: {} }).value
  }
  expect(of(1000) - of(1)).toBe(999)
})

describe('fixed constants', () => {
  const signature: Signature = {
    params: { c: [2] },
    rows: { x: { shape: [2], from: 'call' } },
    constants: { a: [], b: [2] }
  }
  const { run } = toProgram({
    signature,
    // What is of a alone, of a and b, and of parameters; and the number of rows, in the mean.
    write: ({ params: { c }, rows: { x }, constants: { a, b } }) => ({
      value: T.mean(T.sum(T.square(T.sub(T.mul(T.exp(T.neg(a)), x), T.add(c, T.mul(a, b)))), 1))
    })
  })
  const call = (rows: number, seed: number): Pick<Call, 'rows' | 'params' | 'given'> => ({
    rows,
    params: { c: Key.normal(2)(Key.fromSeed(seed)) },
    given: { x: Key.normal(2 * rows)(Key.fromSeed(seed + 1)) }
  })
  once('have the bits of constants of each call, whatever else changes', () => {
    const one = { a: [0.3] }
    const other = { a: [0.7] }
    // In turn, so that what is kept with one object, or of so many rows, would be met by another.
    for (const [fixed, rows, b] of [
      [one, 9, 1],
      [other, 9, 1],
      [one, 9, 2],
      [one, 5, 2],
      [other, 5, 3]
    ] as const) {
      const own = call(rows, rows + b)
      expect(run({ ...own, constants: { b: [b, -b] }, fixed })).toEqual(
        run({ ...own, constants: { ...fixed, b: [b, -b] } })
      )
    }
  })
})

describe('threads', () => {
  it.each([
    ...spread(6)(['pseudoHuber', 'network', 'sums and outputs']).map(name => [name, 'float64'] as const),
    ['pseudoHuber', 'float32'],
    ['network', 'float32']
  ] as const)('%s in %s has the same bits by one and by two', (name, precision) => {
    const one = called(name)
    const program = toProgram(one, precision)
    const call = callOf(one, 100_003, 1)
    const runs = [1, 2, 2, 1].map(count => {
      useThreads(count)
      return program.run(call)
    })
    for (const run of runs) expect(run).toEqual(runs[0])
  })
})

describe('more threads than the maximum', () => {
  const most = Math.max(64, availableParallelism())
  const anew = async (): Promise<typeof T> => {
    vi.resetModules()
    return import('../../../lib/index.js')
  }
  /** Of few rows: one thread runs, but there is a space for each. */
  const meanOf = ({ Compiler, mean }: Awaited<ReturnType<typeof anew>>): number => {
    const signature: Signature = { params: {}, rows: { x: { shape: [], from: 'call' } }, constants: {} }
    const program = right(Compiler.compile(signature, ({ rows: { x } }) => ({ value: mean(x) }), [null, null]))
    return program.run({ rows: 2, params: {}, given: { x: Float64Array.of(1, 2) }, constants: {} }).value
  }
  once.each([1e9, Infinity])('%d are limited to the maximum', async count => {
    const own = await anew()
    own.useThreads(count)
    expect(own.threads()).toBe(most)
    expect(meanOf(own)).toBe(1.5)
  })
  once('ORNSTEIN_THREADS is limited too', async () => {
    vi.stubEnv('ORNSTEIN_THREADS', '1000000000')
    try {
      const own = await anew()
      expect(own.threads()).toBe(most)
      expect(meanOf(own)).toBe(1.5)
    } finally {
      vi.unstubAllEnvs()
    }
  })
  once('NaN is rejected as a number of threads', () => {
    expect(() => {
      useThreads(NaN)
    }).toThrow('useThreads: NaN is not a number of threads; try 1')
  })
})

describe('without compilation', () => {
  const reason = async (wasm: unknown): Promise<string> => {
    vi.resetModules()
    vi.stubGlobal('WebAssembly', wasm)
    try {
      const { Compiler } = await import('../../../lib/index.js')
      const one = called('pseudoHuber')
      const found = Compiler.compile(one.signature, one.write, [null, null])
      return E.isLeft(found) ? found.left : 'compiled'
    } finally {
      vi.unstubAllGlobals()
    }
  }
  const forbidding: unknown = runInContext(
    'WebAssembly',
    createContext({}, { codeGeneration: { strings: true, wasm: false } })
  )
  const { Memory, Module, Instance } = WebAssembly
  const failing = (fails: (bytes: ArrayLike<number>) => boolean): unknown =>
    class extends Module {
      constructor(bytes: Uint8Array<ArrayBuffer>) {
        if (fails(bytes)) throw new RangeError('too large for this thread')
        super(bytes)
      }
    }
  once.each([
    [
      'a policy',
      forbidding,
      "WebAssembly is forbidden here: a page's content security policy needs 'wasm-unsafe-eval' in its script-src"
    ],
    ['no WebAssembly', undefined, 'this engine has no WebAssembly'],
    ['no SIMD', { Memory, Instance, Module: failing(({ length }) => length > 8), validate: () => false }, 'this engine has no SIMD'], // prettier-ignore
    ['a limit', { Memory, Instance, Module: failing(({ length }) => length > 4096), validate: () => true }, 'this engine refuses WebAssembly: too large for this thread'] // prettier-ignore
  ])('the reason is %s', async (_, wasm, words) => {
    expect(await reason(wasm)).toBe(words)
  })
})

describe('draws', () => {
  const draws: Signature = { params: {}, rows: { z: { shape: [3], from: 'key' } }, constants: {} }

  once('are the draws of the key, row after row', () => {
    const program = toProgram({ signature: draws, write: ({ rows }) => ({ others: { z: rows.z } }) })
    const key = Key.fromSeed(5)
    const { others } = program.run({ rows: 1003, params: {}, given: { z: key }, constants: {} })
    expect(others.z).toEqual({ shape: [1003, 3], values: Key.normal(3009)(key) })
  })

  // Of fewer than two degrees attempts are made one by one, else four at a time, and in a thousand rows some first one is rejected.
  once.each([0, 1, 2, 7, 1000])('of χ² of %d degrees are the draws of the key', degrees => {
    const rows: Signature['rows'] = { x: { shape: [1], from: 'key', degrees } }
    const program = toProgram({ signature: { ...draws, rows }, write: inputs => ({ others: { x: inputs.rows.x } }) })
    const key = Key.fromSeed(6)
    const { others } = program.run({ rows: 1003, params: {}, given: { x: key }, constants: {} })
    expect(others.x).toEqual({ shape: [1003, 1], values: Key.chiSquared(degrees)(1003)(key) })
  })
})

describe('a divergence', () => {
  const net = (d: number): Case => ({
    name: 'net',
    signature: {
      params: { w: [d, 5], v: [5, d] },
      rows: { x: { shape: [d], from: 'data' }, s: { shape: [1], from: 'call' } },
      constants: {}
    },
    write: ({ params, rows }) => ({
      value: T.mean(
        T.rowDivergence((x, again) => T.mul(again(rows.s), T.matMul(T.tanh(T.matMul(x, params.w)), params.v)))(rows.x)
      )
    })
  })
  const programOf = (d: number) => toProgram(net(d))

  once('is a program of one size, whatever the dimension', () => {
    const lines = (d: number): number => programOf(d).explain('rewritten').split('\n').length
    expect(lines(30)).toBe(lines(4))
  })

  once('passes over the hidden layer once, and once for each direction backwards, without products of size d²', () => {
    const few = programOf(8).work
    const many = programOf(32).work
    // linear in d, of which four times as many
    expect(many).toBeLessThan(4.5 * few)
  })

  once('has the same bits in one thread and in two', () => {
    const call = callOf(net(4), 50_001, 1)
    const [one, two] = [1, 2].map(count => {
      useThreads(count)
      return programOf(4).run(call)
    })
    expect(two).toEqual(one)
  })
})

describe('a sum with a thin product', () => {
  const signature: Signature = {
    params: { m: [8, 1] },
    rows: { x: { shape: [8], from: 'data' }, u: { shape: [2], from: 'call' } },
    constants: { b: [2, 8] }
  }
  const point = ({ rows, constants }: Inputs): Tensor => T.add(rows.x, T.matMul(rows.u, constants.b))
  const nodesOf = (write: (inputs: Inputs) => Outputs): ReadonlyArray<string> =>
    toProgram({ signature, write }).explain('rewritten').split('\n')

  once('is split if nothing else needs it', () => {
    const nodes = nodesOf(inputs => ({ value: T.mean(T.square(T.matMul(point(inputs), inputs.params.m))) }))
    expect(nodes.filter(line => line.endsWith(': [rows, 8]'))).toEqual([expect.stringContaining('input x')])
  })

  once('is kept if it is needed elsewhere', () => {
    const nodes = nodesOf(inputs => ({
      value: T.mean(T.mul(T.square(T.matMul(point(inputs), inputs.params.m)), T.sum(T.square(point(inputs)), 1, true)))
    }))
    expect(nodes.filter(line => /= product %\d+ %\d+ : \[rows, 1\]$/.test(line))).toHaveLength(1)
  })
})

describe('versions of constants', () => {
  const rows = 37
  const dim = 3
  const count = 5
  const wide = 40
  const written: Readonly<Record<string, (inputs: Inputs) => Tensor>> = {
    // noise in one direction, and distances from scaled centres
    mixture: ({ params: { m }, rows: { x }, constants: { alpha, zeta, line } }) => {
      const drawn = T.matMul(T.mul(zeta, T.ones([1, 1])), line)
      const noisy = T.add(T.mul(alpha, x), drawn)
      const apart = T.squaredDistances(noisy, m, alpha)
      const shares = T.softmax(T.mul(-0.5, T.div(apart, T.add(1, T.square(zeta)))))
      const onLine = T.sum(T.mul(noisy, drawn), 1, true)
      return T.mean(T.add(T.sum(T.mul(shares, apart), 1, true), T.add(T.sum(T.square(noisy), 1, true), onLine)))
    },
    // products and products over the rows of what varies on both sides, and what moves entries
    network: ({ params: { m }, rows: { x }, constants: { alpha, zeta } }) => {
      const hidden = T.tanh(T.mul(alpha, T.matMul(x, m, { transposeB: true })))
      const again = T.matMul(T.sub(hidden, zeta), T.matMul(m, m, { transposeB: true }))
      const turned = T.concat([T.slice(again, [0, 1], [rowsOf(again), 1]), hidden], 1)
      return T.mean(T.div(T.exp(T.neg(T.square(turned))), T.add(alpha, 2)))
    },
    // a combination in every row, by factors that are the same in all versions and by others
    combination: ({ params: { m }, rows: { x }, constants: { alpha, zeta } }) => {
      const y = T.matMul(x, T.slice(m, [0, 0], [1, dim]), { transposeB: true })
      const bent = T.tanh(T.mul(alpha, y))
      return T.mean(T.sub(T.mul(y, bent), T.sub(T.mul(zeta, T.square(bent)), T.neg(T.cos(T.add(y, zeta))))))
    },
    // weights, quotients and negatives around sums over the rows; terms without the constants
    sums: ({ params: { m }, rows: { x }, constants: { alpha, zeta } }) => {
      const y = T.matMul(x, m, { transposeB: true })
      const part = T.mean(T.square(T.add(y, zeta)))
      return T.add(T.sub(T.div(part, T.add(alpha, 3)), T.mul(alpha, T.neg(T.mean(y)))), T.mean(T.cos(y)))
    }
  }
  const rowsOf = (x: Tensor): number => x.shape[0]
  const signature = {
    params: { m: [2, dim] },
    rows: { x: { shape: [dim], from: 'data' } },
    constants: { alpha: [], zeta: [], line: [1, dim] }
  } as const
  const draw = (n: number, seed: number): Float64Array => Key.normal(n)(Key.fromSeed(seed))
  const call = {
    rows,
    params: { m: draw(2 * dim, 1) },
    given: { x: draw(rows * dim, 2) }
  }
  const alpha = draw(count, 3)
  const zeta = draw(count, 4)
  const line = draw(dim, 5)
  once.each(Object.entries(written))('%s: one program returns the sum over the versions', (_, value) => {
    const write = (inputs: Inputs): Outputs => ({ value: value(inputs) })
    const one = toProgram({ signature, write })
    const all = right(compile({ ...signature, versions: { count, of: ['alpha', 'zeta'] } }, write, [null, null]))
    const found = all.run({ ...call, constants: { alpha, zeta, line } })
    const each = Array.from(alpha, (a, i) => one.run({ ...call, constants: { alpha: [a], zeta: [zeta[i]], line } }))
    const wanted = each.reduce((sum, { value }) => sum + value, 0)
    // some tens of operations on numbers of the order of 10, in another order
    expect(Math.abs(found.value - wanted) / (1 + Math.abs(wanted))).toBeLessThan(1e-13)
    found.gradient.m.values.forEach((x, i) => {
      const sum = each.reduce((sum, { gradient }) => sum + gradient.m.values[i], 0)
      expect(Math.abs(x - sum) / (1 + Math.abs(sum))).toBeLessThan(1e-12)
    })
  })

  once('values that are equal in all versions are computed once: products with the data have their own size', () => {
    const write = (inputs: Inputs): Outputs => ({ value: written.mixture(inputs) })
    const { explain } = right(
      compile({ ...signature, versions: { count, of: ['alpha', 'zeta'] } }, write, [null, null])
    )
    const ofAll = explain('rewritten')
      .split('\n')
      .filter(line => line.includes(`[rows, ${count}, `))
    expect(ofAll.length).toBeGreaterThan(5)
    expect(ofAll.filter(line => line.includes(`[rows, ${count}, ${dim}]`))).toEqual([])
  })

  once('wide rows are rejected, and so are products with a matrix per version', () => {
    const refused = (units: number, write: (inputs: Inputs) => Tensor): string => {
      const found = compile(
        {
          ...signature,
          params: { m: [units, dim] },
          versions: { count, of: ['alpha', 'zeta'] }
        },
        inputs => ({ value: write(inputs) }),
        [null, null]
      )
      return E.isLeft(found) ? found.left : 'not refused'
    }
    expect(
      refused(wide, ({ params: { m }, rows: { x }, constants: { alpha } }) =>
        T.mean(T.tanh(T.mul(alpha, T.matMul(x, m, { transposeB: true }))))
      )
    ).toContain(`${wide} numbers of a row for each version`)
    expect(
      refused(2, ({ params: { m }, rows: { x }, constants: { alpha } }) =>
        T.mean(T.tanh(T.sum(T.matMul(x, T.tanh(T.mul(alpha, m)), { transposeB: true }), 1)))
      )
    ).toContain('of each version')
  })
})

describe('rejected functions and the reasons', () => {
  const signature: Signature = { params: { w: [3] }, rows: { x: { shape: [3], from: 'data' } }, constants: { c: [] } }
  type Of = (x: Tensor, w: Tensor) => Tensor
  let calls = 0
  const refused: ReadonlyArray<readonly [string, Of, RegExp]> = [
    ['a look at values', (_, w) => T.scalar(T.toNdArray(w).values[0]), /looks at the entries/],
    ['a computation within', (x, w) => T.mean(T.mul(x, T.compute(() => T.sum(w)).values[0])), /looks at the entries/],
    ['a number of another call', (x, w) => T.mean(T.mul(T.mul(x, w), ++calls)), /Multiply|name it an input/],
    [
      'other steps in another call',
      (x, w) => T.mean(++calls % 2 === 0 ? T.exp(T.mul(x, w)) : T.square(T.mul(x, w))),
      /branch on values/
    ],
    [
      'a second pass over the rows',
      (x, w) => T.mean(T.square(T.sub(T.mul(x, w), T.mean(T.mul(x, w), 0)))),
      /^sub: .*second pass/
    ],
    ['an extreme over the rows', (x, w) => T.max(T.mul(x, w)), /over the rows/],
    ['rows against rows', (x, w) => T.sum(T.matMul(T.mul(x, w), x, { transposeB: true })), /rows against rows/],
    [
      'rows in another order',
      (x, w) => T.mean(T.mul(x, T.mul(w, T.reverse(x, 0)))),
      /Range numbers the rows \(number \d+ of its operations\)/
    ],
    [
      'all rows, one after another, and again',
      (x, w) => T.div(T.sum(T.tanh(T.mul(T.tile(x, [2, 1]), w))), x.shape[0]),
      /Tile repeats all rows one after another/
    ],
    ['some of the rows', (x, w) => T.mean(T.mul(w, T.slice(x, [0, 0], [2, 3]))), /Slice takes some of the rows/],
    ['rows as columns', (x, w) => T.mean(T.mul(T.reshape(T.mul(x, w), [3, -1]), 2)), /mixes them/]
  ]

  once.each(refused)('%s', (_, of, why) => {
    const program = compile(signature, ({ params, rows }) => ({ value: of(rows.x, params.w) }), [null, null])
    expect(E.isLeft(program) ? program.left : 'compiled').toMatch(why)
  })

  once('a dependence on the example is rejected', () => {
    const program = compile(
      signature,
      ({ params, rows }, c: number) => ({ value: T.mean(T.mul(T.mul(rows.x, params.w), c)) }),
      [0.1, 0.2]
    )
    expect(E.isLeft(program) ? program.left : 'compiled').toMatch(/is 0\.1 once and 0\.2 again .*: name it an input/)
  })

  once('outputs that do not depend on a rejected operation compile', () => {
    const write = ({ params, rows }: Inputs): Outputs => {
      T.slice(rows.x, [0, 0], [2, -1])
      return { value: T.mean(T.mul(rows.x, params.w)) }
    }
    expect(E.isRight(compile(signature, write, [null, null]))).toBe(true)
  })
})

describe('memory', () => {
  once('programs of equal graphs are shared, their number is bounded, and memory is freed', () => {
    const write = ({ params, rows }: Inputs): Outputs => ({ value: T.mean(T.tanh(T.mul(rows.x, params.w))) })
    const run = (rank: number): void => {
      const x = { shape: [rank], from: 'call' } as const
      const program = toProgram({ signature: { params: { w: [rank] }, rows: { x }, constants: {} }, write })
      const given = { x: new Float64Array(9 * rank) }
      program.run({ rows: 9, params: { w: new Float64Array(rank) }, given, constants: {} })
    }
    run(1)
    const before = cached()
    run(1)
    expect(cached()).toBe(before)
    const held = runtimeOrNull()?.held().arrays ?? 0
    for (let rank = 1; rank <= 300; rank++) run(rank)
    expect(cached()).toBe(256)
    expect(runtimeOrNull()?.held().instances).toBeLessThanOrEqual(64)
    expect(runtimeOrNull()?.held().arrays).toBe(held)
    // one that was let go of runs again
    run(1)
  })

  once('10 000 steps do not retain memory', () => {
    const signature: Signature = { params: { w: [2] }, rows: { x: { shape: [2], from: 'data' } }, constants: {} }
    const write = ({ params, rows }: Inputs): Outputs => ({ value: T.mean(T.square(T.mul(rows.x, params.w))) })
    const program = toProgram({ signature, write })
    const x = Float64Array.of(1, 2, 3, 4)
    const step = (w: number): number =>
      program.run({ rows: 2, params: { w: Float64Array.of(w, w) }, given: { x }, constants: {} }).value
    step(1)
    const held = runtimeOrNull()?.held()
    for (let i = 0; i < 10_000; i++) step(i)
    expect(runtimeOrNull()?.held()).toEqual(held)
  })
})
