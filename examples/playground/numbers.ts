/** Table of the workbench: numbers of each learner. */
import type { Gaussians } from './engine.js'
import { type ShownRun, looks } from './picture.js'
import { classOf } from './plot.js'
import { centreError, places } from './questions/question.js'
import { learners } from './Scene.js'

/** Sets an element's text only if it changes, to avoid a new layout. */
export const setText = (part: HTMLElement, text: string): void => {
  if (part.textContent !== text) part.textContent = text
}

/** Updates the cells of the table; builds rows and header again only if learners or columns change. */
export const updateTable = (table: HTMLTableElement, all: ReadonlyArray<ShownRun>, truth: Gaussians | null): void => {
  const body = table.tBodies[0]
  const head = [
    'learner',
    'log-density',
    'own objective',
    '|gradient|',
    ...(truth === null ? [] : ['error of centres'])
  ]
  const shape = [...head, ...all.map(({ learner }) => learner)].join()
  if (table.dataset.shape !== shape) {
    table.dataset.shape = shape
    const cells = (kind: 'td' | 'th', texts: ReadonlyArray<string>): ReadonlyArray<HTMLTableCellElement> =>
      texts.map((text, i) => {
        const cell = document.createElement(i === 0 ? 'th' : kind)
        if (cell.tagName === 'TH') cell.scope = kind === 'th' ? 'col' : 'row'
        cell.textContent = text
        return cell
      })
    const row = (of: ReadonlyArray<HTMLTableCellElement>): HTMLTableRowElement => {
      const row = document.createElement('tr')
      row.append(...of)
      return row
    }
    table.tHead?.replaceChildren(row(cells('th', head)))
    body.replaceChildren(
      ...all.map(({ learner }) => {
        const made = row(cells('td', [learners[learner], ...head.slice(1).map(() => '')]))
        made.className = classOf(looks[learner])
        return made
      })
    )
  }
  all.forEach(({ frames, at }, i) => {
    const { logDensity, value, norm, learned } = frames[at]
    const said = [
      logDensity?.toFixed(4),
      value?.toPrecision(5),
      norm?.toPrecision(3),
      ...(truth === null
        ? []
        : [learned === null ? undefined : centreError(learned.means, places(truth.means)).toFixed(4)])
    ]
    const { cells } = body.rows[i]
    said.forEach((text, k) => setText(cells[k + 1], text ?? '–'))
  })
}
