/** What benches share. */
import { execFileSync } from 'node:child_process'

/** Where Debian has it, with what it has of scikit-learn. */
export const PYTHON = '/usr/bin/python3'

/** Whether it has a module. */
export const has = (module: string): boolean => {
  try {
    execFileSync(PYTHON, ['-c', `import ${module}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The middle one; of an even number the upper. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[sorted.length >> 1]
}
