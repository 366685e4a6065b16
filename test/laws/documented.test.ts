/** docs/laws-reference.md lists every law as it is, docs/laws.md every claim: `npx vitest run test/laws/documented -u` writes it anew. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  Covariance,
  Expectation,
  Initializer,
  Mixture,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  Rate,
  Region,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  TimeLaw,
  Vocabulary,
  Weighting
} from '../../src/index.js'
import { cosine, student } from './generators.js'
import { codec } from '../../src/laws/codec.js'
import { covariance } from '../../src/laws/covariance.js'
import { correspondsToEM } from '../../src/laws/correspond.js'
import { em, emPair } from '../../src/laws/em.js'
import { controlledVariance, expectation, projectedVariance, quadratureConverges } from '../../src/laws/expectation.js'
import { posterior } from '../../src/laws/guidance.js'
import { initializer } from '../../src/laws/initializer.js'
import type { Law } from '../../src/laws/law.js'
import { key } from '../../src/laws/key.js'
import { objective } from '../../src/laws/objective.js'
import { lyapunov } from '../../src/laws/lyapunov.js'
import { optimizer } from '../../src/laws/optimizer.js'
import { paper } from '../../src/laws/paper.js'
import { parametrization, rate, region, timeGrid, weighting } from '../../src/laws/plain.js'
import { recovers } from '../../src/laws/recover.js'
import { regularizer } from '../../src/laws/regularizer.js'
import { sampler } from '../../src/laws/sampler.js'
import { schedule } from '../../src/laws/schedule.js'
import { score, student as studentLaws } from '../../src/laws/score.js'
import { stage } from '../../src/laws/stage.js'
import { timeLaw } from '../../src/laws/timeLaw.js'
import { formatted } from '../formatted.js'

const pair = Score.symmetricPair
const spherical = Score.spherical({ components: 2 })

const loss = {
  schedule: Schedule.ornsteinUhlenbeck,
  score: pair,
  objective: Objective.likelihood,
  expectation: Expectation.monteCarlo()
}
/** A row for each place of the page, `<!-- laws: name -->`: the laws that stand there, each once. */
const sections: Readonly<Record<string, ReadonlyArray<Law>>> = {
  schedule: schedule(Schedule.ornsteinUhlenbeck),
  student: [...studentLaws(student), ...studentLaws(student, { smooth: false })],
  score: [...score(pair), ...score(spherical), ...score(Score.full({ components: 2 }))].slice(4),
  objective: [
    ...objective(Objective.denoising(TimeLaw.at(0.3)), spherical, { equals: Objective.denoising(TimeLaw.at(0.3)) }),
    ...objective(Objective.implicit(TimeLaw.at(0.3), { divergence: 'hutchinson' }), spherical),
    ...objective(Objective.implicit(TimeLaw.at(0.3)), spherical, { smooth: false })
  ],
  regularizer: regularizer(Objective.regularizer({ norm: 'l2' }), spherical).slice(-4),
  weighting: weighting(Weighting.snr, { carries: [Parametrization.data, Parametrization.noise] }),
  parametrization: parametrization(Parametrization.velocity),
  timeLaw: [
    TimeLaw.stratified(TimeLaw.uniform(0.1, 0.9)),
    TimeLaw.importance({ proposal: TimeLaw.uniform(0.1, 0.9), target: TimeLaw.uniform(0.2, 0.8) })
  ].flatMap(law => timeLaw(law, { share: time => time })),
  rate: rate(Rate.constant(0.1), { most: 0.1 }),
  region: region(Region.nonNegative, { excess: x => Math.max(...x.map(entry => -entry)) }),
  covariance: covariance(Covariance.named('VVE')),
  initializer: initializer(Initializer.kMeansPlusPlus, spherical, {
    equals: Initializer.kMeansPlusPlus,
    rowsAlike: true
  }),
  stage: [
    ...stage(Stage.powerIteration({ steps: 1 })),
    ...stage(Stage.descend({ objective: loss.objective, optimizer: Optimizer.sign, steps: 1, batch: 2, epochs: true }))
  ],
  sampler: [Sampler.heun, Sampler.ddim({ eta: 1 }), Sampler.dormandPrince({ tolerance: 1e-6 })].flatMap(value =>
    sampler(value, { equals: value })
  ),
  posterior: posterior(),
  timeGrid: timeGrid(TimeGrid.karras({ from: 0.9, to: 0.1, steps: 2 })),
  expectation: [
    ...expectation(Expectation.projected(), pair),
    quadratureConverges(),
    projectedVariance(pair),
    controlledVariance(pair)
  ],
  paper: paper(),
  em: [...em(pair), ...emPair()],
  correspondence: correspondsToEM({ score: pair }),
  lyapunov: lyapunov({ score: spherical, objective: Objective.against(Mixture.symmetricPair([2]), TimeLaw.at(0.1)) }),
  recovery: recovers(
    Pipeline.of({
      ...loss,
      initializer: Initializer.fromData,
      stages: [
        Stage.descend({
          objective: Objective.implicit(TimeLaw.at(0.3)),
          expectation: Expectation.projected(),
          optimizer: Optimizer.adam({ rate: 0.1 }),
          steps: 1
        })
      ]
    })
  ),
  // Every claim at once, of whatever optimizer: only the statements are read.
  optimizer: [
    ...optimizer(Optimizer.gradientDescent({ rate: 0.1 }), {
      scaling: 'linear',
      constant: gradient => -0.1 * gradient,
      recurrence: gradients => gradients.map(g => -0.1 * g),
      descends: 1,
      converges: { lo: 0.5, hi: 2, steps: 200, within: 1e-6 },
      frozen: ['a'],
      coordinatesAlike: true,
      namesAlike: true
    }),
    ...optimizer(Optimizer.sign, { scaling: 'invariant' })
  ],
  key: key(),
  codec: codec(Schedule.codec(Vocabulary.standard), fc.constant(Schedule.ornsteinUhlenbeck), {
    code: { values: fc.constant(cosine), message: '' }
  })
}

