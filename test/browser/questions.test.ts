/** The questions of the playground: what each view shows of a run, held as numbers to what its text says; and the page in a browser. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { line } from '../../examples/playground/plot.js'
import { correction, frameOf } from '../../examples/playground/questions/correction.js'
import { count } from '../../examples/playground/questions/count.js'
import { direction } from '../../examples/playground/questions/direction.js'
import { questions } from '../../examples/playground/questions/index.js'
import { lower } from '../../examples/playground/questions/lower.js'
import { type Choice, type Question, taken, type View } from '../../examples/playground/questions/question.js'
import { rows } from '../../examples/playground/questions/rows.js'
import { sampling } from '../../examples/playground/questions/sampling.js'
import * as Start from '../../examples/playground/questions/start.js'
import { weights } from '../../examples/playground/questions/weights.js'
import { isSlow } from '../cases.js'
import { barriers, isMissing, launched, opened } from './browser.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const address = pathToFileURL(`${root}/dist/playground/index.html`).href

/** What a question shows at the end of a run, or at a step of it. */
const shown = (question: Question, choice: Choice = {}, steps?: number): View =>
  question.view(taken(question, choice, steps))
/** The value of a line at an abscissa. */
const at = (view: View, title: string, label: string, x: number): number => {
  const place = line(view.panels, title, label).places.find(([each]) => Math.abs(each - x) < 1e-9)
  if (place === undefined) throw new Error(`${label} has nothing at ${x}`)
  return place[1]
}

describe('direction first', () => {
  const [angle, length] = ['Angle to the truth', 'Length of the guess']
  const view = shown(direction)

  it('turns within 5° by step 16 with less than 15 % of the length of its end, on the dots', () => {
    expect(at(view, angle, 'descent', 16)).toBeLessThan(5)
    const end = at(view, length, 'descent', 35)
    expect(at(view, length, 'descent', 16)).toBeLessThan(0.15 * end)
    // The truth's length is 2; 1000 rows tell it to a few hundredths.
    expect(Math.abs(end - 2)).toBeLessThan(0.15)
    for (const [i, value] of line(view.panels, angle, 'descent').places)
      expect(Math.abs(value - at(view, angle, 'power iteration', i))).toBeLessThan(0.5)
    expect(at(view, length, 'power iteration', 35)).toBeGreaterThan(10 * end)
    expect(view.says).toMatch(/within 5° of the truth by step 1\d, when it had [5-9]\.\d % of its final length/)
    // A guess of a hundredth is drawn longer than it is, and says so; one that is drawn as it is is called a guess.
    const label = (step: number): unknown =>
      direction
        .view({ ...taken(direction, {}), step })
        .picture.marks.flatMap(mark => (mark.kind === 'label' ? mark.text : []))
        .at(-1)
    expect([label(0), label(35)]).toEqual(['direction, enlarged', 'guess'])
  })

  it('shrinks from a long start, and its angle alone follows the dots', () => {
    const long = shown(direction, { start: '3' })
    expect(Math.min(...line(long.panels, length, 'descent').places.map(([, value]) => value))).toBeLessThan(1.2)
    const gap = Math.max(
      ...line(long.panels, angle, 'descent').places.map(([i, value]) =>
        Math.abs(value - at(long, angle, 'power iteration', i))
      )
    )
    expect(gap).toBeLessThan(5)
    expect(long.says).toContain(`within ${Math.ceil(gap)}° of them`)
  })

  it('is found at low noise too, in fewer steps', () => {
    expect(at(shown(direction, { noise: '0.1' }), angle, 'descent', 4)).toBeLessThan(5)
  })
})

