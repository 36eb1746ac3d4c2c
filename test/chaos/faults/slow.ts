/** A worker that lives and does not get on: its main loop stands still, or it gets a fifth of the time. */
import { setTimeout as delay } from 'node:timers/promises'
import { signal } from '@berth/local/process/identity.ts'
import { listensOn } from '../surroundings/lines/sockets.ts'
import { until } from '../until.ts'
import { type Fault, since } from './fault.ts'
import { anyWorker, struck } from './worker.ts'

const TIMEOUT_MS = 60_000
/** Of a slow worker. */
const STOPPED_MS = 400
const RUNNING_MS = 100

/**
 * Its main loop computes for so long that its lease runs out, while its other threads go on. It is told to by Node's debugger,
 * so that nothing in it knows of tests.
 */
export const blockLoop: Fault = async (installation, random) => {
  const worker = await anyWorker(installation, random)
  const ms = random.between(10_000, 20_000)
  return async () => {
    const at = Date.now()
    await evaluate(worker.pid, `setTimeout(() => { const end = Date.now() + ${ms}; while (Date.now() < end); }, 0)`)
    await delay(ms)
    return {
      ...struck(worker, at, `, for ${since(at)}`),
      frozen: { accounts: worker.accounts, from: at, until: Date.now() },
    }
  }
}

/** Stopped four fifths of the time. */
export const slowWorker: Fault = async (installation, random) => {
  const worker = await anyWorker(installation, random)
  const ms = random.between(10_000, 20_000)
  return async () => {
    const at = Date.now()
    for (let goesOn = true; goesOn && Date.now() < at + ms; ) {
      signal(worker.pid, 'SIGSTOP')
      await delay(STOPPED_MS)
      goesOn = signal(worker.pid, 'SIGCONT')
      await delay(RUNNING_MS)
    }
    return {
      ...struck(worker, at, `, for ${since(at)}`),
      // Taken for dead, it closes its sockets late.
      frozen: { accounts: worker.accounts, from: at, until: Date.now() },
    }
  }
}

/** In a process of Node; Linux only. Resolves when it has been evaluated. */
async function evaluate(pid: number, expression: string): Promise<void> {
  const others = new Set<number>()
  signal(pid, 'SIGUSR1')
  const url = await until(`process ${pid} can be debugged`, TIMEOUT_MS, async () => {
    const port = listensOn(pid, (one) => !others.has(one))
    if (port === undefined) {
      others.clear()
      return undefined
    }
    others.add(port) // not the debugger's, if it does not answer
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`)
    const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[]
    return target!.webSocketDebuggerUrl
  })
  const socket = new WebSocket(url)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener('error', () => reject(new Error(`The debugger of process ${pid} can't be talked to.`)))
  socket.addEventListener('message', () => resolve())
  socket.addEventListener('open', () => {
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }))
  })
  await promise
  socket.close()
}
