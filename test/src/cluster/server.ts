/** A Valkey or Redis server of a test's own, on loopback, which can be killed and started anew from its append-only file. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const program = ['valkey-server', 'redis-server'].find(name => spawnSync(name, ['--version']).status === 0)

/** Why tests that need a server are skipped; null where there is one. */
export const without: string | null =
  program !== undefined ? null : 'neither valkey-server nor redis-server is installed'
if (without !== null) {
  if (process.env['CI'] !== undefined && process.env['VALKEY'] !== 'none') throw new Error(without)
  console.log(`skipped: ${without}`)
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

export interface Server {
  readonly url: string
  readonly start: () => Promise<void>
  readonly kill: () => Promise<void>
  readonly remove: () => Promise<void>
}

export const server = (...options: ReadonlyArray<string>): Promise<Server> => started('redis', options)

/** The same by TLS alone: its options name a certificate and its key. */
export const secured = (...options: ReadonlyArray<string>): Promise<Server> => started('rediss', options)

const started = async (scheme: 'redis' | 'rediss', options: ReadonlyArray<string>): Promise<Server> => {
  if (program === undefined) throw new Error('no server')
  const folder = mkdtempSync(join(tmpdir(), 'ornstein-queue-'))
  const port = await freePort()
  const ports = scheme === 'redis' ? ['--port', port] : ['--port', 0, '--tls-port', port]
  const args = [...ports, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', ...options]
  let child: ChildProcess | null = null
  const kill = async (): Promise<void> => {
    if (child === null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    child = null
  }
  const start = async (): Promise<void> => {
    child = spawn(program, args.map(String), { stdio: 'ignore' })
    while (!(await answers(port))) await new Promise(resolve => setTimeout(resolve, 10))
  }
  await start()
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    start,
    kill,
    remove: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
