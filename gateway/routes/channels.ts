/** Channels: connect a number of the Cloud API to a session, and its own webhook. */
import { createHash } from 'node:crypto'
import { CLOUD_API, CLOUD_API_PATH, openSecrets, sealSecrets } from '@berth/core/cloud-api/channel.ts'
import { Graph, GraphRefusal } from '@berth/core/cloud-api/graph.ts'
import type { KeyRing } from '@berth/core/crypto/seal.ts'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { type ChannelRow, deleteChannel, findChannel, newSecret, putChannel, setWebhook } from '../data/channels.ts'
import type { SessionRow } from '../data/sessions.ts'
import { requireSession } from '../find.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { NOT_AN_OBJECT, SessionParams } from '../schemas.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const RETRY_AFTER_SECONDS = 10

const META_ID = /^\d{1,32}$/
const ID_RULE = 'Write the id as Meta shows it: digits only'
const Secret = (what: string) => z.string().min(1, 'Write at least one character').max(4096).describe(what)

const PhoneNumberId = z
  .string(ID_RULE)
  .regex(META_ID, ID_RULE)
  .describe("Meta's id of the number (not the number itself)")
  .meta({ examples: ['106540352242922'] })
const BusinessAccountId = z
  .string(ID_RULE)
  .regex(META_ID, ID_RULE)
  .optional()
  .describe("Meta's id of the WhatsApp business account")
  .meta({ examples: ['102290129340398'] })

const NewChannel = z
  .strictObject(
    {
      phoneNumberId: PhoneNumberId,
      businessAccountId: BusinessAccountId,
      accessToken: Secret('With which messages are sent. It is stored sealed, and never shown'),
      appSecret: Secret(
        'Of your own Meta app, if its webhooks come to the address of this channel. Stored sealed, never shown',
      ).optional(),
      verifyToken: Secret('What Meta names when it tries that address; without it one is made').optional(),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'NewChannel', examples: [{ phoneNumberId: '106540352242922', accessToken: 'EAAJB…' }] })

const Channel = z
  .object({
    phoneNumberId: PhoneNumberId,
    businessAccountId: BusinessAccountId,
    phoneNumber: z.string().optional().describe('The number, as Meta tells it'),
    verifiedName: z.string().optional().describe('What contacts see the business called'),
    hasWebhook: z.boolean().describe('It has a webhook of its own: POST …/channel/webhook'),
    updatedAt: z.iso.datetime().describe('When it was connected, or changed'),
  })
  .meta({
    id: 'Channel',
    examples: [
      {
        phoneNumberId: '106540352242922',
        phoneNumber: '+15550123456',
        verifiedName: 'Acme Shop',
        hasWebhook: false,
        updatedAt: '2026-01-05T10:15:40.000Z',
      },
    ],
  })

const ChannelWebhook = z
  .object({
    url: z.string().describe('Enter it at Meta as the callback URL. A secret: it is shown this once'),
    verifyToken: z.string().describe('Enter it at Meta as the verify token'),
  })
  .meta({
    id: 'ChannelWebhook',
    examples: [{ url: 'https://berth.example.com/wh/cloud-api/acme/kW3…', verifyToken: 'vT9…' }],
  })

const NumberAnswer = z.object({ display_phone_number: z.string().optional(), verified_name: z.string().optional() })

