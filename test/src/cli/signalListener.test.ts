/** Signals that arrive at the moment at which a fit begins to wait: none of them is lost. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const library = new URL('../../../dist/src/cli/signalListener.js', import.meta.url).href

/** Runs statements with a `listener` in a process of their own, which would live for a minute. */
const runWithListener = (statements: string): { readonly signal: string | null; readonly stderr: string } => {
  const program = `
    const { signalListener } = await import(${JSON.stringify(library)})
    const listener = signalListener(signal => process.stderr.write('caught ' + signal))
    const turn = () => new Promise(resolve => setTimeout(resolve, 50))
    listener.begin()
    setTimeout(() => {}, 60_000)
    ${statements}`
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8'
  })
  return { signal, stderr }
}

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', signal => {
  const kill = `process.kill(process.pid, '${signal}');`
  const caught = `${signal === 'SIGINT' ? 'stopping … press Ctrl-C again to quit\n' : ''}caught ${signal}`

  it('ends the process if it arrives just before the fit waits', () => {
    expect(runWithListener(`${kill} listener.beginWait()`)).toEqual({ signal, stderr: '' })
  })
  it('ends the process while the fit waits', () => {
    expect(runWithListener(`listener.beginWait(); await turn(); ${kill}`)).toEqual({ signal, stderr: '' })
  })
  it('ends the process when the fit begins to wait, if it was caught before', () => {
    const found = runWithListener(`${kill} await turn(); listener.beginWait()`)
    expect(found).toEqual({ signal, stderr: caught })
  })
  it('is caught once the fit has waited', () => {
    const found = runWithListener(`listener.beginWait(); listener.endWait(); ${kill} await turn(); process.exit(0)`)
    expect(found).toEqual({ signal: null, stderr: caught })
  })
  it('is caught by what begins after a fit that ended while it waited', () => {
    const found = runWithListener(
      `listener.beginWait(); listener.end(); listener.begin(); ${kill} await turn(); process.exit(0)`
    )
    expect(found).toEqual({ signal: null, stderr: caught })
  })
  it('that an earlier fit caught does not end a later one that waits', () => {
    const found = runWithListener(
      `${kill} await turn(); listener.end(); listener.begin(); listener.beginWait(); await turn(); process.exit(0)`
    )
    expect(found).toEqual({ signal: null, stderr: caught })
  })
})
