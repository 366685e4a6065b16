/** HTML page around its content, with navigation and search. */
import { relativeUrl } from '../markdown.js'

/** Links of the side menu, by group. */
const sections = [
  [
    'Your table',
    [
      ['index.html', 'ornstein'],
      ['your-table.html', 'Your table'],
      ['cluster-a-table.html', 'Cluster a table'],
      ['report.html', 'How to read the report'],
      ['in-a-browser.html', 'In a browser'],
      ['recipes.html', 'How do I …'],
      ['scale.html', 'Large tables, many machines'],
      ['should-i-use-this.html', 'Should I use this?']
    ]
  ],
  [
    'Learn',
    [
      ['playground.html', 'The lesson'],
      ['tutorial.html', 'Tutorial'],
      ['concepts.html', 'Concepts'],
      ['coming-from.html', 'Coming from …'],
      ['gallery.html', 'Gallery'],
      ['glossary.html', 'Glossary']
    ]
  ],
  [
    'The language',
    [
      ['vocabulary.html', 'Vocabulary'],
      ['mixtures.html', 'Mixtures'],
      ['objectives.html', 'Write an objective'],
      ['property-test-your-own-objective.html', 'Property-test it'],
      ['laws.html', 'Laws'],
      ['pictures.html', 'Pictures']
    ]
  ],
  [
    'Research',
    [
      ['paper.html', 'The paper, reproduced'],
      ['landscapes.html', 'Landscapes, derivations'],
      ['networks.html', 'What networks learn'],
      ['research.html', 'Programs of other papers']
    ]
  ],
  [
    'Reference',
    [
      ['api/ornstein.html', 'API'],
      ['names.html', 'All names'],
      ['performance.html', 'Fits and speed'],
      ['changes.html', 'Changes'],
      ['contributing.html', 'Contributing']
    ]
  ]
]

/** URLs in the header. */
const headerPages = [
  'your-table.html',
  'playground.html',
  'cluster-a-table.html',
  'tutorial.html',
  'recipes.html',
  'vocabulary.html',
  'api/ornstein.html'
]
const titleByUrl = new Map(sections.flatMap(([, links]) => links))

const withoutTags = html => html.replace(/<[^>]+>/g, '')

export const render = ({ content, page }) => {
  const here = page.url.slice(1)
  const to = url => relativeUrl(here, url)
  const link = ([url, text]) => `<a href="${to(url)}"${url === here ? ' aria-current="page"' : ''}>${text}</a>`
  const title = withoutTags(/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(content)?.[1] ?? 'ornstein')
  const heads = [...content.matchAll(/<h2 id="([^"]*)"[^>]*>([\s\S]*?)<\/h2>/g)]
  const contents =
    heads.length < 2
      ? ''
      : `<nav class="contents" aria-label="On this page"><p>On this page</p><ul>${heads
          .map(([, id, text]) => `<li><a href="#${id}">${withoutTags(text)}</a></li>`)
          .join('')}</ul></nav>`
  const doors =
    here === '' || here === 'index.html'
      ? `<p class="doors">${[
          ['your-table.html', 'I have a table'],
          ['playground.html', 'I want to understand'],
          ['concepts.html', 'I want to write code']
        ]
          .map(link)
          .join('')}</p><!-- hero -->`
      : ''
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === 'ornstein' ? 'ornstein' : `${title} · ornstein`}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cellipse cx='6' cy='8' rx='5' ry='3' fill='none' stroke='%230072b2' stroke-width='2' transform='rotate(-30 6 8)'/%3E%3Ccircle cx='11' cy='9' r='3.5' fill='none' stroke='%23d55e00' stroke-width='2'/%3E%3C/svg%3E">
<link rel="stylesheet" href="${to('style.css')}">
<script>try { const theme = localStorage.theme; if (theme) document.documentElement.dataset.theme = theme } catch {}</script>
<script src="${to('client.js')}" data-root="${here
    .split('/')
    .slice(1)
    .map(() => '../')
    .join('')}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<button id="menu" type="button" aria-expanded="false" aria-controls="side" aria-label="Pages">☰</button>
<a class="brand" href="${to('index.html')}">ornstein</a>
<nav aria-label="Main">${headerPages.map(url => link([url, titleByUrl.get(url)])).join('')}</nav>
<search><input id="search" type="search" placeholder="Search  /" aria-label="Search" autocomplete="off" role="combobox" aria-expanded="false" aria-controls="found"><ul id="found" role="listbox" aria-label="Found" hidden></ul></search>
<button id="theme" type="button" aria-label="Light or dark"><svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><circle cx="10" cy="10" r="8" fill="none" stroke="currentColor" stroke-width="2"/><path d="M10 2a8 8 0 0 1 0 16z" fill="currentColor"/></svg></button>
</header>
<div class="columns">
<nav id="side" aria-label="Pages">${sections
    .map(([name, links]) => `<p>${name}</p><ul>${links.map(each => `<li>${link(each)}</li>`).join('')}</ul>`)
    .join('')}</nav>
<main id="content"><article>
${doors === '' ? content : content.replace(/<\/h1>\s*<p>.*?<\/p>/s, begin => `${begin}${doors}`)}
</article></main>
${contents}
</div>
</body>
</html>
`
}
