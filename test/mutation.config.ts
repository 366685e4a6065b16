/** The tests that guard a room of src: those that stand where it stands. */
import config from '../vitest.config.js'

const room = process.env['ROOM'] ?? '**'

export default { ...config, test: { ...config.test, projects: undefined, include: [`test/src/${room}/**/*.test.ts`] } }
