/** The page: a table is given, a fit is asked for in the command line's options, and what the commands wrote is shown. */
import { fields, optionInWords, places } from './fields.js'
import type { Control, Question, Reply, Table } from './worker.js'

/** The worker's program, and tables, which the bundler puts here. */
declare const WORKER: string
declare const SAMPLES: Readonly<Record<string, string>>

const of = <T extends HTMLElement>(id: string, kind: new () => T): T => {
  const element = document.getElementById(id)
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`)
  return element
}
const found = (id: string): HTMLElement => of(id, HTMLElement)
const made = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[K] => {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}
const form = of('form', HTMLFormElement)
const asked = of('asked', HTMLDetailsElement)

// -- the worker --------------------------------------------------------------------------------------------------------

// Chromium starts no module from a page that is a file.
const program = URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }))
const begun = (): Worker => {
  const worker = new Worker(program)
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    hear(data)
  }
  worker.onerror = ({ message }) => {
    busy(null)
    wrong([message === '' ? 'the library could not be started here' : message])
  }
  return worker
}
const ask = (question: Question): void => {
  worker.postMessage(question)
}

// -- the form: options of the command line -----------------------------------------------------------------------------

let names: Readonly<Record<string, string>> = {}

/** Options of columns have those of the table to choose from. */
const listed = (words: ReadonlyArray<string>, otherwise = ''): ReadonlyArray<HTMLOptionElement> =>
  ['', ...words.filter(word => word !== otherwise)].map((value, i) =>
    made('option', { value }, i === 0 ? otherwise : value)
  )

/** A field with its name in words; the command line's name for it is a tooltip. */
const control = ({ key, name, isFlag }: Control): HTMLElement => {
  const { title, about, choices, empty = '' } = fields[key]
  const own = { id: `option-${key}`, name: key }
  const isOfColumns = key === 'labels' || key === 'weights'
  const field = isFlag
    ? made('input', { ...own, type: 'checkbox' })
    : choices === undefined && !isOfColumns
      ? made('input', { ...own, type: 'text', placeholder: empty })
      : made('select', own, ...(choices ?? []).map(([value, label]) => made('option', { value }, label)))
  return made(
    'label',
    { title: `${name} on the command line` },
    made('span', {}, title),
    field,
    made('small', {}, about)
  )
}

const boxes = (): ReadonlyArray<HTMLInputElement> => [...found('columns').querySelectorAll('input')]

let table: Table | null = null
let source = ''
let content: Blob | null = null

const given = (): Readonly<Record<string, string | boolean>> => {
  const asked: Record<string, string | boolean> = {}
  for (const [key, value] of new FormData(form))
    if (typeof value === 'string' && value !== '' && key !== 'column')
      asked[key] = value === 'yes' || value === 'on' ? true : value === 'no' ? false : value
  const taken = boxes().filter(({ checked }) => checked)
  const all = table?.columns ?? []
  if (taken.length !== all.length || taken.some(({ value }, i) => value !== all[i]))
    // a list has commas between its names
    asked.columns = taken
      .map(({ value }) => (/^\d|[,\s]/.test(value) ? String((table?.names.indexOf(value) ?? 0) + 1) : value))
      .join(',')
  return asked
}

/** From this many cells on a search takes more than a few seconds if both the number and the shapes of groups are open. */
const LONG = 100_000
const isLong = (): boolean => {
  const { components = '', family = '' } = given()
  const isOpen = !/^\d+$/.test(String(components)) && !/^[\w-]+$/.test(String(family))
  return isOpen && (table?.rows ?? 0) * boxes().filter(({ checked }) => checked).length > LONG
}

const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
const command = (): void => {
  const words = Object.entries(given()).map(
    ([key, value]) =>
      [
        key,
        value === false
          ? names[key].replace('--', '--no-')
          : value === true
            ? names[key]
            : `${names[key]} ${quoted(value)}`
      ] as const
  )
  const isRead = (key: string): boolean => ['columns', 'missing', ...Object.keys(places.reading)].includes(key)
  const line = (...all: ReadonlyArray<string>): string => ['ornstein', ...all].join(' ')
  found('long').hidden = !isLong()
  found('command').textContent = [
    line('fit', quoted(source), ...words.map(([, word]) => word), '--out model.json --report report.html'),
    line(
      ...['assign model.json', quoted(source)],
      ...words.flatMap(([key, word]) => (isRead(key) ? [word] : [])),
      '--out assigned.csv'
    )
  ].join('\n')
}

// -- what is told ------------------------------------------------------------------------------------------------------

/** The key of an option that the form has, by its name on the command line. */
const keyOf = (name: string): string | undefined =>
  Object.keys(names).find(key => names[key] === name && document.getElementById(`option-${key}`) !== null) ??
  (name === '--columns' ? 'columns' : undefined)

/** A value that follows an option in a sentence. */
const isChoice = (key: string, value: string): boolean =>
  /^[\d.]+$/.test(value) || fields[key].choices?.some(([one]) => one !== '' && one === value) === true

/** A text with the command line's options, in the words of the form. */
const inWords = (text: string, option: (key: string, words: string) => string): string =>
  text.replace(/(--[a-z][a-z-]*)( [\w.]*\w)?/g, (all: string, name: string, after?: string) => {
    const key = keyOf(name)
    const value = after?.trim() ?? ''
    if (key === undefined) return all
    return value !== '' && isChoice(key, value)
      ? option(key, optionInWords(key, value))
      : option(key, optionInWords(key)) + (after ?? '')
  })

/** Problems, each option in them a link to its field. */
const wrong = (problems: ReadonlyArray<string>): void => {
  found('wrong').replaceChildren(
    ...problems.map(problem =>
      made(
        'p',
        {},
        // No problem has these characters: they part a text at its options.
        ...inWords(problem, (key, words) => `\u0001${key}\u0002${words}\u0001`)
          .split('\u0001')
          .map(part => {
            const at = part.indexOf('\u0002')
            return at < 0 ? part : made('a', { href: `#option-${part.slice(0, at)}` }, part.slice(at + 1))
          })
      )
    )
  )
}