export function channelRoutes(app: App, context: Context): void {
  const { database, waker, publicUrl = '' } = context
  const schema = { tags: tags.channels, params: SessionParams }
  const problems = ['session_not_found', 'not_a_channel', ...ON_CHANGES] as const

  app.put(
    '/sessions/:name/channel',
    {
      schema: {
        ...schema,
        operationId: 'putChannel',
        summary: 'Connect a number of the Cloud API',
        description:
          'Meta is asked whether the token may use the number; then the session sends with it, and gets what Meta tells of it. Again with another token: the old one is replaced without a gap.',
        body: NewChannel,
        response: {
          200: Channel.describe('The number is connected'),
          ...problemResponses(
            ...problems,
            'channel_in_use',
            'channel_refused',
            'channels_unavailable',
            'validation_failed',
          ),
        },
      },
    },
    async ({ caller: { tenantId }, params, body }) => {
      const session = await requireChannelSession(context, tenantId, params.name)
      const keys = requireKeys(context)
      const target = { tenantId, sessionId: session.id }
      const { phoneNumberId, businessAccountId, accessToken, appSecret } = body
      const about = await askNumber(context, phoneNumberId, accessToken)
      const sealer = keys.sealer(session.id)
      const before = await findChannel(database, target)
      const verifyToken = body.verifyToken ?? (before ? openSecrets(sealer, before.value).verifyToken : newSecret())
      const row = await putChannel(database, target, {
        phoneNumberId,
        accountId: businessAccountId,
        phoneNumber: about.display_phone_number && `+${about.display_phone_number.replace(/\D/g, '')}`,
        verifiedName: about.verified_name,
        value: sealSecrets(sealer, { accessToken, ...(appSecret && { appSecret }), verifyToken }),
      })
      waker.wake(target)
      return channelView(row)
    },
  )

  app.get(
    '/sessions/:name/channel',
    {
      schema: {
        ...schema,
        operationId: 'getChannel',
        summary: 'Which number a session has',
        description: 'Without the secrets.',
        response: {
          200: Channel.describe('The number that is connected'),
          ...problemResponses('session_not_found', 'channel_not_found', ...EVERYWHERE),
        },
      },
    },
    async ({ caller: { tenantId }, params }) => {
      const session = await requireSession(database, tenantId, params.name)
      const row = await findChannel(database, { tenantId, sessionId: session.id })
      if (!row) throw new Problem('channel_not_found')
      return channelView(row)
    },
  )

  app.delete(
    '/sessions/:name/channel',
    {
      schema: {
        ...schema,
        operationId: 'deleteChannel',
        summary: 'Disconnect the number',
        description: 'Its secrets are erased. Messages stay; what Meta tells of the number is dropped from now on.',
        response: {
          204: z.null().describe('The number is not connected any more'),
          ...problemResponses('session_not_found', 'channel_not_found', ...ON_CHANGES),
        },
      },
    },
    async ({ caller: { tenantId }, params }, reply) => {
      const session = await requireSession(database, tenantId, params.name)
      const target = { tenantId, sessionId: session.id }
      if (!(await deleteChannel(database, target))) throw new Problem('channel_not_found')
      waker.wake(target)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/sessions/:name/channel/webhook',
    {
      schema: {
        ...schema,
        operationId: 'createChannelWebhook',
        summary: 'Make a webhook of its own for the number',
        description:
          'For your own Meta app, whose secret you gave as "appSecret". The address before it, if there was one, is good no more. Without one, the number belongs to the Meta app of the platform.',
        response: {
          201: ChannelWebhook.describe('What to enter at Meta: WhatsApp, Configuration, Webhook'),
          ...problemResponses(...problems, 'channel_not_found', 'channels_unavailable'),
        },
      },
    },
    async ({ caller: { tenantId, tenantName }, params }, reply) => {
      const session = await requireChannelSession(context, tenantId, params.name)
      const sealer = requireKeys(context).sealer(session.id)
      const target = { tenantId, sessionId: session.id }
      const row = await findChannel(database, target)
      const secret = newSecret()
      const isSet = row && (await setWebhook(database, target, createHash('sha256').update(secret).digest()))
      if (!isSet) throw new Problem('channel_not_found')
      const url = `${publicUrl}/wh/${CLOUD_API_PATH}/${tenantName}/${secret}`
      return reply.code(201).send({ url, verifyToken: openSecrets(sealer, row.value).verifyToken })
    },
  )
}

async function requireChannelSession({ database }: Context, tenantId: string, name: string): Promise<SessionRow> {
  const session = await requireSession(database, tenantId, name)
  if (session.provider !== CLOUD_API) throw new Problem('not_a_channel')
  return session
}

function requireKeys({ channelKeys }: Context): KeyRing {
  if (channelKeys) return channelKeys
  throw new Problem('channels_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
}

/** Whoever connects a number proves that it is theirs: Meta answers for it under their token. */
async function askNumber({ graphUrl }: Context, phoneNumberId: string, token: string) {
  try {
    const graph = new Graph({ url: graphUrl, token })
    return NumberAnswer.parse(await graph.get(`${phoneNumberId}?fields=display_phone_number,verified_name`))
  } catch (error) {
    if (!(error instanceof GraphRefusal) || error.verdict.meaning === 'later') {
      throw new Problem('channels_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
    }
    throw new Problem('channel_refused', { detail: error.message })
  }
}

const channelView = (row: ChannelRow): z.infer<typeof Channel> => ({
  phoneNumberId: row.phone_number_id,
  ...(row.account_id !== null && { businessAccountId: row.account_id }),
  ...(row.phone_number !== null && { phoneNumber: row.phone_number }),
  ...(row.verified_name !== null && { verifiedName: row.verified_name }),
  hasWebhook: row.webhook_hash !== null,
  updatedAt: row.updated_at.toISOString(),
})
