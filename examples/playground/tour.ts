/** Eight questions, one a screen: the page that shows a question's view of a run that the worker does. */
import { ask } from './ask.js'
import { panelsSvg, pictureSvg } from './plot.js'
import { questions } from './questions/index.js'
import { type Choice, defaults, type Question, runKey, type Seen } from './questions/question.js'

const PLAY = 7000
const SLOWEST = 260

const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}
const part = {
  question: byId('question'),
  lead: byId('lead'),
  picture: byId('tour-picture'),
  caption: byId('tour-caption'),
  panels: byId('tour-panels'),
  play: byId('tour-play'),
  // The page has a range of this name.
  step: byId('tour-step') as HTMLInputElement,
  at: byId('tour-at'),
  says: byId('says'),
  heard: byId('heard'),
  controls: byId('tour-controls'),
  tries: byId('tries'),
  statement: byId('statement'),
  turn: byId('turn')
}

const state = {
  index: 0,
  choice: defaults(questions[0]),
  /** Counts runs: an answer about an earlier one is dropped. */
  round: 0,
  key: '',
  setting: null as unknown,
  frames: [] as unknown[],
  done: false,
  /** null: wherever the run is. */
  step: null as number | null,
  playing: false,
  failure: ''
}
const now = (): Question => questions[state.index]
const stepNow = (): number => Math.max(0, Math.min(state.step ?? Infinity, state.frames.length - 1))

/** `*…*` is emphasis; the rest is text. */
const marked = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/\*([^*]+)\*/g, '<b>$1</b>')
const put = (element: HTMLElement, html: string): void => {
  if (element.dataset.html === html) return
  element.dataset.html = html
  element.innerHTML = html
}

/** The address of what is shown. */
export const hashOf = (index: number, choice: Choice, step: number | null): string => {
  const standard = defaults(questions[index])
  const own = Object.entries(choice).filter(([name, value]) => standard[name] !== value)
  return new URLSearchParams([
    ['question', String(index + 1)],
    ...own,
    ...(step === null ? [] : [['step', String(step)]])
  ]).toString()
}

/** What an address asks for: what it does not know of is left as it is by default. */
export const readHash = (
  hash: string
): { readonly index: number; readonly choice: Choice; readonly step: number | null } => {
  const asked = new URLSearchParams(hash)
  const index = Math.min(questions.length, Math.max(1, Math.trunc(Number(asked.get('question') ?? 1)) || 1)) - 1
  const { controls } = questions[index]
  const standard = defaults(questions[index])
  const choice = Object.fromEntries(
    controls.map(({ name, options }) => {
      const value = asked.get(name)
      return [name, value !== null && options.some(([one]) => one === value) ? value : standard[name]]
    })
  )
  const step = asked.get('step')
  return { index, choice, step: step === null || !/^\d+$/.test(step) ? null : Number(step) }
}

// —— showing ——

/** What is read aloud is told when the picture converges, not at each of its steps. */
let telling: ReturnType<typeof setTimeout> | undefined
const tell = (): void => {
  clearTimeout(telling)
  if (state.playing || !(state.done || state.failure !== '')) return
  telling = setTimeout(() => {
    part.heard.textContent = part.says.textContent
  }, 400)
}

let due = false
const render = (): void => {
  if (due) return
  due = true
  requestAnimationFrame(() => {
    due = false
    draw()
  })
}
const draw = (): void => {
  const question = now()
  const steps = question.steps(state.choice)
  part.step.max = String(steps)
  put(part.play, state.playing ? '❚❚ Pause' : '▶ Play')
  part.play.setAttribute('aria-pressed', String(state.playing))
  if (state.failure !== '' || state.frames.length === 0) {
    put(part.says, marked(state.failure === '' ? 'The run begins.' : state.failure))
    tell()
    return
  }
  const step = stepNow()
  const { setting, frames, done, choice } = state
  const seen: Seen<unknown, unknown> = { setting, frames, step, done, choice }
  const { picture, panels, says } = question.view(seen)
  put(part.caption, marked(picture.caption))
  put(part.picture, pictureSvg(picture))
  put(part.panels, panelsSvg(panels))
  part.step.value = String(step)
  const { unit, first = 0 } = question
  const place = `${unit} ${step + first} of ${steps + first}`
  part.step.setAttribute('aria-valuetext', place)
  put(part.at, `${place}${done ? '' : ' …'}`)
  put(part.says, marked(says))
  tell()
}

/** The address is that of what converges: a link to any state. */
const remember = (): void => {
  history.replaceState(null, '', `#${hashOf(state.index, state.choice, state.step)}`)
}

// —— running ——

const run = async (): Promise<void> => {
  const round = ++state.round
  Object.assign(state, { key: `${state.index} ${runKey(now(), state.choice)}`, frames: [], done: false, failure: '' })
  render()
  try {
    const { setting } = await ask('begin', { question: state.index, choice: state.choice })
    if (round !== state.round) return
    state.setting = setting
    while (!state.done) {
      const { frames, done } = await ask('more', null)
      // Another run was asked for: the frames are of that, or of none.
      if (round !== state.round) return
      state.frames.push(...frames)
      state.done = done
      render()
    }
  } catch (error) {
    if (round === state.round) state.failure = error instanceof Error ? error.message : String(error)
    render()
  }
}

const stop = (): void => {
  state.playing = false
}
const go = (step: number): void => {
  stop()
  state.step = Math.max(0, Math.min(now().steps(state.choice), step))
  remember()
  render()
}

