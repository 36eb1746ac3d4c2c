import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Curve, proto } from '@whiskeysockets/baileys'
import { beforeEach, expect, it } from 'vitest'
import type { Database } from '../state/database.ts'
import { openState } from '../state/state.ts'
import { loadAuthority } from './certificate.ts'

let database: Database
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  ;({ database } = openState(folder, Date.now, undefined))
  return () => {
    database.close()
    rmSync(folder, { recursive: true })
  }
})

it('keeps the root that it made', () => {
  expect(loadAuthority(database).rootPublic).toEqual(loadAuthority(database).rootPublic)
})

it('takes a root that it is given, signs with it, and keeps it', () => {
  const { private: rootKey, public: rootPublic } = Curve.generateKeyPair()
  loadAuthority(database)
  const given = loadAuthority(database, Buffer.from(rootKey))
  expect(given.rootPublic).toEqual(Buffer.from(rootPublic))
  const { intermediate } = proto.CertChain.decode(given.chain)
  expect(Curve.verify(rootPublic, intermediate!.details!, intermediate!.signature!)).toBe(true)
  expect(loadAuthority(database).rootPublic).toEqual(given.rootPublic)
})
