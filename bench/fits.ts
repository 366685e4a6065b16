/**
 * How often a fit finds the likeliest mixture known, and in what time: `npm run bench:fits`, or with names of problems only
 * those; with `--families`, families and numbers of components on real data (`families.ts`); with `--parts`, what each part of the default recipe does for it, without other libraries. Isotropic components with weights and variances of their own, several samples of each problem, processor time
 * of one thread. scikit-learn is left out where /usr/bin/python3 has none.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { eStep } from '../src/mixture/em/eStep.js'
import {
  Case,
  Compile,
  Initializer,
  Key,
  Mixture,
  type Params,
  type Points,
  Recipe,
  Run,
  Score,
  Stage
} from '../src/index.js'
import { weightedRowsOf } from '../src/mixture/dataRows.js'
import * as Reductions from '../lib/rows/reduction.js'
import { useThreads } from '../lib/wasm/threadPool.js'
import { families } from './families.js'
import { PYTHON } from './rivals.js'

const SAMPLES = 4
const SEEDS = 5
/** Starts of a rival on a sample; the share of successes of more is that of independent ones. */
const STARTS = 25
/** As near to the likeliest known counts as found: nats a row. */
const NEAR = 1e-3

interface Problem {
  readonly rows: number
  readonly truth: Mixture.Mixture
}

const range = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)
const normals = (seed: number, rows: number, dim: number, scale: number): ReadonlyArray<ReadonlyArray<number>> => {
  const z = Key.normal(rows * dim)(Key.fromSeed(seed))
  return range(rows).map(i => range(dim).map(j => scale * z[i * dim + j]))
}
const onCircle = (k: number, of: number, radius: number): ReadonlyArray<number> => [
  radius * Math.cos((2 * Math.PI * k) / of),
  radius * Math.sin((2 * Math.PI * k) / of)
]
const plus = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): ReadonlyArray<number> => a.map((x, j) => x + b[j])

const grid = (side: number, apart: number): ReadonlyArray<ReadonlyArray<number>> =>
  range(side * side).map(k => [apart * (k % side), apart * Math.floor(k / side)])
const parents = normals(20, 4, 8, 15)
const crowd = { places: normals(80, 40, 2, 14), spread: normals(81, 40, 2, 1) }

/** A covariance by its variances along a direction and across it. */
const along = (angle: number, length: number, width: number): ReadonlyArray<ReadonlyArray<number>> => {
  const [c, s] = [Math.cos(angle), Math.sin(angle)]
  return [
    [length * c * c + width * s * s, (length - width) * c * s],
    [(length - width) * c * s, length * s * s + width * c * c]
  ]
}

const problems: Readonly<Record<string, Problem>> = {
  'well separated, K = 5, d = 2': {
    rows: 1000,
    truth: Mixture.of({
      means: [
        [0, 0],
        [8, 0],
        [0, 8],
        [8, 8],
        [4, 16]
      ]
    })
  },
  'a line, K = 10, d = 1': { rows: 1000, truth: Mixture.of({ means: range(10).map(k => [5 * k]) }) },
  'a ring, K = 12, d = 2': { rows: 1200, truth: Mixture.of({ means: range(12).map(k => onCircle(k, 12, 9)) }) },
  'a grid, K = 25, d = 2': { rows: 2500, truth: Mixture.of({ means: grid(5, 6) }) },
  'a grid, K = 64, d = 2': { rows: 6400, truth: Mixture.of({ means: grid(8, 6) }) },
  'groups of groups, K = 25, d = 2': {
    rows: 2500,
    truth: Mixture.of({ means: range(25).map(k => plus(onCircle(Math.floor(k / 5), 5, 60), onCircle(k % 5, 5, 7))) })
  },
  'groups of groups, K = 16, d = 8': {
    rows: 2000,
    truth: Mixture.of({ means: normals(21, 16, 8, 3).map((child, k) => plus(parents[k % 4], child)) })
  },
  'unequal weights, K = 8, d = 4': {
    rows: 4000,
    truth: Mixture.of({ means: normals(30, 8, 4, 4), weights: range(8).map(k => 0.6 ** k) })
  },
  'unequal variances, K = 6, d = 2': {
    rows: 1500,
    truth: Mixture.of({ means: normals(70, 6, 2, 6), variances: [0.1, 0.3, 1, 1, 4, 9] })
  },
  // Round components on elongated rows.
  'three crosses, K = 6, d = 2': {
    rows: 720,
    truth: Mixture.of({
      means: range(6).map(k => [4.5 * Math.floor(k / 2), 1.5 * Math.floor(k / 2)]),
      covariances: range(6).map(k => along(k % 2 === 0 ? 0.5 : 2.1, 4, 0.08))
    })
  },
  'a star of rods, K = 10, d = 2': {
    rows: 900,
    truth: Mixture.of({
      means: range(10).map(k => onCircle(k, 10, 5)),
      covariances: range(10).map(k => along((2 * Math.PI * k) / 10, 3, 0.1))
    })
  },
  'a simplex, K = 16, d = 16': {
    rows: 3200,
    truth: Mixture.of({ means: range(16).map(k => range(16).map(j => (j === k ? 3.2 : 0))) })
  },
  'high dimension, K = 10, d = 64': { rows: 2000, truth: Mixture.of({ means: normals(40, 10, 64, 1.2) }) },
  'random, K = 32, d = 8': { rows: 4000, truth: Mixture.of({ means: normals(50, 32, 8, 3.5) }) },
  'random, K = 64, d = 4': { rows: 8000, truth: Mixture.of({ means: normals(60, 64, 4, 7) }) },
  'a crowd, weights and variances too, K = 40, d = 2': {
    rows: 4000,
    truth: Mixture.of({
      means: crowd.places,
      weights: crowd.spread.map(([z]) => Math.exp(z / 2)),
      variances: crowd.spread.map(([, z]) => Math.exp(z))
    })
  }
}

