/** Spreadsheets and web pages. The archives are written here, by their formats, not by the library that reads them. */
import { strToU8, zipSync } from 'fflate'
import * as Either from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { write, utils } from '@e965/xlsx'
import { sheetsOfBook, sheetsOfHtml } from '../../../lib/formats/spreadsheetFile.js'
import { inflatedSize } from '../../../lib/formats/zipSizes.js'
import { readSpreadsheet } from '../../../src/data/spreadsheet.js'
import { message, right } from './drawn.js'

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

/** An Office Open XML workbook of sheets, given as XML of their rows. */
const xlsx = (sheets: Readonly<Record<string, string>>): Uint8Array => {
  const names = Object.keys(sheets)
  return zipSync(
    Object.fromEntries(
      Object.entries({
        '[Content_Types].xml': `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>${names.map((_, i) => `<Override PartName="/xl/worksheets/sheet${i + 1}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`).join('')}<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`,
        '_rels/.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
        'xl/workbook.xml': `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>${names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="r${i + 1}"/>`).join('')}</sheets></workbook>`,
        'xl/_rels/workbook.xml.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${names.map((_, i) => `<Relationship Id="r${i + 1}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${i + 1}.xml"/>`).join('')}<Relationship Id="s" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`,
        // Style 1 is a date (built-in number format 14).
        'xl/styles.xml': `<styleSheet xmlns="${MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`,
        ...Object.fromEntries(
          Object.values(sheets).map((rows, i) => [
            `xl/worksheets/sheet${i + 1}.xml`,
            `<worksheet xmlns="${MAIN}"><sheetData>${rows}</sheetData></worksheet>`
          ])
        )
      }).map(([name, text]) => [name, strToU8(text)])
    )
  )
}

const word = (at: string, text: string): string => `<c r="${at}" t="inlineStr"><is><t>${text}</t></is></c>`
const number = (at: string, x: number | string, style = 0): string => `<c r="${at}" s="${style}"><v>${x}</v></c>`
const table =
  `<row r="1">${word('A1', 'day')}${word('B1', 'x')}${word('C1', 'y')}</row>` +
  `<row r="2">${number('A2', 45_658, 1)}${number('B2', 1234.5)}<c r="C2"><f>B2*2</f><v>2469</v></c></row>` +
  `<row r="3">${number('A3', 45_659, 1)}${number('B3', '1.5E-3')}<c r="C3" t="e"><v>#DIV/0!</v></c></row>`
const expected = [
  ['day', 'x', 'y'],
  // Day 45 658 of the calendar that begins on 1900-01-01 and has a 29 February 1900.
  ['2025-01-01', '1234.5', '2469'],
  ['2025-01-02', '0.0015', '']
]

const ods = zipSync({
  mimetype: [strToU8('application/vnd.oasis.opendocument.spreadsheet'), { level: 0 }],
  'content.xml': strToU8(
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table table:name="One">' +
      '<table:table-row><table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>y</text:p></table:table-cell></table:table-row>' +
      '<table:table-row><table:table-cell office:value-type="float" office:value="1234.5"><text:p>1.234,50</text:p></table:table-cell><table:table-cell/></table:table-row>' +
      '<table:table-row><table:table-cell office:value-type="percentage" office:value="0.25"><text:p>25 %</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="-3"><text:p>-3</text:p></table:table-cell></table:table-row>' +
      '</table:table></office:spreadsheet></office:body></office:document-content>'
  ),
  'styles.xml': strToU8('<office:document-styles xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>'),
  'META-INF/manifest.xml': strToU8(
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
  )
})

