/**
 * Families and numbers of components of real data beside scikit-learn and mclust (with `--fourteen` also our choice among all fourteen
 * covariances, which takes long; `--models` or `--choices` for a part, `--only` with names of tables), and how often a run finds the best mixture known
 * of each family: `npm run bench:fits -- --families [--data FILE…] [--targets DIRECTORY]`; with `--cells`, what each program reaches with
 * tied and diagonal covariances and 2 to 6 components of the tables, in place of both tables; with `--noise`, what noise does to starts, by
 * the DDPM objective or by expectation–maximization, in place of both tables. A table's last column, where it is no
 * number, is what the rows are. Processor time of one thread. What is not installed is left out.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import * as O from 'fp-ts/lib/Option.js'
import {
  Case,
  Compile,
  Covariance,
  Expectation,
  Fit,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Pipeline,
  Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../src/index.js'
import * as NaturalGradient from '../src/optimizer/natural.js'
import { models } from './models.js'
import { read, said, type Table } from './tables.js'
import { PYTHON } from './rivals.js'

const SEEDS = 5
/** As near to the likeliest known counts as found: nats a row. */
const NEAR = 1e-3
const ownData = ['faithful', 'iris', 'penguins'].map(name => `examples/data/${name}.csv`)

/** What a program chose. */
interface Chosen {
  readonly family: string
  readonly components: number
  readonly classes: ReadonlyArray<unknown>
}

/**
 * By BIC, by ICL, and by BIC at the number of classes; the mean log-likelihood of rows that BIC's choice from the others was not learned
 * from; and processor milliseconds of the first.
 */
interface Choices {
  readonly bic: Chosen
  readonly icl: Chosen
  readonly known: Chosen | null
  readonly held: number
  readonly time: number
}

const timed = <A>(f: () => A): readonly [A, number] => {
  const start = process.cpuUsage()
  const found = f()
  const { user, system } = process.cpuUsage(start)
  return [found, (user + system) / 1000]
}

const likeliest = (mixture: Mixture.Mixture, points: Points.Points): ReadonlyArray<number> => {
  const { shape, values } = Mixture.responsibilities(points)(mixture)
  return Array.from({ length: shape[0] }, (_, i) => {
    const shares = values.subarray(i * shape[1], (i + 1) * shape[1])
    return shares.indexOf(Math.max(...shares))
  })
}

/** So many of the rows, which are in random order, are learned from where others are held out. */
const inside = (rows: number): number => Math.floor((2 * rows) / 3)

const ours =
  (among: Pick<Fit.Options, 'family'>) =>
  ({ points, labels }: Table): Choices => {
    const chosen = (options: Fit.Options): Chosen => {
      const { mixture, family, components } = Problem.orThrow(pipe(points, Fit.mixture({ ...among, ...options })))
      return { family, components, classes: likeliest(mixture, points) }
    }
    const [bic, time] = timed(() => chosen({ criterion: 'bic' }))
    const train = inside(points.rows)
    const [within, without] = [
      Points.select(Array.from({ length: train }, (_, i) => i))(points),
      Points.select(Array.from({ length: points.rows - train }, (_, i) => train + i))(points)
    ]
    const { mixture } = Problem.orThrow(pipe(within, Fit.mixture({ ...among, criterion: 'bic' })))
    return {
      bic,
      time,
      icl: chosen({ criterion: 'icl' }),
      known: labels === null ? null : chosen({ criterion: 'bic', components: new Set(labels).size }),
      held: Mixture.meanLogDensity(without)(mixture)
    }
  }

const theirs = t.type({
  bic: t.type({ family: t.string, components: t.number, classes: t.array(t.unknown) }),
  icl: t.type({ family: t.string, components: t.number, classes: t.array(t.unknown) }),
  known: t.union([t.null, t.type({ family: t.string, components: t.number, classes: t.array(t.unknown) })]),
  held: t.number,
  time: t.number
})

/** What another program chooses for a table, in the form of ours. */
const asked =
  (command: string, script: string) =>
  ({ points, labels }: Table): Choices | null =>
    said(theirs, command, script, points, [labels === null ? 0 : new Set(labels).size, inside(points.rows)].map(String))

