// All that typescript-eslint asks of TypeScript, rules that need types too, natively. eslint.config.js has what oxlint lacks.
import tseslint from 'typescript-eslint'
import { ignores, lacking, restricted, tfjs } from './eslint.config.js'

const strict = Object.fromEntries(
  tseslint.configs.strictTypeChecked
    .flatMap(({ rules = {} }) => Object.entries(rules))
    .filter(([name, level]) => level !== 'off' && name !== lacking)
)

export default {
  plugins: ['typescript'],
  // No rule but those named; a name that oxlint does not know is an error.
  categories: { correctness: 'off' },
  // A comment speaks to one of the two, which says when it is not needed.
  options: { typeAware: true, respectEslintDisableDirectives: false, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ignores,
  overrides: [
    {
      files: ['**/*.ts'],
      rules: {
        ...strict,
        // As typescript-eslint has it: an underscore hides nothing.
        '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^$', varsIgnorePattern: '^$' }],
        '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
        // An interface that only extends is how a recursive type is given a name.
        '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
        '@typescript-eslint/explicit-module-boundary-types': 'error',
        '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
        '@typescript-eslint/switch-exhaustiveness-check': 'error'
      }
    },
    {
      files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
      rules: { '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }] }
    },
    // What is longer is read in parts, and has parts.
    { files: ['src/**/*.ts', 'lib/**/*.ts'], rules: { 'max-lines-per-function': ['error', { max: 150 }] } },
    { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-imports': restricted() } },
    { files: ['examples/**/*.ts', 'vitest.config.ts'], rules: { 'no-restricted-imports': restricted(tfjs) } }
  ]
}
