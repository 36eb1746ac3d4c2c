/** Builds the programs of a cluster from their Go modules, once per version, into the cache. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../folders.ts'
import { withLock } from '../lock.ts'
import { type BinaryName, cacheKey, moduleFolder, recipeOf, versionOf } from './catalogue.ts'
import { findGo } from './go.ts'

const run = promisify(execFile)

/** Half-built programs have such a name until they are whole; a leading dot is in no key. */
const UNFINISHED = '.building-'
const OUTPUT_BYTES = 50_000_000

/** Paths of the programs by name, after building those that are missing. Throws with Go's own words when that fails. */
export async function ensureBinaries<Name extends BinaryName>(
  names: readonly Name[],
  onProgress: (line: string) => void,
): Promise<Record<Name, string>> {
  if (missingBinaries(names).length > 0) {
    await withLock('binaries', onProgress, async () => {
      const folder = binariesFolder()
      mkdirSync(folder, { recursive: true })
      for (const left of readdirSync(folder).filter((entry) => entry.startsWith(UNFINISHED))) {
        rmSync(path.join(folder, left), { recursive: true })
      }
      // Asked again: who held the lock may have built them.
      const toBuild = missingBinaries(names)
      for (const [index, name] of toBuild.entries()) {
        onProgress(progressLine(toBuild, index))
        await build(name, folder)
      }
    })
  }
  return Object.fromEntries(names.map((name) => [name, fileOf(name)])) as Record<Name, string>
}

export const missingBinaries = <Name extends BinaryName>(names: readonly Name[]): Name[] =>
  names.filter((name) => !existsSync(fileOf(name)))

const binariesFolder = (): string => path.join(cacheFolder(), 'binaries')

const fileOf = (name: BinaryName): string => path.join(binariesFolder(), cacheKey(name), name)

/** What is being built, which one it is of how many, and how long the rest may take. */
export function progressLine(names: readonly BinaryName[], index: number): string {
  const seconds = names.slice(index).reduce((sum, name) => sum + recipeOf(name).seconds, 0)
  const [count, unit] = seconds < 60 ? [seconds, 'second'] : [Math.round(seconds / 60), 'minute']
  const rest = `${count} ${unit}${count === 1 ? '' : 's'}`
  return `building ${names[index]} (${index + 1} of ${names.length}; about ${rest} to go, once per version)`
}

async function build(name: BinaryName, folder: string): Promise<void> {
  const recipe = recipeOf(name)
  const version = versionOf(recipe)
  const variables = Object.entries((version && recipe.versionVariables?.(version)) || {})
  const ldflags = ['-s', '-w', ...variables.map(([variable, value]) => `-X ${variable}=${value}`)].join(' ')
  const unfinished = path.join(folder, `${UNFINISHED}${name}`)
  mkdirSync(unfinished)
  // -mod=readonly: exactly what go.mod and go.sum say, whatever GOFLAGS and go.work files around us say.
  // -buildvcs=false: git refuses to tell about a clone that belongs to another user, as under sudo.
  const args = [
    'build',
    '-mod=readonly',
    '-buildvcs=false',
    '-trimpath',
    `-ldflags=${ldflags}`,
    '-o',
    path.join(unfinished, name),
  ]
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' }
  const options = { cwd: moduleFolder(recipe), env, maxBuffer: OUTPUT_BYTES }
  try {
    await run(await findGo(), [...args, recipe.package], options)
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new Error(`${name} could not be built:\n${stderr || message}`, { cause: error })
  }
  renameSync(unfinished, path.join(folder, cacheKey(name)))
}
