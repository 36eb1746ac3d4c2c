/** Files: upload one, read one, make a link to one. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { deleteMedia, findMedia, type MediaRow } from '../data/media.ts'
import { requireUuid } from '../find.ts'
import { openFile, requireStored } from '../media/file-of.ts'
import { dispositionOf, rangeOf } from '../media/headers.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { FILE_MS } from '../receive-time.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const DEFAULT_LINK_SECONDS = 3600
const MAX_LINK_SECONDS = 7 * 24 * 3600
const LINGER_MS = 5000
/** Files never change. */
const CACHE_SECONDS = 3600

const MediaParams = z.object({
  id: z
    .string()
    .describe('The id of the file')
    .meta({ examples: ['019b8a41-2d3e-7b4c-8d5e-6f7a8b9c0d1e'] }),
})

const StoredMedia = z
  .object({
    id: z.uuid().describe('Name it as "media.id" of a message, or read it with GET /v1/media/{id}'),
    mimeType: z.string().describe('What it is: by its first bytes, else as you said'),
    size: z.int().describe('Bytes'),
    sha256: z.string().describe('Of its bytes, as hexadecimal digits'),
    fileName: z.string().optional().describe('What you called it'),
    createdAt: z.iso.datetime().describe('When it was uploaded'),
  })
  .meta({
    id: 'StoredMedia',
    examples: [
      {
        id: '019b8a41-2d3e-7b4c-8d5e-6f7a8b9c0d1e',
        mimeType: 'application/pdf',
        size: 48213,
        sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        fileName: 'invoice.pdf',
        createdAt: '2026-01-05T10:15:40.000Z',
      },
    ],
  })

const NewMediaLink = z
  .strictObject({
    seconds: z
      .int()
      .min(1)
      .max(MAX_LINK_SECONDS)
      .default(DEFAULT_LINK_SECONDS)
      .describe('How long it is good for; at most a week'),
  })
  .meta({ id: 'NewMediaLink', examples: [{ seconds: 3600 }] })

const MediaLink = z
  .object({
    url: z.string().describe('Whoever has it may read the file. A path, when the platform did not say its address'),
    expiresAt: z.iso.datetime().describe('Until then'),
  })
  .meta({
    id: 'MediaLink',
    examples: [{ url: 'https://berth.example.com/media/BeXaMpLe', expiresAt: '2026-01-05T11:15:40.000Z' }],
  })

const BYTES = z.custom<unknown>().meta({ type: 'string', format: 'binary', examples: ['(the bytes of the file)'] })

const READ = 'The bytes. The Range header asks for a part of them'

const readResponses = {
  200: { description: 'The whole file', content: { '*/*': { schema: BYTES } } },
  206: { description: 'The part that was asked for', content: { '*/*': { schema: BYTES } } },
}

const mediaView = (row: MediaRow) => ({
  id: row.id,
  mimeType: row.mime_type,
  size: row.size!,
  sha256: row.sha256!.toString('hex'),
  ...(row.file_name !== null && { fileName: row.file_name }),
  createdAt: row.created_at.toISOString(),
})