const ALL_OURS = 'ours, all fourteen'
const programs: ReadonlyArray<readonly [string, (table: Table) => Choices | null]> = [
  ['ours', ours({})],
  [ALL_OURS, ours({ family: Covariance.names })],
  ['scikit-learn, best of 10', asked(PYTHON, 'bench/families.py')],
  ['mclust', asked('Rscript', 'bench/families.R')]
]

const seconds = (time: number): string => `${(time / 1000).toFixed(2)} s`

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, x) => sum + x, 0) / values.length

/** Adjusted Rand indices of what a program chose for a labelled table, and what it makes of held-out rows. */
interface Mark {
  readonly program: string
  readonly table: string
  readonly rand: Readonly<Record<'bic' | 'icl' | 'known', number | null>>
  readonly held: number
  readonly time: number
}

const marked = (program: string, { name, labels }: Table, { held, time, ...found }: Choices): Mark => {
  const rand = (one: Chosen | null): number | null =>
    one === null || labels === null ? null : Metric.adjustedRand(labels, one.classes)
  return {
    program,
    table: name,
    held,
    time,
    rand: { bic: rand(found.bic), icl: rand(found.icl), known: rand(found.known) }
  }
}

/** Means over the tables that every program has. */
const summary = (about: string, marks: ReadonlyArray<Mark>): void => {
  const names = [...new Set(marks.map(({ program }) => program))]
  const shared = [...new Set(marks.map(({ table }) => table))].filter(
    table => marks.filter(one => one.table === table).length === names.length
  )
  const labelled = shared.filter(table => marks.some(one => one.table === table && one.rand.known !== null))
  console.log(
    `\n${about}: means of the adjusted Rand index over ${labelled.length} labelled tables, and of the log-likelihood of held-out rows over ${shared.length}\n\n` +
      '| program | by BIC | by ICL | at the known K | held out | time, all |\n| --- | ---: | ---: | ---: | ---: | ---: |'
  )
  for (const name of names) {
    const own = marks.filter(one => one.program === name && shared.includes(one.table))
    const rand = (by: keyof Mark['rand']): string => mean(own.flatMap(one => one.rand[by] ?? [])).toFixed(3)
    console.log(
      `| ${[name, rand('bic'), rand('icl'), rand('known'), mean(own.map(({ held }) => held)).toFixed(3), seconds(own.reduce((sum, { time }) => sum + time, 0))].join(' | ')} |`
    )
  }
}

/** Tables by whose classes nothing was decided stand after those that `fit` was made on. */
const choices = (known: ReadonlyArray<Table>, held: ReadonlyArray<Table>, isOfFourteen: boolean): void => {
  const asked = programs.filter(([name]) => isOfFourteen || name !== ALL_OURS)
  console.log(
    '| data | program | by BIC | Rand index | by ICL | Rand index | at the known K | Rand index | held out | time |\n| --- | --- | --- | ---: | --- | ---: | --- | ---: | ---: | ---: |'
  )
  const marksOf = (tables: ReadonlyArray<Table>): ReadonlyArray<Mark> =>
    tables
      .map(table => ({ ...table, ...shuffledTable(table) }))
      .flatMap(table =>
        asked.flatMap(([name, choose]) => {
          const found = choose(table)
          if (found === null) return []
          const mark = marked(name, table, found)
          const cells = (['bic', 'icl', 'known'] as const).flatMap(by => {
            const one = found[by]
            return [one === null ? '' : `${one.components} ${one.family}`, mark.rand[by]?.toFixed(3) ?? '']
          })
          console.log(`| ${[table.name, name, ...cells, mark.held.toFixed(3), seconds(mark.time)].join(' | ')} |`)
          return [mark]
        })
      )
  const [before, fresh] = [marksOf(known), marksOf(held)]
  if (before.length > 0) summary('Tables that fit was made on', before)
  if (fresh.length > 0) summary('Other tables', fresh)
}

