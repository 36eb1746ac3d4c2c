/**
 * Baileys' log lines, without what they carry: their objects hold stanzas, credentials and keys. Only the words and an
 * error's own message pass, at debug level.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { SocketConfig } from '@whiskeysockets/baileys'

type BaileysLogger = SocketConfig['logger']

/** Where Baileys puts an error in a log object. */
const ERROR_FIELDS = ['err', 'error', 'ackErr', 'e']

/** The work of Baileys that `succeeds` watches. */
const watched = new AsyncLocalStorage<{ failed: boolean }>()

/** Has Baileys do something; false when it failed, of which Baileys tells nobody but its log. */
export async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  const outcome = { failed: false }
  await watched.run(outcome, work)
  return !outcome.failed
}

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
    error: (fields: unknown, message?: string) => {
      const outcome = watched.getStore()
      if (outcome) outcome.failed = true
      line(fields, message)
    },
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
