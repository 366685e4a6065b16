/** Page of all laws: for each concept those of its words, then the theorems. */

const introduction = `# The laws, one by one

[What they are for, and how to use them](laws.md). A law has a name, a statement with its tolerance, and a source. There are four kinds of tolerance:

- _exactly_: the same bits.
- _rounding_: 2⁻⁵² times the size of the terms that are summed, times how much the formula magnifies it.
- _differences_: what extrapolated differences find of their error.
- _chance_: standard errors of the sample, or a bound that holds for any sample, with the probability of a false alarm.

Numbers and names that a law takes from an instance are those of one example here.`

const escaped = text => text.replace(/[*_<[\]\\|]/g, '\\$&')
const lawList = laws =>
  laws
    .filter(({ name }, i) => laws.findIndex(other => other.name === name) === i)
    .map(({ name, statement, source }) => `- **${escaped(name)}.** ${escaped(statement)} _${escaped(source)}._`)
    .join('\n')

/** Markdown of a concept's laws without duplicates, and of its optional claims; empty if there are no laws. */
const conceptSection = (laws, { concept, words }) => {
  const parts = words.flatMap(({ example }) => laws.parts(example).filter(({ path }) => path === ''))
  const claims = parts
    .flatMap(({ laws: { notApplicable } }) => notApplicable)
    .filter(({ option, law }, i, all) => option !== undefined && all.findIndex(other => other.law === law) === i)
  const all = parts.flatMap(part => part.laws)
  if (all.length === 0) return []
  return [
    `## ${concept}`,
    lawList(all),
    ...(claims.length === 0
      ? []
      : ['Claims:', claims.map(({ law, option }) => `- **${escaped(law)}**, by the option \`${option}\``).join('\n')])
  ]
}

/** Laws of no single word, and theorems, by title. */
const otherLaws = (
  laws,
  { Initializer, Mixture, Objective, Pipeline, Schedule, Score, Stage, NoiseLevels, Vocabulary, Weighting }
) => {
  const [pair, two] = [Score.symmetricPair, Score.spherical({ components: 2 })]
  const pipeline = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: two,
    initializer: Initializer.kMeansPlusPlus,
    stages: [Stage.expectationMaximization({ steps: 20 })]
  })
  return {
    'Networks of your own: `laws.student(score)`': laws.student(pair),
    'Guidance: `laws.guidance(score)`, `laws.posterior()`': [...laws.guidance(pair), ...laws.posterior()],
    'Keys: `laws.key()`': laws.key(),
    'Codecs: `laws.codec(codec, values)`': laws.codec(
      Vocabulary.codec(Vocabulary.standard)(Weighting.concept),
      laws.arbitraries.of(Weighting.concept)
    ),
    'Expectations compared: `laws.quadratureConverges()`, `laws.projectedVariance(score)`': [
      laws.quadratureConverges(),
      laws.projectedVariance(pair)
    ],
    'The paper’s identities: `laws.paper()`': laws.paper(),
    'Expectation–maximization: `laws.em(score)`, `laws.emPair()`': [...laws.em(two), ...laws.emPair()],
    'The correspondence with EM: `laws.correspondsToEM({ score })`': laws.correspondsToEM({ score: pair }),
    'Flows: `laws.lyapunov({ score, objective })`': laws.lyapunov({
      score: two,
      objective: Objective.fisherDivergence(Mixture.symmetricPair([2]), NoiseLevels.at(0.1))
    }),
    'Recovery: `laws.recovers(pipeline)`': laws.recovers(pipeline)
  }
}

/** Markdown page, given the modules `ornstein`, `ornstein/laws` and the glossary of the command line. */
export const lawsPage = (ornstein, laws, { standardVocabulary }) =>
  [
    introduction,
    ...standardVocabulary.flatMap(concept => conceptSection(laws, concept)),
    ...Object.entries(otherLaws(laws, ornstein)).flatMap(([title, own]) => [`## ${title}`, lawList(own)])
  ].join('\n\n') + '\n'
