/** One process at a time, on the whole machine. The lock ends with its holder, however that ends. */
import { lockFolderInTurn } from '@berth/local/lock.ts'
import { lockOf } from './folders.ts'

/** Waits for its turn until the signal comes: `onWait` hears, once, whom it waits for. */
export async function withLock<T>(
  name: string,
  onWait: (line: string) => void,
  task: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const lock = await lockFolderInTurn(lockOf(name), onWait, signal)
  try {
    return await task()
  } finally {
    lock.release()
  }
}