/** The rows in random order, so that the first of them are as good as any. */
const shuffledTable = ({ points, labels }: Table): Pick<Table, 'points' | 'labels'> => {
  const order = Key.permutation(points.rows)(Key.fromSeed(0))
  return { points: Points.select(order)(points), labels: labels && Array.from(order, i => labels[i]) }
}

const target = t.type({
  problem: t.string,
  components: t.number,
  family: t.string,
  best: t.number,
  sklearn: t.union([
    t.undefined,
    t.null,
    t.type({ share1: t.number, share10: t.number, share50: t.number, millisecondsPerFit: t.number })
  ])
})

const familyOf = (name: string): Fit.Constructor | null => {
  if (name.startsWith('lowRank')) {
    const rank = Number(name.slice('lowRank'.length))
    return ({ components }) => Score.lowRank({ components, rank })
  }
  const known: Readonly<Record<string, Fit.Constructor>> = {
    diag: Score.diagonal,
    spherical: Score.isotropic,
    tiedSpherical: Score.tiedIsotropic,
    full: Score.full,
    tied: Score.tied,
    tiedDiagonal: Score.tiedDiagonal
  }
  return known[name] ?? null
}

/** Noise next to the signal in standard deviations of the components, and steps at each. */
const NOISE = [4, 2, 1, 0.5]
const STEPS = 5

/**
 * The recipe of annealing with descent on the DDPM objective by its natural gradient in the place of expectation–maximization at falling
 * noise levels, first and unguarded; weights, which that gradient does not see, by one step of expectation–maximization at each.
 */
const byDdpm: Recipe.Recipe = score => points => {
  const recipe = Recipe.annealed(score)(points)
  const floor = O.getOrElse(() => 1e-4)(Pipeline.varianceFloor(recipe))
  const varianceFloor = { varianceFloor: floor }
  const times = NOISE.map(noise =>
    pipe(Schedule.ornsteinUhlenbeck, Schedule.timeOfLogSnr(-2 * Math.log(100 * noise * Math.sqrt(floor))))
  )
  const projects = Score.interpret(score).family?.projection !== undefined
  const descend = Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(1)),
    expectation: projects ? Expectation.projected({ antithetic: true }) : Expectation.monteCarlo({ antithetic: true }),
    optimizer: Optimizer.chain(NaturalGradient.natural({ score, ...varianceFloor }), Optimizer.scaleByRate(1)),
    steps: STEPS
  })
  return {
    ...recipe,
    stages: [
      Stage.anneal(times)(Stage.sequence([descend, Stage.expectationMaximization({ steps: 1, ...varianceFloor })])),
      ...recipe.stages.filter(stage => !Case.isMadeBy(Stage.guarded)(stage))
    ]
  }
}

/** The same by expectation–maximization at the noise levels, first and unguarded too. */
const byNoise: Recipe.Recipe = score => points => {
  const { stages, ...pipeline } = byDdpm(score)(points)
  const levels = Stage.expectationMaximization({
    steps: STEPS,
    varianceFloor: O.getOrElse(() => 1e-4)(Pipeline.varianceFloor(Recipe.annealed(score)(points)))
  })
  return {
    ...pipeline,
    stages: stages.map(stage => (Case.isMadeBy(Stage.anneal)(stage) ? Stage.anneal(stage.times)(levels) : stage))
  }
}

const withoutMoves =
  (recipe: Recipe.Recipe): Recipe.Recipe =>
  score =>
  points => {
    const pipeline = recipe(score)(points)
    return { ...pipeline, stages: pipeline.stages.filter(stage => !Case.isMadeBy(Stage.splitAndMerge)(stage)) }
  }

const withoutNoise =
  (recipe: Recipe.Recipe): Recipe.Recipe =>
  score =>
  points => {
    const pipeline = recipe(score)(points)
    return { ...pipeline, stages: pipeline.stages.filter(stage => !Case.isMadeBy(Stage.anneal)(stage)) }
  }

