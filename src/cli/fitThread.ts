/** Entry point of the thread of a fit, while the main thread receives signals. */
import { writeSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { run } from './commandLine.js'
import { nodeWorld } from './nodeWorld.js'
import type { SignalListener } from './signalListener.js'
import type { Signal, World } from './world.js'

// As startFitThread.ts starts the thread.
const { argv, terminal, isTTY, signals } = workerData as Pick<World, 'terminal' | 'isTTY'> & {
  readonly argv: ReadonlyArray<string>
  /** Delivers the first signal. */
  readonly signals: MessagePort
}

if (parentPort !== null) {
  const port = parentPort
  let isListening = false
  const listen = (request: keyof SignalListener): void => {
    port.postMessage(request)
  }
  const world = nodeWorld({
    // Written directly: the main thread would print progress only after the step.
    stderr: text => {
      try {
        writeSync(2, text)
      } catch {
        // Standard error is closed.
      }
    },
    isTTY,
    terminal,
    setWaiting: isWaiting => {
      if (isListening) listen(isWaiting ? 'beginWait' : 'endWait')
    },
    untilSignal: async work => {
      isListening = true
      listen('begin')
      let first: Signal | null = null
      try {
        return await work(async () => {
          await new Promise(resolve => setImmediate(resolve))
          const received = receiveMessageOnPort(signals)
          // startFitThread.ts sends nothing else.
          if (received !== undefined) first ??= received.message as Signal
          return first
        })
      } finally {
        isListening = false
        listen('end')
      }
    }
  })
  const exit = await run(world)(argv)()
  // Waits until earlier output is written.
  await world.stdout('')()
  port.postMessage(exit)
}
