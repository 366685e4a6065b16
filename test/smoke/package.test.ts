/** The package as its users meet it: packed, installed into an empty folder, run in plain Node, typed, bundled. */
import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build as bundle } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSlow, once } from '../cases.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ornstein-smoke-'))
const home = join(folder, 'home')
/** The same without any peer. */
const bare = join(folder, 'bare')
const installed = join(home, 'node_modules', 'ornstein')
const command = join(home, 'node_modules', '.bin', 'ornstein')

const run = (command: string, args: ReadonlyArray<string>, cwd = home): Promise<{ stdout: string; stderr: string }> => {
  const own = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(VITEST|NODE_ENV$|NODE_OPTIONS$|npm_(lifecycle|package))/.test(name)
    )
  )
  // TypeScript 7 is a program in Go, which spends a sixth of its time on memory that it need not give back.
  const env = { GOGC: '400', ...own }
  return promisify(execFile)(command, [...args], { cwd, env, timeout: 240_000, maxBuffer: 2 ** 26 }).catch(
    (cause: unknown) => {
      const { stdout, stderr } = cause as { stdout: string; stderr: string }
      throw new Error(`${command} ${args.join(' ')} failed\n${stdout}\n${stderr}`, { cause })
    }
  )
}

/** Runs a TypeScript program in plain Node, its types stripped. */
const runProgram = (name: string, code: string): Promise<{ stdout: string; stderr: string }> => {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  })
  writeFileSync(join(home, `${name}.mjs`), outputText)
  return run(process.execPath, [`${name}.mjs`])
}

/** The names of all modules that the package offers, but for `./laws`, which is made of a peer. */
const offered = (): ReadonlyArray<string> => {
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { exports: object }
  return Object.keys(exports)
    .filter(name => !/^\.\/(laws|package\.json)$/.test(name))
    .map(name => name.replace(/^\./, 'ornstein'))
}

/** Programs of users, typed and run: an everyday one, and one that calls every name which others are written against. */
const programs = ['consumer', 'contract']

/** What comes with the package. */
let brought: ReadonlyArray<string> = []

const unpacked = async (tarball: string, folder: string): Promise<void> => {
  const to = join(folder, 'node_modules', 'ornstein')
  mkdirSync(to, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', to, '--strip-components', '1'])
}

/** A link to a package that stands here, and to all that it asks for. */
const linked = (name: string, folder: string): void => {
  const [from, to] = [root, folder].map(place => join(place, 'node_modules', name))
  if (existsSync(to)) return
  mkdirSync(dirname(to), { recursive: true })
  symlinkSync(from, to)
  for (const other of dependenciesOf(from)) linked(other, folder)
}
const dependenciesOf = (folder: string): ReadonlyArray<string> => {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly dependencies?: Readonly<Record<string, string>>
  }
  return Object.keys(dependencies)
}
const packagesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(folder, 'node_modules'))
    .filter(name => !name.startsWith('.'))
    .flatMap(name =>
      name.startsWith('@') ? readdirSync(join(folder, 'node_modules', name)).map(own => `${name}/${own}`) : [name]
    )

/** By npm where slow; else as npm would, which takes ten times as long: what is packed, beside what it asks for and nothing else. */
const install = async (tarball: string): Promise<void> => {
  if (isSlow) {
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline']
    await run('npm', ['install', '--prefix', home, ...flags, tarball, 'fast-check@4'])
    cpSync(join(home, 'node_modules'), join(bare, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: path => !/node_modules\/(fast-check|pure-rand)$/.test(path)
    })
  } else {
    for (const folder of [home, bare]) {
      await unpacked(tarball, folder)
      for (const name of dependenciesOf(installed)) linked(name, folder)
    }
    linked('fast-check', home)
    mkdirSync(dirname(command))
    symlinkSync(join(installed, 'dist/cli/main.js'), command)
    chmodSync(command, 0o755)
  }
  brought = packagesIn(bare)
}

