/** One account of the matrix: its session, its chats, what was written in them, and what became of it as seen from outside. */
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { expect } from 'vitest'
import type { ConnectionRecord, Fault, LedgerEntry, Records, Seen, Sent, Written } from '../chaos/records.ts'
import type { MessageRow, TestSession } from '../worker/test-session.ts'
import { until } from '../worker/until.ts'
import type { World } from '../worker/world.ts'

const LIMIT = 1000
const LEDGER_LIMIT = 10_000
/** Long enough for a busy machine; nothing is decided by it but that something hangs. */
const ARRIVAL_S = 60

/** Which chats of an account are spoken in. */
export type Where = 'everywhere' | 'group'

export interface Pod {
  name: string
  podUid: string
}

export class Account {
  readonly number: string
  readonly contact: string
  /** A group with the contact and somebody who writes there only. */
  readonly group: { id: string; members: [contact: string, other: string] }
  readonly session: TestSession
  readonly #world: World
  readonly #sent: Sent[] = []
  readonly #written: Written[] = []
  /** What must come out on the other side, by the words below it. */
  readonly #files = new Map<string, Buffer>()

  private constructor(world: World, session: TestSession, number: string, group: Account['group']) {
    this.#world = world
    this.session = session
    this.number = number
    this.group = group
    this.contact = group.members[0]
  }

  /** A phone with a number of its own, a contact, a group, and a session that is not linked yet. */
  static async create(world: World, serial: number): Promise<Account> {
    const number = `55119${String(serial).padStart(8, '0')}`
    const members: Account['group']['members'] = [
      `55219${String(serial).padStart(8, '0')}`,
      `55319${String(serial).padStart(8, '0')}`,
    ]
    await world.whatsapp.createPhone({ number, name: `Account ${serial}` })
    for (const member of members) await world.whatsapp.createPhone({ number: member, name: `Contact ${member}` })
    const { id } = await world.whatsapp.createGroup({ subject: `Group ${serial}`, members: [...members, number] })
    return new Account(world, await world.addSession(`account-${serial}`), number, { id, members })
  }

  /** One message each way in the group, and before that with the contact. */
  async talk(where: Where = 'everywhere'): Promise<void> {
    const { contact, number } = this
    const { id, members } = this.group
    if (where === 'everywhere') await this.#exchange(contact, number, { contact })
    await this.#exchange(members[1], id, { contact: id, members })
  }

  /** One file each way with the contact, and words below it. */
  async passFiles(): Promise<void> {
    const { contact, number } = this
    const parties = { account: number, contact, at: Date.now() }
    const [out, back] = [`out ${this.#sent.length + 1}`, `in ${this.#written.length + 1}`]
    const data = this.#fileNamed(back).toString('base64')
    const id = await this.#world.whatsapp.send(contact, { to: number, kind: 'image', data, caption: back })
    this.#written.push({ ...parties, text: back, id })
    const mediaId = await this.session.addMedia(this.#fileNamed(out), 'application/pdf')
    const media = { id: mediaId, mimeType: 'application/pdf', fileName: 'a.pdf', caption: out }
    const { id: ourId } = await this.session.addMessage(contact, { type: 'document', media })
    this.#sent.push({ ...parties, text: out, acceptedAt: Date.now(), id: ourId })
  }

  #fileNamed(words: string): Buffer {
    const bytes = randomBytes(20_000)
    this.#files.set(words, bytes)
    return bytes
  }

  /** Waits until every received file is stored, or has failed; throws when one of either side is not as it was sent. */
  async untilFilesAreWhole(): Promise<void> {
    const rows = await until(async () => {
      const messages = await this.session.messages()
      return messages.some(({ content }) => content.media?.status === 'pending') ? undefined : messages
    }, ARRIVAL_S)
    const files = rows.filter(({ content }) => content.media)
    expect(files.map(wordsOf).sort()).toEqual([...this.#files.keys()].sort())
    for (const row of files) {
      const bytes = row.from_me
        ? (await this.#world.whatsapp.media(this.contact, this.number, row.whatsapp_id)).bytes
        : await buffer((await this.#world.media.get(row.content.media!.id!))!)
      expect(bytes.equals(this.#files.get(wordsOf(row))!), `${wordsOf(row)} is as it was sent`).toBe(true)
    }
  }

  /** @param chat the phone's; `to`: the account's */
  async #exchange(writer: string, chat: string, to: Pick<Sent, 'contact' | 'members'>): Promise<void> {
    const parties = { account: this.number, at: Date.now() }
    const [out, back] = [`out ${this.#sent.length + 1}`, `in ${this.#written.length + 1}`]
    const id = await this.#world.whatsapp.sendText(writer, chat, back)
    this.#written.push({ ...parties, contact: writer, text: back, id })
    const { id: ourId } = await this.session.addSend(to.contact, out)
    this.#sent.push({ ...parties, ...to, text: out, acceptedAt: Date.now(), id: ourId })
  }

  /** Waits until everything has arrived on either side and nothing is under way, or until `over`. */
  async untilArrived(over: () => boolean = () => false): Promise<void> {
    const arrived = async (): Promise<true | undefined> => {
      if (over()) return true
      const rows = await this.session.messages()
      const texts = new Set(rows.filter((row) => !row.from_me).map(wordsOf))
      if (rows.some((row) => row.from_me && row.status !== 'delivered')) return undefined
      return this.#written.every(({ text }) => texts.has(text)) || undefined
    }
    await until(arrived, ARRIVAL_S)
  }

  /** Everything of this account, for the judge. The list of messages is read as the gateway reads it, as the tenant. */
  async records(): Promise<Records> {
    const { number } = this
    const { whatsapp } = this.#world
    const [seen, rows, ledger, connections, faults] = await Promise.all([
      this.#seen(),
      this.session.messages(),
      whatsapp.ledger({ number, limit: LEDGER_LIMIT }) as Promise<LedgerEntry[]>,
      whatsapp.connections({ number, limit: LEDGER_LIMIT }) as Promise<ConnectionRecord[]>,
      whatsapp.faults() as Promise<Fault[]>,
    ])
    return {
      sent: this.#sent,
      written: this.#written,
      seen,
      listed: rows.flatMap((row) => (row.from_me ? [] : [{ account: number, id: row.id, text: wordsOf(row) }])),
      ledger,
      connections,
      frozen: [],
      scansWanted: [],
      faults: faults.filter((fault) => fault.number === number),
    }
  }
  /** What the phones show of what the account wrote. */
  async #seen(): Promise<Seen[]> {
    const { number: account, contact, group } = this
    const chats = [{ contact }, ...group.members.map((member) => ({ contact: member, group: group.id }))]
    const seen = chats.map(async (chat: Pick<Seen, 'contact' | 'group'>) => {
      const shown = await this.#world.whatsapp.messages(chat.contact, chat.group ?? account, { limit: LIMIT })
      const got = shown.filter(({ direction, sender }) => direction === 'in' && (!chat.group || sender === account))
      return got.map(({ id, text, at }) => ({ account, ...chat, id, text, at }))
    })
    return (await Promise.all(seen)).flat()
  }
}

const wordsOf = ({ content }: MessageRow): string => content.text ?? content.media?.caption ?? ''
