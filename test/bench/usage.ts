/** CPU time and memory of processes, from Linux' /proc. */
import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the kernel's own clock. */
const TICK_MS = 10

/** Fields after the name, which is in brackets and may hold anything: [0] is the state, field 3 of proc(5). */
const statOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number)

/** Milliseconds of CPU so far, all threads. */
export function cpuMs(pid: number): number {
  const stat = statOf(pid)
  return (stat[11]! + stat[12]!) * TICK_MS
}

/** Milliseconds of CPU of Postgres so far: the server, its processes, and those that have ended. */
export function postgresCpuMs(postmaster: number): number {
  const stat = statOf(postmaster)
  const ended = (stat[13]! + stat[14]!) * TICK_MS
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').split(' ').filter(Boolean)
  return children.reduce((sum, child) => sum + (cpuIfThere(Number(child)) ?? 0), cpuMs(postmaster) + ended)
}

/** A child may end while we read. */
function cpuIfThere(pid: number): number | undefined {
  try {
    return cpuMs(pid)
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** Resident memory in bytes. */
export function rssBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}
