/**
 * A contender in a process of its own: it answers, a line for a line, what bench/index.ts asks.
 *
 *     gradient  →  the gradient at the given noise (JSON), to check that all compute the same number
 *     time      →  milliseconds of one gradient, over a slice, its noise drawn anew: [by the clock, of all processors]
 *     bytes     →  bytes allocated in one
 *     compile   →  milliseconds of processors that planning took, the first time and once more, if anything is compiled
 *     average n →  the mean of n gradients, noise drawn anew
 *     variance  →  the gradient's variance, summed over its entries
 */
import { createInterface } from 'node:readline'
import { createRequire, register } from 'node:module'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as Tf from '@tensorflow/tfjs-core'
import {
  Compile,
  Expectation,
  Initializer,
  Objective,
  Optimizer,
  Params,
  Parametrization,
  Pipeline,
  Problem as Problems,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  type Points
} from '../src/index.js'
import { Key } from '../lib/index.js'
import { useThreads } from '../lib/wasm/threadPool.js'
import { add, mean, sqrt, square, sub } from '../lib/tensors/tensor.js'
import * as EM from '../src/mixture/em/expectationMaximization.js'
import * as Loss from '../src/compile/loss.js'
import { NETWORK, problem, TIME, type Problem } from './problem.js'
import { network, weights } from './network.js'

export interface Contender {
  /** At the problem's noise; for EM, the new means. */
  readonly gradient: () => ArrayLike<number>
  /** Of noise drawn anew. */
  readonly step: () => ArrayLike<number>
  /** Milliseconds of processors that compiling took: the first time in a process, and again. */
  readonly compile?: () => readonly [first: number, again: number]
}

const SLICE_MS = 60

const { alpha, sigma } = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(TIME))

// —— ours ——

const huber = Objective.custom('pseudo-Huber', NoiseLevels.at(TIME), ({ score, target }) =>
  mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
)

const ours = (
  { rows, dim, K, x, noise, means, kind }: Problem,
  expectation: Expectation.Expectation,
  engine: 'compiled' | 'interpreted'
): Contender => {
  const points: Points.Points = { rows, dim, values: x }
  const at: Params.Params<'means'> = { means: { shape: [K, dim], values: means } }
  const evaluate = (expectation: Expectation.Expectation): ((key: Key.Key) => Float64Array) => {
    const plans = pipe(
      points,
      Compile.plans({
        schedule: Schedule.ornsteinUhlenbeck,
        score: Score.spherical({ components: K }),
        objective: kind === 'custom' ? huber : Objective.denoising(NoiseLevels.at(TIME)),
        expectation
      })
    )
    if (E.isLeft(plans)) throw new Error(JSON.stringify(plans.left))
    const plan = plans.right.find(plan => plan.engine === engine)
    if (plan === undefined) throw new Error(`no ${engine} plan`)
    return key => plan.evaluate(at, key).gradient.means.values
  }
  const compiling = (): readonly [number, (key: Key.Key) => Float64Array] => {
    const before = process.cpuUsage()
    const made = evaluate(expectation)
    const { user, system } = process.cpuUsage(before)
    return [(user + system) / 1000, made]
  }
  const [first, drawn] = compiling()
  let step = 0
  return {
    gradient: () => evaluate(Expectation.fixed({ rows, dim, values: noise }))(Key.fromSeed(0)),
    step: () => drawn(Key.child(step++)(Key.fromSeed(1))),
    ...(engine === 'compiled' && { compile: () => [first, compiling()[0]] as const })
  }
}

const ourEM = ({ rows, dim, K, x, means }: Problem): Contender => {
  const { family } = Score.interpret(Score.isotropic({ components: K }))
  if (family === undefined) throw new Error('no family')
  const start = Params.of({
    means: Params.nested({ shape: [K, dim], values: means }),
    logits: Array.from({ length: K }, () => 0),
    logVariances: Array.from({ length: K }, () => 0)
  })
  const step = EM.step(family, 1e-6, { rows, dim, values: x })
  const gradient = (): ArrayLike<number> => step(start).params.means.values
  return { gradient, step: gradient }
}

