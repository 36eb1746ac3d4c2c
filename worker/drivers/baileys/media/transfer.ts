/**
 * Files to and from WhatsApp's media host, as streams. Not by Baileys' own functions: those trust the host that a message's
 * author names, write temporary files, and end the whole process when a connection breaks off.
 */
import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FileKind } from '@berth/core/model/message-media.ts'
import { DEFAULT_ORIGIN, MEDIA_PATH_MAP, type MediaConnInfo } from '@whiskeysockets/baileys'
import { MediaGone } from '../../driver.ts'
import { decrypted, encrypted, encryptedLength } from './cipher.ts'
import type { MediaSource } from './source.ts'

/** Without a byte for so long, a transfer is given up. */
const SILENCE_MS = 30_000
/** How the media host says that it has a file no more, or gives it no more under this path. */
const GONE = new Set([403, 404, 410])
const MAX_ANSWER_BYTES = 64 * 1024

/** The bytes of a file, decrypted; the last ones come only when all were right. Throws MediaGone, MediaRefused. */
export async function* download(source: MediaSource, host: string): AsyncGenerator<Buffer> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new Error('the media host said nothing any more')), SILENCE_MS)
  try {
    const response = await fetch(urlOf(source.directPath, host), {
      headers: { origin: DEFAULT_ORIGIN },
      redirect: 'error',
      signal: silence.signal,
    })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      if (GONE.has(response.status)) throw new MediaGone(`The media host answered ${response.status}.`)
      throw new Error(`the media host answered ${response.status}`)
    }
    const key = { kind: source.kind, mediaKey: Buffer.from(source.mediaKey, 'base64') }
    for await (const part of decrypted(response.body, key)) {
      timer.refresh()
      yield part
    }
  } finally {
    clearTimeout(timer)
  }
}

/** The author of a message chooses the path: it must not lead to another host. */
function urlOf(directPath: string, host: string): URL {
  const url = new URL(directPath, `https://${host}`)
  if (url.host !== host) throw new MediaGone('The message names no place on the media host.')
  return url
}

export interface Outgoing {
  kind: FileKind
  /** Opens the file, from its beginning; more than once. */
  open(): Promise<Readable>
  /** Asks WhatsApp where to upload to. @param anew what it said before did not work */
  connection(anew: boolean): Promise<MediaConnInfo>
}

/**
 * Encrypts a file and uploads it; answers where it is then. It is read twice: the name of an upload is the hash of its
 * encrypted form, which lies nowhere.
 */
export async function upload({ kind, open, connection }: Outgoing): Promise<MediaSource> {
  const mediaKey = randomBytes(32)
  const key = { kind, mediaKey }
  const [plain, sealed] = [createHash('sha256'), createHash('sha256')]
  let length = 0
  const measured = async function* (bytes: AsyncIterable<Uint8Array>) {
    for await (const chunk of bytes) {
      length += chunk.length
      plain.update(chunk)
      yield chunk
    }
  }
  for await (const part of encrypted(measured(await open()), key)) sealed.update(part)
  const encryptedSha256 = sealed.digest()
  const directPath = await tryHosts(connection, async (host, auth) => {
    const name = encryptedSha256.toString('base64url')
    const query = new URLSearchParams({ auth, token: name })
    const url = new URL(`https://${host}${MEDIA_PATH_MAP[kind]}/${name}?${query}`)
    return post(url, encrypted(await open(), key), encryptedLength(length))
  })
  return {
    kind,
    directPath,
    mediaKey: mediaKey.toString('base64'),
    mediaKeyAt: Math.floor(Date.now() / 1000),
    sha256: plain.digest('base64'),
    encryptedSha256: encryptedSha256.toString('base64'),
    length,
  }
}

/** Each host that WhatsApp names, then the same with what it says anew. */
async function tryHosts(
  connection: Outgoing['connection'],
  attempt: (host: string, auth: string) => Promise<string>,
): Promise<string> {
  let failure: unknown = new Error('WhatsApp named no media host')
  for (const anew of [false, true]) {
    const { hosts, auth } = await connection(anew)
    for (const { hostname } of hosts) {
      try {
        return await attempt(hostname, auth)
      } catch (error) {
        failure = error
      }
    }
  }
  throw failure
}

/** Answers the path under which the file can be had. */
async function post(url: URL, bytes: AsyncIterable<Uint8Array>, length: number): Promise<string> {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': length, origin: DEFAULT_ORIGIN }
  const sending = request(url, { method: 'POST', headers, timeout: SILENCE_MS })
  sending.on('timeout', () => sending.destroy(new Error('the media host said nothing any more')))
  const answered = new Promise<string>((resolve, reject) => {
    sending.on('error', reject)
    sending.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
        if (text.length > MAX_ANSWER_BYTES) response.destroy(new Error('the media host says too much'))
      })
      response.on('error', reject)
      response.on('end', () => {
        const path = response.statusCode === 200 && pathIn(text)
        if (path) resolve(path)
        else reject(new Error(`the media host answered ${response.statusCode} to an upload`))
      })
    })
  })
  // A host that refuses may answer before all is sent.
  const [path] = await Promise.all([answered, pipeline(Readable.from(bytes), sending)])
  return path
}

function pathIn(text: string): string | undefined {
  try {
    const { direct_path } = JSON.parse(text)
    return typeof direct_path === 'string' ? direct_path : undefined
  } catch {
    return undefined
  }
}
