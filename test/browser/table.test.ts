/** The page for a table in a real browser: what it makes of a table is what the command line makes, byte for byte. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { addressOf, barriers, inBrowser, isMissing } from './browser.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ornstein-table-'))
const at = (name: string): string => join(folder, name)

describe.skipIf(isMissing)('the page for a table', () => {
  const visit = inBrowser()
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  const shown = (width = 1000) => visit({ width, height: 800 }, addressOf('table'))
  const told = (page: Page): Promise<string> => page.locator('#wrong').innerText()
  const isReady = (page: Page): Promise<void> => page.locator('#fit:not([disabled])').waitFor({ state: 'visible' })
  const downloaded = async (page: Page, name: string): Promise<string> => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`a[download="${name}"]`)])
    return readFileSync(await download.path(), 'utf8')
  }
  const ornstein = (...words: ReadonlyArray<string>): string =>
    execFileSync(process.execPath, [`${root}/dist/cli/main.js`, ...words], { cwd: folder, encoding: 'utf8' })

  it('makes what the command line makes, by keyboard alone, and takes its model back', async () => {
    copyFileSync(`${root}/examples/data/penguins.csv`, at('penguins.csv'))
    const { page, errors } = await shown()
    await page.getByRole('button', { name: 'penguins.csv' }).focus()
    await page.keyboard.press('Enter')
    await isReady(page)
    // The field for a file names the table, which no dialog chose.
    const named = (): Promise<string | undefined> =>
      page.$eval('#file', input => (input as HTMLInputElement).files?.[0]?.name)
    expect(await named()).toBe('penguins.csv')
    await page.selectOption('#option-labels', 'species')
    await page.selectOption('#option-missing', 'drop')
    await page.locator('details:has(> #more) > summary').focus()
    await page.keyboard.press('Enter')
    await page.locator('#option-family').focus()
    await page.keyboard.type('full,tied')
    await page.locator('#option-components').focus()
    await page.keyboard.type('3')
    await page.keyboard.press('Enter')
    await page.locator('#made').waitFor({ state: 'visible' })
    expect(await told(page)).toBe('')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('found')
    const how = ['-k', '3', '--family', 'full,tied', '--missing', 'drop']
    const said = ornstein(
      'fit',
      'penguins.csv',
      ...how,
      '--labels',
      'species',
      '--out',
      'model.json',
      '--report',
      'report.html'
    )
    ornstein('assign', 'model.json', 'penguins.csv', '--missing', 'drop', '--out', 'assigned.csv')
    for (const name of ['model.json', 'assigned.csv'])
      expect(await downloaded(page, name)).toBe(readFileSync(at(name), 'utf8'))
    // A page names its options in the order of its form.
    const without = (html: string): string => html.replace(/<p class="soft">Next, .*<\/p>/, '')
    expect(without(await downloaded(page, 'report.html'))).toBe(without(readFileSync(at('report.html'), 'utf8')))
    expect(said).toContain('Adjusted Rand index')
    expect(await page.locator('#told').textContent()).toContain('Adjusted Rand index')
    expect(await page.frameLocator('#report').locator('h1').innerText()).toBe('3 groups in penguins.csv')
    await page.setInputFiles('#file', at('model.json'))
    await page.locator('#progress').filter({ hasText: /^$/ }).waitFor({ state: 'attached' })
    await page.locator('#told').filter({ hasText: 'under model.json' }).waitFor({ state: 'attached' })
    expect(await downloaded(page, 'assigned.csv')).toBe(readFileSync(at('assigned.csv'), 'utf8'))
    expect(errors).toEqual([])
  })

  it('says which cell is wrong, and leads to the option that may mend it', async () => {
    writeFileSync(at('bad.csv'), 'x,y\n1,2\n3,\n5,6\n')
    const { page } = await shown()
    await page.setInputFiles('#file', at('bad.csv'))
    await isReady(page)
    // A table with missing cells uses the cells that there are, unless the form says otherwise.
    expect(await page.inputValue('#option-missing')).toBe('em')
    await page.selectOption('#option-missing', 'Stop and say where')
    await page.fill('#option-components', '1')
    await page.click('#fit')
    await page.locator('#wrong p').waitFor()
    expect(await told(page)).toMatch(/row 2, column 2 \(y\)/)
    expect(await told(page)).not.toContain('--')
    await page.locator('#wrong a', { hasText: 'Leave those rows out' }).first().click()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('option-missing')
    await page.click('#paste summary')
    await page.fill('#pasted', 'a\tb\n1\t2\n3\t5\n')
    await page.click('#use')
    await page.locator('#what').filter({ hasText: 'pasted table' }).waitFor()
  })

  it('reads decimal commas between semicolons, leaves constant columns out, and speaks without options', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 2},5;7;${Math.round(10 * Math.sin(i))},25;${i % 7},5`)
    writeFileSync(at('commas.csv'), `x;same;y;z\n${rows.join('\n')}\n`)
    const { page } = await shown()
    await page.setInputFiles('#file', at('commas.csv'))
    await isReady(page)
    expect(await page.inputValue('#option-decimal')).toBe(',')
    // The button is in view, though the form is longer than the screen, and says so of a table without empty cells.
    expect((await page.locator('#fit').boundingBox())?.y).toBeLessThan(760)
    expect(await page.locator('label:has(#option-missing) small').innerText()).toBe('No cell of this table is empty')
    const ticked = await page.$$eval('#columns input', all => all.map(box => (box as HTMLInputElement).checked))
    expect(ticked).toEqual([true, false, true, true])
    expect(await page.locator('#ignored').innerText()).toContain('same: the same in every row')
    expect(await page.locator('#form label, #form legend, #form small').allInnerTexts()).not.toContainEqual(
      expect.stringContaining('--')
    )
    await page.fill('#option-components', '2')
    await page.click('#fit')
    await page.locator('#made').waitFor({ state: 'visible' })
    // The result takes the form's place, near the top of the page.
    expect(await page.locator('#option-components').isVisible()).toBe(false)
    const top = await page.evaluate(
      () => (document.getElementById('found')?.getBoundingClientRect().top ?? NaN) + scrollY
    )
    expect(top).toBeLessThan(500)
    const report = page.frameLocator('#report').locator('main')
    expect(await report.innerText()).toContain('60 rows of commas.csv fall into 2 groups')
    expect(await report.innerText()).not.toMatch(/--[a-z]|ornstein (fit|assign)/)
    // A word leads to its meaning inside the report.
    await report.locator('a[href="#word-component"]').click()
    expect(await report.locator('#word-component').innerText()).toBe('Component')
  })

  it('warns of a search that takes minutes, is cancelled with its form kept, draws what it has found so far, and stops with that', async () => {
    const rows = Array.from({ length: 100_100 }, (_, i) => `${Math.sin(i * i)},${Math.cos(3 * i)},${Math.sin(7 * i)}`)
    writeFileSync(at('long.csv'), `x,y,z\n${rows.join('\n')}\n`)
    const { page } = await shown()
    // 160 000 cells took half a minute.
    writeFileSync(at('half.csv'), `x,y,z\n${rows.slice(0, 53_334).join('\n')}\n`)
    await page.setInputFiles('#file', at('half.csv'))
    await isReady(page)
    expect(await page.locator('#long').isVisible()).toBe(true)
    await page.setInputFiles('#file', at('long.csv'))
    await isReady(page)
    expect(await page.locator('#long').isVisible()).toBe(true)
    await page.fill('#option-components', '9')
    await page.locator('#option-components').blur()
    expect(await page.locator('#long').isVisible()).toBe(false)
    await page.click('#fit')
    await page.click('#cancel')
    await isReady(page)
    expect(await page.inputValue('#option-components')).toBe('9')
    await page.fill('#option-components', '')
    await page.click('#fit')
    expect(await page.locator('#picture svg').first().getAttribute('aria-label')).toMatch(/ICL/)
    await page
      .locator('#elapsed')
      .filter({ hasText: /^\((\d+ min )?\d+ s so far\)$/ })
      .waitFor()
    await page.click('#stop')
    await page.locator('#made').waitFor({ state: 'visible' })
    await page.locator('#elapsed').filter({ hasText: /^$/ }).waitFor({ state: 'attached' })
    expect(await page.locator('#told').textContent()).toContain('Interrupted')
    expect(await page.locator('#picture svg').count()).toBe(0)
    expect((await downloaded(page, 'assigned.csv')).split('\n')).toHaveLength(100_102)
  })

  it('has no barrier, in light and dark, and no scroll aside on a phone', async () => {
    const { page } = await shown(360)
    await page.getByRole('button', { name: 'faithful.csv' }).click()
    await isReady(page)
    await page.fill('#option-components', '2')
    await page.click('#fit')
    await page.locator('#made').waitFor({ state: 'visible' })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    expect(await barriers(page)).toEqual([])
  })
})
