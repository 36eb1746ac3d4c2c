/** The clone that we run from, and the folder that keeps its data. */
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import path from 'node:path'

export const clone = path.dirname(import.meta.dirname)

/**
 * One folder per clone. As root it is outside of the clone: Postgres runs as the user nobody, and root's home and what is
 * in it are closed to others.
 * @param override BERTH_DATA
 */
export function dataFolder(from: string, isRoot: boolean, override?: string): string {
  if (override) return path.resolve(override.replace(/^~(?=\/|$)/, homedir()))
  if (!isRoot) return path.join(from, '.berth')
  const hash = createHash('sha256').update(from).digest('hex').slice(0, 8)
  // Only characters that need no quoting: the path is printed in commands to copy.
  const name = path.basename(from).replaceAll(/[^\w.-]/g, '-')
  return path.join('/var/lib/berth', `${name}-${hash}`)
}
