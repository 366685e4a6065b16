/** The documentation site in a real browser: it is built, no link of it leads nowhere, its pages open, its search finds, its playground runs. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { presets } from '../../examples/playground/presets.js'
import { toHash } from '../../examples/playground/Scene.js'
import { ofMarkdown } from '../doctest/extract.js'
import { barriers, inBrowser, isMissing } from './browser.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const site = `${root}/dist/site`
const at = (page: string): string => `${pathToFileURL(site).href}/${page}`

describe('the site', () => {
  beforeAll(() => {
    execFileSync(
      process.execPath,
      [`${root}/node_modules/@11ty/eleventy/cmd.cjs`, '--config=docs/site/eleventy.config.js'],
      { cwd: root }
    )
  })

  it('has no link that leads nowhere, and every public name two clicks away', () => {
    const said = execFileSync(process.execPath, [`${root}/docs/site/check.js`], { encoding: 'utf8' })
    expect(said).toMatch(
      /^\d{3,} pages, \d+ links, \d{3,} public names, \d+ with a sentence and \d+ with an example: all lead somewhere\n$/
    )
  })

  it('shows no example that is not run: those of its pages are the doctests of docs', () => {
    for (const page of ['tutorial', 'concepts', 'coming-from', 'recipes', 'objectives']) {
      const file = `docs/${page}.md`
      const programs = ofMarkdown(file, readFileSync(`${root}/${file}`, 'utf8'))
      const run = programs.flatMap(({ examples }) => examples.map(({ code }) => code.trim()))
      const html = readFileSync(`${site}/${page}.html`, 'utf8')
      const shown = [...html.matchAll(/<code class="language-ts">([\s\S]*?)<\/code>/g)].map(([, inner]) =>
        inner
          .replace(/<[^>]+>/g, '')
          .replace(/&(lt|gt|amp|quot);/g, (_, name: string) => ({ lt: '<', gt: '>', amp: '&', quot: '"' })[name] ?? '')
          .trim()
      )
      expect(run.length, page).toBeGreaterThan(0)
      expect(shown, page).toEqual(run)
    }
  })

  describe.skipIf(isMissing)('in a browser', () => {
    const shown = inBrowser()
    const visit = async (name: string, width: number, look: (page: Page) => Promise<void>): Promise<void> => {
      const { page, errors } = await shown({ width }, at(name))
      await look(page)
      expect(errors).toEqual([])
    }

    const kinds = ['index.html', 'tutorial.html', 'names.html', 'words/Schedule.cosine.html', 'api/Schedule.html']
    /** Those that are searched for barriers: of each kind one, and of the others, which have one frame and one style, every third. */
    const searched = (): ReadonlySet<string> => {
      const prose = readdirSync(site).filter(name => name.endsWith('.html') && !kinds.includes(name))
      expect(prose.length).toBeGreaterThan(20)
      return new Set([...kinds, 'playground.html', ...prose.filter((_, i) => i % 3 === 0)])
    }
    it('opens without a complaint, fits a telephone, and puts no barrier before a reader', async () => {
      const all = searched()
      const found = new Map<string, ReadonlyArray<string>>()
      for (const name of new Set([...kinds, 'laws.html', 'vocabulary.html', ...all]))
        await visit(name, 390, async page => {
          // Pages of their own have no menu of the site.
          if (!['playground.html', 'your-table.html'].includes(name)) {
            expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(390)
            await page.click('#menu')
            expect(await page.isVisible('#side'), name).toBe(true)
            await page.click('#menu')
          }
          if (!all.has(name)) return
          await page.setViewportSize({ width: 1200, height: 900 })
          const some = await barriers(page)
          if (some.length > 0) found.set(name, some)
        })
      expect(found).toEqual(new Map())
    })

    it('finds a word, by the keyboard alone', () =>
      visit('tutorial.html', 1200, async page => {
        await page.keyboard.press('/')
        await page.keyboard.type('karras')
        await page.waitForSelector('#found [aria-selected="true"]')
        await page.keyboard.press('Enter')
        await page.waitForFunction(() => document.title.startsWith('TimeGrid.karras'))
        expect(page.url()).toBe(at('words/TimeGrid.karras.html'))
      }))

    it('finds pages by the words of those who do not know the names here', () =>
      visit('tutorial.html', 1200, async page => {
        const places: Readonly<Record<string, RegExp>> = {
          'missing values': /recipes\.html#.*missing-values/,
          predict: /mixtures\.html#.*algebra|recipes\.html#.*cluster-rows/,
          'how many clusters': /recipes\.html#.*how-many-clusters/,
          cluster: /recipes\.html#.*cluster/,
          outlier: /recipes\.html#.*outliers/,
          'save model': /recipes\.html#.*save-the-model/,
          'confidence interval': /recipes\.html#.*confidence-intervals/,
          excel: /cluster-a-table\.html$/,
          outliers: /recipes\.html#.*outliers/
        }
        for (const [words, place] of Object.entries(places)) {
          await page.fill('#search', '')
          await page.fill('#search', words)
          // Among the first five.
          await page.waitForFunction(
            ({ source }) =>
              [...document.querySelectorAll('#found li a')]
                .slice(0, 5)
                .some(link => new RegExp(source).test(link.getAttribute('href') ?? '')),
            { source: place.source }
          )
        }
      }))

    it('begins with a picture that moves, and three doors; the button for the theme is whole', () =>
      visit('index.html', 1200, async page => {
        expect(await page.locator('.doors a').allInnerTexts()).toHaveLength(3)
        const corners = (): Promise<string> =>
          page.evaluate(() => {
            const shape = document.querySelector<SVGPolygonElement>('#hero polygon')
            return Array.from(shape?.animatedPoints ?? [], ({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')
          })
        // One second on it has grown; at the end it is turned.
        await page.evaluate(() => document.querySelector<SVGSVGElement>('#hero')?.setCurrentTime(0.2))
        const first = await corners()
        await page.evaluate(() => document.querySelector<SVGSVGElement>('#hero')?.setCurrentTime(2.5))
        expect(await corners()).not.toBe(first)
        const button = await page.locator('#theme').boundingBox()
        const drawn = await page.locator('#theme svg').boundingBox()
        expect(drawn?.width).toBe(20)
        expect(drawn?.y).toBeGreaterThanOrEqual(button?.y ?? NaN)
        expect((drawn?.y ?? NaN) + 20).toBeLessThanOrEqual((button?.y ?? NaN) + (button?.height ?? NaN))
      }))

    it('keeps its picture still for readers who prefer reduced motion, until they press its button', async () => {
      const { page } = await shown({ width: 1200, reducedMotion: 'reduce' }, at('index.html'))
      const cornersAt = (seconds: number): Promise<string> =>
        page.evaluate(seconds => {
          document.querySelector<SVGSVGElement>('#hero')?.setCurrentTime(seconds)
          const shape = document.querySelector<SVGPolygonElement>('#hero polygon')
          return Array.from(shape?.animatedPoints ?? [], ({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(' ')
        }, seconds)
      const still = await cornersAt(0.2)
      expect(still).toBe(
        (await page.getAttribute('#hero polygon', 'points'))?.replace(/-?[\d.]+/g, x => Number(x).toFixed(2))
      )
      expect(await cornersAt(2.5)).toBe(still)
      await page.evaluate(() => document.querySelector<SVGSVGElement>('#hero')?.pauseAnimations())
      await page.click('#hero-play')
      expect(await cornersAt(4)).not.toBe(still)
    })

    it('turns dark and light, and remembers', () =>
      visit('index.html', 1200, async page => {
        const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
        const before = await paper()
        await page.click('#theme')
        const after = await paper()
        expect(after).not.toBe(before)
        await page.goto(at('vocabulary.html'))
        expect(await paper()).toBe(after)
        await page.evaluate(() => {
          localStorage.clear()
        })
      }))

    it('has the playground as a page, which runs the scene of its address and leads back', () => {
      const scene = { ...presets[2].scene, seed: 5 }
      return visit(`playground.html#${toHash(scene)}`, 1200, async page => {
        await page.waitForSelector('#numbers tbody tr')
        expect(await page.inputValue('[name=seed]')).toBe('5')
        await page.click('#bench-play')
        await page.waitForFunction(
          () => Number((document.querySelector('#bench-at')?.textContent ?? '').split(' ')[0]) >= 5
        )
        await page.click('header a')
        await page.waitForFunction(() => document.title === 'ornstein')
      })
    })
  })
})
