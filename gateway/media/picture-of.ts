/** The picture that an account or a group is to have. */
import { buffer } from 'node:stream/consumers'
import { MAX_PICTURE_BYTES } from '@berth/core/model/acts.ts'
import type { Caller } from '../auth.ts'
import type { Context } from '../context.ts'
import { Problem } from '../problems/problem.ts'
import { fileOf, type NamedFile, openFile } from './file-of.ts'

const RULE = `Name a JPEG of at most ${MAX_PICTURE_BYTES / 1024} kB, best a square of 640 pixels`

/** In base64. Throws the Problems of fileOf, and validation_failed for what is no such picture. */
export async function pictureOf(context: Context, caller: Caller, named: NamedFile): Promise<string> {
  const { id, mime_type, size } = await fileOf(context, caller, named)
  if (mime_type !== 'image/jpeg' || size === null || Number(size) > MAX_PICTURE_BYTES) {
    throw new Problem('validation_failed', { errors: [{ field: 'body.media', message: RULE }] })
  }
  return (await buffer(await openFile(context, id))).toString('base64')
}
