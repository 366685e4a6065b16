/** What the search finds: every section of every page, as text. */
const entities = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&#39;': "'" }
const plain = html =>
  html
    .replace(/<[^>]+>/g, ' ')
    .replace(/&(?:lt|gt|amp|quot|#39);/g, sign => entities[sign])
    .replace(/\s+/g, ' ')
    .trim()

/** Only so much of a section is kept: what is looked for is said early. */
const longest = 600

/** The places of a page: its sections, each from a heading to the next; a word is one place, a page of the API its names. */
export const entriesOf = (url, html) => {
  const body = /<article[^>]*>([\s\S]*)<\/article>/.exec(html)?.[1] ?? ''
  const heads = [...body.matchAll(/<h([1-3]) id="([^"]*)"[^>]*>([\s\S]*?)<\/h\1>/g)]
  const page = plain(heads[0]?.[3] ?? '')
  const isApi = url.startsWith('api/')
  const kept = url.startsWith('words/') ? heads.slice(0, 1) : isApi ? heads.filter(([, level]) => level !== '2') : heads
  return kept.map((head, i) => {
    const title = plain(head[3].replace(/<small>.*?<\/small>/, ''))
    return {
      url: i === 0 ? url : `${url}#${head[2]}`,
      title: isApi && i > 0 ? `${page}.${title}` : title,
      page: i === 0 || isApi ? '' : page,
      text: plain(body.slice(head.index + head[0].length, kept[i + 1]?.index ?? body.length)).slice(0, longest)
    }
  })
}
