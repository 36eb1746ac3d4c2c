/** The embedded Postgres: nothing is lost or left behind, whatever is killed. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { startPostgres } from '@berth/local/postgres/postgres.ts'
import { startPostgresService } from '@berth/local/postgres/service.ts'
import { identify, isRunning } from '@berth/local/process/identity.ts'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { kill, startFixture } from './fixtures/child.ts'

let dataDir: string
const stops: (() => Promise<void>)[] = []

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'berth-postgres-'))
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function start(log: (line: string) => void = () => {}) {
  const postgres = await startPostgres({ dataDir, log })
  stops.push(postgres.stop)
  return postgres
}

const insert = (url: string, value: number) =>
  runAsOwner(url, 'CREATE TABLE IF NOT EXISTS kept (value int UNIQUE)', `INSERT INTO kept VALUES (${value})`)

it('keeps its data over a clean stop, and its password to itself', async () => {
  const first = await start()
  await insert(first.url, 1)
  await first.stop()
  expect(isRunning({ pid: first.pid, startedAt: identify(first.pid)?.startedAt ?? '' })).toBe(false)
  expect((await stat(path.join(dataDir, 'password'))).mode & 0o777).toBe(0o600)
  const second = await start()
  await expect(insert(second.url, 1)).rejects.toThrow('unique')
  const wrong = new URL(second.url)
  wrong.password = 'guessed'
  await expect(runAsOwner(wrong.href, 'SELECT 1')).rejects.toThrow('password')
})

it('whose supervisor was killed is stopped by the next one, and has lost nothing', async () => {
  const first = await startFixture<{ pid: number; url: string }>('postgres.ts', dataDir)
  await insert(first.said.url, 1)
  const orphan = identify(first.said.pid)!
  await kill(first.process)
  expect(isRunning(orphan)).toBe(true)
  const lines: string[] = []
  const second = await start((line) => lines.push(line))
  expect(isRunning(orphan)).toBe(false)
  expect(lines).toEqual([`stopping the Postgres of an earlier run (pid ${orphan.pid})`])
  await expect(insert(second.url, 1)).rejects.toThrow('unique')
})

it('that was killed itself is started again on the same port, which is another one where that was taken', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  stops.push(async () => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const lines: string[] = []
  const service = await startPostgresService({ dataDir, port, log: (line) => lines.push(line) })
  stops.push(service.stop)
  expect(service.port).not.toBe(port)
  await insert(service.url, 1)
  process.kill(service.pid(), 'SIGKILL')
  await vi.waitFor(() => expect(insert(service.url, 1)).rejects.toThrow('unique'), { timeout: 60_000, interval: 50 })
  expect(lines[0]).toContain('postgres ended')

  await service.pause()
  await expect(insert(service.url, 1)).rejects.toThrow('ECONNREFUSED')
  await service.resume()
  await expect(insert(service.url, 1)).rejects.toThrow('unique')
})

it('that cannot start says why', async () => {
  const first = await start()
  await first.stop()
  const settings = { shared_buffers: 'plenty' }
  await expect(startPostgres({ dataDir, settings })).rejects.toThrow(/did not start: .*"shared_buffers"/s)
  expect(await readFile(path.join(dataDir, 'postgres.log'), 'utf8')).toContain('shared_buffers')
})
