// The media host: where clients upload encrypted files before they write of them, and download what others wrote of.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import type { State } from '../state/state.ts'
import type { MediaFile, MediaKind } from '../whatsapp/content/media-fields.ts'
import { type Stanza, stanza } from '../whatsapp/stanza.ts'
import { decryptFile, encryptFile } from './cipher.ts'

/** Bytes of one file. */
export const MAXIMUM_FILE = 32 * 1024 * 1024
/** How long a device may upload with what it was given, before it asks again. */
const AUTHORIZATION_SECONDS = 6 * 60 * 60
/** It may still be under way then. */
const GRACE_SECONDS = 60

/** The fields that say, in any message, where its file is and what opens it. */
export interface PlacedFile {
  url: string
  directPath: string
  mediaKey: Buffer
  fileSha256: Buffer
  fileEncSha256: Buffer
  fileLength: number
  /** Seconds. */
  mediaKeyTimestamp: number
}

export class MediaHost {
  readonly #state: State
  readonly #secret: Buffer
  /** `name:port`, as clients reach it, and what they must trust (PEM); known once the server listens. */
  address = ''
  certificate = ''

  constructor(state: State) {
    this.#state = state
    this.#secret = loadSecret(state)
  }

  /** What a device needs to upload: the answer to its query for a media connection. */
  invite(device: Device): Stanza {
    const ttl = String(AUTHORIZATION_SECONDS)
    const host = stanza('host', { hostname: this.address, maxContentLengthBytes: String(MAXIMUM_FILE) })
    return stanza('media_conn', { auth: this.#authorization(device), ttl, auth_ttl: ttl }, [host])
  }

  /** The device that was given this authorization, while it's good. */
  invited(authorization: string): Device | undefined {
    const [number = '', id = '', until = '', seal = ''] = authorization.split('.')
    const expected = this.#seal(`${number}.${id}.${until}`)
    const isGenuine = seal.length === expected.length && timingSafeEqual(Buffer.from(seal), Buffer.from(expected))
    if (!isGenuine || Number(until) < this.#state.database.now()) return undefined
    const device = this.#state.devices.find(number, Number(id))
    return device?.removedAt === undefined ? device : undefined
  }

  /** A phone encrypts a file and uploads it. To be called in the change that its message is stored in, or before. */
  place(kind: MediaKind, plain: Buffer): PlacedFile {
    const { encrypted, mediaKey, sha256: fileSha256, encryptedSha256: fileEncSha256 } = encryptFile(kind, plain)
    const directPath = this.#state.mediaFiles.add(encrypted)
    const url = `https://${this.address}${directPath}`
    const mediaKeyTimestamp = Math.floor(this.#state.database.now() / 1000)
    return { url, directPath, mediaKey, fileSha256, fileEncSha256, fileLength: plain.length, mediaKeyTimestamp }
  }

  /**
   * A phone opens the file of a message.
   * @throws SimulatorError media_gone, media_damaged
   */
  open(file: MediaFile): Buffer {
    const encrypted = this.#state.mediaFiles.find(file.encryptedSha256)
    if (!encrypted) throw new SimulatorError('media_gone', 'The media host has no such file, or dropped it since.')
    try {
      return decryptFile(file.kind, encrypted, file)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new SimulatorError('media_damaged', `The file can't be opened: ${reason}.`)
    }
  }

  #authorization({ number, id }: Device): string {
    const until = this.#state.database.now() + (AUTHORIZATION_SECONDS + GRACE_SECONDS) * 1000
    const granted = `${number}.${id}.${until}`
    return `${granted}.${this.#seal(granted)}`
  }

  #seal(granted: string): string {
    return createHmac('sha256', this.#secret).update(granted).digest('base64url')
  }
}

/** What clients name a file by when they upload it: the hash of these bytes. */
export const uploadName = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64url')

/** Kept, so that an authorization outlives a restart. */
function loadSecret({ database }: State): Buffer {
  const found = database.get<{ value: Uint8Array }>(`SELECT value FROM setting WHERE name = 'media-secret'`)
  if (found) return Buffer.from(found.value)
  const made = randomBytes(32)
  database.run(`INSERT INTO setting (name, value) VALUES ('media-secret', ?)`, made)
  return made
}
