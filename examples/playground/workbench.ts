/** Workbench: menus, picture, run, and the address that stores the scene. The worker computes everything else. */
import * as E from 'fp-ts/lib/Either.js'
import { ask } from './ask.js'
import type { Answer, Box, Field, Frame, Gaussians } from './engine.js'
import { updateTable, setText } from './numbers.js'
import { boxOf, charted, type Charted, chartOf, type ShownRun, learned, planeOf, scenery } from './picture.js'
import { charts, type Mark, type Plotted, plotPicture } from './plot.js'
import { presetText, isPreset, type Preset, presets } from './presets.js'
import { choices, code, fromHash, type Law, lawNames, type Learner, learners, type Scene, toHash } from './Scene.js'

// —— the page's parts ——

const byId = <T extends HTMLElement>(id: string, kind: new () => T): T => {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`)
  return found
}
const parts = {
  picture: byId('bench-picture', HTMLDivElement),
  chart: byId('chart', HTMLDivElement),
  charted: byId('charted', HTMLSelectElement),
  play: byId('bench-play', HTMLButtonElement),
  scrub: byId('scrub', HTMLInputElement),
  at: byId('bench-at', HTMLOutputElement),
  noise: byId('noise', HTMLInputElement),
  noiseAt: byId('noise-at', HTMLOutputElement),
  density: byId('show-density', HTMLInputElement),
  field: byId('show-field', HTMLInputElement),
  noised: byId('show-noise', HTMLInputElement),
  paths: byId('show-paths', HTMLInputElement),
  shown: byId('shown', HTMLSelectElement),
  draw: byId('draw', HTMLButtonElement),
  sample: byId('sample', HTMLButtonElement),
  sampler: byId('sampler', HTMLSelectElement),
  status: byId('status', HTMLParagraphElement),
  about: byId('about', HTMLParagraphElement),
  controls: byId('controls', HTMLFormElement),
  code: byId('code', HTMLPreElement),
  numbers: byId('numbers', HTMLTableElement),
  table: byId('table', HTMLTextAreaElement)
}

// —— what is shown ——

interface Track {
  readonly frames: Frame[]
  ended: boolean
}

interface State {
  scene: Scene
  /** Preset from which the scene was changed. */
  preset: Preset
  /** Number of scenes opened; replies about earlier ones are dropped. */
  round: number
  points: Float64Array
  truth: Gaussians | null
  /** Standard normal draw for each point, and the greatest time. */
  noise: Float64Array
  until: number
  box: Box
  tracks: Map<Learner, Track>
  step: number
  playing: boolean
  fetching: boolean
  shown: Learner
  field: Field | null
  fieldFor: string
  fieldBusy: boolean
  fieldAsked: number
  /** Points at the times of the reverse diffusion, noise first; `falling` while an animation moves them. */
  samples: (Answer['sample'] & { at: number; falling: boolean }) | null
  drawing: boolean
  brush: number
  cursor: [number, number] | null
}
const state: State = {
  scene: presets[0].scene,
  preset: presets[0],
  round: 0,
  points: new Float64Array(),
  truth: null,
  noise: new Float64Array(),
  until: 3,
  box: boxOf(new Float64Array()),
  tracks: new Map(),
  step: 0,
  playing: false,
  fetching: false,
  shown: 'descent',
  field: null,
  fieldFor: '',
  fieldBusy: false,
  fieldAsked: 0,
  samples: null,
  drawing: false,
  brush: 0,
  cursor: null
}

// Low noise has a larger part of the slider than high noise.
const noiseTime = (): number => state.until * (Number(parts.noise.value) / Number(parts.noise.max)) ** 2
const setNoise = (time: number): void => {
  parts.noise.value = String(Math.round(Number(parts.noise.max) * Math.sqrt(time / state.until)))
}
const longestRun = (): number => Math.max(0, ...[...state.tracks.values()].map(({ frames }) => frames.length - 1))
const runs = (): ReadonlyArray<ShownRun> =>
  [...state.tracks].map(([learner, { frames }]) => ({ learner, frames, at: Math.min(state.step, frames.length - 1) }))

const say = (text: string): void => {
  if (parts.status.textContent !== text) parts.status.textContent = text
}

// —— drawing, once a frame of the screen ——

let isFrameDue = false
const redraw = (): void => {
  if (isFrameDue) return
  isFrameDue = true
  requestAnimationFrame(() => {
    isFrameDue = false
    frame()
  })
}

const chartedNow = (): Charted => parts.charted.value as Charted

/** Inputs of each layer when it was last drawn. */
const drawnInputs = new Map<string, ReadonlyArray<unknown>>()
/** Draws a layer of the picture if its size or inputs `from` have changed, always if `from` is null; returns null if not drawn. */
const drawLayer = (
  id: string,
  from: ReadonlyArray<unknown> | null,
  marks: () => ReadonlyArray<Mark>
): Plotted | null => {
  const { clientWidth: width, clientHeight: height } = parts.picture
  const now = [width, height, ...(from ?? [{}])]
  const before = drawnInputs.get(id)
  if (before?.every((each, i) => each === now[i]) === true) return null
  drawnInputs.set(id, now)
  const made = plotPicture({ ...planeOf(state.box), caption: id, marks: marks(), isScaled: false }, { width, height })
  byId(id, HTMLDivElement).innerHTML = made.svg
  return made
}
let plot: Plotted | null = null

const frame = (): void => {
  // Elements have no size while the questions are shown.
  if (parts.picture.clientWidth === 0) return
  const all = runs()
  const { box, points, truth, field, samples, round } = state
  const { alpha, sigma } = parts.noised.checked && field !== null ? field.level : { alpha: 1, sigma: 0 }
  const isDense = parts.density.checked
  const hasArrows = parts.field.checked
  drawLayer('scenery', [round, box, points, truth, field, alpha, isDense, hasArrows], () =>
    scenery(sigma === 0 ? points : points.map((x, i) => alpha * x + sigma * state.noise[i]), {
      box,
      truth,
      field,
      isDense,
      hasArrows
    })
  )
  plot = drawLayer('learned', null, () =>
    learned(all, {
      hasPaths: parts.paths.checked,
      samples: samples === null ? null : samples.points.slice(0, samples.at + 1),
      cursor: state.drawing ? state.cursor : null
    })
  )
  const { clientWidth: width, clientHeight: height } = parts.chart
  parts.chart.innerHTML = charts([chartOf(all, chartedNow())], { width, height })
  const last = String(longestRun())
  if (parts.scrub.max !== last) parts.scrub.max = last
  parts.scrub.value = String(state.step)
  setText(parts.at, `${state.step} of ${last}${ended() ? '' : '+'}`)
  const time = `t = ${noiseTime().toFixed(2)}`
  setText(parts.noiseAt, time)
  if (parts.noise.getAttribute('aria-valuetext') !== time) parts.noise.setAttribute('aria-valuetext', time)
  updateTable(parts.numbers, all, truth)
  if (state.samples?.falling === true) {
    const { times, at } = state.samples
    state.samples.falling = at + 1 < times.length
    state.samples.at = Math.min(at + 1, times.length - 1)
    setNoise(times[state.samples.at])
    redraw()
  }
  refreshField()
  if (state.playing) advance()
}

/** Milliseconds between fields while a run plays. */
const FIELD_INTERVAL_MS = 120

/** Requests the field if it is out of date for the shown frame and noise; one request at a time. */
const refreshField = (): void => {
  const run = runs().find(({ learner }) => learner === state.shown)
  if (run === undefined || !(parts.density.checked || parts.field.checked || parts.noised.checked)) return
  const wanted = [state.round, run.learner, run.at, noiseTime()].join(' ')
  if (state.fieldBusy || state.fieldFor === wanted) return
  // Fields are drawn less often than steps, which need the processor more.
  const now = performance.now()
  if ((state.playing || state.samples?.falling === true) && now - state.fieldAsked < FIELD_INTERVAL_MS) return
  state.fieldAsked = now
  const { round } = state
  state.fieldBusy = true
  ask('field', {
    learner: run.learner,
    step: run.at,
    time: noiseTime(),
    box: state.box,
    cells: 56,
    arrows: 20
  })
    .then(field => {
      if (round !== state.round) return
      state.field = field
      state.fieldFor = wanted
    })
    .catch((error: unknown) => {
      state.fieldFor = wanted
      say(String(error))
    })
    .finally(() => {
      state.fieldBusy = false
      redraw()
    })
}

// —— the run ——

/** Number of frames requested at once. */
const BATCH = 20

const fetchMore = async (): Promise<void> => {
  if (state.fetching) return
  state.fetching = true
  const { round } = state
  try {
    for (const [learner, track] of state.tracks) {
      if (track.ended || track.frames.length > state.step + 2 * BATCH) continue
      const more = await ask('step', { learner, count: BATCH })
      if (round !== state.round) return
      track.frames.push(...more)
      track.ended = more.length < BATCH
      const failure = more.map(({ failure }) => failure).find(why => why !== null)
      if (failure !== undefined) say(`${learners[learner]}: ${failure}`)
    }
  } catch (error) {
    say(String(error))
  } finally {
    if (round === state.round) {
      state.fetching = false
      redraw()
    }
  }
}

const ended = (): boolean => [...state.tracks.values()].every(track => track.ended)

/** Text of the picture for screen readers: the step, and each learner's centres. */
const pictureText = (): string => {
  const { truth } = state
  const at = (means: Float64Array): string =>
    Array.from(
      { length: means.length / 2 },
      (_, k) => `(${means[2 * k].toFixed(1)}, ${means[2 * k + 1].toFixed(1)})`
    ).join(', ')
  return [
    `${state.points.length / 2} points, step ${state.step} of ${longestRun()}.`,
    ...(truth === null ? [] : [`True centres: ${at(truth.means)}.`]),
    ...runs().map(({ learner, frames, at: step }) => {
      const { learned } = frames[step]
      return learned === null
        ? `${learners[learner]}: a field of scores, without centres.`
        : `${learners[learner]}: centres at ${at(learned.means)}.`
    })
  ].join(' ')
}
const describe = (): void => parts.picture.setAttribute('aria-label', pictureText())

const pause = (): void => {
  state.playing = false
  describe()
  parts.play.textContent = '▶ Run'
  parts.play.setAttribute('aria-pressed', 'false')
}

const advance = (): void => {
  if (state.step < longestRun()) {
    state.step += 1
    redraw()
    if (longestRun() - state.step < BATCH) void fetchMore()
  } else if (ended()) {
    pause()
    say(`All of it: ${longestRun()} steps.`)
  } else void fetchMore()
}

const play = (): void => {
  if (state.playing) {
    pause()
    return
  }
  if (state.step === longestRun() && ended()) state.step = 0
  state.samples = null
  state.playing = true
  parts.play.textContent = '❚❚ Pause'
  parts.play.setAttribute('aria-pressed', 'true')
  redraw()
}

const go = (by: number): void => {
  pause()
  state.samples = null
  state.step = Math.min(longestRun(), Math.max(0, state.step + by))
  if (by > 0 && state.step === longestRun()) void fetchMore()
  describe()
  redraw()
}

// —— scenes ——

const open = async (
  scene: Scene,
  { keepBox = false, noise: shown }: { readonly keepBox?: boolean; readonly noise?: number } = {}
): Promise<void> => {
  pause()
  const round = ++state.round
  // Until the worker replies, nothing can run: earlier parameters do not belong to this scene.
  Object.assign(state, { scene, step: 0, fetching: false, samples: null, fieldFor: '', tracks: new Map() })
  redraw()
  history.replaceState(null, '', `#${toHash(scene)}`)
  parts.code.textContent = code(scene)
  setText(parts.about, presetText(scene, state.preset))
  for (const button of Array.from(document.querySelectorAll('#presets button')))
    button.setAttribute(
      'aria-current',
      String(button.textContent === state.preset.name && isPreset(scene, state.preset))
    )
  fillMenus(scene)
  try {
    const opened = await ask('open', { scene })
    if (round !== state.round) return
    if (typeof opened === 'string') {
      state.tracks = new Map()
      say(opened)
      redraw()
      return
    }
    state.points = opened.points
    state.truth = opened.truth
    const time = shown ?? noiseTime()
    Object.assign(state, { noise: opened.noise, until: opened.until })
    setNoise(Math.min(time, opened.until))
    if (!keepBox) state.box = boxOf(opened.points)
    // Object.entries has keys of type string.
    const started = Object.entries(opened.started) as [Learner, Frame][]
    state.tracks = new Map(started.map(([learner, first]) => [learner, { frames: [first], ended: false }]))
    state.field = null
    // A network has no density, so the chart shows the objective.
    if (started.some(([, { logDensity }]) => logDensity === null)) parts.charted.value = 'value'
    else if (chartedNow() === 'value') parts.charted.value = 'logDensity'
    parts.shown.replaceChildren(
      ...started.map(([learner]) => new Option(learners[learner], learner, false, learner === state.shown))
    )
    if (!state.tracks.has(state.shown)) state.shown = started[0]?.[0] ?? 'descent'
    parts.shown.value = state.shown
    say(
      Object.entries(opened.refused)
        .map(([learner, why]) => `${learners[learner as Learner]}: ${why}`)
        .join('\n')
    )
    await fetchMore()
    describe()
  } catch (error) {
    say(String(error))
  }
  redraw()
}

