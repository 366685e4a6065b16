/** The settings of a reader of tables, in code and on the command line. */
import { oneOf, such, whole } from '../core/setting.js'

/** Lines above the table. */
export const skip = whole(0, 1)
/** What begins lines that are no part of the table. */
export const comment = such<string>(text => /^[^\s"\d]$/.test(text), 'a character that begins a line', "try '#'")
/** What stands before decimals. */
export const decimal = oneOf(['.', ','])
