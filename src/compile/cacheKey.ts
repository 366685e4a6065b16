import { recently } from '../../lib/plain/remembered.js'
import { Case } from '../core/index.js'
import { hasCode } from '../core/record.js'

interface DescribedPipeline {
  readonly text: string
  readonly cases: ReadonlyArray<unknown>
}

/** Key of a description without code; the last 64 are kept. */
const cacheKeyFor = recently(
  64,
  (of: DescribedPipeline) => of,
  (a, b) => a.text === b.text && a.cases.length === b.cases.length && a.cases.every((one, i) => one === b.cases[i])
)(() => ({}))

/** Returns a cache key: the description itself if it contains code, otherwise one object for all with equal text and cases. */
export const cacheKey = (value: Case.AnyValue): object => {
  const cases = Case.parts(value).map(part => part[Case.ofCase])
  return cases.some(hasCode) ? value : cacheKeyFor({ text: JSON.stringify(Case.encode(value)), cases })
}
