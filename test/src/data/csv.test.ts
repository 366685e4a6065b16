/** Reading tables of text, and writing them. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import * as Points from '../../../src/data/index.js'
import { collectAsync } from '../../../lib/plain/gather.js'
import { finite, message, points, right } from './drawn.js'
import { spread, once } from '../../cases.js'
import { rowsOf } from '../../tables.js'
import { golden } from '../../golden/golden.js'

interface Expected {
  readonly rows: ReadonlyArray<ReadonlyArray<number>>
  readonly columns?: ReadonlyArray<string>
  readonly ignored?: ReadonlyArray<string>
  readonly dropped?: number
  readonly weights?: ReadonlyArray<number>
}

const namesOf = ({ ignored }: Points.Table): ReadonlyArray<string> => ignored.map(({ name }) => name)

describe('readCsv', () => {
  const rows = [[1, 2], [3, 4]] // prettier-ignore
  const xy = { rows, columns: ['x', 'y'] }
  const plain = { rows, columns: ['column 1', 'column 2'] }
  once.each<[string, string, Points.CsvOptions, Expected]>([
    ['a header', 'x,y\n1,2\n3,4\n', {}, xy],
    ['no header', '1,2\n3,4', {}, plain],
    [
      'a header of numbers, said to be one',
      '2019,2020\n1,2\n3,4',
      { header: true },
      { ...xy, columns: ['2019', '2020'] }
    ],
    ['a header of words and numbers, over numbers', 'x,2020\n1,2\n3,4', {}, { ...xy, columns: ['x', '2020'] }],
    ['a first row with a missing cell is data', '?,2\n1,2\n3,4', { missing: 'drop' }, { ...plain, dropped: 1 }],
    ['words in a first row of data', '1,2,a\n3,4,b', { header: false }, { ...plain, ignored: ['column 3'] }],
    ['nameless columns', ',y\n1,2\n3,4', {}, { ...xy, columns: ['column 1', 'y'] }],
    ['CRLF', 'x,y\r\n1,2\r\n3,4\r\n', {}, xy],
    ['mixed line ends', 'x,y\r\n1,2\r3,4\n', {}, xy],
    ['a byte-order mark', '\uFEFFx,y\n1,2\n3,4', {}, xy],
    ['blank lines', '\n\n  \nx,y\n\n1,2\n \n3,4\n\n\n', {}, xy],
    ['quoted cells', '"x","y"\n"1","2"\n"3",4', {}, xy],
    [
      'quoted names with commas, quotes and line ends',
      '"x, ""m""","y\n2"\n1,2\n3,4',
      {},
      { ...xy, columns: ['x, "m"', 'y\n2'] }
    ],
    ['a quote inside an unquoted cell', 'x,y,note\n1,2,5" pipe\n3,4,a', {}, { ...xy, ignored: ['note'] }],
    ['blanks around', ' x , y \n 1 , 2\n3 ,\t4', {}, xy],
    [
      'signs, exponents, bare points',
      'x\n+1.5\n-.5e1\n1E5\n2.\n-0',
      {},
      { rows: [[1.5], [-5], [1e5], [2], [-0]], columns: ['x'] }
    ],
    ['tabs', 'x\ty\n1\t2\n3\t4', {}, xy],
    ['tabs, first name empty', '\ty\n1\t2\n3\t4', {}, { ...xy, columns: ['column 1', 'y'] }],
    ['semicolons', 'x;y\n1;2\n3;4', {}, xy],
    ['semicolons that are not the delimiter', 'x,y,note\n1,2,a;b\n3,4,c', {}, { ...xy, ignored: ['note'] }],
    ['any other delimiter, when said', 'x|y\n1|2\n3|4', { delimiter: '|' }, xy],
    ['blanks as the delimiter, when said', '1 2\n3 4', { delimiter: ' ' }, plain],
    ['a single column', 'x\n1\n2', {}, { rows: [[1], [2]], columns: ['x'] }],
    [
      'columns of words, dates and nothing are ignored',
      'id,x,when,none,y\na,1,2020-01-01,,2\nb,3,2020-01-02,NA,4',
      {},
      { ...xy, ignored: ['id', 'when', 'none'] }
    ],
    ['columns by name, in the order asked', 'a,y,x\n0,2,1\n0,4,3', { columns: ['x', 'y'] }, { ...xy, ignored: ['a'] }],
    ['columns by position', 'a,x,y\n0,1,2\n0,3,4', { columns: [2, '3'] }, { ...xy, ignored: ['a'] }],
    [
      'a name of digits before a position',
      '2,1\n2,1\n4,3',
      { header: true, columns: ['1', '2'] },
      { ...xy, columns: ['1', '2'] }
    ],
    ['weights', 'x,w,y\n1,5,2\n3,0,4', { weights: 'w' }, { ...xy, weights: [5, 0] }],
    [
      'missing cells',
      'x,y,z\n1,2,\nNA,5,1\n7,nan,1\n7,?,1\n7,null,1\n7,N/A,1\n3,4,',
      { columns: ['x', 'y'], missing: 'drop' },
      { ...xy, dropped: 5, ignored: ['z'] }
    ],
    [
      'decimal commas, with thousands and without',
      'x;y\n1,0;2\n+3,;4e0\n1.234,5;-,5',
      { decimal: ',' },
      {
        columns: ['x', 'y'],
        rows: [[1, 2], [3, 4], [1234.5, -0.5]] // prettier-ignore
      }
    ],
    [
      'beside decimal commas points between thousands alone, whole numbers and exponents',
      'x;y;version\n1.125;2e-3;20.1\n-12.345.678;+7;1.5',
      { decimal: ',', exclude: ['version'] },
      {
        columns: ['x', 'y'],
        rows: [[1125, 0.002], [-12345678, 7]], // prettier-ignore
        ignored: ['version']
      }
    ],
    ['quoted decimal commas between commas', 'x,y\n"1,0",2\n3,"4,0"', { decimal: ',' }, xy],
    ['what stands below other lines', 'made by X\n\n"on Monday, or so\nx,y\n1,2\n3,4', { skip: 3 }, xy],
    ['around comments', '# by X\nx;y\n#1;5\n1;2\n3;4\n# end', { comment: '#' }, xy],
    [
      'missing cells spelt in other ways',
      'x,y\n1,2\n -999,7\nunknown,8\n3,4',
      { na: ['-999', ' unknown'], missing: 'drop' },
      { ...xy, dropped: 2 }
    ],
    ['missing cells outside the columns taken', 'x,y,s\n1,2,\n3,4,b', {}, { ...xy, ignored: ['s'] }],
    [
      'a missing weight drops the row too',
      'x,y,w\n1,2,1\n3,4,1\n5,6,',
      { weights: 3, missing: 'drop' },
      { ...xy, dropped: 1, weights: [1, 1] }
    ]
  ])('reads %s', (_, text, options, { rows, columns = [], ignored = [], dropped = 0, weights }) => {
    const table = right(Points.readCsv(text, options))
    const found = { points: Points.toRows(table.points), columns: table.columns, ignored: namesOf(table) }
    expect({ ...found, dropped: table.dropped }).toEqual({ points: rows, columns, ignored, dropped })
    expect(table.rowNumbers.length).toBe(rows.length)
    expect(table.points.weights).toEqual(weights === undefined ? undefined : Float64Array.from(weights))
    expect(Points.fromCsv(text, options)).toEqual(Either.right(table.points))
  })

  once.each(['20.1', '0.125', '1.125e3', '1234.567', '.5', '-1.5'])('%s is no number beside decimal commas', cell => {
    const found = Points.readCsv(`x;y\n${cell};1,5\n1;2,5\n`, { decimal: ',' })
    expect(message(found)).toBe(
      `row 1, column 1 (x): ${cell} is not a number with a decimal comma, its thousands separated by points; write it as ` +
        `${cell.replace('.', ',')} if its point stands before decimals, and so all such cells (1.125 is 1125 here); else leave the point out`
    )
  })

  const refused: ReadonlyArray<readonly [string, Points.CsvOptions]> = [
    ['x,y\n1,2', { skip: 0.5 }],
    ['x,y\n1,2', { comment: '//' }],
    ['x,y\n1,2', { decimal: ',', delimiter: ',' }],
    ['x,y\n1,2', { skip: 9 }],
    ['a\nb\nx,y\n"1,2', { skip: 2 }],
    ['', {}],
    [' \n\n\t\n', {}],
    ['""\n', {}],
    ['x,y\n', {}],
    ['x,y\n1,2\n3\n', {}],
    ['1,2\n3,4,5\n6,7,8\n', {}],
    ['x,s\n1,"a"\n2,"b', {}],
    ['x,s\n1,"a" b\n', {}],
    ['x,y,x\n1,2,3\n', {}],
    ['1,2,a\n3,4,b\n', {}],
    ['eruptions,waiting\n1,2\n', { columns: ['eruptions', 'Wating'] }],
    ['x,y\n1,2\n', { columns: [3] }],
    ['x,y\n1,2\n', { columns: ['0'] }],
    ['x,y\n1,2\n', { columns: [NaN] }],
    ['x,y\n1,2\n', { columns: [] }],
    ['a,b\nx,y\n', {}],
    ['a b\n1 2\n3 4', {}],
    ['1,2', { delimiter: '"' }],
    ['x;y\n3,6;79\n1,8;54\n', {}],
    ['temp;height\n1.125;1,5\n20.1;1,7\n22.45;1,9\n', { decimal: ',' }],
    ['x;y\n1,234.5;1,5\n', { decimal: ',' }],
    ['3,6;7,9\n1,8;5,4\n', {}],
    ['x,y\n1,"2,5"\n', {}],
    ['x\n"1,234,567.5"\n', {}],
    ['x\n1\nInfinity\n', {}],
    ['x\n-inf\n', {}],
    ['x\n$1.5\n2\n', {}],
    ['x\n3%\n', {}],
    ['x\n1 000\n', {}],
    ['x\n1_000\n', {}],
    ['x\n−5\n', {}],
    ['x\n(5)\n', {}],
    ['x,y\n1,2\n', { columns: ['x', 1] }],
    ['x,y\n1,2\n', { columns: ['x', 'y'], weights: 'y' }],
    ['2019,2020\n1,2\n3,4\n', {}],
    ['0,1\n.5,2.5\n3,4.25\n', {}],
    ['made by X\n"on Monday, or so"\nx,y\n1,2\n3,4\n', {}],
    ['x,y\n1.5,1,2\n1.5,3,4\n', {}],
    ['[{"x": 1}, [2]]', {}],
    ['[[1, 2]]', {}],
    ['<!DOCTYPE html><p>1,2', {}],
    ['id,s\n1,a\n2,b\n', {}],
    ['x\n1e999\n', {}],
    ['x\n0x10\n', {}],
    ['x\n1\n0b1\n', {}],
    ['x,y\n1,2\n3,four\n5,six\n1,1\n', {}],
    ['x,s\n1,a\n2,b', { columns: ['x', 's'] }],
    ['x,waiting\n1,2\n3,NA\n4,\n', {}],
    ['x,y\n1,2\n3, \n', {}],
    ['x\nNA\n1\nfoo\n', { missing: 'drop' }],
    ['x,y\n1,\n,2\n', { missing: 'drop' }],
    ['x,w\n1,1\n2,-3\n', { weights: 'w' }],
    ['x,w\n,1\n2,-3\n', { weights: 'w', missing: 'drop' }],
    ['x,w\n1,0\n2,0\n', { weights: 'w' }],
    ['x,w\n1,1\n', { weights: 'W8' }]
  ]
  once('refuses what is no table, by what is wrong and where, with a remedy', async () => {
    await golden(
      'csv',
      refused.map(([text, options]) => {
        const found = message(Points.readCsv(text, options))
        expect(message(Points.fromCsv(text, options))).toBe(found)
        return `${JSON.stringify(text)} ${JSON.stringify(options)}\n  ${found}`
      })
    )
  })

  once('says why columns are left behind', () => {
    const rows = Array.from({ length: 8 }, (_, i) => `${i + 1},${100 - i},${i % 2},${i / 3},2020-01-0${i + 1},w${i},`)
    const table = right(Points.readCsv(`"",id,class,x,when,s,none\n${rows.join('\n')}`))
    expect(table.columns).toEqual(['x'])
    expect(table.ignored).toEqual([
      { name: 'column 1', why: 'row numbers' },
      { name: 'id', why: 'row numbers' },
      { name: 'class', why: 'labels' },
      { name: 'when', why: 'dates' },
      { name: 's', why: 'text' },
      { name: 'none', why: 'empty' }
    ])
    const asked = right(Points.readCsv(`id,x,class\n1,2,0\n2,3,0\n`, { columns: ['id', 'class'] }))
    expect(asked.columns).toEqual(['id', 'class'])
    expect(asked.ignored).toEqual([{ name: 'x', why: 'not asked for' }])
  })

  once('takes ranges of positions, and leaves out what is excluded', () => {
    const text = 'a,b,c,d,2-3\n1,2,3,4,5\n6,7,8,9,10\n'
    const columns = (options: Points.CsvOptions): ReadonlyArray<string> => right(Points.readCsv(text, options)).columns
    expect(columns({ columns: ['4', '1-2'] })).toEqual(['d', 'a', 'b'])
    expect(columns({ columns: ['3-'] })).toEqual(['c', 'd', '2-3'])
    // A name is a name first.
    expect(columns({ columns: ['2-3'] })).toEqual(['2-3'])
    expect(columns({ exclude: ['b', '4-'] })).toEqual(['a', 'c'])
    expect(columns({ columns: ['1-4'], exclude: ['2'] })).toEqual(['a', 'c', 'd'])
    expect(right(Points.readCsv(text, { exclude: ['b'] })).ignored).toEqual([{ name: 'b', why: 'excluded' }])
    expect(message(Points.readCsv(text, { columns: ['4-9'] }))).toBe(
      'columns: 4-9 is not a rising range within 1-5; the columns are a, b, c, d, 2-3'
    )
    expect(message(Points.readCsv(text, { exclude: ['x'] }))).toMatch(/^exclude: x is not a column of the table; try a/)
    expect(message(Points.readCsv(text, { columns: ['a'], exclude: ['1'] }))).toBe(
      'exclude: all of the columns is not some of them; leave one to learn from'
    )
    expect(message(Points.readCsv(text, { exclude: ['1-'] }))).toMatch(/^columns: nothing but what is excluded is not/)
  })

  once('keeps columns as they are written, a cell for each row that is taken', () => {
    const text = `x,kind,id,note\n${['1,a,7,p', 'NA,b,8,q', '3, a ,9,r', '4,b,10,s', '5,a,11,t'].join('\n')}\n`
    const table = right(Points.readCsv(text, { missing: 'drop', keep: { columns: ['id'], classes: 3 } }))
    expect(table.kept).toEqual([
      { name: 'id', cells: ['7', '9', '10', '11'] },
      // `note` has a word of its own for each row: no classes.
      { name: 'kind', cells: ['a', 'a', 'b', 'a'] }
    ])
    expect('kept' in right(Points.readCsv(text, { missing: 'drop' }))).toBe(false)
  })

  once('doubts columns of few whole numbers, and what is called a weight', () => {
    const text = `x,quality,count\n${Array.from({ length: 40 }, (_, i) => `${i / 7},${i % 3},${i}`).join('\n')}`
    expect(right(Points.readCsv(text)).doubtful).toEqual([
      { name: 'quality', why: 'labels' },
      { name: 'count', why: 'weights' }
    ])
    expect(right(Points.readCsv(text, { weights: 'count', columns: ['x', 'quality'] })).doubtful).toEqual([])
  })

  once.each(',NA,#N/A,<NA>,n.a.,NaN,-nan,None,NULL,nil,Missing,?,.,-,--,\u2014'.split(','))(
    'takes %j for a missing cell, and keeps the numbers of the others',
    spelling => {
      const table = right(Points.readCsv(`x,y\n1,2\n3, ${spelling} \n5,6\n`, { missing: 'drop' }))
      expect(Points.toRows(table.points)).toEqual([[1, 2], [5, 6]]) // prettier-ignore
      expect(Array.from(table.rowNumbers)).toEqual([1, 3])
    }
  )

  once('never throws, whatever the text', () => {
    const cell = fc.oneof(
      fc.constantFrom('1', 'x', ',', ';', '\t', '"', '\n', '\r', ' ', '?', '1,5', '\uFEFF'),
      fc.string()
    )
    fc.assert(
      fc.property(
        fc.array(cell).map(cells => cells.join('')),
        fc.constantFrom(undefined, true, false),
        (text, header) => {
          const options = header === undefined ? {} : { header }
          const table = Points.readCsv(text, options)
          if (Either.isRight(table))
            expect(Points.validate(table.right.points)).toEqual(Either.right(table.right.points))
        }
      ),
      { numRuns: 1000 }
    )
  })

  once.each<[string, rows: number, first: ReadonlyArray<number>, columns: string, ignored: ReadonlyArray<string>]>([
    ['faithful', 272, [3.6, 79], 'eruptions,waiting', []],
    ['iris', 150, [5.1, 3.5, 1.4, 0.2], 'Sepal.Length,Sepal.Width,Petal.Length,Petal.Width', ['Species']],
    ['penguins', 342, [39.1, 18.7, 181, 3750], 'bill_len,bill_dep,flipper_len,body_mass', ['species']]
  ])('reads %s, which comes with the project', (name, rows, first, columns, ignored) => {
    const table = right(Points.readCsv(readFileSync(`examples/data/${name}.csv`, 'utf8')))
    expect([table.points.rows, table.columns.join(), table.dropped]).toEqual([rows, columns, 0])
    expect([Points.rowOfPoints(0)(table.points), namesOf(table)]).toEqual([first, ignored])
    expect(Points.toRows(table.points)).toEqual(rowsOf(name))
  })
})

describe('a text that comes in pieces', () => {
  /** Lines of numbers and words, below others or not. */
  const of = (line: (i: number) => string, ...above: ReadonlyArray<string>): string =>
    [...above, ...Array.from({ length: 200 }, (_, i) => line(i)), ''].join('\n')
  const tables = (
    text: string,
    options: Points.CsvOptions
  ): Promise<ReadonlyArray<Either.Either<Points.DataError, Points.Table>>> =>
    collectAsync(
      Points.csvTables(
        options,
        500
      )(
        (async function* () {
          const bytes = new TextEncoder().encode(text)
          for (let at = 0; at < bytes.length; at += 77) yield await Promise.resolve(bytes.subarray(at, at + 77))
        })()
      )
    )

  once.each<[string, string, Points.CsvOptions]>([
    ['plain', of(i => `${i}.5,${i * i},w${i}`, 'x,y,word'), {}],
    ['of other line ends, below a mark of the order of bytes', `\ufeff${of(i => `${i}.5,2\r`, 'x,y\r')}`, {}],
    ['as write.csv has it', of(i => `"${i + 1}",${i}.5,"a ""b"", ${i}"`, '"","x","word"'), {}],
    ['as write.table has it', of(i => `"${i + 1}" ${i}.5 "word"`, '"x" "word"'), {}],
    ['of cells with ends of lines, quotes and letters', of(i => `${i}.5,"é\n""${i}"", 猫\n\nx"`, '"x\n1",word'), {}],
    [
      'below lines that are none, and beside remarks',
      of(i => `${i}.5;"${i};\n"\n# a;"no`, 'made by X;"on', 'x;y'),
      { skip: 1, comment: '#' }
    ],
    ['with decimal commas', of(i => `${i},5;1.234,25`, 'x;y'), { decimal: ',' }],
    [
      'with marks of missing cells',
      of(i => `${i % 3 === 0 ? '-999' : i},2.5`, 'x,y'),
      { na: ['-999'], missing: 'drop' }
    ],
    [
      'of lines of JSON',
      of(i => `{"x":${i}.5,"y":${i % 7 === 0 ? 'null' : 2},"word":"a\\"${i},"}`),
      { missing: 'drop' }
    ]
  ])('is the table that it is whole: %s', async (_, text, options) => {
    const whole = right(Points.readCsv(text, options))
    const found = (await tables(text, options)).map(right)
    expect(found.length).toBeGreaterThan(2)
    expect(found.flatMap(({ points }) => Points.toRows(points))).toEqual(Points.toRows(whole.points))
    expect(found.flatMap(({ rowNumbers }) => Array.from(rowNumbers))).toEqual(Array.from(whole.rowNumbers))
    const [{ columns, ignored }] = found
    expect({ columns, ignored }).toEqual({ columns: whole.columns, ignored: whole.ignored })
  })

  once.each<[string, string, Points.CsvOptions]>([
    ['a cell that is none', of(i => (i === 190 ? '1.2.3,"a\nb"' : `${i},by and by`), 'x,word'), {}],
    ['a line that is short', of(i => (i === 150 ? '1' : `${i},2`), 'x,y'), {}],
    ['a quote without an end', `${of(i => `${i},"2"`, 'x,y')}1,"2`, {}],
    ['a bad option', of(i => `${i},2`), { skip: 0.5 }],
    ['nothing', '', {}]
  ])('is refused as it is whole, for %s', async (_, text, options) => {
    expect((await tables(text, options)).find(Either.isLeft)).toEqual(Points.readCsv(text, options))
  })

  once('is refused where its bytes are no text', async () => {
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Uint8Array.of(0x78, 10, 0x31, 10, 0xe4, 10))
    }
    expect((await collectAsync(Points.csvTables()(bytes()))).map(message)).toEqual([
      'text: bytes is not text in UTF-8; save it as UTF-8'
    ])
  })
})

