// The part of the control API that plans trouble: what strikes which stanzas, and how often it has.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { SimulatorError } from '../errors.ts'
import type { Network } from '../whatsapp/network.ts'
import * as schema from './disturbance-schemas.ts'

const ofDisturbance = z.object({ id: z.coerce.number().int() })

export function registerDisturbanceRoutes(app: FastifyInstance, network: Network): void {
  const { disturbances } = network.state

  app.get('/v1/disturbances', (): schema.Disturbance[] => disturbances.list())
  app.post('/v1/disturbances', (request, reply): schema.Disturbance => {
    const disturbance = disturbances.add(schema.NewDisturbance.parse(request.body))
    network.publish({ type: 'disturbance', disturbance: disturbance.id })
    reply.code(201)
    return disturbance
  })
  app.delete('/v1/disturbances/:id', (request) => {
    const { id } = ofDisturbance.parse(request.params)
    if (!disturbances.remove(id)) throw new SimulatorError('disturbance_not_found', `There is no disturbance ${id}.`)
    network.publish({ type: 'disturbance', disturbance: id })
    return {}
  })
  app.delete('/v1/disturbances', () => {
    const planned = disturbances.list()
    const cleared = disturbances.clear()
    for (const { id } of planned) network.publish({ type: 'disturbance', disturbance: id })
    return { cleared }
  })
}
