/**
 * What programs weigh that bundlers make of them, in kB of gzip: `npm run build && node bench/bundles.js [FOLDER]`. Installs the packed
 * package and the newest bundlers in the folder, a new one unless given, without any optional peer of the package.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const root = fileURLToPath(new URL('..', import.meta.url))
const home = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'ornstein-bundles-'))
const run = (command, ...args) => execFileSync(command, args, { cwd: home, stdio: ['ignore', 'pipe', 'inherit'] })
const write = (name, text) => writeFileSync(join(home, name), text)

const names = { fit: 'fit, Points, Mixture, Score', run: 'Recipe, Compile, Run, Points' }
const programs = {
  fit: `import { ${names.fit} } from 'ornstein'
console.log(Points.fromRows([[1]]), Mixture.of({ means: [[0]] }), Score.isotropic({ components: 2 }), fit([[1], [2]]))`,
  run: `import { ${names.run} } from 'ornstein'
export const learn = (score, points) => Run.last(Compile.pipeline(Recipe.annealed(score)(points))(points).right)
console.log(Points.fromRows([[1]]), learn)`
}

if (!existsSync(join(home, 'node_modules'))) {
  // Parcel reads `exports` and `imports` where it is told to, and takes no `try` for a sign that a package may be absent.
  const absent = ['apache-arrow', 'hyparquet', 'hyparquet-compressors', 'hyparquet-writer']
  const alias = Object.fromEntries(absent.map(name => [name, false]))
  const resolver = { '@parcel/resolver-default': { packageExports: true } }
  write('package.json', JSON.stringify({ name: 'bundles', private: true, type: 'module', alias, ...resolver }))
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', home], { cwd: root, stdio: 'ignore' })
  const bundlers = ['esbuild', 'vite', 'webpack', 'webpack-cli', 'parcel', 'rollup', '@rollup/plugin-node-resolve']
  const plugins = ['@rollup/plugin-commonjs', '@rollup/plugin-terser']
  const packed = readdirSync(home).filter(name => name.endsWith('.tgz'))
  run('npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', `./${packed[0]}`, ...bundlers, ...plugins)
}

const bundlers = {
  esbuild: name =>
    run(
      'npx',
      'esbuild',
      `${name}.js`,
      '--bundle',
      '--minify',
      '--format=esm',
      '--outfile=out/bundle.js',
      '--log-level=error'
    ),
  vite: name => run('npx', 'vite', 'build', '--logLevel=error', '--outDir=out', '--', `${name}.html`),
  rollup: name =>
    run(
      'npx',
      'rollup',
      '--silent',
      '-p',
      'node-resolve={browser:true}',
      '-p',
      'commonjs',
      '-p',
      'terser',
      `${name}.js`,
      '-d',
      'out'
    ),
  webpack: name => run('npx', 'webpack', '--mode=production', '--output-path=out', `./${name}.js`),
  parcel: name =>
    run(
      'npx',
      'parcel',
      'build',
      `${name}.html`,
      '--no-cache',
      '--no-autoinstall',
      '--no-source-maps',
      '--dist-dir=out'
    )
}

for (const [name, program] of Object.entries(programs)) {
  write(`${name}.js`, program)
  write(`${name}.html`, `<script type="module" src="./${name}.js"></script>`)
  write('vite.config.js', `export default { build: { rolldownOptions: { input: '${name}.html' } } }`)
  for (const [bundler, build] of Object.entries(bundlers)) {
    rmSync(join(home, 'out'), { recursive: true, force: true })
    try {
      build(name)
      const files = readdirSync(join(home, 'out'), { recursive: true }).filter(file => file.endsWith('.js'))
      const bytes = files.reduce(
        (sum, file) => sum + gzipSync(readFileSync(join(home, 'out', file)), { level: 9 }).length,
        0
      )
      console.log(`${names[name]}: ${bundler} ${(bytes / 1000).toFixed(0)} kB`)
    } catch (error) {
      console.log(`${names[name]}: ${bundler} fails (${error.message.split('\n')[0]})`)
    }
  }
}
