/**
 * Node's settings in a worker's container.
 *
 * Logins leave much behind that dies young: a small young generation and few arenas keep it from piling up. How large the
 * old one may grow decides how long Node puts off tidying up: without a limit it doubles what idle sessions take.
 */

/** The rest is for what is no JavaScript object: buffers, keys, code, the young generation. */
const HEAP_SHARE = 2 / 3
const UNITS: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }

/** @param memory of the container, a Kubernetes quantity such as `768Mi`; in another form than these it sets no limit */
export function nodeEnvironment(memory: string): { NODE_OPTIONS: string; MALLOC_ARENA_MAX: string } {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kMG]|[KMG]i)?$/.exec(memory) ?? []
  const heapMb = Math.floor((Number(number) * UNITS[unit ?? '']! * HEAP_SHARE) / 2 ** 20)
  const limit = heapMb > 0 ? ` --max-old-space-size=${heapMb}` : ''
  return { NODE_OPTIONS: `--max-semi-space-size=4${limit}`, MALLOC_ARENA_MAX: '2' }
}
