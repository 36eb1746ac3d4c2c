// The unmodified Baileys as a client of the simulator, for the simulator's own tests.
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  type BaileysEventMap,
  type ConnectionState,
  makeWASocket,
  type UserFacingSocketConfig,
  WA_CERT_DETAILS,
  type WAMessage,
  type WAMessageUpdate,
  type WASocket,
} from '@whiskeysockets/baileys'
import type { SimulatorClient } from '../client.ts'
import { type MemoryAuth, memoryAuth } from './memory-auth.ts'
import { until } from './until.ts'

const silentLogger: UserFacingSocketConfig['logger'] = {
  level: 'silent',
  child: () => silentLogger!,
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}

/** A Baileys socket, and everything that it has said. */
export class TestClient {
  readonly auth: MemoryAuth
  readonly socket: WASocket
  readonly connectionUpdates: Partial<ConnectionState>[] = []
  readonly upserts: BaileysEventMap['messages.upsert'][] = []
  readonly updates: WAMessageUpdate[] = []

  constructor(websocketUrl: string, auth: MemoryAuth = memoryAuth(), config: Partial<UserFacingSocketConfig> = {}) {
    this.auth = auth
    this.socket = makeWASocket({
      waWebSocketUrl: websocketUrl,
      auth,
      ...(silentLogger && { logger: silentLogger }),
      syncFullHistory: false,
      markOnlineOnConnect: false,
      shouldSyncHistoryMessage: () => false,
      getMessage: async ({ id }) => this.messages.find(({ key }) => key.id === id)?.message ?? undefined,
      ...config,
    })
    this.socket.ev.process((events) => {
      if (events['creds.update']) Object.assign(auth.creds, events['creds.update'])
      if (events['connection.update']) this.connectionUpdates.push(events['connection.update'])
      if (events['messages.upsert']) this.upserts.push(events['messages.upsert'])
      if (events['messages.update']) this.updates.push(...events['messages.update'])
    })
  }

  get messages(): WAMessage[] {
    return this.upserts.flatMap((upsert) => upsert.messages)
  }

  /** Resolves when logged in and all that was owed has come. */
  async open(): Promise<this> {
    await until(() => this.connectionUpdates.some((update) => update.receivedPendingNotifications), 'the login')
    return this
  }

  /** Resolves with the status code that the connection ends with. */
  async closed(): Promise<number | undefined> {
    const last = await until(() => this.connectionUpdates.find((update) => update.connection === 'close'), 'the end')
    return (last.lastDisconnect?.error as { output?: { statusCode?: number } } | undefined)?.output?.statusCode
  }

  qr(): Promise<string> {
    return until(() => this.connectionUpdates.find((update) => update.qr)?.qr, 'a QR code')
  }

  message(id: string): Promise<WAMessage> {
    return until(() => this.messages.find((message) => message.key.id === id), `message ${id}`)
  }

  /**
   * The highest status that Baileys reported for a message: 2 accepted, 3 delivered, 4 read. Baileys merges an update into
   * the message's own upsert when it still holds that back.
   */
  status(id: string): number {
    const updated = this.updates.filter((update) => update.key.id === id).map((update) => update.update.status)
    const upserted = this.messages.filter((message) => message.key.id === id).map((message) => message.status)
    return Math.max(0, ...[...updated, ...upserted].map((status) => status ?? 0))
  }

  async sendText(to: string, text: string): Promise<string> {
    const sent = await this.socket.sendMessage(`${to}@s.whatsapp.net`, { text })
    return sent!.key.id!
  }

  end(): void {
    void this.socket.end(undefined)
  }
}

/** This process's Baileys trusts the simulator. */
export async function trust(simulator: SimulatorClient): Promise<string> {
  const { rootPublicKey, rootSerial, websocketUrl, mediaCertificate } = await simulator.info()
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootPublicKey, 'base64')
  WA_CERT_DETAILS.SERIAL = rootSerial
  const trusted = getCACertificates('default')
  if (!trusted.includes(mediaCertificate)) setDefaultCACertificates([...trusted, mediaCertificate])
  return websocketUrl
}

/** Links a new device to the phone's account, up to the 515. Answers what a login needs. */
export async function link(simulator: SimulatorClient, number: string): Promise<MemoryAuth> {
  const client = new TestClient(await trust(simulator))
  await simulator.scan(number, await client.qr())
  const code = await client.closed()
  if (code !== 515) throw new Error(`linking ended with ${code} instead of 515`)
  return client.auth
}
