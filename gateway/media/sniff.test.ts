import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sniffType } from './sniff.ts'

const bytes = (words: string) => Buffer.from(words, 'latin1')

it.each([
  ['\xff\xd8\xff\xe0', undefined, 'image/jpeg'],
  ['\x89PNG\r\n\x1a\n', 'image/jpeg', 'image/png'],
  ['GIF89a', 'text/html', 'image/gif'],
  ['RIFF\0\0\0\0WEBPVP8 ', undefined, 'image/webp'],
  ['%PDF-1.7', 'application/pdf', 'application/pdf'],
  ['\0\0\0\x20ftypisom', undefined, 'video/mp4'],
  ['\0\0\0\x20ftypisom', 'audio/mp4', 'audio/mp4'],
  ['\0\0\0\x20ftypM4A ', 'video/mp4', 'audio/mp4'],
  ['\0\0\0\x20ftyp3gp5', undefined, 'video/3gpp'],
  ['OggS', 'audio/ogg; codecs=opus', 'audio/ogg; codecs=opus'],
  ['ID3\x04', undefined, 'audio/mpeg'],
  ['\xff\xfb\x90', undefined, 'audio/mpeg'],
  ['\xff\xf1\x50', undefined, 'audio/aac'],
  ['PK\x03\x04', 'application/vnd.oasis.opendocument.text', 'application/vnd.oasis.opendocument.text'],
  ['PK\x03\x04', 'image/png', 'application/zip'],
  ['<html>', 'image/png', 'application/octet-stream'],
  ['<html>', 'text/html', 'text/html'],
  ['name;age', 'text/csv; charset=utf-8', 'text/csv; charset=utf-8'],
  ['name;age', undefined, 'application/octet-stream'],
  ['name;age', 'x\r\nset-cookie: a=b', 'application/octet-stream'],
])('%j declared as %s is %s', (head, declared, type) => {
  expect(sniffType(bytes(head), declared)).toBe(type)
})

it('answers something that can stand in a header, whatever comes', () => {
  const declared = fc.option(fc.string({ unit: 'binary' }), { nil: undefined })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), declared, (head, type) => {
      expect(sniffType(head, type)).toMatch(/^[\x20-\x7e]+\/[\x20-\x7e]+$/)
    }),
  )
})
