/**
 * What providers tell by webhook. At /api/webhooks/whatsapp comes what Meta tells the platform's own app; each channel may
 * have an address of its own besides, for the customer's app.
 *
 * Signed? → taken apart → stored for the sessions whose numbers it names → 200. What is for numbers that nobody has is logged
 * and answered 200, too: Meta would go on telling it, and in the end tell nothing more to anybody.
 */
import { createHash } from 'node:crypto'
import { CLOUD_API_PATH, openSecrets } from '@berth/core/cloud-api/channel.ts'
import { isSameText, isSigned, SIGNATURE_HEADER } from '@berth/core/cloud-api/signature.ts'
import { itemsIn, type Told } from '@berth/core/cloud-api/webhook.ts'
import type { ChannelOfNumber, ChannelOfWebhook } from '@berth/core/postgres/channels.ts'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { channelOfWebhook, channelsOfNumbers, keepInbox } from '../data/channels.ts'
import { Problem } from '../problems/problem.ts'

/** Meta's largest is 3 MB. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024
/** In place of the secret of a channel that does not exist, so that both take the same time. */
const NOBODYS_SECRET = createHash('sha256').update('nobody').digest('hex')

const Query = z.record(z.string(), z.unknown())
const WebhookParams = z.object({
  provider: z.string().max(63),
  tenant: z.string().max(63),
  secret: z.string().max(200),
})

export function providerWebhookRoutes(app: App, context: Context): void {
  const { platformApp } = context
  // As bytes: the signature is over them.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES }, (_request, body, done) =>
    done(null, body),
  )
  const options = { schema: { hide: true }, bodyLimit: BODY_LIMIT_BYTES }

  app.get('/api/webhooks/whatsapp', options, ({ query }, reply) =>
    answerChallenge(query, platformApp.verifyToken, reply),
  )
  app.post('/api/webhooks/whatsapp', options, async ({ headers, body }, reply) => {
    const bytes = bytesOf(body)
    requireSigned(platformApp.appSecret, bytes, headers)
    await keep(context, itemsIn(bytes))
    return reply.send({ received: true })
  })

  app.get('/wh/:provider/:tenant/:secret', options, async ({ params, query }, reply) => {
    const channel = await ownChannel(context, params)
    return answerChallenge(query, channel.secrets.verifyToken, reply)
  })
  app.post('/wh/:provider/:tenant/:secret', options, async ({ params, headers, body }, reply) => {
    const bytes = bytesOf(body)
    const { row, secrets } = await ownChannel(context, params, (nobodys) => isSigned(nobodys, bytes, ''))
    requireSigned(secrets.appSecret ?? platformApp.appSecret, bytes, headers)
    await keep(context, itemsIn(bytes), row)
    return reply.send({ received: true })
  })
}

const bytesOf = (body: unknown): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0))

/** Meta tries an address: it is ours when we know the token, and answer with the challenge. */
function answerChallenge(query: unknown, verifyToken: string | undefined, reply: FastifyReply) {
  const given = Query.parse(query ?? {})
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = given
  const isKnown = isSameText(String(token ?? ''), verifyToken ?? '') && verifyToken !== undefined
  if (mode !== 'subscribe' || !isKnown || typeof challenge !== 'string') throw new Problem('webhook_refused')
  return reply.type('text/plain; charset=utf-8').send(challenge)
}

function requireSigned(secret: string | undefined, bytes: Buffer, headers: Record<string, unknown>): void {
  const signature = headers[SIGNATURE_HEADER]
  const isRight = isSigned(secret ?? NOBODYS_SECRET, bytes, typeof signature === 'string' ? signature : undefined)
  if (!isRight || secret === undefined) throw new Problem('webhook_refused')
}

/** Throws Problem webhook_not_found, having done for nobody what is done for somebody. */
async function ownChannel(
  { database, channelKeys }: Context,
  params: unknown,
  otherwise?: (secret: string) => unknown,
) {
  const { data } = WebhookParams.safeParse(params)
  const { provider = '', tenant = '', secret = '' } = data ?? {}
  const hash = createHash('sha256').update(secret).digest()
  const isStorable = !tenant.includes('\u0000')
  const row = await channelOfWebhook(database, provider === CLOUD_API_PATH && isStorable ? tenant : '', hash)
  if (row && channelKeys) return { row, secrets: openSecrets(channelKeys.sealer(row.session_id), row.value) }
  otherwise?.(NOBODYS_SECRET)
  throw new Problem('webhook_not_found')
}

/** Stores what is for sessions that there are; with `only`, what is for that one. */
async function keep({ database, waker, log }: Context, told: Told[], only?: ChannelOfWebhook): Promise<void> {
  if (told.length === 0) return
  const numbers = [...new Set(told.map(({ phoneNumberId }) => phoneNumberId))]
  const channels: ChannelOfNumber[] = only ? [only] : await channelsOfNumbers(database, numbers)
  const channelOf = new Map(channels.map((channel) => [channel.phone_number_id, channel]))
  const unknown = numbers.filter((number) => !channelOf.has(number))
  if (unknown.length > 0) {
    log.warn({ phoneNumberIds: unknown.slice(0, 10) }, 'a webhook is for numbers that no session here has')
  }
  const items = told.flatMap(({ phoneNumberId, hash, body }) => {
    const channel = channelOf.get(phoneNumberId)
    return channel ? [{ sessionId: channel.session_id, hash, body }] : []
  })
  if (items.length === 0) return
  await keepInbox(database, items)
  for (const { tenant_id, session_id } of channels) waker.wake({ tenantId: tenant_id, sessionId: session_id })
}
