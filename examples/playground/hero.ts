/**
 * The run of question 2 as an SVG animation for first pages, which plays once; readers who prefer reduced motion see its end until they
 * press the button.
 */
import { triangleRun, whyLowerNoise } from './questions/whyLowerNoise.js'
import { defaults, noisedAt, places } from './questions/question.js'
import type { Place } from './plot.js'

/** Time of the noise until the last noised step. */
const NOISE_TIME = 2.2
const LAST_NOISED_STEP = 50
/** Half the height of the view with noise, and without. */
const NOISED_REACH = 15
const CLEAN_REACH = 6.2
const DURATION_SECONDS = 5
/** Shares of the duration at which the first stage begins and ends, and the second ends. */
const STAGE_TIMES = [0.08, 0.6, 0.85] as const

const n = (x: number): string => x.toFixed(2).replace(/\.?0+$/, '')
const corners = (guesses: ReadonlyArray<number>): string =>
  places(guesses)
    .map(([x, y]) => `${n(x)},${n(-y)}`)
    .join(' ')
const view = (reach: number): string => [-1.6 * reach, -reach, 3.2 * reach, 2 * reach].map(n).join(' ')
/** Rows as lines of length 0 with round ends. */
const dots = (points: Float64Array, r: number): string =>
  `<path stroke="currentColor" stroke-opacity=".45" stroke-width="${2 * r}" stroke-linecap="round" d="${places(points)
    .filter(([x, y]) => Math.abs(x) < 1.7 * NOISED_REACH && Math.abs(y) < NOISED_REACH)
    .map(([x, y]: Place) => `M${n(x)} ${n(-y)}h0`)
    .join('')}"/>`

/** Starts the animation unless the reader prefers reduced motion; a click restarts it. */
const script = `{
  const begin = () => document.getElementById('heroBegins').beginElement()
  for (const id of ['hero', 'hero-play']) document.getElementById(id).addEventListener('click', begin)
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) begin()
}`

/** Returns the figure as HTML; `more` is appended to its caption. */
export const hero = (more: string): string => {
  const run = triangleRun(defaults(whyLowerNoise))
  const frames = [...run.frames]
  const steps = [...Array.from({ length: LAST_NOISED_STEP / 2 + 1 }, (_, i) => 2 * i), 51, 52, 53, 54, 56]
  const times = steps.map(step =>
    step <= LAST_NOISED_STEP
      ? STAGE_TIMES[0] + ((STAGE_TIMES[1] - STAGE_TIMES[0]) * step) / LAST_NOISED_STEP
      : STAGE_TIMES[1] + 0.06 + ((STAGE_TIMES[2] - STAGE_TIMES[1] - 0.06) * (step - LAST_NOISED_STEP)) / 6
  )
  const keyed = (values: ReadonlyArray<string>, at: ReadonlyArray<number>, begin = 'heroBegins.begin'): string =>
    `dur="${DURATION_SECONDS}s" begin="${begin}" fill="freeze" keyTimes="${[0, ...at, 1].map(t => n(t)).join(';')}" values="${[values[0], ...values, values[values.length - 1]].join(';')}"`
  const shapes = steps.map(step => corners(frames[step].guesses))
  const fall = [STAGE_TIMES[1], STAGE_TIMES[1] + 0.06]
  const truth = places(frames[frames.length - 1].guesses)
  const ends = shapes[shapes.length - 1]
  return `<figure class="hero"><svg id="hero" viewBox="${view(CLEAN_REACH)}" role="img" aria-label="Three clusters under so much noise that they look like one cloud. A triangle of guesses grows to the right size, turned the wrong way. Then the noise falls, and the triangle turns into place in three steps.">
<animate id="heroBegins" attributeName="viewBox" ${keyed([view(NOISED_REACH), view(CLEAN_REACH)], fall, 'indefinite')}/>
<g opacity="0">${dots(noisedAt(run.setting, NOISE_TIME), 0.11)}<animate attributeName="opacity" ${keyed(['1', '0'], fall)}/></g>
<g>${dots(run.setting, 0.06)}<animate attributeName="opacity" ${keyed(['0', '1'], fall)}/></g>
<g stroke="currentColor" stroke-width=".14">${truth.map(([x, y]) => `<path d="M${n(x - 0.3)} ${n(-y - 0.3)}l.6 .6m0-.6l-.6 .6"/>`).join('')}<animate attributeName="opacity" ${keyed(['0', '1'], fall)}/></g>
${[[NOISED_REACH, 'much noise', ['1', '0']] as const, [CLEAN_REACH, 'no noise', ['0', '1']] as const]
  .map(
    ([reach, words, opacity]) =>
      `<text x="${n(-1.54 * reach)}" y="${n(0.92 * reach)}" style="font-size:${n(0.085 * reach)}px" fill="currentColor" opacity="${opacity[1]}">${words}<animate attributeName="opacity" ${keyed(opacity, fall)}/></text>`
  )
  .join('')}
<polygon points="${ends}" fill="none" stroke="#d55e00" stroke-width=".16" stroke-linejoin="round"><animate attributeName="points" ${keyed(shapes, times)}/></polygon>
</svg><figcaption>Much noise makes one cloud of three clusters. A model that learns to remove the noise (orange) finds how large their triangle is, not which way it points. Then the noise falls, and the triangle turns into place. <button type="button" id="hero-play">▶ Play</button>${more}</figcaption></figure>
<script>${script}</script>`
}
