/** What the schemas of all routes share. */
import type { ProblemCode } from '../problems/catalogue.ts'

/** Problems that every route under /v1 can answer. */
export const EVERYWHERE = [
  'api_key_missing',
  'api_key_invalid',
  'rate_limited',
  'internal_error',
  'database_unavailable',
] as const satisfies ProblemCode[]

/** Problems of routes that change something. */
export const ON_CHANGES = [
  ...EVERYWHERE,
  'malformed_request',
  'tenant_suspended',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies ProblemCode[]

export const tags = {
  sessions: ['Sessions'],
  linking: ['Linking'],
  channels: ['Channels'],
  messages: ['Messages'],
  media: ['Media'],
  events: ['Events'],
  webhooks: ['Webhooks'],
  people: ['People'],
  groups: ['Groups'],
  about: ['About'],
}
