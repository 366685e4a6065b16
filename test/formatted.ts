/** Markdown as it stands in docs, laid out as `npm run format` does. */
import { readFileSync } from 'node:fs'
import { format } from 'oxfmt'

const style = JSON.parse(readFileSync(new URL('../.oxfmtrc.json', import.meta.url), 'utf8')) as Record<string, unknown>

export const formatted = async (page: string, text: string): Promise<string> => {
  const { code, errors } = await format(page, text, style)
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}
