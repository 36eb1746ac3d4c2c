import { expect, it } from 'vitest'
import { FolderStore } from './folder.ts'
import { openMediaStore } from './open.ts'
import { S3Store } from './s3.ts'

const none = { BERTH_MEDIA_URL: undefined, BERTH_MEDIA_S3_KEY_ID: undefined, BERTH_MEDIA_S3_SECRET: undefined }

it('opens what the settings name', () => {
  expect(openMediaStore(none)).toBeUndefined()
  expect(openMediaStore({ ...none, BERTH_MEDIA_URL: 'file:///var/lib/media' })).toBeInstanceOf(FolderStore)
  const s3 = { BERTH_MEDIA_URL: 's3://pictures/berth?endpoint=http://127.0.0.1:9', BERTH_MEDIA_S3_KEY_ID: 'a' }
  expect(openMediaStore({ ...s3, BERTH_MEDIA_S3_SECRET: 'b' })).toBeInstanceOf(S3Store)
  expect(() => openMediaStore({ ...s3, BERTH_MEDIA_S3_SECRET: undefined })).toThrow('BERTH_MEDIA_S3_SECRET')
})
