import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { identify, isRunning } from './identity.ts'
import { ProcessLedger } from './ledger.ts'

let folder: string
let child: ChildProcess
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'berth-ledger-'))
  child = spawn('/bin/sh', ['-c', 'trap "" TERM; read -r line'], { detached: true })
})
afterEach(() => {
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

it('ends what an earlier run left behind, and waits until it is gone', async () => {
  new ProcessLedger(folder).record('child', child.pid!)
  const identity = identify(child.pid!)!
  const exited = once(child, 'exit')
  expect(await new ProcessLedger(folder).endOrphans()).toEqual([{ name: 'child', identity }])
  expect(isRunning(identity)).toBe(false)
  expect((await exited)[1]).toBe('SIGKILL')
  expect(readdirSync(folder)).toEqual([])
})

it('leaves a process alone that has got the pid of ours', async () => {
  new ProcessLedger(folder).record('child', child.pid!)
  const file = path.join(folder, 'child.json')
  const before = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...before, startedAt: 'long ago' }))
  expect(await new ProcessLedger(folder).endOrphans()).toEqual([])
  expect(identify(child.pid!)).toEqual(before)
})

it('forgets what ended, and minds no broken file', async () => {
  const ledger = new ProcessLedger(folder)
  ledger.record('child', child.pid!)
  ledger.forget('child')
  writeFileSync(path.join(folder, 'broken.json'), '{"pid":')
  expect(await ledger.endOrphans()).toEqual([])
  expect(identify(child.pid!)).toBeDefined()
})
