import { addTransactionCapability, type SignalDataSet, type SignalKeyStore } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { quietLogger } from '../logger.ts'
import { keepContactTokens } from './contact-tokens.ts'

const silent = quietLogger({ debug: () => {} } as never)
const CONTACT = '200@lid'

/** A socket's keys over a store in memory, which tells what was written to it. */
function socketKeys() {
  const written: SignalDataSet[] = []
  const store = {
    get: async (type: string, ids: string[]) =>
      Object.assign({}, ...written.map((set) => pick(set[type as keyof SignalDataSet] ?? {}, ids))),
    set: async (data: SignalDataSet) => void written.push({ ...data }),
  } as SignalKeyStore
  const keys = addTransactionCapability(store, silent, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
  return { written, store, authState: { creds: {} as never, keys } }
}

const pick = (values: object, ids: string[]) =>
  Object.fromEntries(Object.entries(values).filter(([id]) => ids.includes(id)))

/** As Baileys does: what is begun in a send's transaction ends after it. Answers what was written. */
async function issueToken({ authState: { keys } }: ReturnType<typeof socketKeys>) {
  const answered = Promise.withResolvers<void>()
  let issued: Promise<unknown> = Promise.resolve()
  await keys.transaction(async () => {
    await keys.set({ session: { a: new Uint8Array(1) } })
    issued = answered.promise.then(() =>
      keys.set({ tctoken: { [CONTACT]: { token: Buffer.alloc(0), senderTimestamp: 7 } } }),
    )
  }, 'me')
  answered.resolve()
  await issued
  return keys.get('tctoken', [CONTACT])
}

test('upstream still loses what it writes after its transaction', async () => {
  const socket = socketKeys()
  expect(await issueToken(socket)).toEqual({})
  expect(socket.written.map((set) => Object.keys(set))).toEqual([['session']])
})

test('a token is written and found again; all else stays in its transaction', async () => {
  const socket = socketKeys()
  keepContactTokens(socket, socket.store)
  expect(await issueToken(socket)).toMatchObject({ [CONTACT]: { senderTimestamp: 7 } })
  expect(socket.written.map((set) => Object.keys(set))).toEqual([['session'], ['tctoken']])
  await expect(
    socket.authState.keys.transaction(async () => {
      await socket.authState.keys.set({ session: { b: new Uint8Array(1) } })
      throw new Error('the send failed')
    }, 'me'),
  ).rejects.toThrow('the send failed')
  expect(socket.written).toHaveLength(2)
})
