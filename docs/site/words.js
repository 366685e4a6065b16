/** One page for each word of the vocabulary, from its case. */
import * as ornstein from '../../dist/src/index.js'
import { standardVocabulary } from '../../dist/src/cli/glossary.js'
import { plotOf } from './plots.js'

const { Case, Vocabulary } = ornstein

/** Name of the function that returns a concept's laws. */
const lawsFunction = concept => `laws.${concept[0].toLowerCase()}${concept.slice(1)}`

const MAX_JSON_LENGTH = 1500
const fence = (language, text) => `\`\`\`\`${language}\n${text}\n\`\`\`\``
const cell = text => text.replace(/[|]/g, '\\|')

const jsonOf = (concept, example) => {
  const json = Vocabulary.codec(Vocabulary.standard)(ornstein[concept].concept).encode(example)
  const text = JSON.stringify(json, null, 2)
  return text.length > MAX_JSON_LENGTH ? JSON.stringify(json).slice(0, 300) + ' …' : text
}

/** True if a description contains a function, which JSON names only. */
const holdsCode = example =>
  Case.parts(example).some(part => Object.values(part[Case.ofCase].fields).some(({ code }) => code))

/** Returns pages `{ name, url, text }`; `names` are the namespaces of `api`. */
export const wordPages = async names => {
  const described = new Map(names.flatMap(({ entries }) => entries.map(entry => [entry.full, entry])))
  return standardVocabulary.flatMap(({ concept, about: ofConcept, words }) => {
    const fields = new Map(
      Vocabulary.words(Vocabulary.standard)(ornstein[concept].concept).map(({ name, fields }) => [name, fields])
    )
    const all = [...new Set(words.map(({ name }) => name))]
    return all.map((name, at) => {
      const same = words.filter(word => word.name === name)
      const [{ about, example }] = same
      const entry = described.get(name)
      const own = fields.get(name) ?? []
      const neighbours = [all[at - 1], all[at + 1]]
      const formulas = [...new Set(same.flatMap(({ formula }) => formula ?? []))]
      const plot = plotOf(concept, example)
      const text = [
        `# ${name}`,
        `${about[0].toUpperCase()}${about.slice(1)}. A word of [${concept}](../vocabulary.md#${concept.toLowerCase()}): ${ofConcept}.`,
        entry?.about ?? '',
        ...formulas.map(
          formula =>
            `<p class="formula">${formula.replace(/[&<>]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])}</p>`
        ),
        plot ?? '',
        ...(own.length === 0
          ? []
          : [
              '## Fields',
              ['| field | is | default |', '| --- | --- | --- |']
                .concat(
                  own.map(
                    ({ name, domain, default: value }) =>
                      `| \`${name}\` | ${cell(domain)} | ${value == null ? 'must be given' : `\`${cell(value)}\``} |`
                  )
                )
                .join('\n')
            ]),
        '## As code, and as JSON',
        ...same.map(({ code }) => fence('ts', code)),
        holdsCode(example)
          ? 'It holds a function, which JSON cannot: a vocabulary that has it reads it by its name.'
          : '',
        fence('json', jsonOf(concept, example)),
        ...(entry === undefined
          ? []
          : entry.examples.map((code, i) => `${i === 0 ? '## Example\n\n' : ''}${fence('ts', code)}`)),
        '## Near it',
        [
          ...neighbours.filter(other => other !== undefined).map(other => `\`${other}\``),
          `[all of ${concept}](../vocabulary.md#${concept.toLowerCase()})`,
          ...(entry === undefined ? [] : [`[its type](../${entry.url})`]),
          `[its laws](../laws-reference.md), by \`${lawsFunction(concept)}\``
        ].join(' · ')
      ]
      return {
        name,
        url: `words/${name}.html`,
        text: text.filter(part => part !== '').join('\n\n')
      }
    })
  })
}