/** The report as the page shows it: options in the words of the form, and no commands. Links inside it stay inside it. */
const withoutCommands = (html: string): string =>
  inWords(
    html
      .replace('<head>', '<head><base href="about:srcdoc">')
      .replace(/<p class="soft">Next, .*?<\/p>/s, '')
      .replace(/<span class="word">(--[a-z-]+)<\/span>/g, '$1')
      .replace(/ ?ornstein assign --merged[^.<]*\./g, ''),
    (_, words) => words
  )

found('wrong').addEventListener('click', ({ target }) => {
  if (!(target instanceof HTMLAnchorElement)) return
  const option = found(target.hash.slice(1))
  asked.open = true
  const folded = option.closest('details')
  if (folded !== null) folded.open = true
  option.focus()
})

let clock: ReturnType<typeof setInterval> | undefined
/** Shows each second how long something has gone on: the refinement of the best candidates ends when nothing changes, at no known time. */
const showElapsed = (): void => {
  const begun = performance.now()
  clock = setInterval(() => {
    const seconds = Math.round((performance.now() - begun) / 1000)
    found('elapsed').textContent =
      seconds < 60 ? `(${seconds} s so far)` : `(${Math.floor(seconds / 60)} min ${seconds % 60} s so far)`
  }, 1000)
}

/** What goes on, and whether it can be stopped; null: nothing. */
const busy = (what: string | null, isLong = false): void => {
  clearInterval(clock)
  found('elapsed').textContent = ''
  if (isLong) showElapsed()
  found('progress').textContent = what ?? ''
  found('fit').hidden = found('or').hidden = isLong
  of('fit', HTMLButtonElement).disabled = what !== null
  found('stop').hidden = found('cancel').hidden = !isLong
  if (!isLong) found('picture').replaceChildren()
  // what was hidden has lost the focus
  if (isLong) found('stop').focus()
}

const showTable = (given: Table): void => {
  const isSame = JSON.stringify([table?.names, table?.columns]) === JSON.stringify([given.names, given.columns])
  const kept = new Map(isSame ? boxes().map(box => [box.value, box.checked]) : [])
  table = given
  found('what').textContent =
    `${source}: ${given.rows.toLocaleString('en')} rows, ${given.names.length} columns${given.missing === 0 ? '' : `, ${given.missing} missing cells`}`
  // What the table itself tells is not asked for.
  const missing = of('option-missing', HTMLSelectElement)
  if (!isSame && missing.value === '' && given.missing > 0) missing.value = 'em'
  const about = missing.parentElement?.querySelector('small')
  if (about != null) about.textContent = given.missing === 0 ? 'No cell of this table is empty' : fields.missing.about
  if (given.decimal !== undefined) of('option-decimal', HTMLInputElement).value = given.decimal
  document.body.classList.add('has-table')
  found('by-command').hidden = false
  asked.open = true
  found('columns').replaceChildren(
    ...given.names.map(name => {
      const checked = kept.get(name) ?? given.columns.includes(name)
      return made('label', {}, made('input', { type: 'checkbox', name: 'column', value: name, checked }), ` ${name}`)
    })
  )
  found('ignored').textContent = given.ignored.map(({ name, why }) => `${name}: ${why}`).join('; ')
  for (const key of ['labels', 'weights']) {
    const select = of(`option-${key}`, HTMLSelectElement)
    const { value } = select
    select.replaceChildren(...listed(given.names, 'none'))
    select.value = given.names.includes(value) ? value : ''
  }
  command()
}

const sizeOf = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
const download = ([name, blob]: readonly [string, Blob]): HTMLElement =>
  made('a', { href: URL.createObjectURL(blob), download: name }, `${name} (${sizeOf(blob.size)})`)

