/** The keys of the library keep the laws of keys. */
import { it } from 'vitest'
import { key } from '../../src/laws/key.js'
import { allHold, holdsAndSpeaks } from './holds.js'

it('Key: has its laws', () => {
  allHold(key(), law => holdsAndSpeaks(law, 1))
})
