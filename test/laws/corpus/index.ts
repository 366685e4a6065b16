/** Inventions, wrong and right, as users write them: what the laws are to catch, and what they are to let pass. */
import type { Invention } from './invention.js'
import { families } from './families.js'
import { learning } from './learning.js'
import { models } from './models.js'
import { noise } from './noise.js'
import { objectives } from './objectives.js'
import { optimizers } from './optimizers.js'
import { samplers } from './samplers.js'
import { schedule } from './schedules.js'
import { theorems } from './theorems.js'

export { type Invention } from './invention.js'

export const corpus: ReadonlyArray<Invention> = [
  ...[...objectives, ...schedule, ...noise, ...samplers, ...optimizers],
  ...[...learning, ...models, ...families, ...theorems]
]
