/** The page: the questions, and behind them the workbench. The address says which, and what it shows. */
import { leaveTour, openTour } from './tour.js'
import { openWorkbench } from './workbench.js'

const section = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}

const show = (): void => {
  const hash = location.hash.slice(1)
  const isTour = hash === '' || /^question=/.test(hash)
  const isOther = section('tour').hidden === isTour
  section('tour').hidden = !isTour
  section('workbench').hidden = isTour
  if (isTour) openTour(hash)
  else {
    leaveTour()
    openWorkbench(hash === 'workbench' ? '' : hash)
  }
  if (isOther) scrollTo(0, 0)
}
addEventListener('hashchange', show)
show()
