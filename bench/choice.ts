/**
 * Mean adjusted Rand index of the default fit on subsamples of iris, penguins and wine, and on drawn groups: `npm run bench:choice`, with
 * `--minutes` (5) of one core, `--first` seed (1) and `--file` for one JSON line per fit (dist/bench/choice.jsonl), with all candidates, so
 * that other rules of selection can be tried on them.
 */
import { parseArgs } from 'node:util'
import { drawGroups, drawSubsample, fitSamples, meansByCell, type Sample } from './samples.js'

const { minutes, first, file } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    first: { type: 'string', default: '1' },
    file: { type: 'string', default: 'dist/bench/choice.jsonl' }
  }
}).values

const SHAPES = [
  { dim: 1, groups: 2 },
  { dim: 2, groups: 2 },
  { dim: 2, groups: 3 },
  { dim: 5, groups: 3 }
]

function* samples(): Generator<Sample> {
  for (let seed = Number(first); ; seed++) {
    for (const rows of [12, 20, 30, 50])
      for (const name of ['iris', 'penguins', 'wine']) yield drawSubsample(`examples/data/${name}.csv`, rows, seed)
    for (const separation of [3, 4, 6, 10])
      for (const rows of [12, 20, 40, 100])
        for (const shape of SHAPES) yield drawGroups({ ...shape, rows, separation }, seed)
  }
}

const fits = fitSamples(samples(), { file, minutes: Number(minutes) })
console.log('| tables | number | mean adjusted Rand index | mean number of groups |\n|:--|---:|---:|---:|')
const groups = new Map(meansByCell(fits, ({ components }) => components).map(({ cell, mean }) => [cell, mean]))
for (const { cell, mean, count } of meansByCell(fits, ({ adjustedRand }) => adjustedRand))
  console.log(`| ${cell} | ${count} | ${mean.toFixed(3)} | ${(groups.get(cell) ?? NaN).toFixed(1)} |`)
