// `npm run lint:night`: the two rules with types that oxlint lacks, or asks less strictly. They have found nothing for long.
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { lacking, loops } from './oxlint.config.js'

const files = ['src/**/*.ts', 'lib/**/*.ts']

export default defineConfig(
  { ignores: ['dist', '**/assembly'] },
  {
    files,
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: 'tsconfig.build.json', tsconfigRootDir: import.meta.dirname }
    },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    // oxlint's lets a value that no call gives be discarded.
    rules: { '@typescript-eslint/no-meaningless-void-operator': 'error' }
  },
  {
    // It looks through every type that an expression may have, and finds nothing where no classes are.
    files: ['lib/**/*.ts', ...loops],
    // tfjs's classes are known by their shape here: no value of theirs is made by a constructor of ours.
    ignores: ['lib/tensors/backend.ts', 'lib/tensors/tape.ts'],
    rules: { [lacking]: 'error' }
  }
)
