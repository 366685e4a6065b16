/** Questions, one per screen: asks, plays the worker's run, then explains what happened and why. */
import { ask } from './ask.js'
import type { Place, Plotted } from './plot.js'
import { questions } from './questions/index.js'
import {
  type Choice,
  defaults,
  type Handle,
  type Question,
  runKey,
  type Seen,
  type View
} from './questions/question.js'
import { questionParts, meaningOf, viewParts } from './shown.js'

const RUN_MS = 6000
const MAX_STEP_MS = 260
const NOISE_SWITCH_MS = 700

const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}
// The page has an input of type range with this id.
const range = byId('step') as HTMLInputElement

const state = {
  index: 0,
  choice: defaults(questions[0]),
  /** Number of runs begun; frames of earlier ones are dropped. */
  round: 0,
  key: '',
  setting: null as unknown,
  frames: [] as ReadonlyArray<unknown>,
  done: false,
  step: 0,
  /** True if the answer may be shown: the run was seen to its end, or its address is a shared one, with a step. */
  told: false,
  /** The reader's prediction. */
  said: null as string | null,
  /** Index of the last chosen suggestion; −1 if none. */
  tried: -1,
  blur: 0,
  playing: false,
  failure: ''
}
const currentQuestion = (): Question => questions[state.index]
const stepNow = (): number => Math.max(0, Math.min(state.step, state.frames.length - 1))
const seenNow = (): Seen<unknown, unknown> => {
  const { setting, frames, done, choice, blur, told } = state
  return { setting, frames, step: stepNow(), done, choice, blur, told }
}
const prefersReducedMotion = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches

/** Sets the HTML of a part if it changes; keeps the focus on a table's cell. */
const putHtml = (id: string, html: string): void => {
  const part = byId(id)
  if (part.dataset.html === html) return
  const key = part.contains(document.activeElement) ? document.activeElement?.getAttribute('data-cell') : null
  part.dataset.html = html
  part.innerHTML = html
  if (key !== null && key !== undefined) part.querySelector<HTMLElement>(`[data-cell="${key}"]`)?.focus()
}

// —— the address ——

/** Hash of a question with its choice and step. */
export const hashOf = (index: number, choice: Choice, step: number | null): string => {
  const standard = defaults(questions[index])
  const own = Object.entries(choice).filter(([name, value]) => standard[name] !== value)
  return new URLSearchParams([
    ['question', questions[index].number],
    ...own,
    ...(step === null ? [] : [['step', String(step)]])
  ]).toString()
}

/** Reads a question, choice and step from a hash; unknown values have their defaults. */
const readHash = (hash: string): { readonly index: number; readonly choice: Choice; readonly step: number | null } => {
  const asked = new URLSearchParams(hash)
  const wanted = asked.get('question') ?? ''
  const index = Math.max(
    0,
    questions.findIndex(({ number }) => number === wanted)
  )
  const standard = defaults(questions[index])
  const isKnown = (options: ReadonlyArray<readonly [string, string]>, value: string): boolean =>
    options.length === 0 ? /^-?[\d.]+(,-?[\d.]+)?$/.test(value) : options.some(([one]) => one === value)
  const choice = Object.fromEntries(
    questions[index].controls.map(({ name, options }) => {
      const value = asked.get(name)
      return [name, value !== null && isKnown(options, value) ? value : standard[name]]
    })
  )
  const step = asked.get('step')
  return { index, choice, step: step === null || !/^\d+$/.test(step) ? null : Number(step) }
}

/** Hash that the tour was last opened with or wrote. */
let knownHash = ''

/** Writes the state into the address, unless the address has changed and its event is still to come: writing would undo that change. */
const writeHash = (step: number | null): void => {
  if (location.hash !== knownHash) return
  history.replaceState(null, '', `#${hashOf(state.index, state.choice, step)}`)
  knownHash = location.hash
}

/** Writes the question and its choice into the address, without the step: a reload or a copy of the address must not show the answer. */
const writeQuestionHash = (): void => writeHash(null)

// —— showing ——

let announcementTimer: ReturnType<typeof setTimeout> | undefined
/** Copies the text to the live region for screen readers once the picture is at rest. */
const announceAtRest = (): void => {
  clearTimeout(announcementTimer)
  if (state.playing) return
  announcementTimer = setTimeout(() => {
    byId('heard').textContent = byId('says').textContent
  }, 400)
}

let isDrawingDue = false
const render = (): void => {
  if (isDrawingDue) return
  isDrawingDue = true
  requestAnimationFrame(() => {
    isDrawingDue = false
    draw()
  })
}

let handles: ReadonlyArray<Handle> = []
let plot: Plotted | null = null
let view: View | null = null

