/** These fail when upstream changes what is corrected here: then look at the correction again. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import {
  addTransactionCapability,
  DEFAULT_CONNECTION_CONFIG,
  initAuthCreds,
  type SignalKeyStore,
  WA_CERT_DETAILS,
} from '@whiskeysockets/baileys'
import { describe, expect, test } from 'vitest'
import { quietLogger } from '../logger.ts'
import { findPerson } from '../people.ts'
import { correctLibsignal, upstreamDecryptWithSessions } from './libsignal.ts'
import { quietConsole } from './quiet-console.ts'
import { trustRoot } from './root.ts'
import { makeLibSignalRepository } from './signal-repository.ts'

const silent = quietLogger({ debug: () => {} } as never)

/** A key store in memory. */
function memoryStore() {
  const values = new Map<string, unknown>()
  const get = async (type: string, ids: string[]) =>
    Object.fromEntries(ids.flatMap((id) => (values.has(`${type}/${id}`) ? [[id, values.get(`${type}/${id}`)]] : [])))
  const set = async (data: Record<string, Record<string, unknown>>) => {
    for (const [type, entries] of Object.entries(data)) {
      for (const [id, value] of Object.entries(entries)) values.set(`${type}/${id}`, value)
    }
  }
  return { get, keys: { get, set } as SignalKeyStore }
}

describe('upstream is as the corrections expect it', () => {
  test("libsignal's decryptWithSessions", () => {
    const text = upstreamDecryptWithSessions.replaceAll(/\s+/g, ' ')
    expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe('0c17a6adb9184b4a')
  })

  test("Baileys' own Signal repository is what the deep import gives", () => {
    expect(makeLibSignalRepository).toBe(DEFAULT_CONNECTION_CONFIG.makeSignalRepository)
  })

  test('the form in which Baileys stores who has which phone number', async () => {
    const { get, keys } = memoryStore()
    const transactional = addTransactionCapability(keys, silent, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
    const repository = makeLibSignalRepository({ creds: initAuthCreds(), keys: transactional }, silent)
    await repository.lidMapping.storeLIDPNMappings([{ pn: '5511900000002@s.whatsapp.net', lid: '200@lid' }])
    const both = { pn: '5511900000002@s.whatsapp.net', lid: '200@lid' }
    expect(await findPerson({ get }, { pn: both.pn })).toEqual(both)
    expect(await findPerson({ get }, { lid: both.lid })).toEqual(both)
    repository.close?.()
  })

  test("WhatsApp's root can be replaced", () => {
    const root = Buffer.alloc(32, 7)
    trustRoot(root)
    expect(WA_CERT_DETAILS.PUBLIC_KEY).toBe(root)
  })
})

describe('libsignal, corrected', () => {
  correctLibsignal()
  const { SessionBuilder, SessionCipher } = createRequire(import.meta.url)('libsignal')

  class FakeSession {
    indexInfo = { used: 0 }
    step = 0
    serialize() {
      return { step: this.step }
    }
    static deserialize({ step }: { step: number }) {
      return Object.assign(new FakeSession(), { step })
    }
  }
  const decrypt = (outcomes: (Error | Buffer)[], sessions: FakeSession[]) => {
    const cipher = Object.create(SessionCipher.prototype)
    cipher.doDecryptWhisperMessage = async (_: Buffer, session: FakeSession) => {
      session.step++ // as upstream does before it checks the MAC
      const outcome = outcomes[sessions.indexOf(session)]!
      if (outcome instanceof Error) throw outcome
      return outcome
    }
    return cipher.decryptWithSessions(Buffer.alloc(1), sessions)
  }

  test('a session that failed is put back as it was', async () => {
    const sessions = [new FakeSession(), new FakeSession()]
    const { session } = await decrypt([new Error('Bad MAC'), Buffer.from('x')], sessions)
    expect(session).toBe(sessions[1])
    expect(sessions.map(({ step }) => step)).toEqual([0, 1])
  })

  test('a duplicate is reported as one, even if other sessions failed after it', async () => {
    const duplicate = Object.assign(new Error('Key used already or never filled'), { name: 'MessageCounterError' })
    await expect(decrypt([duplicate, new Error('Bad MAC')], [new FakeSession(), new FakeSession()])).rejects.toBe(
      duplicate,
    )
    await expect(decrypt([], [])).rejects.toThrow('No sessions available')
  })

  test('what one account does with a contact is not done in the transaction of another with the same contact', async () => {
    const transaction = new AsyncLocalStorage<string>()
    const cipher = Object.assign(Object.create(SessionCipher.prototype), { addr: 'contact.0' })
    const first = Promise.withResolvers<void>()
    const seen: unknown[] = []
    const jobs = [
      transaction.run('first', () => cipher.queueJob(() => first.promise)),
      transaction.run('second', () => cipher.queueJob(async () => seen.push(transaction.getStore()))),
      transaction.run('third', () => {
        const storage = { isTrustedIdentity: () => !seen.push(transaction.getStore()) }
        return expect(new SessionBuilder(storage, 'contact.0').initOutgoing({})).rejects.toThrow()
      }),
    ]
    first.resolve()
    await Promise.all(jobs)
    expect(seen).toEqual(['second', 'third'])
  })
})

test('what libsignal prints is dropped; what others print is not', () => {
  const { SessionRecord } = createRequire(import.meta.url)('libsignal')
  // Closing a session twice is one of the places where libsignal prints it, private keys included.
  const closed = { indexInfo: { closed: 1 }, secret: 'private key' }
  const printed: unknown[][] = []
  const before = console.warn
  console.warn = (...args: unknown[]) => void printed.push(args)
  try {
    new SessionRecord().closeSession(closed)
    expect(printed.flat()).toContain(closed)
    quietConsole()
    console.warn('ours')
    new SessionRecord().closeSession(closed)
    expect(printed.slice(1)).toEqual([['ours']])
  } finally {
    console.warn = before
  }
})
