/** The settings of a reader of tables, in code and on the command line. */
import { oneOfSetting, suchSetting, wholeSetting } from '../core/setting.js'

/** Lines above the table. */
export const skipSetting = wholeSetting(0, 1)
/** What begins lines that are no part of the table. */
export const comment = suchSetting<string>(text => /^[^\s"\d]$/.test(text), 'a character that begins a line', "try '#'")
/** What stands before decimals. */
export const decimalSetting = oneOfSetting(['.', ','])
