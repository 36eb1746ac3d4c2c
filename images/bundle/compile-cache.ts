/** What V8 compiled of a program, for its next start: a quarter less time (Node's compile cache, which works read-only). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'

/** Node keeps a cache for each user. */
const USER = 1000

/**
 * Runs each program once, which says its help or what settings it misses, and ends. The cache holds only at this path.
 * @param folder of the bundle
 */
export async function fillCompileCache(folder: string, programs: string[]): Promise<void> {
  const cache = path.join(folder, 'cache')
  await mkdir(cache)
  const isRoot = process.getuid?.() === 0
  if (isRoot) await chown(cache, USER, USER)
  for (const name of programs) {
    const child = spawn(process.execPath, [path.join(folder, `${name}.js`), '--help'], {
      stdio: 'ignore',
      env: {},
      ...(isRoot ? { uid: USER, gid: USER } : {}),
    })
    const [, signal] = await once(child, 'exit')
    if (signal) throw new Error(`${name} ended with ${signal}`)
  }
  if ((await readdir(cache)).length === 0) throw new Error('The programs left nothing in the compile cache')
  if (isRoot) await chown(cache, 0, 0)
}
