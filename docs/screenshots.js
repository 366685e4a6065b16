/**
 * Takes the pictures of docs/images/screens, and the gallery’s of the playground, in Chromium: `npm run screenshots`. It needs
 * the built package and the built site, and Debian's chromium or the browser that CHROMIUM names. `node docs/screenshots.js question`
 * takes only those whose name begins so, and needs no more than the playground for them.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { bundled } from '../examples/playground/bundle.mjs'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const root = here('..')
const images = here('images')
const temporary = mkdtempSync(join(tmpdir(), 'ornstein-'))
const only = process.argv[2] ?? ''
const isAsked = name => name.replace('screens/', '').startsWith(only) || only.startsWith(name)
const report = join(temporary, 'report.html')
if (isAsked('report'))
  execFileSync(
    process.execPath,
    ['dist/cli/main.js', 'fit', 'examples/data/penguins.csv', '--seed', '0', '--report', report],
    { cwd: root, stdio: 'ignore' }
  )
const playground = join(temporary, 'playground.html')
writeFileSync(playground, await bundled())

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : []
})

/** Chromium takes PNG and JPEG; its canvas writes WebP, which is a third of either. */
const webp = async png => {
  const page = await browser.newPage()
  const base64 = await page.evaluate(async data => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob())
    const canvas = new OffscreenCanvas(image.width, image.height)
    canvas.getContext('2d')?.drawImage(image, 0, 0)
    const bytes = new Uint8Array(
      await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.82 })).arrayBuffer()
    )
    return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''))
  }, png.toString('base64'))
  await page.close()
  return Buffer.from(base64, 'base64')
}

const looks = {
  light: { viewport: { width: 1280, height: 860 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 780 }, colorScheme: 'light', deviceScaleFactor: 2 }
}

const taken = async (name, url, { clip, ...look }, act = async () => {}) => {
  if (!isAsked(name)) return
  const page = await browser.newPage(look)
  await page.goto(url)
  await act(page)
  const picture = await webp(await page.screenshot(clip === undefined ? {} : { clip }))
  await page.close()
  writeFileSync(join(images, name), picture)
  console.log(`docs/images/${name}, ${Math.round(picture.length / 1024)} kB`)
}

/** The ring, learned so far that every centre is on its way. */
const midway = async page => {
  await page.waitForSelector('#numbers tbody tr')
  await page.click('#presets button:nth-child(6)')
  // Before the scene is open there is no step to come.
  await page.waitForFunction(
    () =>
      document.querySelector('#presets button:nth-child(6)')?.getAttribute('aria-current') === 'true' &&
      /^0 of [1-9]/.test(document.querySelector('#bench-at')?.textContent ?? '')
  )
  await page.click('#bench-play')
  await page.waitForFunction(
    () => Number(document.querySelector('#bench-at')?.textContent.split(' ')[0]) >= 170,
    undefined,
    {
      timeout: 600_000
    }
  )
  await page.$eval('#scrub', input => {
    input.value = '160'
    input.dispatchEvent(new Event('input'))
  })
  await page.evaluate(() => scrollTo(0, 0))
  // The field of that step comes a moment later.
  await page.waitForTimeout(1500)
}

/** What shows each question best, by its number. */
const states = {
  0: 'step=9',
  1: 'step=16',
  2: 'step=50',
  3: 'step=5',
  4: 'step=19',
  5: 'step=19',
  '6a': 'step=150',
  '6b': 'step=60',
  7: 'step=7',
  8: 'step=30'
}
const run = async page => {
  // The numbers are those of the whole run.
  await page.waitForFunction(() => /\d$/.test(document.querySelector('#at')?.textContent ?? ''), undefined, {
    timeout: 600_000
  })
  await page.waitForTimeout(300)
}

mkdirSync(join(images, 'screens'), { recursive: true })
const question = number => `${pathToFileURL(playground).href}#question=${number}&${states[number]}`
for (const number of Object.keys(states)) {
  if (!isAsked(`question-${number}`)) continue
  // One run for all looks.
  const page = await browser.newPage(looks.light)
  await page.goto(question(number))
  await run(page)
  for (const [name, { viewport, colorScheme }] of Object.entries(looks)) {
    await page.setViewportSize(viewport)
    await page.emulateMedia({ colorScheme })
    await page.waitForTimeout(300)
    const picture = await webp(await page.screenshot())
    writeFileSync(join(images, `screens/question-${number}-${name}.webp`), picture)
    console.log(`docs/images/screens/question-${number}-${name}.webp, ${Math.round(picture.length / 1024)} kB`)
  }
  await page.close()
}
await taken(
  'playground.webp',
  question(1),
  { viewport: { width: 1120, height: 860 }, colorScheme: 'light', deviceScaleFactor: 1.2 },
  run
)
const site = name => `${pathToFileURL(`${root}/dist/site/`).href}${name}`
for (const [name, look] of Object.entries(looks)) {
  await taken(`screens/site-${name}.webp`, site('index.html'), look)
  await taken(`screens/word-${name}.webp`, site('words/Schedule.cosine.html'), look)
  await taken(`screens/workbench-${name}.webp`, site('playground.html#workbench'), look, midway)
  await taken(`screens/report-${name}.webp`, pathToFileURL(report).href, look)
}
await browser.close()
rmSync(temporary, { recursive: true })
