/** True if this process may start threads. `process.permission` is undefined without `--permission`, despite its type. */
export const mayThread = (): boolean => (process as Partial<typeof process>).permission?.has('worker') !== false
