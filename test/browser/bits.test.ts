/** The library gives in Chromium the bits that it gives in Node: those of `test/bits/hashes.json`, a third of them; all where slow. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { isSlow } from '../cases.js'
import { inBrowser, isMissing } from './browser.js'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

describe.skipIf(isMissing)('in Chromium', () => {
  const visit = inBrowser()
  it('has the bits of Node', async () => {
    // A browser has no SHA-256 that answers at once: the bytes themselves come out, and are hashed here.
    const digest = `export const digest = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')`
    const { outputFiles } = await build({
      stdin: {
        contents: `import { hashes } from './cases.js'\nglobalThis.results = hashes(${isSlow ? '1, 0' : '3, 1'})`,
        resolveDir: here('../bits')
      },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
      plugins: [
        {
          name: 'bytes',
          setup: bundler => {
            bundler.onResolve({ filter: /^\.\/digest\.js$/ }, () => ({ path: 'digest', namespace: 'bytes' }))
            bundler.onLoad({ filter: /.*/, namespace: 'bytes' }, () => ({ contents: digest }))
          }
        }
      ]
    })
    const { page, errors } = await visit({ width: 300, height: 300 })
    await page.addScriptTag({ content: outputFiles[0]?.text ?? '' })
    expect(errors).toEqual([])
    const results = await page.evaluate('globalThis.results')
    const found = Object.fromEntries(
      // What hashes() gives: a record of texts.
      Object.entries(results as Readonly<Record<string, string>>).map(([name, hex]) => [
        name,
        createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex').slice(0, 16)
      ])
    )
    expect(Object.keys(found).length).toBeGreaterThan(60)
    const stored = JSON.parse(readFileSync(here('../bits/hashes.json'), 'utf8')) as Readonly<Record<string, string>>
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map(name => [name, stored[name]])))
  })
})
