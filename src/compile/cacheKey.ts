/** What descriptions mean, as something to remember by: equal descriptions of the same cases have it in common. */
import { recently } from '../../lib/plain/remembered.js'
import { Case } from '../core/index.js'
import { hasCode } from '../core/record.js'

interface DescribedPipeline {
  readonly text: string
  readonly cases: ReadonlyArray<unknown>
}

/** What stands for a description without code, of so many of them. */
const cacheKeyFor = recently(
  64,
  (of: DescribedPipeline) => of,
  (a, b) => a.text === b.text && a.cases.length === b.cases.length && a.cases.every((one, i) => one === b.cases[i])
)(() => ({}))

/** What is the same for descriptions that mean the same: of code itself, else of what is written, and of the cases by which it is read. */
export const cacheKey = (value: Case.AnyValue): object => {
  const cases = Case.parts(value).map(part => part[Case.ofCase])
  return cases.some(hasCode) ? value : cacheKeyFor({ text: JSON.stringify(Case.encode(value)), cases })
}
