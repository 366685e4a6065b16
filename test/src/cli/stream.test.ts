/** `ornstein fit --stream`: what is learned from a table in pieces is what is learned from it whole. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fit, Key, Mixture, Points } from '../../../src/index.js'
import { isSlow, once, spread } from '../../cases.js'
import { replays } from '../../golden/sessions.js'
import { place } from './harness.js'
import { ddpm, network } from './pipelines.js'

const here = place()
const { ornstein } = here

const truth = Mixture.of({
  means: [
    [-4, 0],
    [4, 1]
  ],
  weights: [0.3, 0.7]
})
const points = Mixture.sample(66_000)(Key.fromSeed(5))(truth)

/** Rows of a fit are read some 65536 at once, and copied two million characters at once: of wide rows fewer do, more than
 * the 5000 after which what is said of them is no longer waited for. */
const rowsOf = { long: 66_000, wide: 6400 }
/** Rows of a fit that is the same in pieces as whole, whatever their number; and of one that is chosen by a sample of them. */
const FEW = 600
const MANY = 5500

beforeAll(() => {
  const lines = Points.toCsv(points, ['length', 'width']).trimEnd().split('\n')
  const table = (rows: number, note = ''): ReadonlyArray<string> =>
    lines.slice(0, rows + 1).map((line, i) => (i === 0 ? `name,${line}` : `no ${i}${note},${line}`))
  const write = (name: string, lines: ReadonlyArray<string>, others: Readonly<Record<number, string>> = {}): void => {
    here.write(name, `${lines.map((line, i) => others[i] ?? line).join('\n')}\n`)
  }
  const kinds = { long: table(rowsOf.long), wide: table(rowsOf.wide, ' of very many'.repeat(24)) }
  for (const [kind, lines] of Object.entries(kinds)) {
    const last = lines.length - 1
    write(`${kind}-missing.csv`, lines, { 5: 'x,NA,1', [last - 1]: 'x,NA,1' })
    write(`${kind}-wrong.csv`, lines, { [last - 2]: 'x,1.2.3,1' })
    if (kind === 'long' && !isSlow) continue
    write(`${kind}.csv`, lines)
    write(`${kind}-quoted.csv`, [...lines, '"x",1,2'])
    if (isSlow) here.write(`${kind}.csv.gz`, gzipSync(lines.join('\n')))
  }
  write('few.csv', table(FEW))
  write('many.csv', table(MANY))
  write(
    'kinds.csv',
    lines.slice(0, 401).map((line, i) => `${i === 0 ? 'kind' : i % 2 === 0 ? 'a' : 'b'},${line}`)
  )
  here.write('ddpm.json', ddpm(4))
  here.write('network.json', network(2))
})
afterAll(() => here.remove())

const json = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text) as Readonly<Record<string, unknown>>

