/**
 * Promises broken on purpose, for real, in a whole Berth: what the harness must see, all the way from the phones and the
 * API to the judge. (proof.ts alters records; this alters the world.)
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import { resourceNameOf } from '@berth/core/model/names.ts'
import { openClient } from '@berth/core/postgres/pool.ts'
import { signal } from '@berth/local/process/identity.ts'
import type { Settings } from '@berth/local/settings.ts'
import { TestClient, trust } from '@berth/simulator/testing/baileys.ts'
import { memoryAuth } from '@berth/simulator/testing/memory-auth.ts'
import { decodeCredential } from '@berth/worker/drivers/baileys/codec.ts'
import { CREDENTIAL_PLACE } from '@berth/worker/store/unit.ts'
import type { Installation } from './installation.ts'
import type { Account } from './population.ts'
import type { Sent } from './records.ts'
import type { Traffic } from './traffic.ts'
import { BACK_MS } from './trial.ts'
import { until } from './until.ts'

export class Saboteur {
  readonly #installation: Installation
  readonly #traffic: Traffic
  /** A superuser's: no function and no policy stands in its way. */
  readonly #database: Awaited<ReturnType<typeof openClient>>

  private constructor(installation: Installation, traffic: Traffic, database: Awaited<ReturnType<typeof openClient>>) {
    this.#installation = installation
    this.#traffic = traffic
    this.#database = database
  }

  static async create(installation: Installation, traffic: Traffic): Promise<Saboteur> {
    const url = installation.berth.databaseUrl
    const database = await openClient({ url, role: 'berth_operator', application: 'sabotage' })
    await database.query('SET ROLE none')
    return new Saboteur(installation, traffic, database)
  }

  async end(): Promise<void> {
    await this.#database.end()
  }

  /** A stored message vanishes. Answers its text. */
  loseReceived(account: Account): Promise<string> {
    return this.#textOf(
      `DELETE FROM message WHERE id = (SELECT min(id::text)::uuid FROM message
         WHERE NOT from_me AND session_id = (SELECT id FROM session WHERE resource_name = $1))
       RETURNING content->>'text' AS text`,
      account,
    )
  }

  /** A stored message is there twice. Answers its text. */
  doubleReceived(account: Account): Promise<string> {
    return this.#textOf(
      `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status)
       SELECT gen_random_uuid(), tenant_id, session_id, chat, whatsapp_id || '-COPY', from_me, type, content, status
       FROM message WHERE NOT from_me AND session_id = (SELECT id FROM session WHERE resource_name = $1) LIMIT 1
       RETURNING content->>'text' AS text`,
      account,
    )
  }

  /** A message is received while nothing is told, and nobody ever tells of it. Answers its text. */
  async loseTold(account: Account): Promise<string> {
    const enable = (enabled: boolean) =>
      this.#database.query(
        'UPDATE webhook_endpoint SET enabled = $2 WHERE tenant_id = (SELECT tenant_id FROM session WHERE resource_name = $1)',
        [nameOf(account), enabled],
      )
    const [contact] = account.contacts as [string]
    const text = `seeded ${randomUUID()}`
    const message = { account: account.number, contact, text, at: Date.now() }
    await enable(false)
    const id = await this.#installation.simulator.sendText(contact, account.number, text, 'number')
    this.#traffic.written.push({ ...message, id })
    const isListed = async () => {
      const rows = await this.#installation.clientOf(account).incoming(account.session)
      return rows.some((row) => row.text === text)
    }
    await until('it is received', BACK_MS, isListed)
    await enable(true)
    return text
  }

  /** The API has said that it has the message; then it is taken out of the queue while its worker stands still. */
  async loseSent(account: Account): Promise<string> {
    const worker = (await this.#installation.workers()).find(({ accounts }) => accounts.includes(account.number))!
    signal(worker.pid, 'SIGSTOP')
    try {
      const { id, text } = await this.#send(account)
      await this.#database.query("UPDATE message SET status = 'sent' WHERE id = $1", [id])
      return text
    } finally {
      signal(worker.pid, 'SIGCONT')
    }
  }

  /** One message that the customer's program sent once goes out under two ids. */
  async doubleSent(account: Account): Promise<string> {
    const { contact, text } = await this.#send(account)
    await this.#post(account, contact, text)
    return text
  }

  /** Another process logs in with the account's keys, and no fence keeps it from that. */
  async overlap(account: Account): Promise<void> {
    const { rows } = await this.#database.query<{ session_id: string; value: Buffer }>(
      `SELECT c.session_id, c.value FROM credential c JOIN session s ON s.id = c.session_id WHERE s.resource_name = $1`,
      [nameOf(account)],
    )
    const { session_id: sessionId, value } = rows[0]!
    const file = path.join(this.#installation.berth.dataDir, 'config.json')
    const { encryptionKeys } = JSON.parse(readFileSync(file, 'utf8')) as Settings
    const bytes = KeyRing.parse(encryptionKeys).sealer(sessionId).open(CREDENTIAL_PLACE, value)
    const url = await trust(this.#installation.simulator)
    const intruder = await new TestClient(url, memoryAuth(decodeCredential(bytes))).open()
    intruder.end()
  }

  /** The phone removes the device: somebody has to scan again. */
  async unlink(account: Account): Promise<void> {
    const { simulator } = this.#installation
    const device = (await simulator.devices()).find(({ number }) => number === account.number)!
    await simulator.force(account.number, device.device, 'logout')
  }

  async #textOf(statement: string, account: Account): Promise<string> {
    const { rows } = await this.#database.query<{ text: string }>(statement, [nameOf(account)])
    return rows[0]!.text
  }

  /** As the customer's program, which writes down what it was told. */
  async #send(account: Account): Promise<Sent> {
    const [contact] = account.contacts as [string]
    const message: Sent = { account: account.number, contact, text: `seeded ${randomUUID()}`, at: Date.now() }
    this.#traffic.sent.push(message)
    message.id = await this.#post(account, contact, message.text)
    message.acceptedAt = Date.now()
    return message
  }

  async #post(account: Account, contact: string, text: string): Promise<string> {
    const client = this.#installation.clientOf(account)
    const { status, body } = await client.send(account.session, contact, text, randomUUID())
    if (status !== 201 && status !== 200) throw new Error(`POST was answered ${status}: ${JSON.stringify(body)}`)
    return body.id
  }
}

const nameOf = ({ tenant, session }: Account): string => resourceNameOf(tenant, session)
