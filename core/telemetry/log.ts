/**
 * Logs: one JSON line each on standard output. ERROR means that a human must act.
 * Never a key, a QR, a code or a message text: what could hold one is redacted by name as a second line of defence.
 */
import { type Logger, pino } from 'pino'

export type { Logger }

const secrets = [
  'authorization',
  'apiKey',
  'api_key',
  'password',
  'token',
  'qr',
  'text',
  'body',
  'content',
  'key',
  'keys',
  'creds',
]

/** LOG_LEVEL: trace, debug, info (default), warn, error, silent; case does not matter. */
export const createLogger = (component: string): Logger =>
  pino({
    base: { component, ...(process.env.POD_NAME ? { pod: process.env.POD_NAME } : {}) },
    level: (process.env.LOG_LEVEL ?? 'info').toLowerCase(),
    formatters: { level: (level) => ({ level }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err },
  })
