/** A real browser: Debian's Chromium, or the one that CHROMIUM names. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const executable = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path): path is string => path !== undefined && existsSync(path)
)

/** Where there is none, what would be checked in it is skipped, and said to be; not where everything must be checked. */
export const isMissing = executable === undefined && (process.env.CI === undefined || process.env.CHROMIUM === 'none')
if (isMissing)
  console.warn('no browser: install Debian’s chromium, or name one by CHROMIUM=path, to run test/browser too')

const launched = (): Promise<Browser> =>
  // Chromium starts no sandbox for root, which is who runs in a container.
  chromium.launch({
    executablePath: executable ?? '/usr/bin/chromium',
    timeout: 120_000,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : []
  })

const written = new Map<string, string>()
/** The address of a page of the examples, which is written once for all tests of a worker. */
export const addressOf = (name: 'playground' | 'table'): string => {
  const known = written.get(name)
  if (known !== undefined) return known
  execFileSync(process.execPath, [`${root}/examples/${name}/bundle.mjs`])
  const { href } = pathToFileURL(`${root}/dist/${name}/index.html`)
  written.set(name, href)
  return href
}

interface Opened {
  readonly page: Page
  readonly errors: ReadonlyArray<string>
}
interface Look {
  readonly width: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  readonly reducedMotion?: 'reduce'
}
/** Opens a page as new, and shows an address in it, if one is given. */
type Visit = (look: Look, address?: string) => Promise<Opened>

/** A browser for the tests of a block, begun before them and ended after them. */
export const inBrowser = (): Visit => {
  let browser: Browser | null = null
  beforeAll(async () => {
    browser = await launched()
  })
  afterAll(() => browser?.close())
  return async ({ width, height = 900, colorScheme, reducedMotion }, address) => {
    if (browser === null) throw new Error('no browser')
    const found = await opened(browser, { width, height })
    await found.page.emulateMedia({ colorScheme: colorScheme ?? null, reducedMotion: reducedMotion ?? null })
    if (address !== undefined) await found.page.goto(address)
    return found
  }
}

const first = async (browser: Browser): Promise<{ readonly page: Page; readonly errors: string[] }> => {
  const page = await browser.newPage()
  // A machine may have much else to do.
  page.setDefaultTimeout(120_000)
  const errors: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', ({ message }) => errors.push(message))
  return { page, errors }
}
const pages = new WeakMap<Browser, ReturnType<typeof first>>()

/** The page of a browser, as new: another costs a third of a second. And what goes wrong on it from now on. */
const opened = async (browser: Browser, size: { readonly width: number; readonly height: number }): Promise<Opened> => {
  const known = pages.get(browser) ?? first(browser)
  pages.set(browser, known)
  const { page, errors } = await known
  await page.goto('about:blank')
  await page.setViewportSize(size)
  await page.emulateMedia({ media: null })
  errors.length = 0
  return { page, errors }
}

/** What axe finds serious on a page, its colours in the light and in the dark, each with the first element that has it. */
export const barriers = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(axe.source)
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const violations = await page.evaluate(async isDark => {
      // The page has it by the line above; its own types do not know.
      const { violations: all } = await (window as unknown as { readonly axe: typeof axe }).axe.run({
        resultTypes: ['violations'],
        ...(isDark ? { runOnly: ['color-contrast'] } : {}),
        // Style sheets cannot be asked for again from a file.
        preload: false
      })
      return all.map(({ id, impact, nodes }) => ({ id, impact, first: nodes[0]?.html ?? '' }))
    }, colorScheme === 'dark')
    for (const { id, impact, first } of violations)
      if (impact === 'serious' || impact === 'critical') found.push(`${colorScheme}: ${id}: ${first.slice(0, 200)}`)
  }
  return found
}
