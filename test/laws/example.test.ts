/** The example that property-tests two objectives finds the one that is wrong, and nothing wrong with the other. */
import { expect, it, vi } from 'vitest'

it('examples/property-test.ts catches the misplaced stop-gradient, and prints the case as code', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('../../examples/property-test.js')
  const [, right, wrong] = log.mock.calls
    .map(line => line.join(' '))
    .join('\n')
    .split('Objective.custom("')
  log.mockRestore()
  expect(right).toMatch(/^pseudo-Huber/)
  expect(right).not.toContain('✗')
  expect(wrong).toMatch(/^discounted", NoiseLevels.at\(0.3\), …\)\n {2}✗ gradient is that of the value\n/)
})
