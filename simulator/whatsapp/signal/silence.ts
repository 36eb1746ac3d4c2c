// libsignal-node prints whole session records, private keys included, through console: nothing of it may reach a log.

let installed = false

/** Drops what libsignal-node writes to the console. Everything else passes. Does nothing the second time. */
export function silenceLibsignal(): void {
  if (installed) return
  installed = true
  for (const level of ['info', 'warn', 'error'] as const) {
    const original = console[level].bind(console)
    console[level] = (...values: unknown[]) => {
      if (!new Error().stack?.includes('/libsignal/src/')) original(...values)
    }
  }
}
