import { defineConfig } from 'eslint/config'
import functional from 'eslint-plugin-functional'
import tseslint from 'typescript-eslint'

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
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
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
    // These two look through every type that an expression may have, a fifth of all the time. There is nothing to find where
    // neither classes nor enumerations are declared.
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    ignores: ['src/mixture/kernels/**'],
    rules: {
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-assignment': 'off'
    }
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    rules: { '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }] }
  },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-imports': imports() } },
  {
    // The language is pure: no statements that mutate, loop, throw or reach for the world. The rim is src/cli, src/report and src/cluster.
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/report/**', 'src/cluster/**'],
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
