/**
 * One run per data folder. The lock is the operating system's, through SQLite: it ends with the process that holds it,
 * however that ends, so none is ever left behind.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What a second start tells about the first one. */
export interface RunInfo {
  pid: number
  /** Absent while it is still starting. */
  summary?: string
}

export interface RunLock {
  /** For a second start to say. */
  announce(summary: string): void
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
    announce: (summary) => write({ pid: process.pid, summary }),
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
