/**
 * One run per data folder. The lock is the operating system's, through SQLite: it ends with the process that holds it,
 * however that ends, so none is ever left behind.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import type { ControlAddress } from './control.ts'

/** What a second start tells about the first one. */
export interface RunInfo {
  pid: number
  /** Absent while it is still starting. */
  summary?: string
  /** Where it can be asked for more; absent while it starts and while it stops. */
  control?: ControlAddress
  /** It is on its way out: worth waiting for. */
  stopping?: boolean
}

export interface RunLock {
  /** For a second start to say, and for who wants to ask more. */
  announce(ready: Pick<RunInfo, 'summary' | 'control'>): void
  announceStop(): void
  release(): void
}

export class AlreadyRuns extends Error {
  override name = 'AlreadyRuns'
  readonly info: RunInfo | undefined

  constructor(info: RunInfo | undefined) {
    super(`Berth already runs from this folder${info ? ` (pid ${info.pid})` : ''}`)
    this.info = info
  }
}

const STOP_TIMEOUT_MS = 60_000
const POLL_MS = 100

/** As lockFolder, but waits for a run that is stopping; `tell` takes a line about it. */
export function lockFolderPatiently(folder: string, tell: (line: string) => void): Promise<RunLock> {
  const deadline = performance.now() + STOP_TIMEOUT_MS
  return lockAfter(folder, (holder) => {
    if (!holder?.stopping || performance.now() > deadline) return undefined
    return () => tell(`the earlier run (pid ${holder.pid}) is stopping; waiting for it`)
  })
}

/** As lockFolder, but waits for whoever holds it, without a limit; `tell` takes a line about that. */
export function lockFolderInTurn(folder: string, tell: (line: string) => void, signal?: AbortSignal): Promise<RunLock> {
  const tellOf = (holder: RunInfo | undefined) => () =>
    tell(`waiting for another process${holder ? ` (pid ${holder.pid})` : ''} that is at it already`)
  return lockAfter(folder, tellOf, signal)
}

/** `wait`: says once that a holder is waited for; undefined: it is not waited for. */
async function lockAfter(
  folder: string,
  wait: (holder: RunInfo | undefined) => (() => void) | undefined,
  signal?: AbortSignal,
): Promise<RunLock> {
  for (let said = false; ; said = true) {
    try {
      return lockFolder(folder)
    } catch (error) {
      const say = error instanceof AlreadyRuns && wait(error.info)
      if (!say) throw error
      if (!said) say()
      await delay(POLL_MS, undefined, { signal })
    }
  }
}

/** Throws AlreadyRuns when another process holds it. */
export function lockFolder(folder: string): RunLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const infoFile = path.join(folder, 'running.json')
  const database = new DatabaseSync(path.join(folder, 'lock.db'))
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== 5) throw error // 5: SQLITE_BUSY
    throw new AlreadyRuns(readInfo(infoFile))
  }
  const write = (info: RunInfo) => writeFileSync(infoFile, JSON.stringify(info), { mode: 0o600 })
  write({ pid: process.pid })
  return {
    announce: (ready) => write({ pid: process.pid, ...ready }),
    announceStop: () => write({ pid: process.pid, stopping: true }),
    release: () => database.close(),
  }
}

function readInfo(file: string): RunInfo | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunInfo
  } catch {
    return undefined // it has only just begun
  }
}
