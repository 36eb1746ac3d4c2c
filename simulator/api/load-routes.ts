// The part of the control API that is about a load: one at a time.
import type { FastifyInstance } from 'fastify'
import { SimulatorError } from '../errors.ts'
import { Load } from '../load/load.ts'
import type { Network } from '../whatsapp/network.ts'
import * as schema from './load-schemas.ts'
import { Scan } from './schemas.ts'
import { viewDevice } from './views.ts'

export function registerLoadRoutes(app: FastifyInstance, network: Network): void {
  let running: Load | undefined
  const load = (): Load => {
    if (running) return running
    throw new SimulatorError('load_not_found', 'There is no load now. Start one first.')
  }
  app.addHook('preClose', async () => running?.stop())

  app.post('/v1/load', (request, reply): schema.Load => {
    const plan = schema.NewLoad.parse(request.body)
    if (running) throw new SimulatorError('load_exists', 'There is a load already. Stop it first.')
    running = new Load(network, plan)
    reply.code(201)
    return running.status()
  })
  app.get('/v1/load', (): schema.MaybeLoad => ({ load: running?.status() ?? null }))
  app.delete('/v1/load', (): schema.Load => {
    const ended = load()
    ended.stop()
    running = undefined
    return ended.status()
  })
  app.post('/v1/load/scan', async (request) => viewDevice(network, await load().scan(Scan.parse(request.body).qr)))
}
