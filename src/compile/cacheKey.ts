/** Cache keys of descriptions: equal descriptions that the same cases decode share one key. */
import { recently } from '../../lib/plain/remembered.js'
import { Case } from '../core/index.js'
import { hasCode } from '../core/record.js'

interface DescribedPipeline {
  readonly text: string
  readonly cases: ReadonlyArray<unknown>
}

/** Key object of a description without code; the 64 most recent are kept. */
const cacheKeyFor = recently(
  64,
  (of: DescribedPipeline) => of,
  (a, b) => a.text === b.text && a.cases.length === b.cases.length && a.cases.every((one, i) => one === b.cases[i])
)(() => ({}))

/**
 * Object to key caches by. If the description contains code, it is the description itself; otherwise equal text and
 * equal cases give the same object.
 */
export const cacheKey = (value: Case.AnyValue): object => {
  const cases = Case.parts(value).map(part => part[Case.ofCase])
  return cases.some(hasCode) ? value : cacheKeyFor({ text: JSON.stringify(Case.encode(value)), cases })
}
