/** The report: one page that needs nothing else, whose pictures show what was planted. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { unsupportedAdvice } from '../../../src/report/warnings.js'
import {
  choiceSentence,
  type CandidateChoice,
  type Findings,
  excludedCandidateAdvice
} from '../../../src/report/findings.js'
import { compareFits } from '../../../src/report/comparison.js'
import { fit as learned, Key, Mixture } from '../../../src/index.js'
import { criterionPictures } from '../../../src/report/choiceFigures.js'
import { asText } from '../../../src/report/document.js'
import { fitDocument, fitPage, pictures } from '../../../src/report/report.js'
import { ticks } from '../../../src/report/scale.js'
import { colour, file, palette } from '../../../src/report/svg.js'
import { trust } from '../../../src/report/trust.js'
import { meanings } from '../../../src/report/wordLinks.js'
import { mixtureTable, show, showApart, tidy } from '../../../src/fit/table.js'
import { planted, stage, two } from './fits.js'

const four = Mixture.of({
  means: [
    [0, 1, 2, 3],
    [9, 8, 7, 6]
  ],
  variances: [
    [1, 4, 9, 16],
    [1, 4, 9, 16]
  ]
})
const one = Mixture.of({ means: [[0], [10]] })
const single = Mixture.of({ means: [[5, 5]], variances: [[1e-6, 1e6]] })
const hostile = '<script>alert("x")</script> & \'y\' ]]>'

const fits: ReadonlyArray<readonly [string, Findings]> = [
  ['two columns', planted(two, 300)],
  ['one column', planted(one, 300)],
  [
    'four columns',
    planted(four, 300, { scaling: { centre: new Float64Array(4), scale: Float64Array.of(1, 2, 3, 4) } })
  ],
  ['one component, columns of very unlike scale', planted(single, 40)],
  ['one row', planted(two, 1)],
  [
    'hostile names',
    planted(two, 20, {
      columns: [hostile, 'b'],
      ignored: [{ name: hostile, why: 'text' }],
      source: hostile,
      recipe: hostile
    })
  ],
  ['no step', planted(two, 20, { stages: [stage([])] })],
  ['one step', planted(two, 20, { stages: [stage([1])] })],
  ['a constant objective', planted(two, 20, { stages: [stage([0, 0, 0])] })],
  [
    'noise',
    planted(two, 20, {
      stages: [stage(Array.from({ length: 900 }, (_, i) => Math.sin(i * i)))]
    })
  ],
  ['a constant column', planted(one, 3, { points: { rows: 3, dim: 1, values: Float64Array.of(2, 2, 2) } })],
  [
    'weights',
    planted(one, 4, { points: { rows: 2, dim: 1, values: Float64Array.of(0, 10), weights: Float64Array.of(1, 3) } })
  ]
]

/** What keeps markup from being XML: the first tag that does not match, a stray character. Null when nothing does. */
const malformed = (xml: string): string | null => {
  const open: string[] = []
  const token =
    /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|&(?:#\d+|amp|lt|gt|quot|apos);|[^<&]+|(.)/gsu
  for (const [whole, close, name = '', attributes = '', empty, stray] of xml.matchAll(token)) {
    // Groups that took no part in a match are undefined, whatever the types say.
    if (typeof stray === 'string') return `stray ${stray} in ${open.join('/')}`
    if (!whole.startsWith('<')) continue
    const names = [...attributes.matchAll(/\s([\w:-]+)=/g)].map(([, attribute]) => attribute)
    if (new Set(names).size !== names.length) return `repeated attribute in ${whole}`
    if (/&(?!(#\d+|amp|lt|gt|quot|apos);)/.test(attributes)) return `stray & in ${whole}`
    if (close === '/') {
      if (open.pop() !== name) return `${whole} does not close`
    } else if (empty !== '/') open.push(name)
  }
  return open.length === 0 ? null : `unclosed ${open.join('/')}`
}

const charts = (html: string): ReadonlyArray<string> => html.match(/<svg class="fig[^]*?<\/svg>/g) ?? []

/** A shape of a chart, and the places that it goes through. */
interface Drawn {
  readonly element: string
  readonly points: ReadonlyArray<readonly [number, number]>
}

const drawn = (svg: string): ReadonlyArray<Drawn> =>
  [...svg.matchAll(/<path[^>]+>/g)].map(([element]) => {
    const d = / d="([^"]*)"/.exec(element)?.[1] ?? ''
    return {
      element,
      points: [...d.matchAll(/[ML]([-\d.]+),([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const)
    }
  })

/** The boxes that hold panels. */
const frames = (svg: string): ReadonlyArray<readonly [x: number, y: number, width: number, height: number]> =>
  [...svg.matchAll(/<rect class="frame" x="([-\d.]+)" y="([-\d.]+)" width="([-\d.]+)" height="([-\d.]+)"/g)].map(
    ([, x, y, width, height]) => [Number(x), Number(y), Number(width), Number(height)] as const
  )

it('begins with a plain sentence, what is typical of each group, and the model, and links its words to their meanings', () => {
  // Means of x1 and x2 of all rows: 70 and 7; groups differ in both columns, and most in x1, whose deviation within them is least.
  const html = fitPage(planted(two, 400), '1.2.3')
  const texts = [...html.matchAll(/<(?:h1|p)[^>]*>(.*?)<\/(?:h1|p)>/g)].map(([, text]) =>
    text.replaceAll(/<(?!br)[^>]*>/g, '')
  )
  expect(texts[0]).toBe('2 groups in data.csv')
  expect(texts[1]).toMatch(
    /^400 rows of data\.csv fall into 2 groups: 30 % and 70 %\.<br\/>Group 1: low x1 \(0\.00; all rows \d+\.\d+\) and low x2 \(0\.00; all rows \d\.\d+\)\.<br\/>Group 2: high x1 .*\.$/
  )
  expect(texts[2]).toMatch(
    /^Model: 2 components \(one per group\), isotropic covariance; ICLc [\d.]+, BIC [\d.]+ \(lower is better\)\.<br\/>columns: x1, x2$/
  )
  const links = [...html.matchAll(/<a href="#([^"]+)">/g)].map(([, id]) => id)
  expect(links).toContain('word-iclc')
  expect(new Set(links).size).toBe(links.length)
  for (const id of links) expect(html).toContain(`<dt id="${id}">`)
})

it('explains its words as the glossary does', () => {
  const glossary = readFileSync(new URL('../../../docs/glossary.md', import.meta.url), 'utf8')
  for (const [word, meaning] of Object.entries(meanings)) {
    const [, entry = ''] = new RegExp(`^### ${word}\n\n(.*)$`, 'm').exec(glossary) ?? []
    expect(entry.replaceAll(/[`_]|\]\([^)]*\)|\[/g, ''), word).toBe(meaning)
  }
})

it('proposes no merging that it calls certain to be wrong: of separate clusters the components stay apart', () => {
  const apart = Mixture.of({
    means: [
      [0, 0],
      [20, 0],
      [0, 20]
    ]
  })
  const html = fitPage(planted(apart, 300), '')
  expect(html).toContain('No merging is proposed')
  expect(html).not.toContain('--merged')
})

it('the report is reproducible', () => {
  const [[, fit]] = fits
  expect(fitPage(fit, '1.2.3')).toBe(fitPage(fit, '1.2.3'))
})

it.each(fits)(
  'the report of %s is a page of its own, well formed and described, and draws nothing outside its charts',
  (_, fit) => {
    const html = fitPage(fit, '1.2.3')
    expect(html).not.toMatch(/https?:|\bsrc=|\bhref=(?!"#)|<link|<script|@import|url\((?!#)|<iframe|\bon\w+=/i)
    expect(html).not.toMatch(/\bNaN\b|undefined|Infinity/)
    const found = charts(html)
    expect(found.length).toBe(1 + fit.stages.filter(({ values }) => values.length > 0).length)
    for (const svg of found) {
      expect(malformed(svg)).toBeNull()
      expect(svg).toMatch(/ role="img" aria-label="[^"]+"><title>[^<]+<\/title><desc>[^<]+<\/desc>/)
    }
    // The page itself is HTML, where a few elements stand open.
    expect(
      malformed(
        html
          .replace(/^<!doctype html>\n/, '')
          .replace(/<meta[^>]*>/g, '')
          .replace(/<style>[^]*<\/style>/, '')
      )
    ).toBeNull()
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(html).toContain('<th scope="col">')
    expect(html).toContain('<th scope="row">')
    expect(html).toContain('ornstein 1.2.3, seed 7')
    expect(html).toContain('Pipeline.of({')
    expect(html).toContain('x_t = α x_0 + σ z')
    expect(html).toContain('by closed form')
    // What a look at each row says stands in the list, whatever it is.
    expect(html).toMatch(/<li class="(good|doubt)">[^<]* lies? outside the 99\.9 % region/)
    for (const svg of found) {
      const [width, height] = (/viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []).slice(1).map(Number)
      const all = drawn(svg).flatMap(({ points }) => points)
      expect(all.length).toBeGreaterThan(0)
      for (const [x, y] of all) {
        expect(x).toBeGreaterThanOrEqual(0)
        expect(x).toBeLessThanOrEqual(width)
        expect(y).toBeGreaterThanOrEqual(0)
        expect(y).toBeLessThanOrEqual(height)
      }
    }
  }
)

/** How many marks of component k, from 0, are drawn in a chart of one panel. */
const symbols = (svg: string, k: number): number =>
  drawn(svg)
    .filter(({ element }) => element.includes(`class="dots" data-k="${k + 1}"`))
    .reduce((sum, { points }) => sum + points.length, 0)

/** The ellipses of one standard deviation. */
const ellipses = (svg: string): ReadonlyArray<Drawn> =>
  drawn(svg).filter(({ element }) => element.includes('class="line ellipse"'))

describe('the picture of the data', () => {
  it('colours each row by its most probable component', () => {
    const fit = planted(two, 400)
    const right = Array.from({ length: 400 }, (_, i) => fit.points.values[2 * i]).filter(x => x > 50).length
    const [svg] = charts(fitPage(fit, ''))
    expect([symbols(svg, 0), symbols(svg, 1)]).toEqual([400 - right, right])
    expect(svg).toContain('Centres: 1 at (0, 0), 2 at (100, 10)')
  })

  it('says how many rows its ellipses hold', () => {
    // Of a Gaussian in two columns a share 1 − exp(−r²/2) is within r standard deviations.
    const [one, second] = [1, 2].map(r => `${(100 * -Math.expm1((-r * r) / 2)).toFixed(0)} %`)
    expect(fitPage(planted(two, 50), '')).toContain(`these hold ${one} and ${second} of a Gaussian’s rows`)
  })

  it('draws round components round, in the units they were learned in', () => {
    const square = Mixture.of({
      means: [
        [0, 0],
        [10, 10]
      ],
      variances: [1, 4]
    })
    const scaling = { centre: Float64Array.of(0, 0), scale: Float64Array.of(1, 50) }
    const stretched = Mixture.rescaled(scaling)(square)
    for (const fit of [planted(square, 100), planted(stretched, 100, { scaling })]) {
      const [svg] = charts(fitPage(fit, ''))
      const found = ellipses(svg)
      expect(found.length).toBe(2)
      const sizes = found.map(({ points }) => {
        const extent = (values: ReadonlyArray<number>): number => Math.max(...values) - Math.min(...values)
        return [extent(points.map(([x]) => x)), extent(points.map(([, y]) => y))]
      })
      // Places are rounded to a tenth of a unit.
      for (const [width, height] of sizes) expect(Math.abs(width - height)).toBeLessThan(0.5)
      // Standard deviations 1 and 2.
      expect(sizes[1][0] / sizes[0][0]).toBeCloseTo(2, 1)
    }
  })

  it('has room within its axes for what is larger than the data', () => {
    const [svg] = charts(fitPage(planted(two, 1), ''))
    const [[left, top, width, height]] = frames(svg)
    expect(ellipses(svg).length).toBe(2)
    for (const [x, y] of ellipses(svg).flatMap(({ points }) => points)) {
      expect(x - left).toBeGreaterThan(0)
      expect(x - left).toBeLessThan(width)
      expect(y - top).toBeGreaterThan(0)
      expect(y - top).toBeLessThan(height)
    }
  })

  it('draws level lines of the density, within which the shares lie that it says', () => {
    // One round component: the level line that holds a share p of it is the circle of radius √(−2 log(1 − p)).
    const [svg] = charts(fitPage(planted(Mixture.of({ means: [[0, 0]] }), 400), ''))
    const [unit] = ellipses(svg)
    const centre = (axis: 0 | 1): number => {
      const all = unit.points.map(point => point[axis])
      return (Math.max(...all) + Math.min(...all)) / 2
    }
    const cx = centre(0)
    const cy = centre(1)
    const radii = (points: Drawn['points']): ReadonlyArray<number> => points.map(([x, y]) => Math.hypot(x - cx, y - cy))
    const one = Math.max(...radii(unit.points))
    const found = drawn(svg)
      .filter(({ element }) => element.includes('class="line level"'))
      .map(({ points }) => radii(points).reduce((sum, r) => sum + r, 0) / points.length / one)
      .sort((a, b) => a - b)
    const expected = [0.1, 0.3, 0.5, 0.7, 0.9].map(p => Math.sqrt(-2 * Math.log(1 - p)))
    expect(found.length).toBe(5)
    // A cell of the grid is some 8/110 of a standard deviation; what lies outside of it is a share of less than 0.01.
    found.forEach((r, i) => {
      expect(Math.abs(r - expected[i])).toBeLessThan(0.1)
    })
  })

  it('draws at most 5000 rows, whatever their order, and says so', () => {
    // Every fourth row of the second component: even spacing would see only one of them.
    const rows = 6000
    const values = Float64Array.from({ length: 2 * rows }, (_, at) =>
      Math.floor(at / 2) % 4 === 0 ? 0 : at % 2 === 0 ? 100 : 10
    )
    const html = fitPage(planted(two, rows, { points: { rows, dim: 2, values } }), '')
    const [svg] = charts(html)
    const left = symbols(svg, 0)
    const right = symbols(svg, 1)
    expect(left + right).toBe(5000)
    // A quarter of 5000, and 5 standard deviations of a binomial, which has more than draws without repeats.
    expect(Math.abs(left - 1250)).toBeLessThan(5 * Math.sqrt(5000 * 0.25 * 0.75))
    expect(html).toContain('5000 of the 6000 rows')
    expect(fitPage(planted(two, 5000), '')).not.toContain('of the 5000 rows')
  })

  it('shows up to six columns pair by pair, and each alone', () => {
    const [svg] = charts(fitPage(planted(four, 300), ''))
    expect(frames(svg).length).toBe(10)
    // Six panels of two components.
    expect(ellipses(svg).length).toBe(12)
    expect(symbols(svg, 0) + symbols(svg, 1)).toBe(6 * 300)
  })

  it('projects more columns of a single component on their principal components, and says how much they hold', () => {
    // Variance 9 along (1, 1, 0, …)/√2 and 1 along (0, 0, 1, 0, …), by the construction; none elsewhere.
    const rows = [3, -3].flatMap(a => [1, -1].map(b => [a / Math.SQRT2, a / Math.SQRT2, b, 0, 0, 0, 0]))
    const points = { rows: 4, dim: 7, values: Float64Array.from(rows.flat()) }
    const fitted = Mixture.of({ means: [rows[0].map(() => 0)] })
    const html = fitPage(planted(fitted, 4, { points, columns: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }), '')
    expect(html).toContain('their first 4 principal components (PC), with their shares of the variance')
    expect(html).toContain('PC 1 (90 %)')
    expect(html).toContain('PC 1 = 0.71 a + 0.71 b')
  })

  it('projects them on the directions in which components differ, which principal components may miss', () => {
    // They differ along d, of variance 1 within each; a is ten times as wide in both.
    const means = [-2, 2].map(d => [0, 0, 0, d, 0, 0, 0])
    const variances = means.map(() => [100, 1, 1, 1, 1, 1, 1])
    const fitted = Mixture.of({ means, variances })
    const html = fitPage(planted(fitted, 50, { columns: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }), '')
    expect(html).toContain('the direction in which components differ most')
    expect(html).toContain('direction 1 (100 %)')
    expect(html).toMatch(/direction 1 = 1\.00 d /)
    // Beside it the widest of the rest.
    expect(html).toMatch(/PC 1 = (1\.00|0\.99) a /)
    const three = Mixture.of({ means: [...means, [0, 3, 0, 0, 0, 0, 0]], variances: [...variances, variances[0]] })
    const [svg] = charts(fitPage(planted(three, 50, { columns: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }), ''))
    expect(svg).toContain('direction 2')
    expect(svg).not.toContain('PC')
  })

  it('draws how unsure rows are as components are merged, with the clusters at the elbow', () => {
    // A long cluster of two components, and one far away: nothing is unsure of two clusters.
    const html = fitPage(planted(Mixture.of({ means: [[0], [2], [20]] }), 400), '')
    expect(html).toContain('Which components are one cluster?')
    expect(html).toContain('The ring is the elbow: 2 clusters, of components 1 and 2; 3.')
    expect(html).toMatch(/by the number of clusters: 1: \S+, 2: \S+, 3: [1-9]\d+/)
    expect(fitPage(planted(two, 100), '')).not.toContain('Which components are one cluster?')
  })

  it('draws the density of one column over its histogram, both of area 1', () => {
    const [svg] = charts(fitPage(planted(one, 2000), ''))
    const [bars] = drawn(svg).filter(({ element }) => element.includes('class="bar"'))
    expect(bars.points.length).toBeGreaterThan(20)
    expect(svg).toContain('Centres: 1 at 0, 2 at 10')
  })

  it('counts weights in the histogram', () => {
    const [, fit] = fits[fits.length - 1]
    const [svg] = charts(fitPage(fit, ''))
    const [{ element }] = drawn(svg).filter(({ element }) => element.includes('class="bar"'))
    const heights = [...element.matchAll(/M[-\d.]+,([\d.]+)L[-\d.]+,([\d.]+)L/g)].map(
      ([, base, top]) => Number(base) - Number(top)
    )
    expect(heights.length).toBe(2)
    expect(heights[1] / heights[0]).toBeCloseTo(3, 1)
  })

  it('is the same as a file of its own, which brings its colours', () => {
    for (const figure of pictures(planted(four, 50))) {
      const text = file(figure)
      expect(malformed(text.replace(/<style>[^]*<\/style>/, ''))).toBeNull()
      expect(text).toContain('xmlns="http://www.w3.org/2000/svg"')
      expect(text).toContain('--c0:')
    }
  })
})

describe('whether it can be trusted', () => {
  it('sees means in the units that it was learned in, and passes over the rows for others only where there are none', () => {
    // In units a thousand times as large no mean is away from any other.
    const scaling = { centre: new Float64Array(4), scale: new Float64Array(4).fill(1e3) }
    const shaded = [planted(four, 300), planted(four, 300, { scaling })].map(fit =>
      /<td class="[hl][123]">/.test(fitPage(fit, '1').split('Which components are confused')[0])
    )
    expect(shaded).toEqual([true, false])
  })

  it('counts who is sure, who is undecided and who is far out', () => {
    // Two standard normals at ±1: p(1 | x) = 1/(1 + e^(2x)), 0.95 from |x| = 1.47 on, 0.6 from 0.2 on.
    const mixture = Mixture.of({ means: [[-1], [1]] })
    const points = { rows: 6, dim: 1, values: Float64Array.of(-2, -1, -0.1, 0.3, 1.6, 9) }
    const found = trust(planted(mixture, 6, { points, rowNumbers: Uint32Array.of(1, 2, 3, 5, 6, 8) }))
    expect(found.components.map(({ rows, sure, undecided, outliers }) => [rows, sure, undecided, outliers])).toEqual([
      [3, 1, 1, 0],
      [3, 2, 0, 1]
    ])
    expect(found.outliers.map(({ name, component }) => [name, component])).toEqual([['8', 1]])
    for (const row of found.mistaken) expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
    // Symmetric data would be taken for each other as often either way; here 1 has more to lose.
    const p = [-2, -1, -0.1, 0.3, 1.6, 9].map(x => 1 / (1 + Math.exp(2 * x)))
    const sum = (of: (p: number) => number): number => p.reduce((total, one) => total + of(one), 0)
    expect(found.mistaken[0][1]).toBeCloseTo(sum(p => p * (1 - p)) / sum(p => p), 12)
  })

  it('shows a column of classes that was not learned from', () => {
    const fit = planted(two, 100)
    const cells = Array.from({ length: 100 }, (_, i) => (fit.points.values[2 * i] > 50 ? 'far' : 'near'))
    const html = fitPage({ ...fit, classes: [{ name: hostile, cells }] }, '')
    expect(html).not.toContain('<script')
    expect(html).toContain('(not used in the fit)')
    expect(html.replaceAll(/<[^>]*>/g, '')).toContain('Adjusted Rand index 1.00')
  })

  it('fits twelve components of thirty columns on a page', () => {
    const means = Array.from({ length: 12 }, (_, k) => Array.from({ length: 30 }, (_, j) => 10 * Math.sin(k * 31 + j)))
    const html = fitPage(planted(Mixture.of({ means, variances: means.map((_, k) => 1 + k / 10) }), 100), '')
    expect(html).toContain('<table class="dense">')
    expect(html).toContain('100 rows of data.csv fall into 12 groups, of ')
  })
})

describe('rows far from all others', () => {
  const near = Mixture.sample(300)(Key.fromSeed(3))(
    Mixture.of({
      means: [
        [0, 0],
        [6, 2]
      ],
      weights: [0.4, 0.6]
    })
  )
  const far = [50, 50, -45, 60, 70, -40]
  const points = { rows: 303, dim: 2, values: Float64Array.from([...near.values, ...far]) }
  const options = { components: [2, 4, 5], family: 'tiedDiagonal' } as const
  const model = learned(points, options)
  const choice: CandidateChoice = model
  const [best] = model.candidates

  it('are named, with the remedy that leads to the clusters', () => {
    expect([model.components, best.unsupported.map(({ component }) => component)]).toEqual([5, [0, 3, 4]])
    const findings = planted(model.mixture, 0, { points, unsupported: best.unsupported })
    expect(unsupportedAdvice(findings).map(({ text }) => text)).toEqual([
      'Components 1, 4 and 5 rest on rows 301, 302 and 303 alone, which lie outside the 99.9 % contour of every other component. ' +
        'They are probably outliers. Check the rows: remove them if wrong, and fit again.'
    ])
    expect(learned(near, options).components).toBe(2)
    // Of a source not all rows are at hand, and nothing is said of which.
    const some = { ...findings, statistics: { ...findings.statistics, rows: 304 } }
    expect(unsupportedAdvice(some)[0].text).toMatch(
      /^Component 1 may be an accident of few rows: it rests on 1 and has 3 parameters\./
    )
  })

  it('leave no choice clear', () => {
    expect(choiceSentence(choice, model.candidates.length)).not.toMatch(/clear|fair|close/)
    const candidates = [{ ...best, unsupported: [], posterior: 1 }, ...model.candidates.slice(1)] as const
    expect(choiceSentence({ ...choice, candidates }, 3)).toContain(
      ': a clear difference (approximate posterior probability > 0.99).'
    )
    const low = {
      ...best,
      atMinVariance: [0],
      collapsed: [0],
      isSelectable: false,
      statistics: { ...best.statistics, iclc: best.statistics.iclc - 50 }
    }
    expect(choiceSentence({ ...choice, candidates: [...candidates, low] }, 4)).not.toContain('clear')
  })

  it('leave none clear whose components are all but the same, or that leaves most rows to a background', () => {
    const sure = { ...best, unsupported: [], posterior: 1 }
    const same = { _tag: 'Merged', components: [0, 1], overlap: 1 } as const
    const background = { share: 0.9, shape: 'cauchy', centre: Float64Array.of(0, 0), scale: Float64Array.of(1, 1) } as const // prettier-ignore
    const [, ...others] = model.candidates
    for (const doubted of [
      { ...sure, redundancies: [same] },
      { ...sure, mixture: { ...best.mixture, background } }
    ])
      expect(choiceSentence({ ...choice, candidates: [doubted, ...others] }, 3)).not.toMatch(/clear|fair|close/)
    const few = { ...sure, mixture: { ...best.mixture, background: { ...background, share: 0.1 } } }
    expect(choiceSentence({ ...choice, candidates: [few, ...others] }, 3)).toContain(': a clear difference')
  })

  it('are told of without a number where nothing is due', () => {
    const few = { component: 0, rows: 1, parameters: 3, gain: -1, due: -0.586 }
    const [said] = unsupportedAdvice(
      planted(two, 5, { unsupported: [few], statistics: { ...best.statistics, rows: 9 } })
    )
    expect(said.text).toContain('It does not raise the log-likelihood of rows that are left out of its estimate.')
    expect(said.text).not.toContain('0.586')
  })

  it('make no candidate that was set aside the least of a picture', () => {
    const low = {
      ...best,
      atMinVariance: [0],
      collapsed: [0],
      isSelectable: false,
      statistics: { ...best.statistics, iclc: best.statistics.iclc - 50 }
    }
    // The options that ask for it: a background is none of a family's name.
    expect(
      excludedCandidateAdvice({
        ...choice,
        candidates: [best, { ...low, family: 'full with background', components: 3 }]
      })?.text
    ).toMatch(/; if that cluster is real, ask for -k 3 --family full --robust\.$/)
    // On rounded numbers a prior makes every repeated number a cluster, so it is not proposed untried.
    expect(JSON.stringify(excludedCandidateAdvice({ ...choice, candidates: [best, low] }))).not.toMatch(
      /--prior|remedy/
    )
    const [, ...others] = model.candidates
    const [picture] = criterionPictures({ ...choice, candidates: [best, ...others, low] })
    expect(picture.description).toContain('tied-diagonal: least at 5, +0')
    expect(picture.note).toContain('excluded')
    const [alone] = criterionPictures(choice)
    expect([alone.note, alone.body.replace(/.*<circle/, '')]).toEqual(['', picture.body.replace(/.*<circle/, '')])
  })
})

describe('an axis', () => {
  it('has ticks that are told apart, however little its ends are', () => {
    for (const middle of [0, 3.473, -8.138, 1e-9, -2e8, 15.175866683])
      for (let width = 1e4; width > Math.max(1e-12, 1e-13 * Math.abs(middle)); width /= 7) {
        const found = ticks([middle - width, middle + width], 5)
        expect(new Set(found.map(({ label }) => label)).size).toBe(found.length)
        expect(found.length).toBeGreaterThan(1)
        for (const { value, label } of found)
          expect(Math.abs(Number(label.replace('−', '-')) - value)).toBeLessThan(width / 10)
      }
  })
  it('has one blue among the six families that are compared', () => {
    const [, light] = /:root\{color-scheme:light dark;([^}]*)/.exec(palette(':root')) ?? []
    const colours = Array.from({ length: 6 }, (_, k) => colour(k).slice(6, -1)).map(name => {
      const [, hex] = new RegExp(`--${name}:#([\\da-f]{6})`).exec(light) ?? []
      return [0, 2, 4].map(at => parseInt(hex.slice(at, at + 2), 16))
    })
    expect(colours.filter(([red, , blue]) => blue > red + 100)).toHaveLength(1)
  })
})

describe('fits side by side', () => {
  // Means rounded to the third digit of the least standard deviation, 1 and 2: two decimals.
  const other = planted(
    Mixture.of({
      means: [
        [3, 0],
        [100, 14]
      ],
      weights: [0.3, 0.7],
      variances: [1, 4]
    }),
    100,
    { recipe: 'two-stage' }
  )
  const first = planted(two, 100, { recipe: 'annealed' })

  it('show where each ends, its likelihood with equal digits, its steps, and why the default is what it is', () => {
    const likelihoods = [-4.5, -4.56789]
    const [a, b] = [first, other].map((fit, i) => ({
      ...fit,
      statistics: { ...fit.statistics, logLikelihood: likelihoods[i] }
    }))
    const { table, means, reason } = compareFits([a, b])
    expect(table).toEqual({
      header: ['recipe', 'centres (x1, x2)', 'log-likelihood per row', 'steps'],
      rows: [
        ['annealed', '(0.00, 0.00), (100.00, 10.00)', '-4.50000', '4'],
        ['two-stage', '(3.00, 0.00), (100.00, 14.00)', '-4.56789', '4']
      ]
    })
    expect(means.map(([recipe]) => recipe)).toEqual(['annealed', 'two-stage'])
    expect(reason).toMatch(/^annealed moves trapped components; [^.]*\. grown \(the default\) also [^.]*\.$/)
    expect(compareFits([b, b]).reason).toBe('')
  })

  it('tell how far apart they end where there is no room for all centres', () => {
    const columns = ['a column of a long name', 'another column of a name as long as that']
    // Columns of standard deviation 2 and 4: two centres off by 3/2 and 4/4, √((2.25 + 1) / 2) = 1.27.
    const points = { rows: 2, dim: 2, values: Float64Array.of(-2, -4, 2, 4) }
    const { table } = compareFits([
      { ...first, columns, points },
      { ...other, columns, points }
    ])
    expect(table.header[1]).toBe("distance of the centres from the first's")
    expect(table.rows.map(row => row[1])).toEqual(['0.0 sd', '1.3 sd'])
  })

  it('stand in the report where there are others', () => {
    const html = fitPage(first, '1.2.3', fitDocument(first, [other]))
    expect(html).toContain('<h2>The same data, learned in other ways</h2>')
    expect(html).toContain('<th scope="row">two-stage</th><td>(3.00, 0.00), (100.00, 14.00)</td>')
    expect(html).toContain('grown (the default) also compares starts')
    expect(fitPage(first, '1.2.3')).not.toContain('in other ways')
  })

  it('names the file as it was typed on a terminal, and without folders on a page', () => {
    const own = { ...first, source: 'folder/table.csv' }
    expect(asText(fitDocument(own), 80)).toContain(' of folder/table.csv fall into ')
    expect(fitPage(own, '')).toContain(' of table.csv fall into ')
  })

  it('escapes what comes with a name', () => {
    const named = { ...first, recipe: hostile, columns: [hostile, 'b'] }
    const html = fitPage(named, '', fitDocument(named, [other]))
    expect(html).not.toContain('<script')
  })
})

describe('the table', () => {
  it('rounds means to the third digit of the least standard deviation of their column', () => {
    expect(
      mixtureTable(
        ['a', 'b'],
        Mixture.of({
          weights: [0.25, 0.75],
          means: [
            [1.23456, 1234.56],
            [-2, 0]
          ],
          variances: [
            [0.01, 1e4],
            [0.04, 4e4]
          ]
        })
      )
    ).toEqual({
      header: ['component', 'weight', 'a', 'b', 'sd a', 'sd b'],
      rows: [
        ['1', '0.250', '1.235', '1235', '0.100', '100'],
        ['2', '0.750', '-2.000', '0', '0.200', '200']
      ],
      isTurned: false
    })
  })

  it('has one standard deviation where components are round', () => {
    expect(mixtureTable(['x1', 'x2'], two).header).toEqual(['component', 'weight', 'x1', 'x2', 'sd'])
  })

  it('is turned where it would be too wide', () => {
    const names = Array.from({ length: 12 }, (_, j) => `a long name ${j}`)
    const wide = Mixture.of({ means: [names.map((_, j) => j)] })
    const { header, rows, isTurned } = mixtureTable(names, wide)
    expect(isTurned).toBe(true)
    expect(header).toEqual(['component', '1'])
    expect(rows.map(([name]) => name)).toEqual(['weight', ...names, 'sd'])
    expect(rows.every(row => row.length === header.length)).toBe(true)
  })

  it.each([
    [0.1, '0.1'],
    [-1234.5678, '-1234.57'],
    [1e-7, '1.00000e-7'],
    [0, '0'],
    [123456789, '123456789'],
    [4322811.25, '4322811'],
    [1.5e15, '1.50000e+15']
  ])('shows %d as %s', (x, text) => {
    expect(show(x)).toBe(text)
  })

  it('cuts long digits in text', () => {
    expect(tidy('at t = 0.5105701814397768, E |x|², 12 steps, 0.05')).toBe('at t = 0.5106, E |x|², 12 steps, 0.05')
  })

  it('shows large means apart where their spread tells them apart', () => {
    const means = [[1.7e12], [1.7e12 + 40]]
    const { rows: two } = mixtureTable(['a'], Mixture.of({ means, variances: [9, 9] }))
    expect(two.map(row => row[2])).toEqual(['1700000000000.00', '1700000000040.00'])
    expect(showApart(-1.23456789, -1.23456788)).toEqual(['-1.23456789', '-1.23456788'])
    expect(showApart(2, 2)).toEqual(['2', '2'])
    const { rows } = mixtureTable(['a'], Mixture.of({ means: [[1e12]], variances: [1e-20] }))
    expect(rows[0][2]).toBe('1000000000000.0000')
  })
})

describe('an objective that hardly moves', () => {
  it('has an axis with short labels, on which the curve is flat', () => {
    // The last steps of a run that has converged: they differ in the ninth decimal.
    const values = [15.175866681, 15.175866682, 15.175866683]
    const [picture] = pictures(planted(two, 20, { stages: [stage(values)] })).filter(({ name }) =>
      name.startsWith('objective')
    )
    const labels = [...picture.body.matchAll(/<text[^>]*>(15[^<]*)<\/text>/g)].map(([, label]) => label)
    expect(labels.length).toBeGreaterThan(1)
    for (const label of labels) expect(label.length).toBeLessThan(9)
  })
})
