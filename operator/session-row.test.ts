import { sessionIdOf } from '@berth/core/model/names.ts'
import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { describe, expect, it } from 'vitest'
import { decideRow, type SessionRow } from './session-row.ts'

const space = { installation: '00000000-0000-4000-8000-000000000000', namespace: 'berth' }
const id = sessionIdOf(space.installation, space.namespace, 'acme.support')
const elsewhere = '11111111-1111-4111-8111-111111111111'

const session = (more: object = {}): WhatsAppSession => ({
  metadata: { name: 'acme.support', uid: 'uid' },
  spec: SessionSpec.parse({ tenant: 'acme', ...more }),
})
const row = (more: Partial<SessionRow> = {}): SessionRow => ({
  id,
  tenantId: 'acme-id',
  name: 'support',
  resourceName: 'acme.support',
  resourceUid: 'uid',
  provider: 'Baileys',
  desiredState: 'Running',
  deleted: false,
  ...more,
})
const decide = (resource: WhatsAppSession, ...rows: SessionRow[]) =>
  decideRow(
    resource,
    'acme-id',
    {
      byId: (wanted) => rows.find((known) => known.id === wanted),
      living: (name) => rows.find((known) => known.resourceName === name && !known.deleted),
    },
    space,
  )
const blockedBy = (decision: ReturnType<typeof decide>) => 'blocked' in decision && decision.blocked.reason

describe('decideRow', () => {
  it('makes a row under an id of its own', () => {
    expect(decide(session())).toEqual({ row: row(), write: 'insert' })
  })

  it('writes what has changed, and nothing else', () => {
    expect(decide(session(), row())).toEqual({ row: row(), write: 'none' })
    expect(decide(session({ desiredState: 'Stopped' }), row())).toMatchObject({ write: 'update' })
    expect(decide(session(), row({ resourceUid: 'created anew' }))).toMatchObject({ write: 'update' })
  })

  it('takes retained data over only when they are named', () => {
    const retained = row({ deleted: true })
    expect(blockedBy(decide(session(), retained))).toBe('DataRetained')
    expect(decide(session({ adopt: id }), retained)).toEqual({ row: row(), write: 'update' })
  })

  it('adopts the data of a session of another name', () => {
    const old = row({ id: elsewhere, resourceName: 'acme.old', name: 'old', deleted: true })
    expect(decide(session({ adopt: elsewhere }), old)).toEqual({ row: row({ id: elsewhere }), write: 'update' })
  })

  it('refuses data that are not there, in use, or of another tenant', () => {
    expect(blockedBy(decide(session({ adopt: elsewhere })))).toBe('AdoptNotFound')
    const used = row({ id: elsewhere, resourceName: 'acme.other' })
    expect(blockedBy(decide(session({ adopt: elsewhere }), used))).toBe('AdoptInUse')
    const foreign = row({ id: elsewhere, resourceName: 'x.old', tenantId: 'x-id', deleted: true })
    expect(blockedBy(decide(session({ adopt: elsewhere }), foreign))).toBe('AdoptNotFound')
    expect(blockedBy(decide(session(), row({ tenantId: 'x-id' })))).toBe('NameTaken')
  })
})
