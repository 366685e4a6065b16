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
