/** What an editor shows over an option: each says what it is. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.startsWith('laws'))
  .map(name => join(root, 'src', name))

/** Fields of cases without a word above them, in literals and in the constants that stand for these. */
const bare = (file: string): ReadonlyArray<string> => {
  const text = readFileSync(file, 'utf8')
  if (!/\bfields\b/.test(text)) return []
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const wanted = new Set<string>()
  const literals: ts.ObjectLiteralExpression[] = []
  const constants = new Map<string, ts.ObjectLiteralExpression>()
  const makesCase = (call: ts.Node): boolean =>
    /\bdefine|\bCase\.|^(ofFamily|family|made|mixture)\b/.test(source.text.slice(call.getStart(), call.getStart() + 40))
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer && ts.isObjectLiteralExpression(node.initializer))
      constants.set(node.name.getText(), node.initializer)
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'fields' && makesCase(node.parent.parent))
      if (ts.isObjectLiteralExpression(node.initializer)) literals.push(node.initializer)
      else wanted.add(node.initializer.getText())
    if (ts.isShorthandPropertyAssignment(node) && node.name.text === 'fields' && makesCase(node.parent.parent))
      wanted.add('fields')
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...literals, ...[...wanted].flatMap(name => constants.get(name) ?? [])].flatMap(({ properties }) =>
    properties.flatMap(one =>
      ts.isSpreadAssignment(one) || source.text.slice(one.getFullStart(), one.getStart()).includes('/**')
        ? []
        : [`${file.slice(root.length + 1)}: ${one.name.getText()}`]
    )
  )
}

describe('options', () => {
  it('are each documented where they are defined', () => {
    expect(files.flatMap(bare)).toEqual([])
  })
  it('show in an editor what stands there', () => {
    const name = join(root, 'test/hovered.ts')
    const text = `import { Case, Field } from '../src/core/index.js'
      const one = Case.define('Thing', {
        name: 'one',
        about: 'a thing',
        fields: {
          /** Needed. */
          size: Field.positive({ suggestion: 1 }),
          /** With a default. */
          share: Field.fraction({ default: 0.5 }),
          other: Field.fraction({ default: 0.5 })
        },
        meaning: () => 1
      })
      one({ size: 1, share: 0.3, other: 0.1 })`
    const host: ts.LanguageServiceHost = {
      getScriptFileNames: () => [name],
      getScriptVersion: () => '1',
      getScriptSnapshot: file => {
        const own = file === name ? text : ts.sys.readFile(file)
        return own === undefined ? undefined : ts.ScriptSnapshot.fromString(own)
      },
      getCurrentDirectory: () => root,
      getCompilationSettings: () => ({
        strict: true,
        module: ts.ModuleKind.NodeNext,
        target: ts.ScriptTarget.ES2023,
        skipLibCheck: true,
        types: []
      }),
      getDefaultLibFileName: options => ts.getDefaultLibFilePath(options),
      fileExists: file => file === name || ts.sys.fileExists(file),
      readFile: file => ts.sys.readFile(file),
      directoryExists: directory => ts.sys.directoryExists(directory),
      getDirectories: directory => ts.sys.getDirectories(directory),
      readDirectory: (...asked) => ts.sys.readDirectory(...asked)
    }
    const service = ts.createLanguageService(host)
    const shown = [...text.slice(text.indexOf('one({')).matchAll(/[{,] (\w+):/g)].map(({ index }) =>
      ts.displayPartsToString(
        service.getQuickInfoAtPosition(name, text.indexOf('one({') + index + 2)?.documentation ?? []
      )
    )
    expect(shown).toEqual(['Needed.', 'With a default.', ''])
  })
})
