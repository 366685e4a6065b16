/**
 * The run of question 2 as one picture that plays once, for the first pages of the site and of the lesson: an SVG animation, which a script
 * of a few lines begins. For readers who prefer reduced motion it shows the end until they press the button.
 */
import { lower, triangleRun } from './questions/lower.js'
import { defaults, noisedAt, places } from './questions/question.js'
import type { Place } from './plot.js'

/** The noise until step `SWITCH`, and how far the view reaches at it and after it. */
const TIME = 2.2
const SWITCH = 50
const FAR = 15
const NEAR = 6.2
const SECONDS = 5
/** The share of the time at which the first stage begins and ends, and at which the second one ends. */
const PARTS = [0.08, 0.6, 0.85] as const

const n = (x: number): string => x.toFixed(2).replace(/\.?0+$/, '')
const corners = (guesses: ReadonlyArray<number>): string =>
  places(guesses)
    .map(([x, y]) => `${n(x)},${n(-y)}`)
    .join(' ')
const view = (reach: number): string => [-1.6 * reach, -reach, 3.2 * reach, 2 * reach].map(n).join(' ')
/** Rows as the round ends of lines without length. */
const dots = (points: Float64Array, r: number): string =>
  `<path stroke="currentColor" stroke-opacity=".45" stroke-width="${2 * r}" stroke-linecap="round" d="${places(points)
    .filter(([x, y]) => Math.abs(x) < 1.7 * FAR && Math.abs(y) < FAR)
    .map(([x, y]: Place) => `M${n(x)} ${n(-y)}h0`)
    .join('')}"/>`

/** Begins the animation, unless the reader prefers reduced motion; a click begins it again. */
const script = `{
  const begin = () => document.getElementById('heroBegins').beginElement()
  for (const id of ['hero', 'hero-play']) document.getElementById(id).addEventListener('click', begin)
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) begin()
}`

/** The figure as HTML; `more` ends its caption. */
export const hero = (more: string): string => {
  const run = triangleRun(defaults(lower))
  const frames = [...run.frames]
  const steps = [...Array.from({ length: SWITCH / 2 + 1 }, (_, i) => 2 * i), 51, 52, 53, 54, 56]
  const times = steps.map(step =>
    step <= SWITCH
      ? PARTS[0] + ((PARTS[1] - PARTS[0]) * step) / SWITCH
      : PARTS[1] + 0.06 + ((PARTS[2] - PARTS[1] - 0.06) * (step - SWITCH)) / 6
  )
  const keyed = (values: ReadonlyArray<string>, at: ReadonlyArray<number>, begin = 'heroBegins.begin'): string =>
    `dur="${SECONDS}s" begin="${begin}" fill="freeze" keyTimes="${[0, ...at, 1].map(t => n(t)).join(';')}" values="${[values[0], ...values, values[values.length - 1]].join(';')}"`
  const shapes = steps.map(step => corners(frames[step].guesses))
  const fall = [PARTS[1], PARTS[1] + 0.06]
  const truth = places(frames[frames.length - 1].guesses)
  const ends = shapes[shapes.length - 1]
  return `<figure class="hero"><svg id="hero" viewBox="${view(NEAR)}" role="img" aria-label="Three clusters under so much noise that they look like one cloud. A triangle of guesses grows to the right size, turned the wrong way. Then the noise falls, and the triangle turns into place in three steps.">
<animate id="heroBegins" attributeName="viewBox" ${keyed([view(FAR), view(NEAR)], fall, 'indefinite')}/>
<g opacity="0">${dots(noisedAt(run.setting, TIME), 0.11)}<animate attributeName="opacity" ${keyed(['1', '0'], fall)}/></g>
<g>${dots(run.setting, 0.06)}<animate attributeName="opacity" ${keyed(['0', '1'], fall)}/></g>
<g stroke="currentColor" stroke-width=".14">${truth.map(([x, y]) => `<path d="M${n(x - 0.3)} ${n(-y - 0.3)}l.6 .6m0-.6l-.6 .6"/>`).join('')}<animate attributeName="opacity" ${keyed(['0', '1'], fall)}/></g>
${[[FAR, 'much noise', ['1', '0']] as const, [NEAR, 'no noise', ['0', '1']] as const]
  .map(
    ([reach, words, opacity]) =>
      `<text x="${n(-1.54 * reach)}" y="${n(0.92 * reach)}" style="font-size:${n(0.085 * reach)}px" fill="currentColor" opacity="${opacity[1]}">${words}<animate attributeName="opacity" ${keyed(opacity, fall)}/></text>`
  )
  .join('')}
<polygon points="${ends}" fill="none" stroke="#d55e00" stroke-width=".16" stroke-linejoin="round"><animate attributeName="points" ${keyed(shapes, times)}/></polygon>
</svg><figcaption>Much noise makes one cloud of three clusters. A model that learns to remove the noise (orange) finds how large their triangle is, not which way it points. Then the noise falls, and the triangle turns into place. <button type="button" id="hero-play">▶ Play</button>${more}</figcaption></figure>
<script>${script}</script>`
}
