/**
 * libsignal prints whole session records, private keys included, by console.info, warn and error. What it prints is
 * dropped; everybody else's output is not touched.
 */
const METHODS = ['info', 'warn', 'error', 'log'] as const
const LIBSIGNAL = /[\\/]libsignal[\\/]src[\\/]/

let installed = false

export function quietConsole(): void {
  if (installed) return
  installed = true
  for (const method of METHODS) {
    const print = console[method].bind(console)
    console[method] = (...args: unknown[]) => {
      if (!LIBSIGNAL.test(new Error().stack ?? '')) print(...args)
    }
  }
}
