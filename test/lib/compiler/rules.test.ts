import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { algebra, type Rewriting } from '../../../lib/compiler/algebra.js'
import { topologicalOrder, printGraph, type Algebra, type GraphNode } from '../../../lib/compiler/graph.js'
import * as Rules from '../../../lib/compiler/rules.js'
import { Key } from '../../../lib/index.js'
import { evaluate } from './evaluate.js'
import { spread, once } from '../../cases.js'

/** Inputs: x, y of rows [2, 3], v of rows [3], u of rows [2], r of rows [1], s and t numbers, m [3, 4], n [3, 2], b [2, 3], a [1, 3] and c [2, 3, 4] once; of each version p, a number, and w [3], once. */
const inputs = {
  x: [2, 3],
  y: [2, 3],
  v: [3],
  u: [2],
  r: [1],
  s: [],
  t: [],
  m: [3, 4],
  n: [3, 2],
  b: [2, 3],
  a: [1, 3],
  c: [2, 3, 4],
  p: [],
  w: [3]
} as const
type Name = keyof typeof inputs
const ofRows = new Set<Name>(['x', 'y', 'v', 'u', 'r'])

const varying: ReadonlyArray<Name> = ['p', 'w']

type Make = (of: Algebra, at: Readonly<Record<Name, GraphNode>>) => GraphNode