/** The mean log-likelihood of what a recipe learns from a start of the seed's. */
const byRecipe =
  (recipe: Recipe.Recipe): Way =>
  (points, components, family, seed) => {
    const { points: rows, scale } = Points.standardize(points)
    const score = family({ components })
    const program = Problem.orThrow(Compile.pipeline(recipe(score)(rows))(rows))
    const mixture = pipe(Run.last(program)(Key.fromSeed(seed)).params, Score.toMixture(score))
    if (O.isNone(mixture)) throw new Error('not a mixture')
    return Mixture.meanLogDensity(rows)(mixture.value) - scale.reduce((sum, s) => sum + Math.log(s), 0)
  }

type Way = (points: Points.Points, components: number, family: Fit.Constructor, seed: number) => number

const byDefault: Way = (points, components, family, seed) =>
  Mixture.meanLogDensity(points)(Problem.orThrow(pipe(points, Fit.mixture({ components, family, seed }))).mixture)

/** What noise does to starts, and by which gradient. */
const ways: Readonly<Record<string, Way>> = {
  'fit, the default': byDefault,
  'no noise': byRecipe(withoutNoise(withoutMoves(byDdpm))),
  'EM at noise levels': byRecipe(withoutMoves(byNoise)),
  'DDPM objective': byRecipe(withoutMoves(byDdpm)),
  'no noise, moves': byRecipe(withoutNoise(byDdpm)),
  'EM at noise levels, moves': byRecipe(byNoise),
  'DDPM objective, moves': byRecipe(byDdpm)
}

/** The rows in an order of the seed's: what a run finds must not be their order's luck. */
const shuffled = (points: Points.Points, seed: number): Points.Points =>
  pipe(points, Points.select(Key.permutation(points.rows)(Key.fromSeed(seed))))

const percent = (share: number | undefined): string => (share === undefined ? '' : `${Math.round(100 * share)} %`)

const targetsIn = (directory: string): ReadonlyArray<t.TypeOf<typeof target>> => {
  const decoded = t
    .type({ targets: t.array(target) })
    .decode(JSON.parse(readFileSync(join(directory, 'targets.json'), 'utf8')))
  if (E.isLeft(decoded)) throw new Error(`${directory}: its targets.json is not one of targets`)
  return decoded.right.targets
}

/** How often each way ends at the best known of a cell, and in what time, by family. */
const compareWays = (directory: string): void => {
  const cells = targetsIn(directory).filter(({ family }) => !family.startsWith('lowRank'))
  const names = Object.keys(ways)
  console.log(`\n| family | ${names.join(' | ')} |\n| --- |${' ---: |'.repeat(names.length)}`)
  const found = cells.flatMap(({ problem, components, family, best }) => {
    const of = familyOf(family)
    if (of === null) return []
    const { points } = read(join(directory, `${problem}_${components}.csv`))
    return Object.entries(ways).map(([name, way]) => {
      const [hits, time] = timed(() =>
        Array.from({ length: SEEDS }, (_, seed) => way(shuffled(points, seed), components, of, seed) > best - NEAR)
      )
      return { family, name, share: hits.filter(x => x).length / SEEDS, time: time / SEEDS }
    })
  })
  for (const family of [...new Set(cells.map(cell => cell.family)), null]) {
    const cellsOf = names.map(name => {
      const own = found.filter(one => one.name === name && (family === null || one.family === family))
      const mean = (of: (one: (typeof own)[number]) => number): number =>
        own.reduce((sum, one) => sum + of(one), 0) / own.length
      return `${percent(mean(({ share }) => share))}, ${mean(({ time }) => time).toFixed(0)} ms`
    })
    console.log(`| ${[family ?? 'all', ...cellsOf].join(' | ')} |`)
  }
}

