/** The keys of the library keep the laws of keys. */
import { describe, it } from 'vitest'
import { key } from '../../src/laws/key.js'
import { holds } from './holds.js'

describe('Key', () => {
  it.each(key())('$name', law => {
    holds(law, 60)
  })
})
