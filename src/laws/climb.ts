/**
 * A search for the case that comes nearest to the edge of a tolerance. What fast-check draws is written down, and drawn again with some of it
 * changed: so every case is one that its arbitrary has.
 */
import * as fc from 'fast-check'
import { Key } from '../../lib/index.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { recorder } from '../../lib/plain/recorder.js'

/** Draws are whole numbers of 32 bits. */
const WHOLE = Elementary.powerOfTwo(32)
const wrapped = (x: number): number => x - WHOLE * Math.floor(x / WHOLE + 1 / 2)

/** Draws that are given, and others of the key after them. */
const drawing = (
  given: ReadonlyArray<number>,
  key: Key.Key
): { readonly random: fc.Random; readonly drawn: () => ReadonlyArray<number> } => {
  const drawn = recorder<number>()
  const drawAt = (at: number): number =>
    at < given.length ? given[at] : wrapped(Math.floor(WHOLE * Key.uniform(1)(Key.child(at)(key))[0]))
  const next = (): number => {
    const draw = drawAt(drawn.count())
    drawn.add(draw)
    return draw
  }
  type Generator = Extract<ConstructorParameters<typeof fc.Random>[0], { unsafeNext: () => number }>
  const generator: Generator = {
    clone: () => generator,
    next: () => [next(), generator],
    unsafeNext: next,
    getState: () => []
  }
  return { random: new fc.Random(generator), drawn: drawn.all }
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

/** With the draws that it came from, in a run of so many. */
interface Found<A> extends Climbed<A> {
  readonly run: number
  readonly draws: ReadonlyArray<number>
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
  const one = (best: Found<A> | null, i: number): Found<A> | null => {
    if (best !== null && best.near > 1) return best
    const keys = Key.split(2)(Key.child(i)(key))
    const from = i < begun ? null : best
    const run = from?.run ?? i % enough
    const { random, drawn } = drawing(from === null ? [] : changed(from.draws, keys[0]), keys[1])
    const { value } = property.generate(random, run)
    const near = nearness(value)
    return best === null || near >= best.near ? { value, near, run, draws: drawn() } : best
  }
  return Array.from({ length: steps }, (_, i) => i).reduce(one, null)
}