const sizeOf = (id: string): { readonly width: number; readonly height: number } => {
  const { clientWidth, clientHeight } = byId(id)
  return { width: Math.max(60, clientWidth), height: Math.max(60, clientHeight) }
}

const draw = (): void => {
  const question = currentQuestion()
  const { frames, choice, said } = state
  range.max = String(question.steps(choice))
  putHtml('play', state.playing ? '❚❚ Pause' : (question.play ?? '▶ Play'))
  byId('play').setAttribute('aria-pressed', String(state.playing))
  if (state.failure !== '') putHtml('says', state.failure)
  // The page's first frame stays until the run's is computed.
  if (state.failure !== '' || frames.length === 0) return
  const seen = seenNow()
  view = question.view(seen)
  const sizes = { picture: sizeOf('picture'), panels: sizeOf('panels') }
  const shown = viewParts(question, view, seen, { sizes, said })
  plot = shown.plot
  for (const [id, html] of Object.entries(shown.parts)) putHtml(id, html)
  range.value = String(seen.step)
  range.setAttribute('aria-valuetext', byId('at').textContent)
  placeHandles(view.handles ?? [], shown.plot)
  announceAtRest()
}

/** Maps of the coordinates of a handle: the plane's or the inset's. */
const planeOf = (all: Plotted, { isInset = false }: Handle): Plotted['inset'] => (isInset ? all.inset : all)

/** Places handles over the picture as elements with keyboard focus. */
const placeHandles = (wanted: ReadonlyArray<Handle>, plane: Plotted | null): void => {
  handles = wanted
  const over = byId('handles')
  while (over.children.length > wanted.length) over.lastElementChild?.remove()
  for (const [i, handle] of wanted.entries()) {
    const element = over.children.item(i) ?? over.appendChild(document.createElement('div'))
    const [left, top] = plane === null ? [0, 0] : planeOf(plane, handle).at(handle.at)
    element.setAttribute('style', `left:${left.toFixed(1)}px;top:${top.toFixed(1)}px`)
    for (const [name, value] of Object.entries({
      role: 'slider',
      tabindex: '0',
      'aria-label': handle.label,
      'aria-valuetext': handle.text,
      'aria-valuenow': String(i),
      class: 'handle'
    }))
      element.setAttribute(name, value)
  }
}

/** Updates the parts that depend on question and choice. */
const updateQuestion = (): void => {
  const { index, choice, said, tried } = state
  for (const [id, html] of Object.entries(
    questionParts(currentQuestion(), choice, questions[index + 1]?.number ?? null)
  ))
    putHtml(id, html)
  for (const input of Array.from(byId('ask').querySelectorAll('input'))) input.checked = input.value === said
  for (const [i, button] of Array.from(byId('tries').children).entries())
    button.setAttribute('aria-pressed', String(i === tried))
  for (const [i, each] of Array.from(document.querySelectorAll('#questions a')).entries())
    if (i === index) each.setAttribute('aria-current', 'page')
    else each.removeAttribute('aria-current')
  for (const input of Array.from(byId('settings').querySelectorAll('input')))
    input.checked = choice[input.name] === input.value
  for (const set of Array.from(byId('settings').querySelectorAll('fieldset')))
    set.hidden =
      currentQuestion()
        .controls.find(({ name }) => name === set.name)
        ?.when?.(choice) === false
  for (const input of Array.from(byId('switch').querySelectorAll('input')))
    input.checked = (input.value === 'noised') === state.blur > 0.5
}

// —— running ——

/** Stored answers, by number of the question and key of the run. */
const answers = JSON.parse(byId('answers').textContent) as Readonly<
  Record<string, Readonly<Record<string, unknown>> | undefined>
>