beforeAll(async () => {
  for (const folder of [home, bare]) {
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  }
  // `npm test` has just built dist; packing must not build it again under the feet of the other tests.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', home], root)
  await install(join(home, readdirSync(home).find(file => file.endsWith('.tgz')) ?? ''))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('the package', () => {
  once('holds what runs and its pages, without tests, sources and their maps, in at most 2.3 MB', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => relative(installed, join(entry.parentPath, entry.name)))
    expect(files).toContain('LICENSE')
    expect(files).toContain('dist/src/index.js')
    expect(
      files.filter(file => /^(src|lib)\/|(^|\/)(test|bench|build)\/|\.test\.|\.(tsbuildinfo|mjs|map)$/.test(file))
    ).toEqual([])
    const [tarball = ''] = readdirSync(home).filter(file => file.endsWith('.tgz'))
    expect(statSync(join(home, tarball)).size).toBeLessThanOrEqual(2_300_000)
  })

  once('has no script of which npm warns who installs it', () => {
    const { scripts } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { scripts: object }
    const warned = ['preinstall', 'install', 'postinstall', 'prepare']
    expect(Object.keys(scripts).filter(name => warned.includes(name))).toEqual([])
  })

  once('tells which packages a queue needs beside it', async () => {
    const main = join(installed, 'dist/cli/main.js')
    await expect(run(process.execPath, [main, 'worker', '--queue', 'redis://127.0.0.1:1'])).rejects.toThrow(
      /install them beside ornstein: npm install bullmq ioredis/
    )
  })

  once('installs at most 12 packages of at most 25 MB together', () => {
    expect(brought).toContain('fp-ts')
    expect(brought.length).toBeLessThanOrEqual(12)
    const sizes = brought.flatMap(name => {
      const folder = join(bare, 'node_modules', name)
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      return files.map(file => statSync(join(folder, file)).size)
    })
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(25_000_000)
  })

  once('names no tfjs in its modules and declarations, and has the notices of what is bundled', () => {
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
    const modules = files.filter(file => /\.js$|\.d\.ts$/.test(file))
    expect(modules).toContain(join('lib', 'tensors', 'tfjs.d.ts'))
    const names = modules.filter(file => readFileSync(join(installed, 'dist', file), 'utf8').includes('@tensorflow/'))
    expect(names).toEqual([])
    const notices = readFileSync(join(installed, 'dist/vendor/THIRD-PARTY-NOTICES.txt'), 'utf8')
    for (const name of ['commander', '@tensorflow/tfjs-core']) expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'))
  })

  once('holds what its pages link to', () => {
    const pages = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.md'))
    expect(pages).toContain(join('docs', 'tutorial.md'))
    // Pictures are where pages are shown, in the repository and on the site.
    const links = pages.flatMap(page =>
      [...readFileSync(join(installed, page), 'utf8').matchAll(/(?<!!\[[^\]]*)\]\((?!https?:|#)([^)#]+)/g)].map(
        ([, to]) => join(page, '..', to)
      )
    )
    // README.md alone links to a dozen.
    expect(links.length).toBeGreaterThan(12)
    expect(links.filter(file => !existsSync(join(installed, file)))).toEqual([])
  })

  once(
    'offers all but laws to plain Node without any of its peers, in silence, every concept the same as in the whole',
    async () => {
      const index = readFileSync(join(root, 'src/index.ts'), 'utf8')
      const names = [...index.matchAll(/^export \* as (\w+) from/gm)].map(([, name]) => name)
      expect(names.length).toBeGreaterThan(25)
      const program = `
      ${offered()
        .map(name => `await import('${name}')`)
        .join('\n')}
      const all = await import('ornstein')
      for (const name of ${JSON.stringify([...names, 'Case', 'Field', 'Key'])}) {
        const own = await import('ornstein/' + name)
        const other = Object.keys(all[name]).filter(key => own[key] !== all[name][key])
        if (other.length > 0 || Object.keys(own).length !== Object.keys(all[name]).length) console.log(name, other)
      }`
      expect(await run(process.execPath, ['--input-type=module', '--eval', program], bare)).toEqual({
        stdout: '',
        stderr: ''
      })
    }
  )

  /** What a page loads of a program, minified and compressed, in bytes. */
  const weight = async (program: string): Promise<number> => {
    const { outputFiles } = await bundle({
      stdin: { contents: program, resolveDir: home },
      absWorkingDir: home,
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent'
    })
    return gzipSync(outputFiles[0].contents, { level: 9 }).length
  }

  once('weighs what a program uses', async () => {
    const one = "import * as Schedule from 'ornstein/Schedule'\nconsole.log(Schedule.level(0.3)(Schedule.cosine()))"
    expect(await weight(one)).toBeLessThan(8600)
    const fit = (score: string, ...more: ReadonlyArray<string>): string => `
      ${['Compile', 'Points', 'Recipe', 'Run', ...more].map(name => `import * as ${name} from 'ornstein/${name}'`).join('\n')}
      const { right: points } = Points.fromRows(rows)
      const learn = Compile.pipeline(Recipe.annealed(${score})(points))(points)
      console.log(Run.last(learn.right)(key))`
    // Sums of a stage of one’s own, and the refusals of losses without noise, are 2 kB. Uncompressed the compiler is 22 % of it, SIMD kernels of tensors 16, the language itself 31, tfjs's engine 7, io-ts and fp-ts 6.
    expect(await weight(fit('score'))).toBeLessThan(184_000)
    // A round family brings nothing that others do not.
    expect(await weight(fit('Score.isotropic({ components: 2 })', 'Score'))).toBeLessThan(188_000)
  })

  once("runs a user's program that calls every name", async () => {
    await runProgram('contract', readFileSync(join(root, 'test/smoke/contract.ts'), 'utf8'))
  })

  const resolutions: ReadonlyArray<{
    readonly module: string
    readonly moduleResolution?: string
  }> = [{ module: 'NodeNext' }, { module: 'ESNext', moduleResolution: 'Bundler' }]
  const users = ['typescript', 'typescript-7'].flatMap(compiler =>
    resolutions.map(resolution => ({ compiler, resolution }))
  )
  /** What a compiler says of programs in a folder. */
  const typed = (
    folder: string,
    files: ReadonlyArray<string>,
    { compiler, resolution }: (typeof users)[number]
  ): Promise<{ stdout: string }> => {
    const strict = {
      strict: true,
      exactOptionalPropertyTypes: true,
      target: 'ES2022',
      skipLibCheck: false,
      noEmit: true
    }
    // No global type is found by itself: what the package needs, it names.
    const compilerOptions = { ...strict, ...resolution, types: [] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    return run(process.execPath, [join(root, 'node_modules', compiler, 'bin/tsc'), '-p', folder])
  }
  // Every two of compiler, resolution and peers meet: `npm run release:check` has TypeScript 7, NodeNext and no peers.
  it.each(isSlow ? [users[0], users[3]] : [users[2]])(
    'is typed for a strict user who skips no library check and installs no types: $compiler, $resolution',
    async user => {
      programs.forEach(name => {
        cpSync(join(root, `test/smoke/${name}.ts`), join(home, `${name}.ts`))
      })
      await typed(
        home,
        programs.map(name => `${name}.ts`),
        user
      )
    }
  )
  it.runIf(isSlow).each([users[1]])(
    'is typed for one who has none of its peers: $compiler, $resolution',
    async user => {
      cpSync(join(root, 'test/smoke/consumer.ts'), join(bare, 'consumer.ts'))
      // The types of a queue are those of its packages.
      const names = offered().filter(name => name !== 'ornstein/Cluster')
      const all = names.map((name, i) => `import * as module${i} from '${name}'\nconsole.log(module${i})`)
      expect(all.length).toBeGreaterThan(30)
      writeFileSync(join(bare, 'all.ts'), all.join('\n'))
      await typed(bare, ['consumer.ts', 'all.ts'], user)
    }
  )

  once('bundles for a browser by esbuild, with nothing of Node in it', async () => {
    // Which refuses what a browser has not.
    expect(await weight("import * as ornstein from 'ornstein'\nglobalThis.ornstein = ornstein")).toBeGreaterThan(0)
  })

  it.runIf(isSlow)('runs in Node when esbuild has made one module of it', async () => {
    const outfile = join(home, 'bundled.mjs')
    const entryPoint = join(home, 'to-bundle.ts')
    cpSync(join(root, 'test/smoke/consumer.ts'), entryPoint)
    const { warnings } = await bundle({
      entryPoints: [entryPoint],
      outfile,
      absWorkingDir: home,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent'
    })
    expect(warnings).toEqual([])
    await run(process.execPath, [outfile])
  })

  it.runIf(isSlow)('bundles for a browser by Vite, with nothing of Node in it', async () => {
    const entry = join(home, 'entry.js')
    writeFileSync(entry, "import * as ornstein from 'ornstein'\nglobalThis.ornstein = ornstein\n")
    const ofNode: string[] = []
    const { build } = await import('vite')
    await build({
      root: home,
      configFile: false,
      logLevel: 'silent',
      build: { write: false, rolldownOptions: { input: entry } },
      plugins: [
        {
          name: 'node-imports',
          enforce: 'pre',
          resolveId: (source, importer = '') => {
            const own = importer.startsWith(installed)
            if (source.startsWith('node:') || (own && builtinModules.includes(source)))
              ofNode.push(`${source} from ${relative(home, importer)}`)
            return null
          }
        }
      ]
    })
    expect(ofNode).toEqual([])
  })
})

describe('the command', () => {
  const ornstein = (...args: ReadonlyArray<string>): Promise<{ stdout: string; stderr: string }> => run(command, args)

  once('tells how it is used', async () => {
    const { stdout } = await ornstein('--help')
    expect(stdout).toMatch(/^Usage: ornstein/)
    expect(stdout).toContain('fit')
  })
})
