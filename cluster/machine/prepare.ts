/** Makes a machine fit for a cluster, as far as that can be done from here, and says what is left for a person. */
import { run } from '../command.ts'
import { findFacts, type MachineFacts } from './facts.ts'
import { missingFor, missingMessage, missingPackages } from './missing.ts'

/** A cluster can't run here; the message says what is missing, and how to get it. */
export class UnfitMachine extends Error {}

/** Installs Debian packages that are missing. Throws UnfitMachine with everything that is still missing. */
export async function prepareMachine(
  options: Parameters<typeof findFacts>[0],
  onProgress: (line: string) => void,
): Promise<MachineFacts> {
  const before = await findFacts(options)
  const packages = missingPackages(before)
  const canInstall = before.platform === 'linux' && before.isRoot && before.hasAptGet
  if (canInstall && packages.length > 0) {
    await install(packages, onProgress)
  }
  const facts = packages.length > 0 ? await findFacts(options) : before
  const missing = missingFor(facts)
  if (missing.length > 0) throw new UnfitMachine(missingMessage(missing))
  return facts
}

export async function install(packages: string[], onProgress: (line: string) => void): Promise<void> {
  onProgress(`installing Debian packages that are missing: ${packages.join(' ')}`)
  const aptGet = (...args: string[]) => run('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '--quiet', ...args])
  await aptGet('update')
  await aptGet('install', '--yes', '--no-install-recommends', ...packages)
}
