/** Where a command writes: what was asked for to the output, everything said about it to the error output. */

export interface Terminal {
  /** Lines of the answer. */
  print(text: string): void
  /** Lines about it; a program that reads the answer does not see them. */
  note(text: string): void
  /** All of the standard input. */
  readInput(): Promise<string>
  /** A person looks at the output: colours and corrections are possible. */
  readonly isInteractive: boolean
  /** How wide a line may be, when it is known. */
  readonly columns: number | undefined
}

export const processTerminal: Terminal = {
  print: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
  async readInput() {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('utf8')
  },
  get isInteractive() {
    return process.stdout.isTTY ?? false
  },
  get columns() {
    // Some terminals say 0.
    return process.stdout.columns || undefined
  },
}

/** Printed as JSON for people to read and for programs to parse. */
export const asJson = (value: unknown): string => JSON.stringify(value, null, 2)

/** As one line, for what is printed as it happens. */
export const asJsonLine = (value: unknown): string => JSON.stringify(value)
