/** The code that links a phone: as a picture, as text, and as a stream that follows it. Never logged, never cached. */
import { Qr } from '@berth/core/model/worker-api.ts'
import QRCode from 'qrcode'
import { z } from 'zod'
import { chooseType } from '../accept.ts'
import type { App, Context } from '../context.ts'
import { EventStream, type StreamSlots } from '../event-stream.ts'
import { goneSignal } from '../gone.ts'
import { currentQr, followLinking } from '../linking.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { SessionParams } from '../schemas.ts'
import { QR_REFUSALS } from '../session-view.ts'
import { EVERYWHERE, tags } from './common.ts'

const FORMATS = ['image/svg+xml', 'image/png', 'text/plain', 'application/json'] as const
const PICTURE_PIXELS = 320

const QrCode = Qr.extend({
  number: Qr.shape.number.describe('Counts the codes that this worker offered for the session'),
  qr: Qr.shape.qr.describe('The text to show as a QR code. A secret: whoever scans it owns the session'),
  expiresAt: Qr.shape.expiresAt.describe('Ask again then'),
}).meta({
  id: 'QrCode',
  examples: [{ number: 1, qr: '2@AbCd…,…,…,…', expiresAt: '2026-01-05T10:15:20.000Z' }],
})

const EVENTS_EXAMPLE = `id: 1
event: state
data: {"name":"support","state":"WaitingForScan",…}

id: 2
event: qr
data: {"number":1,"qr":"2@AbCd…","expiresAt":"2026-01-05T10:15:20.000Z"}

id: 3
event: connected
data: {"name":"support","state":"Connected","phoneNumber":"+5511999990001",…}
`

async function picture(format: (typeof FORMATS)[number], qr: string): Promise<string | Buffer> {
  if (format === 'image/png') return QRCode.toBuffer(qr, { errorCorrectionLevel: 'L', width: PICTURE_PIXELS })
  if (format === 'image/svg+xml') return QRCode.toString(qr, { type: 'svg', errorCorrectionLevel: 'L' })
  // For a terminal: something to scan, and in the last line something to copy.
  return `${await QRCode.toString(qr, { type: 'utf8', errorCorrectionLevel: 'L' })}\n${qr}\n`
}

const EVENTS = `Server-sent events:

- \`state\`: the session, at once and whenever its state changes
- \`qr\`: \`{ qr, expiresAt, number }\`, the text to show as a QR code; a newer one replaces it
- \`connected\`: the session; the stream ends

It goes on while the session moves to another worker.`

export function qrRoutes(app: App, context: Context, streams: StreamSlots): void {
  app.get(
    '/sessions/:name/qr',
    {
      schema: {
        operationId: 'getQr',
        summary: 'The code to scan',
        description:
          'Waits up to 10 seconds for a first code. A picture (SVG by default, PNG), a picture made of characters with the text itself in the last line (text/plain, for a terminal), or JSON, as the Accept header says. Whoever scans it owns the session: keep it secret.',
        tags: tags.linking,
        'x-headers': {
          'QR-Number': { description: 'number of the code', schema: { type: 'integer' }, example: 1 },
          'QR-Expires-At': {
            description: 'expiresAt of the code',
            schema: { type: 'string', format: 'date-time' },
            example: '2026-01-05T10:15:20.000Z',
          },
        },
        params: SessionParams,
        response: {
          200: {
            description: 'The code; ask again when it expires',
            content: {
              'image/svg+xml': { schema: z.string().meta({ examples: ['<svg xmlns="http://www.w3.org/2000/svg" …'] }) },
              'image/png': { schema: z.custom<string | Buffer>().meta({ type: 'string', format: 'binary' }) },
              'text/plain': { schema: z.string().meta({ examples: ['█▀▀▀▀▀█ …\n\n2@AbCd…,…,…,…\n'] }) },
              'application/json': { schema: QrCode },
            },
          },
          ...problemResponses(
            'session_not_found',
            'not_acceptable',
            ...QR_REFUSALS,
            'qr_not_ready',
            'session_moving',
            ...EVERYWHERE,
          ),
        },
      },
    },
    async (request, reply) => {
      const format = chooseType(request.headers.accept, FORMATS)
      if (!format) throw new Problem('not_acceptable')
      const session = { tenantId: request.caller.tenantId, name: request.params.name }
      const code = await currentQr(context, session, context.holds.firstQrMs, goneSignal(reply))
      reply.header('vary', 'accept').header('qr-number', code.number).header('qr-expires-at', code.expiresAt)
      if (format === 'application/json') return reply.send(code)
      return reply.type(format).send(await picture(format, code.qr))
    },
  )

  app.get(
    '/sessions/:name/qr/stream',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamQr',
        summary: 'Follow the linking',
        description: EVENTS,
        tags: tags.linking,
        params: SessionParams,
        response: {
          200: {
            description: 'Events, until the session is connected or ten minutes are over',
            content: { 'text/event-stream': { schema: z.string().meta({ examples: [EVENTS_EXAMPLE] }) } },
          },
          ...problemResponses('session_not_found', 'too_many_streams', ...EVERYWHERE),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const { signal, release } = streams.take(tenantId, reply.raw)
      try {
        const events = followLinking(context, { tenantId, name: request.params.name }, signal)
        // The first event comes at once, or a problem instead of the stream.
        const first = await events.next()
        const stream = new EventStream(reply)
        try {
          if (!first.done) stream.send(first.value)
          for await (const event of events) stream.send(event)
        } catch (error) {
          // The answer has begun: all that can be said is that it ends. The client connects again.
          if (!signal.aborted) request.log.info({ error: (error as Error).message }, 'an event stream broke off')
        } finally {
          stream.end()
        }
      } finally {
        release()
      }
      return reply
    },
  )
}
