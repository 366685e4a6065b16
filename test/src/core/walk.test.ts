/** Trees of any depth: each node once, in order, and no call stack. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { collect, foldUp, splitResults } from '../../../src/core/walk.js'

interface Tree {
  readonly label: number
  readonly children: ReadonlyArray<Tree>
}

const { tree } = fc.letrec<{ readonly tree: Tree }>(tie => ({
  tree: fc.record({
    label: fc.nat(),
    children: fc.oneof({ maxDepth: 4 }, fc.constant([]), fc.array(tie('tree'), { maxLength: 3 }))
  })
}))

const chain = (depth: number): Tree =>
  Array.from({ length: depth }).reduce<Tree>((inner, _, i) => ({ label: i, children: [inner] }), {
    label: -1,
    children: []
  })

/** By the call stack, as one would write it. */
const bracketed = ({ label, children }: Tree): string => `${label}(${children.map(bracketed).join(' ')})`
const inOrder = ({ label, children }: Tree): ReadonlyArray<number> => [label, ...children.flatMap(inOrder)]

it('folds as recursion does', () => {
  fc.assert(
    fc.property(tree, root => {
      const text = foldUp<Tree, string>(
        root,
        ({ children }) => children,
        ({ label }, results) => `${label}(${results.join(' ')})`
      )
      expect(text).toBe(bracketed(root))
    })
  )
})

it('collects as recursion does, the root first', () => {
  fc.assert(
    fc.property(tree, root => {
      const labels = collect(
        root,
        ({ children }) => children,
        ({ label }) => [label]
      )
      expect(labels).toEqual(inOrder(root))
    })
  )
})

it('goes as deep as there is something', () => {
  const deep = chain(200_000)
  const depth = foldUp<Tree, number>(
    deep,
    ({ children }) => children,
    (_, [below = 0]) => below + 1
  )
  expect(depth).toBe(200_001)
  expect(
    collect(
      deep,
      ({ children }) => children,
      () => [1]
    )
  ).toHaveLength(200_001)
})

it('refuses a circle, which has no end', () => {
  const circle = { label: 0, children: [] as Array<Tree> }
  circle.children.push(circle, circle)
  const children = ({ children }: Tree): ReadonlyArray<Tree> => children
  const refusal = /a circle is not a tree; leave out the reference to itself/
  expect(() => foldUp<Tree, number>(circle, children, () => 0)).toThrow(refusal)
  expect(() => collect(circle, children, () => [])).toThrow(refusal)
})

it('shares what it is given by counts', () => {
  expect(splitResults([2, 0, 1], ['a', 'b', 'c'])).toEqual([['a', 'b'], [], ['c']])
  expect(splitResults([], [])).toEqual([])
})
