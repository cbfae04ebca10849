// One accident: a server, a router and a client, and what becomes of them.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Accident, type Order, type Report, TIMEOUT_MS } from './accidents.js'
import { Router } from './router.js'

/** How long the client is frozen: longer than its time-out. */
const FROZEN_MS = TIMEOUT_MS + 1500
/** By then whoever can come back has, and who cannot has given up. */
const MAX_WAIT_MS = 20_000

export interface Outcome {
  readonly sent: number
  readonly done: number
  readonly lines: readonly string[]
}

/** Plays one accident; `log` gets each line as it comes. */
export async function playAccident(accident: Accident, log: (line: string) => void): Promise<Outcome> {
  const startedAt = performance.now()
  const lines: string[] = []
  const note = (line: string): void => {
    lines.push(line)
    log(`${((performance.now() - startedAt) / 1000).toFixed(2).padStart(6)} s  ${line}`)
  }
  let counts = { sent: 0, done: 0 }
  const start = (file: string, port: number): ChildProcess => {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), [String(port)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child.on('message', (report: Report) => {
      if ('line' in report) note(report.line)
      else if ('sent' in report) counts = report
    })
    return child
  }
  const portOf = async (server: ChildProcess): Promise<number> => {
    for (;;) {
      const [report] = (await once(server, 'message')) as [Report]
      if ('port' in report) return report.port
    }
  }
  const until = async (condition: () => boolean): Promise<void> => {
    for (const end = performance.now() + MAX_WAIT_MS; !condition() && performance.now() < end; ) await sleep(20)
  }
  const hasSaid = (text: string) => (): boolean => lines.some((line) => line.includes(text))

  let server = start('server-process.js', 0)
  const serverPort = await portOf(server)
  const router = new Router(serverPort)
  const client = start('client-process.js', await router.open())
  const order = (what: Order): boolean => client.send(what)
  try {
    await until(() => counts.done > 20)
    const before = lines.length
    switch (accident) {
      case 'frozen':
        note(`scene   the client's process is frozen for ${FROZEN_MS} ms`)
        client.kill('SIGSTOP')
        await sleep(FROZEN_MS)
        note('scene   it goes on')
        client.kill('SIGCONT')
        break
      case 'socket':
        order('close-socket')
        break
      case 'address':
        note("scene   the client's port changes")
        router.forget()
        break
      case 'server':
        note("scene   the server's process is killed, and started again")
        server.kill('SIGKILL')
        await once(server, 'exit')
        await sleep(500)
        server = start('server-process.js', serverPort)
        break
    }
    await until(() => lines.slice(before).some((line) => line.startsWith('client  OnResume') || line.startsWith('client  OnDisconnect')))
    if (!hasSaid('client  OnDisconnect')()) {
      order('stop-counting')
      await until(() => counts.sent === counts.done)
    }
    note(`scene   ${counts.sent} deeds, ${counts.done} done`)
    order('leave')
    await once(client, 'exit')
    if (accident !== 'server') await until(hasSaid('server  OnDisconnect'))
  } finally {
    client.kill('SIGKILL')
    server.kill('SIGKILL')
    router.close()
  }
  return { ...counts, lines }
}
