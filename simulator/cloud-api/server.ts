/**
 * A stand-in of Meta's Cloud API, for tests and development: takes what Meta takes, refuses what Meta refuses with the same
 * codes, and tells what happens by signed webhooks. What it can't know of Meta's limits and prices it leaves out.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import { filesIn } from './multipart.ts'
import { type Payload, payloadIn, ReadMark } from './payloads.ts'
import { type Subscription, Webhooks } from './webhooks.ts'

const MAX_BODY_BYTES = 110 * 1024 * 1024
const WINDOW_MS = 24 * 3_600_000

export interface BusinessNumber {
  phoneNumberId: string
  accountId: string
  /** As Meta shows it: +1 555-012-3456. */
  displayNumber: string
  name: string
  token: string
  webhook?: Subscription
}

/** A message that the API has taken. */
export interface TakenMessage extends Payload {
  wamid: string
  phoneNumberId: string
}

interface StoredFile {
  bytes: Buffer
  mimeType: string
}

/** What a call is refused with, once. */
interface PlannedRefusal {
  status: number
  code: number
}

export class CloudApi {
  readonly taken: TakenMessage[] = []
  readonly read: { phoneNumberId: string; wamid: string; typing: boolean }[] = []
  /** What a correct client never does. */
  readonly faults: string[] = []
  readonly webhooks: Webhooks
  readonly #numbers = new Map<string, BusinessNumber>()
  readonly #files = new Map<string, StoredFile>()
  /** Of contacts and of ours, by Meta's id: what can be answered and read. */
  readonly #messages = new Map<string, { phoneNumberId: string; isContacts: boolean }>()
  /** When a contact last wrote to a number. */
  readonly #lastWrote = new Map<string, number>()
  readonly #app: FastifyInstance
  #planned: PlannedRefusal[] = []
  /** Takes messages, and breaks the connection off before the answer. */
  swallowAnswers = 0
  /** Tells no statuses of so many messages until they are asked for: `tellStatus`. */
  untold = 0

  private constructor(app: FastifyInstance, webhooks: Webhooks) {
    this.#app = app
    this.webhooks = webhooks
  }

