/** The store of files over a real S3-compatible server. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { ensureBinaries } from '@berth/cluster/binaries/build.ts'
import { mediaStoreContract } from '@berth/core/media/contract.testing.ts'
import { openMediaStore } from '@berth/core/media/open.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const KEY = { BERTH_MEDIA_S3_KEY_ID: 'test', BERTH_MEDIA_S3_SECRET: randomBytes(16).toString('hex') }
const BUCKET = 'pictures'

let folder: string
let server: ChildProcess
let url: string

beforeAll(async () => {
  const { versitygw } = await ensureBinaries(['versitygw'], console.log)
  // Its objects' metadata are extended attributes, which file systems in memory may not have.
  folder = await mkdtemp(path.join('/var/tmp', 'berth-s3-'))
  await mkdir(path.join(folder, 'buckets', BUCKET), { recursive: true })
  const port = await freePort()
  server = spawn(versitygw, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', path.join(folder, 'buckets')], {
    env: { ROOT_ACCESS_KEY: KEY.BERTH_MEDIA_S3_KEY_ID, ROOT_SECRET_KEY: KEY.BERTH_MEDIA_S3_SECRET },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  url = `http://127.0.0.1:${port}`
  await vi.waitFor(() => fetch(url), { timeout: 60_000 })
})

afterAll(async () => {
  server.kill()
  await once(server, 'exit')
  await rm(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const listening = createServer().listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  listening.close()
  return port
}

const open = (more: Partial<typeof KEY> = {}) =>
  openMediaStore({ BERTH_MEDIA_URL: `s3://${BUCKET}/files?endpoint=${encodeURIComponent(url)}`, ...KEY, ...more })!

describe('a bucket', () => {
  mediaStoreContract(open, 15)

  it('is swept of uploads that broke off, when they are old', async () => {
    const store = open()
    async function* half() {
      yield Buffer.alloc(17 * 1024 * 1024)
      began.resolve()
      await new Promise(() => {})
    }
    const began = Promise.withResolvers<void>()
    const id = randomUUID()
    void store.put(id, half(), { maxBytes: 2 ** 30 })
    await began.promise
    expect(await store.stat(id)).toBeUndefined()
    expect(await store.sweep(new Date(Date.now() - 3_600_000))).toBe(0)
    expect(await store.sweep(new Date(Date.now() + 3_600_000))).toBe(1)
    expect(await store.sweep(new Date(Date.now() + 3_600_000))).toBe(0)
  })

  it('says why it does not answer', async () => {
    await expect(open({ BERTH_MEDIA_S3_SECRET: 'wrong' }).delete(randomUUID())).rejects.toThrow(
      /the object store answered 403 \w+ to DELETE/,
    )
  })
})
