import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript'
import functional from 'eslint-plugin-functional'
import importX from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

/** Imports run only downwards: examples → cli → report → laws → src/*.ts → lib. */
const layers = [
  { target: './lib', from: './src', message: 'lib knows nothing of diffusion or mixtures' },
  { target: './src/*.ts', from: ['./src/cli', './src/report', './src/laws'], message: 'the language knows no rim' },
  { target: './src/laws', from: ['./src/cli', './src/report'], message: 'laws know no files or terminals' },
  { target: './src/report', from: ['./src/cli', './src/laws'], message: 'a report knows no command line' },
  { target: ['./src', './lib'], from: ['./test', './examples', './bench'], message: 'imports run downwards' }
]
const tfjs = { group: ['@tensorflow/*'], message: 'tfjs stays inside lib; use the tensor vocabulary of lib/index.ts' }
const node = { group: ['node:*', 'fs', 'path', 'process'], message: 'src/*.ts and lib run in a browser unchanged' }

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'docs/api', 'test/generated', 'reports', '.stryker-tmp'] },
  ...tseslint.configs.strictTypeChecked.map(config => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: layers }],
      'no-restricted-imports': ['error', { patterns: [tfjs] }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error'
    }
  },
  { files: ['lib/**/*.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [node] }] } },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    // The language is pure: no statements that mutate, loop, throw or reach for the world. The rim is src/cli and src/report.
    files: ['src/*.ts', 'src/laws/**/*.ts'],
    plugins: { functional },
    rules: {
      'no-restricted-imports': ['error', { patterns: [tfjs, node] }],
      'no-restricted-globals': ['error', 'console', 'process', 'Date', 'performance', 'setTimeout', 'fetch', 'document', 'window'],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'randomness is an explicit Key' }],
      'functional/no-let': 'error',
      'functional/no-loop-statements': 'error',
      'functional/no-throw-statements': 'error',
      'functional/no-classes': 'error',
      'functional/no-this-expressions': 'error',
      'functional/no-try-statements': 'error',
      'functional/immutable-data': 'error'
    }
  }
)
