/** A program's picture, written where its first argument names a file: `node program.js picture.svg`. */
import { writeFileSync } from 'node:fs'
import { Picture } from 'ornstein'

export const drawn = (
  panels: ReadonlyArray<Picture.Curves>,
  title: string,
  description: string,
  { width = 300, height = 210, file = process.argv.at(2) } = {}
): void => {
  if (file?.endsWith('.svg') !== true) return
  const picture = Picture.curves(panels, { columns: panels.length, width, height })
  writeFileSync(file, Picture.svg(Picture.of(picture, { name: 'fig', title, description })))
}
