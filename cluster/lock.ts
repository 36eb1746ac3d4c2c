/** One process at a time, on the whole machine. The lock ends with its holder, however that ends. */
import { setTimeout as delay } from 'node:timers/promises'
import { AlreadyRuns, lockFolder, type RunLock } from '@berth/local/lock.ts'
import { lockOf } from './folders.ts'

const POLL_MS = 200

/** Waits for its turn without a limit: `onWait` hears, once, whom it waits for. */
export async function withLock<T>(name: string, onWait: (line: string) => void, task: () => Promise<T>): Promise<T> {
  const lock = await acquire(name, onWait)
  try {
    return await task()
  } finally {
    lock.release()
  }
}

async function acquire(name: string, onWait: (line: string) => void): Promise<RunLock> {
  for (let said = false; ; said = true) {
    try {
      return lockFolder(lockOf(name))
    } catch (error) {
      if (!(error instanceof AlreadyRuns)) throw error
      if (!said)
        onWait(`waiting for another process${error.info ? ` (pid ${error.info.pid})` : ''} that is at it already`)
      await delay(POLL_MS)
    }
  }
}
