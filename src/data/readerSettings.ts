import { oneOfSetting, suchSetting, wholeSetting } from '../core/setting.js'

/** Number of lines above the table. */
export const skipSetting = wholeSetting(0, 1)
/** First character of lines that are not part of the table. */
export const commentSetting = suchSetting<string>(
  text => /^[^\s"\d]$/.test(text),
  'a character that begins a line',
  "try '#'"
)
/** Decimal mark: a point or a comma. */
export const decimalSetting = oneOfSetting(['.', ','])
