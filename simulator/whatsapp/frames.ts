// Frames: three bytes of length, then a body; before the first one, a fixed prologue and optional routing information.

/** "WA", protocol 6, dictionary 3. */
export const PROLOGUE = Buffer.from([0x57, 0x41, 6, 3])
/** "ED", 0, 1, then three bytes of length and the routing information that the server gave at an earlier login. */
const ROUTING = Buffer.from([0x45, 0x44, 0, 1])
/** Enough for any stanza that we serve; a longer one is a broken client. */
const MAXIMUM_BYTES = 1 << 20

export function frame(body: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(3 + body.length)
  framed.writeUIntBE(body.length, 0, 3)
  framed.set(body, 3)
  return framed
}

/** Cuts a client's bytes into frames. */
export class FrameReader {
  #pending = Buffer.alloc(0)
  #introduced = false

  /** The frames that `bytes` complete. @throws on a wrong prologue or an absurd length */
  push(bytes: Buffer): Buffer[] {
    this.#pending = Buffer.concat([this.#pending, bytes])
    if (!this.#introduced && !this.#readPrologue()) return []
    const frames: Buffer[] = []
    while (this.#pending.length >= 3) {
      const length = this.#pending.readUIntBE(0, 3)
      if (length > MAXIMUM_BYTES) throw new Error(`a frame of ${length} bytes`)
      if (this.#pending.length < 3 + length) break
      frames.push(this.#pending.subarray(3, 3 + length))
      this.#pending = this.#pending.subarray(3 + length)
    }
    return frames
  }

  #readPrologue(): boolean {
    let start = 0
    if (this.#pending.subarray(0, 4).equals(ROUTING)) {
      if (this.#pending.length < 7) return false
      start = 7 + this.#pending.readUIntBE(4, 3)
    }
    if (this.#pending.length < start + PROLOGUE.length) return false
    if (!this.#pending.subarray(start, start + PROLOGUE.length).equals(PROLOGUE))
      throw new Error('not a WhatsApp client')
    this.#pending = this.#pending.subarray(start + PROLOGUE.length)
    this.#introduced = true
    return true
  }
}