  static async start({ retryMs = 50, times = 1 } = {}): Promise<CloudApi> {
    const app = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true })
    const api = new CloudApi(app, new Webhooks({ retryMs, times }))
    api.#serve(app)
    await app.listen({ host: '127.0.0.1', port: 0 })
    return api
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#app.server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    await this.webhooks.stop()
    await this.#app.close()
  }

  addNumber(number: BusinessNumber): void {
    this.#numbers.set(number.phoneNumberId, number)
  }

  /** The next calls are refused like this, one after the other. */
  refuseNext(...planned: PlannedRefusal[]): void {
    this.#planned.push(...planned)
  }

  /** A contact writes. Answers the message's id. */
  write(
    phoneNumberId: string,
    { from, name, at = Date.now() }: { from: string; name?: string; at?: number },
    message: { type: string } & Record<string, unknown>,
  ): string {
    const id = newWamid()
    const key = `${phoneNumberId}/${from}`
    this.#lastWrote.set(key, Math.max(at, this.#lastWrote.get(key) ?? 0))
    this.#messages.set(id, { phoneNumberId, isContacts: true })
    const contact = { profile: { name: name ?? from }, wa_id: from }
    const written = { from, id, timestamp: String(Math.floor(at / 1000)), ...message }
    this.#tell(phoneNumberId, { contacts: [contact], messages: [written] })
    return id
  }

  /** A file that a contact sends. Answers what its message says of it. */
  addFile(bytes: Buffer, mimeType: string): { id: string; mime_type: string; sha256: string } {
    const id = String(randomBytes(6).readUIntBE(0, 6))
    this.#files.set(id, { bytes, mimeType })
    return { id, mime_type: mimeType, sha256: createHash('sha256').update(bytes).digest('base64') }
  }

  fileOf(id: string): Buffer | undefined {
    return this.#files.get(id)?.bytes
  }

  /** What became of a message. */
  tellStatus({ phoneNumberId, wamid, to, opaque }: TakenMessage, status: string, code?: number): void {
    const errors =
      code === undefined ? undefined : [{ code, title: 'Refused', error_data: { details: 'told by the test' } }]
    const timestamp = String(Math.floor(Date.now() / 1000))
    this.#tell(phoneNumberId, {
      statuses: [
        { id: wamid, status, timestamp, recipient_id: to, ...(opaque && { biz_opaque_callback_data: opaque }), errors },
      ],
    })
  }

  #tell(phoneNumberId: string, value: object): void {
    const { webhook, accountId, displayNumber } = this.#numbers.get(phoneNumberId)!
    if (!webhook) return
    const metadata = { display_phone_number: displayNumber.replace(/\D/g, ''), phone_number_id: phoneNumberId }
    const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } }
    this.webhooks.tell(webhook, { object: 'whatsapp_business_account', entry: [{ id: accountId, changes: [change] }] })
  }

  #serve(app: FastifyInstance): void {
    app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.setErrorHandler((error: Error, request, reply) => {
      const refusal = error instanceof Refusal ? error : new Refusal(400, 100, error.message)
      if (!refusal.isPlanned) this.faults.push(`${request.method} ${request.url}: ${refusal.message}`)
      const details = { messaging_product: 'whatsapp', details: refusal.message }
      const said = { message: `(#${refusal.code}) refused`, type: 'OAuthException', code: refusal.code }
      return reply.code(refusal.status).send({ error: { ...said, error_data: details, fbtrace_id: 'simulated' } })
    })
    app.addHook('preHandler', async () => {
      const planned = this.#planned.shift()
      if (planned) throw new Refusal(planned.status, planned.code, 'planned', true)
    })
    app.get('/:version/:id', (request) => this.#about(request))
    app.post('/:version/:id/messages', (request, reply) => {
      const answer = this.#take(this.#numberOf(request), request.body)
      if (!('messages' in answer) || this.swallowAnswers === 0) return answer
      this.swallowAnswers--
      reply.hijack()
      request.raw.destroy()
      return reply
    })
    app.post('/:version/:id/media', (request) => {
      this.#numberOf(request)
      const { fields, file } = filesIn(request.headers['content-type'] ?? '', request.body as Buffer)
      if (fields.messaging_product !== 'whatsapp' || !file)
        throw new Refusal(400, 131_008, 'file and product are needed')
      if (fields.type !== file.mimeType) throw new Refusal(400, 131_053, 'type is another than that of the file')
      return { id: this.addFile(file.bytes, file.mimeType).id }
    })
    app.get('/files/:id', (request, reply) => {
      this.#requireToken(request)
      const file = this.#files.get((request.params as { id: string }).id)
      return file ? reply.type(file.mimeType).send(file.bytes) : reply.code(404).send()
    })
  }

  #about(request: FastifyRequest) {
    const { id } = request.params as { id: string }
    const file = this.#files.get(id)
    if (!file) {
      const { phoneNumberId, displayNumber, name } = this.#numberOf(request)
      return { id: phoneNumberId, display_phone_number: displayNumber, verified_name: name }
    }
    this.#requireToken(request)
    const { bytes, mimeType } = file
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const about = { url: `${this.url}/files/${id}`, mime_type: mimeType, sha256, file_size: bytes.length, id }
    return { messaging_product: 'whatsapp', ...about }
  }

  #take({ phoneNumberId }: BusinessNumber, body: unknown) {
    if (z.looseObject({ status: z.string() }).safeParse(body).success) {
      const { message_id, typing_indicator } = parsed(ReadMark, body)
      if (!this.#messageOf(phoneNumberId, message_id).isContacts)
        throw new Refusal(400, 131_009, 'only messages of contacts are read')
      this.read.push({ phoneNumberId, wamid: message_id, typing: typing_indicator !== undefined })
      return { success: true }
    }
    const message: TakenMessage = { ...payloadOf(body), wamid: newWamid(), phoneNumberId }
    const { id, message_id: target } = message.content
    for (const about of [message.answers, target]) {
      if (typeof about === 'string') this.#messageOf(phoneNumberId, about)
    }
    if (typeof id === 'string' && message.type !== 'contacts' && !this.#files.has(id)) {
      throw new Refusal(400, 131_053, 'there is no such file')
    }
    this.taken.push(message)
    this.#messages.set(message.wamid, { phoneNumberId, isContacts: false })
    if (this.untold > 0) this.untold--
    else this.#settle(message)
    return {
      messaging_product: 'whatsapp',
      contacts: [{ input: message.to, wa_id: message.to }],
      messages: [{ id: message.wamid, message_status: 'accepted' }],
    }
  }

  /** Outside the window Meta takes a message, and tells afterwards that it came to nothing. */
  #settle(message: TakenMessage): void {
    const lastWrote = this.#lastWrote.get(`${message.phoneNumberId}/${message.to}`) ?? 0
    if (message.type !== 'template' && Date.now() - lastWrote > WINDOW_MS) {
      this.tellStatus(message, 'failed', 131_047)
      return
    }
    this.tellStatus(message, 'sent')
    if (message.type !== 'reaction') this.tellStatus(message, 'delivered')
  }

  #messageOf(phoneNumberId: string, wamid: string): { isContacts: boolean } {
    const found = this.#messages.get(wamid)
    if (found?.phoneNumberId === phoneNumberId) return found
    throw new Refusal(400, 131_009, `there is no such message: ${wamid}`)
  }

  #numberOf(request: FastifyRequest): BusinessNumber {
    const { version, id } = request.params as { version: string; id: string }
    if (!/^v\d+\.\d+$/.test(version)) throw new Refusal(400, 2500, 'there is no such version')
    const number = this.#numbers.get(id)
    const isRight = number && request.headers.authorization === `Bearer ${number.token}`
    if (!isRight) throw new Refusal(401, 190, 'Error validating access token', true)
    return number
  }

  #requireToken({ headers }: FastifyRequest): void {
    const tokens = [...this.#numbers.values()].map(({ token }) => `Bearer ${token}`)
    if (!tokens.includes(headers.authorization ?? '')) throw new Refusal(401, 190, 'Error validating access token')
  }
}

class Refusal extends Error {
  readonly status: number
  readonly code: number
  /** A test wanted it: no fault of the client. */
  readonly isPlanned: boolean
  constructor(status: number, code: number, message: string, isPlanned = false) {
    super(message)
    this.status = status
    this.code = code
    this.isPlanned = isPlanned
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const { data, error } = schema.safeParse(body)
  if (error) throw new Refusal(400, 131_009, z.prettifyError(error))
  return data as z.infer<Schema>
}

function payloadOf(body: unknown): Payload {
  try {
    return payloadIn(body)
  } catch (error) {
    throw new Refusal(400, 131_009, error instanceof z.ZodError ? z.prettifyError(error) : String(error))
  }
}

const newWamid = (): string => `wamid.${randomBytes(24).toString('base64')}`