const use = (preset: Preset): Promise<void> => {
  state.preset = preset
  return open(preset.scene, { noise: preset.noise })
}

// —— the menus ——

const menu = (name: string, options: ReadonlyArray<readonly [string, string]>): HTMLSelectElement => {
  const select = document.createElement('select')
  select.name = name
  select.append(...options.map(([value, text]) => new Option(text, value)))
  return select
}
const number = (name: string, least: number, most: number, step: string): HTMLInputElement => {
  const input = document.createElement('input')
  Object.assign(input, { type: 'number', name, min: String(least), max: String(most), step })
  return input
}
const listed = (names: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> =>
  names.map(name => [name, name])

const laws: ReadonlyArray<readonly [string, string]> = [
  ...choices.law.map(name => [name, lawNames[name as Law]] as const),
  ['drawn', 'drawn by hand']
]
const controls: ReadonlyArray<readonly [string, HTMLSelectElement | HTMLInputElement]> = [
  ['points', menu('law', laws)],
  ['how many', number('rows', 1, 5000, '1')],
  ['spread', number('spread', 0, 10, 'any')],
  ['Score', menu('score', listed(choices.score))],
  ['components', number('components', 1, 12, '1')],
  ['Schedule', menu('schedule', listed(choices.schedule))],
  ['Objective', menu('objective', listed(choices.objective))],
  ['Expectation', menu('expectation', listed(choices.expectation))],
  ['noise, steps', Object.assign(document.createElement('input'), { name: 'phases', type: 'text' })],
  ['Optimizer', menu('optimizer', listed(choices.optimizer))],
  ['rate', number('rate', 1e-6, 100, 'any')],
  ['Initializer', menu('start', listed(choices.start))],
  ['seed', number('seed', 0, 1e6, '1')],
  ...(Object.entries(learners).map(([name, text]) => [
    text,
    Object.assign(document.createElement('input'), { name: `learner-${name}`, type: 'checkbox' })
  ]) as [string, HTMLInputElement][])
]
for (const [text, control] of controls) {
  const label = document.createElement('label')
  label.textContent = text
  // An assignment to a field would be read as a declaration by TypeScript 7's emitter, which then fails.
  Object.assign(control, { id: `choose-${control.name}` })
  label.htmlFor = control.id
  parts.controls.append(label, control)
}
const control = (name: string): HTMLSelectElement | HTMLInputElement => {
  const found = controls.find(([, control]) => control.name === name)
  if (found === undefined) throw new Error(`no control is named ${name}`)
  return found[1]
}

/** Sets the menus to a scene. */
const fillMenus = (scene: Scene): void => {
  const { data } = scene
  const drawn = 'drawn' in data
  control('law').value = drawn ? 'drawn' : data.law
  control('rows').value = drawn ? String(data.drawn.length) : String(data.rows)
  control('spread').value = drawn ? '' : String(data.spread)
  for (const name of ['rows', 'spread']) control(name).disabled = drawn
  for (const name of [
    'score',
    'components',
    'schedule',
    'objective',
    'expectation',
    'optimizer',
    'rate',
    'start',
    'seed'
  ] as const)
    control(name).value = String(scene[name])
  control('phases').value = scene.phases.map(([time, steps]) => `${time} × ${steps}`).join(', ')
  for (const name of Object.keys(learners)) {
    const box = control(`learner-${name}`)
    if (box instanceof HTMLInputElement) box.checked = scene.learners.includes(name as Learner)
  }
}

/** Scene of the menus, checked as one from an address. */
const menuScene = (): E.Either<string, Scene> => {
  const read = (name: string): number => Number(control(name).value)
  const law = control('law').value
  const drawn = Array.from({ length: state.points.length / 2 }, (_, i) =>
    [state.points[2 * i], state.points[2 * i + 1]].map(x => Number(x.toPrecision(5)))
  )
  const { data } = state.scene
  const said = {
    ...state.scene,
    data:
      law === 'drawn'
        ? 'drawn' in data
          ? data
          : { drawn }
        : {
            law,
            rows: 'drawn' in data ? 1000 : read('rows'),
            spread: 'drawn' in data ? 3 : read('spread'),
            seed: 'drawn' in data ? 7 : data.seed
          },
    score: control('score').value,
    components: read('components'),
    schedule: control('schedule').value,
    objective: control('objective').value,
    expectation: control('expectation').value,
    optimizer: control('optimizer').value,
    rate: read('rate'),
    phases: control('phases')
      .value.split(',')
      .map(phase => phase.split(/[×x*]/).map(Number)),
    start: control('start').value,
    seed: read('seed'),
    learners: Object.keys(learners).filter(name => {
      const box = control(`learner-${name}`)
      return box instanceof HTMLInputElement && box.checked
    })
  }
  // Scenes of the menus are checked as those of addresses.
  return E.mapLeft((why: string) =>
    why.replace('the address holds', 'the menus say').replace('choose one', 'correct it')
  )(fromHash(toHash(said as unknown as Scene)))
}

parts.controls.addEventListener('change', () => {
  const scene = menuScene()
  if (E.isLeft(scene)) say(scene.left)
  else {
    void open(scene.right)
  }
})
parts.controls.addEventListener('submit', event => event.preventDefault())

// —— drawing points ——

const POINTS_PER_BLOB = 12
const BLOB_RADIUS_SHARE = 0.035

/** Deterministic scatter of points around the brush, by the golden angle. */
const blob = ([x, y]: readonly [number, number]): ReadonlyArray<readonly [number, number]> => {
  const radius = BLOB_RADIUS_SHARE * (state.box.right - state.box.left)
  return Array.from({ length: POINTS_PER_BLOB }, () => {
    const i = state.brush++
    const angle = i * 2.399963
    const share = Math.sqrt(((i * 7) % POINTS_PER_BLOB) / POINTS_PER_BLOB)
    return [x + radius * share * Math.cos(angle), y + radius * share * Math.sin(angle)] as const
  })
}

const brush = (place: readonly [number, number]): void => {
  const old = 'drawn' in state.scene.data ? state.scene.data.drawn : []
  const drawn = [
    ...old,
    ...blob(place).map(([x, y]): [number, number] => [Number(x.toPrecision(5)), Number(y.toPrecision(5))])
  ].slice(-5000)
  state.points = Float64Array.from(drawn.flat())
  state.truth = null
  state.tracks = new Map()
  state.field = null
  state.scene = { ...state.scene, data: { drawn } }
  redraw()
}

const place = (event: PointerEvent): readonly [number, number] => {
  const { left, top } = parts.picture.getBoundingClientRect()
  return plot?.from([event.clientX - left, event.clientY - top]) ?? [0, 0]
}

const draws = (on: boolean): void => {
  state.drawing = on
  parts.draw.setAttribute('aria-pressed', String(on))
  parts.draw.textContent = on ? 'Done drawing' : 'Draw points'
  if (on) {
    pause()
    const { box } = state
    state.cursor = [(box.left + box.right) / 2, (box.bottom + box.top) / 2]
    say('Click or drag on the picture; with the keyboard, the arrows move the mark and Enter puts points there.')
    parts.picture.focus()
  } else if ('drawn' in state.scene.data) {
    const { scene } = state
    // Power iteration and the symmetric pair require data centred at 0.
    const score = scene.score === 'symmetricPair' ? 'isotropic' : scene.score
    const expectation = scene.expectation === 'quadrature' ? 'projected' : scene.expectation
    void open({ ...scene, score, expectation, start: 'kMeansPlusPlus', learners: ['descent', 'em'] }, { keepBox: true })
  }
  redraw()
}

parts.draw.addEventListener('click', () => draws(!state.drawing))
parts.picture.addEventListener('pointerdown', event => {
  if (!state.drawing) return
  parts.picture.setPointerCapture(event.pointerId)
  brush(place(event))
})
parts.picture.addEventListener('pointermove', event => {
  if (state.drawing && event.buttons > 0) brush(place(event))
})
parts.picture.addEventListener('keydown', event => {
  const moves: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, 1],
    ArrowDown: [0, -1]
  }
  const move = moves[event.key] as readonly [number, number] | undefined
  if (state.drawing && state.cursor !== null && move !== undefined) {
    const by = (state.box.right - state.box.left) / 25
    state.cursor = [state.cursor[0] + by * move[0], state.cursor[1] + by * move[1]]
  } else if (state.drawing && state.cursor !== null && event.key === 'Enter') brush(state.cursor)
  else if (event.key === ' ') play()
  else if (event.key === 'ArrowRight') go(1)
  else if (event.key === 'ArrowLeft') go(-1)
  else return
  event.preventDefault()
  redraw()
})

