/** A network that was trained in PyTorch (pytorch.py), read and sampled here: the points are PyTorch's own. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { readFileSync } from 'node:fs'
import { Key, Net, Parametrization, Picture, Problem, Sampler, Schedule, Score, TimeGrid } from 'ornstein'
import type { Program } from './program.js'

const schedule = Schedule.ornsteinUhlenbeck
const net = Net.mlp({ hidden: [16, 16], embedding: Net.sinusoidal(4, { of: 'angle' }) })
const score = Score.network(net, { predicts: Parametrization.noise })

const layers = { hidden1: 'net.0', hidden2: 'net.2', output: 'net.4' }
const params = pipe(
  Net.readWeights(readFileSync('examples/research/pytorch.safetensors')),
  E.flatMap(Net.fromTorch({ layers, shapes: Score.shapes(2)(score) })),
  Problem.orThrow
)
const grid = TimeGrid.uniform({ from: 3, to: 0.01, steps: 20 })
const sampling = Problem.orThrow(Sampler.compile({ sampler: Sampler.heun, grid, schedule }))
const learned = Sampler.learned(score, schedule, params)

// —— check: the points that PyTorch came to ——

interface Numbers {
  readonly torch: string
  readonly start: ReadonlyArray<ReadonlyArray<number>>
  readonly end: ReadonlyArray<ReadonlyArray<number>>
}

export const program: Program = {
  title: 'Weights from PyTorch, sampled here',
  run: () => {
    const { torch, start, end } = JSON.parse(readFileSync('examples/research/pytorch.json', 'utf8')) as Numbers
    const points = { rows: start.length, dim: 2, values: Float64Array.from(start.flat()) }
    const states = [...Sampler.transport(sampling)(learned)(points)(Key.fromSeed(0))]
    const { values } = states[states.length - 1].points
    const off = Math.max(...end.flat().map((x, i) => Math.abs(x - values[i])))
    const drawn = Sampler.sample(sampling)(learned)(500, 2)(Key.fromSeed(1))
    return {
      plan: 'by compiled: a sampler of a score that is given',
      checks: [
        {
          what: 'largest difference of 6 points after 20 steps',
          found: off,
          wanted: 0,
          within: 1e-6,
          by: `PyTorch ${torch}`
        }
      ],
      picture: Picture.samples({ rows: end.length, dim: 2, values: Float64Array.from(end.flat()) }, drawn)
    }
  }
}
