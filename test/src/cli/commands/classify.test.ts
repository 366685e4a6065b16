/** `ornstein classify`: what is learned of labelled rows, how good it is, and other rows by it. */
import { afterAll, describe, expect, it } from 'vitest'
import { Discriminant, Problem } from '../../../../src/index.js'
import { replays } from '../../../golden/sessions.js'
import { place } from '../harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

const rows = Array.from({ length: 60 }, (_, i) => {
  const c = i % 3
  return [c * 4 + ((i * 37) % 11) / 5, (c === 1 ? 5 : 0) + ((i * 53) % 17) / 6]
})
const labels = rows.map((_, i) => ['ash', 'birch', 'cedar'][i % 3])
here.write('train.csv', `x,y,tree\n${rows.map((row, i) => [...row, labels[i]].join(',')).join('\n')}\n`)

describe('ornstein classify', () => {
  it('says what the error of new rows is, as Discriminant.crossValidated has it', async () => {
    const { exit, stdout } = await ornstein(
      'classify @train.csv --labels tree --folds 4 --seed 3 --covariance EEE,VVV --json'
    )
    expect(exit).toBe(0)
    const options = { covariance: ['EEE', 'VVV'], seed: 3 } as const
    const found = Discriminant.fit(rows, labels, options)
    const held = Problem.orThrow(Discriminant.crossValidated(options, { folds: 4, seed: 3 })(rows, labels))
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 60,
      columns: ['x', 'y'],
      labels: 'tree',
      classes: ['ash', 'birch', 'cedar'],
      covariances: found.covariances,
      parameters: found.parameters,
      bic: found.bic,
      error: held.error,
      brier: held.brier,
      confusion: held.counts
    })
    const shown = await ornstein('classify @train.csv --labels tree --folds 4')
    expect(shown.stdout).toMatch(/tree +ash +birch +cedar/)
    expect(shown.stdout).toMatch(/error +\d+\.\d % of new rows/)
  })

  it('classifies rows of another table, of the columns by name', async () => {
    here.write('new.csv', 'name,y,x\na,0.5,0.2\nb,6,5\nc,1,9.5\n')
    const { exit, stdout } = await ornstein('classify @train.csv @new.csv --labels tree --covariance EEE')
    expect(exit).toBe(0)
    const [header, ...lines] = stdout.trimEnd().split('\n')
    expect(header).toBe('name,y,x,class,probability,p(ash),p(birch),p(cedar)')
    const found = Discriminant.fit(rows, labels, { covariance: 'EEE' }).predict([[0.2, 0.5], [5, 6], [9.5, 1]]) // prettier-ignore
    lines.forEach((line, i) => {
      const [, , , label, probability, ...all] = line.split(',')
      expect(label).toBe(found[i].label)
      expect(Number(probability)).toBe(found[i].probability)
      expect(all.map(Number)).toEqual([...found[i].probabilities])
    })
    expect((await ornstein('classify @train.csv @new.csv --labels tree --covariance EEE --out @out.jsonl')).exit).toBe(
      0
    )
    expect(here.read('out.jsonl')).toContain('"class":"ash"')
  })

  it('leaves out rows without a label', async () => {
    here.write(
      'gaps.csv',
      `x,y,tree\n${rows.map((row, i) => [...row, i % 7 === 0 ? '' : labels[i]].join(',')).join('\n')}\n`
    )
    const { stdout } = await ornstein('classify @gaps.csv --labels tree --covariance EEE --folds 2 --json')
    expect(JSON.parse(stdout)).toMatchObject({ rows: 51, unlabelled: 9, classes: ['ash', 'birch', 'cedar'] })
  })

  it('takes mixtures for classes', async () => {
    const { stdout } = await ornstein('classify @train.csv --labels tree -k 1..2 --covariance EII --folds 2 --json')
    expect(JSON.parse(stdout)).toMatchObject({
      covariances: Discriminant.fit(rows, labels, { components: [1, 2], covariance: 'EII' }).covariances
    })
  })

  replays('classify', here)
})
