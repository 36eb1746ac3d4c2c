/** Where the test cluster keeps its files. */
import os from 'node:os'
import path from 'node:path'

/** Survives clusters: built binaries. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'berth')
}

/** Locks are no part of what they guard, which is removed while they are held. */
export const lockOf = (name: string): string => path.join(cacheFolder(), 'locks', name)