/** What each rule is applied to, by its law. */
const examples: Readonly<Record<string, ReadonlyArray<Make>>> = {
  'x + 0 = x': [({ add, constant }, { x }) => add(x, constant(0)), ({ add, constant }, { x }) => add(constant(0), x)],
  'x + (−y) = x − y': [({ add, neg }, { x, y }) => add(x, neg(y)), ({ add, neg }, { x, v }) => add(neg(v), x)],
  'c · x + c · y = c · (x + y), where c is fewer numbers': [
    ({ add, mul }, { r, x, y }) => add(mul(r, x), mul(y, r)),
    ({ add, mul }, { s, x, y }) => add(mul(s, x), mul(s, y))
  ],
  'c · x − c · y = c · (x − y), where c is fewer numbers': [({ sub, mul }, { r, x, y }) => sub(mul(x, r), mul(y, r))],
  'x − 0 = x': [({ sub, constant }, { x }) => sub(x, constant(0))],
  'x − (−y) = x + y': [({ sub, neg }, { x, y }) => sub(x, neg(y))],
  '1 · x = x': [({ mul, constant }, { x }) => mul(constant(1), x)],
  '(−1) · x = −x': [({ mul, constant }, { x }) => mul(constant(-1), x)],
  'x · x = x²': [({ mul }, { x }) => mul(x, x)],
  's · (t · x) = (s · t) · x': [({ mul }, { s, t, x }) => mul(s, mul(t, x))],
  '(s · x) · y = s · (x · y)': [
    ({ mul }, { s, x, y }) => mul(mul(s, x), y),
    ({ mul, neg }, { x, y }) => mul(x, neg(y))
  ],
  'x / y = (1/y) · x, where y is fewer numbers': [
    ({ div }, { x, r }) => div(x, r),
    ({ div }, { x, s }) => div(x, s),
    ({ div }, { x, a }) => div(x, a)
  ],
  's / y = s · (1/y)': [({ div }, { s, y }) => div(s, y)],
  '(s · x) / y = s · (x / y)': [({ mul, div }, { s, x, y }) => div(mul(s, x), y)],
  'x / (s · y) = (1/s) · (x / y)': [({ mul, div }, { s, x, y }) => div(x, mul(s, y))],
  '−(−x) = x': [({ neg }, { x }) => neg(neg(x))],
  '−(x − y) = y − x': [({ sub, neg }, { x, y }) => neg(sub(x, y))],
  '−(s · x) = (−s) · x': [({ mul, neg }, { s, x }) => neg(mul(s, x))],
  '(s · x)² = s² · x²': [({ mul, square }, { s, x }) => square(mul(s, x)), ({ neg, square }, { x }) => square(neg(x))],
  '1/(s · x) = (1/s) · (1/x)': [({ mul, reciprocal }, { s, x }) => reciprocal(mul(s, x))],
  'x > y is y < x': [({ entrywise }, { x, v }) => entrywise('Greater', [x, v])],
  'x ≥ y is y ≤ x': [({ entrywise }, { x }) => entrywise('GreaterEqual', [x, x])],
  'x¹ = x, x² = x · x, x³ = x · x², x⁻¹ = 1/x, x⁰ = 1': [0, 1, 2, 3, -1].map(
    (power): Make =>
      ({ entrywise, constant }, { x }) =>
        entrywise('Pow', [x, constant(power)])
  ),
  '1/(1 + e^(−x)) = (x < 0 ? e : 1)/(1 + e), e = e^(−|x|), which σ(−x) shares': [
    ({ entrywise }, { x }) => entrywise('Sigmoid', [x]),
    ({ entrywise, neg }, { x }) => entrywise('Sigmoid', [neg(x)])
  ],
  'the angle of a point, by arctan of the share of its lesser coordinate': [
    ({ entrywise }, { x, y }) => entrywise('Atan2', [x, y]),
    ({ entrywise }, { x, s }) => entrywise('Atan2', [s, x])
  ],
  'Σⱼ a · xⱼ = a · Σⱼ xⱼ': [
    ({ mul, sum }, { r, x }) => sum(mul(r, x), [1]),
    ({ mul, sum }, { a, x }) => sum(mul(x, a), [0]),
    ({ neg, sum }, { x }) => sum(neg(x), [0, 1])
  ],
  'Σᵢ xᵢ Mᵢⱼ is a product, each of several alone, where M is the same in every row': [
    ({ mul, sum, reshaped }, { x, c }) => sum(mul(reshaped(x, [2, 3, 1]), c), [1]),
    ({ entrywise, mul, sum, reshaped }, { v, b }) => sum(mul(reshaped(v, [1, 3]), entrywise('Exp', [b])), [1]),
    ({ mul, sum, reshaped }, { v, m }) => sum(mul(m, reshaped(v, [3, 1])), [0])
  ],
  'Σ_rows aᵢ bⱼ is a product over the rows, each of several alone': [
    ({ mul, rowSum, reshaped }, { x, y }) => rowSum(mul(reshaped(y, [2, 1, 3]), reshaped(x, [2, 3, 1]))),
    ({ mul, rowSum, reshaped }, { u, v }) => rowSum(mul(reshaped(u, [2, 1]), reshaped(v, [1, 3])))
  ],
  'Σ_rows a · x = a · Σ_rows x, a the same in every row': [
    ({ mul, rowSum }, { a, x }) => rowSum(mul(x, a)),
    ({ neg, rowSum }, { x }) => rowSum(neg(x))
  ],
  's · x under another shape is s · (x under it)': [({ mul, reshaped }, { s, x }) => reshaped(mul(s, x), [6])],
  'entries of s · x are s · (entries of x)': [({ mul, pick }, { s, x }) => pick([mul(s, x)], [5, 0, 1], [3])],
  'columns of x M are x (columns of M)': [
    ({ pick, product }, { x, m }) => pick([product(x, m, false)], [3, 1, 7, 5], [2, 2]),
    ({ pick, product }, { u, n }) => pick([product(u, n, true)], [2, 0], [1, 2])
  ],
  '⟨v, x M⟩ = ⟨x, v Mᵀ⟩, where v is the same in every row': [
    ({ mul, product, sum }, { x, n, b }) => sum(mul(product(product(x, n, false), b, false), b), [1]),
    ({ entrywise, mul, product, sum }, { x, n, a }) =>
      sum(mul(a, product(entrywise('Exp', [product(x, n, false)]), n, true)), [1])
  ],
  'Σ v (x M + c) = Σ v (x M) + Σ v c, where v and c are the same in every row': [
    ({ add, mul, product, sum }, { x, n, b, a }) => sum(mul(b, add(product(product(x, n, false), b, false), a)), [0]),
    ({ entrywise, add, mul, product, sum }, { s, x, n, b }) =>
      sum(mul(add(b, mul(s, product(entrywise('Exp', [product(x, n, false)]), b, false))), b), [1])
  ],
  '(r · x) M = r · (x M), where M has fewer columns than rows, or all rows share x': [
    ({ mul, product }, { r, v, n }) => product(mul(r, v), n, false),
    ({ mul, product }, { r, b, m }) => product(mul(r, b), m, false)
  ],
  '(s · x) M = s · (x M)': [({ mul, product }, { s, x, m }) => product(mul(s, x), m, false)],
  'Σ_rows (r · x) yᵀ = Σ_rows x (r · y)ᵀ, where y is fewer numbers, or all rows share x': [
    ({ mul, rowDot }, { x, r, b }) => rowDot(mul(r, b), x),
    ({ mul, rowDot }, { x, r, b }) => rowDot(x, mul(r, b)),
    ({ entrywise, mul, rowDot }, { v, r }) => rowDot(mul(r, v), entrywise('Exp', [r])),
    ({ entrywise, mul, rowDot }, { v, r }) => rowDot(entrywise('Exp', [r]), mul(r, v))
  ],
  '(u B) M = u (B M), where u is fewer numbers than u B': [
    ({ product }, { u, b, m }) => product(product(u, b, false), m, false),
    ({ product }, { u, n, m }) => product(product(u, n, true), m, false),
    ({ product }, { u, b, a }) => product(product(u, b, false), a, true),
    ({ product }, { u, n, b }) => product(product(u, n, true), b, true)
  ],
  '(x + u B) M = x M + u (B M)': [
    ({ add, product }, { u, v, b, m }) => product(add(v, product(u, b, false)), m, false),
    ({ sub, mul, product }, { s, u, v, n, b }) => product(sub(mul(s, product(u, n, true)), v), b, true)
  ],
  'Σ_rows x (u B)ᵀ = (Σ_rows x uᵀ) B, where u is fewer numbers than u B': [
    ({ product, rowDot }, { u, v, b }) => rowDot(v, product(u, b, false)),
    ({ product, rowDot }, { u, v, n }) => rowDot(v, product(u, n, true)),
    ({ product, rowDot }, { u, v, b }) => rowDot(product(u, b, false), v),
    ({ product, rowDot }, { u, v, n }) => rowDot(product(u, n, true), v)
  ],
  '|s · x − s · m|² = s² · |x − m|²': [({ distances, mul }, { s, v, b }) => distances(mul(s, v), mul(s, b))],
  '|x + s · u B − m|² = |x − m|² + s · (s · |u B|² + 2 · ⟨u B, x⟩) − 2 · s · ⟨u B, m⟩, u an input': [
    ({ distances, add, mul, product }, { s, u, v, b }) => distances(add(v, mul(s, product(u, b, false))), b),
    ({ distances, add, product }, { u, v, b }) => distances(add(product(u, b, false), v), b),
    ({ distances, sub, mul, product }, { s, u, v, b, n }) => distances(sub(v, product(u, n, true)), mul(s, b))
  ],
  'Σ (u B)² = ⟨u, u (B Bᵀ)⟩': [
    ({ square, product, sum }, { u, b }) => sum(square(product(u, b, false)), [0]),
    ({ square, product, sum }, { u, n }) => sum(square(product(u, n, true)), [0])
  ],
  '⟨u B, x + s · v C⟩ = ⟨u, x Bᵀ⟩ + s · ⟨u B, v C⟩, v an input': [
    ({ mul, product, sum }, { u, v, b }) => sum(mul(product(u, b, false), v), [0]),
    ({ sub, mul, product, sum }, { s, u, v, b, n }) =>
      sum(mul(sub(v, mul(s, product(u, n, true))), product(u, b, false)), [0])
  ],
  'Σ_rows x (y + u B)ᵀ = Σ_rows x yᵀ + (Σ_rows x uᵀ) B, except for squares, which would cancel': [
    ({ add, product, rowDot }, { u, v, x, b, n }) => rowDot(product(x, n, false), add(v, product(u, b, false))),
    ({ entrywise, sub, product, rowDot }, { u, v, r, b }) => rowDot(sub(product(u, b, false), v), entrywise('Exp', [r]))
  ],
  'Σ a (x ± y) = Σ a x ± Σ a y, where x or y is the same in all versions, or once a call': [
    ({ entrywise, add, mul, sum }, { w, v }) => sum(mul(add(v, w), entrywise('Exp', [w])), [0]),
    ({ sub, mul, sum }, { w, v, p }) => sum(mul(w, sub(w, mul(p, v))), [0])
  ],
  'Σ (x ± y)² = Σ x² ± 2 Σ x y + Σ y², where x or y is the same in all versions, or once a call': [
    ({ add, square, sum }, { w, v }) => sum(square(add(v, w)), [0]),
    ({ sub, mul, square, sum }, { w, v, p }) => sum(square(sub(w, mul(p, v))), [0])
  ],
  '|s · x + w − s · m|² = s · (s · |x − m|² + 2 · (⟨w, x⟩ − ⟨w, m⟩)) + |w|², x and m the same in all versions, w once a call':
    [
      ({ distances, add, mul }, { w, v, p, b }) => distances(add(mul(p, v), w), mul(p, b)),
      ({ distances, sub }, { w, v, b }) => distances(sub(v, w), b),
      ({ distances, sub, neg }, { w, v, b }) => distances(sub(w, v), neg(b))
    ],
  'u m is u · m, where m is one line, all of it once a call, and a version’s own': [
    ({ product, reshaped }, { p, a }) => product(reshaped(p, [1, 1]), a, false),
    ({ product, reshaped }, { w, t }) => product(reshaped(t, [1, 1]), reshaped(w, [3, 1]), true)
  ],
  '(x ± y) M = x M ± y M, where x or y is the same in all versions, or once a call': [
    ({ add, product }, { w, v, n }) => product(add(v, w), n, false),
    ({ sub, mul, product }, { w, v, p, b }) => product(sub(w, mul(p, v)), b, true)
  ],
  'Σ_rows x (y ± z)ᵀ = Σ_rows x yᵀ ± Σ_rows x zᵀ, where y or z is the same in all versions, or once a call': [
    ({ add, rowDot }, { w, v, u }) => rowDot(u, add(v, w)),
    ({ entrywise, sub, mul, rowDot }, { w, v, u, p }) => rowDot(sub(w, mul(p, v)), entrywise('Exp', [u]))
  ],
  'Σ_rows (s · x) yᵀ = s · Σ_rows x yᵀ': [
    ({ mul, rowDot }, { s, v, r }) => rowDot(mul(s, v), r),
    ({ neg, rowDot }, { v, r }) => rowDot(r, neg(v))
  ]
}