describe('toCsv', () => {
  once('reads back as the same doubles', () => {
    fc.assert(
      fc.property(points(finite), xs => {
        const options = xs.weights === undefined ? {} : { weights: 'weight' }
        expect(Points.fromCsv(Points.toCsv(xs), options)).toEqual(Either.right(xs))
      })
    )
  })

  once('keeps the names given, quoted where they must be', () => {
    const name = fc.string().map(text => `c${text}c`.replace(/\r/g, ''))
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), names => {
        const xs = right(Points.fromRows([names.map((_, j) => j)]))
        expect(right(Points.readCsv(Points.toCsv(xs, names), { header: true, delimiter: ',' })).columns).toEqual(names)
      })
    )
  })

  once('guards names that a spreadsheet would run, and reads them back', () => {
    const names = ['=cmd|x', '+1', '-a', '@b', "'=c", "'d"]
    const text = Points.toCsv({ rows: 1, dim: 6, values: new Float64Array(6) }, names)
    expect(text.split('\n')[0]).toBe("'=cmd|x,'+1,'-a,'@b,''=c,'d")
    expect(right(Points.readCsv(text, { header: true })).columns).toEqual(names)
  })

  once('finds the weights another name when theirs is taken', () => {
    const xs = right(pipe(Points.fromRows([[1]]), Either.chain(Points.weighted([2]))))
    expect(Points.toCsv(xs, ['weight'])).toBe('weight,weight_\n1,2\n')
  })
})