byId('paste', HTMLButtonElement).addEventListener('click', () => {
  const rows = parts.table.value
    .split('\n')
    .map(line => line.trim().replaceAll('−', '-'))
    .filter(line => line !== '')
    .map(line => line.split(/[,;\s]+/).map(Number))
  const wrong = rows.findIndex(row => row.length !== 2 || !row.every(Number.isFinite))
  if (rows.length === 0 || wrong >= 0) {
    say(
      rows.length === 0
        ? 'The table is empty; paste two numbers a line.'
        : `Row ${wrong + 1} of the table is not two numbers; correct it.`
    )
    return
  }
  if (rows.length > 5000) {
    say(`The table has ${rows.length} rows, more than the 5000 that the page takes; take a sample of them.`)
    return
  }
  state.points = Float64Array.from(rows.flat())
  state.scene = { ...state.scene, data: { drawn: rows.map(([x, y]): [number, number] => [x, y]) } }
  state.box = boxOf(state.points)
  draws(false)
})

// —— the rest ——

parts.play.addEventListener('click', play)
byId('bench-forward', HTMLButtonElement).addEventListener('click', () => go(1))
byId('bench-back', HTMLButtonElement).addEventListener('click', () => go(-1))
parts.scrub.addEventListener('input', () => {
  const to = Number(parts.scrub.value)
  go(to - state.step)
})
for (const part of [parts.noise, parts.density, parts.field, parts.noised, parts.paths, parts.charted])
  part.addEventListener('input', redraw)
