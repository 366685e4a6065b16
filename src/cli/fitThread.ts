/** The thread in which a fit runs: what it prints goes by the process, which hears signals meanwhile. */
import { writeSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { run } from './commandLine.js'
import { nodeWorld } from './nodeWorld.js'
import type { Signal, World } from './world.js'

// as main.ts begins the thread
const { argv, terminal, isTTY, signals } = workerData as Pick<World, 'terminal' | 'isTTY'> & {
  readonly argv: ReadonlyArray<string>
  /** Delivers the first signal. */
  readonly signals: MessagePort
}

if (parentPort !== null) {
  const port = parentPort
  let isHearing = false
  const hear = (isAsked: boolean): void => {
    port.postMessage(isAsked ? 'begin' : 'end')
  }
  const world = nodeWorld({
    // itself, as a line of progress is read while the step goes on
    stderr: text => {
      try {
        writeSync(2, text)
      } catch {
        // nobody reads it
      }
    },
    isTTY,
    terminal,
    setWaiting: isWaiting => {
      if (isHearing) hear(!isWaiting)
    },
    untilSignal: async work => {
      isHearing = true
      hear(true)
      let first: Signal | null = null
      try {
        return await work(async () => {
          await new Promise(resolve => setImmediate(resolve))
          const heard = receiveMessageOnPort(signals)
          // main.ts sends nothing else
          if (heard !== undefined) first ??= heard.message as Signal
          return first
        })
      } finally {
        isHearing = false
        hear(false)
      }
    }
  })
  const exit = await run(world)(argv)()
  // what is written first
  await world.stdout('')()
  port.postMessage(exit)
}
