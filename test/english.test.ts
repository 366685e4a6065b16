/**
 * Plain English: no house word of test/english.txt stands in what users read: README, CONTRIBUTING, docs, docstrings and comments, and the
 * sentences of the program. Code between backticks or in blocks is not prose.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(root + path, 'utf8')

const words = (read('test/english.txt').split('\n----')[0] ?? '')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
  .map(line => line.split(' => ') as [word: string, write: string])

const pattern = new RegExp(
  `(?<![\\w-])(${words.map(([word]) => word.replaceAll(' ', '\\s+')).join('|')})(?![\\w-])`,
  'gi'
)

const isSentence = (part: string): boolean => part.startsWith('/') || part.trim().split(/\s+/).length > 2

/** What stands in code is blank, so that lines keep their numbers. */
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')
const prose = (path: string, text: string): string =>
  path.endsWith('.md')
    ? text.replace(/^```[\s\S]*?^```/gm, blank).replace(/`[^`\n]*`/g, blank)
    : // Comments, and strings of three words or more: sentences. Names, keys and cases have fewer.
      [...text.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$|'[^'\n]*'|`[^`]*`/gm)].reduce(
        (found, { 0: part, index }) =>
          found +
          blank(text.slice(found.length, index)) +
          (isSentence(part) ? part : blank(part))
            // What joins the lines of one comment is no word.
            .replace(/^(\s*)\*(?!\/)/gm, '$1 ')
            .replace(part.startsWith('`') ? /\$\{[^}]*\}/g : /`[^`\n]*`/g, blank),
        ''
      )

const found = (path: string): ReadonlyArray<string> => {
  const text = prose(path, read(path))
  return [...text.matchAll(pattern)].map(({ 0: word, index }) => {
    const said = word.replace(/\s+/g, ' ').toLowerCase()
    const write = words.find(([one]) => one === said)?.[1] ?? ''
    return `${path}:${text.slice(0, index).split('\n').length}: “${said}”; write: ${write}`
  })
}

describe('English', () => {
  const files = execFileSync(
    'git',
    ['ls-files', 'README.md', 'CONTRIBUTING.md', 'docs/*.md', 'src/*.ts', 'lib/*.ts', 'examples/*.ts'],
    {
      cwd: root,
      encoding: 'utf8'
    }
  )
    .split('\n')
    .filter(path => path !== '')

  it('has no house words where users read', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(files.flatMap(found)).toEqual([])
  })

  it('is looked for in comments, sentences and prose, not in code', () => {
    const text =
      "/** Drawn anew,\n * to the\n * bit. */\nconst anew = f('anew') // but for `anew`\nconst g = 'held to laws here'\n"
    const seen = [...prose('a.ts', text).matchAll(pattern)].map(([word]) => word.replace(/\s+/g, ' '))
    expect(seen).toEqual(['anew', 'to the bit', 'but for', 'held to laws'])
    expect([...prose('a.md', 'by itself, `by itself`\n```ts\nanew\n```\n').matchAll(pattern)].length).toBe(1)
  })
})
