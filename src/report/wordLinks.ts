/** Links terms in a report to their meanings, in a list at the end. */
import { escape } from './svg.js'

/** Meanings of terms, as in docs/glossary.md. */
export const meanings: Readonly<Record<string, string>> = {
  Component:
    'One Gaussian of the fitted mixture, with its weight, mean and covariance. A fit numbers components from 1.',
  Cluster:
    'A group of rows that lie together. Often one component describes it; a curved or heavy-tailed cluster may need two.',
  Weight: 'The share of rows that a component accounts for, between 0 and 1.',
  Centre: 'The mean of a component: the place around which its rows lie.',
  'Standard deviation':
    'How far rows typically lie from the centre, in the units of the column. In one column two thirds of a Gaussian’s rows lie within one, and 95 % within two. In the plane of two columns an ellipse of one holds 39 % of them, an ellipse of two 86 %.',
  Covariance:
    'How the columns of a component vary together. It sets the width, shape and direction of the ellipse in the picture.',
  'Log-likelihood':
    'The mean over rows of the logarithm of the mixture’s density. Higher is a closer fit. More components always allow a higher one.',
  ICLc: 'The default criterion to choose the family and the number of components: ICL with a correction for few cells per parameter. Lower is better.',
  ICL: 'A criterion that penalises parameters and overlap, so it prefers separate clusters. Lower is better.',
  BIC: 'A criterion that penalises parameters only. It chooses what the density needs, which may be several components per cluster. Lower is better.',
  Candidate: 'One family with one number of components, fitted so that a criterion can compare it with others.',
  'Minimum variance':
    'The smallest variance that a component may have. A component that sits at it has probably collapsed on a few equal rows.',
  Prior:
    'Pseudo-rows added to each component’s covariance, which keep it from collapsing. --prior 0.01 has the strength of 0.01 rows.',
  Outlier: 'A row outside every component’s 99.9 % contour. One in a thousand is expected.',
  'Rand index':
    'The adjusted Rand index compares components with known classes: 1 is agreement, 0 is what chance gives.',
  Seed: 'The number from which all randomness of a run follows. The same seed gives the same bits on every machine.'
}

const idOf = (word: string): string => `word-${word.toLowerCase().replaceAll(' ', '-')}`
const pattern = new RegExp(`(?<![-\\w])(${Object.keys(meanings).join('|')})(?:e?s)?\\b`, 'i')
const termOf = (text: string): string =>
  Object.keys(meanings).find(word => text.toLowerCase().startsWith(word.toLowerCase())) ?? ''

interface Linked {
  readonly html: string
  readonly words: ReadonlyArray<string>
  readonly isInside: boolean
}

/** Links the first use of each word that has no link yet. */
const linkFirst = ({ html, words, isInside }: Linked, text: string): Linked => {
  const found = pattern.exec(text)
  if (found === null) return { html: html + text, words, isInside }
  const [use] = found
  const word = termOf(use)
  const before = text.slice(0, found.index)
  const after = text.slice(found.index + use.length)
  const isNew = !words.includes(word)
  const shown = isNew ? `<a href="#${idOf(word)}">${use}</a>` : use
  return linkFirst({ html: html + before + shown, words: isNew ? [...words, word] : words, isInside }, after)
}

/** Adds the list of meanings to a page, with links from each word's first use in a paragraph or a list. */
export const withMeanings = (markup: string): string => {
  const tokens = markup.match(/<[^>]*>|[^<]+/g) ?? []
  const { html, words } = tokens.reduce<Linked>(
    (linked, token) => {
      if (!token.startsWith('<'))
        return linked.isInside ? linkFirst(linked, token) : { ...linked, html: linked.html + token }
      const isInside =
        /^<(p(?! class="soft")|li|dd)\b/.test(token) || (linked.isInside && !/^<\/(p|li|dd)\b/.test(token))
      return { ...linked, html: linked.html + token, isInside }
    },
    { html: '', words: [], isInside: false }
  )
  const used = Object.keys(meanings).filter(word => words.includes(word))
  const list = used.map(word => `<dt id="${idOf(word)}">${word}</dt><dd>${escape(meanings[word])}</dd>`).join('')
  return html + (used.length === 0 ? '' : `\n<h2>Words</h2>\n<dl>${list}</dl>`)
}