const shares = (directory: string): void => {
  const rows = targetsIn(directory).flatMap(({ problem, components, family, best, sklearn }) => {
    const of = familyOf(family)
    if (of === null) return []
    const { points } = read(join(directory, `${problem}_${components}.csv`))
    const [found, time] = timed(() =>
      Array.from({ length: SEEDS }, (_, seed) => {
        const rows = shuffled(points, seed)
        const { mixture } = Problem.orThrow(pipe(rows, Fit.mixture({ components, family: of, seed })))
        return Mixture.meanLogDensity(rows)(mixture) > best - NEAR
      })
    )
    return [
      {
        name: `${problem}, K = ${components}`,
        family,
        share: found.filter(x => x).length / SEEDS,
        time: time / SEEDS,
        sklearn
      }
    ]
  })
  const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, x) => sum + x, 0) / values.length
  const told = rows.flatMap(({ sklearn, time }) => (sklearn ? [{ sklearn, time }] : []))
  console.log(
    '\n| problem | family | ours | time | scikit-learn 1, 10, 50 starts | ten of them |\n| --- | --- | ---: | ---: | ---: | ---: |'
  )
  for (const { name, family, share, time, sklearn } of rows)
    console.log(
      `| ${[name, family, percent(share), `${time.toFixed(0)} ms`, sklearn ? [sklearn.share1, sklearn.share10, sklearn.share50].map(percent).join(', ') : '', sklearn ? `${(10 * sklearn.millisecondsPerFit).toFixed(0)} ms` : ''].join(' | ')} |`
    )
  console.log(
    `\n${rows.length} cells: ${(100 * mean(rows.map(({ share }) => share))).toFixed(1)} % of runs at the best known. Where scikit-learn has the family, ` +
      `${told.length} cells: ${told.reduce((sum, { time }) => sum + time, 0).toFixed(0)} ms, ten of its starts ${told.reduce((sum, { sklearn }) => sum + 10 * sklearn.millisecondsPerFit, 0).toFixed(0)} ms`
  )
}

const cellsOf = t.type({
  tied: t.array(t.union([t.number, t.null])),
  diagonal: t.array(t.union([t.number, t.null]))
})
type Cells = t.TypeOf<typeof cellsOf>

const COUNTS = [2, 3, 4, 5, 6]

/** What another program reaches in all cells of a table on standardized columns. */
const reached = (command: string, script: string, points: Points.Points): Cells | null =>
  said(cellsOf, command, script, points)

/**
 * Which program reaches what in cells of table, family and number of components, by default options: the likeliest of all of them is the
 * best known of a cell, and as good is what ends within `NEAR` a row of it. A run of ours is of a seed.
 */
const cells = (tables: ReadonlyArray<Table>): void => {
  const all = tables.flatMap(({ name, points: given }) => {
    const { centre, scale } = Points.standardize(given)
    const points: Points.Points = {
      ...given,
      values: given.values.map((x, at) => (x - centre[at % given.dim]) / scale[at % given.dim])
    }
    const [python, mclust] = [reached(PYTHON, 'bench/cells.py', points), reached('Rscript', 'bench/cells.R', points)]
    return (['tied', 'diagonal'] as const).flatMap(family =>
      COUNTS.map((components, i) => ({
        name: `${name}, ${components} ${family}`,
        ours: Array.from(
          { length: SEEDS },
          (_, seed) => Problem.orThrow(Fit.mixture({ components, family, seed })(points)).logLikelihood
        ),
        python: python?.[family][i] ?? NaN,
        mclust: mclust?.[family][i] ?? NaN
      }))
    )
  })
  const told = all.map(({ name, ours, python, mclust }) => {
    const best = Math.max(...[...ours, python, mclust].filter(Number.isFinite))
    const below = (x: number): number => best - x
    return { name, ours: ours.map(below), others: [python, mclust].map(below) }
  })
  const show = (below: number): string => (Number.isNaN(below) ? '' : below <= NEAR ? '0' : below.toFixed(4))
  console.log(
    `| cell: nats a row below the best known | ours, the worst of ${SEEDS} seeds | scikit-learn, ten starts | mclust |\n| --- | ---: | ---: | ---: |`
  )
  for (const { name, ours, others } of told)
    if ([...ours, ...others].some(below => below > NEAR))
      console.log(`| ${[name, show(Math.max(...ours)), ...others.map(show)].join(' | ')} |`)
  const isGood = (below: number): boolean => below <= NEAR
  const runs = told.flatMap(({ ours }) => ours)
  const others = ['scikit-learn', 'mclust'].flatMap((program, i) =>
    told.some(({ others }) => !Number.isNaN(others[i]))
      ? [`${program} ${told.filter(({ others }) => isGood(others[i])).length}`]
      : []
  )
  console.log(
    `\nAs good as the best known, of ${told.length} cells: ${[...others, `ours with every seed ${told.filter(({ ours }) => ours.every(isGood)).length}`].join(', ')}; ` +
      `ours in ${runs.filter(isGood).length} of ${runs.length} runs`
  )
}

