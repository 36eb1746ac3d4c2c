/** A terminal with a live part at its bottom, repainted in place; without a terminal only lines are written. */
import { clearScreenDown, moveCursor } from 'node:readline'
import type { WriteStream } from 'node:tty'
import { stripVTControlCharacters, styleText } from 'node:util'
import type { Paint } from './view.ts'

export const colours: Paint = {
  good: (text) => styleText('green', text),
  bad: (text) => styleText('red', text),
  dim: (text) => styleText('dim', text),
}

export class Screen {
  readonly #out: WriteStream
  #live: string[] = []
  #shown = 0

  constructor(out: WriteStream) {
    this.#out = out
  }

  /** A line that stays, above the live part. */
  line(text = ''): void {
    this.#wipe()
    this.#out.write(`${text}\n`)
    this.#paint()
  }

  /** The live part from now on. */
  live(lines: string[]): void {
    this.#live = lines
    if (!this.#out.isTTY) return
    this.#wipe()
    this.#paint()
  }

  /** The live part becomes lines that stay. */
  settle(): void {
    const lines = this.#live
    this.live([])
    for (const text of lines) this.line(text)
  }

  #wipe(): void {
    if (this.#shown === 0) return
    moveCursor(this.#out, 0, -this.#shown)
    clearScreenDown(this.#out)
    this.#shown = 0
  }

  /** A live line is cut at the terminal's edge: one that wraps could not be wiped. */
  #paint(): void {
    if (!this.#out.isTTY) return
    for (const text of this.#live) {
      const isTooLong = stripVTControlCharacters(text).length > this.#out.columns
      this.#out.write(`${isTooLong ? stripVTControlCharacters(text).slice(0, this.#out.columns - 1) : text}\n`)
    }
    this.#shown = this.#live.length
  }
}
