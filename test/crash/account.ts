/** One account of the matrix: its session, its contact, what both wrote, and what became of it as seen from outside. */
import type { ConnectionRecord, Fault, LedgerEntry, Records, Seen, Sent, Written } from '../chaos/records.ts'
import type { TestSession } from '../worker/test-session.ts'
import { until } from '../worker/until.ts'
import type { World } from '../worker/world.ts'

const LIMIT = 1000
const LEDGER_LIMIT = 10_000
/** Long enough for a busy machine; nothing is decided by it but that something hangs. */
const ARRIVAL_S = 60

export interface Pod {
  name: string
  podUid: string
}

export class Account {
  readonly number: string
  readonly contact: string
  readonly session: TestSession
  readonly #world: World
  readonly #sent: Sent[] = []
  readonly #written: Written[] = []

  private constructor(world: World, session: TestSession, number: string, contact: string) {
    this.#world = world
    this.session = session
    this.number = number
    this.contact = contact
  }

  /** A phone with a number of its own, a contact, and a session that is not linked yet. */
  static async create(world: World, serial: number): Promise<Account> {
    const number = `55119${String(serial).padStart(8, '0')}`
    const contact = `55219${String(serial).padStart(8, '0')}`
    await world.whatsapp.createPhone({ number, name: `Account ${serial}` })
    await world.whatsapp.createPhone({ number: contact, name: `Contact ${serial}` })
    return new Account(world, await world.addSession(`account-${serial}`), number, contact)
  }

  /** One message each way. */
  async talk(): Promise<void> {
    const count = this.#sent.length + 1
    const parties = { account: this.number, contact: this.contact, at: Date.now() }
    const [out, back] = [`out ${count}`, `in ${count}`]
    const id = await this.#world.whatsapp.sendText(this.contact, this.number, back)
    this.#written.push({ ...parties, text: back, id })
    const { id: ourId } = await this.session.addSend(this.contact, out)
    this.#sent.push({ ...parties, text: out, acceptedAt: Date.now(), id: ourId })
  }

  /** Waits until everything has arrived on either side and nothing is under way, or until `over`. */
  async untilArrived(over: () => boolean = () => false): Promise<void> {
    const arrived = async (): Promise<true | undefined> => {
      if (over()) return true
      const rows = await this.session.messages()
      const texts = new Set(rows.filter((row) => !row.from_me).map((row) => row.content.text))
      if (rows.some((row) => row.from_me && row.status !== 'delivered')) return undefined
      return this.#written.every(({ text }) => texts.has(text)) || undefined
    }
    await until(arrived, ARRIVAL_S)
  }

  /** Everything of this account, for the judge. The list of messages is read as the gateway reads it, as the tenant. */
  async records(): Promise<Records> {
    const { number, contact } = this
    const { whatsapp } = this.#world
    const [shown, rows, ledger, connections, faults] = await Promise.all([
      whatsapp.messages(contact, number, { limit: LIMIT }),
      this.session.messages(),
      whatsapp.ledger({ number, limit: LEDGER_LIMIT }) as Promise<LedgerEntry[]>,
      whatsapp.connections({ number, limit: LEDGER_LIMIT }) as Promise<ConnectionRecord[]>,
      whatsapp.faults() as Promise<Fault[]>,
    ])
    const seen: Seen[] = shown
      .filter(({ direction }) => direction === 'in')
      .map(({ id, text, at }) => ({ account: number, contact, id, text, at }))
    return {
      sent: this.#sent,
      written: this.#written,
      seen,
      listed: rows.flatMap(({ id, from_me, content }) =>
        from_me ? [] : [{ account: number, id, text: content.text ?? '' }],
      ),
      ledger,
      connections,
      frozen: [],
      scansWanted: [],
      faults: faults.filter((fault) => fault.number === number),
    }
  }
}
