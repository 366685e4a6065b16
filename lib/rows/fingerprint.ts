import { visitStretches, type RowNumbers } from './stretches.js'

const rotateLeft = (x: number, by: number): number => (x << by) | (x >>> (32 - by))

const mixBits = (x: number): number => {
  const once = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}

/**
 * 64-bit hash of arrays of numbers, in hexadecimal: two multiply-and-rotate sums of their bits, with the rounds and the finalizer of
 * MurmurHash3. 0 and −0 have equal hashes.
 */
export const hashNumbers = (arrays: ReadonlyArray<RowNumbers>): string => {
  let a = 0x9e3779b9
  let b = 0x7f4a7c15
  const add = (word: number): void => {
    a =
      Math.imul(rotateLeft(a ^ Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593), 13), 5) + 0xe6546b64
    b = Math.imul(rotateLeft(b + Math.imul(word, 0x85ebca77), 13), 0x9e3779b1)
  }
  const addAll = (values: Float64Array): void => {
    const words = new Uint32Array(values.map(x => x + 0).buffer)
    for (let i = 0; i < words.length; i++) add(words[i])
  }
  for (const numbers of arrays) {
    add(numbers instanceof Float64Array ? numbers.length : numbers.rows * numbers.dim)
    if (numbers instanceof Float64Array) addAll(numbers)
    else visitStretches(numbers, addAll)
  }
  return [a, b].map(x => (mixBits(x) >>> 0).toString(16).padStart(8, '0')).join('')
}
