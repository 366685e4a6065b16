/** True if this process may start threads. Without `node --permission`, `process.permission` is undefined, despite its type. */
export const mayThread = (): boolean => (process as Partial<typeof process>).permission?.has('worker') !== false
