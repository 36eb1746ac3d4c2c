/** What a folder holds: to see whether anything was written to it. */
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'

/** Kind, size and time of every file and folder, by path. */
export async function contentOf(folder: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  const visit = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const file = path.join(at, entry.name)
      const { mode, size, mtimeMs } = await lstat(file)
      content[path.relative(folder, file)] = `${mode.toString(8)} ${size} ${mtimeMs}`
      if (entry.isDirectory()) await visit(file)
    }
  }
  await visit(folder)
  return content
}
