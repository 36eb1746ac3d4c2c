// The control API: what a person with phones in their hands, or a test, does to the simulated WhatsApp.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { SimulatorError } from '../errors.ts'
import { force } from '../whatsapp/forced.ts'
import { addMembers, removeMembers, setAdmins } from '../whatsapp/group-changes.ts'
import { renameGroup } from '../whatsapp/group-settings.ts'
import type { Network } from '../whatsapp/network.ts'
import { scan } from '../whatsapp/pairing.ts'
import { typeCode } from '../whatsapp/pairing-code.ts'
import * as schema from './schemas.ts'
import { viewDevice, viewPhones, viewStats, viewWaiting } from './views.ts'

const ofPhone = z.object({ number: z.string() })
const ofGroup = z.object({ group: z.string() })
const ofDevice = z.object({ number: z.string(), device: z.coerce.number().int() })

/** @param websocketUrl where clients connect, known once the server listens */
export function registerRoutes(app: FastifyInstance, network: Network, websocketUrl: () => string): void {
  const { state, authority } = network

  app.get('/v1/info', (): schema.Info => {
    const { rootSerial } = authority
    const rootPublicKey = authority.rootPublic.toString('base64')
    const mediaCertificate = network.media.certificate
    return { simulator: true, websocketUrl: websocketUrl(), rootPublicKey, rootSerial, mediaCertificate }
  })
  app.get('/v1/stats', () => viewStats(network))

  app.get('/v1/phones', () => viewPhones(network))
  app.post('/v1/phones', (request, reply) => {
    const { number, name } = schema.NewPhone.parse(request.body)
    if (state.phones.find(number))
      throw new SimulatorError('phone_exists', `There is a simulated phone ${number} already.`)
    const { lid, createdAt } = state.phones.create(number, name)
    network.publish({ type: 'phone', number })
    reply.code(201)
    return { number, lid, name, createdAt }
  })
  app.post('/v1/phones/:number/scan', async (request) => {
    const { number } = ofPhone.parse(request.params)
    return viewDevice(network, await scan(network, number, schema.Scan.parse(request.body).qr))
  })
  app.post('/v1/phones/:number/pairing-code', async (request) => {
    const { number } = ofPhone.parse(request.params)
    return viewDevice(network, await typeCode(network, number, schema.TypedCode.parse(request.body).code))
  })

  app.get('/v1/groups', () => state.groups.list())
  app.get('/v1/groups/:group', (request) => network.group(ofGroup.parse(request.params).group))
  app.post('/v1/groups', (request, reply) => {
    const { subject, members } = schema.NewGroup.parse(request.body)
    for (const number of members) network.phone(number)
    const group = state.groups.create(subject, members)
    network.publish({ type: 'group', group: group.id })
    reply.code(201)
    return group
  })

  app.post('/v1/groups/:group/changes', (request) => {
    const { group } = ofGroup.parse(request.params)
    const change = schema.GroupChange.parse(request.body)
    const actor = { number: change.by, device: 0 }
    if (change.kind === 'subject') return renameGroup(network, group, actor, change.subject)
    if (change.kind === 'add') return addMembers(network, group, actor, change.members)
    if (change.kind === 'remove') return removeMembers(network, group, actor, change.members)
    return setAdmins(network, group, actor, change.members, change.kind === 'promote')
  })

  app.get('/v1/devices', () => state.devices.list().map((device) => viewDevice(network, device)))
  app.get('/v1/waiting', () => viewWaiting(network))
  app.post('/v1/devices/:number/:device/force', (request) => {
    const { number, device: id } = ofDevice.parse(request.params)
    const { condition } = schema.Force.parse(request.body)
    const device = state.devices.find(number, id)
    if (!device || device.removedAt !== undefined) {
      throw new SimulatorError('device_not_found', `${number} has no linked device ${id}.`)
    }
    force(network, device, condition)
    return {}
  })

  app.get('/v1/faults', (request) => state.faults.list(schema.FaultsQuery.parse(request.query).kind))
  app.delete('/v1/faults', () => ({ cleared: state.faults.clear() }))
  app.get('/v1/ledger', (request) => {
    const { after, limit, number } = schema.LogQuery.parse(request.query)
    return state.ledger.entries(after, limit, number)
  })
  app.get('/v1/ledger/messages', (request) => {
    const { after, number, message } = schema.LedgerMessagesQuery.parse(request.query)
    return state.ledger.messages(after, number, message)
  })
  app.get('/v1/connections', (request) => {
    const { after, limit, number, latest } = schema.ConnectionsQuery.parse(request.query)
    return latest ? state.connections.latest(latest) : state.connections.list(after, limit, number)
  })
}