const play = (): void => {
  if (state.playing) {
    go(stepNow())
    return
  }
  const steps = now().steps(state.choice)
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    state.step = null
    remember()
    render()
    return
  }
  const from = stepNow() >= steps ? 0 : stepNow()
  Object.assign(state, { playing: true, step: from })
  const pace = Math.min(SLOWEST, Math.max(1, PLAY / steps))
  let [begun, at] = [performance.now(), from]
  const { round } = state
  const next = (time: number): void => {
    if (!state.playing || round !== state.round) return
    const wanted = Math.min(steps, at + Math.floor(Math.max(0, time - begun) / pace))
    const reached = Math.min(wanted, state.frames.length - 1)
    // Where the run is behind, the picture waits for it, and goes on from there.
    if (reached < wanted) [begun, at] = [time, Math.max(0, reached)]
    if (reached >= 0) state.step = reached
    if (reached >= steps || (state.done && reached >= state.frames.length - 1)) {
      stop()
      state.step = null
      remember()
    } else requestAnimationFrame(next)
    render()
  }
  requestAnimationFrame(next)
  render()
}

const choose = (choice: Choice, step: number | null): void => {
  stop()
  Object.assign(state, { choice, step })
  checkControls()
  remember()
  if (state.key !== `${state.index} ${runKey(now(), choice)}`) void run()
  else render()
}

// —— the parts that a question brings ——

const checkControls = (): void => {
  for (const input of Array.from(part.controls.querySelectorAll('input')))
    input.checked = state.choice[input.name] === input.value
  for (const [i, { when }] of now().controls.entries()) {
    const set = part.controls.children[i]
    if (set instanceof HTMLElement) set.hidden = when?.(state.choice) === false
  }
}

const button = (text: string, act: () => void): HTMLButtonElement => {
  const made = Object.assign(document.createElement('button'), { type: 'button', textContent: text })
  made.addEventListener('click', act)
  return made
}

const link = (index: number, text: string, label = text): HTMLAnchorElement => {
  const made = Object.assign(document.createElement('a'), { href: `#question=${index + 1}`, textContent: text })
  if (label !== text) made.setAttribute('aria-label', label)
  return made
}

const build = (): void => {
  const { question, lead, statement, controls, tries } = now()
  document.title = `${question} – ornstein`
  part.question.textContent = question
  put(part.lead, marked(lead))
  put(part.statement, marked(statement))
  part.controls.replaceChildren(
    ...controls.map(({ name, label, options }) => {
      const set = document.createElement('fieldset')
      const legend = Object.assign(document.createElement('legend'), { textContent: label })
      const all = options.map(([value, text]) => {
        const box = Object.assign(document.createElement('input'), { type: 'radio', name, value })
        box.addEventListener('change', () => choose({ ...state.choice, [name]: value }, state.step))
        const each = document.createElement('label')
        each.append(box, text)
        return each
      })
      set.append(legend, ...all)
      return set
    })
  )
  part.tries.replaceChildren(
    ...tries.map(({ text, choice: { step, ...choice } }) =>
      button(text, () => {
        const at = step as string | undefined
        choose({ ...defaults(now()), ...choice }, at === undefined ? 0 : Number(at))
        if (at === undefined) play()
      })
    )
  )
  for (const [i, each] of Array.from(document.querySelectorAll('#questions a')).entries())
    if (i === state.index) each.setAttribute('aria-current', 'page')
    else each.removeAttribute('aria-current')
  part.turn.replaceChildren(
    ...(state.index > 0
      ? [link(state.index - 1, `← ${questions[state.index - 1].name}`)]
      : [document.createElement('span')]),
    ...(state.index + 1 < questions.length ? [link(state.index + 1, `${questions[state.index + 1].name} →`)] : [])
  )
}

/** Shows what an address asks for. */
export const openTour = (hash: string): void => {
  const { index, choice, step } = readHash(hash)
  const isNew = part.question.textContent === '' || index !== state.index
  Object.assign(state, { index, choice, step, playing: false })
  if (isNew) build()
  checkControls()
  if (state.key !== `${index} ${runKey(now(), choice)}`) void run()
  else render()
}
/** What it does stops where it is not seen. */
export const leaveTour = stop

byId('questions').append(
  ...questions.map(({ name }, i) => {
    const item = document.createElement('li')
    item.append(link(i, String(i + 1), `Question ${i + 1}: ${name}`))
    return item
  })
)
part.play.addEventListener('click', play)
byId('tour-back').addEventListener('click', () => go(stepNow() - 1))
byId('tour-forward').addEventListener('click', () => go(stepNow() + 1))
part.step.addEventListener('input', () => go(Number(part.step.value)))
byId('tour-share').addEventListener('click', () => {
  state.step = stepNow()
  remember()
  navigator.clipboard.writeText(location.href).then(
    () => (part.heard.textContent = 'The address of this picture is on the clipboard.'),
    () => (part.heard.textContent = 'The browser keeps its clipboard closed; the address bar has the link.')
  )
})
addEventListener('keydown', event => {
  const { target } = event
  if (byId('tour').hidden || event.ctrlKey || event.metaKey || event.altKey) return
  // What has the focus keeps the keys that it understands.
  if (target instanceof Element && target.matches('input, textarea, select')) return
  const isActive = target instanceof Element && target.matches('button, a, summary')
  if (event.key === ' ' && !isActive) play()
  else if (event.key === 'ArrowRight') go(stepNow() + 1)
  else if (event.key === 'ArrowLeft') go(stepNow() - 1)
  else if (Number(event.key) >= 1 && Number(event.key) <= questions.length) location.hash = `question=${event.key}`
  else return
  event.preventDefault()
})