export function mediaRoutes(app: App, context: Context): void {
  const { database, limits, links, publicUrl } = context

  app.register(async (scope: App) => uploadRoute(scope, context))

  app.get(
    '/media/:id',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'getMedia',
        summary: 'Read a file',
        description: `${READ}; the address stays the same as long as the file is there.`,
        tags: tags.media,
        params: MediaParams,
        response: {
          ...readResponses,
          ...problemResponses(
            'media_not_found',
            'media_failed',
            'range_not_satisfiable',
            'media_pending',
            'media_unavailable',
            ...EVERYWHERE,
          ),
        },
      },
    },
    async (request, reply) => {
      const id = requireUuid(request.params.id, 'media_not_found')
      const row = await findMedia(database, request.caller.tenantId, id)
      if (!row) throw new Problem('media_not_found')
      return sendFile(context, row, request, reply)
    },
  )

  app.post(
    '/media/:id/links',
    {
      schema: {
        operationId: 'createMediaLink',
        summary: 'Make a link to a file',
        description: 'For a browser or a program that can not send the API key. It can not be taken back.',
        tags: tags.media,
        params: MediaParams,
        body: NewMediaLink.nullish(),
        response: {
          201: MediaLink.describe('The link'),
          ...problemResponses('media_not_found', 'validation_failed', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const id = requireUuid(request.params.id, 'media_not_found').toLowerCase()
      if (!(await findMedia(database, tenantId, id))) throw new Problem('media_not_found')
      const seconds = request.body?.seconds ?? DEFAULT_LINK_SECONDS
      const expires = Math.floor(Date.now() / 1000) + seconds
      const url = `${publicUrl ?? ''}/media/${links.token({ tenantId, mediaId: id, expires })}`
      return reply.code(201).send({ url, expiresAt: new Date(expires * 1000).toISOString() })
    },
  )

  app.delete(
    '/media/:id',
    {
      schema: {
        operationId: 'deleteMedia',
        summary: 'Delete a file',
        description: 'At once for everybody; messages that had it stay, and say so when it is read.',
        tags: tags.media,
        params: MediaParams,
        response: {
          204: z.null().describe('It is gone'),
          ...problemResponses('media_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const id = requireUuid(request.params.id, 'media_not_found')
      if (!(await deleteMedia(database, request.caller.tenantId, id))) throw new Problem('media_not_found')
      return reply.code(204).send(null)
    },
  )

  /** Its body is the file itself, whatever its Content-Type says. */
  function uploadRoute(scope: App, { intake }: Context): void {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, body, done) => done(null, body))
    scope.post(
      '/media',
      {
        config: { receiveMs: FILE_MS },
        schema: {
          operationId: 'uploadMedia',
          summary: 'Upload a file',
          description:
            'The body is the file itself; the Content-Type says what it is, where its first bytes do not. Then send it with "media": {"id": …}.',
          tags: tags.media,
          consumes: ['application/octet-stream'],
          querystring: z.object({
            fileName: z
              .string()
              .min(1, 'Write a name, or leave it out')
              .max(255, 'Write at most 255 characters')
              .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'Write valid Unicode without U+0000')
              .optional()
              .describe('What receivers see it called')
              .meta({ examples: ['invoice.pdf'] }),
          }),
          body: BYTES,
          response: {
            201: StoredMedia.describe('It is stored'),
            ...problemResponses('media_too_large', 'validation_failed', 'media_unavailable', ...ON_CHANGES),
          },
        },
      },
      async (request, reply) => {
        const { caller, query, headers } = request
        const { mediaBytes } = await limits.of(caller.tier)
        if (Number(headers['content-length']) > mediaBytes) {
          throw new Problem('media_too_large', { detail: `At most ${mediaBytes} bytes.` })
        }
        const row = await intake
          .take({
            tenantId: caller.tenantId,
            bytes: request.raw.iterator({ destroyOnReturn: false }),
            maxBytes: mediaBytes,
            declaredType: headers['content-type'],
            fileName: query.fileName,
          })
          .catch((error) => {
            leaveUnread(request.raw)
            throw error
          })
        return reply.code(201).send(mediaView(row))
      },
    )
  }
}

/** Reads on for a moment, for who only looks for an answer when all is sent; then hangs up. */
function leaveUnread(raw: IncomingMessage): void {
  const timer = setTimeout(() => raw.destroy(), LINGER_MS)
  raw.once('close', () => clearTimeout(timer))
  raw.resume()
}

/** Links need no key: they carry their own proof. */
export function mediaLinkRoutes(app: App, context: Context): void {
  app.get(
    '/media/:token',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'getMediaByLink',
        summary: 'Read a file by a link',
        description: `${READ}. Needs no key.`,
        tags: tags.media,
        security: [],
        params: z.object({
          token: z
            .string()
            .describe('As POST /v1/media/{id}/links made it')
            .meta({ examples: ['BeXaMpLe'] }),
        }),
        response: {
          ...readResponses,
          ...problemResponses(
            'media_link_invalid',
            'media_failed',
            'range_not_satisfiable',
            'media_pending',
            'media_unavailable',
            'internal_error',
            'database_unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const link = context.links.read(request.params.token, Date.now())
      const row = link && (await findMedia(context.database, link.tenantId, link.mediaId))
      if (!row) throw new Problem('media_link_invalid')
      return sendFile(context, row, request, reply)
    },
  )
}

async function sendFile(
  context: Context,
  row: MediaRow,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const size = requireStored(row).size!
  const range = rangeOf(request.headers.range, size)
  if (range === 'beyond') {
    throw new Problem('range_not_satisfiable', { headers: { 'content-range': `bytes */${size}` } })
  }
  const bytes = await openFile(context, row.id, range)
  reply
    .type(row.mime_type)
    .header('content-disposition', dispositionOf(row.mime_type, row.file_name))
    .header('content-length', range ? range.last - range.first + 1 : size)
    .header('accept-ranges', 'bytes')
    .header('cache-control', `private, max-age=${CACHE_SECONDS}`)
    // Opened in a browser, it is a document of our own origin: it runs and loads nothing.
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('cross-origin-resource-policy', 'cross-origin')
  if (range) reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${size}`)
  return reply.send(bytes)
}
