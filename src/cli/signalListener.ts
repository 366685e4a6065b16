import type { Signal } from './world.js'

export interface SignalListener {
  readonly begin: () => void
  readonly end: () => void
  /** From here to `endWait`, a signal ends the process at once, and so does one that was caught since `begin`. */
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
    // The listener stays: a signal that has arrived but was not yet passed on would be lost without it.
    beginWait: () => {
      isWaiting = true
      if (caught !== null) endProcess(caught)
    },
    endWait: () => {
      isWaiting = false
    }
  }
}
