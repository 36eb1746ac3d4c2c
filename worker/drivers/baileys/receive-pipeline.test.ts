/** What a protocol message's journal row goes through. How a row becomes a stored message: receive.test.ts. */
import { proto, type WAMessage } from '@whiskeysockets/baileys'
import { beforeEach, describe, expect, test } from 'vitest'
import { encodeJournalBody } from './journal-body.ts'
import { ReceivePipeline } from './receive-pipeline.ts'

const ME = { id: '5511900000001:3@s.whatsapp.net', lid: '100:3@lid' }
const LOGGED_IN = Promise.resolve(ME)
const SHARE = { id: 'SHARE', from: '5511900000001@s.whatsapp.net', t: '1700000000', category: 'peer' }
const settle = () => new Promise((resolve) => setImmediate(resolve))

const rowOf = (ciphertextHash: string, stanza: Record<string, string>, message: proto.IMessage) => ({
  ciphertextHash,
  body: encodeJournalBody({
    stanza,
    plaintext: Buffer.concat([proto.Message.encode(message).finish(), Buffer.from([1])]),
  }),
})
const share = (id: string) =>
  rowOf(
    id,
    { ...SHARE, id },
    {
      protocolMessage: {
        type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
        appStateSyncKeyShare: { keys: [{ keyId: { keyId: Buffer.from(id) } }] },
      },
    },
  )

let closed: string[]
let pipeline: ReceivePipeline

beforeEach(() => {
  closed = []
  const write = async ({ received = [] }: { received?: { ciphertextHash: string }[] }) => {
    closed.push(...received.map(({ ciphertextHash }) => ciphertextHash))
  }
  pipeline = new ReceivePipeline({ store: { write, get: async () => ({}) }, log: {} } as never, () => ({
    pn: '5511900000001@s.whatsapp.net',
  }))
})

const replay = async (isConnected = true): Promise<WAMessage[]> => {
  const given: WAMessage[] = []
  await pipeline.replay(LOGGED_IN, async (message) => {
    given.push(message)
    return isConnected
  })
  return given
}

describe('the row of a protocol message', () => {
  test('stays open until Baileys is through with its stanza', async () => {
    pipeline.take(share('A'))
    pipeline.take(share('B'))
    await settle()
    expect(closed).toEqual([])
    pipeline.handled({ ...SHARE, id: 'B' })
    pipeline.handled({ ...SHARE, id: 'another' })
    await settle()
    expect(closed).toEqual(['B'])
  })

  test('that is open at a login is given to Baileys as it was, in order, and closed then', async () => {
    for (const id of ['A', 'B']) pipeline.take(share(id))
    const given = await replay()
    expect(given.map(({ key }) => key.id)).toEqual(['A', 'B'])
    expect(given[0]!.key).toMatchObject({ remoteJid: '5511900000001@s.whatsapp.net', fromMe: true })
    expect(given[0]!.message?.protocolMessage?.appStateSyncKeyShare?.keys).toHaveLength(1)
    expect(closed).toEqual(['A', 'B'])
    expect(await replay()).toEqual([])
  })

  test('stays open when the connection ends meanwhile', async () => {
    pipeline.take(share('A'))
    expect(await replay(false)).toHaveLength(1)
    expect(closed).toEqual([])
    expect(await replay()).toHaveLength(1)
  })
})

test('other messages with nothing for people in them are closed at once', async () => {
  pipeline.take(rowOf('KEY', { ...SHARE, from: '5511900000002@s.whatsapp.net' }, { senderKeyDistributionMessage: {} }))
  await settle()
  expect(closed).toEqual(['KEY'])
  expect(await replay()).toEqual([])
})