/** What applies to graphs of several versions alone. */
const examplesOfVersions: Readonly<Record<string, ReadonlyArray<Make>>> = {
  'c · (b · x) = (c · b) · x, c and b once a call': [
    ({ mul }, { b, a, x }) => mul(a, mul(x, b)),
    ({ mul }, { b, a, x }) => mul(mul(b, x), a)
  ],
  '(c · x) · y = c · (x · y), c once a call': [
    ({ mul }, { a, x, y }) => mul(mul(a, x), y),
    ({ mul }, { a, x, y }) => mul(x, mul(a, y))
  ],
  'c · (a · x + b · y) = (c · a) · x + (c · b) · y, all of a, b and c once a call': [
    ({ add, mul }, { a, b, s, x, y }) => mul(s, add(mul(a, x), mul(b, y)))
  ],
  'a · x + b · x = (a + b) · x, a and b once a call': [({ add, mul }, { a, b, x }) => add(mul(a, x), mul(b, x))],
  'Σ x + Σ y = Σ (x + y), over the rows or the same axes': [
    ({ add, rowSum }, { x, y }) => add(rowSum(x), rowSum(y)),
    ({ add, sum }, { x, y }) => add(sum(x, [1]), sum(y, [1])),
    ({ add, reshaped }, { x, y }) => add(reshaped(x, [6]), reshaped(y, [6]))
  ],
  'c + (b + x) = (c + b) + x, c and b once a call': [
    ({ add }, { a, b, x }) => add(add(x, b), a),
    ({ add }, { a, b, x }) => add(a, add(b, x))
  ]
}

