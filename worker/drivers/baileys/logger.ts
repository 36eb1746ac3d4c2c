/**
 * Baileys' log lines, without what they carry: their objects hold stanzas, credentials and keys. Only the words and an
 * error's own message pass, at debug level.
 */
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { SocketConfig } from '@whiskeysockets/baileys'

type BaileysLogger = SocketConfig['logger']

/** Where Baileys puts an error in a log object. */
const ERROR_FIELDS = ['err', 'error', 'ackErr', 'e']

export function quietLogger(log: Logger): BaileysLogger {
  const line = (fields: unknown, message?: string): void => {
    const words = message ?? (typeof fields === 'string' ? fields : undefined)
    if (words) log.debug({ baileys: words, error: errorMessage(fields) }, 'baileys')
  }
  const drop = (): void => {}
  const logger: BaileysLogger = {
    level: 'warn',
    child: () => logger,
    trace: drop,
    debug: drop,
    info: drop,
    warn: line,
    error: line,
  }
  return logger
}

function errorMessage(fields: unknown): string | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined
  for (const name of ERROR_FIELDS) {
    const error = (fields as Record<string, unknown>)[name]
    if (error instanceof Error) return error.message
  }
  return undefined
}
