/** Finds Go. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where the archive of go.dev is unpacked to; often not on root's PATH. */
const USUAL_FOLDER = '/usr/local/go/bin'

/** The path of `go`. Throws when there is none. */
export async function findGo(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const folders = [...(env.PATH ?? '').split(path.delimiter).filter(Boolean), USUAL_FOLDER]
  const found = folders.map((folder) => path.join(folder, 'go')).find((file) => existsSync(file))
  if (!found) throw new Error('Go is not installed.')
  return found
}

/**
 * The version that would build in a module's folder, as `go1.26.8`; undefined when there is none, or none that is new
 * enough for its go.mod. Asks `go` there: it may be set up to fetch a newer one of itself.
 */
export async function goVersion(folder: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(await findGo(), ['env', 'GOVERSION'], { cwd: folder })
    return stdout.trim()
  } catch {
    return undefined
  }
}
