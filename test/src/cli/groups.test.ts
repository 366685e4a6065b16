/** `ornstein fit --by`, a fit for each group of rows; and the figures of a fit as files. */
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { replays } from '../../golden/sessions.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here

/** Two groups about different places, and one of a single row, which has no variance. */
beforeAll(() => {
  const row = (kind: string, x: number, i: number): string => `${kind},${x + Math.sin(i * i)},${Math.cos(3 * i * i)}`
  const rows = Array.from({ length: 60 }, (_, i) => row(i % 2 === 0 ? 'near/by' : 'far', i % 2 === 0 ? 0 : 50, i))
  here.write('groups.csv', `kind,x,y\n${rows.join('\n')}\n`)
  here.write('lone.csv', `kind,x,y\n${rows.join('\n')}\nlone,1,2\n`)
})
afterAll(here.remove)

const options = '-k 1 --family isotropic --recipe em'

it('learns from each group by itself, and names the files after it', async () => {
  const { by, groups } = await here.told(
    `fit @groups.csv ${options} --by kind --out @m.json --report @r.html --figures @pictures`
  )
  expect([by, ...groups.map(({ group, rows, columns }) => [group, rows, columns])]).toEqual([
    'kind',
    ['far', 30, ['x', 'y']],
    ['near/by', 30, ['x', 'y']]
  ])
  expect(groups.map(({ means: [[x]] }) => x > 25)).toEqual([true, false])
  expect(here.list()).toEqual(
    expect.arrayContaining(['m-far.json', 'm-near_by.json', 'r-far.html', 'r-near_by.html', 'pictures'])
  )
  expect(here.read('pictures/near_by/data.svg')).toMatch(/^<svg xmlns/)
})

it('writes in the folder that was named, whatever a group is called', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${['..', '.'][i % 2]},${Math.sin(i * i)},${Math.cos(3 * i * i)}`)
  here.write('dots.csv', `kind,x,y\n${rows.join('\n')}\n`)
  const before = here.list()
  expect((await ornstein(`fit @dots.csv ${options} --by kind --figures @in/dots --quiet`)).exit).toBe(0)
  expect(here.list().filter(name => !before.includes(name))).toEqual(['in'])
  expect(readdirSync(here.at('in'))).toEqual(['dots'])
  expect(readdirSync(here.at('in/dots')).sort()).toEqual(['_-1', '_-2'])
})

replays('groups', here)

it('stop with the group in which a signal came', async () => {
  let now = 0
  const { exit, stdout } = await ornstein('fit %penguins.csv --by species --missing drop -k 1..2 --family isotropic', {
    now: () => (now += 60),
    untilSignal: work => work(() => Promise.resolve('SIGINT'))
  })
  expect(exit).toBe(130)
  expect(stdout.match(/^species = .*$/gm)).toEqual(['species = Adelie'])
})
