import type { Example } from './program.js'

interface Program {
  readonly file: string
  readonly examples: ReadonlyArray<Example & { readonly code: string }>
}

export declare const ofMarkdown: (file: string, text: string) => ReadonlyArray<Program>
export declare const ofSource: (file: string, text: string) => ReadonlyArray<Program>
export declare const undocumented: (file: string, text: string) => ReadonlyArray<string>
