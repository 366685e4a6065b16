/** The page's own program: the search, the colours, the menu. Without it the pages read as well. */
const { root } = document.currentScript.dataset
const of = id => document.getElementById(id)

// —— light or dark ——

of('theme').addEventListener('click', () => {
  const isDark =
    (document.documentElement.dataset.theme ??
      (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  document.documentElement.dataset.theme = isDark ? 'light' : 'dark'
  try {
    localStorage.theme = document.documentElement.dataset.theme
  } catch {
    // A page that may not remember forgets.
  }
})

// —— the menu of a narrow page ——

of('menu').addEventListener('click', () => {
  const isOpen = of('side').classList.toggle('open')
  of('menu').setAttribute('aria-expanded', String(isOpen))
})

// —— the search ——

const input = of('search')
const found = of('found')
const most = 12

const loaded = src =>
  new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), {
      src: root + src,
      onload: resolve,
      onerror: reject
    })
    document.head.append(script)
  })

let asked
/** Text and index come when they are first asked for. */
const index = () =>
  (asked ??= Promise.all([loaded('minisearch.js'), loaded('entries.js')]).then(() => {
    const search = new window.MiniSearch({
      idField: 'url',
      fields: ['title', 'page', 'text', 'also'],
      storeFields: ['title', 'page', 'text'],
      // `TimeGrid.karras` is found by either half.
      tokenize: text => text.split(/[^\p{L}\p{N}_]+/u).filter(word => word !== ''),
      searchOptions: {
        boost: { title: 6, also: 5, page: 1.5 },
        // A word's own page says most about it.
        boostDocument: url => (url.startsWith('words/') ? 2 : 1),
        prefix: true,
        fuzzy: term => (term.length > 4 ? 0.2 : false)
      }
    })
    search.addAll(window.entries)
    return search
  }))

const close = () => {
  found.hidden = true
  input.setAttribute('aria-expanded', 'false')
  input.removeAttribute('aria-activedescendant')
}

const choose = by => {
  const all = [...found.querySelectorAll('li')]
  if (all.length === 0) return
  const at = all.findIndex(one => one.getAttribute('aria-selected') === 'true')
  const next = (at + by + all.length) % all.length
  all.forEach((one, i) => one.setAttribute('aria-selected', String(i === next)))
  input.setAttribute('aria-activedescendant', all[next].id)
  all[next].scrollIntoView({ block: 'nearest' })
}

const show = async () => {
  const words = input.value.trim()
  if (words === '') return close()
  const search = await index()
  if (input.value.trim() !== words) return
  const results = search.search(words, { combineWith: 'AND' }).slice(0, most)
  found.replaceChildren(
    ...(results.length > 0 ? results : [{ title: 'Nothing found', page: '', text: 'Try a shorter word.' }]).map(
      ({ id, title, page, text }, i) => {
        const line = Object.assign(document.createElement('li'), { id: `found-${i}`, role: 'option' })
        line.setAttribute('aria-selected', String(i === 0 && id !== undefined))
        const link = document.createElement(id === undefined ? 'span' : 'a')
        if (id !== undefined) link.href = root + id
        const strong = Object.assign(document.createElement('strong'), { textContent: title })
        const small = Object.assign(document.createElement('small'), {
          textContent: [page, text.slice(0, 90)].filter(part => part !== '').join(' · ')
        })
        link.append(strong, small)
        line.append(link)
        return line
      }
    )
  )
  found.hidden = false
  input.setAttribute('aria-expanded', 'true')
}

input.addEventListener('focus', () => void index())
input.addEventListener('input', () => void show())
input.addEventListener('keydown', event => {
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault()
    choose(event.key === 'ArrowDown' ? 1 : -1)
  }
  if (event.key === 'Enter') found.querySelector('[aria-selected="true"] a')?.click()
  if (event.key === 'Escape') {
    close()
    input.blur()
  }
})
document.addEventListener('keydown', event => {
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '')
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
    event.preventDefault()
    input.focus()
  }
})
document.addEventListener('click', ({ target }) => {
  if (!(target instanceof Node && input.parentElement.contains(target))) close()
  else if (target instanceof Element && target.closest('#found a') !== null) close()
})
