// @ts-check
/**
 * Writes every example of the documentation to test/generated/examples, where tsc checks it and vitest runs it.
 *
 * - An `@example` of a docblock in src or lib is one program, a module of its own: it imports all it uses.
 * - The ```ts blocks of README.md and docs/*.md form programs in order: a block continues the program before it, unless
 *   it imports or declares a name which that program already has; then it starts a new one. ```ts no-run is skipped.
 * - A ```text block right after a ```ts block is what the block prints; `…` in it stands for any text.
 *
 * Plain JavaScript, as it runs before anything can be compiled.
 *
 * @typedef {{ readonly name: string, readonly code: string, readonly prints?: string }} Example
 * @typedef {{ readonly file: string, readonly examples: ReadonlyArray<Example> }} Program
 * @typedef {{ readonly info: string, readonly code: string, readonly first: number, readonly last: number }} Fence
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

/**
 * The fenced blocks of a Markdown text; `first` and `last` are the indices of the fences' lines.
 * @param {string} markdown
 */
const fences = markdown => {
  /** @type {Fence[]} */
  const found = []
  /** @type {{ indent: number, mark: string, info: string, first: number, lines: string[] } | undefined} */
  let open
  markdown.split('\n').forEach((line, index) => {
    if (open === undefined) {
      const [, indent = '', mark, info = ''] = /^(\s*)(`{3,})([^`]*)$/.exec(line) ?? []
      if (mark !== undefined) open = { indent: indent.length, mark, info: info.trim(), first: index, lines: [] }
    } else if (line.trim() === open.mark) {
      found.push({ info: open.info, code: open.lines.join('\n'), first: open.first, last: index })
      open = undefined
    } else open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))))
  })
  if (open !== undefined) throw new Error(`a code block is not closed: line ${open.first + 1}`)
  return found
}

/**
 * The blocks of TypeScript in a Markdown text, each with what it prints where the text says so.
 * @param {string} markdown
 */
const blocks = markdown => {
  const lines = markdown.split('\n')
  const all = fences(markdown)
  return all.flatMap(({ info, code, first, last }, index) => {
    const [language, ...marks] = info.split(/\s+/)
    if (language !== 'ts' || marks.includes('no-run')) return []
    const next = all[index + 1]
    const follows = next !== undefined && lines.slice(last + 1, next.first).every(line => line.trim() === '')
    return [{ line: first + 1, code, ...(follows && /^text\b/.test(next.info) ? { prints: next.code } : {}) }]
  })
}

/** The names a module imports or declares at its top. @param {string} code @returns {ReadonlyArray<string>} */
const namesOf = code => {
  /** @param {ts.BindingName} name @returns {ReadonlyArray<string>} */
  const bound = name =>
    ts.isIdentifier(name)
      ? [name.text]
      : name.elements.flatMap(element => (ts.isOmittedExpression(element) ? [] : bound(element.name)))
  return ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest).statements.flatMap(statement => {
    if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {}
      const named =
        namedBindings === undefined
          ? []
          : ts.isNamespaceImport(namedBindings)
            ? [namedBindings]
            : namedBindings.elements
      return [name, ...named.map(each => each.name)].flatMap(each => each?.text ?? [])
    }
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(each => bound(each.name))
    const { name } = /** @type {{ name?: ts.Node }} */ (statement)
    return name !== undefined && ts.isIdentifier(name) ? [name.text] : []
  })
}

/** The programs of a Markdown file. @param {string} file @param {string} text @returns {ReadonlyArray<Program>} */
export const ofMarkdown = (file, text) => {
  /** @type {{ file: string, names: Set<string>, examples: Example[] }[]} */
  const programs = []
  for (const { line, ...block } of blocks(text)) {
    const names = namesOf(block.code)
    const example = { name: `${file} › line ${line}`, ...block }
    const current = programs.at(-1)
    if (current === undefined || names.some(name => current.names.has(name)))
      programs.push({ file: `line-${line}`, names: new Set(names), examples: [example] })
    else {
      names.forEach(name => current.names.add(name))
      current.examples.push(example)
    }
  }
  return programs
}

