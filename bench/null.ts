/**
 * Shares of tables without groups in which the default fit finds some, by cloud, rows and columns: `npm run bench:null`, with `--minutes` (5) of
 * one core, `--first` seed (1) and `--file` for one JSON line per fit (dist/bench/null.jsonl), with all candidates, so that other rules of
 * selection can be tried on them.
 */
import { parseArgs } from 'node:util'
import { cloudShapes, drawCloud, fitSamples, meansByCell, type Sample } from './samples.js'

const { minutes, first, file } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    first: { type: 'string', default: '1' },
    file: { type: 'string', default: 'dist/bench/null.jsonl' }
  }
}).values

function* samples(): Generator<Sample> {
  for (let seed = Number(first); ; seed++)
    for (const rows of [6, 8, 12, 20, 40, 100, 300])
      for (const dim of [1, 2, 5, 10])
        for (const cloud of cloudShapes) if (dim > 1 || cloud !== 'ball') yield drawCloud(cloud, rows, dim, seed)
}

const fits = fitSamples(samples(), { file, minutes: Number(minutes) })
const hasSeveral = ({ components }: { readonly components: number }): number => Number(components > 1)

console.log('| cloud | tables | more than one group |\n|:--|---:|---:|')
for (const { cell, mean, count } of meansByCell(fits, hasSeveral, ({ cell }) => cell.split(' ')[0]))
  console.log(`| ${cell} | ${count} | ${mean.toFixed(3)} |`)

console.log('\n| cloud, rows × columns | tables | more than one group |\n|:--|---:|---:|')
for (const { cell, mean, count } of meansByCell(fits, hasSeveral))
  if (mean > 0) console.log(`| ${cell} | ${count} | ${mean.toFixed(2)} |`)
