/**
 * An embedded Postgres: real server processes, supervised by us, with their data in one folder.
 *
 *   <dataDir>/data          the cluster; appears whole or not at all
 *   <dataDir>/password      of the user postgres, readable by us only
 *   <dataDir>/postgres.log  what the server says
 *
 * It listens on 127.0.0.1 only, without a Unix socket. As root the server runs as the user nobody, since Postgres refuses
 * to run as root. It is detached, so that Ctrl-C reaches us first and we stop it last; should we be killed, the next start
 * on the same folder stops the server that was left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../ports.ts'
import { commandLine, identify, signal, waitUntilGone } from '../process/identity.ts'
import { closedAncestor, postgresBinaries } from './binaries.ts'

export interface PostgresOptions {
  dataDir: string
  /** A free one when it is not given. */
  port?: number
  /** Server settings on top of ours. */
  settings?: Record<string, string>
  /** Takes single lines that a person may want to know. */
  log?: (line: string) => void
}

/** Somebody else listens on the port by now. */
export class PortTaken extends Error {
  override name = 'PortTaken'
}

export interface Postgres {
  /** Of the superuser and the database postgres. */
  url: string
  port: number
  pid: number
  /** Resolves when the server has ended, whoever ended it. */
  ended: Promise<void>
  /** Ends all connections and then the server; nothing that was committed is lost. */
  stop(): Promise<void>
}

/** The user nobody, under which every system has this number. */
const NOBODY = 65534
const POLL_MS = 10
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 10_000
/** A free port may be taken before the server has it. */
const PORT_TRIES = 5
const LOG_LIMIT_BYTES = 5_000_000
/** Children of a killed server hold its shared memory for a moment; so long we try again. */
const SHARED_MEMORY_TIMEOUT_MS = 10_000

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  log_destination: 'stderr',
  logging_collector: 'off',
  max_connections: '200',
}

/** What every program of Postgres is run with. */
interface Runtime {
  bin: string
  data: string
  spawn: { uid?: number; gid?: number; env: NodeJS.ProcessEnv; cwd: string }
}

/**
 * Starts the server on this folder, making the cluster first when there is none; resolves when it takes connections.
 * Throws PortTaken for a port that was given.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { dataDir, log = () => {} } = options
  const asNobody = process.getuid?.() === 0
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  if (asNobody) await openTo(dataDir)
  const data = path.join(path.resolve(dataDir), 'data')
  const runtime: Runtime = {
    bin: await postgresBinaries(asNobody),
    data,
    spawn: {
      ...(asNobody ? { uid: NOBODY, gid: NOBODY } : {}),
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      cwd: path.resolve(dataDir),
    },
  }
  if (!(await exists(data))) await initialise(runtime, dataDir)
  await stopOrphan(data, log)
  const settings = { ...SETTINGS, ...options.settings }
  const password = await readFile(path.join(dataDir, 'password'), 'utf8')
  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await freePort())
    try {
      return supervise(await launch(runtime, dataDir, port, settings), port, password)
    } catch (error) {
      const another = error instanceof PortTaken && options.port === undefined && tries < PORT_TRIES
      if (!another) throw error
    }
  }
}

function supervise(child: ChildProcess, port: number, password: string): Postgres {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const pid = child.pid!
  const stopAtExit = () => signal(pid, 'SIGINT')
  process.once('exit', stopAtExit)
  const off = ended.then(() => process.off('exit', stopAtExit))
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    port,
    pid,
    ended,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      signal(pid, 'SIGINT') // fast: running transactions are rolled back
      const impatience = setTimeout(() => signal(pid, 'SIGQUIT'), STOP_TIMEOUT_MS)
      await off
      clearTimeout(impatience)
    },
  }
}

/** Nobody must be able to walk to the folder; what is in it keeps its own modes. */
async function openTo(dataDir: string): Promise<void> {
  await chmod(dataDir, 0o711)
  const closed = await closedAncestor(dataDir)
  if (!closed) return
  throw new Error(
    `As root, Postgres runs as the user nobody, who can't enter ${closed}. ` +
      `Choose another data folder (BERTH_DATA=/var/lib/berth/…), or open this one: chmod o+x ${closed}`,
  )
}

