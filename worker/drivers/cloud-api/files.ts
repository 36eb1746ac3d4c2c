/** The files of one session's messages: fetched from Meta with the token, and uploaded there. */

import { GraphRefusal } from '@berth/core/cloud-api/graph.ts'
import type { MediaMessage } from '@berth/core/model/message-media.ts'
import { z } from 'zod'
import { type DriverHost, type FetchedFile, MediaGone, type RemoteFile, type Send, SendRefused } from '../driver.ts'
import { Uploads } from '../uploads.ts'
import type { Line } from './driver.ts'
import { UploadedFile } from './payload.ts'

/** Where Meta has a file of a contact's. */
const Source = z.object({ metaId: z.string().min(1), sha256: z.string().optional() })
const About = z.looseObject({ url: z.url() })

export class MetaFiles {
  readonly #host: Pick<DriverHost, 'files'>
  readonly #line: () => Line
  readonly #uploads = new Uploads()

  constructor(host: Pick<DriverHost, 'files'>, line: () => Line) {
    this.#host = host
    this.#line = line
  }

  fetch({ source }: RemoteFile): FetchedFile {
    const { metaId, sha256 } = sourceIn(source)
    return { bytes: this.#bytes(metaId), ...(sha256 && { sha256: Buffer.from(sha256, 'hex') }) }
  }

  /** Meta keeps files for 30 days, and nobody can put them there again. */
  renew(): Promise<Record<string, unknown>> {
    return Promise.reject(new MediaGone('Meta has the file no more.'))
  }

  /** The content of a message whose file was uploaded, now or before; undefined: it needs none. Can be asked again. */
  prepare({ whatsappId, type, content }: Omit<Send, 'repeated'>): Promise<unknown> | undefined {
    const { media, source } = content as Partial<MediaMessage>
    if (!media || UploadedFile.safeParse(source).success) return undefined
    const message = { ...(content as MediaMessage), type: type as MediaMessage['type'] }
    return this.#uploads.once(whatsappId, () => this.#upload(whatsappId, message))
  }

  async #upload(whatsappId: string, { type: _, ...content }: MediaMessage): Promise<unknown> {
    const { id, mimeType, fileName = 'file', size } = content.media
    const open = id === undefined ? undefined : await this.#host.files.find(id)
    if (!open || size === undefined) {
      throw new SendRefused('media_not_found', 'The file was deleted before it was sent. Upload it, and send again.')
    }
    const { channel, graph } = this.#line()
    try {
      const metaId = await graph.upload(channel.phoneNumberId, { mimeType, fileName, size, open })
      const source = { metaId }
      await this.#host.files.keep(whatsappId, source)
      return { ...content, source }
    } catch (error) {
      if (!(error instanceof GraphRefusal) || error.verdict.meaning !== 'refused') throw error
      throw new SendRefused('media_failed', error.message)
    }
  }

  /** The address is good for minutes, so it is asked for each time. Throws MediaGone. */
  async *#bytes(metaId: string): AsyncGenerator<Uint8Array> {
    const { channel, graph } = this.#line()
    let about: z.infer<typeof About>
    try {
      about = About.parse(await graph.get(`${metaId}?phone_number_id=${channel.phoneNumberId}`))
    } catch (error) {
      if (error instanceof GraphRefusal && error.verdict.meaning === 'refused') throw new MediaGone(error.message)
      throw error
    }
    yield* graph.download(about.url)
  }
}

function sourceIn(source: unknown): z.infer<typeof Source> {
  const { data } = Source.safeParse(source)
  if (data) return data
  throw new MediaGone('It is not known where the file lies.')
}