describe('nearly EM', () => {
  const viewed = (far: number, noise: string): View =>
    correction.view({ setting: null, frames: [frameOf(far)], step: 0, done: true, choice: { noise } })

  it('is within 1 % of EM at |c| = 4 and low noise, and not at |c| = 3 and high noise', () => {
    const share = (view: View, label: string, far: number): number =>
      at(view, 'Correction, as a share of the EM step', label, far)
    const near = viewed(4, '0.1')
    expect(share(near, 'low noise', 4)).toBeLessThan(0.01)
    expect(near.says).toContain('The arrows coincide')
    const blurred = viewed(3, '1')
    expect(share(blurred, 'high noise', 3)).toBeGreaterThan(0.3)
    expect(share(blurred, 'low noise', 3)).toBeLessThan(0.06)
    expect(blurred.says).toContain('The clusters overlap')
  })
})

/** Claims that take seconds of runs to hold. */
const heavy: Readonly<Record<string, () => void>> = {
  'why lower the noise: the size by step 50, the turn not; three steps of low noise turn it': () => {
    const view = shown(lower)
    expect(at(view, 'Size of the triangle', 'size', 50)).toBeGreaterThan(2.7)
    expect(at(view, 'How far it is turned', 'turn', 50)).toBeGreaterThan(30)
    expect(at(view, 'How far it is turned', 'turn', 53)).toBeLessThan(3)
    expect(view.says).toMatch(
      /At step 50 the noise fell, with the triangle 4\d° off\. Low noise brought it below 3° within [123] steps/
    )
  },
  'how much data: a direction from n|c|⁴/d = 16, as power iteration has it, and none from a quarter': () => {
    const view = shown(rows, { dim: '8' }, 1)
    for (const [n, value] of line(view.panels, 'Mean angle', 'descent').places) {
      if (n >= 16) {
        expect(value).toBeLessThan(30)
        expect(Math.abs(value - at(view, 'Mean angle', 'power iteration', n))).toBeLessThan(2)
      }
      if (n >= 32) expect(at(view, 'Share of runs within 45°', 'descent', n)).toBe(1)
    }
    expect(shown(rows, { far: '0.5', dim: '8' }, 0).says).toMatch(
      /At this distance 128 rows reach the line, and about 1024 find/
    )
  },
  'a good start: everyone within half a separation, moves alone at two': () => {
    const { ends } = Start.frameOf(0, [0.5, 2])
    for (const [near] of Object.values(ends)) expect(near.error).toBeLessThan(1)
    expect(ends.moves[1].error).toBeLessThan(1)
    expect(ends.low[1].error).toBeGreaterThan(1)
  },
  'a good start: the numbers of docs/should-i-use-this': () => {
    const frames = Array.from({ length: 20 }, (_, seed) => Start.frameOf(seed).ends)
    const found = (['low', 'annealed', 'em', 'moves'] as const).map(way =>
      [0, 1, 2, 3, 4].map(r => frames.filter(ends => ends[way][r].error < 1).length)
    )
    const page = readFileSync(`${root}/docs/should-i-use-this.md`, 'utf8')
    expect(
      [...page.matchAll(/^\|[^|]+((?:\| +\d+ )+)\|$/gm)].map(([, cells]) => (cells.match(/\d+/g) ?? []).map(Number))
    ).toEqual(found)
  },
  'weights: low noise is slow where clusters are apart, more noise is not': () => {
    const view = shown(weights, {}, 100)
    const weight = (label: string): number => at(view, 'Weight of the larger cluster', label, 100)
    const em = weight('EM')
    expect(em - weight('low noise, t = 0.1')).toBeGreaterThan(0.2)
    for (const label of ['more noise, t = 0.5', 'all levels']) expect(Math.abs(em - weight(label))).toBeLessThan(0.03)
    // EM has the share of the 1000 rows after one step: 829 of them, one of which is between the clusters.
    const first = shown(weights, {}, 1)
    expect(at(first, 'Weight of the larger cluster', 'EM', 1)).toBeCloseTo(0.829, 3)
    expect(shown(weights).says).toContain('the sample’s share of 0.83 after one step')
    expect(view.panels[0].y.ticks.map(([, text]) => text)).toContain('0.83')
  },
  'how many: three of any shape, more of round ones': () => {
    const view = shown(count)
    const least = (panel: string, look: string): number => {
      const found = view.panels.find(({ title }) => title.startsWith(panel))?.lines.find(each => each.look === look)
      return found?.at?.[0] ?? NaN
    }
    for (const by of ['BIC', 'ICL']) {
      expect(least(by, 'em')).toBe(3)
      expect(least(by, 'descent')).toBeGreaterThan(5)
    }
    expect(view.says).toContain('with any shape both criteria say 3')
  },
  'noise back to data: five ancestral steps spoil the walk of a score that ten of Heun find good': () => {
    const end = (choice: Choice): number => {
      const view = shown(sampling, choice)
      return line(view.panels, 'Energy distance to held-out data', '1000 rows').places.at(-1)?.[1] ?? NaN
    }
    expect(end({ sampler: 'ancestral', steps: '5' })).toBeGreaterThan(5 * end({ steps: '10' }))
    // 0.61, 0.04 and 0.29 standard deviations from 20 rows; of 800 samples a mean is known to 0.06.
    expect(shown(sampling).says).toContain('displaces a cluster of samples by 0.6 standard deviations')
  }
}
describe.runIf(isSlow)('what takes longer', () => {
  it.each(Object.keys(heavy))('%s', name => {
    heavy[name]()
  })
})

