/** The stand-in for the official image of Postgres does what the chart's trial asks of that one. */
import { chown, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { migrate } from '@berth/core/postgres/migrate.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { freePort } from '@berth/local/ports.ts'
import { until } from '@berth/test/worker/until.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Container, startContainer } from './testing/container.ts'
import { type UnpackedImage, unpackImages } from './testing/image.ts'

const POSTGRES = 999
const ENVIRONMENT = { POSTGRES_USER: 'berth', POSTGRES_DB: 'berth', POSTGRES_PASSWORD: "it's a secret" }

let image: UnpackedImage
let folder: string
let container: Container | undefined

beforeEach(async () => {
  image = (await unpackImages('postgres')).postgres
  folder = await mkdtemp(path.join(os.tmpdir(), 'berth-postgres-'))
  await chown(folder, POSTGRES, POSTGRES)
})
afterEach(async () => {
  await container?.remove()
  container = undefined
  await image.remove()
  await rm(folder, { recursive: true })
})

/** As in the chart: volumes for data, sockets and temporary files, and PGDATA below one of them. */
async function start(env: Record<string, string>, port: number): Promise<Container> {
  const mount = { from: folder, writable: true }
  const mounts = { '/data': mount, '/var/run/postgresql': mount, '/tmp': mount }
  const args = ['-c', `port=${port}`]
  container = await startContainer(image, { env: { PGDATA: '/data/postgres', ...env }, mounts, args })
  return container
}

const urlAt = (port: number) =>
  `postgres://berth:${encodeURIComponent(ENVIRONMENT.POSTGRES_PASSWORD)}@127.0.0.1:${port}/berth`

const untilItAnswers = (url: string) =>
  until(
    () =>
      runAsOwner(url, 'SELECT 1').then(
        () => true,
        () => undefined,
      ),
    60,
  )

test('makes the database that was named, keeps it over a restart, and ends with 0', async () => {
  const port = await freePort()
  const first = await start(ENVIRONMENT, port)
  await untilItAnswers(urlAt(port))
  await migrate(urlAt(port))
  expect(await first.stop('INT')).toBe(0)
  await first.remove()

  // The password is that of the first start.
  const second = await start({ ...ENVIRONMENT, POSTGRES_PASSWORD: 'another' }, port)
  await untilItAnswers(urlAt(port))
  await runAsOwner(urlAt(port), 'SELECT count(*) FROM berth.worker_lease')
  expect(await second.stop('INT')).toBe(0)
})

test('wants a password for a new database', async () => {
  const { POSTGRES_PASSWORD: _, ...env } = ENVIRONMENT
  const without = await start(env, await freePort())
  expect(await without.exited).toBe(1)
  expect(without.output()).toContain('Set POSTGRES_PASSWORD')
})
