/**
 * Logs: one JSON line each on standard output. ERROR means that a human must act. A line that is written for a request
 * carries its requestId and traceId.
 * Never a key, a QR, a code or a message text: what could hold one is redacted by name as a second line of defence.
 */
import { type DestinationStream, type Logger, pino } from 'pino'
import { currentTrace } from './trace.ts'

export type { Logger }

const secrets = [
  'authorization',
  'apiKey',
  'api_key',
  'password',
  'token',
  'qr',
  'pairingCode',
  'text',
  'body',
  'content',
  'key',
  'keys',
  'creds',
]

/** A new object each time: pino writes the line's own fields into it. */
function traceFields(): object {
  const trace = currentTrace()
  return trace ? { requestId: trace.requestId, traceId: trace.traceId } : {}
}

/**
 * LOG_LEVEL: trace, debug, info (default), warn, error, silent; case does not matter.
 * @param destination instead of standard output
 */
export const createLogger = (component: string, destination?: DestinationStream): Logger =>
  pino(
    {
      base: { component, ...(process.env.POD_NAME ? { pod: process.env.POD_NAME } : {}) },
      level: (process.env.LOG_LEVEL ?? 'info').toLowerCase(),
      mixin: traceFields,
      formatters: { level: (level) => ({ level }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err },
    },
    destination,
  )
