/** The workbench of the playground in a real browser: its scenes open, run, scrub, sample, are drawn by hand, shared and read back. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { Optimizer, Vocabulary } from 'ornstein'
import type { Page } from 'playwright-core'
import { engine } from '../../examples/playground/engine.js'
import { presets } from '../../examples/playground/presets.js'
import { choices, code, fromHash, pipelines, toHash } from '../../examples/playground/Scene.js'
import { isSlow, once } from '../cases.js'
import { addressOf, inBrowser, isMissing } from './browser.js'

describe('a scene', () => {
  once('is read back from its address', () => {
    for (const { scene } of presets) expect(fromHash(toHash(scene))).toEqual(E.right(scene))
  })

  once('is refused where the address was cut, or holds what is no scene', () => {
    const hash = toHash(presets[0].scene)
    expect(E.isLeft(fromHash(hash.slice(0, -9)))).toBe(true)
    expect(fromHash(btoa(JSON.stringify({ ...presets[0].scene, rate: -1 })))).toEqual(
      E.left('the address holds a scene whose rate is none that is known; choose one')
    )
    expect(E.isLeft(fromHash(btoa(JSON.stringify({ ...presets[0].scene, phases: [] }))))).toBe(true)
  })

  it.runIf(isSlow)('is learned as its text says', () => {
    const { answer } = engine()
    // In a maximum of the likelihood EM is at rest: descent at little noise comes near it, at much noise it does not.
    const allowed = [0.03, 1e-3, 2e-3, 2e-3, 0.03, 5e-3]
    // A network has no density: see below.
    const mixtures = presets.filter(({ scene }) => scene.score !== 'network')
    expect(mixtures).toHaveLength(allowed.length)
    for (const [i, { name, scene }] of mixtures.entries()) {
      const opened = answer('open', { scene })
      if (typeof opened === 'string') throw new Error(opened)
      expect(opened.refused).toEqual({})
      expect(scene.learners).toEqual(expect.arrayContaining(['em', 'descent']))
      const [em, descent] = (['em', 'descent'] as const).map(
        learner => answer('step', { learner, count: 1e4 }).at(-1)?.logDensity ?? NaN
      )
      expect(em - descent, name).toBeLessThan(allowed[i])
    }
  })

  it.runIf(isSlow)('whose score is a network learns a field, and points are drawn along it', () => {
    const { scene } = presets[6]
    const { answer } = engine()
    const opened = answer('open', { scene })
    if (typeof opened === 'string' || opened.truth === null) throw new Error('not opened')
    const frames = answer('step', { learner: 'descent', count: 1e4 })
    // E |ε(x_t) − z|² of a network that says 0 is 2, the number of columns.
    expect(frames.at(-1)?.value).toBeLessThan(1.3)
    const { means } = opened.truth
    for (const sampler of ['heun', 'ancestral'] as const) {
      const { points } = answer('sample', { learner: 'descent', step: 1e4, count: 300, steps: 60, seed: 1, sampler })
      const last = points[points.length - 1]
      const squared = Array.from({ length: 300 }, (_, i) =>
        Math.min(...[0, 1, 2].map(k => (last[2 * i] - means[2 * k]) ** 2 + (last[2 * i + 1] - means[2 * k + 1]) ** 2))
      )
      // A point of the truth is √2 from its centre in the mean square, a point of one round Gaussian in their middle farther off.
      expect(squared.filter(s => s < 9).length).toBeGreaterThan(270)
    }
    const field = answer('field', {
      learner: 'descent',
      step: 1e4,
      time: 0.3,
      box: { left: -8, right: 8, bottom: -8, top: 8 },
      cells: 4,
      arrows: 4
    })
    expect(field.logDensity).toBeNull()
    // Far out the field leads inwards: from the lower left corner up and to the right.
    expect(field.score[0]).toBeGreaterThan(0)
    expect(field.score[1]).toBeGreaterThan(0)
  })

  once(
    'may hold any word of the menus, which are the vocabulary’s: it runs, or is refused with what is missing',
    () => {
      const scene = { ...presets[2].scene, expectation: 'monteCarlo' } as const
      const { answer } = engine()
      const changes = (['schedule', 'score', 'start', 'optimizer', 'expectation', 'objective'] as const).flatMap(menu =>
        choices[menu].map(word => ({ ...scene, [menu]: word, phases: [[0.2, 2] as [number, number]] }))
      )
      expect(changes.length).toBeGreaterThan(40)
      const refused = changes.filter(change => {
        expect(fromHash(toHash(change))).toEqual(E.right(change))
        const opened = answer('open', { scene: change })
        if (typeof opened === 'string') throw new Error(opened)
        return opened.refused.descent !== undefined
      })
      // A network’s start at rows, a start of one’s own, steps that need one loss, and quadrature of what is no pair.
      expect(
        refused.map(change => [change.score, change.start, change.optimizer, change.expectation].join(' '))
      ).toEqual([
        'network fromData gradientDescent monteCarlo',
        'spherical networkDefault gradientDescent monteCarlo',
        'spherical fromData lbfgs monteCarlo',
        'spherical fromData newton monteCarlo',
        'spherical fromData gradientDescent quadrature'
      ])
      const ofRate = (optimizer: string): unknown =>
        Vocabulary.codec(Vocabulary.standard)(Optimizer.concept).encode(
          (
            pipelines({ ...scene, optimizer, rate: 0.3 }).descent.stages[0] as unknown as {
              optimizer: Optimizer.Optimizer
            }
          ).optimizer
        )
      expect(ofRate('adam')).toEqual(
        Vocabulary.codec(Vocabulary.standard)(Optimizer.concept).encode(Optimizer.adam({ rate: 0.3 }))
      )
      expect(ofRate('momentum')).toEqual(
        Vocabulary.codec(Vocabulary.standard)(Optimizer.concept).encode(Optimizer.momentum({ rate: 0.3 }))
      )
    }
  )

  once('as code names all that it uses', () => {
    for (const { scene } of presets) {
      const text = code(scene)
      const imported = /import \{ (.*) \}/.exec(text)?.[1].split(', ') ?? []
      const body = text.split('\n').slice(1).join('\n')
      const used = [...new Set([...body.matchAll(/(?<![.\w])([A-Z][A-Za-z]+)\./g)].map(([, name]) => name))]
      expect(imported).toEqual(used.sort())
    }
  })
})

describe.runIf(isSlow && !isMissing)('the workbench', () => {
  const visit = inBrowser()
  const at = async (page: Page): Promise<number> => Number(((await page.textContent('#bench-at')) ?? '').split(' ')[0])
  const ready = (page: Page): Promise<unknown> => page.waitForSelector('#numbers tbody tr')
  /** Plays with the workbench, at the scene of a hash. */
  const play = async (width: number, play: (page: Page) => Promise<void>, hash = 'workbench'): Promise<void> => {
    const { page, errors } = await visit({ width }, `${addressOf('playground')}#${hash}`)
    await ready(page)
    await play(page)
    expect(errors).toEqual([])
  }
  const svgOf = (page: Page, id: string): Promise<string> => page.$eval(`${id} svg`, svg => svg.outerHTML)

  it('opens every scene, runs, pauses and scrubs, names every control, and fits a telephone', () =>
    play(1200, async page => {
      for (const [i, { name, scene }] of presets.entries()) {
        await page.click(`#presets button:nth-child(${i + 1})`)
        await page.waitForFunction(
          ({ count }) =>
            document.querySelectorAll('#numbers tbody tr').length === count &&
            document.querySelector('#bench-at')?.textContent.startsWith('0 of ') === true,
          { count: scene.learners.length }
        )
        await page.click('#bench-play')
        await page.waitForFunction(
          () => Number((document.querySelector('#bench-at')?.textContent ?? '').split(' ')[0]) >= 10
        )
        await page.click('#bench-play')
        const paused = await at(page)
        expect(paused, name).toBeGreaterThanOrEqual(10)
        expect(await svgOf(page, '#scenery')).toContain('class="dots"')
        expect(await svgOf(page, '#chart')).toContain('class="line"')
        await page.$eval('#scrub', input => {
          if (!(input instanceof HTMLInputElement)) return
          input.value = '3'
          input.dispatchEvent(new Event('input'))
        })
        await page.waitForFunction(() => (document.querySelector('#bench-at')?.textContent ?? '').startsWith('3 of '))
        expect(page.url()).toBe(`${addressOf('playground')}#${toHash(scene)}`)
      }
      const nameless = await page.$$eval('button, input, select, textarea, [tabindex="0"]', all =>
        all
          .filter(
            one =>
              !(
                one.textContent.trim() !== '' ||
                one.hasAttribute('aria-label') ||
                one.closest('label') !== null ||
                document.querySelector(`label[for="${one.id}"]`) !== null
              )
          )
          .map(one => one.outerHTML)
      )
      expect(nameless).toEqual([])
      await page.setViewportSize({ width: 390, height: 900 })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    }))

  it('is the scene of its address, and the same numbers as in Node', async () => {
    const scene = { ...presets[2].scene, seed: 11 }
    const { answer } = engine()
    answer('open', { scene })
    const frames = answer('step', { learner: 'descent', count: 5 })
    await play(
      1200,
      async page => {
        for (let i = 0; i < 5; i++) await page.click('#bench-forward')
        await page.waitForFunction(() => (document.querySelector('#bench-at')?.textContent ?? '').startsWith('5 of '))
        const row = await page.textContent('#numbers tbody tr')
        expect(row).toContain(frames[4].logDensity?.toFixed(4))
        expect(row).toContain(frames[4].value?.toPrecision(5))
        // Who does not see the picture hears where the centres are.
        const [x] = frames[4].learned?.means ?? []
        expect(await page.getAttribute('#bench-picture', 'aria-label')).toContain(
          `DDPM descent: centres at (${x.toFixed(1)}, `
        )
      },
      toHash(scene)
    )
  })

  it('says what is wrong with an address, and with a choice', () =>
    play(
      1200,
      async page => {
        await page.waitForFunction(() => document.querySelector('#status')?.textContent !== '')
        expect(await page.textContent('#status')).toBe('the address holds no scene; choose one')
        const told = await page.textContent('#about')
        await page.selectOption('[name=score]', 'full')
        await page.waitForFunction(() => /power iteration/.test(document.querySelector('#status')?.textContent ?? ''))
        expect(await page.textContent('#status')).toMatch(/power iteration: .*Score\.symmetricPair/)
        // The text is written anew where it no longer fits, and is there again with what it was written for.
        expect(await page.textContent('#about')).toMatch(
          /^Changed from “High noise: the direction”: score full \(was symmetricPair\)/
        )
        await page.selectOption('[name=score]', 'symmetricPair')
        await page.waitForFunction(before => document.querySelector('#about')?.textContent === before, told)
      },
      'nothing'
    ))

  it('takes points drawn with the pointer, with the keys, and pasted', () =>
    play(1200, async page => {
      await page.click('#draw')
      const box = await page.locator('#bench-picture').boundingBox()
      if (box === null) throw new Error('no picture')
      for (const [x, y] of [
        [0.3, 0.3],
        [0.7, 0.6],
        [0.32, 0.33],
        [0.68, 0.63]
      ])
        await page.mouse.click(box.x + x * box.width, box.y + y * box.height)
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('Enter')
      await page.click('#draw')
      await ready(page)
      expect(await page.inputValue('[name=rows]')).toBe('60')
      const shared = fromHash(page.url().split('#')[1] ?? '')
      expect(E.isRight(shared) && 'drawn' in shared.right.data && shared.right.data.drawn.length).toBe(60)
      await page.click('#workbench summary')
      await page.fill('#table', '1, 2\n3; 4\n−1 0.5\n2 2.5')
      await page.click('#paste')
      await page.waitForFunction(() => document.querySelector<HTMLInputElement>('[name=rows]')?.value === '4')
      await page.fill('#table', '1, 2\n3')
      await page.click('#paste')
      expect(await page.textContent('#status')).toBe('Row 2 of the table is not two numbers; correct it.')
    }))

  const slide = (page: Page, id: string, value: string): Promise<void> =>
    page.$eval(
      id,
      (input, value) => {
        if (!(input instanceof HTMLInputElement)) return
        input.value = value
        input.dispatchEvent(new Event('input'))
      },
      value
    )
  it.each(['heun', 'ancestral'])('samples by reverse diffusion, forth and back: %s', sampler =>
    play(1200, async page => {
      for (const id of ['#show-density', '#show-field']) await page.uncheck(id)
      await page.selectOption('#sampler', sampler)
      await page.click('#sample')
      await page.waitForFunction(() => /600 points/.test(document.querySelector('#status')?.textContent ?? ''))
      await page.waitForFunction(() => document.querySelector('#noise-at')?.textContent === 't = 0.00')
      const back = async (to: string): Promise<string> => {
        await slide(page, '#noise', to)
        await page.waitForFunction(
          isEnd => (document.querySelector('#noise-at')?.textContent === 't = 0.00') === isEnd,
          to === '0'
        )
        // The label may have said so already, of points that still fell.
        await page.evaluate(() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))))
        return svgOf(page, '#learned')
      }
      const end = await back('0')
      expect((await back('300')) === end).toBe(false)
      expect((await back('0')) === end).toBe(true)
    })
  )

  it('shows what noise does to the points', () =>
    play(1200, async page => {
      const clean = await svgOf(page, '#scenery')
      await page.check('#show-noise')
      await page.waitForFunction(before => document.querySelector('#scenery svg')?.outerHTML !== before, clean)
      const early = await svgOf(page, '#scenery')
      await slide(page, '#noise', '0')
      await page.waitForFunction(before => document.querySelector('#scenery svg')?.outerHTML !== before, early)
    }))

  // How long a frame takes is measured by `npm run frames`.
  it('draws what is learned at most once a frame of the screen, and 2000 points not again', async () => {
    const { scene } = presets[5]
    await play(
      1200,
      async page => {
        for (const id of ['#show-density', '#show-field']) await page.uncheck(id)
        const drawn = await page.evaluate(async () => {
          const count = { frames: 0, scenery: 0, learned: 0 }
          for (const id of ['scenery', 'learned'] as const)
            new MutationObserver(all => (count[id] += all.length)).observe(document.getElementById(id) ?? document, {
              childList: true
            })
          document.getElementById('bench-play')?.click()
          while (Number((document.getElementById('bench-at')?.textContent ?? '').split(' ')[0]) < 100) {
            await new Promise(requestAnimationFrame)
            count.frames++
          }
          return count
        })
        expect(drawn.learned).toBeGreaterThanOrEqual(100)
        expect(drawn.learned).toBeLessThanOrEqual(drawn.frames)
        // For the two layers that were switched off, and for a field that was asked for before.
        expect(drawn.scenery).toBeLessThan(5)
      },
      toHash({ ...scene, data: { law: 'ring', rows: 2000, spread: 4, seed: 7 } })
    )
  })
})
