/** Script of every page: search, light or dark, menu. Pages are readable without it. */
const { root } = document.currentScript.dataset
const byId = id => document.getElementById(id)

// —— light or dark ——

byId('theme').addEventListener('click', () => {
  const isDark =
    (document.documentElement.dataset.theme ??
      (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  document.documentElement.dataset.theme = isDark ? 'light' : 'dark'
  try {
    localStorage.theme = document.documentElement.dataset.theme
  } catch {
    // Storage is unavailable, so the choice lasts for this page only.
  }
})

// —— the menu of a narrow page ——

byId('menu').addEventListener('click', () => {
  const isOpen = byId('side').classList.toggle('open')
  byId('menu').setAttribute('aria-expanded', String(isOpen))
})

// —— the search ——

const input = byId('search')
const resultList = byId('found')
const MAX_RESULTS = 12

const loadScript = src =>
  new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), {
      src: root + src,
      onload: resolve,
      onerror: reject
    })
    document.head.append(script)
  })

let indexPromise
/** Loads entries and builds the index on first use; returns a promise of it. */
const searchIndex = () =>
  (indexPromise ??= Promise.all([loadScript('minisearch.js'), loadScript('entries.js')]).then(() => {
    const search = new window.MiniSearch({
      idField: 'url',
      fields: ['title', 'page', 'text', 'also'],
      storeFields: ['title', 'page', 'text'],
      // Either half of `TimeGrid.karras` finds it.
      tokenize: text => text.split(/[^\p{L}\p{N}_]+/u).filter(word => word !== ''),
      searchOptions: {
        boost: { title: 6, also: 5, page: 1.5 },
        // The page of a word comes before pages that mention it.
        boostDocument: url => (url.startsWith('words/') ? 2 : 1),
        prefix: true,
        fuzzy: term => (term.length > 4 ? 0.2 : false)
      }
    })
    search.addAll(window.entries)
    return search
  }))

const closeResults = () => {
  resultList.hidden = true
  input.setAttribute('aria-expanded', 'false')
  input.removeAttribute('aria-activedescendant')
}

/** Moves the selection by a number of results, around the ends. */
const moveSelection = by => {
  const all = [...resultList.querySelectorAll('li')]
  if (all.length === 0) return
  const at = all.findIndex(one => one.getAttribute('aria-selected') === 'true')
  const next = (at + by + all.length) % all.length
  all.forEach((one, i) => one.setAttribute('aria-selected', String(i === next)))
  input.setAttribute('aria-activedescendant', all[next].id)
  all[next].scrollIntoView({ block: 'nearest' })
}

/** Lists the results for the input; does nothing if it has changed during loading. */
const showResults = async () => {
  const words = input.value.trim()
  if (words === '') return closeResults()
  const search = await searchIndex()
  if (input.value.trim() !== words) return
  const results = search.search(words, { combineWith: 'AND' }).slice(0, MAX_RESULTS)
  resultList.replaceChildren(
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
  resultList.hidden = false
  input.setAttribute('aria-expanded', 'true')
}

input.addEventListener('focus', () => void searchIndex())
input.addEventListener('input', () => void showResults())
input.addEventListener('keydown', event => {
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault()
    moveSelection(event.key === 'ArrowDown' ? 1 : -1)
  }
  if (event.key === 'Enter') resultList.querySelector('[aria-selected="true"] a')?.click()
  if (event.key === 'Escape') {
    closeResults()
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
  if (!(target instanceof Node && input.parentElement.contains(target))) closeResults()
  else if (target instanceof Element && target.closest('#found a') !== null) closeResults()
})
