/** What commands print of a result. */
import type * as T from 'fp-ts/lib/Task.js'
import { asText, type DocumentPart } from '../report/document.js'
import type { World } from './world.js'

/** Prints it as JSON where that is asked for, else as a person reads it. */
export const printResult = (
  { stdout, terminal }: Pick<World, 'stdout' | 'terminal'>,
  isJson: boolean,
  { json, parts }: { readonly json: object; readonly parts: ReadonlyArray<DocumentPart> }
): T.Task<void> => stdout(isJson ? `${JSON.stringify(json)}\n` : asText(parts, terminal.out))
