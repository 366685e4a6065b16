/** Pictures: they are well formed, numbers stand where the axes say, labels do not touch, and notebooks are answered by their protocol. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fit, Key, Mixture } from '../../../src/index.js'
import * as Picture from '../../../src/report/picture.js'
import { display } from '../../../src/report/drawing.js'
import * as Marks from '../../../src/report/mark.js'
import { placeIn, scalesOf, spreadLabels, type Panel } from '../../../src/report/panel.js'
import * as Scale from '../../../src/report/scale.js'
import { textWidth } from '../../../src/report/svg.js'

const two = Mixture.of({
  means: [
    [0, 0],
    [6, 2]
  ]
})
const rows = Mixture.sample(300)(Key.fromSeed(1))(two)

interface Text {
  readonly x: number
  readonly y: number
  readonly width: number
}

/** The upright texts of a picture. */
const texts = (svg: string): ReadonlyArray<Text> =>
  [...svg.matchAll(/<text x="([-\d.]+)" y="([-\d.]+)"([^>]*)>([^<]*)</g)]
    .filter(([, , , attributes]) => !attributes.includes('transform') && !attributes.includes('class="mark"'))
    .map(([, x, y, attributes, words]) => {
      const width = textWidth(words)
      const left = attributes.includes('"middle"') ? width / 2 : attributes.includes('"end"') ? width : 0
      return { x: Number(x) - left, y: Number(y), width }
    })

const overlaps = (all: ReadonlyArray<Text>): ReadonlyArray<readonly [Text, Text]> =>
  all.flatMap((a, i) =>
    all
      .slice(i + 1)
      .filter(b => Math.abs(a.y - b.y) < 10 && a.x < b.x + b.width - 1 && b.x < a.x + a.width - 1)
      .map(b => [a, b] as const)
  )

describe('scales', () => {
  it.each([
    ['linear', Scale.linear([-3, 7])],
    ['log', Scale.log([1e-6, 20])],
    ['sqrt', Scale.sqrt([0, 50])],
    ['squeezed', Scale.squeezed([-0.3, 1e5])],
    ['bands', Scale.bands(['a', 'b', 'c'])],
    ['reversed', Scale.reversed(Scale.linear([2, 3]))]
  ] as const)('%s: a number is found again where it stands', (_, scale) => {
    for (const unit of [0, 0.01, 0.3, 0.77, 1]) expect(scale.unit(scale.value(unit))).toBeCloseTo(unit, 9)
    const [from, to] = scale.domain
    const ends = [scale.unit(from), scale.unit(to)].sort((a, b) => a - b)
    expect(ends[0]).toBeCloseTo(0, 12)
    expect(ends[1]).toBeCloseTo(1, 12)
    expect(new Set(scale.ticks.map(({ label }) => label)).size).toBe(scale.ticks.length)
  })

  it('has powers of ten, and what is between them where they are few', () => {
    expect(Scale.log([1e-6, 1]).ticks.map(({ label }) => label)).toEqual(['10⁻⁶', '10⁻⁴', '0.01', '1'])
    expect(Scale.log([1, 90]).ticks.map(({ label }) => label)).toEqual(['1', '3', '10', '30'])
    expect(Scale.log([2, 6]).ticks.length).toBeGreaterThan(2)
  })

  it('has ticks that differ, of numbers that hardly do', () => {
    const { ticks } = Scale.linear([15.17590004, 15.17590009])
    expect(ticks.length).toBeGreaterThan(2)
    expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length)
  })
})

describe('marks', () => {
  const box = { left: 10, top: 20, width: 100, height: 50 }
  const panel = (marks: Panel['marks']): Panel => ({ x: { domain: [0, 10] }, y: { domain: [0, 5] }, marks })
  const place = placeIn(scalesOf(panel([])), box)
  const numbers = (path: string): ReadonlyArray<number> => (path.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number)

  it('stand where their numbers are', () => {
    expect(place.at(0, 0)).toEqual([10, 70])
    expect(place.at(10, 5)).toEqual([110, 20])
    expect(Marks.line([[5, 2.5]]).draw(place, 0)).toBe('')
    expect(
      Marks.line([
        [0, 0],
        [5, 2.5]
      ]).draw(place, 0)
    ).toContain('d="M10,70L60,45"')
  })

  it('end where the panel ends', () => {
    // From (−5, 2.5) to (15, 2.5) and beyond, and back in: cut at both sides.
    const drawn = Marks.line([
      [-5, 2.5],
      [15, 2.5],
      [15, 9],
      [5, 4]
    ]).draw(place, 0)
    expect(/ d="([^"]*)"/.exec(drawn)?.[1]).toMatch(/^M10,45L110,45M\d[^M]*L60,30$/)
    expect(Marks.path(box, [[0, 0], [NaN, 3], [40, 40], [50, 50]])).toBe('M40,40L50,50') // prettier-ignore
  })

  it('of rows beyond the axes are arrows at the edge', () => {
    const drawn = Marks.dots([
      [5, 2],
      [40, 2],
      [5, -9]
    ]).draw(place, 0)
    expect([...drawn.matchAll(/class="line far" d="([^"]*)"/g)].length).toBe(1)
    const [, arrows = ''] = /class="line far" d="([^"]*)"/.exec(drawn) ?? []
    // Each is three places; the point of the first is next to the right edge, at its own height.
    expect(numbers(arrows).slice(2, 4)).toEqual([107, 50])
    expect(numbers(arrows).slice(8, 10)).toEqual([60, 67])
  })

  it('of components that lie on one another have numbers apart', () => {
    const drawn = Marks.numbered([
      [5, 2.5],
      [5, 2.5],
      [5.2, 2.4]
    ]).draw(place, 0)
    const rings = [...drawn.matchAll(/<circle cx="([-\d.]+)" cy="([-\d.]+)"/g)].map(([, x, y]) => [
      Number(x),
      Number(y)
    ])
    expect(rings.length).toBe(3)
    rings.forEach((a, i) => {
      rings.slice(i + 1).forEach(b => {
        expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeGreaterThan(17)
      })
    })
  })

  it('lie on their side when they are turned', () => {
    const bar = [{ from: 1, to: 2, height: 3 }]
    expect(numbers(Marks.turned(Marks.bars(bar)).draw(place, 0))).toEqual([10, 60, 40, 60, 40, 50, 10, 50])
  })
})

