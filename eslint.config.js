import { defineConfig } from 'eslint/config'
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript'
import functional from 'eslint-plugin-functional'
import importX from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

/** The rooms of the language itself. */
const rooms = [
  'compile',
  'core',
  'data',
  'fit',
  'mixture',
  'objective',
  'optimizer',
  'pipeline',
  'sampler',
  'schedule',
  'score'
]

/** Imports run only downwards: examples → cli → report → laws → the language → lib. */
const layers = [
  { target: './lib', from: './src', message: 'lib knows nothing of diffusion or mixtures' },
  {
    target: ['./src/*.ts', ...rooms.map(room => `./src/${room}/**`)],
    from: ['./src/cli', './src/report', './src/laws'],
    message: 'the language knows no rim'
  },
  {
    target: './src/core',
    from: ['./src/*.ts', ...rooms.filter(room => room !== 'core').map(room => `./src/${room}/**`), './lib/**'],
    message: 'core knows no mathematics'
  },
  { target: './src/laws', from: ['./src/cli', './src/report'], message: 'laws know no files or terminals' },
  { target: './src/report', from: ['./src/cli', './src/laws'], message: 'a report knows no command line' },
  { target: ['./src', './lib'], from: ['./test', './examples', './bench'], message: 'imports run downwards' }
]
const esm = { regex: '^(fp-ts|io-ts)/(?!lib/.+\\.js$)', message: "plain Node finds only 'fp-ts/lib/Option.js'" }
const tfjs = { group: ['@tensorflow/*'], message: 'tfjs stays inside lib; use the tensor vocabulary of lib/index.ts' }
const node = {
  regex: '^(node:|(child_process|crypto|fs|os|path|process|stream|url|util|worker_threads)(/|$))',
  message: 'src/*.ts and lib run in a browser unchanged'
}
const tests = { group: ['vitest', 'vitest/*'], message: 'laws and library run under any test runner, or none' }
const imports = (...patterns) => ['error', { patterns: [esm, ...patterns] }]
const hidden = ['process', 'Buffer', 'document', 'window', 'globalThis']
/** What no standard fixes to the last bit: engines and processors differ. */
const unportable = [
  ...[
    'acos',
    'acosh',
    'asin',
    'asinh',
    'atan',
    'atan2',
    'atanh',
    'cbrt',
    'cos',
    'cosh',
    'exp',
    'expm1',
    'hypot',
    'log'
  ],
  ...['log10', 'log1p', 'log2', 'pow', 'sin', 'sinh', 'tan', 'tanh']
].map(property => ({ object: 'Math', property, message: 'not the same bits everywhere; see lib/elementary.ts' }))
const random = { object: 'Math', property: 'random', message: 'randomness is an explicit Key' }
const power = {
  selector: ":matches(BinaryExpression[operator='**'], AssignmentExpression[operator='**='])",
  message: 'not the same bits everywhere; write square, powerOfTwo or pow of lib/elementary.ts'
}

export default defineConfig(
  { ignores: ['dist', 'coverage', 'test/generated', 'reports', '.stryker-tmp', '**/assembly'] },
  ...tseslint.configs.strictTypeChecked.map(config => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver()],
      // Without these two no-cycle sees no TypeScript file, and says nothing.
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] }
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: layers }],
      'no-restricted-imports': imports(tfjs),
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // An interface that only extends is how a recursive type is given a name.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error'
    }
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      'no-restricted-imports': imports(node, tests),
      'no-restricted-globals': ['error', ...hidden]
    }
  },
  {
    files: ['src/**/*.ts', 'lib/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', random, ...unportable],
      'no-restricted-syntax': ['error', power]
    }
  },
  {
    // tfjs's classes are known by their shape here: no value of theirs is made by a constructor of ours.
    files: ['lib/backend.ts', 'lib/tape.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' }
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    rules: { '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }] }
  },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-imports': imports() } },
  {
    // The language is pure: no statements that mutate, loop, throw or reach for the world. The rim is src/cli and src/report.
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/report/**'],
    plugins: { functional },
    rules: {
      'no-restricted-imports': imports(tfjs, node, tests),
      'no-restricted-globals': [
        'error',
        ...hidden,
        ...['console', 'crypto', 'Date', 'performance', 'setTimeout', 'setInterval', 'fetch']
      ],
      'functional/no-let': 'error',
      'functional/no-loop-statements': 'error',
      'functional/no-throw-statements': 'error',
      'functional/no-classes': 'error',
      'functional/no-this-expressions': 'error',
      'functional/no-try-statements': 'error',
      'functional/immutable-data': 'error'
    }
  },
  {
    // Walks of trees without the call stack, and closed forms over arrays of their own; pure from outside, like lib.
    files: ['src/core/**/*.ts', 'src/mixture/kernels/**/*.ts'],
    rules: {
      'functional/no-let': 'off',
      'functional/no-loop-statements': 'off',
      'functional/no-throw-statements': 'off',
      'functional/no-try-statements': 'off',
      'functional/immutable-data': 'off'
    }
  }
)
