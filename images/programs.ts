/** Programs of the machine that we need and npm doesn't bring. */
import { isOnPath } from '@berth/cluster/machine/facts.ts'
import { install } from '@berth/cluster/machine/prepare.ts'

/**
 * Makes sure that the programs are there, and that we may use them: as root, Debian packages that are missing are installed.
 * Throws an error that says what is missing and what to do.
 * @param packages Debian's package by program
 * @param what for whom they are, as in "building images without Docker"
 */
export async function requirePrograms(
  packages: Record<string, string>,
  what: string,
  onProgress: (line: string) => void,
): Promise<void> {
  if (process.platform !== 'linux') throw new Error(`${what} needs Linux (this is ${process.platform}): start Docker.`)
  if (process.getuid?.() !== 0) throw new Error(`${what} needs root: use sudo, or start Docker.`)
  const missing = () => [...new Set(Object.keys(packages).flatMap((name) => (isOnPath(name) ? [] : packages[name]!)))]
  if (missing().length > 0 && isOnPath('apt-get')) await install(missing(), onProgress)
  if (missing().length === 0) return
  throw new Error(`${what} needs programs that are not installed. Debian has them in: ${missing().join(', ')}.`)
}
