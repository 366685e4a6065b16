/** Whether this process may start threads: without `node --permission` there is nobody to ask, whatever the types say. */
export const mayThread = (): boolean => (process as Partial<typeof process>).permission?.has('worker') !== false