const run = async (): Promise<void> => {
  const round = ++state.round
  Object.assign(state, { key: `${state.index} ${runKey(currentQuestion(), state.choice)}`, done: false, failure: '' })
  try {
    const { setting } = await ask('begin', {
      question: state.index,
      choice: state.choice,
      stored: answers[currentQuestion().number]?.[runKey(currentQuestion(), state.choice)]
    })
    let frames: unknown[] = []
    while (round === state.round && !state.done) {
      const more = await ask('more', null)
      // Another run has begun, so these frames are dropped.
      if (round !== state.round) return
      frames = [...frames, ...more.frames]
      Object.assign(state, { setting, frames, done: more.done })
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
const setStep = (step: number): void => {
  state.step = step
  if (state.done && step >= currentQuestion().steps(state.choice)) state.told = true
}
const go = (step: number): void => {
  stop()
  setStep(Math.max(0, Math.min(currentQuestion().steps(state.choice), step)))
  writeQuestionHash()
  render()
}

const play = (): void => {
  if (state.playing) {
    go(stepNow())
    return
  }
  const steps = currentQuestion().steps(state.choice)
  const from = stepNow() >= steps ? 0 : stepNow()
  Object.assign(state, { playing: true, step: from })
  // With reduced motion the run jumps to its end.
  const pace = prefersReducedMotion() ? 0.001 : Math.min(MAX_STEP_MS, Math.max(1, RUN_MS / steps))
  const lasts = (step: number): number => pace * (currentQuestion().slow?.(state.choice, step) ?? 1)
  let begun = performance.now()
  let at = from
  const { round } = state
  const next = (time: number): void => {
    if (!state.playing || round !== state.round) return
    const last = Math.min(steps, state.frames.length - 1)
    while (at < last && time - begun >= lasts(at)) {
      begun += lasts(at)
      at += 1
    }
    // If frames are computed too slowly, the clock waits for them.
    if (at >= last) begun = time
    const known = Math.max(0, at)
    setStep(known)
    if (state.done && known >= Math.min(steps, state.frames.length - 1)) {
      stop()
      state.told = true
      state.step = currentQuestion().view(seenNow()).rests ?? state.step
      writeQuestionHash()
    } else requestAnimationFrame(next)
    render()
  }
  requestAnimationFrame(next)
  render()
}

const choose = (change: { readonly choice: Choice; readonly step: number; readonly told?: boolean }): void => {
  stop()
  Object.assign(state, change)
  updateQuestion()
  writeQuestionHash()
  if (state.key !== `${state.index} ${runKey(currentQuestion(), change.choice)}`) void run()
  else render()
}

/** Changes the choice; keeps the prediction. */
const adjust = (change: Choice): void => choose({ choice: { ...state.choice, ...change }, step: state.step })

const tryOut = (i: number): void => {
  const { step, ...change } = currentQuestion().tries[i].choice
  const at = step as string | undefined
  Object.assign(state, { said: null, tried: i })
  // A suggestion asks first unless it shows another step of this run.
  choose({
    choice: { ...defaults(currentQuestion()), ...change },
    step: at === undefined ? 0 : Number(at),
    told: at !== undefined
  })
  byId('sticky').scrollIntoView({ block: 'nearest', behavior: prefersReducedMotion() ? 'auto' : 'smooth' })
}

const predict = (said: string): void => {
  state.said = said
  if (currentQuestion().ask(state.choice).atOnce === true) state.told = true
  else if (!state.told && !state.playing) play()
  render()
}

/** Moves gradually between clean and noised points. */
const blurTo = (to: number): void => {
  const from = state.blur
  const begun = performance.now()
  const next = (time: number): void => {
    const share = prefersReducedMotion() ? 1 : Math.min(1, Math.max(0, time - begun) / NOISE_SWITCH_MS)
    state.blur = from + (to - from) * share * share * (3 - 2 * share)
    if (share < 1) requestAnimationFrame(next)
    render()
  }
  requestAnimationFrame(next)
}

// —— the parts that a question brings ——

const buildControls = (): void => {
  byId('settings').replaceChildren(
    ...currentQuestion()
      .controls.filter(({ options }) => options.length > 0)
      .map(({ name, label, options }) => {
        const set = Object.assign(document.createElement('fieldset'), { name })
        const legend = Object.assign(document.createElement('legend'), { textContent: label })
        const all = options.map(([value, text]) => {
          const box = Object.assign(document.createElement('input'), { type: 'radio', name, value })
          box.addEventListener('change', () => adjust({ [name]: value }))
          const each = document.createElement('label')
          each.append(box, text)
          return each
        })
        set.append(legend, ...all)
        return set
      })
  )
}

/** HTML of the parts of a question's first frame, by id; defined in page.html. */
declare const firstParts: (number: string) => Readonly<Record<string, string>>

/** Shows the question of a hash. */
export const openTour = (hash: string): void => {
  knownHash = location.hash
  const { index, choice, step } = readHash(hash)
  const isNew = index !== state.index || state.key === ''
  const { opens } = questions[index]
  document.title = `${questions[index].question} – ornstein`
  Object.assign(state, { index, playing: false })
  // Frames of another question do not apply.
  if (isNew) Object.assign(state, { said: null, tried: -1, frames: [], blur: opens?.blur ?? 0 })
  if (isNew) {
    // The question's first frame replaces the previous question's picture until the run begins.
    for (const [id, html] of Object.entries(firstParts(questions[index].number))) putHtml(id, html)
    placeHandles([], null)
    buildControls()
  }
  choose({ choice, step: step ?? opens?.step ?? 0, told: step !== null })
  // A shared address stays until the reader goes on.
  writeHash(step)
}
/** Stops the run and marks no question as open. */
export const leaveTour = (): void => {
  stop()
  for (const each of Array.from(document.querySelectorAll('#questions a'))) each.removeAttribute('aria-current')
}

byId('play').addEventListener('click', play)
byId('back').addEventListener('click', () => go(stepNow() - 1))
byId('forward').addEventListener('click', () => go(stepNow() + 1))
range.addEventListener('input', () => go(Number(range.value)))
byId('ask').addEventListener('change', ({ target }) => {
  if (target instanceof HTMLInputElement) predict(target.value)
})
byId('switch').addEventListener('change', ({ target }) => {
  if (target instanceof HTMLInputElement) blurTo(target.value === 'noised' ? 1 : 0)
})
byId('tries').addEventListener('click', ({ target }) => {
  const chosen = target instanceof Element ? target.closest('[data-try]') : null
  if (chosen !== null) tryOut(Number(chosen.getAttribute('data-try')))
})
byId('counts').addEventListener('click', ({ target }) => {
  const cell = target instanceof Element ? target.closest('[data-cell]')?.getAttribute('data-cell') : null
  if (cell === null || cell === undefined || view?.table === undefined) return
  const [row, column] = cell.split(',').map(Number)
  adjust(view.table.choose(row, column))
})
byId('copy-address').addEventListener('click', () => {
  // Before the answer, the question alone is shared.
  writeHash(state.told ? stepNow() : null)
  navigator.clipboard.writeText(location.href).then(
    () => (byId('heard').textContent = 'The address of this picture is on the clipboard.'),
    () => (byId('heard').textContent = 'The browser keeps its clipboard closed; the address bar has the link.')
  )
})

// —— dragging ——

const over = byId('handles')
let dragged = -1
const moveTo = (i: number, pixel: Place): void => {
  if (plot !== null) adjust(handles[i].to(planeOf(plot, handles[i]).from(pixel)))
}
const pixelOf = ({ clientX, clientY }: PointerEvent): Place => {
  const { left, top } = over.getBoundingClientRect()
  return [clientX - left, clientY - top]
}
over.addEventListener('pointerdown', event => {
  const on = Array.from(over.children).findIndex(each => each === event.target)
  dragged = on >= 0 ? on : handles.findIndex(({ jumps }) => jumps === true)
  if (dragged < 0) return
  over.setPointerCapture(event.pointerId)
  if (on < 0) moveTo(dragged, pixelOf(event))
})
over.addEventListener('pointermove', event => {
  if (dragged >= 0 && dragged < handles.length) moveTo(dragged, pixelOf(event))
})
for (const name of ['pointerup', 'pointercancel'] as const) over.addEventListener(name, () => (dragged = -1))
over.addEventListener('keydown', event => {
  const i = Array.from(over.children).findIndex(each => each === event.target)
  const moves: Readonly<Record<string, Place | undefined>> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1]
  }
  const move = moves[event.key]
  if (i < 0 || move === undefined || plot === null) return
  const [x, y] = planeOf(plot, handles[i]).at(handles[i].at)
  moveTo(i, [x + 12 * move[0], y + 12 * move[1]])
  event.preventDefault()
  event.stopPropagation()
})

// —— words of the glossary ——

const tip = byId('tip')
const showTip = (word: Element): void => {
  tip.textContent = meaningOf(word.getAttribute('data-term') ?? '')
  word.setAttribute('aria-describedby', 'tip')
  const { left, top, bottom } = word.getBoundingClientRect()
  tip.hidden = false
  const { width, height } = tip.getBoundingClientRect()
  Object.assign(tip.style, {
    left: `${Math.max(8, Math.min(innerWidth - width - 8, left))}px`,
    top: `${top - height - 6 > 4 ? top - height - 6 : bottom + 6}px`
  })
}
const wordOf = ({ target }: Event): Element | null => (target instanceof Element ? target.closest('[data-term]') : null)
for (const name of ['pointerover', 'focusin', 'click'])
  document.addEventListener(name, event => {
    const word = wordOf(event)
    if (word !== null) showTip(word)
    else if (name === 'click') tip.hidden = true
  })
for (const name of ['pointerout', 'focusout'])
  document.addEventListener(name, event => {
    if (wordOf(event) !== null && !(name === 'pointerout' && document.activeElement === event.target)) tip.hidden = true
  })

addEventListener('keydown', event => {
  const { target } = event
  if (event.key === 'Escape') tip.hidden = true
  if (byId('tour').hidden || event.ctrlKey || event.metaKey || event.altKey) return
  // Form fields keep their keys.
  if (target instanceof Element && target.matches('input, textarea, select')) return
  const isActive = target instanceof Element && target.matches('button, a, summary')
  if (event.key === ' ' && !isActive) play()
  else if (event.key === 'ArrowRight') go(stepNow() + 1)
  else if (event.key === 'ArrowLeft') go(stepNow() - 1)
  else if (questions.some(({ number }) => number === event.key)) location.hash = `question=${event.key}`
  else return
  event.preventDefault()
})
new ResizeObserver(render).observe(byId('picture'))