const ROWS = 5

const drawn: Numbers = Object.fromEntries(
  (Object.keys(inputs) as Name[]).map((name, i) => {
    const size = inputs[name].reduce<number>((n, length) => n * length, 1)
    return [name, Key.normal(size * (ofRows.has(name) ? ROWS : 1))(Key.fromSeed(i))]
  })
)

type Numbers = Readonly<Record<string, Float64Array>>

/** The node over inputs of a graph of its own, and what it comes to on numbers. */
const made = (
  make: Make,
  rewriting: Rewriting,
  values: Numbers = drawn
): {
  readonly text: string
  readonly value: ReadonlyArray<number>
  readonly node: GraphNode
  readonly on: (values: Numbers) => ReadonlyArray<number>
} => {
  const of = algebra(rewriting, varying)
  const at = Object.fromEntries(
    (Object.keys(inputs) as Name[]).map(name => [
      name,
      of.node({ kind: 'input', name }, [], inputs[name], ofRows.has(name) ? 'rows' : 'once')
    ])
  ) as Readonly<Record<Name, GraphNode>>
  const node = make(of, at)
  const on = (numbers: Numbers): ReadonlyArray<number> =>
    Array.from(evaluate(topologicalOrder([node]), numbers, ROWS).get(node)?.values ?? [])
  return { node, text: printGraph({ node }), value: on(values), on }
}

