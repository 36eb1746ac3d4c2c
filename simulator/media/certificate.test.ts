// The certificate that is written by hand, as Node reads it.
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Database } from '../state/database.ts'
import { loadTlsIdentity } from './certificate.ts'

it('is kept, names who serves it, and is made anew for another host under the same key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-certificate-'))
  const database = new Database(folder)
  const first = loadTlsIdentity(database, '127.0.0.1')
  expect(loadTlsIdentity(database, 'localhost')).toEqual(first)
  for (const [host, isAddress] of [
    ['whatsapp.example', false],
    ['10.1.2.3', true],
    ['fd00::1:2', true],
  ] as const) {
    const { key, certificate } = loadTlsIdentity(database, host)
    const read = new X509Certificate(certificate)
    expect(isAddress ? read.checkIP(host) : read.checkHost(host)).toBe(host)
    expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(read.checkIP('127.0.0.2')).toBeUndefined()
    expect(key).toBe(first.key)
    expect(read.verify(new X509Certificate(first.certificate).publicKey)).toBe(true)
    expect(read.validToDate.getUTCFullYear()).toBe(2049)
  }
  database.close()
  rmSync(folder, { recursive: true })
})
