// A typed client of the simulator's control API.
import { z } from 'zod'
import * as disturbance from './api/disturbance-schemas.ts'
import * as load from './api/load-schemas.ts'
import * as message from './api/message-schemas.ts'
import * as notice from './api/notice-schemas.ts'
import * as presence from './api/presence-schemas.ts'
import * as profile from './api/profile-schemas.ts'
import * as schema from './api/schemas.ts'
import { readEvents } from './event-reader.ts'
import type { FaultKind } from './state/faults.ts'
import type { Condition } from './whatsapp/forced.ts'
import type { NetworkEvent } from './whatsapp/network.ts'
import type { PeerMessageKind } from './whatsapp/peer-messages.ts'

/** What the simulator answered instead of a result. */
export class SimulatorClientError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'SimulatorClientError'
    this.status = status
    this.code = code
  }
}

type Query = Record<string, string | number | undefined>

export class SimulatorClient {
  readonly #url: string

  /** @param url as `main.ts` prints it and `startSimulator` answers it */
  constructor(url: string) {
    this.#url = url.replace(/\/$/, '')
  }

  info() {
    return this.#get(schema.Info, '/v1/info')
  }

  stats() {
    return this.#get(schema.Stats, '/v1/stats')
  }

  phones() {
    return this.#get(z.array(schema.Phone), '/v1/phones')
  }

  createPhone(phone: schema.NewPhone) {
    return this.#post(schema.Phone, '/v1/phones', phone)
  }

  groups() {
    return this.#get(z.array(schema.Group), '/v1/groups')
  }

  group(id: string) {
    return this.#get(schema.Group, `/v1/groups/${id}`)
  }

  /** Somebody in the group adds or removes members, or calls it something else. Their devices are told. */
  changeGroup(id: string, change: schema.GroupChange) {
    return this.#post(schema.Group, `/v1/groups/${id}/changes`, change)
  }

  /** The first member makes the group. Devices hear of it by what is written there. */
  createGroup(group: schema.NewGroup) {
    return this.#post(schema.Group, '/v1/groups', group)
  }

  /** The phone scans a QR code. Resolves with the linked device. */
  scan(number: string, qr: string) {
    return this.#post(schema.Device, `/v1/phones/${number}/scan`, { qr })
  }

  /** The person types the code that a device shows for this number. Resolves with the linked device. */
  typeCode(number: string, code: string) {
    return this.#post(schema.Device, `/v1/phones/${number}/pairing-code`, { code })
  }