const source = readFileSync(new URL('../../../lib/compiler/rules.ts', import.meta.url), 'utf8')

/** The laws that stand above the rules of a table. */
const lawsOf = (table: string): ReadonlyArray<string> => {
  const start = source.indexOf(`export const ${table} =`)
  const text = source.slice(start, source.indexOf('\n\n', start))
  return Array.from(text.matchAll(/^ +\/\*\* (.+) \*\/$/gm), ([, law]) => law)
}

/** The tables that are lists, and how many rules they have. */
const lists = Object.entries(Rules).flatMap(([name, rules]) =>
  Array.isArray(rules) ? [[name, rules.length] as const] : []
)

const all = [
  ...Object.entries(examples).map(([law, of]) => [law, of, 'splitting'] as const),
  ...Object.entries(examplesOfVersions).map(([law, of]) => [law, of, 'versions'] as const)
]

describe('every rule of the tables', () => {
  once('has a law', () => {
    expect(lists.length).toBeGreaterThan(8)
    for (const [table, count] of lists) expect(lawsOf(table), table).toHaveLength(count)
    const [entrywise, versions] = [Rules.entrywiseRules, Rules.versionRules].map(
      rules => new Set(Object.values(rules).flat())
    )
    expect(lawsOf('entrywiseRules')).toHaveLength(entrywise.size)
    expect(lawsOf('versionRules')).toHaveLength([...versions].filter(rule => !entrywise.has(rule)).length)
  })

  once('has an example', () => {
    const laws = ['entrywiseRules', ...lists.map(([table]) => table)].flatMap(lawsOf)
    expect(Object.keys(examples).sort()).toEqual([...new Set(laws)].sort())
    expect(Object.keys(examplesOfVersions).sort()).toEqual([...lawsOf('versionRules')].sort())
  })

  once.each(all)('%s', (_, all, rewriting) => {
    for (const make of all) {
      const before = made(make, 'none')
      const after = made(make, rewriting)
      expect(after.text).not.toBe(before.text)
      expect(after.node.shape).toEqual(before.node.shape)
      expect(after.node.scope).toBe(
        before.node.scope === 'rows' && after.text === 'node = 1' ? 'once' : after.node.scope
      )
      // a handful of operations on numbers of the order of 1, each rounded
      after.value.forEach((x, i) => {
        const wanted = before.value[i % before.value.length]
        if (Number.isNaN(wanted)) expect(x).toBeNaN()
        else expect(Math.abs(x - wanted)).toBeLessThan(1e-13 * (1 + Math.abs(wanted)))
      })
    }
  })
})

