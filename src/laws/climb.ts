/**
 * A search for the case that comes nearest to the edge of a tolerance. What fast-check draws is written down, and drawn again with some of it
 * changed: so every case is one that its arbitrary has.
 */
import * as fc from 'fast-check'
import { Key } from '../../lib/index.js'
import * as Elementary from '../../lib/numbers/elementary.js'

/** Draws are whole numbers of 32 bits. */
const WHOLE = Elementary.powerOfTwo(32)
const wrapped = (x: number): number => x - WHOLE * Math.floor(x / WHOLE + 1 / 2)

/** Draws that are given, and others of the key after them. */
const drawing = (given: ReadonlyArray<number>, key: Key.Key) => {
  const drawn: number[] = []
  const next = (): number => {
    const at = drawn.length
    const draw = at < given.length ? given[at] : wrapped(Math.floor(WHOLE * Key.uniform(1)(Key.child(at)(key))[0]))
    drawn.push(draw)
    return draw
  }
  type Generator = Extract<ConstructorParameters<typeof fc.Random>[0], { unsafeNext: () => number }>
  const generator: Generator = {
    clone: () => generator,
    next: () => [next(), generator],
    unsafeNext: next,
    getState: () => []
  }
  return { random: new fc.Random(generator), drawn }
}

/** A draw or two otherwise: by ± a power of two, of any size. */
const changed = (draws: ReadonlyArray<number>, key: Key.Key): ReadonlyArray<number> => {
  const us = Key.uniform(6)(key)
  const by = (u: number, sign: number): number => (sign < 1 / 2 ? -1 : 1) * Elementary.powerOfTwo(Math.floor(32 * u))
  const places = [us[0], us[0] < 1 / 2 ? us[1] : us[0]].map(u => Math.floor(draws.length * u))
  return draws.map((draw, at) =>
    at === places[0] ? wrapped(draw + by(us[2], us[3])) : at === places[1] ? wrapped(draw + by(us[4], us[5])) : draw
  )
}

/** What came of a search. */
export interface Climbed<A> {
  readonly value: A
  /** How near it came, as `nearness` has it. */
  readonly near: number
}

/**
 * The nearest of `steps` cases: a quarter of them are drawn as they come, the others each by changing the nearest so far. It ends with the
 * first that is beyond 1.
 */
export const climb = <A>(
  property: fc.IProperty<A>,
  nearness: (value: A) => number,
  { steps, enough, seed }: { readonly steps: number; readonly enough: number; readonly seed: number }
): Climbed<A> | null => {
  const key = Key.fromSeed(seed)
  const begun = Math.max(1, Math.floor(steps / 4))
  let best: (Climbed<A> & { readonly run: number; readonly draws: ReadonlyArray<number> }) | null = null
  for (let i = 0; i < steps && !(best !== null && best.near > 1); i++) {
    const keys = Key.split(2)(Key.child(i)(key))
    const isNew = best === null || i < begun
    const run: number = isNew || best === null ? i % enough : best.run
    const { random, drawn } = drawing(isNew || best === null ? [] : changed(best.draws, keys[0]), keys[1])
    const { value } = property.generate(random, run)
    const near = nearness(value)
    if (best === null || near >= best.near) best = { value, near, run, draws: drawn }
  }
  return best
}