/** The `@example`s of a docblock. @param {string} docblock @returns {ReadonlyArray<Omit<Example, 'name'>>} */
const examplesOf = docblock => {
  const lines = docblock
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map(line => line.replace(/^\s*\*? ?/, '').trimEnd())
  /** @type {string[][]} */
  const examples = []
  let open = false
  let fenced = false
  for (const line of lines) {
    if (/^```/.test(line)) fenced = !fenced
    if (!fenced && /^@\w/.test(line)) open = /^@example\b/.test(line) && examples.push([]) > 0
    else if (open) examples.at(-1)?.push(line)
  }
  return examples.map(example => {
    const text = example.join('\n').trim()
    const parts = blocks(text)
    const [first = { code: text }, ...more] = parts
    if (first.code === '' || more.length > 0) throw new Error('an @example holds exactly one program')
    const { code, prints } = /** @type {{ code: string, prints?: string }} */ (first)
    return { code, ...(prints === undefined ? {} : { prints }) }
  })
}

/** What a docblock stands on: `evaluate`, `Points.rows`, or `module`. @param {ts.Node | undefined} node @returns {string} */
const symbolOf = node => {
  if (node === undefined || ts.isSourceFile(node)) return ''
  const named = ts.isVariableStatement(node) ? node.declarationList.declarations[0] : node
  const { name } = /** @type {{ name?: ts.Node }} */ (named)
  const outer = symbolOf(node.parent)
  return name === undefined ? outer : `${outer}${outer === '' ? '' : '.'}${name.getText()}`
}

/** The docblocks that stand before a node. @param {ts.Node} node */
const docblocks = node => /** @type {{ jsDoc?: ReadonlyArray<ts.JSDoc> }} */ (node).jsDoc ?? []

/** The programs of a source file. @param {string} file @param {string} text @returns {ReadonlyArray<Program>} */
export const ofSource = (file, text) => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  /** @type {Program[]} */
  const programs = []
  /** @type {Map<string, number>} */
  const seen = new Map()
  /** @param {ts.Node} node */
  const visit = node => {
    for (const docblock of docblocks(node)) {
      const symbol = symbolOf(node) || 'module'
      try {
        for (const example of examplesOf(docblock.getText())) {
          const count = (seen.get(symbol.toLowerCase()) ?? 0) + 1
          seen.set(symbol.toLowerCase(), count)
          const suffix = count === 1 ? '' : `-${count}`
          const name = `${file} › ${symbol}${count === 1 ? '' : ` (${count})`}`
          programs.push({ file: symbol.replace(/[^\w.-]/g, '-') + suffix, examples: [{ name, ...example }] })
        }
      } catch (cause) {
        throw new Error(`${file} › ${symbol}: ${/** @type {Error} */ (cause).message}`, { cause })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return programs
}

/** Whether a statement defines a function. @param {ts.Statement} statement */
const definesFunction = statement =>
  ts.isFunctionDeclaration(statement) ||
  (ts.isVariableStatement(statement) &&
    statement.declarationList.declarations.some(
      ({ initializer: value }) => value !== undefined && (ts.isArrowFunction(value) || ts.isFunctionExpression(value))
    ))

/** The exported functions of a source file that have no docblock. @param {string} file @param {string} text */
export const undocumented = (file, text) => {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const functions = statements.filter(
    statement =>
      definesFunction(statement) &&
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  )
  // Of the overloads of a function, one docblock is enough.
  const documented = new Set(functions.filter(each => docblocks(each).length > 0).map(symbolOf))
  return [...new Set(functions.map(symbolOf))].filter(name => !documented.has(name)).map(name => `${file} › ${name}`)
}

/** The generated files of one documented file: path to content. @param {string} file @param {ReadonlyArray<Program>} programs */
const generate = (file, programs) => {
  const folder = `test/generated/examples/${file.replace(/\.\w+$/, '')}`
  /** @param {string} from */
  const runner = from => posix.relative(posix.dirname(from), 'test/doctest/program.js')
  /** @type {[string, string][]} */
  const modules = programs.map(program => {
    const path = `${folder}/${program.file}.ts`
    const body = program.examples.map(({ name, code }, index) => `\n// ${name}\n$begin(${index})\n${code}\n`)
    return [path, `import { begin as $begin } from '${runner(path)}'\n${body.join('')}`]
  })
  const test = `${folder}.test.ts`
  const calls = programs.map(program => {
    const examples = program.examples.map(({ name, prints }) => JSON.stringify({ name, prints }))
    return `program(() => import('./${posix.basename(folder)}/${program.file}.js'), [\n  ${examples.join(',\n  ')}\n])\n`
  })
  return [...modules, [test, `import { program } from '${runner(test)}'\n\n${calls.join('')}`]]
}

/** The files under a folder. @param {string} root @param {string} folder @returns {ReadonlyArray<string>} */
const walk = (root, folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
        .filter(entry => entry.isFile())
        .map(entry => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
        .sort()
    : []

/** Extracts all examples of the project at `root`. @param {string} root */
export const extract = root => {
  /** @param {string} file */
  const read = file => readFileSync(join(root, file), 'utf8').replaceAll('\r\n', '\n')
  const sources = [...walk(root, 'src'), ...walk(root, 'lib')].filter(
    file => /(?<!\.d)\.ts$/.test(file) && !file.includes('/assembly/')
  )
  const documents = ['README.md', ...walk(root, 'docs').filter(file => /^docs\/[^/]+\.md$/.test(file))].filter(file =>
    existsSync(join(root, file))
  )
  const all = [
    ...documents.map(file => ({ file, programs: ofMarkdown(file, read(file)) })),
    ...sources.map(file => ({ file, programs: ofSource(file, read(file)) }))
  ].filter(({ programs }) => programs.length > 0)
  const wanted = new Map(
    all.flatMap(({ file, programs }) => /** @type {[string, string][]} */ (generate(file, programs)))
  )

  // Files that did not change are not touched, so that runs side by side do not pull the rug from under each other.
  for (const stale of walk(root, 'test/generated').filter(file => !wanted.has(file))) rmSync(join(root, stale))
  for (const [file, content] of wanted) {
    const path = join(root, file)
    if (existsSync(path) && readFileSync(path, 'utf8') === content) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  return {
    examples: all.flatMap(({ programs }) => programs.flatMap(({ examples }) => examples)).length,
    files: all.length,
    undocumented: sources
      .filter(file => /^(src\/(?!cli|report|laws|core)|lib\/(?!compiler|kernels|wasm|build)).+$/.test(file))
      .flatMap(file => undocumented(file, read(file)))
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const report = extract(fileURLToPath(new URL('../..', import.meta.url)))
  console.log(`doctest: ${report.examples} examples of ${report.files} files`)
  console.log(`doctest: ${report.undocumented.length} exported functions without a docblock`)
  if (process.argv.includes('--verbose'))
    report.undocumented.forEach(name => {
      console.log(`  ${name}`)
    })
}
