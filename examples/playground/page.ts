/** Page: shows the questions or the workbench, according to the address. */
import { leaveTour, openTour } from './tour.js'
import { openWorkbench } from './workbench.js'

const section = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}

const show = (): void => {
  const hash = location.hash.slice(1)
  const cover = hash === '' ? 'start' : ['start', 'end'].find(id => id === hash)
  const isTour = /^question=/.test(hash)
  const shown = cover ?? (isTour ? 'tour' : 'workbench')
  const isOther = section(shown).hidden
  for (const id of ['tour', 'start', 'end', 'workbench']) section(id).hidden = id !== shown
  if (isTour) openTour(hash)
  else leaveTour()
  if (shown === 'workbench') openWorkbench(hash === 'workbench' ? '' : hash)
  if (isOther) scrollTo(0, 0)
}
addEventListener('hashchange', show)
show()
