/** A member without the correction reads what a corrected one writes, whatever either kept from before. */
import { createHash } from 'node:crypto'
import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SenderKeyRecord,
  SenderKeyState,
} from '@whiskeysockets/baileys/lib/Signal/Group/index.js'
import { beforeEach, describe, expect, test } from 'vitest'
import { correctSenderKeys, upstreamSenderKeys } from './group-cipher.ts'

const upstream = {
  encrypt: GroupCipher.prototype.encrypt,
  remove: SenderKeyState.prototype.removeSenderMessageKey,
}
const name = new SenderKeyName('120363000000000001@g.us', { id: '100_1', deviceId: 1 })

/** What one member knows of the sender key, written and read as Baileys does. */
class Member {
  row: Buffer | undefined
  readonly #storage = {
    loadSenderKey: async () => (this.row ? SenderKeyRecord.deserialize(this.row) : new SenderKeyRecord()),
    storeSenderKey: async (_name: SenderKeyName, record: SenderKeyRecord) => {
      this.row = Buffer.from(JSON.stringify(record.serialize()))
    },
  }

  cipher = new GroupCipher(this.#storage, name)
  builder = new GroupSessionBuilder(this.#storage)

  write = async (text: string): Promise<Uint8Array> => this.cipher.encrypt(Buffer.from(text))
  read = async (message: Uint8Array): Promise<string> => Buffer.from(await this.cipher.decrypt(message)).toString()
}

const give = async (from: Member, to: Member): Promise<void> => {
  const distribution = (await from.builder.create(name)).serialize()
  await to.builder.process(name, new SenderKeyDistributionMessage(null, null, null, null, distribution))
}

describe("a group's sender key", () => {
  let writer: Member
  let reader: Member
  beforeEach(async () => {
    GroupCipher.prototype.encrypt = upstream.encrypt
    SenderKeyState.prototype.removeSenderMessageKey = upstream.remove
    writer = new Member()
    reader = new Member()
    await give(writer, reader)
  })
  const talk = async (count: number) => {
    for (let i = 0; i < count; i++) expect(await reader.read(await writer.write(`text ${i}`))).toBe(`text ${i}`)
  }

  test('upstream is as it was when this was written: rows grow, and what is overtaken is lost', async () => {
    const text = upstreamSenderKeys.replaceAll(/\s+/g, ' ')
    expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe('5db1d214515717e6')
    await talk(2)
    const before = writer.row!.length
    await talk(3)
    expect(writer.row!.length).toBeGreaterThan(before + 300)
    const overtaken = await writer.write('overtaken')
    await talk(1)
    await expect(reader.read(overtaken)).rejects.toThrow('Expected Buffer')
  })

  test('is read with the correction, and no row grows', async () => {
    correctSenderKeys()
    await talk(1)
    const lengths = [writer.row!.length, reader.row!.length]
    await talk(5)
    for (const [i, member] of [writer, reader].entries()) {
      expect(Math.abs(member.row!.length - lengths[i]!)).toBeLessThan(100) // bytes are written as decimal numbers
    }
  })

  test('goes on where it was without the correction, and in any order', async () => {
    await talk(3)
    correctSenderKeys()
    const [first, second, third] = [
      await writer.write('first'),
      await writer.write('second'),
      await writer.write('third'),
    ]
    expect(await reader.read(third)).toBe('third')
    expect(await reader.read(first)).toBe('first')
    expect(await reader.read(second)).toBe('second')
    const late = new Member()
    await give(writer, late)
    expect(await late.read(await writer.write('to a late one'))).toBe('to a late one')
    await expect(late.read(first)).rejects.toThrow('old counter')
  })
})
