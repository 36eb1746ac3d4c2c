/** What every media store must do; run for the folder, and against a real S3-compatible server. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MediaRefused, type MediaStore } from './store.ts'

const MIB = 1024 * 1024

async function* chunks(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}

async function read(stream: Readable | undefined): Promise<Buffer> {
  const found: Uint8Array[] = []
  for await (const chunk of stream!) found.push(chunk)
  return Buffer.concat(found)
}

/** @param runs how often properties are tried */
export function mediaStoreContract(open: () => MediaStore, runs: number): void {
  it('gives back what was put, whole and in part', async () => {
    const files = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(files, fc.nat(), fc.nat(), async (parts, a, b) => {
        const store = open()
        const id = randomUUID()
        const whole = Buffer.concat(parts)
        const stored = await store.put(id, chunks(...parts), { maxBytes: whole.length })
        expect(stored).toEqual({ size: whole.length, sha256: createHash('sha256').update(whole).digest() })
        expect(await store.stat(id)).toEqual({ size: whole.length })
        expect(await read(await store.get(id))).toEqual(whole)
        if (whole.length > 0) {
          const [first, last] = [a % whole.length, b % whole.length].sort((x, y) => x - y) as [number, number]
          expect(await read(await store.get(id, { first, last }))).toEqual(whole.subarray(first, last + 1))
        }
        await store.delete(id)
        expect(await store.get(id)).toBeUndefined()
        expect(await store.stat(id)).toBeUndefined()
        await store.delete(id)
      }),
      { numRuns: runs },
    )
  })

  it('keeps files of many parts', async () => {
    const store = open()
    const id = randomUUID()
    const piece = randomBytes(MIB - 7)
    const pieces = Array.from({ length: 18 }, () => piece)
    const { size } = await store.put(id, chunks(...pieces), { maxBytes: 20 * MIB })
    expect(size).toBe(18 * piece.length)
    expect((await read(await store.get(id))).equals(Buffer.concat(pieces))).toBe(true)
    expect(await read(await store.get(id, { first: size - 3, last: size - 1 }))).toEqual(piece.subarray(-3))
  })

  it.each([10, 9 * MIB])('keeps nothing that is too large, is another, or breaks off (%s bytes)', async (size) => {
    const store = open()
    const id = randomUUID()
    const file = randomBytes(size)
    const refused = (code: string) => expect.objectContaining({ name: MediaRefused.name, code })
    await expect(store.put(id, chunks(file), { maxBytes: size - 1 })).rejects.toEqual(refused('too_large'))
    const other = { maxBytes: size, sha256: randomBytes(32) }
    await expect(store.put(id, chunks(file), other)).rejects.toEqual(refused('damaged'))
    async function* broken() {
      yield file
      throw new Error('the sender went away')
    }
    await expect(store.put(id, broken(), { maxBytes: size })).rejects.toThrow('the sender went away')
    expect(await store.stat(id)).toBeUndefined()
    expect(await store.sweep(new Date(Date.now() + 3_600_000))).toBe(0)
  })

  it('takes an id twice, and nothing that is none', async () => {
    const store = open()
    const id = randomUUID()
    const file = randomBytes(1000)
    await Promise.all([1, 2, 3].map(() => store.put(id, chunks(file), { maxBytes: 1000 })))
    expect(await read(await store.get(id))).toEqual(file)
    await expect(store.put('../../etc/passwd', chunks(file), { maxBytes: 1000 })).rejects.toThrow('not the id')
    await expect(store.get('..')).rejects.toThrow('not the id')
  })
}
