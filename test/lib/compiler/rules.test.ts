import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { algebra, type Algebra, type Rewriting } from '../../../lib/compiler/algebra.js'
import { ordered, print, type Node } from '../../../lib/compiler/graph.js'
import {
  distanceRules,
  entrywiseRules,
  pickRules,
  productRules,
  reshapeRules,
  rowDotRules,
  rowSumRules,
  splittingDistanceRules,
  splittingProductRules,
  splittingRowDotRules,
  splittingSumRules,
  sumRules,
  versionRules
} from '../../../lib/compiler/rules.js'
import { Key } from '../../../lib/index.js'
import { evaluate } from './evaluate.js'
import { spread } from '../../cases.js'

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

type Make = (of: Algebra, at: Readonly<Record<Name, Node>>) => Node

/** What each rule is applied to, by its law. */
const examples: Readonly<Record<string, ReadonlyArray<Make>>> = {
  'x + 0 = x': [
    ({ entrywise, constant }, { x }) => entrywise('Add', [x, constant(0)]),
    ({ entrywise, constant }, { x }) => entrywise('Add', [constant(0), x])
  ],
  'x + (−y) = x − y': [
    ({ entrywise }, { x, y }) => entrywise('Add', [x, entrywise('Neg', [y])]),
    ({ entrywise }, { x, v }) => entrywise('Add', [entrywise('Neg', [v]), x])
  ],
  'c · x + c · y = c · (x + y), where c is fewer numbers': [
    ({ entrywise }, { r, x, y }) => entrywise('Add', [entrywise('Multiply', [r, x]), entrywise('Multiply', [y, r])]),
    ({ entrywise }, { s, x, y }) => entrywise('Add', [entrywise('Multiply', [s, x]), entrywise('Multiply', [s, y])])
  ],
  'c · x − c · y = c · (x − y), where c is fewer numbers': [
    ({ entrywise }, { r, x, y }) => entrywise('Sub', [entrywise('Multiply', [x, r]), entrywise('Multiply', [y, r])])
  ],
  'x − 0 = x': [({ entrywise, constant }, { x }) => entrywise('Sub', [x, constant(0)])],
  'x − (−y) = x + y': [({ entrywise }, { x, y }) => entrywise('Sub', [x, entrywise('Neg', [y])])],
  '1 · x = x': [({ entrywise, constant }, { x }) => entrywise('Multiply', [constant(1), x])],
  '(−1) · x = −x': [({ entrywise, constant }, { x }) => entrywise('Multiply', [constant(-1), x])],
  'x · x = x²': [({ entrywise }, { x }) => entrywise('Multiply', [x, x])],
  's · (t · x) = (s · t) · x': [
    ({ entrywise }, { s, t, x }) => entrywise('Multiply', [s, entrywise('Multiply', [t, x])])
  ],
  '(s · x) · y = s · (x · y)': [
    ({ entrywise }, { s, x, y }) => entrywise('Multiply', [entrywise('Multiply', [s, x]), y]),
    ({ entrywise }, { x, y }) => entrywise('Multiply', [x, entrywise('Neg', [y])])
  ],
  'x / y = (1/y) · x, where y is fewer numbers': [
    ({ entrywise }, { x, r }) => entrywise('RealDiv', [x, r]),
    ({ entrywise }, { x, s }) => entrywise('RealDiv', [x, s]),
    ({ entrywise }, { x, a }) => entrywise('RealDiv', [x, a])
  ],
  's / y = s · (1/y)': [({ entrywise }, { s, y }) => entrywise('RealDiv', [s, y])],
  '(s · x) / y = s · (x / y)': [
    ({ entrywise }, { s, x, y }) => entrywise('RealDiv', [entrywise('Multiply', [s, x]), y])
  ],
  'x / (s · y) = (1/s) · (x / y)': [
    ({ entrywise }, { s, x, y }) => entrywise('RealDiv', [x, entrywise('Multiply', [s, y])])
  ],
  '−(−x) = x': [({ entrywise }, { x }) => entrywise('Neg', [entrywise('Neg', [x])])],
  '−(x − y) = y − x': [({ entrywise }, { x, y }) => entrywise('Neg', [entrywise('Sub', [x, y])])],
  '−(s · x) = (−s) · x': [({ entrywise }, { s, x }) => entrywise('Neg', [entrywise('Multiply', [s, x])])],
  '(s · x)² = s² · x²': [
    ({ entrywise }, { s, x }) => entrywise('Square', [entrywise('Multiply', [s, x])]),
    ({ entrywise }, { x }) => entrywise('Square', [entrywise('Neg', [x])])
  ],
  '1/(s · x) = (1/s) · (1/x)': [({ entrywise }, { s, x }) => entrywise('Reciprocal', [entrywise('Multiply', [s, x])])],
  'x > y is y < x': [({ entrywise }, { x, v }) => entrywise('Greater', [x, v])],
  'x ≥ y is y ≤ x': [({ entrywise }, { x }) => entrywise('GreaterEqual', [x, x])],
  'x¹ = x, x² = x · x, x³ = x · x², x⁻¹ = 1/x, x⁰ = 1': [0, 1, 2, 3, -1].map(
    (power): Make =>
      ({ entrywise, constant }, { x }) =>
        entrywise('Pow', [x, constant(power)])
  ),
  '1/(1 + e^(−x)) = (x < 0 ? e : 1)/(1 + e), e = e^(−|x|), which σ(−x) shares': [
    ({ entrywise }, { x }) => entrywise('Sigmoid', [x]),
    ({ entrywise }, { x }) => entrywise('Sigmoid', [entrywise('Neg', [x])])
  ],
  'the angle of a point, by arctan of the share of its lesser coordinate': [
    ({ entrywise }, { x, y }) => entrywise('Atan2', [x, y]),
    ({ entrywise }, { x, s }) => entrywise('Atan2', [s, x])
  ],
  'Σⱼ a · xⱼ = a · Σⱼ xⱼ': [
    ({ entrywise, reduce }, { r, x }) => reduce('Sum', entrywise('Multiply', [r, x]), [1]),
    ({ entrywise, reduce }, { a, x }) => reduce('Sum', entrywise('Multiply', [x, a]), [0]),
    ({ entrywise, reduce }, { x }) => reduce('Sum', entrywise('Neg', [x]), [0, 1])
  ],
  'Σᵢ xᵢ Mᵢⱼ is a product, each of several alone, where M is the same in every row': [
    ({ entrywise, reduce, reshaped }, { x, c }) =>
      reduce('Sum', entrywise('Multiply', [reshaped(x, [2, 3, 1]), c]), [1]),
    ({ entrywise, reduce, reshaped }, { v, b }) =>
      reduce('Sum', entrywise('Multiply', [reshaped(v, [1, 3]), entrywise('Exp', [b])]), [1]),
    ({ entrywise, reduce, reshaped }, { v, m }) => reduce('Sum', entrywise('Multiply', [m, reshaped(v, [3, 1])]), [0])
  ],
  'Σ_rows aᵢ bⱼ is a product over the rows, each of several alone': [
    ({ entrywise, rowSum, reshaped }, { x, y }) =>
      rowSum(entrywise('Multiply', [reshaped(y, [2, 1, 3]), reshaped(x, [2, 3, 1])])),
    ({ entrywise, rowSum, reshaped }, { u, v }) =>
      rowSum(entrywise('Multiply', [reshaped(u, [2, 1]), reshaped(v, [1, 3])]))
  ],
  'Σ_rows a · x = a · Σ_rows x, a the same in every row': [
    ({ entrywise, rowSum }, { a, x }) => rowSum(entrywise('Multiply', [x, a])),
    ({ entrywise, rowSum }, { x }) => rowSum(entrywise('Neg', [x]))
  ],
  's · x under another shape is s · (x under it)': [
    ({ entrywise, reshaped }, { s, x }) => reshaped(entrywise('Multiply', [s, x]), [6])
  ],
  'entries of s · x are s · (entries of x)': [
    ({ entrywise, pick }, { s, x }) => pick([entrywise('Multiply', [s, x])], [5, 0, 1], [3])
  ],
  'columns of x M are x (columns of M)': [
    ({ pick, product }, { x, m }) => pick([product(x, m, false)], [3, 1, 7, 5], [2, 2]),
    ({ pick, product }, { u, n }) => pick([product(u, n, true)], [2, 0], [1, 2])
  ],
  '⟨v, x M⟩ = ⟨x, v Mᵀ⟩, where v is the same in every row': [
    ({ entrywise, product, reduce }, { x, n, b }) =>
      reduce('Sum', entrywise('Multiply', [product(product(x, n, false), b, false), b]), [1]),
    ({ entrywise, product, reduce }, { x, n, a }) =>
      reduce('Sum', entrywise('Multiply', [a, product(entrywise('Exp', [product(x, n, false)]), n, true)]), [1])
  ],
  'Σ v (x M + c) = Σ v (x M) + Σ v c, where v and c are the same in every row': [
    ({ entrywise, product, reduce }, { x, n, b, a }) =>
      reduce('Sum', entrywise('Multiply', [b, entrywise('Add', [product(product(x, n, false), b, false), a])]), [0]),
    ({ entrywise, product, reduce }, { s, x, n, b }) =>
      reduce(
        'Sum',
        entrywise('Multiply', [
          entrywise('Add', [
            b,
            entrywise('Multiply', [s, product(entrywise('Exp', [product(x, n, false)]), b, false)])
          ]),
          b
        ]),
        [1]
      )
  ],
  '(r · x) M = r · (x M), where M has fewer columns than rows, or all rows share x': [
    ({ entrywise, product }, { r, v, n }) => product(entrywise('Multiply', [r, v]), n, false),
    ({ entrywise, product }, { r, b, m }) => product(entrywise('Multiply', [r, b]), m, false)
  ],
  '(s · x) M = s · (x M)': [({ entrywise, product }, { s, x, m }) => product(entrywise('Multiply', [s, x]), m, false)],
  'Σ_rows (r · x) yᵀ = Σ_rows x (r · y)ᵀ, where y is fewer numbers, or all rows share x': [
    ({ entrywise, rowDot }, { x, r, b }) => rowDot(entrywise('Multiply', [r, b]), x),
    ({ entrywise, rowDot }, { x, r, b }) => rowDot(x, entrywise('Multiply', [r, b])),
    ({ entrywise, rowDot }, { v, r }) => rowDot(entrywise('Multiply', [r, v]), entrywise('Exp', [r])),
    ({ entrywise, rowDot }, { v, r }) => rowDot(entrywise('Exp', [r]), entrywise('Multiply', [r, v]))
  ],
  '(u B) M = u (B M), where u is fewer numbers than u B': [
    ({ product }, { u, b, m }) => product(product(u, b, false), m, false),
    ({ product }, { u, n, m }) => product(product(u, n, true), m, false),
    ({ product }, { u, b, a }) => product(product(u, b, false), a, true),
    ({ product }, { u, n, b }) => product(product(u, n, true), b, true)
  ],
  '(x + u B) M = x M + u (B M)': [
    ({ entrywise, product }, { u, v, b, m }) => product(entrywise('Add', [v, product(u, b, false)]), m, false),
    ({ entrywise, product }, { s, u, v, n, b }) =>
      product(entrywise('Sub', [entrywise('Multiply', [s, product(u, n, true)]), v]), b, true)
  ],
  'Σ_rows x (u B)ᵀ = (Σ_rows x uᵀ) B, where u is fewer numbers than u B': [
    ({ product, rowDot }, { u, v, b }) => rowDot(v, product(u, b, false)),
    ({ product, rowDot }, { u, v, n }) => rowDot(v, product(u, n, true)),
    ({ product, rowDot }, { u, v, b }) => rowDot(product(u, b, false), v),
    ({ product, rowDot }, { u, v, n }) => rowDot(product(u, n, true), v)
  ],
  '|s · x − s · m|² = s² · |x − m|²': [
    ({ distances, entrywise }, { s, v, b }) => distances(entrywise('Multiply', [s, v]), entrywise('Multiply', [s, b]))
  ],
  '|x + s · u B − m|² = |x − m|² + s · (s · |u B|² + 2 · ⟨u B, x⟩) − 2 · s · ⟨u B, m⟩, u an input': [
    ({ distances, entrywise, product }, { s, u, v, b }) =>
      distances(entrywise('Add', [v, entrywise('Multiply', [s, product(u, b, false)])]), b),
    ({ distances, entrywise, product }, { u, v, b }) => distances(entrywise('Add', [product(u, b, false), v]), b),
    ({ distances, entrywise, product }, { s, u, v, b, n }) =>
      distances(entrywise('Sub', [v, product(u, n, true)]), entrywise('Multiply', [s, b]))
  ],
  'Σ (u B)² = ⟨u, u (B Bᵀ)⟩': [
    ({ entrywise, product, reduce }, { u, b }) => reduce('Sum', entrywise('Square', [product(u, b, false)]), [0]),
    ({ entrywise, product, reduce }, { u, n }) => reduce('Sum', entrywise('Square', [product(u, n, true)]), [0])
  ],
  '⟨u B, x + s · v C⟩ = ⟨u, x Bᵀ⟩ + s · ⟨u B, v C⟩, v an input': [
    ({ entrywise, product, reduce }, { u, v, b }) =>
      reduce('Sum', entrywise('Multiply', [product(u, b, false), v]), [0]),
    ({ entrywise, product, reduce }, { s, u, v, b, n }) =>
      reduce(
        'Sum',
        entrywise('Multiply', [
          entrywise('Sub', [v, entrywise('Multiply', [s, product(u, n, true)])]),
          product(u, b, false)
        ]),
        [0]
      )
  ],
  'Σ_rows x (y + u B)ᵀ = Σ_rows x yᵀ + (Σ_rows x uᵀ) B, except for squares, which would cancel': [
    ({ entrywise, product, rowDot }, { u, v, x, b, n }) =>
      rowDot(product(x, n, false), entrywise('Add', [v, product(u, b, false)])),
    ({ entrywise, product, rowDot }, { u, v, r, b }) =>
      rowDot(entrywise('Sub', [product(u, b, false), v]), entrywise('Exp', [r]))
  ],
  'Σ a (x ± y) = Σ a x ± Σ a y, where x or y is the same in all versions, or once a call': [
    ({ entrywise, reduce }, { w, v }) =>
      reduce('Sum', entrywise('Multiply', [entrywise('Add', [v, w]), entrywise('Exp', [w])]), [0]),
    ({ entrywise, reduce }, { w, v, p }) =>
      reduce('Sum', entrywise('Multiply', [w, entrywise('Sub', [w, entrywise('Multiply', [p, v])])]), [0])
  ],
  'Σ (x ± y)² = Σ x² ± 2 Σ x y + Σ y², where x or y is the same in all versions, or once a call': [
    ({ entrywise, reduce }, { w, v }) => reduce('Sum', entrywise('Square', [entrywise('Add', [v, w])]), [0]),
    ({ entrywise, reduce }, { w, v, p }) =>
      reduce('Sum', entrywise('Square', [entrywise('Sub', [w, entrywise('Multiply', [p, v])])]), [0])
  ],
  '|s · x + w − s · m|² = s · (s · |x − m|² + 2 · (⟨w, x⟩ − ⟨w, m⟩)) + |w|², x and m the same in all versions, w once a call':
    [
      ({ distances, entrywise }, { w, v, p, b }) =>
        distances(entrywise('Add', [entrywise('Multiply', [p, v]), w]), entrywise('Multiply', [p, b])),
      ({ distances, entrywise }, { w, v, b }) => distances(entrywise('Sub', [v, w]), b),
      ({ distances, entrywise }, { w, v, b }) => distances(entrywise('Sub', [w, v]), entrywise('Neg', [b]))
    ],
  'u m is u · m, where m is one line, all of it once a call, and a version’s own': [
    ({ product, reshaped }, { p, a }) => product(reshaped(p, [1, 1]), a, false),
    ({ product, reshaped }, { w, t }) => product(reshaped(t, [1, 1]), reshaped(w, [3, 1]), true)
  ],
  '(x ± y) M = x M ± y M, where x or y is the same in all versions, or once a call': [
    ({ entrywise, product }, { w, v, n }) => product(entrywise('Add', [v, w]), n, false),
    ({ entrywise, product }, { w, v, p, b }) => product(entrywise('Sub', [w, entrywise('Multiply', [p, v])]), b, true)
  ],
  'Σ_rows x (y ± z)ᵀ = Σ_rows x yᵀ ± Σ_rows x zᵀ, where y or z is the same in all versions, or once a call': [
    ({ entrywise, rowDot }, { w, v, u }) => rowDot(u, entrywise('Add', [v, w])),
    ({ entrywise, rowDot }, { w, v, u, p }) =>
      rowDot(entrywise('Sub', [w, entrywise('Multiply', [p, v])]), entrywise('Exp', [u]))
  ],
  'Σ_rows (s · x) yᵀ = s · Σ_rows x yᵀ': [
    ({ entrywise, rowDot }, { s, v, r }) => rowDot(entrywise('Multiply', [s, v]), r),
    ({ entrywise, rowDot }, { v, r }) => rowDot(r, entrywise('Neg', [v]))
  ]
}