describe('a table in pieces', () => {
  it.runIf(isSlow).each(['wide.csv', 'wide.csv.gz', 'wide-missing.csv'])(
    'leads to the mixture of it whole: %s',
    async name => {
      const how = `fit @${name} -k 2 --family isotropic,tied --missing drop --json`
      const whole = await ornstein(how)
      const streamed = await ornstein(`${how} --stream --out @model.json`)
      expect([whole.exit, streamed.exit, streamed.stderr]).toEqual([0, 0, ''])
      const { means, weights, variances, rows, dropped, logLikelihood, ...rest } = json(streamed.stdout)
      // What was chosen is learned to the end once more, of the table whole; a thousandth of a standard deviation is far less than
      // what so many rows say
      const of = json(whole.stdout)
      expect({ rows, dropped, family: rest.family, components: rest.components, columns: rest.columns }).toEqual({
        rows: of.rows,
        dropped: of.dropped,
        family: of.family,
        components: of.components,
        columns: ['length', 'width']
      })
      expect(Number(logLikelihood)).toBeCloseTo(Number(of.logLikelihood), 5)
      expect(means).toHaveLength(2)
      expect(weights).toHaveLength(2)
      expect(variances).toHaveLength(2)
      const evaluated = json((await ornstein(`evaluate @model.json @${name} --missing drop --json`)).stdout)
      expect(evaluated.logLikelihood).toBe(logLikelihood)
      const inPieces = await ornstein(`evaluate @model.json @${name} --missing drop --json --stream`)
      expect({ exit: inPieces.exit, ...json(inPieces.stdout) }).toEqual({ exit: 0, ...evaluated })
    }
  )

  once('says how far it is known, as `fit.bootstrap` does of its rows in memory', async () => {
    const how = 'fit @few.csv -k 2 --family full --bootstrap 40 --stream'
    const { bootstrap, unsupported } = json((await ornstein(`${how} --json`)).stdout)
    const rows = Points.select(Array.from({ length: FEW }, (_, i) => i))(points)
    const known = fit(rows, { components: 2, family: 'full' }).bootstrap({ resamples: 40 })
    expect([bootstrap, unsupported]).toEqual([JSON.parse(JSON.stringify(known)), []])
  })

  once(
    'is what a large one is read in unasked, and the mixture of it whole; not where all rows are needed',
    async () => {
      const large = { isLarge: () => () => Promise.resolve(true) }
      const fit = 'fit @few.csv -k 2 --family isotropic'
      const mixture = (name: string): unknown => ({ ...json(here.read(name)), fit: null })
      const whole = await ornstein(`${fit} --out @few-whole.json`)
      const pieces = await ornstein(`${fit} --out @few-pieces.json`, large)
      const kept = await ornstein(`${fit} --no-stream`, large)
      expect([whole.stderr, kept.stderr]).toEqual(['', ''])
      expect(kept.stdout).toBe((await ornstein(fit)).stdout)
      expect(pieces.stderr).toBe(
        'reading the table in pieces, as it is large for this memory; use --no-stream to read it whole\n'
      )
      expect(pieces.stdout).toMatch(/^Model: .*; rows read in pieces\.$/m)
      expect(mixture('few-pieces.json')).toEqual(mixture('few-whole.json'))
      const open = await ornstein('fit @few.csv -k 1,2 --family isotropic --json', large)
      expect(open.stderr).toContain('; the last digits of the result may differ;')
      for (const needs of ['--missing em', '--by kind'])
        expect(await ornstein(`fit @kinds.csv -k 2 --family isotropic ${needs}`, large)).toMatchObject({
          exit: 0,
          stderr: ''
        })
    }
  )

  const piped: ReadonlyArray<readonly [string, string]> = [
    ['ddpm.json', 'long-missing.csv'],
    ['ddpm.json', 'long.csv.gz'],
    ['network.json', 'long.csv']
  ]
  it.each(isSlow ? piped : piped.slice(0, 1))(
    'leads a pipeline of one’s own to the bytes of it whole: %s, %s',
    async (name, table) => {
      const fit = `fit @${table} --pipeline @${name} --missing drop --quiet --out`
      const whole = await ornstein(`${fit} @whole.json`)
      const streamed = await ornstein(`${fit} @pieces.json --stream`)
      expect([whole, streamed]).toEqual([
        { exit: 0, stdout: '', stderr: '' },
        { exit: 0, stdout: '', stderr: '' }
      ])
      expect(here.read('pieces.json')).toBe(here.read('whole.json'))
    }
  )

  once('goes on from a checkpoint of a pipeline, and says where it cannot be told when to write one', async () => {
    const fit = 'fit @few.csv --pipeline @ddpm.json --stream --json --checkpoint @at'
    const first = await ornstein(`${fit} --every 1`)
    const again = await ornstein(`${fit} --resume`)
    expect([first.exit, again.exit]).toEqual([0, 0])
    expect(again.stdout).toBe(first.stdout)
    const { exit, stderr } = await ornstein('fit @few.csv -k 2 --stream --checkpoint @other --every 1m')
    expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: /^error: --every: 1m is not asked for here/ })
  })

  it.runIf(isSlow)(
    'ends at a signal with the best until then, and goes on from its checkpoint to the bytes of one left alone',
    async () => {
      const fit = 'fit @many.csv -k 1..2 --family tied --stream --quiet --checkpoint'
      /** A world in which a signal comes at a look. */
      const signalled = (at: number) => {
        let clock = 0
        let looks = 0
        return {
          looks: () => looks,
          now: () => (clock += 100),
          untilSignal: <A>(work: (heard: () => Promise<'SIGTERM' | null>) => Promise<A>) =>
            work(() => Promise.resolve(++looks >= at ? 'SIGTERM' : null))
        }
      }
      const alone = signalled(Infinity)
      expect(await ornstein(`${fit} @alone --out @whole.json`, alone)).toEqual({ exit: 0, stdout: '', stderr: '' })
      // Each of the candidates, of which one is taken to all rows, is one look; there it takes at least as many passes as are looked at here.
      expect(alone.looks()).toBeGreaterThan(8)
      // after the first candidate, and between two passes over all rows
      for (const at of [1, alone.looks() - 4]) {
        const kept = `${fit} @stopped-${at}`
        const { exit, stderr } = await ornstein(`${kept} --out @early.json`, signalled(at))
        expect({ exit, stderr }).toEqual({
          exit: 143,
          stderr: expect.stringMatching(
            /^interrupted by SIGTERM with \d candidates learned: .*the checkpoint is in stopped-/
          ) as unknown
        })
        const early = (await ornstein('evaluate @early.json @many.csv --json')).stdout
        const { fit: said } = json(here.read('early.json')) as { readonly fit: Readonly<Record<string, unknown>> }
        expect(json(early)).toMatchObject({ rows: MANY, logLikelihood: said.logLikelihood })
        expect((await ornstein(`${kept} --resume --out @resumed.json`)).exit).toBe(0)
        expect(here.read('resumed.json')).toBe(here.read('whole.json'))
      }
    }
  )

  it('leads a recipe to the bytes of it whole, also of what is chosen', async () => {
    for (const recipe of spread(3)(['em', 'spectral', 'maximum-likelihood'])) {
      const fit = `fit @few.csv -k 2 --family tied --recipe ${recipe} --quiet --out`
      const whole = await ornstein(`${fit} @whole.json`)
      const streamed = await ornstein(`${fit} @pieces.json --stream`)
      expect([whole.exit, streamed.exit, streamed.stderr]).toEqual([0, 0, ''])
      expect(here.read('pieces.json')).toBe(here.read('whole.json'))
    }
    expect(
      (await ornstein('fit @few.csv -k 1..2 --family tied --recipe em --stream --quiet --out @two.json')).exit
    ).toBe(0)
    expect(json(here.read('two.json'))).toMatchObject({ recipe: 'em', fit: { rows: FEW } })
  })

  it.runIf(isSlow)('has the pipeline, the other recipes, the report and the pictures of it whole', async () => {
    const both = async (line: string): Promise<readonly [string, string]> => {
      const whole = await ornstein(`fit @few.csv ${line}`)
      const streamed = await ornstein(`fit @few.csv ${line} --stream`)
      expect([whole.exit, streamed.exit, whole.stderr, streamed.stderr]).toEqual([0, 0, '', ''])
      return [whole.stdout, streamed.stdout]
    }
    const [plan, planOf] = await both('-k 2 --family full --print-pipeline')
    expect(planOf).toBe(plan)
    const [told, toldOf] = await both('-k 2 --family tied --recipe em --compare spectral --json')
    expect(json(toldOf)).toEqual(json(told))
    const shown = async (name: string, how: string): Promise<ReadonlyArray<string>> => {
      const line = `fit @few.csv -k 2 --family tied --verbose --report @${name}.html --figures @${name} ${how}`
      const { exit, stdout, stderr } = await ornstein(line)
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
      return [stdout.replaceAll(name, 'here'), here.read(`${name}.html`), here.read(`${name}/data.svg`)]
    }
    const whole = await shown('as-one', '')
    const parts = await shown('in-parts', '--stream')
    const inPieces = (text: string): string =>
      text.replace(/^((?:<p>)?Model: .*?lower is better\))/m, '$1; rows read in pieces')
    // What is to be done next is said of the same way to read.
    expect(parts.map(text => text.replace(/ (<span class="word">)?--stream(<\/span>)?/, ''))).toEqual(
      whole.map(inPieces)
    )
    for (const what of ['-k 1 --family tied', '--pipeline @network.json']) {
      expect((await ornstein(`fit @many.csv ${what} --quiet --stream --report @many.html`)).exit).toBe(0)
      expect(here.read('many.html')).toContain('5500 rows of many.csv')
    }
  })

  once('may come down a pipe', async () => {
    const { exit, stdout } = await ornstein('fit - -k 1 --family tied --stream', { stdin: '1,2\n2,3\n4,4.5\n5,9\n' })
    expect(exit).toBe(0)
    expect(stdout).toMatch(
      /^4 rows of standard input form one group\.\n\nModel: 1 component, tied covariance; .*; rows read in pieces\.\n/
    )
  })

  once('may be any that is read whole', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => `"${i + 1}";${i % 5},5;"a ""b"";\n${i}";${(i * 7) % 11}`)
    const stdin = `by X\n"";"x";"word";"y"\n${rows.join('\n')}\n`
    const fit = 'fit - -k 1 --family tied --skip 1 --decimal ,'
    const whole = await ornstein(fit, { stdin })
    const streamed = await ornstein(`${fit} --stream`, { stdin })
    expect(streamed).toEqual({
      ...whole,
      stdout: whole.stdout.replace(/^(Model: .*)\.$/m, '$1; rows read in pieces.')
    })
    expect(streamed.exit).toBe(0)
  })

  replays('stream', here)
})

