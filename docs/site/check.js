/**
 * Checks dist/site: links and pictures lead to files, anchors to unique ids, and every public name has a description with an example, at
 * most two clicks from the first page. `npm run site:check`
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as laws from '../../dist/src/laws/index.js'
import * as float64 from '../../dist/lib/index.js'
import * as ornstein from '../../dist/src/index.js'

const out = fileURLToPath(new URL('../../dist/site', import.meta.url))
const decoded = text => decodeURIComponent(text.replaceAll('&amp;', '&'))

/** Returns the links, files and ids of a page. */
const readPage = url => {
  // The text of a script contains no links of the page.
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
    .map(url => [url, readPage(url)])
)

const isOutside = href => /^[a-z]+:/.test(href)
/** Resolves a link of page `from` to a page `to` and an id `hash`, undefined if there is none. */
const resolveLink = (from, href) => {
  const [path, hash] = href.split('#')
  return { to: path === '' ? from : posix.join(posix.dirname(from), path), hash }
}

const faults = []
for (const { url, links, files, ids } of pages.values()) {
  for (const href of [...links, ...files].filter(href => !isOutside(href))) {
    const { to, hash } = resolveLink(url, href)
    if (!existsSync(`${out}/${to}`)) faults.push(`${url}: ${href} leads nowhere`)
    // A hash with an equals sign is a state of the page, not an id.
    else if (hash !== undefined && hash !== '' && !hash.includes('=') && !pages.get(to)?.ids.includes(hash))
      faults.push(`${url}: ${href}: no such place`)
  }
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i)))
    faults.push(`${url}: two places are called ${id}`)
}

// —— two clicks ——

/** Links of the given pages, with their ids. */
const linkedFrom = froms => {
  const tos = new Set()
  for (const from of froms)
    for (const href of pages.get(from.split('#')[0])?.links ?? []) {
      if (isOutside(href)) continue
      const { to, hash } = resolveLink(from.split('#')[0], href)
      tos.add(hash === undefined ? to : `${to}#${hash}`)
    }
  return tos
}
const once = linkedFrom(['index.html'])
const withinTwoClicks = new Set([...once, ...linkedFrom(once)])

/** Addresses of a module's values and of those in its namespaces. */
const namesOf = (title, module) =>
  Object.entries(module).flatMap(([name, value]) =>
    value?.[Symbol.toStringTag] === 'Module'
      ? namesOf(title === 'ornstein' ? name : `${title}.${name}`, value)
      : [`api/${title}.html#${name}`]
  )
/** Addresses of all public names; a namespace exported by two modules has one page. */
const names = new Set(
  [...namesOf('ornstein', ornstein), ...namesOf('float64', float64), ...namesOf('laws', laws)].map(place =>
    place.replace('float64.Key', 'Key')
  )
)
for (const place of names)
  if (!withinTwoClicks.has(place)) faults.push(`${place}: more than two clicks away, or nowhere`)

// —— a sentence and an example for each ——

/** HTML below the heading of a name; empty if there is no heading. */
const apiSection = place => {
  const [url, name] = place.split('#')
  const html = readFileSync(`${out}/${url}`, 'utf8')
  const from = html.indexOf(`<h3 id="${name}"`)
  return from === -1 ? '' : html.slice(html.indexOf('</h3>', from), html.indexOf('<h', from + 1))
}
const undescribed = [...names].filter(place => !/^<\/h3>\s*<p>/.test(apiSection(place)))
/** True for a deprecated name, which needs no example. */
const isDeprecated = section => /^<\/h3>\s*<p>Deprecated: /.test(section)
const withoutExample = [...names].filter(
  place => !apiSection(place).includes('class="example"') && !isDeprecated(apiSection(place))
)
faults.push(
  ...undescribed.map(place => `${place}: no sentence says what it is; write one in its docblock`),
  ...withoutExample.map(place => `${place}: no example uses it; write one, or use it in one of its module`)
)

for (const line of faults) console.error(line)
const links = [...pages.values()].reduce((sum, { links, files }) => sum + links.length + files.length, 0)
console.log(
  `${pages.size} pages, ${links} links, ${names.size} public names, ${names.size - undescribed.length} with a sentence and ${names.size - withoutExample.length} with an example: ${faults.length === 0 ? 'all lead somewhere' : `${faults.length} faults`}`
)
process.exitCode = faults.length === 0 ? 0 : 1
