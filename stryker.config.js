import { loops } from './eslint.config.js'

// Mutation testing, room by room: ROOM=schedule npm run mutate. Tests mirror src, so that a room's tests guard its files.
const room = process.env.ROOM ?? '**'

export default {
  mutate: [`src/${room}/**/*.ts`, '!src/{cli,report,laws}/**', ...loops.map(file => `!${file}`), '!src/**/index.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation.config.ts' },
  ignorePatterns: ['dist', 'bench', 'docs/images', 'reports', 'coverage'],
  disableTypeChecks: false,
  coverageAnalysis: 'perTest',
  concurrency: 1,
  reporters: ['clear-text', 'json', 'html'],
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false, allowEmojis: false },
  thresholds: { high: 95, low: 85, break: 85 },
  timeoutMS: 60_000
}
