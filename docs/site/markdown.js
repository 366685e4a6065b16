/** Markdown renderer of the site: GitHub's heading anchors, links between pages, highlighted code, names in code linked to their pages. */
import { posix } from 'node:path'
import MarkdownIt from 'markdown-it'
import anchor from 'markdown-it-anchor'
import Prism from 'prismjs'
import loadLanguages from 'prismjs/components/index.js'

loadLanguages.silent = true
loadLanguages(['typescript', 'bash', 'json', 'python', 'r'])
const grammars = {
  ts: 'typescript',
  js: 'javascript',
  json: 'json',
  sh: 'bash',
  html: 'markup',
  python: 'python',
  r: 'r'
}

/** Relative path from one page to another. */
export const relativeUrl = (from, to) => posix.relative(posix.dirname(from), to) || posix.basename(to)

/** Anchor of a heading, as on GitHub. */
export const slug = text =>
  text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .replace(/\s/g, '-')

const escaped = text =>
  text.replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])

/** HTML of a code block; `info` begins with its language. */
export const highlighted = (code, info) => {
  const [language = ''] = info.split(/\s+/)
  const grammar = grammars[language]
  const inner = grammar === undefined ? escaped(code) : Prism.highlight(code, Prism.languages[grammar], grammar)
  const role = language === 'text' ? ' class="prints"' : ''
  return `<pre${role} tabindex="0"><code class="language-${escaped(language || 'text')}">${inner}</code></pre>`
}

/** Renderer, given URLs by name in code (`nameUrls`) and by file of the repository (`urls`). */
export const markdown = ({ nameUrls, urls }) => {
  const md = new MarkdownIt({ html: true, highlight: highlighted })
  md.use(anchor, { slugify: slug, permalink: anchor.permalink.headerLink({ safariReaderFix: true }), level: [1, 2, 3] })

  const target = (href, source, page) => {
    if (/^([a-z]+:|#)/.test(href)) return href
    const [path, hash] = href.split('#')
    const file = posix.join(posix.dirname(source), path)
    const to = urls[file] ?? file.replace(/^docs\//, '')
    return relativeUrl(page, to) + (hash === undefined ? '' : `#${hash}`)
  }

  md.core.ruler.push('places', ({ tokens, env, Token }) => {
    const page = env.page.url.slice(1)
    for (const [at, block] of tokens.entries()) {
      if (block.type !== 'inline') continue
      const isHeading = tokens[at - 1]?.type === 'heading_open'
      let depth = 0
      block.children = block.children.flatMap(token => {
        if (token.type === 'link_open') {
          depth++
          token.attrSet('href', target(token.attrGet('href'), env.source, page))
        }
        if (token.type === 'link_close') depth--
        if (token.type === 'image') token.attrSet('src', target(token.attrGet('src'), env.source, page))
        const to = token.type === 'code_inline' && depth === 0 && !isHeading ? nameUrls.get(token.content) : undefined
        if (to === undefined || to.split('#')[0] === page) return [token]
        const open = new Token('link_open', 'a', 1)
        open.attrSet('href', relativeUrl(page, to))
        return [open, token, new Token('link_close', 'a', -1)]
      })
    }
  })

  // A wide table scrolls in its own box.
  md.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>\n'
  md.renderer.rules.table_close = () => '</table></div>\n'
  return md
}
