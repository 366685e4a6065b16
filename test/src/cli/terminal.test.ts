/** The terminal: text fits its width, progress says what number it shows, and colours mean something. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { colourMessages, PLAIN_TERMINAL, terminalOf } from '../../../src/cli/terminal.js'
import { commands } from '../../../src/cli/usage.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)
beforeAll(async () => {
  await ornstein('fit %iris.csv -k 3 --family full --quiet --out @model.json')
  await ornstein('fit %iris.csv -k 2 --family full --quiet --out @two.json')
})

const inWidth = (cells: number) => ({ terminal: { ...PLAIN_TERMINAL, out: cells, err: cells } })
const tooWide = (text: string, cells: number): ReadonlyArray<string> =>
  // what has no blank cannot be cut
  text.split('\n').filter(line => line.length > cells && /\S\s+\S/.test(line))

describe('in a terminal of 50 columns', () => {
  const cells = 50
  it.each([
    'fit %iris.csv -k 2..3 --family full,tied --labels Species',
    'fit %iris.csv -k 2 --family full --recipe em --compare annealed,spectral',
    'fit %iris.csv -k 2 --family full --bootstrap 40',
    'evaluate @model.json %iris.csv --labels Species',
    'compare @model.json @two.json %iris.csv',
    'list optimizer',
    '--help',
    ...commands.map(({ name }) => `help ${name}`),
    'fit %iris.csv --columns nothing',
    'evaluate',
    'fit --componets 3'
  ])('all lines fit: %s', async line => {
    const { stdout, stderr } = await ornstein(line, inWidth(cells))
    expect(stdout + stderr).not.toBe('')
    expect(tooWide(stdout + stderr, cells)).toEqual([])
  })

  it('no cell of a table is cut, and nothing is lost', async () => {
    const line = 'evaluate @model.json %iris.csv --labels Species'
    const words = (text: string): ReadonlyArray<string> => text.split(/\s+/)
    expect(words((await ornstein(line, inWidth(cells))).stdout)).toEqual(words((await ornstein(line)).stdout))
  })

  it('examples are still what a shell takes', async () => {
    const { stdout } = await ornstein('help fit', inWidth(cells))
    const examples = stdout.replaceAll(/ \\\n +/g, ' ')
    for (const line of (await ornstein('help fit')).stdout.split('\n').filter(line => line.startsWith('  $ ')))
      expect(examples).toContain(line)
  })
})

it('what is piped is as wide as it is', async () => {
  const { stdout } = await ornstein('fit %iris.csv -k 2 --family full --recipe em')
  expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeGreaterThan(80)
})

describe('progress', () => {
  const watched = async (line: string, cells = Infinity): Promise<ReadonlyArray<string>> => {
    let clock = 0
    const { stderr } = await ornstein(line, {
      isTTY: true,
      now: () => (clock += 120),
      terminal: { ...PLAIN_TERMINAL, err: cells }
    })
    return stderr.split('\r\x1b[2K').filter(text => text !== '' && !text.endsWith(' …'))
  }

  it.each(['', '--no-standardize'])('shows the log-likelihood in the units of the result: %s', async how => {
    const line = `fit %faithful.csv -k 2 --family full --recipe em ${how}`
    const { logLikelihood } = await here.told(line)
    const last = (await watched(line)).at(-1) ?? ''
    const [, shown = 'none'] = /log-likelihood per row (-?[\d.]+)/.exec(last) ?? []
    // The rule of the recipe ends it where parameters stand still to 1e-8: the likelihood does so to its square, and six digits are shown.
    expect(Number(shown)).toBeCloseTo(logLikelihood, 4)
  })

  it('says what else it shows, and how long it takes', async () => {
    const descent = await watched('fit %faithful.csv -k 2 --family isotropic --recipe two-stage')
    expect(descent.some(text => /^loss [\d.]+, step \d+ of 150, stage 1 of 4, at most \d+ s left$/.test(text))).toBe(
      true
    )
    const prior = await watched('fit %faithful.csv -k 2 --family full --recipe em --prior 0.01')
    expect(prior.at(-1)).toMatch(/log-likelihood \+ log-prior per row -/)
  })

  it('says of a search when the last candidate comes, and that the best are refined after it', async () => {
    const lines = await watched('fit %faithful.csv -k 1..4 --family isotropic,full')
    // A clock of 120 ms a look: by the last candidates more than a second is over, and a time is there to be measured.
    expect(lines.find(line => line.startsWith('candidate 8 of 8'))).toMatch(
      /^candidate 8 of 8: \d [a-z]+, then the best are refined$/
    )
    for (const line of lines)
      expect(line).toMatch(
        /^(?!candidate)|^candidate [1-8] of 8: \d [a-z]+(, (about \d+ s to the last candidate|then the best are refined))?$/
      )
    expect(lines.some(line => line.endsWith('s to the last candidate'))).toBe(true)
  })

  it('stays on its line', async () => {
    const minVarianceColumns = await watched('fit %faithful.csv -k 2 --family full --recipe em', 50)
    expect(minVarianceColumns.length).toBeGreaterThan(2)
    for (const text of minVarianceColumns) expect(text.length).toBeLessThan(50)
  })
})

describe('colours', () => {
  it('are those of errors and warnings alone', () => {
    const text = 'error: --seed: x\nwarning: y\nno error: z\n'
    expect(colourMessages(PLAIN_TERMINAL)(text)).toBe(text)
    expect(colourMessages({ ...PLAIN_TERMINAL, isColoured: true })(text)).toBe(
      '\x1b[31merror:\x1b[39m --seed: x\n\x1b[33mwarning:\x1b[39m y\nno error: z\n'
    )
  })

  it('are on where a person looks, and off by NO_COLOR', async () => {
    const tty = { isTTY: true, columns: 100 }
    expect(terminalOf({}, tty, {})).toEqual({ out: Infinity, err: 100, isColoured: true })
    expect(terminalOf(tty, {}, {})).toEqual({ out: 100, err: Infinity, isColoured: false })
    expect(terminalOf(tty, tty, { NO_COLOR: '1' }).isColoured).toBe(false)
    expect(terminalOf(tty, tty, { NO_COLOR: '' }).isColoured).toBe(true)
    expect(terminalOf(tty, tty, { TERM: 'dumb' }).isColoured).toBe(false)
    // some terminals say 0
    expect(terminalOf({ isTTY: true, columns: 0 }, tty, {}).out).toBe(80)
    const line = 'fit @none.csv'
    const terminal = { ...PLAIN_TERMINAL, isColoured: true }
    expect((await ornstein(line, { terminal })).stderr).toMatch(/^\x1b\[31merror:\x1b\[39m FILE: .*none\.csv/)
    expect((await ornstein('fit --seed', { terminal })).stderr).toMatch(/^\x1b\[31merror:\x1b\[39m option/)
    expect((await ornstein(line)).stderr).toMatch(/^error: /)
  })
})
