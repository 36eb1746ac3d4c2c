// Files of any content come out as they went in, and nothing that was changed comes out.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MEDIA_KINDS } from '../whatsapp/content/media-fields.ts'
import { decryptFile, encryptFile } from './cipher.ts'

const kinds = fc.constantFrom(...MEDIA_KINDS)
const files = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))

it('opens what it encrypted', () => {
  fc.assert(
    fc.property(kinds, files, (kind, file) => {
      const { encrypted, ...seal } = encryptFile(kind, file)
      expect(decryptFile(kind, encrypted, seal)).toEqual(file)
    }),
  )
})

it('opens nothing that was changed, nothing under another key, and nothing as another kind', () => {
  fc.assert(
    fc.property(files, fc.nat(), fc.integer({ min: 1, max: 255 }), (file, at, by) => {
      const { encrypted, ...seal } = encryptFile('image', file)
      const changed = Buffer.from(encrypted)
      changed[at % changed.length]! ^= by
      expect(() => decryptFile('image', changed, seal)).toThrow('encrypted form')
      expect(() => decryptFile('image', encrypted, { ...seal, mediaKey: randomBytes(32) })).toThrow('seal')
      expect(() => decryptFile('video', encrypted, seal)).toThrow('seal')
      expect(() => decryptFile('image', encrypted, { ...seal, sha256: randomBytes(32) })).toThrow('content')
    }),
  )
})
