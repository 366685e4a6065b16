/**
 * Checks the package as a release would publish it: packs what `npm run build` has built, installs it into an empty folder, runs it as a
 * module, by `require` and from the command line, compiles a strict TypeScript program against it, runs publint and attw, and weighs
 * it. It lists what a release lacks; with a tag as its argument, such as v0.1.0, that ends it with 1, as any failed check does.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ornstein-release-'))

/** Upper limits of the release. */
const limits = {
  tarballBytes: 2_300_000,
  packages: 12,
  installedBytes: 25_000_000,
  fitBytes: 244_000,
  keyBytes: 2_000
}

/** Runs a program and returns what it prints. @param {string} program @param {ReadonlyArray<string>} args @param {string} [cwd] */
const run = (program, args, cwd = folder) => {
  // npm tells its children about the project that it runs in.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/.test(name)))
  return execFileSync(program, [...args], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Throws if something is false. @param {boolean} isTrue @param {string} message */
const insist = (isTrue, message) => {
  if (!isTrue) throw new Error(message)
}

/** Writes a file of an own project, a folder in which the package is found. @param {string} path @param {string} text */
const write = (path, text) => {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
}

/** Bytes that a page loads of a program, bundled, minified and compressed. @param {string} contents */
const weight = async contents => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    absWorkingDir: folder,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent'
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

/** The bytes of a buffer alone. @param {Buffer} buffer @returns {ArrayBuffer} */
const arrayBufferOf = buffer => Uint8Array.from(buffer).buffer

const rows = '[54, 51, 47, 55, 52, 80, 82, 77, 85, 79, 84, 78].map(x => [x])'
/** The program of README. @param {string} load */
const program = load => `${load}
const model = fit(${rows})
if (model.components !== 2) throw new Error('not two clusters')
`

const [, , tag] = process.argv

/** Lists what package.json, CITATION.cff and CHANGELOG.md lack for a release. @returns {string[]} */
const missingForRelease = () => {
  const [manifest, citation, changes] = ['package.json', 'CITATION.cff', 'CHANGELOG.md'].map(name =>
    readFileSync(join(root, name), 'utf8')
  )
  const { version, ...fields } = JSON.parse(manifest)
  const title = new RegExp(`^## ${version.replaceAll('.', '\\.')} \\(\\d{4}-\\d\\d-\\d\\d\\)$`, 'm')
  return [
    ...(tag === undefined || tag === `v${version}` ? [] : [`the tag ${tag} is not v${version}, as in package.json`]),
    ...['homepage', 'bugs', 'repository', 'author']
      .filter(name => !(name in fields))
      .map(name => `package.json has no ${name}`),
    ...['authors', 'repository-code']
      .filter(name => !new RegExp(`^${name}:`, 'm').test(citation))
      .map(name => `CITATION.cff has no ${name}`),
    ...(citation.includes(`version: ${version}\n`) ? [] : [`CITATION.cff has another version than ${version}`]),
    ...(title.test(changes) ? [] : [`CHANGELOG.md has no title "## ${version} (YYYY-MM-DD)"`])
  ]
}

const missing = missingForRelease()
if (missing.length > 0) console.error(`Missing for a release:\n- ${missing.join('\n- ')}`)
if (missing.length > 0 && tag !== undefined) process.exit(1)

const [{ filename }] = JSON.parse(
  run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root)
)
const tarball = join(folder, filename)
const installed = join(folder, 'node_modules')

/** Every module that the package offers. */
const offered = () => {
  const { exports } = JSON.parse(readFileSync(join(installed, 'ornstein/package.json'), 'utf8'))
  return Object.keys(exports)
    .filter(name => name !== './package.json')
    .map(name => name.replace(/^\./, 'ornstein'))
}

/** The checks, by what they show; each returns what it measured, or throws. @type {Record<string, () => string | Promise<string>>} */
const checks = {
  'installs into an empty folder': () => {
    write('package.json', JSON.stringify({ name: 'consumer', private: true }))
    run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', tarball])
    const { packages } = JSON.parse(readFileSync(join(installed, '.package-lock.json'), 'utf8'))
    const count = Object.keys(packages).length
    const bytes = readdirSync(installed, { recursive: true, encoding: 'utf8' })
      .map(file => statSync(join(installed, file)))
      .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0)
    insist(count <= limits.packages, `${count} packages are installed, more than ${limits.packages}`)
    insist(bytes <= limits.installedBytes, `${bytes} bytes are installed, more than ${limits.installedBytes}`)
    const { size } = statSync(tarball)
    insist(size <= limits.tarballBytes, `the tarball has ${size} bytes, more than ${limits.tarballBytes}`)
    return `tarball ${(size / 1e6).toFixed(2)} MB, ${count} packages, ${(bytes / 1e6).toFixed(1)} MB installed`
  },
  'runs as a module': () => {
    write('esm/package.json', '{ "type": "module" }')
    write('esm/main.js', program("import { fit } from 'ornstein'\nimport 'ornstein/float64'\nimport 'ornstein/Key'"))
    return run(process.execPath, ['esm/main.js'])
  },
  'runs by require': () => {
    write('cjs/package.json', '{ "type": "commonjs" }')
    write('cjs/main.js', program("const { fit } = require('ornstein')"))
    return run(process.execPath, ['cjs/main.js'])
  },
  'is typed, all of it, for a strict program of lib es2022 that skips no library check and has no peer': () => {
    const imports = offered().map((name, i) => `import * as module${i} from '${name}'\nexport { module${i} }`)
    write('typed/all.ts', imports.join('\n'))
    write('typed/main.ts', program("import { fit } from 'ornstein'"))
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false },
      ...{ target: 'ES2022', lib: ['es2022'], module: 'NodeNext' }
    }
    write('typed/package.json', '{ "type": "module" }')
    write('typed/tsconfig.json', JSON.stringify({ compilerOptions, files: ['all.ts', 'main.ts'] }))
    return run(process.execPath, [join(root, 'node_modules/typescript-7/bin/tsc'), '-p', 'typed'])
  },
  'runs as a command': () => {
    const data = join(root, 'examples/data/faithful.csv')
    const printed = run(join(installed, '.bin/ornstein'), ['fit', data, '-k', '2', '--family', 'full'])
    insist(printed.includes('272 rows'), printed)
    return run(join(installed, '.bin/ornstein'), ['--version']).trim()
  },
  publint: async () => {
    const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const { messages } = await publint({ pack: { tarball: arrayBufferOf(readFileSync(tarball)) }, strict: true })
    insist(messages.length === 0, messages.map(message => formatMessage(message, pkg) ?? message.code).join('\n'))
    return ''
  },
  attw: async () => {
    const { types, ...result } = await checkPackage(createPackageFromTarballData(readFileSync(tarball)))
    insist(types !== false && 'problems' in result, 'the package has no types')
    // It is a package of modules: CommonJS loads them by require, and Node 10 not at all.
    const problems = ('problems' in result ? result.problems : []).filter(
      problem => !('resolutionKind' in problem) || !/^node(10|16-cjs)$/.test(problem.resolutionKind)
    )
    insist(problems.length === 0, JSON.stringify(problems, null, 2))
    return ''
  },
  'weighs little in a page': async () => {
    const fit = await weight("import { fit } from 'ornstein'\nglobalThis.fit = fit")
    const key = await weight("import * as Key from 'ornstein/Key'\nglobalThis.key = Key.fromSeed(7)")
    insist(fit <= limits.fitBytes, `fit has ${fit} bytes, more than ${limits.fitBytes}`)
    insist(key <= limits.keyBytes, `Key has ${key} bytes, more than ${limits.keyBytes}`)
    return `fit ${(fit / 1e3).toFixed(1)} kB, Key ${(key / 1e3).toFixed(1)} kB, compressed`
  }
}

try {
  for (const [what, check] of Object.entries(checks)) {
    const began = performance.now()
    const measured = await check()
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    console.log(`✓ ${what} (${seconds} s)${measured === '' ? '' : `: ${measured.trim()}`}`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  // what the program printed that failed
  if (error instanceof Error && 'stdout' in error) console.error(String(error.stdout).slice(0, 5000))
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
