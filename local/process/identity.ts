/**
 * Which process is meant. A pid alone is not enough: the system gives it to another process once it is free. With the
 * moment it started (and the boot of the machine) it names one process for ever.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

export interface ProcessIdentity {
  pid: number
  /** Opaque; equal for the same process only. */
  startedAt: string
}

const run = promisify(execFile)
const POLL_MS = 20

/** The identity of the process that has this pid now; undefined when there is none (a zombie is none). */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = process.platform === 'linux' ? await startOnLinux(pid) : await startFromPs(pid)
  return startedAt ? { pid, startedAt } : undefined
}

/** Does this very process still run? */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startedAt === identity.startedAt
}

/** The command line of a process, arguments parted by spaces; '' when it is gone or hidden from us. */
export async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return text.replaceAll('\0', ' ').trim()
  }
  return (await ps(pid, 'command=')) ?? ''
}

/** Waits until the process is gone; false when it is still there after that time. There is no event for others' children. */
export async function waitUntilGone(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (await isRunning(identity)) {
    if (performance.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}

/** SIGTERM, then SIGKILL after the grace period; resolves when the process is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  if (!(await isRunning(identity))) return
  if (graceMs > 0) {
    signal(identity.pid, 'SIGTERM')
    if (await waitUntilGone(identity, graceMs)) return
  }
  signalGroup(identity.pid, 'SIGKILL')
  if (!(await waitUntilGone(identity, 10_000))) throw new Error(`Process ${identity.pid} can't be killed.`)
}

/** Sends a signal; false when nobody is there to take it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Sends a signal to a detached process and everything that it started. */
export function signalGroup(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.platform === 'win32' ? signal(pid, name) : process.kill(-pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return signal(pid, name)
    throw error
  }
}

let bootId: string | undefined

/** proc(5): field 22 of stat is the start in clock ticks since the boot; field 3 the state. */
async function startOnLinux(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (!stat) return undefined
  // Field 2 is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  bootId ??= (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
  return `${bootId}/${fields[19]}`
}

async function startFromPs(pid: number): Promise<string | undefined> {
  const line = await ps(pid, 'state=,lstart=')
  return !line || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
}

const ps = (pid: number, columns: string): Promise<string | undefined> =>
  run('ps', ['-o', columns, '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } }).then(
    ({ stdout }) => stdout.trim() || undefined,
    () => undefined,
  )
