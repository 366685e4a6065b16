import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import {
  candidateTable,
  criterionTitle,
  criterionValue,
  MAX_CANDIDATES_LISTED,
  rangeEnd,
  rangeEndSentence,
  type Criterion,
  type FailedCandidate,
  type RankedCandidate
} from './candidates.js'
import type * as Statistics from '../mixture/statistics.js'
import { evidenceSentence, type GroupEvidence } from './groupEvidence.js'
import * as FixedComponents from './fixedComponents.js'
import * as Table from './table.js'
import * as Text from './text.js'

interface Summarized {
  readonly columns: ReadonlyArray<string>
  readonly criterion: Criterion
  readonly evidence: GroupEvidence | null
  readonly candidates: RNEA.ReadonlyNonEmptyArray<RankedCandidate>
  readonly leftOut: ReadonlyArray<string>
  readonly excluded: RankedCandidate | null
  readonly minVarianceColumns: ReadonlyArray<string>
  readonly fixed: ReadonlyArray<number>
  readonly refused: ReadonlyArray<FailedCandidate>
}

/** Formats a fit's components, candidates and warnings. */
export const fitSummary = ({
  columns,
  criterion,
  evidence,
  candidates,
  leftOut,
  excluded,
  minVarianceColumns,
  fixed,
  refused
}: Summarized): string => {
  const [best] = candidates
  const value = (statistics: Statistics.Statistics): number => criterionValue(criterion, statistics)
  const end = rangeEnd(candidates, refused)
  const less = excluded === null ? NaN : value(best.statistics) - value(excluded.statistics)
  return [
    Text.printTable(Table.mixtureTable(columns, best.mixture)),
    ...(candidates.length > 1
      ? [Text.printTable(candidateTable(criterion, candidates.slice(0, MAX_CANDIDATES_LISTED)))]
      : []),
    [
      ...(evidence === null
        ? []
        : [`  ${evidenceSentence(evidence, { components: best.components, rows: best.statistics.rows })}`]),
      ...FixedComponents.sentences(fixed, best.pipeline.score).map(said => `  ${said}`),
      ...(end === null ? [] : [`  ${rangeEndSentence[end]}`]),
      ...(leftOut.length === 0 ? [] : [`  Left out, the same in every row: ${leftOut.join(', ')}.`]),
      ...(excluded === null
        ? []
        : [
            `  Excluded: ${excluded.components} ${excluded.family}, whose ${criterionTitle(criterion)} is ${Table.show(less, 3)} less; ` +
              `${excluded.collapsed.length > 0 ? 'a component is at the minimum variance' : 'a component is empty'}.`
          ]),
      ...(minVarianceColumns.length === 0
        ? []
        : [`  Components are at the minimum variance in ${minVarianceColumns.join(', ')}.`])
    ].join('\n')
  ]
    .filter(part => part !== '')
    .join('\n\n')
}
