import { defineConfig } from 'vite'

/** Benches run from sources in plain Node. */
export default defineConfig({
  logLevel: 'warn',
  build: {
    ssr: true,
    target: 'node20',
    outDir: 'dist/bench',
    rolldownOptions: {
      // What examples import is the built package.
      external: /^ornstein/,
      input: [
        'index',
        'contenders',
        'kernels',
        'growth',
        'fits',
        'scale',
        'queue',
        'networks',
        'em',
        'crush',
        'together',
        'steps'
      ].map(name => `bench/${name}.ts`)
    }
  }
})
