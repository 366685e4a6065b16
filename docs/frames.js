/**
 * What a frame of the playground takes, for docs/performance.md: `npm run frames`, in Chromium. Each scene runs with 2000 points,
 * density and score; intervals of frames are of the clock, work of the page's thread is of the processor. `*` is a telephone's
 * screen: 390 pixels wide, three of the screen in each.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('..', import.meta.url))
execFileSync(process.execPath, [`${root}/examples/playground/bundle.mjs`])
const address = `${pathToFileURL(`${root}/dist/playground/index.html`).href}#workbench`
const SECONDS = 3

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : []
})

const measured = async (scene, look) => {
  const page = await browser.newPage(look)
  await page.goto(address)
  await page.waitForSelector('#numbers tbody tr')
  await page.click(`#presets button:nth-child(${scene})`)
  await page.waitForFunction(() => document.querySelector('#bench-at')?.textContent.startsWith('0 of'))
  await page.fill('[name=rows]', '2000')
  await page.press('[name=rows]', 'Tab')
  await page.waitForFunction(() => document.querySelector('#code')?.textContent.includes('sample(2000)'))
  await page.waitForTimeout(500)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN
  }
  const before = await spent()
  await page.click('#bench-play')
  const intervals = await page.evaluate(
    seconds =>
      new Promise(resolve => {
        const times = []
        const next = time => {
          times.push(time)
          if (time - times[0] < 1000 * seconds) requestAnimationFrame(next)
          else resolve(times.slice(1).map((each, i) => each - times[i]))
        }
        requestAnimationFrame(next)
      }),
    SECONDS
  )
  const work = (1000 * ((await spent()) - before)) / intervals.length
  const name = await page.textContent(`#presets button:nth-child(${scene})`)
  await page.close()
  const sorted = [...intervals].sort((a, b) => a - b)
  const at = share => sorted[Math.floor(share * (sorted.length - 1))]
  return { name, frames: intervals.length / SECONDS, median: at(0.5), most: at(0.95), work }
}

console.log('scene                        frames a second   ms between them: median, 95 %   ms of the processor')
for (let scene = 1; scene <= 7; scene++)
  for (const [mark, look] of [
    ['', { viewport: { width: 1280, height: 900 } }],
    [' *', { viewport: { width: 390, height: 780 }, deviceScaleFactor: 3 }]
  ]) {
    const { name, frames, median, most, work } = await measured(scene, look)
    console.log(
      `${`${name}${mark}`.padEnd(28)} ${frames.toFixed(1).padStart(15)} ${median.toFixed(1).padStart(25)} ` +
        `${most.toFixed(1).padStart(6)} ${work.toFixed(1).padStart(21)}`
    )
  }
await browser.close()
