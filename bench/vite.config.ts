import { defineConfig } from 'vite'

/** Benches run from sources in plain Node. */
export default defineConfig({
  logLevel: 'warn',
  build: {
    ssr: true,
    target: 'node20',
    outDir: 'dist/bench',
    rolldownOptions: {
      input: ['index', 'contenders', 'kernels', 'growth', 'fits', 'scale', 'queue'].map(name => `bench/${name}.ts`)
    }
  }
})
