/** What an installation keeps for itself beside its data: config.json, readable by its user only. */
import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { freePort, freePortFrom } from './ports.ts'

export interface Ports {
  gateway: number
  gatewayMetrics: number
  simulator: number
  kubernetes: number
  postgres: number
  operator: number
}

export interface Settings {
  /** Those of the last start: addresses stay where they can. */
  ports?: Ports
  /** BERTH_ENCRYPTION_KEYS. Without it the data at rest can't be read any more. */
  encryptionKeys: string
  /** BERTH_CHANNEL_KEYS; of an installation that is older than they are, made at its next start. */
  channelKeys?: string
  /** BERTH_INTERNAL_TOKEN. */
  internalToken: string
  /** Of the tenant demo. */
  apiKey?: string
  /** The tenant demo was made once; who deletes it does not get it back. */
  hasDemo?: boolean
}

export function readSettings(file: string): Settings {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return {
      encryptionKeys: `1:${randomBytes(32).toString('base64')}`,
      internalToken: randomBytes(24).toString('base64url'),
    }
  }
  try {
    return JSON.parse(text) as Settings
  } catch (cause) {
    throw new Error(`${file} can't be read as JSON. Repair it, or begin anew with npm start -- --reset --yes`, {
      cause,
    })
  }
}

/** Whole or not at all: it holds the only copy of the keys. */
export function writeSettings(file: string, settings: Settings): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}

const DEFAULTS: Partial<Ports> = { gateway: 8080, simulator: 8090, kubernetes: 8443 }
const NAMES = ['gateway', 'gatewayMetrics', 'simulator', 'kubernetes', 'postgres', 'operator'] as const

/**
 * A port for each: the one wanted for this start, else the last one, else the usual one; the next free one where that is
 * taken.
 * @param anyPorts whichever are free, for tests
 */
export async function choosePorts(last: Partial<Ports>, wanted: Partial<Ports>, anyPorts = false): Promise<Ports> {
  const usual = anyPorts ? {} : DEFAULTS
  const chosen: Partial<Ports> = {}
  for (const name of NAMES) {
    const first = wanted[name] ?? last[name] ?? usual[name]
    let port = first === undefined ? await freePort() : await freePortFrom(first)
    while (Object.values(chosen).includes(port)) port = await freePortFrom(port + 1)
    chosen[name] = port
  }
  return chosen as Ports
}
