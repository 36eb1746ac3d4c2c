// The part of the control API that is about who is on line and who is typing.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Network } from '../whatsapp/network.ts'
import { actOnPhone, showPhone } from '../whatsapp/presence.ts'
import * as schema from './presence-schemas.ts'

const ofPhone = z.object({ number: z.string() })

export function registerPresenceRoutes(app: FastifyInstance, network: Network): void {
  const view = (number: string): schema.Presence => {
    const shown = network.presence(network.phone(number).number)
    return { online: shown.online, lastSeen: shown.lastSeen ?? null, activities: shown.activities(network.now()) }
  }

  app.get('/v1/phones/:number/presence', (request) => view(ofPhone.parse(request.params).number))
  app.put('/v1/phones/:number/presence', (request) => {
    const { number } = ofPhone.parse(request.params)
    showPhone(network, number, schema.NewPresence.parse(request.body).online)
    return view(number)
  })
  app.post('/v1/phones/:number/activity', (request) => {
    const { number } = ofPhone.parse(request.params)
    const { chat, activity } = schema.NewActivity.parse(request.body)
    actOnPhone(network, number, chat, activity)
    return view(number)
  })
}
