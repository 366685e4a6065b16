/** The picture of a sweep: of each table a box, in it a row for each choice and a mark for each seed, by log-likelihood. */
import { axis, dots, extent, frame, n, text, wide, type Figure } from './svg.js'

/** What a fit of a sweep came to. */
export interface Swept {
  readonly data: string
  readonly fit: string
  readonly result?: { readonly logLikelihood: number } | undefined
}

const WIDTH = 640
const ROW = 22

export const spread = (lines: ReadonlyArray<Swept>): Figure => {
  const names = [...new Set(lines.map(({ fit }) => fit))]
  const tables = [...new Set(lines.map(({ data }) => data))]
  const left = 16 + Math.max(0, ...names.map(wide))
  const height = ROW * names.length
  const box = (top: number) => ({ left, top, width: WIDTH - left - 16, height })
  const each = height + 66
  const body = tables.map((data, i) => {
    const own = lines.filter(one => one.data === data)
    const valuesOf = (name: string): ReadonlyArray<number> =>
      own.flatMap(({ fit, result }) => (fit === name && result !== undefined ? [result.logLikelihood] : []))
    const all = names.flatMap(valuesOf)
    const top = 24 + i * each
    const { width } = box(top)
    const x = axis(extent(all.length === 0 ? [0] : all, 0.06), [left, left + width], 6)
    const yOf = (k: number): number => top + ROW * (k + 0.5)
    const y = { at: yOf, ticks: names.map((label, value) => ({ value, label })) }
    return (
      text([left, top - 8], data, { kind: 'name' }) +
      frame(box(top), x, y, i + 1 === tables.length ? { x: 'log-likelihood per row' } : {}) +
      names
        .map((name, k) =>
          dots(
            k,
            valuesOf(name).map(value => [x.at(value), yOf(k)]),
            4
          )
        )
        .join('')
    )
  })
  const done = lines.filter(({ result }) => result !== undefined).length
  return {
    name: 'sweep',
    title: 'Log-likelihoods of a sweep',
    description: `${n(done)} fits of ${names.join(', ')} to ${tables.join(', ')}, a mark for each seed`,
    note: '',
    width: WIDTH,
    height: tables.length * each + 16,
    body: body.join('')
  }
}
