// The part of the control API that is about notices: what devices are told besides messages.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import { muteChat } from '../whatsapp/app-state.ts'
import type { Network } from '../whatsapp/network.ts'
import { sendNotice } from '../whatsapp/notices.ts'
import { sendPeerMessage } from '../whatsapp/peer-messages.ts'
import { linkSilentCompanion } from '../whatsapp/silent-companion.ts'
import * as schema from './notice-schemas.ts'
import { viewDevice } from './views.ts'

const ofPhone = z.object({ number: z.string() })
const ofDevice = z.object({ number: z.string(), device: z.coerce.number().int() })

export function registerNoticeRoutes(app: FastifyInstance, network: Network): void {
  const { state } = network
  const deviceOf = (params: unknown): Device => {
    const { number, device: id } = ofDevice.parse(params)
    const device = state.devices.find(number, id)
    if (device && device.removedAt === undefined) return device
    throw new SimulatorError('device_not_found', `${number} has no linked device ${id}.`)
  }

  app.post('/v1/phones/:number/companions', (request, reply) => {
    const { number } = ofPhone.parse(request.params)
    reply.code(201)
    return viewDevice(network, linkSilentCompanion(network, number))
  })
  app.post('/v1/phones/:number/peer-messages', async (request, reply) => {
    const { number } = ofPhone.parse(request.params)
    const id = await sendPeerMessage(network, number, schema.NewPeerMessage.parse(request.body).kind)
    reply.code(201)
    return { id }
  })
  app.get('/v1/phones/:number/settings', (request) => {
    return state.appState.settings(network.phone(ofPhone.parse(request.params).number).number)
  })
  app.post('/v1/phones/:number/mutes', async (request, reply) => {
    const { number } = ofPhone.parse(request.params)
    const version = await muteChat(network, number, schema.Mute.parse(request.body).chat)
    reply.code(201)
    return { version }
  })
  app.post('/v1/devices/:number/:device/notices', (request, reply) => {
    const device = deviceOf(request.params)
    const { kind, contact = device.number } = schema.NewNotice.parse(request.body)
    reply.code(201)
    return { id: sendNotice(network, device, kind, contact) }
  })
  app.get('/v1/devices/:number/:device/knowledge', (request): schema.Knowledge => {
    const { number, id } = deviceOf(request.params)
    return { appState: state.appState.known(number, id), privacyTokens: state.privacyTokens.of(number, id) }
  })
}
