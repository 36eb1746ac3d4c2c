// The part of the control API that is about what accounts tell of themselves; and their pictures, for who was told of them.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { SimulatorError } from '../errors.ts'
import type { Network } from '../whatsapp/network.ts'
import { pictureUrl, rename, setAbout, setBlocked, setPicture } from '../whatsapp/profile.ts'
import * as schema from './profile-schemas.ts'

const ofPhone = z.object({ number: z.string() })
const ofContact = z.object({ number: z.string(), contact: z.string() })
const ofPicture = z.object({ owner: z.string(), picture: z.string() })

export function registerProfileRoutes(app: FastifyInstance, network: Network): void {
  const { blocks, database, profiles } = network.state
  const view = (number: string): schema.Profile => {
    const { name } = network.phone(number)
    return {
      name,
      about: profiles.about(number) ?? null,
      pictureUrl: pictureUrl(network, number)?.url ?? null,
      asksFirst: profiles.asksFirst(number),
    }
  }

  app.get('/v1/phones/:number/profile', (request) => view(ofPhone.parse(request.params).number))
  app.patch('/v1/phones/:number/profile', (request) => {
    const { number } = ofPhone.parse(request.params)
    const { name, about, picture, asksFirst } = schema.ProfileChange.parse(request.body)
    database.change(() => {
      if (name !== undefined) rename(network, number, name)
      if (about !== undefined) setAbout(network, number, about)
      if (picture !== undefined)
        setPicture(network, number, picture === null ? undefined : Buffer.from(picture, 'base64'))
      if (asksFirst !== undefined) profiles.setAsksFirst(number, asksFirst)
    })
    return view(number)
  })
  app.get('/pictures/:owner/:picture', (request, reply) => {
    const { owner, picture } = ofPicture.parse(request.params)
    const found = profiles.picture(owner) ?? profiles.picture(`${owner}@g.us`)
    if (found?.id !== picture) throw new SimulatorError('picture_not_found', 'There is no such picture (any more).')
    return reply.type('application/octet-stream').header('x-content-type-options', 'nosniff').send(found.bytes)
  })
  app.get('/v1/phones/:number/blocked', (request) => {
    return blocks.of(network.phone(ofPhone.parse(request.params).number).number)
  })
  app.put('/v1/phones/:number/blocked/:contact', (request) => {
    const { number, contact } = ofContact.parse(request.params)
    setBlocked(network, number, contact, schema.NewBlock.parse(request.body).blocked)
    return blocks.of(number)
  })
}
