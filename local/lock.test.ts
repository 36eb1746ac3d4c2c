import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AlreadyRuns, lockFolder, lockFolderInTurn, lockFolderPatiently } from './lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'berth-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Another process that holds the lock, and says so. */
async function holder(then = '') {
  const script = `import { lockFolder } from ${JSON.stringify(path.join(import.meta.dirname, 'lock.ts'))}
    const lock = lockFolder(${JSON.stringify(folder)}); lock.announce({ summary: 'addresses' }); ${then} console.log('held')
    setInterval(() => lock.announce, 1000)` // a lock that nothing refers to is collected, and so given back
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  return child
}

it('is held by one process, which tells about itself, and ends with it', async () => {
  const child = await holder()
  expect(() => lockFolder(folder)).toThrow(AlreadyRuns)
  try {
    lockFolder(folder)
  } catch (error) {
    expect((error as AlreadyRuns).info).toEqual({ pid: child.pid, summary: 'addresses' })
  }
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  lockFolder(folder).release()
})

it('waits for a run that is stopping, and for no other', async () => {
  const running = await holder()
  await expect(lockFolderPatiently(folder, () => {})).rejects.toThrow(AlreadyRuns)
  running.kill('SIGKILL')
  await once(running, 'exit')

  const stopping = await holder('lock.announceStop();')
  const lines: string[] = []
  const taken = lockFolderPatiently(folder, (line) => {
    lines.push(line)
    stopping.kill('SIGKILL')
  })
  ;(await taken).release()
  expect(lines).toEqual([expect.stringContaining(`pid ${stopping.pid}`)])
})

it('waits in turn for whoever holds it, and no longer than it is told to', async () => {
  const running = await holder()
  const lines: string[] = []
  const asked = new AbortController()
  const given = lockFolderInTurn(folder, () => asked.abort(), asked.signal)
  await expect(given).rejects.toThrow()
  const taken = lockFolderInTurn(folder, (line) => {
    lines.push(line)
    running.kill('SIGKILL')
  })
  ;(await taken).release()
  expect(lines).toEqual([expect.stringContaining(`pid ${running.pid}`)])
})
