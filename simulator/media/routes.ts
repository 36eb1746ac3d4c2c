// The media host over https: POST uploads a file, GET downloads it, whole or in part.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { SimulatorError } from '../errors.ts'
import type { Network } from '../whatsapp/network.ts'
import { MAXIMUM_FILE, uploadName } from './host.ts'

/** What is uploaded under /mms: each kind has a path of its own. */
const upload = z.object({ kind: z.enum(['image', 'video', 'document', 'audio']), name: z.string() })
const granted = z.object({ auth: z.string().default('') })

export function registerMediaHost(app: FastifyInstance, network: Network): void {
  const { mediaFiles } = network.state
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: MAXIMUM_FILE },
    (_request, body, done) => done(null, body),
  )

  app.post('/mms/:kind/:name', { bodyLimit: MAXIMUM_FILE }, (request) => {
    const { name } = upload.parse(request.params)
    const device = network.media.invited(granted.parse(request.query).auth)
    if (!device) throw new SimulatorError('media_unauthorized', 'Ask for a media connection, and upload with its auth.')
    const { number, id } = device
    const bytes = request.body
    if (!Buffer.isBuffer(bytes) || uploadName(bytes) !== name) {
      network.fault({ kind: 'bad-media', detail: 'An upload under a name that is not its hash', number, device: id })
      throw new SimulatorError(
        'media_misnamed',
        'The last part of the path must be the SHA-256 of the body, base64url.',
      )
    }
    const path = mediaFiles.add(bytes)
    return { url: `https://${network.media.address}${path}`, direct_path: path }
  })

  app.get('/v/:name', (request, reply) => {
    const [path] = request.url.split('?')
    const bytes = mediaFiles.download(path!)
    if (bytes === undefined) throw new SimulatorError('not_found', 'There is no such file.')
    if (bytes === 'expired') throw new SimulatorError('media_gone', 'The file has expired. Ask for a new upload of it.')
    reply.type('application/octet-stream').header('accept-ranges', 'bytes')
    const range = rangeOf(request.headers.range, bytes.length)
    if (!range) return bytes
    const { first, last } = range
    reply.code(206).header('content-range', `bytes ${first}-${last}/${bytes.length}`)
    return bytes.subarray(first, last + 1)
  })
}

/** What `bytes=first-last` asks for; undefined for everything, and for what it can't mean. */
function rangeOf(header: string | undefined, length: number): { first: number; last: number } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '')
  if (!match) return undefined
  const first = Number(match[1])
  const last = Math.min(match[2] ? Number(match[2]) : length, length - 1)
  return first <= last ? { first, last } : undefined
}
