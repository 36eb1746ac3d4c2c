// The part of the control API that is about messages: what a person writes on a phone and sees in its chats.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { MAXIMUM_FILE } from '../media/host.ts'
import { expireFile, openFile } from '../media/message-file.ts'
import { compose } from '../whatsapp/content/draft.ts'
import { sendToGroup } from '../whatsapp/group-out.ts'
import { sendFromPhone } from '../whatsapp/message-out.ts'
import type { Network } from '../whatsapp/network.ts'
import { requestAgain } from '../whatsapp/notices.ts'
import { readChat } from '../whatsapp/receipts.ts'
import * as schema from './message-schemas.ts'
import { viewChats, viewMessages } from './message-views.ts'

const ofPhone = z.object({ number: z.string() })
const ofChat = z.object({ number: z.string(), chat: z.string() })
const ofMessage = z.object({ number: z.string(), chat: z.string(), id: z.string() })

/** A file in base64, and what is around it. */
const MAXIMUM_MESSAGE = Math.ceil(MAXIMUM_FILE / 3) * 4 + (1 << 20)

export function registerMessageRoutes(app: FastifyInstance, network: Network): void {
  app.post('/v1/phones/:number/messages', { bodyLimit: MAXIMUM_MESSAGE }, async (request, reply) => {
    const { number } = ofPhone.parse(request.params)
    const { to, addressing, ...draft } = schema.NewMessage.parse(request.body)
    const isGroup = to.endsWith('@g.us')
    const message = compose(network, { number, chat: to, addressing }, draft)
    const id = await (isGroup
      ? sendToGroup(network, number, to, message)
      : sendFromPhone(network, { from: number, to, message, addressing }))
    reply.code(201)
    return { id }
  })
  app.get('/v1/phones/:number/chats', (request) => {
    return viewChats(network, network.phone(ofPhone.parse(request.params).number).number)
  })
  app.get('/v1/phones/:number/chats/:chat/messages', (request) => {
    const { number, chat } = ofChat.parse(request.params)
    return viewMessages(network, network.phone(number).number, chat, schema.MessagesQuery.parse(request.query))
  })
  app.post('/v1/phones/:number/chats/:chat/read', (request) => {
    const { number, chat } = ofChat.parse(request.params)
    return { read: readChat(network, number, chat) }
  })
  app.get('/v1/phones/:number/chats/:chat/messages/:id/media', (request, reply) => {
    const { mimetype, bytes } = openFile(network, ofMessage.parse(request.params))
    // Anybody may have sent it, as anything: it's not to run on this page's behalf.
    reply.header('content-security-policy', "sandbox; default-src 'none'").header('x-content-type-options', 'nosniff')
    return reply.type(mimetype).header('cache-control', 'private, max-age=3600').send(bytes)
  })
  app.delete('/v1/phones/:number/chats/:chat/messages/:id/media', (request) => {
    expireFile(network, ofMessage.parse(request.params))
    return {}
  })
  app.post('/v1/phones/:number/chats/:chat/messages/:id/retry', (request) => {
    const { number, chat, id } = ofMessage.parse(request.params)
    requestAgain(network, number, chat, id)
    return {}
  })
}
