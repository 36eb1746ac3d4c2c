/** What the API document says beside the routes: the introduction, the ways to prove who you are, the groups. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { catalogue, problemCodes } from '../problems/catalogue.ts'
import type { ApiDocument } from './document.ts'
import { finish } from './finish.ts'

const problemTable = [
  '| Code | Status | What to do |',
  '|---|---|---|',
  ...problemCodes.map((code) => {
    const { status, remedy } = catalogue[code]
    return `| [\`${code}\`](/problems/${code}) | ${status} | ${remedy} |`
  }),
].join('\n')

const DESCRIPTION = `Link WhatsApp accounts, and send and read their messages.

## First steps

1. \`PUT /v1/sessions/support\` creates a session: one WhatsApp account that you want to use.
2. \`GET /v1/sessions/support/qr\` shows the code: scan it with the phone (WhatsApp, Linked devices, Link a device). Or
   \`POST /v1/sessions/support/pairing-code\` answers a code to type on the phone.
3. \`POST /v1/sessions/support/messages\` with \`{"to": "+5511999990002", "text": "Hello!"}\` sends.
4. \`GET /v1/sessions/support/messages?direction=incoming\` lists what came in.

Every call carries your API key: \`Authorization: Bearer wak_live_…\`.

## Sending once

A message is stored before it is answered and reaches the contact once, also when the session moves between workers
meanwhile. When no answer reached you, repeat the request with the same \`Idempotency-Key\`: it is the same message,
however often you send it. Choose a new key for each message, for example a UUID. New groups take one, too.

## Lists

Lists come in pages: \`limit\` says how many at most (1 to 100, 50 by default), \`nextCursor\` of a page is \`cursor\` of
the next one, and null on the last. A cursor stays good while entries come and go; nothing is shown twice or skipped.

## Errors

Every error is a problem document (RFC 9457, \`application/problem+json\`) with a stable \`code\` to compare, a \`remedy\`
that says what to do, and a \`type\` that leads to a page about it. With a \`Retry-After\` header it is worth trying again
after so many seconds: reads, \`PUT\`, \`DELETE\`, sends and new groups with an \`Idempotency-Key\` can be repeated without a thought.

${problemTable}

## Limits

A tier allows so many requests a minute and messages an hour; the \`RateLimit-*\` headers show where you are. Each gateway
counts for itself, so with several of them a limit may be reached later than its number says, and never earlier.

## Tracing

Send \`X-Request-Id\` (1 to 128 of \`A-Z a-z 0-9 _ . : / + = -\`) to find a call again in the platform's logs; without one it
is made, and answered either way. A W3C \`traceparent\` is continued through all parts of the platform.

## What may change

Within /v1: more operations, more optional fields in requests, more fields, states and codes in answers. Ignore what you
do not know. Nothing is taken away.
`

const transform = jsonSchemaTransform as NonNullable<FastifyDynamicSwaggerOptions['transform']>

/** The library's types know every OpenAPI document, ours the parts that this one has. */
const transformObject: FastifyDynamicSwaggerOptions['transformObject'] = (made) => {
  type Library = ReturnType<NonNullable<FastifyDynamicSwaggerOptions['transformObject']>>
  return finish(jsonSchemaTransformObject(made) as unknown as ApiDocument) as unknown as Library
}

export const documentOptions = (publicUrl: string | undefined): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version: '1',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl ?? '/' }],
    tags: [
      { name: 'Sessions', description: 'WhatsApp accounts: which there are, whether they run, how they are doing' },
      { name: 'Linking', description: 'Bringing a phone in, and out' },
      { name: 'Channels', description: 'Numbers of the WhatsApp Cloud API, in place of linked phones' },
      { name: 'Messages', description: 'Sending and reading' },
      { name: 'Media', description: 'Files: those that you send, and those of received messages' },
      { name: 'Events', description: 'What happened to your sessions, in order and without a gap' },
      { name: 'Webhooks', description: 'The same, told to addresses of yours' },
      { name: 'People', description: 'Profiles, contacts, and who is on line: asked of WhatsApp when you ask' },
      { name: 'Groups', description: 'The groups that the account is in' },
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
  transform,
  transformObject,
})
