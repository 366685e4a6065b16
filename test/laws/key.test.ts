/** The keys of the library keep the laws of keys. */
import { describe, it } from 'vitest'
import { key } from '../../src/laws/key.js'
import { runs } from '../today.js'
import { holdsToday } from './holds.js'

describe('Key', () => {
  it.each(key())('$name', law => {
    holdsToday(law, runs(60))
  })
})
