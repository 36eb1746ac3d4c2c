/** What a person sees while a phone is linked: the code, a newer one in its place, and how it goes on. */
import { plain } from './table.ts'
import type { Terminal } from './terminal.ts'

/** Black on white whatever the terminal's colours are: phones read no code that is light on dark. */
const PAPER = '\u001b[30;107m'
const RESET = '\u001b[0m'

/** The code of the gateway's text/plain answer: a picture made of characters, an empty line, and the text to copy. */
export function pictureOf(answer: string): string[] {
  const lines = answer.trimEnd().split('\n').slice(0, -1)
  while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop()
  const width = Math.max(...lines.map((line) => line.length))
  return lines.map((line) => line.padEnd(width))
}

/** Moves back over so many lines and clears what stands there. */
export const eraseLines = (count: number): string => `\u001b[${count}A\u001b[0J`

export class LinkScreen {
  readonly #terminal: Terminal
  /** Lines of the code that stand at the bottom of the screen. */
  #shown = 0
  /** Not said twice. */
  #said: string | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Shows a code in place of the one before. */
  showCode(answer: string, secondsLeft: number): void {
    const picture = pictureOf(answer)
    const width = picture[0]?.length ?? 0
    const { columns, isInteractive } = this.#terminal
    const paper = isInteractive ? picture.map((line) => `${PAPER}${line}${RESET}`) : picture
    const advice = 'Scan it with the phone: WhatsApp, Settings, Linked devices, Link a device.'
    const validity = `Valid for ${secondsLeft} s; a new one follows by itself. Ctrl-C ends this.`
    const isNarrow = columns !== undefined && columns < width
    this.#said = undefined
    this.#replaceCode([...paper, ...(isNarrow ? [`Make this window ${width} columns wide.`] : []), advice, validity])
    // Lines that were broken take more room than they were counted for.
    if (isNarrow) this.#shown = 0
  }

  /** Shows a code to type in place of the one before. */
  showPairingCode(code: string, phoneNumber: string, secondsLeft: number): void {
    const advice = [
      `Type it on the phone ${phoneNumber}: WhatsApp, Settings, Linked devices,`,
      'Link a device, Link with phone number instead.',
    ]
    const validity = `Valid for ${secondsLeft} s; a new one follows by itself. Ctrl-C ends this.`
    this.#said = undefined
    this.#replaceCode(['', `    ${code}`, '', ...advice, validity])
  }

  /** Says how it goes on, once; a code that was shown is gone, since it is a secret and of no use any more. */
  say(line: string): void {
    this.clear()
    if (line !== this.#said) this.#terminal.print(plain(line))
    this.#said = line
  }

  clear(): void {
    this.#replaceCode([])
  }

  #replaceCode(lines: string[]): void {
    const { isInteractive } = this.#terminal
    const erase = isInteractive && this.#shown > 0 ? eraseLines(this.#shown) : ''
    if (lines.length > 0) this.#terminal.print(erase + lines.join('\n'))
    else if (erase) this.#terminal.print(`${erase}\u001b[1A`)
    this.#shown = lines.length
  }
}
