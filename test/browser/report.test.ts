/** The report of a fit in a real browser: it is drawn without complaint, fits a telephone, and is read in the dark. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { lazy } from '../../lib/plain/iterate.js'
import { Mixture } from '../../src/index.js'
import { fitPage as report } from '../../src/report/report.js'
import { planted, two } from '../src/report/fits.js'
import { barriers, inBrowser, isMissing } from './browser.js'

const wide = Mixture.of({
  means: Array.from({ length: 12 }, (_, k) => Array.from({ length: 30 }, (_, j) => 5000 * Math.sin(k * 31 + j))),
  variances: Array.from({ length: 12 }, (_, k) => 1 + k)
})
const four = Mixture.of({
  means: [
    [0, 1, 2, 3],
    [9, 8, 7, 6]
  ]
})
const columns = Array.from({ length: 30 }, (_, j) => `a_rather_long_name_of_column_${j}`)

const fits = [
  ['one column', planted(Mixture.of({ means: [[0], [10]] }), 200)],
  ['two columns', planted(two, 200)],
  [
    'four columns, with classes',
    planted(four, 200, { classes: [{ name: 'kind', cells: Array.from({ length: 200 }, (_, i) => `class ${i % 5}`) }] })
  ],
  ['twelve components of thirty columns', planted(wide, 300, { columns })]
] as const

describe.skipIf(isMissing)('the report', () => {
  const visit = inBrowser()
  const folder = mkdtempSync(join(tmpdir(), 'ornstein-report-'))
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  const pages = fits.map(([, of]) => lazy(() => report(of, '')))

  /** Opens the report with all that is folded away unfolded. */
  const open = async (i: number, width: number): Promise<{ page: Page; errors: ReadonlyArray<string> }> => {
    const path = join(folder, `${i}.html`)
    writeFileSync(path, pages[i]())
    const { page, errors } = await visit({ width, height: 800 }, pathToFileURL(path).href)
    await fold(page, true)
    return { page, errors }
  }
  const fold = (page: Page, isOpen: boolean): Promise<void> =>
    page.$$eval(
      'details',
      (all, isOpen) => {
        for (const one of all) if (one instanceof HTMLDetailsElement) one.open = isOpen
      },
      isOpen
    )

  const isNoWider = async (page: Page, width: number): Promise<void> => {
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  }

  /** In print what is folded away stands open unless it is long, and a page is as wide as paper: A4 less margins of 15 mm, at 96 dots an inch. */
  const isPrinted = async (page: Page): Promise<void> => {
    const width = 680
    await page.setViewportSize({ width, height: 800 })
    await fold(page, false)
    await page.emulateMedia({ media: 'print' })
    await isNoWider(page, width)
    const heights = await page.$$eval('details', all =>
      all.map(one => [one.className, one.getBoundingClientRect().height] as const)
    )
    for (const [name, height] of heights)
      if (name === 'long') expect(height).toBeLessThan(40)
      else expect(height).toBeGreaterThan(60)
    // A line of no length has no direction: on paper its square ends are not drawn.
    const marks = await page.$$eval('path[stroke-linecap=square]', all => all.map(one => one.getAttribute('d') ?? ''))
    expect(marks.length).toBeGreaterThan(0)
    for (const mark of marks) expect(mark).not.toMatch(/h0(M|$)/)
    await page.emulateMedia({ media: null })
    await fold(page, true)
  }

  /** The least contrast of words with their ground. */
  const leastContrast = async (page: Page, colorScheme: 'light' | 'dark'): Promise<number> => {
    await page.emulateMedia({ colorScheme })
    const contrasts = await page.$$eval('p, td, th, li, dt, dd, figcaption, svg.fig text', all => {
      const numbers = (colour: string): ReadonlyArray<number> => (colour.match(/[\d.]+/g) ?? []).map(Number)
      // Relative luminance and contrast of WCAG 2.
      const luminance = (colour: string): number =>
        numbers(colour)
          .slice(0, 3)
          .map(c => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
          .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
      const ground = luminance(getComputedStyle(document.body).backgroundColor)
      return all.map(one => {
        const style = getComputedStyle(one)
        const ink = luminance(one instanceof SVGElement ? style.fill : style.color)
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)
      })
    })
    expect(contrasts.length).toBeGreaterThan(50)
    return Math.min(...contrasts)
  }

  it.each(fits.map(([name], i) => [name, i] as const))(
    'of %s is no wider than a telephone or paper, complains of nothing, and puts no barrier before a reader',
    async (_, i) => {
      const { page, errors } = await open(i, 360)
      for (const width of [360, 900]) {
        await page.setViewportSize({ width, height: 800 })
        await isNoWider(page, width)
        const sizes = await page.$$eval('svg.fig', all => all.map(one => one.getBoundingClientRect().height))
        expect(sizes.length).toBeGreaterThan(1)
        expect(Math.min(...sizes)).toBeGreaterThan(80)
      }
      await isPrinted(page)
      await page.setViewportSize({ width: 900, height: 800 })
      if (i === 2)
        for (const scheme of ['light', 'dark'] as const)
          expect(await leastContrast(page, scheme)).toBeGreaterThanOrEqual(4.5)
      expect(await barriers(page)).toEqual([])
      expect(errors).toEqual([])
    }
  )

  it('has its headings in order, and names its pictures and what can be scrolled', async () => {
    const { page } = await open(2, 900)
    const levels = await page.$$eval('h1, h2, h3, h4', all => all.map(one => Number(one.tagName.slice(1))))
    expect(levels[0]).toBe(1)
    levels.forEach((level, i) => {
      expect(i === 0 || level <= levels[i - 1] + 1).toBe(true)
    })
    expect(await page.$$eval('h2', all => all.map(one => one.textContent))).toEqual([
      'What was found',
      'Can I trust it?',
      'How was it learned?',
      'Words'
    ])
    expect(await page.$$eval('[tabindex]', all => all.every(one => one.hasAttribute('aria-label')))).toBe(true)
    expect(await page.$$eval('svg.fig', all => all.every(one => one.getAttribute('role') === 'img'))).toBe(true)
  })
})
