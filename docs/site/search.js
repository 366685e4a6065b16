/** Entries of the search: sections of pages, as text. */
const entities = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&#39;': "'" }
/** Text of HTML, in one line. */
const plain = html =>
  html
    .replace(/<[^>]+>/g, ' ')
    .replace(/&(?:lt|gt|amp|quot|#39);/g, sign => entities[sign])
    .replace(/\s+/g, ' ')
    .trim()

/** Other words that find a page or a section, by a pattern of its URL. */
const synonyms = [
  [
    /^recipes\.html#.*cluster-rows/,
    'clustering cluster k-means save model load persist predict labels assign new data'
  ],
  [
    /^recipes\.html#.*how-many-clusters/,
    'how many clusters components number of clusters select k elbow silhouette BIC AIC'
  ],
  [/^recipes\.html#.*missing-values/, 'missing values NaN NA null impute imputation incomplete'],
  [/^recipes\.html#.*outliers/, 'outlier outliers anomaly anomalies detection novelty robust'],
  [/^recipes\.html#.*confidence-intervals/, 'confidence interval intervals standard error uncertainty bootstrap'],
  [/^cluster-a-table\.html$/, 'excel spreadsheet xlsx csv clustering table without code'],
  [/^mixtures\.html#.*algebra/, 'predict prediction regression conditional impute marginal'],
  [/^coming-from\.html#.*scikit/, 'sklearn GaussianMixture python'],
  [/^should-i-use-this\.html$/, 'compare comparison alternatives scikit-learn mclust when not to use']
]

/** Maximum number of characters of a section that are searched. */
const MAX_TEXT_LENGTH = 600

/** Returns the entries of a page: one per section; one for the page of a word; one per name of an API page. */
export const entriesOf = (url, html) => {
  const body = /<article[^>]*>([\s\S]*)<\/article>/.exec(html)?.[1] ?? ''
  const heads = [...body.matchAll(/<h([1-3]) id="([^"]*)"[^>]*>([\s\S]*?)<\/h\1>/g)]
  const page = plain(heads[0]?.[3] ?? '')
  const isApi = url.startsWith('api/')
  const kept = url.startsWith('words/') ? heads.slice(0, 1) : isApi ? heads.filter(([, level]) => level !== '2') : heads
  return kept.map((head, i) => {
    const title = plain(head[3].replace(/<small>.*?<\/small>/, ''))
    const place = i === 0 ? url : `${url}#${head[2]}`
    return {
      url: place,
      also: synonyms.find(([where]) => where.test(place))?.[1] ?? '',
      title: isApi && i > 0 ? `${page}.${title}` : title,
      page: i === 0 || isApi ? '' : page,
      text: plain(body.slice(head.index + head[0].length, kept[i + 1]?.index ?? body.length)).slice(0, MAX_TEXT_LENGTH)
    }
  })
}
