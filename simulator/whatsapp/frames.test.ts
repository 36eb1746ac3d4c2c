import { expect, it } from 'vitest'
import { FrameReader, frame, PROLOGUE } from './frames.ts'

const texts = (frames: Buffer[]) => frames.map(String)

it('cuts frames wherever the network cut the bytes', () => {
  const bytes = Buffer.concat([PROLOGUE, frame(Buffer.from('one')), frame(Buffer.from('two')), frame(Buffer.alloc(0))])
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new FrameReader()
    const found: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) found.push(...reader.push(bytes.subarray(at, at + size)))
    expect(texts(found)).toEqual(['one', 'two', ''])
  }
})

it('skips routing information before the prologue', () => {
  const routing = Buffer.from([0x45, 0x44, 0, 1, 0, 0, 2, 8, 9])
  expect(texts(new FrameReader().push(Buffer.concat([routing, PROLOGUE, frame(Buffer.from('one'))])))).toEqual(['one'])
})

it('refuses another protocol, and a length that makes no sense', () => {
  expect(() => new FrameReader().push(Buffer.from('GET / HTTP/1.1'))).toThrow('not a WhatsApp client')
  expect(() => new FrameReader().push(Buffer.concat([PROLOGUE, Buffer.from([255, 255, 255])]))).toThrow(
    '16777215 bytes',
  )
})