parts.noise.addEventListener('input', () => {
  const { samples } = state
  if (samples === null) return
  // Restores the points to the shown noise.
  const time = noiseTime()
  samples.falling = false
  samples.at = samples.times.reduce(
    (best, each, i) => (Math.abs(each - time) < Math.abs(samples.times[best] - time) ? i : best),
    0
  )
})
parts.shown.addEventListener('change', () => {
  state.shown = parts.shown.value as Learner
  redraw()
})
parts.sample.addEventListener('click', () => {
  const run = runs().find(({ learner }) => learner === state.shown)
  if (run === undefined) return
  pause()
  const { round, scene } = state
  const sampler = parts.sampler.value
  ask('sample', { learner: run.learner, step: run.at, count: 600, steps: 120, seed: scene.seed, sampler })
    .then(answer => {
      if (round !== state.round) return
      state.samples = { ...answer, at: 0, falling: true }
      setNoise(answer.times[0])
      say(
        '600 points on their way from noise to data, along the score that was learned; the noise shown leads them back.'
      )
      redraw()
    })
    .catch((error: unknown) => say(String(error)))
})
const copied = (text: string, what: string): void => {
  navigator.clipboard.writeText(text).then(
    () => say(`${what} is on the clipboard.`),
    () => say(`The browser keeps its clipboard closed; ${what.toLowerCase()} can be selected and copied.`)
  )
}
byId('copy', HTMLButtonElement).addEventListener('click', () => copied(parts.code.textContent, 'The code'))
byId('share', HTMLButtonElement).addEventListener('click', () => copied(location.href, 'The address'))
new ResizeObserver(redraw).observe(parts.picture)
parts.sampler.append(...choices.sampler.map(name => new Option(name, name, false, name === 'heun')))
parts.charted.append(...Object.entries(charted).map(([value, text]) => new Option(text, value)))

const nav = document.getElementById('presets')
for (const preset of presets) {
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: preset.name })
  button.addEventListener('click', () => void use(preset))
  nav?.append(button)
}

/** Shows the scene of a hash; the first preset if it is empty. */
export const openWorkbench = (hash: string): void => {
  document.title = 'Workbench – ornstein'
  if (hash === '') {
    void use(presets[0])
    return
  }
  if (hash === toHash(state.scene) && state.tracks.size > 0) return
  const scene = fromHash(hash)
  if (E.isRight(scene)) {
    state.preset = presets.find(preset => toHash(preset.scene) === hash) ?? state.preset
    void open(scene.right)
  } else {
    void use(presets[0]).then(() => say(scene.left))
  }
}
