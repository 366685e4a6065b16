import { describe, expect, it } from 'vitest'
import { ofMarkdown, ofSource, undocumented } from './extract.js'
import { begin, matches, run, verify } from './program.js'

const block = (code: string, info = 'ts'): string => `\`\`\`${info}\n${code}\n\`\`\`\n`

describe('the examples of Markdown', () => {
  it('continue one program in order', () => {
    const programs = ofMarkdown('a.md', `${block("import { a } from 'b'\nconst x = 1")}prose\n\n${block('x + a')}`)
    expect(programs.map(({ examples }) => examples.map(({ name }) => name))).toEqual([
      ['a.md › line 1', 'a.md › line 7']
    ])
  })
  it.each([
    ['imports', "import { a } from 'b'", "import { a } from 'c'"],
    ['imports a namespace', "import * as a from 'b'", "import * as a from 'b'"],
    ['imports by default', "import a from 'b'", "import { type b as a } from 'b'"],
    ['declares', 'const { a, b: [c] } = d', 'const c = 1'],
    ['declares a function', 'function f() {}', 'const f = 1']
  ])('start a new program when a block %s a name again', (_, first, second) => {
    expect(ofMarkdown('a.md', block(first) + block(second))).toHaveLength(2)
  })
  it('print what the text block right after them says', () => {
    const prints = (markdown: string): unknown => ofMarkdown('a.md', markdown)[0]?.examples[0]?.prints
    expect(prints(`${block('f()')}\n${block('1', 'text')}`)).toBe('1')
    expect(prints(`${block('f()')}\nwords\n\n${block('1', 'text')}`)).toBeUndefined()
    expect(prints(`${block('f()')}\n${block('1', 'json')}`)).toBeUndefined()
  })
  it('are skipped where marked no-run or written in another language', () => {
    expect(ofMarkdown('a.md', block('f()', 'ts no-run') + block('f()', 'js') + block('f()', ''))).toEqual([])
  })
  it('keep their own indentation inside a list', () => {
    expect(ofMarkdown('a.md', '- so:\n  ```ts\n  f(\n    1)\n  ```\n')[0]?.examples[0]?.code).toBe('f(\n  1)')
  })
  it('may not be left open', () => {
    expect(() => ofMarkdown('a.md', '```ts\nf()\n')).toThrow('line 1')
  })
})

describe('the examples of a docblock', () => {
  const source = `
/** The module. @see elsewhere */
import { a } from 'b'
/**
 * A function.
 *
 * @example
 * import { f } from 'b'
 *
 * f(
 *   1)
 * @example
 * f(2)
 * @returns nothing
 */
export const f = 1
export interface P {
  /**
   * @example
   * \`\`\`ts
   * f(3)
   * \`\`\`
   * \`\`\`text
   * 3
   * \`\`\`
   */
  readonly m: number
}`
  it('are named by symbol and hold the code verbatim', () => {
    expect(ofSource('src/A.ts', source)).toEqual([
      { file: 'f', examples: [{ name: 'src/A.ts › f', code: "import { f } from 'b'\n\nf(\n  1)" }] },
      { file: 'f-2', examples: [{ name: 'src/A.ts › f (2)', code: 'f(2)' }] },
      { file: 'P.m', examples: [{ name: 'src/A.ts › P.m', code: 'f(3)', prints: '3' }] }
    ])
  })
  it('may not be empty', () => {
    expect(() => ofSource('src/A.ts', '/** @example */\nexport const f = 1')).toThrow('src/A.ts › f')
  })
  it('are missed where no declaration of an exported function has one', () => {
    const overloads = (name: string): string =>
      `export function ${name}(x: 1): 1\nexport function ${name}(x: 2): 2\nexport function ${name}(x: never) { return x }\n`
    const text = `export const f = () => 1\n/** Said. */\nexport const g = () => 1\nconst h = () => 1\nexport const one = 1
/** Said. */\n${overloads('k')}${overloads('l')}`
    expect(undocumented('src/A.ts', text)).toEqual(['src/A.ts › f', 'src/A.ts › l'])
  })
})

describe('a program', () => {
  const examples = [{ name: 'one', prints: '1' }, { name: 'two', prints: 'loss …, done' }, { name: 'three' }]
  const verdicts = async (second: () => void): Promise<ReadonlyArray<string>> => {
    const outcome = await run(() => {
      begin(0)
      console.log(1)
      begin(1)
      second()
      begin(2)
      return Promise.resolve()
    })
    return examples.map((_, index) => {
      try {
        verify(outcome, examples, index)
        return 'green'
      } catch (cause) {
        return String(cause)
      }
    })
  }
  it('is green where it does what is said', async () => {
    const seen = await verdicts(() => {
      console.log('loss %d, done', 0.25)
    })
    expect(seen).toEqual(['green', 'green', 'green'])
  })
  it('is red where it prints something else', async () => {
    const seen = await verdicts(() => {
      console.log('loss')
    })
    expect(seen).toEqual(['green', expect.stringContaining("expected 'loss' to be"), 'green'])
  })
  it('is red where it throws, and after', async () => {
    const seen = await verdicts(() => {
      throw new Error('wrong')
    })
    expect(seen).toEqual(['green', 'Error: wrong', 'Error: not reached: two failed'])
  })
  it('is red where it cannot be loaded', async () => {
    const { failure } = await run(() => Promise.reject(new Error('no such module')))
    expect(failure).toMatchObject({ at: 0, cause: { message: 'no such module' } })
  })
  it('takes … for any text and all else literally', () => {
    expect(matches('a … c', 'a b\nb c\n')).toBe(true)
    expect(matches('a … c', 'a b\nb d')).toBe(false)
    expect(matches('(1.5)', '(1x5)')).toBe(false)
  })
})
