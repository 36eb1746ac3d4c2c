/**
 * Which process is meant. A pid alone is not enough: the system gives it to another process once it is free. With the
 * moment it started (and the boot of the machine) it names one process for ever.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface ProcessIdentity {
  pid: number
  /** Opaque; equal for the same process only. */
  startedAt: string
}

const POLL_MS = process.platform === 'linux' ? 10 : 100
const KILL_TIMEOUT_MS = 10_000

/**
 * The identity of the process that has this pid now; undefined when there is none (a zombie is none). Does not wait, so
 * that a process can be recorded in the very moment it was started.
 */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startFromPs(pid)
  return startedAt ? { pid, startedAt } : undefined
}

/** Does this very process still run? */
export const isRunning = ({ pid, startedAt }: ProcessIdentity): boolean => identify(pid)?.startedAt === startedAt

/** The command line of a process, arguments parted by spaces; '' when it is gone or hidden from us. */
export function commandLine(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'command=')
  return (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim()
}

/** Waits until the process is gone; false when it is still there after that time. There is no event for others' children. */
export async function waitUntilGone(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (isRunning(identity)) {
    if (performance.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}

/** Kills a detached process with everything that it started; resolves when it is gone. */
export async function killAndWait(identity: ProcessIdentity): Promise<void> {
  if (!isRunning(identity)) return
  signalGroup(identity.pid, 'SIGKILL')
  if (await waitUntilGone(identity, KILL_TIMEOUT_MS)) return
  throw new Error(`Process ${identity.pid} can't be killed.`)
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

/** Sends a signal to a detached process and everything that it started; false when nobody is there to take it. */
export const signalGroup = (pid: number, name: NodeJS.Signals): boolean =>
  signal(process.platform === 'win32' ? pid : -pid, name)

let bootId: string | undefined

/** proc(5): field 22 of stat is the start in clock ticks since the boot; field 3 the state; field 20 counts the threads. */
function startOnLinux(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (!stat) return undefined
  // Field 2 is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // The first thread may be a zombie while others, on their way out, still hold the sockets.
  if ((fields[0] === 'Z' && Number(fields[17]) <= 1) || fields[0] === 'X') return undefined
  bootId ??= (read('/proc/sys/kernel/random/boot_id') ?? '').trim()
  return `${bootId}/${fields[19]}`
}

function startFromPs(pid: number): string | undefined {
  const line = ps(pid, 'state=,lstart=')
  return !line || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
}

function ps(pid: number, columns: string): string {
  const env = { ...process.env, LC_ALL: 'C' }
  try {
    const args = ['-o', columns, '-p', String(pid)]
    return execFileSync('ps', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return '' // ps exits with 1 when there is no such process
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // the process is gone
  }
}
