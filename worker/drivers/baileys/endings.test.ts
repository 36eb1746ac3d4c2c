import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ConnectionState } from '@berth/core/model/session.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bannedUntil, MEANINGS, meaningOf } from './endings.ts'

const GUIDE = path.join(import.meta.dirname, '../../../docs/troubleshooting.md')

test('what needs a person says what to do', () => {
  for (const { retry, message } of Object.values(MEANINGS)) {
    if (['never', 'by the next owner', 'at its time'].includes(retry)) {
      expect(message).toMatch(/Link it again|stop and start|update Berth/)
    }
  }
})

test('every code has a meaning that fits into a resource', () => {
  fc.assert(
    fc.property(fc.option(fc.integer({ min: 0, max: 9999 }), { nil: undefined }), (code) => {
      const { state, reason, message } = meaningOf(code)
      expect(ConnectionState.options).toContain(state)
      expect(reason).toMatch(/^[A-Z][A-Za-z0-9]{1,63}$/)
      expect(message.length).toBeLessThan(1024)
    }),
  )
})

test('what is not known is tried slowly, unless the server speaks of its own trouble', () => {
  expect(meaningOf(418)).toMatchObject({ state: 'Disconnected', reason: 'Code418', retry: 'slowly' })
  expect(meaningOf(501)).toMatchObject({ reason: 'Code501', retry: 'soon' })
  expect(meaningOf(undefined)).toBe(MEANINGS[428])
})

test('a ban that passes says until when, and why', () => {
  const until = new Date('2026-11-21T22:30:00Z')
  expect(bannedUntil(until, '102').message).toContain('until 2026-11-21 22:30 UTC (too many people blocked it)')
  expect(bannedUntil(until, '199').message).toContain('UTC (cause 199)')
  expect(bannedUntil(until, undefined).message).toContain('UTC. ')
})

test('the guide has the same table', () => {
  const rows = Object.entries(MEANINGS).map(
    ([code, { state, reason, message, retry }]) => `| ${code} | ${state} | \`${reason}\` | ${message} | ${retry} |`,
  )
  expect(readFileSync(GUIDE, 'utf8')).toContain(['|---|---|---|---|---|', ...rows, ''].join('\n'))
})
