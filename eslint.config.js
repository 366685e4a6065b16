import { defineConfig } from 'eslint/config'
import functional from 'eslint-plugin-functional'
import tseslint from 'typescript-eslint'

/** Where the language takes statements: closed forms over arrays of their own, and pure from outside. */
export const loops = [
  'src/families/{factorAnalysis,spectrum}.ts',
  'src/mixture/em/{errors,fromGradient,loops,missing,moments,patterns,prior,scaled}.ts',
  'src/mixture/gaussians/{axes,denoised}.ts',
  'src/moves/{halves,pursuit,split,support}.ts',
  'src/algebra/{pairs,predict}.ts',
  'src/mixture/{nodes,student}.ts',
  'src/population/{courses,estimates,nodesOf}.ts'
]

/** What neither this nor oxlint looks at. */
export const ignores = ['dist', 'coverage', 'test/generated', 'reports', '.stryker-tmp', '**/assembly']
/** The one typed rule of typescript-eslint that oxlint does not have. */
export const lacking = '@typescript-eslint/no-unsafe-class-instance-assignment'

const esm = {
  group: ['fp-ts/**', 'io-ts/**', '!fp-ts/lib', '!io-ts/lib', '!fp-ts/lib/*.js', '!io-ts/lib/*.js'],
  message: "plain Node finds only 'fp-ts/lib/Option.js'"
}
export const tfjs = {
  regex: '^@tensorflow/',
  message: 'tfjs stays inside lib; use the tensor vocabulary of lib/index.ts'
}
const node = {
  regex: '^(node:|(child_process|crypto|fs|os|path|process|stream|url|util|worker_threads)(/|$))',
  message: 'src/*.ts and lib run in a browser unchanged'
}
const tests = { group: ['vitest', 'vitest/*'], message: 'laws and library run under any test runner, or none' }
export const restricted = (...patterns) => ['error', { patterns: [esm, ...patterns] }]
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
].map(property => ({
  object: 'Math',
  property,
  message: 'not the same bits everywhere; see lib/numbers/elementary.ts'
}))
const random = { object: 'Math', property: 'random', message: 'randomness is an explicit Key' }
const power = {
  selector: ":matches(BinaryExpression[operator='**'], AssignmentExpression[operator='**='])",
  message: 'not the same bits everywhere; write square, powerOfTwo or pow of lib/numbers/elementary.ts'
}

/** Methods that change what they are called on. */
const arrayChangers = 'copyWithin fill pop push reverse shift sort splice unshift'.split(' ')
const collectionChangers = 'add clear delete set'.split(' ')
const objectChangers = 'assign defineProperties defineProperty setPrototypeOf'.split(' ')

/**
 * functional/immutable-data without types, which took two thirds of the time: nothing that has a name is changed. What a call, a
 * `new` or a literal has just made may be, `[...xs].sort()`; a Map or Set is known by what its name was made by.
 */
const immutable = {
  create: context => {
    const hasName = ({ type }) => type === 'Identifier' || type === 'MemberExpression'
    const report = node => {
      context.report({ node, message: 'what has a name is not changed; make another' })
    }
    const definitionsOf = node => {
      if (node.type !== 'Identifier') return []
      for (let scope = context.sourceCode.getScope(node); scope !== null; scope = scope.upper) {
        const found = scope.set.get(node.name)
        if (found !== undefined) return found.defs
      }
      return []
    }
    // fp-ts's functions stand in modules, and give another value
    const isModule = node => definitionsOf(node).some(({ type }) => type === 'ImportBinding')
    const isCollection = node =>
      definitionsOf(node).some(
        ({ node: { init } }) => init?.type === 'NewExpression' && /^(Map|Set)$/.test(init.callee.name ?? '')
      )
    return {
      AssignmentExpression: node => {
        if (node.left.type === 'MemberExpression') report(node)
      },
      UpdateExpression: node => {
        if (node.argument.type === 'MemberExpression') report(node)
      },
      UnaryExpression: node => {
        if (node.operator === 'delete') report(node)
      },
      CallExpression: node => {
        const { callee } = node
        if (callee.type !== 'MemberExpression' || callee.computed || !hasName(callee.object)) return
        const [on, method] = [callee.object, callee.property.name]
        if (arrayChangers.includes(method) && !isModule(on)) report(node)
        if (collectionChangers.includes(method) && isCollection(on)) report(node)
        if (on.name === 'Object' && objectChangers.includes(method) && hasName(node.arguments[0])) report(node)
      }
    }
  }
}

/** `npm run lint:night`: the rules that need types, which take most of the time and have found nothing for long. */
const isNight = process.env.NIGHTLY === 'yes'
const typed = [
  {
    files: ['src/**/*.ts', 'lib/**/*.ts'],
    languageOptions: { parserOptions: { project: 'tsconfig.build.json', tsconfigRootDir: import.meta.dirname } },
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
]

// What holds in src and lib alone; oxlint.config.js has what holds everywhere.
export default defineConfig(
  { ignores },
  {
    files: ['src/**/*.ts', 'lib/**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser
    },
    linterOptions: { reportUnusedDisableDirectives: isNight ? 'off' : 'error' },
    rules: {
      'no-restricted-imports': restricted(tfjs),
      'no-restricted-properties': ['error', random, ...unportable],
      'no-restricted-syntax': ['error', power]
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
    // The language is pure: no statements that mutate, loop, throw or reach for the world. The rim is src/cli, src/report and src/cluster.
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/report/**', 'src/cluster/**'],
    plugins: { functional, ornstein: { rules: { immutable } } },
    rules: {
      'no-restricted-imports': restricted(tfjs, node, tests),
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
      'ornstein/immutable': 'error'
    }
  },
  {
    // Walks of trees without the call stack, and closed forms over arrays of their own; pure from outside, like lib.
    files: ['src/core/**/*.ts', ...loops],
    rules: {
      'functional/no-let': 'off',
      'functional/no-loop-statements': 'off',
      'functional/no-throw-statements': 'off',
      'functional/no-try-statements': 'off',
      'ornstein/immutable': 'off'
    }
  },
  ...(isNight ? typed : [])
)