  /**
   * The person writes to another number, or to a group, or changes what stands there: edits, deletes, reacts, votes.
   * Answers the message's WhatsApp id.
   */
  async send(from: string, what: message.NewMessage) {
    return (await this.#post(message.MessageId, `/v1/phones/${from}/messages`, what)).id
  }

  sendText(from: string, to: string, text: string, addressing?: 'number' | 'lid') {
    return this.send(from, { to, text, addressing })
  }

  /** The latest first. */
  chats(number: string) {
    return this.#get(z.array(message.Chat), `/v1/phones/${number}/chats`)
  }

  /** Of a chat with a number, or of a group: the newest `limit` (200) messages, oldest first. @param before the `seq` of the oldest one that's known already */
  messages(number: string, chat: string, page: { limit?: number; before?: number } = {}) {
    return this.#get(z.array(message.Message), `/v1/phones/${number}/chats/${chat}/messages`, page)
  }

  /** The file of a message, as the phone opens it. */
  async media(number: string, chat: string, id: string): Promise<{ mimetype: string; bytes: Buffer }> {
    const response = await this.#answered(`/v1/phones/${number}/chats/${chat}/messages/${id}/media`)
    const mimetype = response.headers.get('content-type') ?? ''
    return { mimetype, bytes: Buffer.from(await response.arrayBuffer()) }
  }

  /** The media host gives the message's file to nobody any more, until a phone uploads it again. */
  async expireMedia(number: string, chat: string, id: string): Promise<void> {
    await this.#request(z.object({}), 'DELETE', `/v1/phones/${number}/chats/${chat}/messages/${id}/media`)
  }

  /** The person reads the chat: its writers get read receipts. Answers how many messages were unread. */
  async readChat(number: string, chat: string) {
    return (await this.#post(message.ReadResult, `/v1/phones/${number}/chats/${chat}/read`, {})).read
  }

  /** The phone wants a message again that a device of `chat` wrote. */
  async requestAgain(number: string, chat: string, id: string): Promise<void> {
    await this.#post(z.object({}), `/v1/phones/${number}/chats/${chat}/messages/${id}/retry`, {})
  }

  /** What the account shows to others: on line, typing. */
  presence(number: string) {
    return this.#get(presence.Presence, `/v1/phones/${number}/presence`)
  }

  /** The person takes the phone in the hand, or lays it down. */
  showPhone(number: string, online: boolean) {
    return this.#request(presence.Presence, 'PUT', `/v1/phones/${number}/presence`, { online })
  }

  /** The person types or speaks in a chat, or stops. */
  act(number: string, what: presence.NewActivity) {
    return this.#post(presence.Presence, `/v1/phones/${number}/activity`, what)
  }

  profile(number: string) {
    return this.#get(profile.Profile, `/v1/phones/${number}/profile`)
  }

  /** What is left out stays as it is. */
  changeProfile(number: string, change: profile.ProfileChange) {
    return this.#request(profile.Profile, 'PATCH', `/v1/phones/${number}/profile`, change)
  }

  /** Numbers that the account has blocked. */
  blocked(number: string) {
    return this.#get(profile.Blocked, `/v1/phones/${number}/blocked`)
  }

  /** Answers whom the account has blocked then. */
  block(number: string, contact: string, blocked: boolean) {
    return this.#request(profile.Blocked, 'PUT', `/v1/phones/${number}/blocked/${contact}`, { blocked })
  }

  /** Links a device that never comes on line. */
  linkCompanion(number: string) {
    return this.#post(schema.Device, `/v1/phones/${number}/companions`, {})
  }

  /** The phone tells its linked devices something that no person sees. Answers the message's WhatsApp id. */
  async tellDevices(number: string, kind: PeerMessageKind) {
    return (await this.#post(message.MessageId, `/v1/phones/${number}/peer-messages`, { kind })).id
  }

  /** A change of the app state, which the devices fetch. Answers the collection's version. */
  async mute(number: string, chat: string) {
    return (await this.#post(notice.Version, `/v1/phones/${number}/mutes`, { chat })).version
  }

  /** What the app state says, whoever changed it. */
  settings(number: string) {
    return this.#get(z.array(notice.Setting), `/v1/phones/${number}/settings`)
  }

  /** Answers the notice's id, under which the ledger has it. */
  async notify(number: string, device: number, what: notice.NewNotice) {
    return (await this.#post(message.MessageId, `/v1/devices/${number}/${device}/notices`, what)).id
  }

  /** What the device showed that it knows. */
  knowledge(number: string, device: number) {
    return this.#get(notice.Knowledge, `/v1/devices/${number}/${device}/knowledge`)
  }

  /** All linked devices. */
  devices() {
    return this.#get(z.array(schema.Device), '/v1/devices')
  }

  /** Clients that wait to be linked. */
  waiting() {
    return this.#get(z.array(schema.Waiting), '/v1/waiting')
  }

  async force(number: string, device: number, condition: Condition): Promise<void> {
    await this.#post(z.object({}), `/v1/devices/${number}/${device}/force`, { condition })
  }

  /** Plans trouble between the server and its devices; once, to the next stanza that fits, unless told otherwise. */
  disturb(plan: disturbance.NewDisturbance) {
    return this.#post(disturbance.Disturbance, '/v1/disturbances', plan)
  }

  /** With how often each has struck. */
  disturbances() {
    return this.#get(z.array(disturbance.Disturbance), '/v1/disturbances')
  }

  async removeDisturbance(id: number): Promise<void> {
    await this.#request(z.object({}), 'DELETE', `/v1/disturbances/${id}`)
  }

  /** Answers how many there were. */
  async clearDisturbances() {
    return (await this.#request(schema.Cleared, 'DELETE', '/v1/disturbances')).cleared
  }

  /** Makes the phones and lets people write to those that get a linked device. One load at a time. */
  startLoad(plan: load.NewLoad) {
    return this.#post(load.Load, '/v1/load', plan)
  }

  /** Null while there is none. */
  async load() {
    return (await this.#get(load.MaybeLoad, '/v1/load')).load
  }

  /** Answers how it stood at its end. */
  stopLoad() {
    return this.#request(load.Load, 'DELETE', '/v1/load')
  }

  /** The next phone of the load without a device scans a QR code. Resolves with the linked device. */
  scanForLoad(qr: string) {
    return this.#post(schema.Device, '/v1/load/scan', { qr })
  }

  faults(kind?: FaultKind) {
    return this.#get(z.array(schema.Fault), '/v1/faults', { kind })
  }

  /** Answers how many there were. */
  async clearFaults() {
    return (await this.#request(schema.Cleared, 'DELETE', '/v1/faults')).cleared
  }

  /** What happened to messages, in order. @param page.after the last `seq` that's known already */
  ledger(page: { after?: number; limit?: number; number?: string } = {}) {
    return this.#get(z.array(schema.LedgerEntry), '/v1/ledger', page)
  }

  /** The ledger added up per message and device. @param filter.after only messages first seen after this time */
  ledgerMessages(filter: { after?: number; number?: string; message?: string } = {}) {
    return this.#get(z.array(schema.LedgerMessage), '/v1/ledger/messages', filter)
  }

  connections(page: { after?: number; limit?: number; number?: string } = {}) {
    return this.#get(z.array(schema.ConnectionRecord), '/v1/connections', page)
  }

  /** What changes from now on, until the signal aborts or the simulator ends. */
  events(signal?: AbortSignal): AsyncGenerator<NetworkEvent> {
    return readEvents(`${this.#url}/v1/events`, signal)
  }

  #get<Schema extends z.ZodType>(answer: Schema, path: string, query: Query = {}) {
    const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
    const search = new URLSearchParams(given as [string, string][]).toString()
    return this.#request(answer, 'GET', search ? `${path}?${search}` : path)
  }

  #post<Schema extends z.ZodType>(answer: Schema, path: string, body: object) {
    return this.#request(answer, 'POST', path, body)
  }

  async #request<Schema extends z.ZodType>(
    answer: Schema,
    method: string,
    path: string,
    body?: object,
  ): Promise<z.infer<Schema>> {
    const init = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}
    return answer.parse(await (await this.#answered(path, { method, ...init })).json())
  }

  /** @throws SimulatorClientError */
  async #answered(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(this.#url + path, init)
    if (response.ok) return response
    const { code, message } = schema.ErrorBody.parse(await response.json()).error
    throw new SimulatorClientError(response.status, code, message)
  }
}
