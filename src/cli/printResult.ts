import type * as T from 'fp-ts/lib/Task.js'
import { asText, type DocumentPart } from '../report/document.js'
import type { World } from './world.js'

/** Prints a result to standard output: as JSON with `flags.json`, otherwise as text. */
export const printResult = (
  { stdout, terminal }: Pick<World, 'stdout' | 'terminal'>,
  flags: { readonly json: boolean },
  { json, parts }: { readonly json: object; readonly parts: ReadonlyArray<DocumentPart> }
): T.Task<void> => stdout(flags.json ? `${JSON.stringify(json)}\n` : asText(parts, terminal.out))
