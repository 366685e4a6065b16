/**
 * Runs scripts of package.json side by side: `node test/steps/beside.js doctest,lint:code build` runs build beside doctest and then
 * lint:code. What a script prints comes when it has ended, whole.
 */
import { spawn } from 'node:child_process'

/** Runs one script, and says whether it succeeded. @param {string} script @returns {Promise<boolean>} */
const succeeds = script =>
  new Promise(resolve => {
    const began = performance.now()
    // One text, because npm is a file of commands on Windows.
    const child = spawn(`npm run --silent ${script}`, { shell: true })
    /** @type {Buffer[]} */
    const printed = []
    const keep = (/** @type {Buffer} */ chunk) => void printed.push(chunk)
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('close', code => {
      process.stdout.write(Buffer.concat(printed))
      const seconds = Math.round((performance.now() - began) / 1000)
      console.log(`${code === 0 ? '✓' : '✗'} npm run ${script} (${seconds} s)`)
      resolve(code === 0)
    })
  })

/** Runs the scripts of a lane until one fails. @param {ReadonlyArray<string>} scripts @returns {Promise<boolean>} */
const lane = async ([script, ...rest]) => script === undefined || ((await succeeds(script)) && (await lane(rest)))

const ends = await Promise.all(process.argv.slice(2).map(scripts => lane(scripts.split(','))))
process.exitCode = ends.every(Boolean) ? 0 : 1