/** A step of training on batches; the gradient is that of all rows at the given noise. */
const ourNetwork = ({ rows, dim, x, noise }: Problem, precision: Compile.Precision): Contender => {
  const points: Points.Points = { rows, dim, values: x }
  const schedule = Schedule.ornsteinUhlenbeck
  const start = weights(dim)
  const planned = (): readonly [number, () => ArrayLike<number>] => {
    const before = process.cpuUsage()
    const { stages } = Problems.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule,
          score: network,
          initializer: Initializer.values(start),
          stages: [
            Stage.descend({
              objective: Objective.denoising(NoiseLevels.uniformLogSnr(-5, 7), Parametrization.noise),
              expectation: Expectation.monteCarlo(),
              optimizer: Optimizer.adam({ rate: 1e-3 }),
              steps: 1e6,
              batch: NETWORK.batch
            })
          ]
        }),
        { precision }
      )(points)
    )
    const [stage] = stages
    const { user, system } = process.cpuUsage(before)
    let at = { params: start, memory: stage.begin(start) }
    let step = 0
    return [
      (user + system) / 1000,
      () => {
        at = stage.step(at.params, at.memory, Key.child(step++)(Key.fromSeed(1)))
        return []
      }
    ]
  }
  const [first, step] = planned()
  return {
    gradient: () => {
      // Given noise is refused in single precision: values of a training run are not compared.
      const [plan] = Loss.lossPlans(
        {
          schedule,
          score: network,
          objective: Objective.denoising(NoiseLevels.at(TIME), Parametrization.noise),
          expectation: Expectation.fixed({ rows, dim, values: noise })
        },
        points,
        { precision }
      )
      const { gradient } = plan.evaluate(start, Key.fromSeed(0))
      return Params.names(start).flatMap(name => Array.from(gradient[name].values))
    },
    step,
    compile: () => [first, planned()[0]]
  }
}

// —— by hand ——

/** What one would write without a library: the gradient in two loops over the rows, noise by Box and Muller. */
const byHand = ({ rows, dim, K, x, noise, means }: Problem): Contender => {
  const m = means.map(value => alpha * value)
  const gradient = (noise: Float64Array): Float64Array => {
    const total = new Float64Array(K * dim)
    const [point, v, residual, w, onW] = [dim, dim, dim, K, K].map(n => new Float64Array(n))
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < dim; j++) point[j] = alpha * x[i * dim + j] + sigma * noise[i * dim + j]
      let greatest = -Infinity
      for (let k = 0; k < K; k++) {
        let product = 0
        for (let j = 0; j < dim; j++) product += m[k * dim + j] * (point[j] - m[k * dim + j] / 2)
        w[k] = product
        greatest = Math.max(greatest, product)
      }
      let mass = 0
      for (let k = 0; k < K; k++) mass += w[k] = Math.exp(w[k] - greatest)
      v.fill(0)
      for (let k = 0; k < K; k++) {
        w[k] /= mass
        for (let j = 0; j < dim; j++) v[j] += w[k] * m[k * dim + j]
      }
      for (let j = 0; j < dim; j++) residual[j] = v[j] - point[j] + noise[i * dim + j] / sigma
      let average = 0
      for (let k = 0; k < K; k++) {
        onW[k] = 0
        for (let j = 0; j < dim; j++) onW[k] += 2 * residual[j] * m[k * dim + j]
        average += w[k] * onW[k]
      }
      for (let k = 0; k < K; k++) {
        const onLogit = w[k] * (onW[k] - average)
        for (let j = 0; j < dim; j++)
          total[k * dim + j] += (alpha / rows) * (2 * w[k] * residual[j] + onLogit * (point[j] - m[k * dim + j]))
      }
    }
    return total
  }
  const drawn = new Float64Array(rows * dim)
  return {
    gradient: () => gradient(noise),
    step: () => {
      for (let i = 0; i < drawn.length; i += 2) {
        const r = Math.sqrt(-2 * Math.log(1 - Math.random()))
        const angle = 2 * Math.PI * Math.random()
        drawn[i] = r * Math.cos(angle)
        drawn[i + 1] = r * Math.sin(angle)
      }
      return gradient(drawn)
    }
  }
}

// —— tfjs ——

const tfjs = async (backend: 'wasm' | 'cpu', { rows, dim, K, x, noise, means, kind }: Problem): Promise<Contender> => {
  // Its gradients are registered by a module whose imports have no extensions.
  const lenient =
    'export async function resolve(s, c, n) { try { return await n(s, c) } catch { return n(s + ".js", c) } }'
  register(`data:text/javascript,${encodeURIComponent(lenient)}`)
  const require = createRequire(import.meta.url)
  const tf = require('@tensorflow/tfjs-core') as typeof Tf
  const gradients = '@tensorflow/tfjs-core/dist/register_all_gradients.js'
  await import(/* @vite-ignore */ gradients)
  const name = `@tensorflow/tfjs-backend-${backend}`
  const module = require(name) as { readonly setWasmPaths?: (path: string) => void }
  module.setWasmPaths?.(require.resolve(name).replace(/[^/]*$/, ''))
  tf.enableProdMode()
  await tf.setBackend(backend)
  await tf.ready()
  const tensor = (values: Float64Array, shape: [number, number]): Tf.Tensor2D =>
    tf.tensor2d(Float32Array.from(values), shape)
  const [data, given, start] = [tensor(x, [rows, dim]), tensor(noise, [rows, dim]), tensor(means, [K, dim])]
  const gradient = (z: Tf.Tensor): Float32Array =>
    tf.tidy(() => {
      const point = tf.add(tf.mul(data, alpha), tf.mul(z, sigma))
      const loss = tf.grad(means => {
        const m = tf.mul(means, alpha)
        const logits = tf.sub(tf.matMul(point, m, false, true), tf.mul(0.5, tf.sum(tf.square(m), 1)))
        const score = tf.sub(tf.matMul(tf.softmax(logits), m), point)
        const residual = tf.add(score, tf.div(z, sigma))
        return kind === 'custom'
          ? tf.mean(tf.sub(tf.sqrt(tf.add(tf.square(residual), 1)), 1))
          : tf.mean(tf.sum(tf.square(residual), 1))
      })
      return loss(start).dataSync<'float32'>()
    })
  return {
    gradient: () => gradient(given),
    step: () =>
      tf.tidy(() => gradient(tf.randomNormal([rows, dim], 0, 1, 'float32', Math.floor(Math.random() * 1e9) + 1)))
  }
}

