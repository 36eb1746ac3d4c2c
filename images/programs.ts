/** Programs of the machine that we need and npm doesn't bring. */
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import { run } from '@berth/cluster/command.ts'

/**
 * Makes sure that the programs are there. In CI they are installed where that can be done; on anybody's machine it is said
 * how, since it is theirs.
 * @param packages Debian's package by program
 */
export async function requirePrograms(
  packages: Record<string, string>,
  onProgress: (line: string) => void,
): Promise<void> {
  const missing = await missingPackages(packages)
  if (missing.length === 0) return
  const command = `apt-get install --yes --no-install-recommends ${missing.join(' ')}`
  if (process.env.CI && process.getuid?.() === 0 && (await isProgram('apt-get'))) {
    onProgress(`installing ${missing.join(', ')}`)
    await run('apt-get', ['update'])
    const [file, ...args] = command.split(' ')
    await run(file!, args)
    return
  }
  throw new Error(`Images are built by Docker, or as root by buildah. No Docker engine answers, and these are not installed:
  ${missing.join(', ')}
Start Docker, or as root: apt-get update && ${command}`)
}

async function missingPackages(packages: Record<string, string>): Promise<string[]> {
  const missing: string[] = []
  for (const [program, name] of Object.entries(packages)) if (!(await isProgram(program))) missing.push(name)
  return [...new Set(missing)]
}

async function isProgram(name: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    try {
      await access(path.join(folder, name), constants.X_OK)
      return true
    } catch {}
  }
  return false
}
