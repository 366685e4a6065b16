/**
 * A kernel of Jupyter as a front end meets it: it is started, code is sent, and what it displays comes back. Messages are signed as
 * Jupyter's protocol 5.3 asks, and travel by ZMTP 3.0 (RFC 23) without security.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')

const frame = (body: Buffer, flags: number): Buffer => {
  if (body.length < 256) return Buffer.concat([Buffer.from([flags, body.length]), body])
  const head = Buffer.alloc(9)
  head[0] = flags | 2
  head.writeBigUInt64BE(BigInt(body.length), 1)
  return Buffer.concat([head, body])
}

/** All frames of a message, of which all but the last say that more follow. */
const message = (frames: ReadonlyArray<Buffer>): Buffer =>
  Buffer.concat(frames.map((body, i) => frame(body, i < frames.length - 1 ? 1 : 0)))

/** A socket of ZeroMQ, connected: it hears whole messages. */
const dialled = (port: number, type: string, heard: (frames: ReadonlyArray<Buffer>) => void): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let rest = Buffer.alloc(0)
    let isGreeted = false
    let frames: Buffer[] = []
    const greeting = Buffer.alloc(64)
    greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0])
    greeting.write('NULL', 12, 'latin1')
    const property = (name: string, value: string): Buffer => {
      const size = Buffer.alloc(4)
      size.writeUInt32BE(value.length)
      return Buffer.concat([Buffer.from([name.length]), ascii(name), size, ascii(value)])
    }
    const next = (): Buffer | null => {
      if (!isGreeted) {
        if (rest.length < 64) return null
        isGreeted = true
        rest = rest.subarray(64)
        const ready = [Buffer.from([5]), ascii('READY'), property('Socket-Type', type), property('Identity', '')]
        socket.write(frame(Buffer.concat(ready), 4))
      }
      if (rest.length < 2) return null
      const flags = rest[0]
      const isLong = (rest[0] & 2) !== 0
      if (isLong && rest.length < 9) return null
      const [from, size] = isLong ? [9, Number(rest.readBigUInt64BE(1))] : [2, rest[1]]
      if (rest.length < from + size) return null
      const body = rest.subarray(from, from + size)
      rest = rest.subarray(from + size)
      if ((flags & 4) !== 0) resolve(socket)
      else {
        frames = [...frames, body]
        if ((flags & 1) === 0) {
          heard(frames)
          frames = []
        }
      }
      return body
    }
    socket.on('connect', () => socket.write(greeting))
    socket.on('data', data => {
      rest = Buffer.concat([rest, data])
      while (next() !== null);
    })
    socket.on('error', reject)
  })

const free = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port)
        else reject(new Error('no port'))
      })
    })
  })

/** What a cell ends with: what it displays, by MIME type, or the text of an error. */
export type Displayed = Readonly<Record<string, string>>

export interface Kernel {
  readonly execute: (code: string) => Promise<Displayed>
  readonly close: () => void
}

const parsed = (body: Buffer): Readonly<Record<string, unknown>> =>
  JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>

/** Starts a kernel: `command` takes the path of its connection file last. */
export const kernel = async (command: string, args: ReadonlyArray<string>, folder: string): Promise<Kernel> => {
  const key = randomUUID()
  const [shell, iopub, stdin, control, heartbeat] = await Promise.all(Array.from({ length: 5 }, free))
  const path = join(folder, 'connection.json')
  writeFileSync(
    path,
    JSON.stringify({
      ...{ ip: '127.0.0.1', transport: 'tcp', key, signature_scheme: 'hmac-sha256', kernel_name: 'deno' },
      ...{ shell_port: shell, iopub_port: iopub, stdin_port: stdin, control_port: control, hb_port: heartbeat }
    })
  )
  const child: ChildProcess = spawn(command, [...args, path], { cwd: folder, stdio: 'ignore' })
  const waiting = new Map<string, { readonly shown: Displayed[]; readonly done: (all: Displayed) => void }>()
  const heard = (frames: ReadonlyArray<Buffer>): void => {
    const at = frames.findIndex(body => body.toString('latin1') === '<IDS|MSG>')
    const [header, parent, , content] = frames.slice(at + 2).map(parsed)
    const one = waiting.get(String(parent.msg_id))
    if (one === undefined) return
    if (header.msg_type === 'execute_result' || header.msg_type === 'display_data')
      one.shown.push(content.data as Displayed)
    if (header.msg_type === 'error') one.shown.push({ error: `${String(content.ename)}: ${String(content.evalue)}` })
    if (header.msg_type === 'status' && content.execution_state === 'idle') {
      // What is displayed may come a little later, or never.
      void setTimeout(one.shown.length > 0 ? 0 : 1000).then(() => {
        waiting.delete(String(parent.msg_id))
        one.done(Object.assign({}, ...one.shown) as Displayed)
      })
    }
  }
  const connected = async (port: number, type: string): Promise<Socket> => {
    for (let tried = 0; ; tried++)
      try {
        return await dialled(port, type, heard)
      } catch (error) {
        if (tried > 200) throw error
        await setTimeout(100)
      }
  }
  const sockets = [await connected(iopub, 'SUB'), await connected(shell, 'DEALER')]
  // To all that is published.
  sockets[0].write(message([Buffer.from([1])]))
  // What is published before the kernel has heard that is not.
  await setTimeout(500)
  return {
    execute: code =>
      new Promise(done => {
        const id = randomUUID()
        waiting.set(id, { shown: [], done })
        const header = { msg_id: id, session: key, username: '', date: '', msg_type: 'execute_request', version: '5.3' }
        const content = {
          code,
          silent: false,
          store_history: true,
          user_expressions: {},
          allow_stdin: false,
          stop_on_error: true
        }
        const bodies = [header, {}, {}, content].map(part => Buffer.from(JSON.stringify(part)))
        const signature = bodies.reduce((hash, body) => hash.update(body), createHmac('sha256', key)).digest('hex')
        sockets[1].write(message([ascii('<IDS|MSG>'), ascii(signature), ...bodies]))
      }),
    close: () => {
      sockets.forEach(socket => socket.destroy())
      child.kill()
    }
  }
}