/** The values of an option: all words after it up to the next one. */
const valuesOf = (words: ReadonlyArray<string>, option: string): ReadonlyArray<string> => {
  const from = words.indexOf(option)
  if (from < 0) return []
  const rest = words.slice(from + 1)
  const until = rest.findIndex(word => word.startsWith('--'))
  return until < 0 ? rest : rest.slice(0, until)
}

/** Labelled tables that R and Python have, where they are installed. */
const fromRivals = (): ReadonlyArray<Table> => {
  const directory = mkdtempSync(join(tmpdir(), 'tables-'))
  try {
    for (const [command, script] of [
      ['Rscript', 'bench/tables.R'],
      [PYTHON, 'bench/tables.py']
    ])
      try {
        execFileSync(command, [script, directory], { stdio: 'ignore' })
      } catch {
        // what is not installed is left out
      }
    return readdirSync(directory)
      .sort()
      .map(file => read(join(directory, file)))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Labelled rows of mixtures whose covariances are Σ = LLᵀ, L lower with normal entries and a diagonal of chi's, scaled at random. */
const madeUp: ReadonlyArray<Table> = [
  [2, 3],
  [2, 5],
  [3, 4],
  [4, 3],
  [5, 4],
  [6, 2]
].map(([dim, components], at) => {
  const key = pipe(Key.fromSeed(7000 + at), Key.named('means', 'factors', 'scales', 'shares', 'rows', 'labels'))
  const [means, entries, scales] = [
    Key.normal(components * dim)(key.means),
    Key.normal(components * dim * dim)(key.factors),
    Key.normal(components)(key.scales)
  ]
  const each = <A>(n: number, f: (i: number) => A): ReadonlyArray<A> => Array.from({ length: n }, (_, i) => f(i))
  const truth = each(components, k => {
    const lower = each(dim, i =>
      each(
        dim,
        j =>
          Math.exp(scales[k] / 3) *
          (j > i
            ? 0
            : j === i
              ? 0.4 + Math.abs(entries[(k * dim + i) * dim + j])
              : 0.7 * entries[(k * dim + i) * dim + j])
      )
    )
    return Mixture.of({
      means: [each(dim, j => 3 * means[k * dim + j])],
      covariances: [each(dim, i => each(dim, j => lower[i].reduce((sum, x, l) => sum + x * lower[j][l], 0)))]
    })
  })
  const counts = truth.map((_, k) => 50 + 40 * k)
  const rows = truth.flatMap((one, k) => Points.toRows(Mixture.sample(counts[k])(Key.child(k)(key.rows))(one)))
  return {
    name: `made up, K = ${components}, d = ${dim}`,
    points: Problem.orThrow(Points.fromRows(rows)),
    labels: counts.flatMap((count, k) => Array.from({ length: count }, () => String(k)))
  }
})

export const families = (words: ReadonlyArray<string>): void => {
  if (words.includes('--noise')) {
    valuesOf(words, '--targets').forEach(compareWays)
    return
  }
  if (words.includes('--cells')) {
    cells([...ownData, ...valuesOf(words, '--data')].map(read))
    return
  }
  const [own, fresh] = [[...ownData, ...valuesOf(words, '--data')].map(read), [...fromRivals(), ...madeUp]]
  const only = valuesOf(words, '--only')
  const asked = (tables: ReadonlyArray<Table>): ReadonlyArray<Table> =>
    tables.filter(({ name }) => only.length === 0 || only.includes(name))
  if (!words.includes('--choices')) models(asked([...own, ...fresh]))
  if (!words.includes('--models')) choices(asked(own), asked(fresh), words.includes('--fourteen'))
  valuesOf(words, '--targets').forEach(shares)
}
