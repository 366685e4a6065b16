/** The pictures of the README and of the vocabulary are those of the code: drawn again, and compared with the files. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as ornstein from '../../src/index.js'

const docs = new URL('../../docs/', import.meta.url)

interface Pictures {
  readonly pictures: (namespaces: object) => Readonly<Record<string, unknown>>
}

/** Text and numbers, in turn. */
const split = (svg: string): { readonly text: ReadonlyArray<string>; readonly numbers: ReadonlyArray<number> } => {
  const number = /-?\d+(?:\.\d+)?(?:e-?\d+)?/g
  return { text: svg.split(number), numbers: (svg.match(number) ?? []).map(Number) }
}

// A script of its own, that has no types.
const { pictures } = (await import(new URL('pictures.js', docs).href)) as Pictures
const drawn = pictures(ornstein)

it.each(['faithful', 'schedules', 'rosenbrock'])(
  'docs/images/%s.svg is what the code draws: npm run pictures',
  name => {
    const [found, wanted] = [String(drawn[name]), readFileSync(new URL(`images/${name}.svg`, docs), 'utf8')].map(split)
    expect(found.text).toEqual(wanted.text)
    // Places are written to a tenth of a pixel, which rounding may decide either way on another engine.
    const off = found.numbers.map((value, i) => Math.abs(value - wanted.numbers[i]))
    expect(Math.max(...off)).toBeLessThan(0.15)
  }
)
