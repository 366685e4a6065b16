// All that is asked of TypeScript: what typescript-eslint's strict set asks, rules that need types too, natively; the types themselves
// (`typeCheck`); and, in src and lib, that arithmetic is portable and the language pure. oxlint.plugin.js has the rules that are ours.
import tseslint from 'typescript-eslint'

/** Where the language takes statements: closed forms over arrays of their own, and pure from outside. */
const loops = [
  'src/fit/{bootstrap,componentTest,crossValidation,fit,growth,refine,refineOnAllRows,runEM,search,singleCluster,trial}.ts',
  'src/mixture/{nodes,pairs,predict,quadraticForm,statistics,student}.ts',
  'src/mixture/em/{eStep,eStepLoops,errors,fromGradient,halves,missing,rowKernels,patterns,prior,pursuit,scaled,split,support}.ts',
  'src/mixture/families/{axes,covariances,denoised,factorAnalysis,gaussian,maps,spectrum}.ts',
  'src/population/{continuation,courses,estimates,nodesOf}.ts'
]

/** The typed rule of typescript-eslint that oxlint does not have. */
const lacking = '@typescript-eslint/no-unsafe-class-instance-assignment'
/** Takes as long as all others together that find nothing; no enum here has another type than its numbers. */
const costly = '@typescript-eslint/no-unsafe-enum-assignment'

const strict = Object.fromEntries(
  tseslint.configs.strictTypeChecked
    .flatMap(({ rules = {} }) => Object.entries(rules))
    .filter(([name, level]) => level !== 'off' && name !== lacking && name !== costly)
)

const esm = {
  group: ['fp-ts/**', 'io-ts/**', '!fp-ts/lib', '!io-ts/lib', '!fp-ts/lib/*.js', '!io-ts/lib/*.js'],
  message: "plain Node finds only 'fp-ts/lib/Option.js'"
}
const tfjs = {
  regex: '^@tensorflow/',
  message: 'tfjs stays inside lib; use the tensor vocabulary of lib/index.ts'
}
const node = {
  regex: '^(node:|(child_process|crypto|fs|os|path|process|stream|url|util|worker_threads)(/|$))',
  message: 'src/*.ts and lib run in a browser unchanged'
}
const tests = { group: ['vitest', 'vitest/*'], message: 'laws and library run under any test runner, or none' }
const restricted = (...patterns) => ['error', { patterns: [esm, ...patterns] }]
const hidden = ['process', 'Buffer', 'document', 'window', 'globalThis']
const random = { object: 'Math', property: 'random', message: 'randomness is an explicit Key' }
/** What no standard fixes to the last bit: engines and processors differ. */
const unportable = (
  'acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 pow ' + 'sin sinh tan tanh'
)
  .split(' ')
  .map(property => ({
    object: 'Math',
    property,
    message: 'not the same bits everywhere; see lib/numbers/elementary.ts'
  }))

/** No statements that mutate, loop, throw or reach for the world. */
const pure = ['let', 'statements', 'classes', 'immutable'].map(name => `ornstein/${name}`)
const all = (names, level) => Object.fromEntries(names.map(name => [name, level]))

export default {
  plugins: ['typescript'],
  jsPlugins: ['./oxlint.plugin.js'],
  // No rule but those named; a name that oxlint does not know is an error.
  categories: { correctness: 'off' },
  // A comment speaks to oxlint, which says when it is not needed.
  options: {
    typeAware: true,
    typeCheck: true,
    respectEslintDisableDirectives: false,
    reportUnusedDisableDirectives: 'error'
  },
  ignorePatterns: ['dist', 'coverage', 'reports', '.stryker-tmp', '**/assembly'],
  overrides: [
    {
      files: ['**/*.ts'],
      // The examples of the docs, as programs, are held to their types alone.
      excludeFiles: ['test/generated/**'],
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
      excludeFiles: ['test/generated/**'],
      rules: { '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }] }
    },
    {
      files: ['test/**/*.ts', 'bench/**/*.ts'],
      excludeFiles: ['test/generated/**'],
      rules: { 'no-restricted-imports': restricted() }
    },
    { files: ['examples/**/*.ts', 'vitest.config.ts'], rules: { 'no-restricted-imports': restricted(tfjs) } },
    {
      files: ['src/**/*.ts', 'lib/**/*.ts'],
      rules: {
        'no-restricted-imports': restricted(tfjs),
        'no-restricted-properties': ['error', random, ...unportable],
        'ornstein/powers': 'error'
      }
    },
    {
      files: ['lib/**/*.ts'],
      rules: {
        'no-restricted-imports': restricted(node, tests),
        'no-restricted-globals': ['error', ...hidden]
      }
    },
    {
      // The language is pure. The rim is src/cli, src/report and src/cluster.
      files: ['src/**/*.ts'],
      excludeFiles: ['src/cli/**', 'src/report/**', 'src/cluster/**'],
      rules: {
        'no-restricted-imports': restricted(tfjs, node, tests),
        'no-restricted-globals': [
          'error',
          ...hidden,
          ...['console', 'crypto', 'Date', 'performance', 'setTimeout', 'setInterval', 'fetch']
        ],
        ...all(pure, 'error')
      }
    },
    // Walks of trees without the call stack, and closed forms over arrays of their own; pure from outside, like lib.
    { files: ['src/core/**/*.ts', ...loops], rules: { ...all(pure, 'off'), 'ornstein/classes': 'error' } }
  ]
}