describe('labels', () => {
  it('at the ends of lines stand one below the other', () => {
    expect(spreadLabels([10, 11, 50, 12], 16, [0, 60])).toEqual([10, 26, 58, 42])
    expect(spreadLabels([55, 56], 16, [0, 60])).toEqual([44, 60])
  })

  const curve = (name: string, shift: number) => ({
    name,
    points: Array.from({ length: 20 }, (_, i) => ({ x: i + 1, y: Math.sqrt(i + shift) }))
  })
  it.each([
    ['a panel', [1], 5],
    ['panels', [1, 2, 3, 4], 7]
  ])('of %s do not touch', (_, panels, count) => {
    const drawn = Picture.curves(
      panels.map(n => ({
        title: `panel ${n}`,
        x: { title: 'step', domain: [0, 1e6 * n] as const },
        y: { title: 'value' },
        series: Array.from({ length: count }, (_, k) => curve(`a series of number ${k}`, k / 50))
      }))
    )
    expect(texts(drawn.body).length).toBeGreaterThan(8)
    expect(overlaps(texts(drawn.body))).toEqual([])
    for (const { x, width } of texts(drawn.body)) {
      expect(x).toBeGreaterThanOrEqual(0)
      expect(x + width).toBeLessThanOrEqual(drawn.width)
    }
  })

  it('tell series apart by dash and mark, not by colour alone', () => {
    const { body } = Picture.curves([
      { x: {}, y: {}, series: [curve('a', 0), curve('b', 1), { ...curve('c', 2), marks: 'both' }] }
    ])
    const dashes = [...body.matchAll(/<path class="line"[^>]*/g)].map(([path]) => /dasharray="([^"]*)"/.exec(path)?.[1])
    expect(new Set(dashes).size).toBe(3)
  })
})

describe('pictures as values', () => {
  const model = fit(rows, { components: [1, 2, 3], family: ['isotropic', 'full'], standardize: false })
  const pictures = {
    density: Picture.density(two, rows, { columns: ['<a>', 'b & c'] }),
    samples: Picture.samples(rows, model.sample(200)(Key.fromSeed(2))),
    field: Picture.field(two, { x: [-3, 9], y: [-4, 6] }),
    candidates: Picture.candidates(model),
    curve: Picture.curve([
      { stage: 0, values: Float64Array.of(3, 2, 1.5) },
      { stage: 1, values: Float64Array.of(8, 7) }
    ])
  }

  it.each(Object.entries(pictures))('%s is text of SVG, to a notebook, to a console, and as text', (_, picture) => {
    const text = String(picture)
    expect(display).toBe(Symbol.for('Jupyter.display'))
    expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(text).not.toMatch(/NaN|undefined|Infinity| id="/)
    const { 'text/plain': plain, ...media } = picture[display]()
    expect(media).toEqual({ 'image/svg+xml': text, 'text/html': Picture.html(picture) })
    expect(plain).toContain(picture.title)
    expect(inspect(picture)).toMatch(/^Picture: /)
    expect(overlaps(texts(text))).toEqual([])
    expect(Object.isFrozen(picture)).toBe(true)
  })

  it('are those that the report draws', () => {
    const report = Picture.report(model, rows, { source: 'rows' })
    expect(String(report)).toContain(Picture.density(model.mixture, rows).body)
    const { 'text/html': html } = report[display]()
    expect(html).toMatch(/^<iframe srcdoc="&#60;!doctype html/)
    expect(html).not.toMatch(/<script/)
  })

  it('refuse what they cannot draw, with what to do', () => {
    expect(() => Picture.density(two, [[1], [2]])).toThrow('points: 1 columns')
    expect(() => Picture.density(two, [[1, NaN]])).toThrow(RangeError)
    expect(() => Picture.candidates(fit(rows, { components: 2, family: 'full' }))).toThrow('leave components or family')
  })

  it('show the bulk of the rows, and those far from it at the edge', () => {
    const far = [...Array.from({ length: 300 }, (_, i) => [rows.values[2 * i], rows.values[2 * i + 1]]), [4000, 1]]
    const picture = Picture.density(two, far)
    expect(picture.note).toContain('row 301 lies beyond the axes')
    expect(picture.body).toContain('class="line far"')
    expect(picture.body).not.toMatch(/>4000</)
  })

  it('show rows of the background as crosses, which do not stretch the axes', () => {
    const own = { means: [[0, 0], [6, 2]] } // prettier-ignore
    const background = { share: 0.01, shape: 'cauchy', centre: [3, 1], scale: [3, 3] } as const
    const near = Mixture.sample(100)(Key.fromSeed(1))(Mixture.of(own))
    const rows = { ...near, rows: 102, values: Float64Array.from([...near.values, 3, 40, -60, 1]) }
    const { note, body } = Picture.density(Mixture.of({ ...own, background }), rows)
    expect(note).toContain('2 rows of the background, 101, 102')
    expect(body.match(/m0-[\d.]+l-[\d.]+,[\d.]+/g)).toHaveLength(2)
    expect(note).not.toContain('Arrows at the edge')
  })
})
