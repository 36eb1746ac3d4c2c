/** The store that a process's settings name. */
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { EnvironmentError } from '../environment.ts'
import { FolderStore } from './folder.ts'
import { S3Store } from './s3.ts'
import type { MediaStore } from './store.ts'

/** The same for gateway and workers. */
export const mediaVariables = {
  BERTH_MEDIA_URL: z
    .url({ protocol: /^(file|s3)$/ })
    .optional()
    .describe('file:///folder or s3://bucket/prefix?region=…&endpoint=https://…; without it no media are kept'),
  BERTH_MEDIA_S3_KEY_ID: z.string().optional().describe("of the bucket's access key"),
  BERTH_MEDIA_S3_SECRET: z.string().optional().describe("of the bucket's access key"),
}

type Values = z.infer<z.ZodObject<typeof mediaVariables>>

/** undefined: the installation keeps no media. Throws what is wrong with the settings. */
export function openMediaStore({
  BERTH_MEDIA_URL: where,
  BERTH_MEDIA_S3_KEY_ID: keyId,
  BERTH_MEDIA_S3_SECRET: secret,
}: Values): MediaStore | undefined {
  if (where === undefined) return undefined
  const url = new URL(where)
  if (url.protocol === 'file:') return new FolderStore(fileURLToPath(url))
  if (!url.hostname || !keyId || !secret) {
    throw new EnvironmentError(
      'BERTH_MEDIA_URL=s3://bucket needs the name of a bucket, BERTH_MEDIA_S3_KEY_ID and BERTH_MEDIA_S3_SECRET.',
    )
  }
  const region = url.searchParams.get('region') ?? 'us-east-1'
  const folder = url.pathname.replace(/^\/+|\/+$/g, '')
  return new S3Store({
    endpoint: url.searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`,
    region,
    bucket: url.hostname,
    prefix: folder && `${folder}/`,
    keyId,
    secret,
  })
}