const report = of('report', HTMLIFrameElement)
report.addEventListener('load', () => {
  const root = report.contentDocument?.documentElement
  if (root != null) new ResizeObserver(() => (report.style.height = `${root.scrollHeight + 4}px`)).observe(root)
})

const hear = (reply: Reply): void => {
  switch (reply.is) {
    case 'form': {
      if (Object.keys(names).length > 0) return
      names = Object.fromEntries(Object.entries(reply.controls).map(([key, { name }]) => [key, name]))
      for (const [place, keys] of Object.entries(places))
        found(place).append(...Object.keys(keys).map(key => control(reply.controls[key])))
      return
    }
    case 'table':
      busy(null)
      wrong(reply.wrong)
      if (reply.table !== null) showTable(reply.table)
      of('fit', HTMLButtonElement).disabled = reply.table === null
      return
    case 'progress':
      found('progress').textContent = reply.text
      return
    case 'picture':
      found('picture').innerHTML = reply.svg
      return
    case 'more':
      busy(null)
      wrong(reply.wrong)
      found('downloads').append(...Object.entries(reply.files).map(download))
      return
    case 'made':
      busy(reply.next ?? null)
      wrong(reply.wrong)
      if (reply.made === null) {
        asked.open = true
        return
      }
      found('made').hidden = false
      found('downloads').replaceChildren('Keep: ', ...Object.entries(reply.made.files).map(download))
      found('told').textContent = reply.made.told
      report.hidden = reply.made.report === ''
      report.srcdoc = withoutCommands(reply.made.report)
      // The result takes the place of the form.
      asked.open = false
      document.body.classList.add('has-result')
      found('found').focus()
      found('found').scrollIntoView()
  }
}

// -- what is done ------------------------------------------------------------------------------------------------------

/** Makes the field for a file name the table that is open, however it was given. */
const nameFile = (name: string, blob: Blob): void => {
  const one = new DataTransfer()
  one.items.add(new File([blob], name))
  of('file', HTMLInputElement).files = one.files
}

/** A table, or a model that this page or the command line has made, for the rows of the table that is open. */
const open = async (name: string, blob: Blob): Promise<void> => {
  if ((await blob.slice(0, 40).text()).includes('"ornstein-model"')) {
    if (table === null) wrong(['Give a table first, then the model: its rows are assigned by it.'])
    else {
      busy('assigning rows', true)
      ask({ ask: 'assign', name: source, model: blob, given: given() })
    }
    return
  }
  ;[table, source, content] = [null, name, blob]
  nameFile(name, blob)
  found('made').hidden = true
  document.body.classList.remove('has-result')
  wrong([])
  form.hidden = false
  found('what').textContent = name
  found('columns').replaceChildren()
  busy('reading')
  ask({ ask: 'open', name, content, given: given() })
}

let worker = begun()
of('file', HTMLInputElement).addEventListener('change', ({ target }) => {
  const file = target instanceof HTMLInputElement ? target.files?.item(0) : null
  if (file != null) void open(file.name, file)
})
const over = (isOver: boolean) => (event: Event) => {
  event.preventDefault()
  document.body.classList.toggle('over', isOver)
}
addEventListener('dragover', over(true))
addEventListener('dragleave', over(false))
addEventListener('drop', event => {
  over(false)(event)
  const file = event.dataTransfer?.files.item(0)
  if (file != null) void open(file.name, file)
})
const paste = (text: string): void => {
  void open('pasted table', new Blob([text]))
}
addEventListener('paste', event => {
  const text = event.clipboardData?.getData('text/plain') ?? ''
  if (!(event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) && text.includes('\n'))
    paste(text)
})
found('use').addEventListener('click', () => {
  paste(of('pasted', HTMLTextAreaElement).value)
})
found('samples').append(
  ...Object.entries(SAMPLES).map(([name, text]) =>
    made(
      'button',
      {
        type: 'button',
        onclick: () => {
          void open(name, new Blob([text]))
        }
      },
      name
    )
  )
)
form.addEventListener('change', ({ target }) => {
  command()
  if (target instanceof Element && target.closest('#reading') !== null) {
    busy('reading')
    ask({ ask: 'open', name: source, content: null, given: given() })
  }
})
form.addEventListener('submit', event => {
  event.preventDefault()
  wrong([])
  found('made').hidden = true
  // Progress and its picture take the form's place.
  asked.open = false
  busy('begun', true)
  ask({ ask: 'fit', name: source, given: given() })
})
found('stop').addEventListener('click', () => {
  ask({ ask: 'stop' })
})
found('cancel').addEventListener('click', () => {
  worker.terminate()
  worker = begun()
  busy('cancelled: reading the table again')
  found('what').focus()
  ask({ ask: 'open', name: source, content, given: given() })
})
