/** Two set-ups of one clone at once: the second waits for the first. */
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 200

/** Outside of the clone: an installation begins by removing node_modules. */
const lockFile = (clone) => {
  const user = process.getuid?.() ?? 0
  return path.join(os.tmpdir(), `berth-setup-${user}-${createHash('sha256').update(clone).digest('hex').slice(0, 16)}`)
}

/** Calls `work` while holding the lock of this clone. */
export async function withLock(clone, work) {
  const file = lockFile(clone)
  let said = false
  while (!take(file)) {
    const holder = Number(read(file))
    if (holder && !isAlive(holder)) rmSync(file, { force: true })
    else if (!said)
      console.log(`Another set-up of this folder runs${holder ? ` (pid ${holder})` : ''}; waiting for it.`)
    said = true
    await delay(POLL_MS)
  }
  // A killed set-up leaves the file; the next one finds its pid dead.
  const release = () => rmSync(file, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