/** What applies to graphs of several versions alone. */
const examplesOfVersions: Readonly<Record<string, ReadonlyArray<Make>>> = {
  'c · (b · x) = (c · b) · x, c and b once a call': [
    ({ entrywise }, { b, a, x }) => entrywise('Multiply', [a, entrywise('Multiply', [x, b])]),
    ({ entrywise }, { b, a, x }) => entrywise('Multiply', [entrywise('Multiply', [b, x]), a])
  ],
  '(c · x) · y = c · (x · y), c once a call': [
    ({ entrywise }, { a, x, y }) => entrywise('Multiply', [entrywise('Multiply', [a, x]), y]),
    ({ entrywise }, { a, x, y }) => entrywise('Multiply', [x, entrywise('Multiply', [a, y])])
  ],
  'c · (a · x + b · y) = (c · a) · x + (c · b) · y, all of a, b and c once a call': [
    ({ entrywise }, { a, b, s, x, y }) =>
      entrywise('Multiply', [s, entrywise('Add', [entrywise('Multiply', [a, x]), entrywise('Multiply', [b, y])])])
  ],
  'a · x + b · x = (a + b) · x, a and b once a call': [
    ({ entrywise }, { a, b, x }) => entrywise('Add', [entrywise('Multiply', [a, x]), entrywise('Multiply', [b, x])])
  ],
  'Σ x + Σ y = Σ (x + y), over the rows or the same axes': [
    ({ entrywise, rowSum }, { x, y }) => entrywise('Add', [rowSum(x), rowSum(y)]),
    ({ entrywise, reduce }, { x, y }) => entrywise('Add', [reduce('Sum', x, [1]), reduce('Sum', y, [1])]),
    ({ entrywise, reshaped }, { x, y }) => entrywise('Add', [reshaped(x, [6]), reshaped(y, [6])])
  ],
  'c + (b + x) = (c + b) + x, c and b once a call': [
    ({ entrywise }, { a, b, x }) => entrywise('Add', [entrywise('Add', [x, b]), a]),
    ({ entrywise }, { a, b, x }) => entrywise('Add', [a, entrywise('Add', [b, x])])
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
  readonly node: Node
  readonly on: (values: Numbers) => ReadonlyArray<number>
} => {
  const of = algebra(rewriting, varying)
  const at = Object.fromEntries(
    (Object.keys(inputs) as Name[]).map(name => [
      name,
      of.node({ kind: 'input', name }, [], inputs[name], ofRows.has(name) ? 'rows' : 'once')
    ])
  ) as Readonly<Record<Name, Node>>
  const node = make(of, at)
  const on = (numbers: Numbers): ReadonlyArray<number> =>
    Array.from(evaluate(ordered([node]), numbers, ROWS).get(node)?.values ?? [])
  return { node, text: print({ node }), value: on(values), on }
}

const source = readFileSync(new URL('../../../lib/compiler/rules.ts', import.meta.url), 'utf8')

/** The laws that stand above the rules of a table. */
const lawsOf = (table: string): ReadonlyArray<string> => {
  const start = source.indexOf(`export const ${table} =`)
  const text = source.slice(start, source.indexOf('\n\n', start))
  return Array.from(text.matchAll(/^ +\/\*\* (.+) \*\/$/gm), ([, law]) => law)
}

const lists = {
  reshapeRules,
  pickRules,
  sumRules,
  splittingSumRules,
  rowSumRules,
  productRules,
  splittingProductRules,
  distanceRules,
  splittingDistanceRules,
  rowDotRules,
  splittingRowDotRules
}

describe('every rule of the tables', () => {
  it('has a law', () => {
    for (const [table, rules] of Object.entries(lists)) expect(lawsOf(table)).toHaveLength(rules.length)
    const [entrywise, versions] = [entrywiseRules, versionRules].map(rules => new Set(Object.values(rules).flat()))
    expect(lawsOf('entrywiseRules')).toHaveLength(entrywise.size)
    expect(lawsOf('versionRules')).toHaveLength([...versions].filter(rule => !entrywise.has(rule)).length)
  })

  it('has an example', () => {
    const laws = ['entrywiseRules', ...Object.keys(lists)].flatMap(lawsOf)
    expect(Object.keys(examples).sort()).toEqual([...new Set(laws)].sort())
    expect(Object.keys(examplesOfVersions).sort()).toEqual([...lawsOf('versionRules')].sort())
  })

  const all = [
    ...Object.entries(examples).map(([law, of]) => [law, of, 'splitting'] as const),
    ...Object.entries(examplesOfVersions).map(([law, of]) => [law, of, 'versions'] as const)
  ]
  it.each(all)('%s', (_, all, rewriting) => {
    for (const make of all) {
      const before = made(make, 'none')
      const after = made(make, rewriting)
      expect(after.text).not.toBe(before.text)
      expect(after.node.shape).toEqual(before.node.shape)
      expect(after.node.place).toBe(
        before.node.place === 'rows' && after.text === 'node = 1' ? 'once' : after.node.place
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

describe('what is not finite stays so, and what is finite too, by the rule', () => {
  it.each([
    ...Object.entries(examples).map(([law, of]) => [law, of, 'splitting'] as const),
    ...Object.entries(examplesOfVersions).map(([law, of]) => [law, of, 'versions'] as const)
  ])('%s', (_, all, rewriting) => {
    for (const make of all) {
      const before = made(make, 'none')
      const after = made(make, rewriting)
      const read = ordered([before.node]).flatMap(({ does }) => (does.kind === 'input' ? [does.name] : []))
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

it('squares of differences are not split: parts far from 0 would cancel', () => {
  const squares: Make = ({ entrywise, product, rowDot }, { u, v, r, b }) => {
    const apart = entrywise('Sub', [v, product(u, b, false)])
    return rowDot(entrywise('Multiply', [r, apart]), apart)
  }
  expect(made(squares, 'splitting').text).toBe(made(squares, 'plain').text)
})

describe('equal things are one', () => {
  it('a function and its derivative share the exponential', () => {
    const { entrywise, node } = algebra()
    const x = node({ kind: 'input', name: 'x' }, [], [3], 'rows')
    const exponentials = (root: Node): ReadonlyArray<Node> =>
      ordered([root]).filter(({ does }) => does.kind === 'entrywise' && does.kernel === 'Exp')
    const both = entrywise('Multiply', [entrywise('Sigmoid', [x]), entrywise('Sigmoid', [entrywise('Neg', [x])])])
    expect(exponentials(both)).toHaveLength(1)
  })

  it('operands that commute are in one order', () => {
    const { entrywise, node } = algebra()
    const [x, y] = ['x', 'y'].map(name => node({ kind: 'input', name }, [], [3], 'rows'))
    expect(entrywise('Add', [x, y])).toBe(entrywise('Add', [y, x]))
    expect(entrywise('Sub', [x, y])).not.toBe(entrywise('Sub', [y, x]))
  })
})

describe('entries that move', () => {
  const { node, pick, reshaped, constant } = algebra()
  const x = node({ kind: 'input', name: 'x' }, [], [2, 3], 'rows')

  it('are traced to where they come from', () => {
    const turned = pick([x], [0, 3, 1, 4, 2, 5], [3, 2])
    expect(pick([turned], [0, 2, 4, 1, 3, 5], [2, 3])).toBe(x)
    expect(pick([x], [0, 1, 2, 3, 4, 5], [6])).toBe(reshaped(x, [6]))
    const padded = pick([x, constant(7)], [6, 0, 1, 2, 3, 4, 5], [7])
    expect(pick([padded], [1, 2, 3, 4, 5, 6], [2, 3])).toBe(x)
  })
})
