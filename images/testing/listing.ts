/** What a folder holds: to see whether anything was written to it. */
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'

/** Kind, size and time of every file and folder, by path. */
export async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true })
  const entries = names.sort().map(async (name) => {
    const { mode, size, mtimeMs } = await lstat(path.join(folder, name))
    return [name, `${mode.toString(8)} ${size} ${mtimeMs}`] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
