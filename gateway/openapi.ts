/** The API document, generated from the schemas of the routes. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { catalogue } from './problems.ts'

const problemTable = [
  '| Code | Status | What to do |',
  '|---|---|---|',
  ...Object.entries(catalogue).map(([code, { status, remedy }]) => `| \`${code}\` | ${status} | ${remedy} |`),
].join('\n')

const DESCRIPTION = `Link WhatsApp accounts and send and read their messages.

1. \`PUT /v1/sessions/support\` creates a session.
2. \`GET /v1/sessions/support/qr\` shows the code: scan it with the phone (WhatsApp, Linked devices, Link a device).
3. \`POST /v1/sessions/support/messages\` with \`{"to": "+5511999990002", "text": "Hello!"}\` sends.

A message is stored before it is answered and reaches the contact once, also when the session moves between workers
meanwhile. Send an \`Idempotency-Key\` to be free to repeat a request.

Errors are problem documents (RFC 9457). Compare their \`code\`:

${problemTable}
`

export const documentOptions = (publicUrl: string | undefined): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: { title: 'Berth', version: '1', description: DESCRIPTION, license: { name: 'Apache-2.0' } },
    servers: [{ url: publicUrl ?? '/' }],
    tags: [
      { name: 'Sessions', description: 'WhatsApp accounts and whether they run' },
      { name: 'Linking', description: 'Bringing a phone in, and out' },
      { name: 'Messages', description: 'Sending and reading' },
      { name: 'About', description: 'The API about itself; needs no key' },
    ],
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'Your API key: wak_live_…' },
        apiKeyHeader: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'The same key, for clients that can not set Authorization',
        },
      },
    },
    security: [{ apiKey: [] }, { apiKeyHeader: [] }],
  },
  transform: jsonSchemaTransform as NonNullable<FastifyDynamicSwaggerOptions['transform']>,
  transformObject: jsonSchemaTransformObject,
})
