import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dataFolder } from './clone.ts'
import { freePort } from './ports.ts'
import { choosePorts, readSettings, writeSettings } from './settings.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'berth-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('settings', () => {
  it('are made once, and kept for their user only', () => {
    const file = path.join(folder, 'config.json')
    const first = readSettings(file)
    writeSettings(file, { ...first, hasDemo: true })
    expect(readSettings(file)).toEqual({ ...first, hasDemo: true })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readSettings(path.join(folder, 'other.json')).encryptionKeys).not.toBe(first.encryptionKeys)
  })

  it('that are damaged are not made anew: the keys would be lost', () => {
    const file = path.join(folder, 'config.json')
    writeFileSync(file, '{')
    expect(() => readSettings(file)).toThrow(file)
  })
})

describe('ports', () => {
  it('stay where they were, go on where they are taken, and differ', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const free = await freePort()
    const chosen = await choosePorts({ gateway: free, simulator: port }, {}, true)
    taken.close()
    expect(chosen.gateway).toBe(free)
    expect(chosen.simulator).toBeGreaterThan(port)
    expect(new Set(Object.values(chosen)).size).toBe(6)
  })

  it('that are wished for win over those of last time', async () => {
    const [last, wanted] = [await freePort(), await freePort()]
    expect((await choosePorts({ gateway: last }, { gateway: wanted }, true)).gateway).toBe(wanted)
  })
})

describe('the data folder', () => {
  it('is in the clone, and for root outside of it, one for each clone', () => {
    expect(dataFolder('/src/berth', false)).toBe('/src/berth/.berth')
    expect(dataFolder('/root/my berth', true)).toMatch(/^\/var\/lib\/berth\/my-berth-[0-9a-f]{8}$/)
    expect(dataFolder('/root/a/berth', true)).not.toBe(dataFolder('/root/b/berth', true))
    expect(dataFolder('/src/berth', true, '/data')).toBe('/data')
  })
})