describe('a spreadsheet', () => {
  it('of Office Open XML has numbers, dates, stored values of formulas, and errors as missing cells', async () => {
    expect(await sheetsOfBook(xlsx({ Data: table }))).toEqual([{ name: 'Data', records: expected }])
  })

  it('may begin anywhere in its sheet, with empty rows and cells', async () => {
    const shifted = table.replace(/r="([A-C])(\d)"/g, (_, column: string, row: string) => `r="${{ A: 'D', B: 'E', C: 'F' }[column] ?? ''}${Number(row) + 6}"`).replace(/<row r="(\d)"/g, (_, row: string) => `<row r="${Number(row) + 6}"`) // prettier-ignore
    expect(await sheetsOfBook(xlsx({ Data: shifted }))).toEqual([{ name: 'Data', records: expected }])
  })

  it('of OpenDocument has its values, not its texts', async () => {
    expect(await sheetsOfBook(ods)).toEqual([{ name: 'One', records: [['x', 'y'], ['1234.5', ''], ['0.25', '-3']] }]) // prettier-ignore
  })

  it('of the older Excel is read too', async () => {
    const book = utils.book_new(utils.aoa_to_sheet([['x', 'y'], [1.5, -2], [1234.25, null]]), 'Old') // prettier-ignore
    const bytes = new Uint8Array(write(book, { type: 'array', bookType: 'biff8' }) as ArrayBuffer)
    expect(await sheetsOfBook(bytes)).toEqual([{ name: 'Old', records: [['x', 'y'], ['1.5', '-2'], ['1234.25', '']] }]) // prettier-ignore
  })

  it('gives points; dates are no numbers', async () => {
    const { points, columns, ignored } = right(await readSpreadsheet(xlsx({ Data: table }), { missing: 'keep' }))
    expect(columns).toEqual(['x', 'y'])
    expect([...points.values]).toEqual([1234.5, 2469, 0.0015, NaN])
    expect(ignored.map(({ name }) => name)).toEqual(['day'])
  })

  it('takes the only sheet with numbers, and refuses several without the option it names', async () => {
    const notes = `<row r="1">${word('A1', 'Notes')}</row>`
    const other = `<row r="1">${word('A1', 'z')}</row><row r="2">${number('A2', 7)}</row><row r="3">${number('A3', 8)}</row>`
    expect(right(await readSpreadsheet(xlsx({ Notes: notes, Other: other }))).columns).toEqual(['z'])
    const several = xlsx({ Data: table, Other: other })
    expect(message(await readSpreadsheet(several))).toBe(
      'text: a file of 2 tables ("Data" (3 × 3), "Other" (3 × 1)) is not one table; ' +
        "set 'sheet' to 'Data', or the name of another"
    )
    expect(right(await readSpreadsheet(several, { sheet: 'Data', missing: 'drop' })).points.rows).toBe(1)
    for (const sheet of ['Other', '2'])
      expect([...right(await readSpreadsheet(several, { sheet })).points.values]).toEqual([7, 8])
    expect(message(await readSpreadsheet(several, { sheet: 'Third' }))).toContain('choose one of "Data"')
  })

  it('is refused if it is damaged, no spreadsheet, or too large when unpacked', async () => {
    const bytes = xlsx({ Data: table })
    for (const wrong of [bytes.subarray(0, 200), bytes.subarray(0, -30), zipSync({ a: strToU8('text') })])
      expect(Either.isLeft(await readSpreadsheet(wrong))).toBe(true)
    const packed = zipSync({ 'xl/zeros.xml': new Uint8Array(1 << 22) })
    // The directory says that the member has one byte.
    const lying = packed.slice()
    const at = Buffer.from(lying).lastIndexOf('PK\u0001\u0002')
    new DataView(lying.buffer).setUint32(at + 24, 1, true)
    for (const bomb of [packed, lying])
      expect(await sheetsOfBook(bomb, { bytes: 1 << 20, cells: 100 })).toEqual({
        fault: 'it unpacks to more than 1 MB'
      })
    expect(inflatedSize(packed, 1 << 30)).toBe(1 << 22)
    expect(await sheetsOfBook(bytes, { bytes: 1 << 20, cells: 8 })).toEqual({
      fault: 'sheet Data has more than 8 cells'
    })
  })
})

it('tables of a web page keep their cells as written', async () => {
  const page =
    '<html><body><p>Prices</p><table><tr><th>x</th><th>price</th></tr><tr><td>1.234,5</td><td>5 €</td></tr></table>' +
    '<table><tr><td>007</td></tr></table></body></html>'
  expect(await sheetsOfHtml(page)).toEqual([
    { name: '1', records: [['x', 'price'], ['1.234,5', '5 €']] }, // prettier-ignore
    { name: '2', records: [['007']] }
  ])
})
