import type { WhatsAppSession } from '@berth/core/model/session.ts'
import { describe, expect, test } from 'vitest'
import { type ReportedSession, statusOf } from './kube-status.ts'

const SINCE = new Date('2026-01-02T03:04:05Z')
const NOW = new Date('2026-01-02T03:05:00Z')
const LATER = new Date('2026-01-02T04:00:00Z')

const resource = (status: WhatsAppSession['status'] = {}): WhatsAppSession => ({
  metadata: { name: 'acme.support', generation: 3 },
  spec: { tenant: 'acme', provider: 'Baileys', desiredState: 'Running', linking: { method: 'QR', attempt: 0 } },
  status,
})

const connected: ReportedSession = {
  id: 's1',
  linked: true,
  owner: { epoch: 4 },
  state: { state: 'Connected', since: SINCE, attempt: 0, phoneNumber: '+5511900000001', lid: '1@lid' },
}
const lost: ReportedSession = {
  ...connected,
  state: { ...connected.state, state: 'Disconnected', reason: 'NoAnswer', message: 'No answer.', attempt: 2 },
}

describe('the status that a worker writes', () => {
  test('is complete: the connection, and both conditions with the generation that they speak of', () => {
    const status = statusOf(connected, resource(), NOW)!
    expect(status.connection).toMatchObject({ state: 'Connected', attempt: 0, phoneNumber: '+5511900000001', epoch: 4 })
    expect(status.conditions).toEqual([
      expect.objectContaining({ type: 'Linked', status: 'True', observedGeneration: 3 }),
      expect.objectContaining({ type: 'Connected', status: 'True', observedGeneration: 3 }),
    ])
  })

  test('says why a session is not connected', () => {
    const connection = statusOf(lost, resource(), NOW)!.conditions!.find(({ type }) => type === 'Connected')
    expect(connection).toMatchObject({ status: 'False', reason: 'NoAnswer', message: 'No answer.' })
  })

  test('keeps the time of a condition that did not change, and leaves out what others write', () => {
    const before = statusOf(connected, resource(), NOW)!
    const ready = { type: 'Ready', status: 'True', reason: 'Connected', message: '', lastTransitionTime: 'x' } as const
    const after = statusOf(lost, resource({ ...before, conditions: [ready, ...before.conditions!] }), LATER)!
    const times = Object.fromEntries(after.conditions!.map((one) => [one.type, new Date(one.lastTransitionTime)]))
    expect(times).toEqual({ Linked: NOW, Connected: LATER })
  })

  test('is nothing when the resource says it already', () => {
    expect(statusOf(connected, resource(statusOf(connected, resource(), NOW)), LATER)).toBeUndefined()
  })
})
