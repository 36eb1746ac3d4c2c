/** The files of one session's messages: fetched, asked for again, uploaded. */

import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { FILE_KIND_OF, type MediaMessage } from '@berth/core/model/message-media.ts'
import type { WAMessage, WASocket } from '@whiskeysockets/baileys'
import { isJidGroup } from '@whiskeysockets/baileys'
import { within } from '../../../store/within.ts'
import { AskFailed, type DriverHost, type FetchedFile, MediaGone, type RemoteFile, SendRefused } from '../../driver.ts'
import { Uploads } from '../../uploads.ts'
import { isMediaType } from '../messages/media.ts'
import { jidOf } from '../person.ts'
import { fieldsOf, MediaSource } from './source.ts'
import { download, upload } from './transfer.ts'

/** Of WhatsApp. */
const MEDIA_HOST = 'mmg.whatsapp.net'
/** For a phone to upload a file again: it may have to be woken. */
const RENEWAL_MS = 60_000

type SendRow = { whatsappId: string; type: string; content: unknown }

export class MediaFiles {
  readonly #host: Pick<DriverHost, 'files'>
  readonly #mediaHost: string
  readonly #socket: () => WASocket | undefined
  readonly #uploads = new Uploads()

  /** @param url of another server than WhatsApp's, whose media host is at the same place */
  constructor(host: Pick<DriverHost, 'files'>, url: string | undefined, socket: () => WASocket | undefined) {
    this.#host = host
    this.#mediaHost = url ? new URL(url).host : MEDIA_HOST
    this.#socket = socket
  }

  /** Throws MediaGone for a source that is none. */
  fetch({ source }: RemoteFile): FetchedFile {
    const known = this.#known(source)
    return { bytes: download(known, this.#mediaHost), sha256: Buffer.from(known.sha256, 'base64') }
  }

  /** Answers where the phone has put the file now. Throws MediaGone, AskFailed. */
  async renew({ source, chat, whatsappId, fromMe, sender }: RemoteFile): Promise<MediaSource> {
    const known = this.#known(source)
    const socket = this.#open
    const author = sender.lid ?? (sender.phoneNumber && jidOf(sender.phoneNumber))
    const participant = isJidGroup(chat) && author ? { participant: author } : {}
    const message: WAMessage = {
      key: { remoteJid: chat, id: whatsappId, fromMe, ...participant },
      message: { documentMessage: { ...fieldsOf(known, this.#mediaHost) } },
    }
    // Baileys takes the host of the new place from there.
    await socket.refreshMediaConn()
    try {
      const renewed = await within(RENEWAL_MS, socket.updateMediaMessage(message))
      return this.#known({ ...known, directPath: renewed.message?.documentMessage?.directPath })
    } catch (error) {
      if (hasRefused(error)) throw new MediaGone('The phone can not upload the file again.')
      throw error
    }
  }

  /** The content of a message whose file was uploaded, now or before; undefined: it needs none. Can be asked again. */
  prepare(row: SendRow): Promise<unknown> | undefined {
    if (!isMediaType(row.type) || MediaSource.safeParse((row.content as MediaMessage).source).success) return undefined
    return this.#uploads.once(row.whatsappId, () => this.#upload(row as SendRow & { type: MediaMessage['type'] }))
  }

  async #upload({ whatsappId, type, content }: SendRow & { type: MediaMessage['type'] }): Promise<unknown> {
    const { media } = content as MediaMessage
    const open = media.id === undefined ? undefined : await this.#host.files.find(media.id)
    if (!open)
      throw new SendRefused('media_not_found', 'The file was deleted before it was sent. Upload it, and send again.')
    const source = await upload({
      kind: FILE_KIND_OF[type],
      open,
      connection: (anew) => this.#open.refreshMediaConn(anew),
    })
    await failpoint('media.uploaded')
    await this.#host.files.keep(whatsappId, source)
    await failpoint('media.noted')
    return { ...(content as MediaMessage), source }
  }

  #known(source: unknown): MediaSource {
    const { data } = MediaSource.safeParse(source)
    if (data) return data
    throw new MediaGone('It is not known where the file lies.')
  }

  get #open(): WASocket {
    const socket = this.#socket()
    if (socket) return socket
    throw new AskFailed('not_connected', 'The session is not connected at this moment.')
  }
}

/** The phone answered, and has it no more (404), can't open the request (412), or says nothing of why (418). */
function hasRefused(error: unknown): boolean {
  const status = (error as { output?: { statusCode?: number } }).output?.statusCode
  return status !== undefined && [404, 412, 418].includes(status)
}
