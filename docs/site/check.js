/**
 * Checks dist/site: every link and picture leads to a file, every anchor to its place, no two places of a page have one name,
 * and every public name is described at most two clicks from the first page. `npm run site:check`
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as laws from '../../dist/src/laws/index.js'
import * as float64 from '../../dist/lib/index.js'
import * as ornstein from '../../dist/src/index.js'

const out = fileURLToPath(new URL('../../dist/site', import.meta.url))
const decoded = text => decodeURIComponent(text.replaceAll('&amp;', '&'))

/** A page's links and places. */
const read = url => {
  // What a script holds is no link of the page.
  const html = readFileSync(`${out}/${url}`, 'utf8').replace(/<script[\s\S]*?<\/script>/g, script =>
    script.slice(0, script.indexOf('>') + 1)
  )
  const all = pattern => [...html.matchAll(pattern)].map(([, found]) => decoded(found))
  return {
    url,
    links: all(/<a\b[^>]*?\shref="([^"]*)"/g),
    files: [...all(/<(?:img|script)\b[^>]*?\ssrc="([^"]*)"/g), ...all(/<link\b[^>]*?\shref="([^"]*)"/g)],
    ids: all(/\sid="([^"]*)"/g)
  }
}

const pages = new Map(
  readdirSync(out, { recursive: true })
    .map(name => name.replaceAll('\\', '/'))
    .filter(name => name.endsWith('.html'))
    .map(url => [url, read(url)])
)

const isOutside = href => /^[a-z]+:/.test(href)
/** Where a link of a page leads: the page and the place on it. */
const target = (from, href) => {
  const [path, hash] = href.split('#')
  return { to: path === '' ? from : posix.join(posix.dirname(from), path), hash }
}

const wrong = []
for (const { url, links, files, ids } of pages.values()) {
  for (const href of [...links, ...files].filter(href => !isOutside(href))) {
    const { to, hash } = target(url, href)
    if (!existsSync(`${out}/${to}`)) wrong.push(`${url}: ${href} leads nowhere`)
    // What has a sign of equality is a state of the page, not a place on it.
    else if (hash !== undefined && hash !== '' && !hash.includes('=') && !pages.get(to)?.ids.includes(hash))
      wrong.push(`${url}: ${href}: no such place`)
  }
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i)))
    wrong.push(`${url}: two places are called ${id}`)
}

// —— two clicks ——

const click = froms => {
  const tos = new Set()
  for (const from of froms)
    for (const href of pages.get(from.split('#')[0])?.links ?? []) {
      if (isOutside(href)) continue
      const { to, hash } = target(from.split('#')[0], href)
      tos.add(hash === undefined ? to : `${to}#${hash}`)
    }
  return tos
}
const once = click(['index.html'])
const near = new Set([...once, ...click(once)])

/** The names as a program sees them: the values of the modules, and those of the namespaces in them. */
const namesOf = (title, module) =>
  Object.entries(module).flatMap(([name, value]) =>
    value?.[Symbol.toStringTag] === 'Module'
      ? namesOf(title === 'ornstein' ? name : `${title}.${name}`, value)
      : [`api/${title}.html#${name}`]
  )
/** A namespace that two modules show has one page. */
const names = new Set(
  [...namesOf('ornstein', ornstein), ...namesOf('float64', float64), ...namesOf('laws', laws)].map(place =>
    place.replace('float64.Key', 'Key')
  )
)
for (const place of names) if (!near.has(place)) wrong.push(`${place}: more than two clicks away, or nowhere`)

// —— a sentence and an example for each ——

/** What a page of the API says under the heading of a name. */
const saidOf = place => {
  const [url, name] = place.split('#')
  const html = readFileSync(`${out}/${url}`, 'utf8')
  const from = html.indexOf(`<h3 id="${name}"`)
  return from === -1 ? '' : html.slice(html.indexOf('</h3>', from), html.indexOf('<h', from + 1))
}
const bare = [...names].filter(place => !/^<\/h3>\s*<p>/.test(saidOf(place)))
/** What is deprecated says what to use instead, and that has one. */
const isPast = said => /^<\/h3>\s*<p>Deprecated: /.test(said)
const unused = [...names].filter(place => !saidOf(place).includes('class="example"') && !isPast(saidOf(place)))
wrong.push(
  ...bare.map(place => `${place}: no sentence says what it is; write one in its docblock`),
  ...unused.map(place => `${place}: no example uses it; write one, or use it in one of its module`)
)

for (const line of wrong) console.error(line)
const links = [...pages.values()].reduce((sum, { links, files }) => sum + links.length + files.length, 0)
console.log(
  `${pages.size} pages, ${links} links, ${names.size} public names, ${names.size - bare.length} with a sentence and ${names.size - unused.length} with an example: ${wrong.length === 0 ? 'all lead somewhere' : `${wrong.length} faults`}`
)
process.exitCode = wrong.length === 0 ? 0 : 1