/** Numbers with 0, ±∞ or NaN in the place of some: of an entry or of all of one input that is read, or of two. */
const hostile = (read: ReadonlyArray<string>): ReadonlyArray<Numbers> => {
  const versionsOf = (name: string): ReadonlyArray<Float64Array> => {
    const own = drawn[name]
    const last = own.length - 1
    return [
      ...[0, Infinity, NaN].map(x => own.map((y, at) => (at === 0 ? x : y))),
      ...[-Infinity, NaN].map(x => own.map((y, at) => (at === last ? x : y))),
      ...[0, Infinity].map(x => own.map(() => x))
    ]
  }
  return read.flatMap((one, i) => [
    ...versionsOf(one).map(own => ({ ...drawn, [one]: own })),
    // Of two at once an eighth, unless slow.
    ...spread(8)(
      read
        .slice(0, i)
        .flatMap(other =>
          versionsOf(one).flatMap(own => versionsOf(other).map(its => ({ ...drawn, [one]: own, [other]: its })))
        )
    )
  ])
}

describe('rules preserve finite and non-finite results', () => {
  it.each(all)('%s', (_, all, rewriting) => {
    for (const make of all) {
      const before = made(make, 'none')
      const after = made(make, rewriting)
      const read = topologicalOrder([before.node]).flatMap(({ does }) => (does.kind === 'input' ? [does.name] : []))
      let met = 0
      for (const numbers of hostile(read)) {
        const wanted = before.on(numbers)
        const found = after.on(numbers)
        wanted.forEach((x, i) => {
          const own = found[i % found.length]
          if (!Number.isFinite(x)) met++
          if (Number.isFinite(own) !== Number.isFinite(x))
            expect.fail(`${own}, not ${x}, of ${read.map(name => `${name} = ${numbers[name].join(' ')}`).join('; ')}`)
        })
      }
      const isTruth = before.node.does.kind === 'entrywise' && /Greater|Pow/.test(before.node.does.kernel)
      expect(met > 0 || isTruth).toBe(true)
    }
  })
})

once('squares of differences are not split: parts far from 0 would cancel', () => {
  const squares: Make = ({ sub, mul, product, rowDot }, { u, v, r, b }) => {
    const apart = sub(v, product(u, b, false))
    return rowDot(mul(r, apart), apart)
  }
  expect(made(squares, 'splitting').text).toBe(made(squares, 'plain').text)
})

describe('equal expressions are one node', () => {
  once('a function and its derivative share the exponential', () => {
    const { entrywise, mul, neg, node } = algebra()
    const x = node({ kind: 'input', name: 'x' }, [], [3], 'rows')
    const exponentials = (root: GraphNode): ReadonlyArray<GraphNode> =>
      topologicalOrder([root]).filter(({ does }) => does.kind === 'entrywise' && does.kernel === 'Exp')
    const both = mul(entrywise('Sigmoid', [x]), entrywise('Sigmoid', [neg(x)]))
    expect(exponentials(both)).toHaveLength(1)
  })

  once('operands of commutative operations are sorted', () => {
    const { add, sub, node } = algebra()
    const [x, y] = ['x', 'y'].map(name => node({ kind: 'input', name }, [], [3], 'rows'))
    expect(add(x, y)).toBe(add(y, x))
    expect(sub(x, y)).not.toBe(sub(y, x))
  })
})

describe('moved entries', () => {
  const { node, pick, reshaped, constant } = algebra()
  const x = node({ kind: 'input', name: 'x' }, [], [2, 3], 'rows')

  once('are traced to their origin', () => {
    const turned = pick([x], [0, 3, 1, 4, 2, 5], [3, 2])
    expect(pick([turned], [0, 2, 4, 1, 3, 5], [2, 3])).toBe(x)
    expect(pick([x], [0, 1, 2, 3, 4, 5], [6])).toBe(reshaped(x, [6]))
    const padded = pick([x, constant(7)], [6, 0, 1, 2, 3, 4, 5], [7])
    expect(pick([padded], [1, 2, 3, 4, 5, 6], [2, 3])).toBe(x)
  })
})
