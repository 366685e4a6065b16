/** What `npm run mutate` runs on a mutant: the tests and the laws of the language, and no others. */
import base from '../vitest.config.js'

export default {
  ...base,
  test: {
    ...base.test,
    include: [
      'test/src/{Compile,Initializer,Optimizer,Params,Rate,Region,Run,Stage,TimeLaw}.test.ts',
      'test/src/optimizers/*.test.ts',
      'test/laws/{codec,compile,mutants-language,optimizer,run}.test.ts'
    ]
  }
}
