// The playground as one page, in dist/playground/index.html.
import { pathToFileURL } from 'node:url'
import { pageOf, program, writePage } from '../pages.mjs'

/** The page as one text; where it stands among others, with a link to the first of them. */
export const bundled = async ({ home } = {}) => {
  const worker = await program('playground/worker.ts', 'iife')
  const script = await program('playground/main.ts', 'esm', { define: { WORKER: JSON.stringify(worker) } })
  return pageOf('playground', script, home)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writePage('playground', await bundled())
