/** The code that a person types on the phone in place of a scan. Never logged, never cached. */
import { PairingCode as WorkerPairingCode } from '@berth/core/model/worker-api.ts'
import { z } from 'zod'
import { askerOf, throughOwner } from '../ask.ts'
import type { App, Context } from '../context.ts'
import { requireSession } from '../find.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { NOT_AN_OBJECT, PhoneNumber, SessionParams } from '../schemas.ts'
import { QR_REFUSALS, qrRefusal } from '../session-view.ts'
import { ON_CHANGES, tags } from './common.ts'

/** Each one is announced on the phone, whosever it is. */
const CODES_PER_HOUR = 10

const PairingCodeRequest = z
  .strictObject({ phoneNumber: PhoneNumber.describe('The number of the phone that will type the code') }, NOT_AN_OBJECT)
  .meta({ id: 'PairingCodeRequest', examples: [{ phoneNumber: '+5511999990001' }] })

const PairingCode = WorkerPairingCode.extend({
  code: WorkerPairingCode.shape.code.describe('To be typed on the phone. A secret: whoever types it owns the session'),
  expiresAt: WorkerPairingCode.shape.expiresAt.describe('Ask for another one then'),
}).meta({ id: 'PairingCode', examples: [{ code: 'ABCD-EFGH', expiresAt: '2026-01-05T10:17:20.000Z' }] })

export function pairingCodeRoutes(app: App, context: Context): void {
  app.post(
    '/sessions/:name/pairing-code',
    {
      schema: {
        operationId: 'createPairingCode',
        summary: 'A code to type on the phone',
        description:
          'Links a phone without a camera: WhatsApp, Linked devices, Link a device, Link with phone number instead. The code is shown once; another one makes it worthless. Follow the linking with …/qr/stream. A session may ask for 10 in an hour.',
        tags: tags.linking,
        params: SessionParams,
        body: PairingCodeRequest,
        response: {
          201: PairingCode.describe('The code; it is stored nowhere'),
          ...problemResponses(
            'session_not_found',
            ...QR_REFUSALS,
            'session_moving',
            'session_not_connected',
            'whatsapp_refused',
            'whatsapp_rate_limited',
            'too_many_pairing_codes',
            'whatsapp_no_answer',
            'validation_failed',
            ...ON_CHANGES,
          ),
        },
      },
    },
    async (request, reply) => {
      const asker = askerOf(request, reply)
      const row = await requireSession(context.database, asker.tenantId, asker.name)
      const refusal = qrRefusal(row)
      if (refusal) throw new Problem(refusal, row.message ? { detail: row.message } : {})
      const { allowed, resetSeconds } = context.pairingCodes.take(row.id, CODES_PER_HOUR)
      if (!allowed) throw new Problem('too_many_pairing_codes', { retryAfterSeconds: resetSeconds })
      const code = await throughOwner(context, asker, row.id, (owner) =>
        context.workers.pairingCode(owner, row.id, request.body.phoneNumber, asker.signal),
      )
      return reply.code(201).send(code)
    },
  )
}
