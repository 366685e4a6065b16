/** docs/laws.md lists every law as it is: `npx vitest run test/laws/documented -u` writes it anew. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { expect, it } from 'vitest'
import { Expectation, Objective, Schedule, Score, TimeLaw } from '../../src/index.js'
import { student } from '../../src/laws/arbitraries.js'
import { em, emPair } from '../../src/laws/em.js'
import { expectation, projectedVariance, quadratureConverges } from '../../src/laws/expectation.js'
import type { Law } from '../../src/laws/Law.js'
import { objective } from '../../src/laws/objective.js'
import { paper } from '../../src/laws/paper.js'
import { schedule } from '../../src/laws/schedule.js'
import { score, student as studentLaws } from '../../src/laws/score.js'

const pair = Score.symmetricPair
const spherical = Score.spherical({ components: 2 })

/** A row for each place of the page, `<!-- laws: name -->`: the laws that stand there, each once. */
const sections: Readonly<Record<string, ReadonlyArray<Law>>> = {
  schedule: schedule(Schedule.ornsteinUhlenbeck),
  student: studentLaws(student),
  score: [...score(pair), ...score(spherical)].slice(4),
  objective: objective(Objective.denoising(TimeLaw.at(0.3)), spherical),
  expectation: [...expectation(Expectation.projected(), pair), quadratureConverges(), projectedVariance(pair)],
  paper: paper(),
  em: [...em(pair), ...emPair()]
}

const escaped = (text: string): string => text.replace(/[*_<[\]\\]/g, '\\$&')

const listed = (laws: ReadonlyArray<Law>, before: ReadonlyArray<string>): string =>
  laws
    .map(law => ({ ...law, name: law.name.replace(/: Score\..*/, '') }))
    .filter(({ name }, i, all) => !before.includes(name) && all.findIndex(other => other.name === name) === i)
    .map(({ name, statement, source }) => `- **${escaped(name)}.** ${escaped(statement)} _${escaped(source)}._`)
    .join('\n')

it('docs/laws.md states the laws as they are', async () => {
  const page = fileURLToPath(new URL('../../docs/laws.md', import.meta.url))
  const students = sections['student'].map(({ name }) => name)
  const text = readFileSync(page, 'utf8').replace(
    /(<!-- laws: (\w+) -->)[^]*?(<!-- end -->)/g,
    (whole, begin: string, name: string, end: string) =>
      // The other sections are written by the tests of their own laws.
      name in sections ? `${begin}\n\n${listed(sections[name], name === 'student' ? [] : students)}\n\n${end}` : whole
  )
  const formatted = await format(text, { ...(await resolveConfig(page)), parser: 'markdown' })
  await expect(formatted).toMatchFileSnapshot(page)
})