interface Found {
  readonly logLikelihood: number
  /** Processor milliseconds. */
  readonly time: number
}

type Isotropic = 'means' | 'logits' | 'logVariances'

const timed = (points: Points.Points, components: number, fit: () => Params.Params<Isotropic>): Found => {
  const start = process.cpuUsage()
  const params = fit()
  const { user, system } = process.cpuUsage(start)
  const mixture = pipe(params, Score.toMixture(Score.isotropic({ components })))
  if (O.isNone(mixture)) throw new Error('not a mixture')
  return { logLikelihood: Mixture.meanLogDensity(points)(mixture.value), time: (user + system) / 1000 }
}

/** The default recipe without stages of a kind. */
const without =
  (...kinds: ReadonlyArray<Case.CaseOf<Stage.Stage>>): Recipe.Recipe =>
  score =>
  points => {
    const pipeline = Recipe.annealed(score)(points)
    return { ...pipeline, stages: pipeline.stages.filter(stage => !kinds.some(kind => Case.isMadeBy(kind)(stage))) }
  }

const byRecipe =
  (recipe: Recipe.Recipe) =>
  (points: Points.Points, components: number, seed: number): Found =>
    timed(points, components, () => {
      const program = pipe(points, Compile.pipeline(recipe(Score.isotropic({ components }))(points)))
      if (E.isLeft(program)) throw new Error('refused')
      return Run.last(program.right)(Key.fromSeed(seed)).params
    })

/**
 * Deterministic-annealing EM (Ueda & Nakano 1998): responsibilities ∝ (π_k p_k)^β, β from 0.1 to 1 by factors of 1.2,
 * until the parameters stand still at each. From rows of the data, moved by 1 % of their spread at each β.
 */
const deterministicAnnealing = (points: Points.Points, components: number, seed: number): Found => {
  const score = Score.isotropic({ components })
  const { family } = Score.interpret(score)
  const start = pipe(Initializer.fromData, Initializer.interpret(score, points))
  const mStep = family?.mStep
  if (family === undefined || mStep === undefined || E.isLeft(start)) throw new Error('refused')
  const expect = eStep(family, mStep, points.dim)
  const at = { level: { alpha: 1, sigma: 0 }, floor: 1e-6, dim: points.dim }
  const key = Key.fromSeed(seed)
  const rows = weightedRowsOf(points)
  return timed(points, components, () => {
    let params = start.right(key)
    const scale = 0.01 * Math.exp(params.logVariances.values[0] / 2)
    const betas = [...range(13).map(i => 0.1 * 1.2 ** i), 1]
    betas.forEach((beta, level) => {
      const noise = Key.normal(components * points.dim)(Key.child(level)(key))
      params = {
        ...params,
        means: { ...params.means, values: params.means.values.map((m, i) => m + scale * noise[i]) }
      }
      let last = Infinity
      for (let step = 0; step < (beta === 1 ? 1000 : 50); step++) {
        const half = points.dim / 2
        const logits = params.logits.values.map(
          (l, k) =>
            beta * (l - half * params.logVariances.values[k]) + half * (params.logVariances.values[k] - Math.log(beta))
        )
        const logVariances = params.logVariances.values.map(v => v - Math.log(beta))
        const tempered = {
          ...params,
          logits: { ...params.logits, values: logits },
          logVariances: { ...params.logVariances, values: logVariances }
        }
        const found = Reductions.evaluate(expect(tempered, at.level, rows))
        params = mStep.maximise(params, found, at)
        if (Math.abs(last - found.value) < 1e-7) break
        last = found.value
      }
    })
    return params
  })
}

