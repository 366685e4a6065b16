import type { Signal } from './world.js'

export interface SignalListener {
  readonly begin: () => void
  readonly end: () => void
  /** From here to `endWait` a signal ends the process at once; so does one caught since `begin`. */
  readonly beginWait: () => void
  readonly endWait: () => void
}

/** Catches one signal between `begin` and `end`. All others end the process. */
export const signalListener = (onSignal: (signal: Signal) => void): SignalListener => {
  const signals = ['SIGINT', 'SIGTERM'] as const
  let isWaiting = false
  let caught: Signal | null = null
  const endProcess = (signal: Signal): void => {
    end()
    process.kill(process.pid, signal)
  }
  const receive = (signal: Signal): void => {
    if (isWaiting) {
      endProcess(signal)
      return
    }
    caught = signal
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
      isWaiting = false
      caught = null
      for (const signal of signals) process.on(signal, receive)
    },
    end,
    // The listener stays, since a signal that is not yet delivered would be lost.
    beginWait: () => {
      isWaiting = true
      if (caught !== null) endProcess(caught)
    },
    endWait: () => {
      isWaiting = false
    }
  }
}
