/** The scripts of examples/scale, as Slurm runs them but by hand: a job is its environment. `npm test` has built what they run. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { example, place } from '../cli/harness.js'
import { without } from './server.js'
import { isSlow, once } from '../../cases.js'

const path = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url))
const script = (name: string): string => path(`examples/scale/${name}`)
const text = (file: string): string => readFileSync(file, 'utf8')

const folder = mkdtempSync(join(tmpdir(), 'ornstein-slurm-'))
const at = (name: string): string => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true }))
copyFileSync(example('faithful.csv'), at('faithful.csv'))
const fits = { two: { family: 'isotropic', components: 2, recipe: 'em' } }
writeFileSync(at('sweep.json'), JSON.stringify({ data: ['faithful.csv'], seeds: [0, 1], fits }))
// what stands in the path of a job: the program, and srun, here for one task, which it kills when told to end
mkdirSync(at('bin'))
const program = `exec '${process.execPath}' '${path('dist/cli/main.js')}' "$@"`
const srun = 'while [ "$1" != ornstein ]; do shift; done\n"$@" &\ntrap "kill -9 $!" TERM\nwait'
for (const [name, lines] of Object.entries({ ornstein: program, srun }))
  writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${lines}\n`, { mode: 0o755 })

const ran = (
  job: Readonly<Record<string, string>>,
  ...command: readonly [string, ...ReadonlyArray<string>]
): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(command[0], command.slice(1), {
    cwd: folder,
    encoding: 'utf8',
    timeout: 300_000,
    env: { ...process.env, PATH: `${at('bin')}${delimiter}${process.env['PATH'] ?? ''}`, ...job }
  })
const sorted = (name: string): ReadonlyArray<string> => text(at(name)).trim().split('\n').sort()

describe('the scripts for Slurm', () => {
  once.each(['sweep.sbatch', 'fit.sbatch'])('%s is bash, and stands in docs/scale.md word by word', name => {
    expect(spawnSync('bash', ['-n', script(name)], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
    expect(text(path('docs/scale.md'))).toContain(`\`\`\`sh\n${text(script(name))}\`\`\`\n`)
  })

  it.runIf(isSlow)(
    'the shares of an array are the whole sweep, each fit once, and are put together without a fit',
    () => {
      for (const task of ['1', '2']) {
        const job = { SLURM_ARRAY_TASK_ID: task, SLURM_ARRAY_TASK_COUNT: '2', SLURM_CPUS_PER_TASK: '1' }
        expect(ran(job, 'bash', script('sweep.sbatch'))).toMatchObject({ status: 0, stderr: '' })
      }
      const shares = [1, 2].map(task => sorted(`results-${task}.jsonl`))
      const seeds = shares.map(lines => lines.map(line => (JSON.parse(line) as { readonly seed: number }).seed))
      expect(seeds.map(({ length }) => length)).toEqual([1, 1])
      expect(seeds.flat().sort()).toEqual([0, 1])
      writeFileSync(at('results.jsonl'), [1, 2].map(task => text(at(`results-${task}.jsonl`))).join(''))
      expect(ran({}, 'ornstein', 'sweep', 'sweep.json', '--out', 'results.jsonl')).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^2 fits, 2 of them already in results\.jsonl\./) as string
      })
      expect(sorted('results.jsonl')).toEqual(shares.flat().sort())
    }
  )

  once('a task of an array that does not count from 1 is refused', () => {
    const job = { SLURM_ARRAY_TASK_ID: '0', SLURM_ARRAY_TASK_COUNT: '2', SLURM_CPUS_PER_TASK: '1' }
    const { status, stderr } = ran(job, 'bash', script('sweep.sbatch'))
    expect(status).toBe(2)
    expect(stderr).toMatch(/--share: 0\/2 is not one of so many shares, counted from 1; try 1\/8/)
  })

  it.runIf(isSlow && without === null)('a fit by workers is that of one process, and shows no password', async () => {
    const options = ['faithful.csv', '--family', 'isotropic', '-k', '2']
    const here = place()
    const { version } = JSON.parse(text(path('package.json'))) as { readonly version: string }
    const alone = `fit %${options.join(' ')} --stream --out @alone.json`
    expect((await here.ornstein(alone, { version })).exit).toBe(0)
    const job = { SLURM_JOB_ID: String(process.pid), SLURM_JOB_NUM_NODES: '1', SLURM_CPUS_PER_TASK: '1' }
    const { status, stdout, stderr } = ran(job, 'bash', script('fit.sbatch'), ...options)
    expect({ status, stderr }).toMatchObject({ status: 0 })
    expect(stdout + stderr).not.toMatch(/redis:\/\/\w*:[0-9a-f]/)
    expect(text(at(`model-${process.pid}.json`))).toBe(here.read('alone.json'))
    here.remove()
  })
})