/** Makes the cluster under another name first: a crash on the way leaves nothing that looks like one. */
async function initialise(runtime: Runtime, dataDir: string): Promise<void> {
  const partial = path.join(path.resolve(dataDir), 'data.new')
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { mode: 0o700 })
  const password = path.join(path.resolve(dataDir), 'password')
  await rm(password, { force: true })
  await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 })
  const { uid, gid } = runtime.spawn
  if (uid !== undefined && gid !== undefined) {
    await chown(partial, uid, gid)
    await chown(password, uid, gid)
  }
  const initdb = spawn(
    path.join(runtime.bin, 'initdb'),
    ['-D', partial, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${password}`].concat([
      '-E',
      'UTF8',
      '--locale=C',
      '--no-instructions',
      '--no-sync',
    ]),
    { ...runtime.spawn, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  initdb.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const [code, killedBy] = (await once(initdb, 'close')) as [number | null, string | null]
  if (code !== 0)
    throw new Error(`The database could not be made: initdb ended with ${code ?? killedBy}. ${said.trim()}`)
  await rename(partial, runtime.data)
}

/** The server of an earlier run whose supervisor was killed. Its lock file is never deleted: it does that itself. */
export async function stopOrphan(data: string, log: (line: string) => void): Promise<void> {
  const lock = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(lock.split('\n')[0])
  if (!pid || !commandLine(pid).includes(data)) return
  const orphan = identify(pid)
  if (!orphan) return
  log(`stopping the Postgres of an earlier run (pid ${pid})`)
  signal(pid, 'SIGINT')
  if (await waitUntilGone(orphan, STOP_TIMEOUT_MS)) return
  signal(pid, 'SIGQUIT')
  if (!(await waitUntilGone(orphan, STOP_TIMEOUT_MS))) throw new Error(`Postgres (pid ${pid}) does not stop.`)
}

async function launch(
  runtime: Runtime,
  dataDir: string,
  port: number,
  settings: Record<string, string>,
): Promise<ChildProcess> {
  const logFile = path.join(dataDir, 'postgres.log')
  const giveUpAt = performance.now() + SHARED_MEMORY_TIMEOUT_MS
  while (true) {
    const logStart = await shorten(logFile)
    const log = await open(logFile, 'a', 0o600)
    const child = spawn(
      path.join(runtime.bin, 'postgres'),
      [
        '-D',
        runtime.data,
        '-p',
        String(port),
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ],
      { ...runtime.spawn, detached: true, stdio: ['ignore', log.fd, log.fd] },
    )
    const failure = await untilReady(child, runtime.data)
    await log.close()
    if (failure === undefined) return child
    const said = (await readFile(logFile, 'utf8')).slice(logStart).trim()
    if (/could not bind .*Address already in use/.test(said)) throw new PortTaken(`Port ${port} is taken. ${said}`)
    const held = /shared memory block|lock file .* already exists/.test(said)
    if (!held || performance.now() > giveUpAt) throw new Error(`Postgres did not start: ${failure}. ${said}`)
    await delay(100)
  }
}

/** Empties a log that has grown too long; answers where new lines will begin. */
async function shorten(logFile: string): Promise<number> {
  const size = await stat(logFile).then(
    (s) => s.size,
    () => 0,
  )
  if (size < LOG_LIMIT_BYTES) return size
  await rename(logFile, `${logFile}.old`)
  return 0
}

/** The server writes its state into the last line of its pid file. Answers why it is not ready, or undefined. */
async function untilReady(child: ChildProcess, data: string): Promise<string | undefined> {
  let failure: string | undefined
  child.once('error', (error) => {
    failure = error.message
  })
  child.once('exit', (code, by) => {
    failure ??= `it ended with ${code ?? by}`
  })
  const deadline = performance.now() + START_TIMEOUT_MS
  while (failure === undefined) {
    const lines = (await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return undefined
    if (performance.now() > deadline) {
      child.kill('SIGQUIT')
      return `it was not ready within ${START_TIMEOUT_MS / 1000} s`
    }
    await delay(POLL_MS)
  }
  return failure
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )
