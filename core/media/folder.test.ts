import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mediaStoreContract } from './contract.testing.ts'
import { FolderStore } from './folder.ts'

let root: string

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'berth-media-'))
})

afterAll(() => rm(root, { recursive: true, force: true }))

describe('a folder', () => {
  mediaStoreContract(() => new FolderStore(root), 50)

  it('killed half-way leaves a temporary only, which the sweep removes when it is old', async () => {
    const id = randomUUID()
    const program = `
      import { FolderStore } from ${JSON.stringify(path.join(import.meta.dirname, 'folder.ts'))}
      async function* half() {
        yield Buffer.alloc(100_000)
        process.stdout.write('half')
        await new Promise(() => setInterval(() => {}, 1000))
      }
      await new FolderStore(${JSON.stringify(root)}).put(${JSON.stringify(id)}, half(), { maxBytes: 1_000_000 })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const store = new FolderStore(root)
    expect(await store.stat(id)).toBeUndefined()
    const left = await readdir(path.join(root, '.incoming'))
    expect(left).toEqual([expect.stringContaining(id)])
    expect(await store.sweep(new Date(Date.now() - 3_600_000))).toBe(0)
    expect(await store.sweep(new Date(Date.now() + 3_600_000))).toBe(1)
    expect(await readdir(path.join(root, '.incoming'))).toEqual([])
  })
})