// —— jax-js ——

const jaxJs = async ({ rows, dim, K, x, noise, means, kind }: Problem): Promise<Contender> => {
  const { init, defaultDevice, numpy: np, jit, grad, nn, random } = await import('@jax-js/jax')
  await init('wasm')
  defaultDevice('wasm')
  type Array = ReturnType<typeof np.array>
  const array = (values: Float64Array, shape: number[]): Array => np.array(Float32Array.from(values)).reshape(shape)
  const loss = (means: Array, data: Array, z: Array): Array => {
    const point = data.mul(alpha).add(z.ref.mul(sigma))
    const m = means.mul(alpha)
    const logits = np.matmul(point.ref, np.transpose(m.ref)).sub(np.square(m.ref).sum(1).mul(0.5))
    const residual = np.matmul(nn.softmax(logits, -1), m).sub(point).add(z.div(sigma))
    return kind === 'custom' ? np.sqrt(np.square(residual).add(1)).sub(1).mean() : np.square(residual).sum(1).mean()
  }
  const gradient = jit(grad(loss))
  const normal = jit((key: Array) => random.normal(key, [rows, dim]))
  const [data, given, start] = [array(x, [rows, dim]), array(noise, [rows, dim]), array(means, [K, dim])]
  const read = (z: Array): ArrayLike<number> => gradient(start.ref, data.ref, z).dataSync()
  let step = 0
  return { gradient: () => read(given.ref), step: () => read(normal(random.key(step++))) }
}

// —— the answers ——

const contenders: Readonly<Record<string, (problem: Problem) => Contender | Promise<Contender>>> = {
  compiled: problem =>
    ours(problem, problem.kind === 'custom' ? Expectation.monteCarlo() : Expectation.projected(), 'compiled'),
  'compiled-antithetic': problem => ours(problem, Expectation.projected({ antithetic: true }), 'compiled'),
  'compiled-plain-noise': problem => ours(problem, Expectation.monteCarlo(), 'compiled'),
  interpreted: problem =>
    ours(problem, problem.kind === 'custom' ? Expectation.monteCarlo() : Expectation.projected(), 'interpreted'),
  em: ourEM,
  network: problem => ourNetwork(problem, 'float64'),
  'network-float32': problem => ourNetwork(problem, 'float32'),
  'by-hand': byHand,
  'tfjs-wasm': problem => tfjs('wasm', problem),
  'tfjs-cpu': problem => tfjs('cpu', problem),
  'jax-js': jaxJs
}

const [name, threads, id] = process.argv.slice(2)
useThreads(Number(threads))
const contender = await contenders[name](problem(id))

const timed = (calls: number): readonly [wall: number, processor: number] => {
  const start = performance.now()
  const before = process.cpuUsage()
  for (let i = 0; i < calls; i++) contender.step()
  const { user, system } = process.cpuUsage(before)
  return [(performance.now() - start) / calls, (user + system) / 1000 / calls]
}
let calls = 0
const answers: Readonly<Record<string, (count: number) => unknown>> = {
  gradient: () => Array.from(contender.gradient()),
  time: () => {
    if (calls === 0) {
      timed(2)
      calls = Math.max(1, Math.round(SLICE_MS / timed(2)[0]))
    }
    return timed(calls)
  },
  bytes: () => {
    const collect = (globalThis as { readonly gc?: () => void }).gc
    const used = (): number => {
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    const samples = Array.from({ length: 7 }, () => {
      collect?.()
      const before = used()
      contender.step()
      return used() - before
    })
    return samples.sort((a, b) => a - b)[3]
  },
  compile: () => contender.compile?.() ?? null,
  average: count => {
    const samples = Array.from({ length: count }, () => Array.from(contender.step()))
    return samples[0].map((_, j) => samples.reduce((sum, sample) => sum + sample[j], 0) / count)
  },
  variance: () => {
    const samples = Array.from({ length: 24 }, () => Array.from(contender.step()))
    return samples[0].reduce((total, _, j) => {
      const average = samples.reduce((sum, sample) => sum + sample[j], 0) / samples.length
      return total + samples.reduce((sum, sample) => sum + (sample[j] - average) ** 2, 0) / (samples.length - 1)
    }, 0)
  }
}
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [question, count] = line.split(' ')
  console.log(JSON.stringify(answers[question](Number(count))))
}