describe('what a model says of a table in pieces', () => {
  const both = async (line: string) => {
    const whole = await ornstein(`assign @two.json ${line}`)
    return { whole, inPieces: await ornstein(`assign @two.json ${line} --stream`) }
  }
  /** A little more than a piece, so that few rows are in the last. */
  const awkward = (end: string): string => {
    const lines = ['# cells as people write them; "two lines above,', ' length ;"the ""width""";note']
    const often = `${'over and over '.repeat(18)}${end}`
    for (let i = 0, length = 0; length < 2_150_000; i++) {
      const line =
        i === 2000
          ? '# a remark, "not a row'
          : i % 9 === 4
            ? `NA;${i};"a;b"`
            : `${i % 7}.50; ${i % 5} ;"${i}, ""said""${end}${often}"`
      length += line.length + end.length
      lines.push(line)
    }
    return [...lines, '', '# the end', ''].join(end)
  }

  beforeAll(async () => {
    expect((await ornstein('fit @few.csv -k 2 --family full --no-standardize --stream --out @two.json')).exit).toBe(0)
  })

  it.each(
    (isSlow ? ['wide.csv', 'wide.csv.gz', 'wide-missing.csv', 'wide-quoted.csv'] : ['wide-missing.csv']).flatMap(name =>
      ['drop', 'em'].map(missing => [name, missing] as const)
    )
  )('is to the byte what it says of it whole: %s, --missing %s', async (name, missing) => {
    const { whole, inPieces } = await both(`@${name} --missing ${missing}`)
    expect([whole.exit, inPieces.exit, inPieces.stderr]).toEqual([0, 0, ''])
    expect(inPieces.stdout === whole.stdout).toBe(true)
    expect(whole.stdout.split('\n').length).toBeGreaterThan(rowsOf.wide)
  })

  it.each(spread(2)(['\n', '\r\n']))('is so of cells in quotes, over several lines, beside remarks: %j', async end => {
    here.write('awkward.csv', awkward(end))
    const how = '@awkward.csv --columns 1,2 --skip 1 --comment # --missing drop'
    const { whole, inPieces } = await both(how)
    expect([whole.exit, inPieces.exit, inPieces.stderr]).toEqual([0, 0, ''])
    expect(inPieces.stdout === whole.stdout).toBe(true)
    expect(whole.stdout).toContain('NA;4000;"a;b";;;;;\n')
  })

  once('goes to a file whole or not at all, and to standard output as it comes', async () => {
    expect((await ornstein('assign @two.json @wide.csv --stream --out @assigned.csv')).exit).toBe(0)
    expect(here.read('assigned.csv') === (await ornstein('assign @two.json @wide.csv')).stdout).toBe(true)
    const wrong = {
      exit: 2,
      stderr:
        'error: wide-wrong.csv, row 6398, column 2 (length): 1.2.3 is not a finite number; correct it, or choose the columns of numbers with --columns\n'
    }
    const before = here.list()
    const { stdout, ...told } = await ornstein('assign @two.json @wide-wrong.csv --stream')
    expect(told).toEqual(wrong)
    expect(stdout.split('\n').length).toBeGreaterThan(5000)
    expect(await ornstein('assign @two.json @wide-wrong.csv --stream --out @new.csv')).toEqual({ ...wrong, stdout: '' })
    expect(here.list()).toEqual(before)
    expect((await ornstein('assign @two.json @none.csv --stream')).stderr).toContain('no such file')
  })
})
