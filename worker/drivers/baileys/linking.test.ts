import { EventEmitter } from 'node:events'
import type { BinaryNode, WASocket } from '@whiskeysockets/baileys'
import { describe, expect, test } from 'vitest'
import type { QrCode } from '../driver.ts'
import { Linking } from './linking.ts'

const NUMBER = '+5511900000001'

/** A linking, and what it told its session. */
function world() {
  const told = { reasons: [] as (string | undefined)[], code: undefined as QrCode | undefined, forgotten: 0 }
  const audience = { looks: true }
  const linking = new Linking(
    {
      qr: (code) => {
        told.code = code
      },
      isCodeWanted: () => audience.looks,
    },
    { me: undefined, forgetPairingCode: () => told.forgotten++ },
    ({ reason }) => told.reasons.push(reason),
  )
  return { linking, told, audience }
}

/** A connection that begins with so many codes to offer. */
function connect(linking: Linking, codes: number) {
  const ws = new EventEmitter()
  const calls: string[] = []
  const socket = {
    ws,
    end: async () => {
      calls.push('end')
      linking.ended()
    },
    requestPairingCode: async (number: string) => {
      calls.push(`code for ${number}`)
      return 'ABCDEFGH'
    },
  }
  linking.follow(socket as unknown as WASocket)
  const ref: BinaryNode = { tag: 'ref', attrs: {} }
  const offer: BinaryNode = { tag: 'pair-device', attrs: {}, content: Array(codes).fill(ref) }
  ws.emit('CB:iq,type:set,pair-device', { tag: 'iq', attrs: {}, content: [offer] })
  return {
    calls,
    answer: () => ws.emit('CB:iq,type:result,link_code_companion_reg', { tag: 'iq', attrs: {} }),
    refuse: (code: string) =>
      ws.emit('CB:iq,type:error', { tag: 'iq', attrs: {}, content: [{ tag: 'error', attrs: { code, text: 'no' } }] }),
    scan: () => ws.emit('CB:iq,,pair-success', { tag: 'iq', attrs: {} }),
    /** Until the code was asked for. */
    asked: () => expect.poll(() => calls).toContain('code for 5511900000001'),
  }
}

describe('codes to scan', () => {
  test('are offered while somebody looks; then the connection is closed', () => {
    const { linking, told, audience } = world()
    const { calls } = connect(linking, 6)
    linking.offer('first')
    expect(told.code?.text).toBe('first')
    linking.offer('second')
    expect(told.code?.text).toBe('second')
    expect([told.reasons.at(-1), linking.wasUnscanned, calls]).toEqual(['CodeReady', true, []])
    audience.looks = false
    linking.offer('third')
    expect([told.code, calls]).toEqual([undefined, ['end']])
  })

  test('a phone that has just scanned is let finish', () => {
    const { linking, audience } = world()
    const { scan, calls } = connect(linking, 6)
    linking.offer('first')
    audience.looks = false
    scan()
    linking.offer('second')
    linking.scanned()
    expect([calls, linking.wasUnscanned]).toEqual([[], false])
  })

  test('while nobody looks it rests, until somebody asks or it is stopped', async () => {
    const { linking, told, audience } = world()
    await linking.rest(new AbortController().signal)
    expect(told.reasons).toEqual([])
    audience.looks = false
    const rested = linking.rest(new AbortController().signal)
    linking.wake()
    await rested
    expect(told.reasons).toEqual(['NobodyLooks', 'CodeWanted'])
    const stop = new AbortController()
    const stopped = linking.rest(stop.signal)
    stop.abort()
    await stopped
  })
})

describe('a code to type', () => {
  test('waits for a connection, and is good for as long as that has codes to offer', async () => {
    const { linking, told, audience } = world()
    const pending = linking.pairingCode(NUMBER)
    const { answer, asked, calls } = connect(linking, 6)
    linking.offer('first')
    await asked()
    answer()
    const { code, expiresAt } = await pending
    expect(code).toBe('ABCD-EFGH')
    const seconds = (expiresAt.getTime() - Date.now()) / 1000
    expect(seconds).toBeLessThanOrEqual(160)
    expect(seconds).toBeGreaterThan(100)
    audience.looks = false
    linking.offer('second')
    expect([told.reasons.at(-1), calls.includes('end')]).toEqual(['PairingCodeReady', false])
    linking.ended()
    expect([told.forgotten, linking.isWanted]).toEqual([1, false])
  })

  test('has a connection of its own, where the present one would end too soon', async () => {
    const { linking } = world()
    const old = connect(linking, 2)
    linking.offer('first')
    const pending = linking.pairingCode(NUMBER)
    await expect.poll(() => old.calls).toEqual(['end'])
    const next = connect(linking, 6)
    linking.offer('first')
    await next.asked()
    next.answer()
    expect((await pending).code).toBe('ABCD-EFGH')
  })

  test.each([
    ['429', 'rate_limited'],
    ['400', 'refused'],
  ])("WhatsApp's %s is %s", async (code, failure) => {
    const { linking, told } = world()
    const { refuse, asked } = connect(linking, 6)
    linking.offer('first')
    const pending = linking.pairingCode(NUMBER)
    await asked()
    refuse(code)
    await expect(pending).rejects.toMatchObject({ code: failure })
    expect(told.reasons).not.toContain('PairingCodeReady')
  })

  test('is no more when the connection ends', async () => {
    const { linking } = world()
    const { asked } = connect(linking, 6)
    linking.offer('first')
    const pending = linking.pairingCode(NUMBER)
    await asked()
    linking.ended()
    await expect(pending).rejects.toMatchObject({ code: 'no_answer' })
  })
})