describe('every question', () => {
  it('has three things to try, of its own controls', () => {
    for (const { tries, controls, name } of questions) {
      expect(tries.length, name).toBe(3)
      for (const { choice } of tries)
        for (const [control, value] of Object.entries(choice).filter(([control]) => control !== 'step'))
          expect(
            controls.find(each => each.name === control)?.options.map(([one]) => one),
            name
          ).toContain(value)
    }
  })
})

describe.skipIf(isMissing)('the page', () => {
  let browser: Browser | null = null
  beforeAll(async () => {
    execFileSync(process.execPath, [`${root}/examples/playground/bundle.mjs`])
    browser = await launched()
  })
  afterAll(() => browser?.close())

  const isAt = (page: Page, text: string): Promise<unknown> =>
    page.waitForFunction(text => document.querySelector('#tour-at')?.textContent === text, text)

  it('shows what its address asks for, hears keys, tells what it shows, and has a picture of each question', async () => {
    if (browser === null) throw new Error('no browser')
    const { page, errors } = await opened(browser, { width: 390, height: 800 })
    await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'dark' })
    await page.goto(`${address}#question=1&step=16`)
    await isAt(page, 'step 16 of 35')
    const says = (step: number): string => direction.view({ ...taken(direction, {}), step }).says.replaceAll('*', '')
    expect(await page.textContent('#says')).toBe(says(16))
    // Who hears the page hears the same, once it stands still.
    await page.waitForFunction(text => document.querySelector('#heard')?.textContent === text, says(16))
    await page.keyboard.press('ArrowLeft')
    await isAt(page, 'step 15 of 35')
    expect(page.url()).toBe(`${address}#question=1&step=15`)
    // Motion that is not wanted is none: the end, at once.
    await page.keyboard.press(' ')
    await isAt(page, 'step 35 of 35')
    await page.click('#tries button')
    await page.waitForFunction(() => /first shrinks/.test(document.querySelector('#says')?.textContent ?? ''))
    expect(page.url()).toContain('start=3')
    for (const [i, { question }] of questions.entries()) {
      await page.keyboard.press(String(i + 1))
      await page.waitForFunction(
        text =>
          document.querySelector('#question')?.textContent === text &&
          document.querySelectorAll('#tour svg').length === 2,
        question
      )
      expect(await page.evaluate(() => document.documentElement.scrollWidth), question).toBeLessThanOrEqual(390)
      expect(await barriers(page), question).toEqual([])
    }
    expect(errors).toEqual([])
  })
})
