import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { freePort } from '../ports.ts'
import { answers } from './answers.ts'
import { identify, isRunning } from './identity.ts'
import { ProcessLedger } from './ledger.ts'
import { Service } from './service.ts'

let folder: string
let lines: string[]
let service: Service
let port: number

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'berth-service-'))
  lines = []
  port = await freePort()
})
afterEach(async () => {
  await service.stop(0)
  rmSync(folder, { recursive: true })
})

const run = (script: string, stopMs = 5000): Service => {
  service = new Service({
    name: 'child',
    file: process.execPath,
    args: ['-e', script],
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    logFile: path.join(folder, 'child.log'),
    ledger: new ProcessLedger(path.join(folder, 'run')),
    isReady: () => answers(`http://127.0.0.1:${port}/`),
    tell: (line) => lines.push(line),
    stopMs,
  })
  return service
}

const server = 'require("http").createServer((_, r) => r.end()).listen(+process.env.PORT, "127.0.0.1");'

it('is ready when it answers, and started again when it ends', async () => {
  await run(server).start()
  const first = identify(service.pid!)!
  process.kill(first.pid, 'SIGKILL')
  await vi.waitFor(
    async () => expect(service.pid !== first.pid && (await answers(`http://127.0.0.1:${port}/`))).toBe(true),
    { timeout: 60_000, interval: 20 },
  )
  expect(lines).toEqual(['child was ended by SIGKILL; it is started again now'])
})

it('that never starts says so with its last words', async () => {
  const failing = run('console.error("no such thing"); process.exit(3)')
  await expect(failing.start()).rejects.toThrow(/child ends as soon as it is started.*no such thing/s)
  expect(readFileSync(path.join(folder, 'child.log'), 'utf8').match(/no such thing/g)).toHaveLength(3)
})

it('that does not end when asked to is killed', async () => {
  await run(`${server} process.on("SIGTERM", () => {})`, 100).start()
  const child = identify(service.pid!)!
  await service.stop()
  expect(isRunning(child)).toBe(false)
})
