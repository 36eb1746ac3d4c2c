import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { identify } from '@berth/local/process/identity.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ageOf, Processes } from './processes.ts'

let folder: string
let processes: Processes

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'berth-processes-'))
  processes = new Processes(folder)
})
afterEach(async () => {
  await processes.killAll()
  rmSync(folder, { recursive: true })
})

const program = (script: string) => ({
  name: 'child',
  file: '/bin/sh',
  args: ['-c', script],
  isReady: async () => existsSync(path.join(folder, 'ready')),
})
const waiting = () => program(`touch '${folder}/ready'; exec sleep 600`)

it('starts a program once, and finds and ends it from elsewhere', async () => {
  await processes.start(waiting())
  const identity = processes.find('child')!
  await processes.start(waiting())
  expect(processes.find('child')).toEqual(identity)
  const elsewhere = new Processes(folder)
  expect(elsewhere.find('child')).toEqual(identity)
  await elsewhere.kill('child')
  expect(processes.find('child')).toBeUndefined()
})

it.runIf(process.platform === 'linux')('knows for how long a process has been running', async () => {
  await processes.start(waiting())
  expect(ageOf(processes.find('child')!)).toBeLessThan(600)
  expect(ageOf(identify(1)!)).toBeGreaterThanOrEqual(ageOf(processes.find('child')!))
})

it('says the last words of a program that ends while it starts', async () => {
  await expect(processes.start(program('echo no such thing >&2'))).rejects.toThrow(
    /child ended while it started.*no such thing/s,
  )
})

it('says why a program can not be started at all', async () => {
  const file = path.join(folder, 'program')
  writeFileSync(file, 'not a program')
  await expect(processes.start({ ...program(''), file })).rejects.toThrow(/child can't be started: .*EACCES/)
})
