/** What a newcomer sees of `npm start`: two ways of learning that agree, and a report whose command can be pasted. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it('npm start says what the default fit and descent find, and writes a report', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'start-'))
  try {
    symlinkSync(join(root, 'examples'), join(folder, 'examples'))
    const said = execFileSync(process.execPath, [join(root, 'dist/examples/start.js')], {
      cwd: folder,
      encoding: 'utf8'
    })
    const [found, descended] = said.split('\n').flatMap(line => {
      const numbers = / {2}(\d[\d., ]+)$/.exec(line)?.[1].split(/[, ]+/).map(Number)
      return numbers === undefined ? [] : [numbers]
    })
    // The centres of the default fit, as scikit-learn and mclust have them too.
    expect(found).toEqual([2.04, 54.5, 4.29, 80])
    // Their standard errors are sd / √(share of 272 rows): at least .03 minutes and .45 minutes to wait. Descent is within half of one.
    descended.forEach((value, i) => {
      expect(Math.abs(value - found[i])).toBeLessThan(i % 2 === 0 ? 0.015 : 0.22)
    })
    const report = readFileSync(join(folder, 'report.html'), 'utf8')
    expect(report.match(/npx ornstein fit examples\/data\/faithful\.csv/g)).not.toBeNull()
    expect(report).not.toMatch(/(?<!npx )ornstein fit /)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
