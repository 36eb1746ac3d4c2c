/**
 * Databases for tests: one server for a whole test run (or, without `shareTestPostgres`, one for each process that asks),
 * and a fresh, migrated database for everyone, copied from a template.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { migrate } from '@berth/core/postgres/migrate.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { startPostgres } from './postgres.ts'

export interface TestDatabase {
  /** Of the superuser and a database of its own, migrated and otherwise empty. */
  url: string
  /** Cuts its connections and drops it. */
  close(): Promise<void>
}

const TEMPLATE = 'berth_template'
/** Set by shareTestPostgres() for the processes that come after. */
const SHARED = 'BERTH_TEST_POSTGRES'

/** What a crash of the machine would cost does not matter to a test. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' }

/** A fresh database with Berth's schema. Roles are shared by all databases of the server. */
export async function startTestPostgres(): Promise<TestDatabase> {
  const serverUrl = process.env[SHARED] ?? (await ownServer())
  const name = `test_${randomBytes(6).toString('hex')}`
  await runAsOwner(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`)
  return {
    url: databaseUrl(serverUrl, name),
    close: () => runAsOwner(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

let started: Promise<string> | undefined
const ownServer = (): Promise<string> => {
  started ??= startServer().then(({ url }) => url)
  return started
}

/** For vitest's globalSetup: one server for all test files, of whatever project; the answer stops it. */
export async function shareTestPostgres(): Promise<() => Promise<void>> {
  if (process.env[SHARED]) return async () => {} // another project's
  const { url, stop } = await startServer()
  process.env[SHARED] = url
  return async () => {
    delete process.env[SHARED]
    await stop()
  }
}

async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'berth-test-postgres-'))
  const postgres = await startPostgres({ dataDir, settings })
  const letGo = removeWithUs(postgres.pid, dataDir)
  await runAsOwner(postgres.url, `CREATE DATABASE ${TEMPLATE}`)
  await migrate(databaseUrl(postgres.url, TEMPLATE))
  return {
    url: postgres.url,
    async stop() {
      letGo()
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/**
 * Test runners end their processes by a signal, so no code of ours runs at the end. A shell that waits for the end of its
 * input, which closes with this process however it dies, ends the server and removes its files. The answer calls that off.
 */
export function removeWithUs(pid: number, dataDir: string): () => void {
  const script = 'read -r line; kill -QUIT "$0"; while kill -0 "$0"; do sleep 0.1; done; rm -rf "$1"'
  const guard = spawn('/bin/sh', ['-c', script, String(pid), dataDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  ;(guard.stdin as Socket).unref()
  return () => void guard.kill('SIGKILL')
}

const databaseUrl = (serverUrl: string, name: string): string => {
  const url = new URL(serverUrl)
  url.pathname = name
  return url.href
}
