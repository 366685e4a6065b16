/** Runs the programs that extract.js writes: a test for each example, of what it throws and what it prints. */
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { expect, it } from 'vitest'

export interface Example {
  readonly name: string
  /** What the documentation says it prints; `…` stands for any text. */
  readonly prints?: string
}

export interface Outcome {
  readonly printed: ReadonlyArray<string>
  /** The example at which the program stopped, and why. */
  readonly failure?: { readonly at: number; readonly cause: unknown }
}

const printed: string[] = []

/** Called by a program where its example of this index begins. */
export const begin = (index: number): void => {
  printed[index] = ''
}

/** Loads a program, and tells what its examples printed and where it stopped. */
export const run = async (load: () => Promise<unknown>): Promise<Outcome> => {
  const { console } = globalThis
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      printed.push((printed.pop() ?? '') + chunk.toString())
      done()
    }
  })
  printed.length = 0
  globalThis.console = new Console({ stdout: sink, colorMode: false })
  try {
    await load()
    return { printed: [...printed] }
  } catch (cause) {
    return { printed: [...printed], failure: { at: Math.max(0, printed.length - 1), cause } }
  } finally {
    globalThis.console = console
  }
}

const tidy = (text: string): string => text.replace(/[ \t]+$/gm, '').trimEnd()

/** Whether a text is the expected one, where `…` stands for any text. */
export const matches = (expected: string, text: string): boolean =>
  new RegExp(
    `^${tidy(expected)
      .split('…')
      .map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('[^]*?')}$`
  ).test(tidy(text))

/** Throws where the example of this index does not do what the documentation says. */
export const verify = ({ printed, failure }: Outcome, examples: ReadonlyArray<Example>, index: number): void => {
  if (failure?.at === index) throw failure.cause
  if (failure !== undefined && failure.at < index)
    throw new Error(`not reached: ${examples[failure.at]?.name ?? 'the program'} failed`)
  const expected = examples[index]?.prints
  const text = printed[index] ?? ''
  if (expected !== undefined && !matches(expected, text)) expect(tidy(text)).toBe(tidy(expected))
}

/** The tests of one program: it is loaded once, by the first of them that runs. */
export const program = (load: () => Promise<unknown>, examples: ReadonlyArray<Example>): void => {
  let outcome: Promise<Outcome> | undefined
  examples.forEach(({ name }, index) => {
    it(name, async () => {
      verify(await (outcome ??= run(load)), examples, index)
    })
  })
}