const escaped = (text: string): string => text.replace(/[*_<[\]\\]/g, '\\$&')

const listed = (laws: ReadonlyArray<Law>, before: ReadonlyArray<string>): string =>
  laws
    .map(law => ({ ...law, name: law.name.replace(/: Score\..*/, '') }))
    .filter(({ name }, i, all) => !before.includes(name) && all.findIndex(other => other.name === name) === i)
    .map(({ name, statement, source }) => `- **${escaped(name)}.** ${escaped(statement)} _${escaped(source)}._`)
    .join('\n')

const file = (name: string): string => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))

const tabled = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows.map(cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')

const between = (text: string, name: string, table: string): string =>
  text.replace(new RegExp(`(<!-- ${name} -->)[^]*?(<!-- end ${name} -->)`), (_, begin: string, end: string) =>
    [begin, table, end].join('\n\n')
  )

it('docs/laws-reference.md states the laws as they are', async () => {
  const page = file('laws-reference.md')
  const students = sections['student'].map(({ name }) => name)
  const text = readFileSync(page, 'utf8').replace(
    /(<!-- laws: (\w+) -->)[^]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) =>
      `${begin}\n\n${listed(sections[name], name === 'student' ? [] : students)}\n\n${end}`
  )
  await expect(await formatted(page, text)).toMatchFileSnapshot(page)
})

/** Mistakes by the law that catches them, as the tests of mutants have it: `{ wrong, law }`, or a row that begins with both. */
const mistakes = (): ReadonlyMap<string, ReadonlyArray<string>> => {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const pairs = readdirSync(folder)
    .filter(name => name.startsWith('mutants-'))
    .map(name => readFileSync(folder + name, 'utf8'))
    .flatMap(text => [
      ...text.matchAll(/wrong: '([^'\n]+)',\s*law: '([^'\n]+)'/g),
      ...text.matchAll(/\[\s*'([^'\n]+)',\s*'([^'\n]+)',/g)
    ])
  return new Map(
    pairs.map(([, , law]) => [law, pairs.filter(([, , other]) => other === law).map(([, wrong]) => wrong)])
  )
}

it('docs/laws.md lists the claims that can be made', async () => {
  const page = file('laws.md')
  const claims = Object.entries(sections).flatMap(([name, laws]) => {
    const options = [...new Set(laws.flatMap(({ option }) => (option === undefined ? [] : [option])))]
    return options.map(option => [
      name,
      `\`${option}\``,
      [...new Set(laws.filter(law => law.option === option).map(law => escaped(law.name)))].join('; ')
    ])
  })
  const caught = mistakes()
  const found = Object.entries(sections).flatMap(([name, laws]) =>
    laws.flatMap(law => {
      const wrong = caught.get(law.name) ?? []
      const claim = law.option === undefined ? '' : `\`${law.option}\``
      return wrong.length === 0 ? [] : [[name, escaped(wrong.slice(0, 2).join('; ')), escaped(law.name), claim]]
    })
  )
  const once = found.filter(([, , law], i) => found.findIndex(([, , other]) => other === law) === i)
  expect(once.length).toBeGreaterThan(60)
  const text = [
    ['mistakes', tabled([['laws of', 'mistake', 'law', 'claim'], ['---', '---', '---', '---'], ...once])],
    ['claims', tabled([['laws of', 'claim', 'law'], ['---', '---', '---'], ...claims])]
  ].reduce((text, [name, table]) => between(text, name, table), readFileSync(page, 'utf8'))
  await expect(await formatted(page, text)).toMatchFileSnapshot(page)
})