const asked = process.argv.slice(2).filter(word => word !== '--parts')
const isOfParts = process.argv.includes('--parts')

const parts = {
  'EM from k-means++': byRecipe(without(Stage.guarded, Stage.splitAndMerge)),
  annealed: byRecipe(without(Stage.splitAndMerge)),
  'split and merged': byRecipe(without(Stage.guarded)),
  'annealed, split and merged': byRecipe(Recipe.annealed)
}

const ours = {
  'annealed, split and merged': byRecipe(Recipe.annealed),
  'EM from the likeliest of 10 k-means': byRecipe(Recipe.expectationMaximization),
  'deterministic annealing': deterministicAnnealing
}

const sklearn = (points: Points.Points, components: number): ReadonlyArray<Found> => {
  const directory = mkdtempSync(join(tmpdir(), 'fits-'))
  try {
    writeFileSync(join(directory, 'x'), points.values)
    const args = ['bench/fits.py', join(directory, 'x'), ...[points.dim, components, STARTS].map(String)]
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
    const fits = JSON.parse(execFileSync(PYTHON, args, { env, encoding: 'utf8' })) as ReadonlyArray<[number, number]>
    return fits.map(([logLikelihood, time]) => ({ logLikelihood, time }))
  } catch {
    return []
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, x) => sum + x, 0) / values.length
const percent = (share: number): string => (Number.isNaN(share) ? '' : `${Math.round(100 * share)} %`)
const milliseconds = (time: number): string =>
  Number.isNaN(time) ? '' : time >= 1e4 ? `${Math.round(time / 1000)} s` : `${Math.round(time)} ms`

const isotropic = (): void => {
  console.log(
    `${cpus()[0].model}, Node ${process.version}; ${SAMPLES} samples × ${SEEDS} seeds${isOfParts ? '' : `, ${STARTS} starts of scikit-learn’s on each sample`}\n`
  )
  const fits = isOfParts ? parts : ours
  const starts = isOfParts ? [] : [1, 10, 50]
  const names = Object.keys(fits)
  const heads = ['problem', ...names, ...starts.map(n => `scikit-learn, best of ${n}`)]
  console.log(`| ${heads.join(' | ')} |\n| --- |${' ---: |'.repeat(heads.length - 1)}`)
  for (const [name, { rows, truth }] of Object.entries(problems)) {
    if (asked.length > 0 && !asked.some(word => name.includes(word))) continue
    const K = Mixture.components(truth)
    const samples = range(SAMPLES).map(sample => {
      const points = Mixture.sample(rows)(Key.fromSeed(100 + sample))(truth)
      const own = Object.values(fits).map(fit => range(SEEDS).map(seed => fit(points, K, seed)))
      const others = isOfParts ? [] : sklearn(points, K)
      const best = Math.max(...own.flat().map(f => f.logLikelihood), ...others.map(f => f.logLikelihood))
      const share = (found: ReadonlyArray<Found>): number =>
        mean(found.map(({ logLikelihood }) => (logLikelihood > best - NEAR ? 1 : 0)))
      return {
        own: own.map(found => ({ share: share(found), time: mean(found.map(f => f.time)) })),
        others: { share: share(others), time: mean(others.map(f => f.time)) }
      }
    })
    const cells = [
      ...names.map((_, i) => ({
        share: mean(samples.map(({ own }) => own[i].share)),
        time: mean(samples.map(({ own }) => own[i].time))
      })),
      ...starts.map(n => ({
        share: mean(samples.map(({ others }) => 1 - (1 - others.share) ** n)),
        time: n * mean(samples.map(({ others }) => others.time))
      }))
    ]
    console.log(
      `| ${[name, ...cells.map(({ share, time }) => `${percent(share)}, ${milliseconds(time)}`)].join(' | ')} |`
    )
  }
}

useThreads(1)
if (process.argv.includes('--families')) families(process.argv)
else isotropic()
