/**
 * Pictures as values: SVG text for browsers, notebooks and files, as in reports and documentation.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Picture } from 'ornstein'
 *
 * // One picture as a file, and as an element of a page that brings the style sheet.
 * const falling = [
 *   [0, 2],
 *   [1, 1]
 * ] as const
 * const marks = [Picture.Marks.line(falling, { name: 'loss' })]
 * const picture = Picture.of(Picture.arranged([{ x: { title: 'step' }, y: { title: 'loss' }, marks }]), {
 *   title: 'The loss',
 *   description: 'It falls from 2 to 1.',
 *   note: 'Two steps.'
 * })
 * assert.equal(Picture.svg(picture), String(picture))
 * assert.match(Picture.element(picture), /^<svg/)
 * assert.match(Picture.styles, /prefers-color-scheme|\{/)
 */
export {
  arranged,
  type Axis,
  candidates,
  curve,
  curves,
  type Curves,
  density,
  type Described,
  type Drawn,
  element,
  field,
  type HeatMap,
  heatMaps,
  type Layout,
  type Mark,
  Marks,
  of,
  type Page,
  type Panel,
  type Picture,
  type Place,
  type Point,
  report,
  type Rule,
  samples,
  Scale,
  type Series,
  type Shown,
  styles,
  svg,
  type Xy
} from '../report/picture.js'
