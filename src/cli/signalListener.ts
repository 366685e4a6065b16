import type { Signal } from './world.js'

/** Catches one signal between `begin` and `end`. All others end the process. */
export const signalListener = (
  onSignal: (signal: Signal) => void
): { readonly begin: () => void; readonly end: () => void } => {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const receive = (signal: Signal): void => {
    end()
    if (signal === 'SIGINT')
      process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[2K' : ''}stopping … press Ctrl-C again to quit\n`)
    onSignal(signal)
  }
  const end = (): void => {
    for (const signal of signals) process.off(signal, receive)
  }
  return {
    begin: () => {
      for (const signal of signals) process.on(signal, receive)
    },
    end
  }
}