describe('a list of JSON objects', () => {
  once('is read as a line for each is, on one line or on many', () => {
    const rows = [
      { x: 1, y: 'a' },
      { x: 2.5, z: 3 },
      { y: 'b', x: -1, z: null }
    ]
    const lines = Points.readCsv(rows.map(row => JSON.stringify(row)).join('\n'), { missing: 'drop' })
    expect(lines).toMatchObject({ right: { columns: ['x', 'z'], dropped: 2 } })
    for (const indent of [0, 2]) {
      const text = JSON.stringify(rows, null, indent)
      expect(Points.readCsv(text, { missing: 'drop' })).toEqual(lines)
      const reader = Points.csvReader()
      expect(reader.push(new TextEncoder().encode(text)) && reader.table()).toBe(null)
    }
  })
  once('is refused if it is nested deeply', () => {
    const deep = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)},"b":1}`
    const fault = `is not an object of JSON (nested deeper than 100 levels); write one on each line, as on the first`
    expect(message(Points.readCsv(`{"a":1,"b":2}\n${deep}\n`))).toBe(`line 2: ${deep.slice(0, 40)}… ${fault}`)
    expect(message(Points.readCsv(`[${deep}]`))).toMatch(/^text: JSON \(nested deeper than 100 levels\) is not/)
  })
  once('is refused where it is cut short', () => {
    expect(message(Points.readCsv('[{"x": 1},\n{"x": 2'))).toBe(
      'text: JSON (it ends early) is not a whole list; correct it, or write an object on each line'
    )
  })
})

once('suggests, for a column that there is none of, one that begins so and can be used', () => {
  const text = 'Sepal.Length,Petal.Length,Species\n5.1,1.4,a\n4.9,1.3,b\n'
  for (const [wanted, found] of [
    ['petal', 'Petal.Length'],
    ['Specie', 'Sepal.Length'],
    ['sepal.length', 'Sepal.Length']
  ])
    // prettier-ignore
    expect(Points.readCsv(text, { columns: [wanted] })).toMatchObject({ left: { remedy: expect.stringMatching(`^try ${found};`) as unknown } })
})

describe('what write.table of R writes', () => {
  once.each([
    // write.table(d), write.table(d, row.names = FALSE), write.table(d, sep = ","), and with names of rows that are words
    '"a" "b" "s"\n"1" 5.1 3.5 "one"\n"12" -4.9 3e-05 "a b"\n',
    '"a" "b" "s"\n5.1 3.5 "one"\n-4.9 3e-05 "a b"\n',
    '"a","b","s"\n"1",5.1,3.5,"one"\n"12",-4.9,3e-05,"a, b"\n',
    '"a" "b c"\n"Mazda RX4" 5.1 3.5\n"Fiat 128" -4.9 3e-05\n'
  ])('is read: %j', text => {
    const { points, ignored } = right(Points.readCsv(text))
    expect(points.values).toEqual(Float64Array.of(5.1, 3.5, -4.9, 3e-5))
    expect(ignored.map(({ name, why }) => `${name}: ${why}`)).toEqual([
      ...(text.includes('"1"') ? ['row.names: row numbers'] : text.includes('Fiat') ? ['row.names: text'] : []),
      ...(text.includes('"s"') ? ['s: text'] : [])
    ])
  })
  once('is no guess where cells are other than R would write them', () => {
    // one column of words in quotes, and blanks within
    expect(Points.readCsv('"a b"\n1\n2\n')).toMatchObject({ right: { columns: ['a b'] } })
    expect(Points.readCsv('"a" "b"\n1 2\n3 4 5\n')).toMatchObject({ _tag: 'Left' })
  })
})

describe('JSON lines', () => {
  const read = (text: string, options: Points.CsvOptions = {}): Points.Table => right(Points.readCsv(text, options))

  once('are a table of their keys', () => {
    const table = read(
      '\n{"name": "Ann", "length": 1.5, "width": 2}\r\n{"length": -3e2, "width": 4.25, "more": null}\n\n'
    )
    expect(Points.toRows(table.points)).toEqual([
      [1.5, 2],
      [-300, 4.25]
    ])
    expect(table.columns).toEqual(['length', 'width'])
    expect(table.ignored).toEqual([
      { name: 'name', why: 'text' },
      { name: 'more', why: 'empty' }
    ])
  })

  once('hold numbers as JSON writes them, whatever the options for text', () => {
    const options = { na: ['-999'], missing: 'drop', skip: 1 } as const
    const table = read('from here on\n{"0": 1.234, "1": 5}\n{"0": -999, "1": 6}\n{"1": 7}\n', options)
    expect([Points.toRows(table.points), table.columns, table.dropped]).toEqual([[[1.234, 5]], ['0', '1'], 2])
    expect(Points.toRows(read('{"x": 1.234}\n', { decimal: ',', delimiter: ';' }).points)).toEqual([[1.234]])
  })

  once.each([
    [
      '{"x": 1}\n{"x": 2\n',
      'line 2: {"x": 2 is not an object of JSON (it ends early); write one on each line, as on the first'
    ],
    ['{"x": 1}\n[2]\n', 'line 2: [2] is not an object of JSON; write one on each line, as on the first'],
    [
      '{"x": 1}\n{"x": [1, 2]}\n',
      'line 2, x: [1,2] is not a number or a text; give each of its values a name of its own'
    ],
    ['{"x": 1}\n{"y": 2}\n', 'row 1, column 2 (y): an empty cell is not a finite number'],
    ['{\n"x": 1}\n', 'text: a file without a list of records is not a table with numbers']
  ])('are refused where a line is none: %s', (text, wanted) => {
    expect(message(Points.readCsv(text))).toContain(wanted)
  })

  once('are what CSV of the same numbers is', () => {
    fc.assert(
      fc.property(points(finite), given => {
        const names = Array.from({ length: given.dim }, (_, j) => `x${j + 1}`)
        const lines = Points.toRows(given).map(row =>
          JSON.stringify(Object.fromEntries(row.map((x, j) => [names[j], x])))
        )
        // JSON has no −0
        expect(Array.from(read(`${lines.join('\n')}\n`, { columns: names }).points.values, x => x + 0)).toEqual(
          Array.from(given.values, x => x + 0)
        )
      })
    )
  })
})

describe('a text that is too much to be held cell by cell', () => {
  const large: ReadonlyArray<[string, string, string]> = [
    ['commas', ','.repeat(34_000_000), 'text: one of 34000000 cells is not of at most 33554432'],
    ['tabs', '\t'.repeat(34_000_000), 'text: one of 34000000 cells is not of at most 33554432'],
    ['lines of JSON', `{"x":1}${'\n'.repeat(34_000_000)}`, 'text: one of 34000000 cells is not of at most 33554432']
  ]
  it.each<[string, string, string]>([
    ...spread(6)(large),
    ['one line', ','.repeat(2_000_000), 'text: a line of 2000001 cells is not one of at most 1000000'],
    [
      'lines of JSON with names of their own',
      Array.from({ length: 6000 }, (_, i) => `{"x${i}":1}`).join('\n'),
      'text: one of 6000 rows with 6000 names is not of at most 33554432 cells'
    ]
  ])('is refused before it is: %s', (_, text, problem) => {
    expect(message(Points.readCsv(text))).toContain(problem)
  })
})
