import type { SessionState } from '@berth/client'
import { expect, test } from 'vitest'
import { isLinked, wordOn } from './linking.ts'

const word = (state: SessionState, more: object = {}) => wordOn({ state, ...more }, 'acme.support')

test('a code that is offered speaks for itself; that there are new ones is worth a word', () => {
  expect(word('WaitingForScan', { reason: 'CodeReady', message: 'Scan the code.' })).toEqual({})
  expect(word('WaitingForScan', { reason: 'NobodyLooks', message: 'Ask for the code.' })).toEqual({})
  expect(word('Connecting', { reason: 'CodeWanted', message: 'Somebody asked.' })).toEqual({})
  expect(word('WaitingForScan', { reason: 'NewCode', message: 'New ones come.' })).toEqual({ say: 'New ones come.' })
})

test('tells the scan, and what is on its way', () => {
  expect(word('Connecting', { reason: 'Scanned', message: 'x' }).say).toMatch(/^Scanned/)
  expect(word('Connecting', { reason: 'Restart', message: 'x' })).toEqual(word('Connecting', { reason: 'Scanned' }))
  expect(word('Connecting', { reason: 'Claimed', message: 'A worker took it.' }).say).toContain('A worker took it.')
  expect(word('Pending', { message: 'No worker is free.' })).toEqual({ say: 'Pending: No worker is free.' })
})

test.each<[SessionState, string]>([
  ['Stopped', 'sessions start acme.support'],
  ['LoggedOut', 'sessions link acme.support'],
  ['Banned', 'is Banned: why'],
  ['Failed', 'is Failed: why'],
])('%s does not go on without somebody', (state, advice) => {
  expect(word(state, { message: 'why' }).stuck).toContain(advice)
})

test('a session that reconnects is linked, one that was logged out is not', () => {
  expect(isLinked({ state: 'Disconnected', phoneNumber: '+55' })).toBe(true)
  expect(isLinked({ state: 'LoggedOut', phoneNumber: '+55' })).toBe(false)
  expect(isLinked({ state: 'Connecting' })).toBe(false)
})
